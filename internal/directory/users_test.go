package directory_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// una returns a user with everything in it.
func una() *directory.User {
	return &directory.User{
		Tenant: shop, Username: "Una.Works", FirstName: "Una", LastName: "Works", Email: "una@example.com",
		Permissions: directory.Permissions{directory.PermissionReports, directory.PermissionRefunds},
	}
}

func createUser(t testing.TB, s *directory.Service, u *directory.User) *directory.User {
	t.Helper()
	if err := s.CreateUser(t.Context(), u, directory.Act{}, nil); err != nil {
		t.Fatalf("create user: %v", err)
	}
	return u
}

func TestANewUserHasANumberOf9Digits(t *testing.T) {
	s, store, c := newService(t)
	u := createUser(t, s, una())
	if u.ID < 100_000_000 || u.ID > 999_999_999 || u.PrivacyKey == (signon.PrivacyKey{}) || u.Version != 1 || !u.CreatedAt.Equal(c.Now()) {
		t.Errorf("got %+v", u)
	}
	for _, ref := range []string{"id", "name"} {
		find := func() (*directory.User, error) { return s.UserByRef(t.Context(), shop, string(u.Ref())) }
		if ref == "name" {
			find = func() (*directory.User, error) { return s.UserByUsername(t.Context(), shop, "UNA.works") }
		}
		got, err := find()
		if diff := cmp.Diff(u, got); err != nil || diff != "" {
			t.Errorf("by %s: error %v (-want +got):\n%s", ref, err, diff)
		}
	}
	// The log names the number alone: a name is personal.
	if diff := cmp.Diff([]string{fmt.Sprintf("user %d", u.ID)}, events(t, store, signon.EventUserCreated)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestTheRulesOfAUserNameTheField(t *testing.T) {
	s, _, _ := newService(t)
	long := strings.Repeat("x", 300)
	for name, c := range map[string]struct {
		change func(*directory.User)
		field  string
	}{
		"no first name":        {func(u *directory.User) { u.FirstName = " " }, "first_name"},
		"no last name":         {func(u *directory.User) { u.LastName = "" }, "last_name"},
		"no e-mail":            {func(u *directory.User) { u.Email = "" }, "email"},
		"no address":           {func(u *directory.User) { u.Email = "una" }, "email"},
		"no username":          {func(u *directory.User) { u.Username = "" }, "username"},
		"a blank":              {func(u *directory.User) { u.Username = "una works" }, "username"},
		"an at sign":           {func(u *directory.User) { u.Username = "una@example.com" }, "username"},
		"another script":       {func(u *directory.User) { u.Username = "ünä" }, "username"},
		"a letter that lowers": {func(u *directory.User) { u.Username = "\u212Aate" }, "username"}, // the Kelvin sign
		"a long username":      {func(u *directory.User) { u.Username = long }, "username"},
		"a long name":          {func(u *directory.User) { u.LastName = long }, "last_name"},
		"control characters":   {func(u *directory.User) { u.FirstName = "U\x00na" }, "first_name"},
		"a card number":        {func(u *directory.User) { u.LastName = visa }, "last_name"},
		"an unknown right":     {func(u *directory.User) { u.Permissions = directory.Permissions{"everything"} }, "permissions"},
	} {
		t.Run(name, func(t *testing.T) {
			u := una()
			c.change(u)
			wantRefused(t, s.CreateUser(t.Context(), u, directory.Act{}, nil), signon.CodeInvalid, c.field)
		})
	}
}

func TestPasswordsOfUsersFollowTheRules(t *testing.T) {
	for password, ok := range map[string]bool{
		"Correct7Horse": true, "Correct7Hors": true, "Correct7Hor": false, "correct7horse": false, "CORRECT7HORSE": false, "CorrectHorses": false,
		"": false, "Aa1" + strings.Repeat("x", 125): true, "Aa1" + strings.Repeat("x", 126): false,
		"Aa1" + strings.Repeat("名", 125): true, "Aa1" + strings.Repeat("名", 8): false,
	} {
		err := directory.CheckPassword(password)
		if ok && err != nil {
			t.Errorf("%q: got %v", password, err)
		}
		if !ok {
			wantRefused(t, err, signon.CodeInvalid, "password")
			if password != "" && strings.Contains(err.Error(), password) {
				t.Errorf("the error holds the password: %v", err)
			}
		}
	}
}

func TestPermissionsAreInOneOrderAndEachOnce(t *testing.T) {
	s, _, _ := newService(t)
	u := una()
	u.Permissions = directory.Permissions{directory.PermissionReports, directory.PermissionAdmin, directory.PermissionReports, directory.PermissionRefunds}
	createUser(t, s, u)
	want := directory.Permissions{directory.PermissionAdmin, directory.PermissionRefunds, directory.PermissionReports}
	if diff := cmp.Diff(want, u.Permissions); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
	if !u.Permissions.Allow(directory.PermissionAPICredentials) || u.Permissions.Granted(directory.PermissionAPICredentials) {
		t.Error("an administrator may do everything, and is not granted it")
	}
	less := u.Permissions.With(directory.PermissionAdmin, false)
	if diff := cmp.Diff(want[1:], less); diff != "" || less.Allow(directory.PermissionAPICredentials) {
		t.Errorf("without admin (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, less.With(directory.PermissionAdmin, true)); diff != "" {
		t.Errorf("with admin again (-want +got):\n%s", diff)
	}
	if all := directory.AllPermissions(); len(all) != 18 || all[0] != directory.PermissionAdmin {
		t.Errorf("there are %d permissions, the first of them %s", len(all), all[0])
	}
}

func TestAUsernameIsOneUsersInAnyCaseOfLetters(t *testing.T) {
	s, _, _ := newService(t)
	first := createUser(t, s, una())
	again := una()
	again.Username = "UNA.WORKS"
	wantRefused(t, s.CreateUser(t.Context(), again, directory.Act{}, nil), signon.CodeConflict, "username")
	again.Username = "other"
	createUser(t, s, again)
	again.Username = "una.works"
	wantRefused(t, s.UpdateUser(t.Context(), again, directory.Act{}), signon.CodeConflict, "username")
	first.Username = "una.WORKS" // one's own is free
	if err := s.UpdateUser(t.Context(), first, directory.Act{}); err != nil {
		t.Errorf("update: %v", err)
	}
	elsewhere := una()
	elsewhere.Tenant = "othershop"
	createUser(t, s, elsewhere)
}

func TestUpdateOfAUserKeepsWhatIsNotItsAndRefusesOldVersions(t *testing.T) {
	s, store, c := newService(t)
	before := createUser(t, s, una())
	c.advance(time.Hour)
	changed := before.Clone()
	changed.LastName, changed.Permissions = "Married", nil
	changed.PrivacyKey, changed.CreatedAt = signon.PrivacyKey{1}, c.Now()
	old := before.Clone()
	if err := s.UpdateUser(t.Context(), changed, directory.Act{}); err != nil {
		t.Fatal(err)
	}
	want := before.Clone()
	want.LastName, want.Permissions, want.Version, want.ChangedAt = "Married", nil, 2, c.Now()
	got, err := s.User(t.Context(), shop, before.ID)
	if diff := cmp.Diff(want, got); err != nil || diff != "" || changed.Version != 2 {
		t.Errorf("error %v, version %d (-want +got):\n%s", err, changed.Version, diff)
	}
	wantRefused(t, s.UpdateUser(t.Context(), old, directory.Act{}), signon.CodeConflict, "user")
	unknown := una()
	unknown.ID, unknown.Username = 5, "nobody"
	if err := s.UpdateUser(t.Context(), unknown, directory.Act{}); !errors.Is(err, signon.ErrNotFound) {
		t.Errorf("an unknown user: got %v, want signon.ErrNotFound", err)
	}
	if diff := cmp.Diff([]string{"user " + string(before.Ref())}, events(t, store, signon.EventUserChanged)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestADeletedUserIsNobodyAndWhatWasIssuedIsVoid(t *testing.T) {
	s, store, _ := newService(t)
	u := createUser(t, s, una())
	if err := s.DeleteUser(t.Context(), shop, u.ID, directory.Act{}); err != nil {
		t.Fatal(err)
	}
	_, byRef := s.UserByRef(t.Context(), shop, string(u.Ref()))
	_, byName := s.UserByUsername(t.Context(), shop, u.Username)
	_, subject := s.Subject(t.Context(), shop, signon.SubjectUser, u.Ref())
	again := s.DeleteUser(t.Context(), shop, u.ID, directory.Act{})
	for what, err := range map[string]error{"by number": byRef, "by name": byName, "as subject": subject, "deleted again": again} {
		if !errors.Is(err, signon.ErrNotFound) {
			t.Errorf("%s: got %v, want signon.ErrNotFound", what, err)
		}
	}
	if diff := cmp.Diff([]string{"user " + string(u.Ref())}, events(t, store, signon.EventUserDeleted)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}

	// The number is not given away again, the name is.
	back := una()
	back.ID = u.ID
	if err := s.AddUser(t.Context(), back, directory.Act{}); !errors.Is(err, signon.ErrConflict) {
		t.Errorf("added with the number: got %v, want signon.ErrConflict", err)
	}
	if next := createUser(t, s, una()); next.ID == u.ID {
		t.Error("the number was given to another user")
	}
}

func TestAddUserTakesTheNumberAsItIs(t *testing.T) {
	s, store, _ := newService(t)
	u := una()
	u.ID = 1111001
	if err := s.AddUser(t.Context(), u, directory.Act{}); err != nil {
		t.Fatal(err)
	}
	if got, err := s.UserByRef(t.Context(), shop, "1111001"); err != nil || got.Username != "Una.Works" || got.PrivacyKey != u.PrivacyKey {
		t.Errorf("got %+v, %v", got, err)
	}
	for name, change := range map[string]func(*directory.User){
		"the number": func(u *directory.User) { u.Username = "other" }, "the name": func(u *directory.User) { u.ID = 1111002 },
	} {
		other := una()
		other.ID = 1111001
		change(other)
		if err := s.AddUser(t.Context(), other, directory.Act{}); !errors.Is(err, signon.ErrConflict) {
			t.Errorf("%s is taken: got %v, want signon.ErrConflict", name, err)
		}
	}
	wantRefused(t, s.AddUser(t.Context(), una(), directory.Act{}), signon.CodeInvalid, "id")
	if diff := cmp.Diff([]string{"user 1111001"}, events(t, store, signon.EventUserCreated)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestSubjectIsTheUserByItsOneSpelling(t *testing.T) {
	s, _, _ := newService(t)
	u := createUser(t, s, una())
	c := john()
	c.ID = u.ID // a customer with the same number is somebody else
	if _, err := s.Import(t.Context(), shop, &directory.Batch{Customers: []*directory.Customer{c}}, directory.Act{}); err != nil {
		t.Fatal(err)
	}
	if err := s.SignOut(t.Context(), shop, signon.SubjectUser, u.Ref(), &signon.Event{Type: signon.EventSignedOutEverywhere}); err != nil {
		t.Fatal(err)
	}
	got, err := s.Subject(t.Context(), shop, signon.SubjectUser, u.Ref())
	want := signon.Subject{Kind: signon.SubjectUser, Ref: u.Ref(), PrivacyKey: u.PrivacyKey}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(signon.Subject{}, "SignedOutBefore")); err != nil || diff != "" || !got.SignedOutBefore.After(u.CreatedAt) {
		t.Errorf("error %v, signed out before %v, subject (-want +got):\n%s", err, got.SignedOutBefore, diff)
	}
	if customer, err := s.Subject(t.Context(), shop, signon.SubjectCustomer, u.Ref()); err != nil || !customer.SignedOutBefore.IsZero() || customer.PrivacyKey == u.PrivacyKey {
		t.Errorf("the customer: got %+v, %v", customer, err)
	}
	for _, ref := range []signon.SubjectRef{"0" + u.Ref(), "+" + u.Ref(), signon.SubjectRef(u.Username), "", "1", "0", "-1"} {
		if _, err := s.Subject(t.Context(), shop, signon.SubjectUser, ref); !errors.Is(err, signon.ErrNotFound) {
			t.Errorf("Subject(%q): got %v, want signon.ErrNotFound", ref, err)
		}
	}
}

func TestAReplyIsMadeOfTheUserThatIsStored(t *testing.T) {
	s, _, _ := newService(t)
	var told []int64
	u := una()
	err := s.CreateUser(t.Context(), u, directory.Act{}, func(u *directory.User) *signon.Reply {
		told = append(told, u.ID)
		return &signon.Reply{Key: signon.ReplyKey{1}, Sealed: []byte("sealed"), OutdatedAt: u.CreatedAt.Add(time.Hour)}
	})
	if err != nil || len(told) == 0 || told[len(told)-1] != u.ID {
		t.Errorf("told of %v, want %d at last; %v", told, u.ID, err)
	}
	again := una()
	again.Username = "other"
	err = s.CreateUser(t.Context(), again, directory.Act{}, func(*directory.User) *signon.Reply {
		return &signon.Reply{Key: signon.ReplyKey{1}, Sealed: []byte("sealed")}
	})
	if !errors.Is(err, signon.ErrAnswered) {
		t.Errorf("a call that was answered: got %v, want signon.ErrAnswered", err)
	}
	if _, err := s.UserByUsername(t.Context(), shop, "other"); !errors.Is(err, signon.ErrNotFound) {
		t.Errorf("a call that was answered made a user: %v", err)
	}
}
