package directory_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// userRow returns a row about a user that fills in what is required and then
// calls change.
func userRow(id int64, name string, change func(*directory.User)) directory.UserRow {
	return directory.UserRow{ID: id, Username: name, Fill: func(u *directory.User) error {
		if u.Version == 0 {
			filled := una()
			u.FirstName, u.LastName, u.Email = filled.FirstName, filled.LastName, filled.Email
		}
		if name != "" {
			u.Username = name
		}
		if change != nil {
			change(u)
		}
		return nil
	}}
}

func mergeUsers(t *testing.T, s *directory.Service, rows ...directory.UserRow) directory.Imported {
	t.Helper()
	done, err := s.Merge(t.Context(), shop, &directory.Rows{Users: rows}, directory.Act{})
	if err != nil {
		t.Fatalf("merge: %v", err)
	}
	return done
}

func users(t *testing.T, s *directory.Service) []*directory.User {
	t.Helper()
	var all []*directory.User
	for u, err := range s.AllUsers(t.Context(), shop) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, u)
	}
	return all
}

func TestImportFindsUsersByIDThenByUsername(t *testing.T) {
	s, store, c := newService(t)
	a, b := una(), una()
	a.Username, b.Username = "a", "b"
	createUser(t, s, a)
	createUser(t, s, b)
	c.advance(time.Hour)
	last := func(name string) func(*directory.User) { return func(u *directory.User) { u.LastName = name } }
	done := mergeUsers(t, s,
		userRow(a.ID, "", last("1")), userRow(0, "B", last("2")), // stored ones
		userRow(0, "c", last("3")), userRow(1111001, "d", last("4")), // new ones
	)
	if want := (directory.Imported{Created: 2, Updated: 2}); done != want {
		t.Errorf("got %+v, want %+v", done, want)
	}
	names := map[string]string{}
	for _, u := range users(t, s) {
		names[u.LastName] = u.Username
	}
	if diff := cmp.Diff(map[string]string{"1": "a", "2": "B", "3": "c", "4": "d"}, names); diff != "" {
		t.Errorf("usernames by last name (-want +got):\n%s", diff)
	}
	want := a.Clone()
	want.LastName, want.Version, want.ChangedAt = "1", 2, c.Now()
	if got, err := s.User(t.Context(), shop, a.ID); err != nil || cmp.Diff(want, got) != "" {
		t.Errorf("error %v, the updated user (-want +got):\n%s", err, cmp.Diff(want, got))
	}
	if got, err := s.User(t.Context(), shop, 1111001); err != nil || got.Username != "d" || got.PrivacyKey == (signon.PrivacyKey{}) || !got.CreatedAt.Equal(c.Now()) {
		t.Errorf("the given ID: got %+v, %v", got, err)
	}
	note := []string{"0 customers, 0 subscriptions, 0 products, 4 users, 0 members: 2 new"}
	if diff := cmp.Diff(note, events(t, store, signon.EventImported)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// What a batch does must not depend on where a file was cut into batches.
func TestRowsOfUsersActInTheirOrder(t *testing.T) {
	renamed := func(name string) func(*directory.User) { return func(u *directory.User) { u.Username = name } }
	steps := []directory.UserRow{
		userRow(1, "a", nil),
		userRow(0, "A", nil),          // the first one, by its name
		userRow(1, "", renamed("b")),  // which it gives up
		userRow(2, "a", nil),          // for another one
		userRow(0, "b", renamed("c")), // the first one again
		userRow(0, "b", nil),          // so this one is new
		userRow(2, "", func(u *directory.User) { u.Permissions = directory.AllPermissions() }),
	}
	ignore := cmpopts.IgnoreFields(directory.User{}, "PrivacyKey", "ID")
	alone, _, _ := newService(t)
	for _, step := range steps {
		mergeUsers(t, alone, step)
	}
	for cut := range steps {
		cutAt, _, _ := newService(t)
		mergeUsers(t, cutAt, steps[:cut]...)
		mergeUsers(t, cutAt, steps[cut:]...)
		if diff := cmp.Diff(users(t, alone), users(t, cutAt), ignore); diff != "" {
			t.Errorf("cut at %d (-each alone +got):\n%s", cut, diff)
		}
	}
}

func TestAnImportOfUsersNamesEveryBadRowAndWritesNothing(t *testing.T) {
	s, _, _ := newService(t)
	stored := createUser(t, s, una())
	_, err := s.Merge(t.Context(), shop, &directory.Rows{Users: []directory.UserRow{
		userRow(0, "good", nil),
		userRow(0, "bad", func(u *directory.User) { u.Email = "nobody" }),
		userRow(7, "GOOD", nil), // the first row's
		userRow(7, stored.Username, nil),
		userRow(0, "", nil),
		userRow(0, "a b", nil),
		userRow(-1, "minus", nil),
		userRow(1_000_000_000_000, "large", nil),
		userRow(0, "rights", func(u *directory.User) { u.Permissions = directory.Permissions{"everything"} }),
	}}, directory.Act{})
	wantRows(t, err, map[int]string{1: "email", 2: "username", 3: "username", 4: "username", 5: "username", 6: "id", 7: "id", 8: "permissions"})
	if diff := cmp.Diff([]*directory.User{stored}, users(t, s)); diff != "" {
		t.Errorf("the store changed (-before +after):\n%s", diff)
	}
}

func TestAnImportDoesNotUndoThatAUserSignedOutOrWasDeleted(t *testing.T) {
	s, _, _ := newService(t)
	before := createUser(t, s, una())
	if err := s.SignOut(t.Context(), shop, signon.SubjectUser, before.Ref(), &signon.Event{Type: signon.EventSignedOutEverywhere}); err != nil {
		t.Fatal(err)
	}
	mergeUsers(t, s, userRow(before.ID, "", nil))
	out, err := s.User(t.Context(), shop, before.ID)
	if err != nil || out.SignedOutBefore.IsZero() {
		t.Fatalf("signed out, then imported: got %+v, %v", out, err)
	}
	if err := s.DeleteUser(t.Context(), shop, before.ID, directory.Act{}); err != nil {
		t.Fatal(err)
	}
	if done := mergeUsers(t, s, userRow(before.ID, "anew", nil)); done.Created != 1 {
		t.Errorf("got %+v, want a new user", done)
	}
	anew, err := s.User(t.Context(), shop, before.ID)
	if err != nil || anew.Username != "anew" || anew.PrivacyKey == before.PrivacyKey || !anew.SignedOutBefore.After(out.SignedOutBefore) || anew.Version <= before.Version {
		t.Errorf("deleted, then imported: got %+v, %v", anew, err)
	}
}

func TestAShopperIDIsOneCustomers(t *testing.T) {
	s, _, _ := newService(t)
	first, second := john(), john()
	first.ShopperID, second.ExternalRef = 19363122, "second"
	create(t, s, first)
	second.ShopperID = first.ShopperID
	_, err := s.CreateCustomer(t.Context(), second, directory.Act{})
	wantRefused(t, err, signon.CodeConflict, "shopper_id")
	second.ShopperID = 0
	create(t, s, second)
	for id, code := range map[int64]signon.Code{19363122: signon.CodeConflict, -1: signon.CodeInvalid, 1_000_000_000_000: signon.CodeInvalid} {
		changed := second.Clone()
		changed.ShopperID = id
		wantRefused(t, s.UpdateCustomer(t.Context(), changed, directory.Act{}), code, "shopper_id")
	}
	shopper := func(id int64) func(*directory.Customer) { return func(c *directory.Customer) { c.ShopperID = id } }
	_, err = s.Merge(t.Context(), shop, &directory.Rows{Customers: []directory.CustomerRow{
		row(second.ID, "", shopper(19363122)), row(0, "third", shopper(5)), row(0, "fourth", shopper(5)), row(0, "fifth", shopper(-5)),
	}}, directory.Act{})
	wantRows(t, err, map[int]string{0: "shopper_id", 2: "shopper_id", 3: "shopper_id"})
	merge(t, s, row(first.ID, "", shopper(0)), row(second.ID, "", shopper(19363122)), row(first.ID, "", shopper(6)))
	if got, err := s.CustomerByShopperID(t.Context(), shop, 19363122); err != nil || got.ID != second.ID {
		t.Errorf("given up and taken: got %+v, %v", got, err)
	}
}
