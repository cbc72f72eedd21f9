package directory_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/sqlite"
)

// The people of a shop, by what they may do.
const (
	admin      = directory.PermissionAdmin
	maintainer = directory.PermissionUserMaintenance
	refunds    = directory.PermissionRefunds
	reports    = directory.PermissionReports
)

func staff(username string, permissions ...directory.Permission) *directory.User {
	return &directory.User{
		Tenant: shop, Username: username, FirstName: "Ada", LastName: "Byron", Email: username + "@example.com", Permissions: permissions,
	}
}

// hire stores users, on nobody's word.
func hire(t *testing.T, s *directory.Service, users ...*directory.User) {
	t.Helper()
	for _, u := range users {
		if err := s.CreateUser(t.Context(), u, directory.Act{}, nil); err != nil {
			t.Fatal(err)
		}
	}
}

func code(err error) signon.Code {
	if e := signon.AsError(err); e != nil {
		return e.Code
	}
	return ""
}

func TestUsersChangeUsersAsTheyMay(t *testing.T) {
	s, _, _ := newService(t)
	boss, second := staff("boss", admin), staff("second", admin)
	keeper, clerk := staff("keeper", maintainer, refunds), staff("clerk", refunds, reports)
	stranger := staff("stranger", admin)
	stranger.Tenant = "elsewhere"
	hire(t, s, boss, second, keeper, clerk, stranger)
	for _, c := range []struct {
		name      string
		by, other *directory.User
		wanted    directory.Permissions
		want      signon.Code
	}{
		{"a maintainer grants what it has", keeper, clerk, directory.Permissions{refunds, maintainer, reports}, ""},
		{"a maintainer takes away what it has", keeper, clerk, directory.Permissions{reports}, ""},
		{"a maintainer grants what it lacks", keeper, clerk, directory.Permissions{refunds, reports, directory.PermissionAPICredentials}, signon.CodeForbidden},
		{"a maintainer takes away what it lacks", keeper, clerk, directory.Permissions{refunds}, signon.CodeForbidden},
		{"a maintainer makes an administrator", keeper, clerk, directory.Permissions{admin, refunds, reports}, signon.CodeForbidden},
		{"a maintainer makes itself one", keeper, keeper, directory.Permissions{admin, maintainer, refunds}, signon.CodeForbidden},
		{"a maintainer takes from itself", keeper, keeper, directory.Permissions{maintainer}, signon.CodeForbidden},
		{"a maintainer changes its own details", keeper, keeper, directory.Permissions{maintainer, refunds}, ""},
		{"a maintainer touches an administrator", keeper, boss, directory.Permissions{admin}, signon.CodeForbidden},
		{"an administrator demotes another", boss, second, nil, ""},
		{"an administrator demotes itself", boss, boss, nil, signon.CodeForbidden},
		{"an administrator grants anything", boss, clerk, directory.AllPermissions(), ""},
		{"somebody without the permission", clerk, clerk, directory.Permissions{refunds, reports}, signon.CodeForbidden},
		{"an administrator of another tenant", stranger, clerk, directory.Permissions{refunds, reports}, signon.CodeForbidden},
		{"an administrator towards another tenant", boss, stranger, directory.Permissions{admin}, signon.CodeForbidden},
	} {
		t.Run(c.name, func(t *testing.T) {
			stored, err := s.User(t.Context(), c.other.Tenant, c.other.ID)
			if err != nil {
				t.Fatal(err)
			}
			changed := stored.Clone()
			changed.Permissions, changed.LastName = c.wanted, "Changed"
			err = s.UpdateUserBy(t.Context(), c.by, changed, directory.Act{})
			if got := code(err); got != c.want {
				t.Fatalf("got %v, want code %q", err, c.want)
			}
			now, err := s.User(t.Context(), c.other.Tenant, c.other.ID)
			if err != nil {
				t.Fatal(err)
			}
			if done := now.Version != stored.Version; done != (c.want == "") {
				t.Errorf("got version %d after %d", now.Version, stored.Version)
			}
			if c.want == "" { // as it was, for the next case
				now.Permissions = stored.Permissions
				if err := s.UpdateUser(t.Context(), now, directory.Act{}); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func TestUsersCreateUsersAsTheyMay(t *testing.T) {
	s, _, _ := newService(t)
	boss, keeper, clerk := staff("boss", admin), staff("keeper", maintainer, refunds), staff("clerk", refunds)
	hire(t, s, boss, keeper, clerk)
	for _, c := range []struct {
		by   *directory.User
		new  *directory.User
		want signon.Code
	}{
		{keeper, staff("a", refunds), ""},
		{keeper, staff("b", maintainer), ""},
		{keeper, staff("c", reports), signon.CodeForbidden},
		{keeper, staff("d", admin), signon.CodeForbidden},
		{boss, staff("e", admin), ""},
		{clerk, staff("f"), signon.CodeForbidden},
		{boss, &directory.User{Tenant: "elsewhere", Username: "g", FirstName: "G", LastName: "G", Email: "g@example.com"}, signon.CodeForbidden},
	} {
		if err := s.CreateUserBy(t.Context(), c.by, c.new, directory.Act{}); code(err) != c.want {
			t.Errorf("%s by %s: got %v, want code %q", c.new.Username, c.by.Username, err, c.want)
		}
	}
}

func TestAUserThatIsSentTwiceIsCreatedOnce(t *testing.T) {
	s, _, at := newService(t)
	boss := staff("boss", admin)
	hire(t, s, boss)
	first, second, other := staff("ada", refunds), staff("ada", refunds), staff("ada", reports)
	for _, u := range []*directory.User{first, second} {
		if err := s.CreateUserBy(t.Context(), boss, u, directory.Act{}); err != nil {
			t.Fatal(err)
		}
	}
	if first.ID != second.ID || first.ID == 0 {
		t.Errorf("got users %d and %d, want one", first.ID, second.ID)
	}
	if err := s.CreateUserBy(t.Context(), boss, other, directory.Act{}); code(err) != signon.CodeConflict {
		t.Errorf("another: got %v, want a conflict", err)
	}
	at.advance(2 * time.Minute)
	if err := s.CreateUserBy(t.Context(), boss, staff("ada", refunds), directory.Act{}); code(err) != signon.CodeConflict {
		t.Errorf("a namesake, later: got %v, want a conflict", err)
	}
}

func TestUsersDeleteUsersAsTheyMay(t *testing.T) {
	s, _, _ := newService(t)
	boss, second, keeper, clerk := staff("boss", admin), staff("second", admin), staff("keeper", maintainer), staff("clerk", reports)
	hire(t, s, boss, second, keeper, clerk)
	for _, c := range []struct {
		by, other *directory.User
		want      signon.Code
	}{
		{boss, boss, signon.CodeForbidden},
		{keeper, keeper, signon.CodeForbidden},
		{keeper, boss, signon.CodeForbidden},
		{clerk, keeper, signon.CodeForbidden},
		{keeper, clerk, ""},
		{keeper, clerk, signon.CodeNotFound},
		{boss, second, ""},
		{boss, keeper, ""},
	} {
		err := s.DeleteUserBy(t.Context(), c.by, c.other.ID, directory.Act{})
		if c.want == signon.CodeNotFound && errors.Is(err, signon.ErrNotFound) {
			continue
		}
		if code(err) != c.want {
			t.Errorf("%s by %s: got %v, want code %q", c.other.Username, c.by.Username, err, c.want)
		}
	}
}

// meanwhile is a store in which something happens after a user was read.
type meanwhile struct {
	*sqlite.Store
	after func()
}

func (i *meanwhile) User(ctx context.Context, tenant signon.TenantID, id int64) (*directory.User, error) {
	u, err := i.Store.User(ctx, tenant, id)
	if after := i.after; after != nil {
		i.after = nil
		after()
	}
	return u, err
}

// TestWhatIsJudgedIsWhatIsReplaced: a version that is only about to be stored lets
// nobody change who becomes an administrator by it.
func TestWhatIsJudgedIsWhatIsReplaced(t *testing.T) {
	at := newClock()
	store := &meanwhile{Store: openStore(t, at)}
	s := directory.New(store, at)
	keeper, clerk := staff("keeper", maintainer), staff("clerk")
	hire(t, s, keeper, clerk)
	promoted, forged := clerk.Clone(), clerk.Clone()
	promoted.Permissions = directory.Permissions{admin}
	forged.Version++
	store.after = func() {
		if err := s.UpdateUser(t.Context(), promoted, directory.Act{}); err != nil {
			t.Error(err)
		}
	}
	if err := s.UpdateUserBy(t.Context(), keeper, forged, directory.Act{}); code(err) != signon.CodeConflict {
		t.Errorf("got %v, want a conflict", err)
	}
	if now, err := s.User(t.Context(), shop, clerk.ID); err != nil || !now.Permissions.Granted(admin) {
		t.Errorf("got %+v, %v, want an administrator", now, err)
	}
}

func TestWhatMayNotBeDecidedStays(t *testing.T) {
	keeper, clerk := staff("keeper", maintainer, refunds), staff("clerk", reports)
	keeper.ID, clerk.ID = 1, 2
	got := keeper.Decided(clerk, directory.Permissions{admin, refunds})
	if diff := cmp.Diff(directory.Permissions{refunds, reports}, got); diff != "" {
		t.Errorf("got other permissions (-want +got):\n%s", diff)
	}
	if got := keeper.Decided(keeper, nil); !cmp.Equal(got, keeper.Permissions) {
		t.Errorf("got %v for itself, want %v", got, keeper.Permissions)
	}
}

func TestAllFaultsOfAUserAreToldAtOnce(t *testing.T) {
	u := &directory.User{Tenant: shop, Username: "a b", FirstName: "", LastName: "Byron", Email: "ada"}
	got := map[string]string{}
	for _, e := range u.Faults() {
		got[e.Argument] = e.Rule
	}
	want := map[string]string{
		directory.FieldFirstName: "must be given", directory.FieldEmail: "must be an e-mail address",
		directory.FieldUsername: "must hold letters, digits, dots, hyphens and underscores only",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("faults differ (-want +got):\n%s", diff)
	}
	if got := staff("ada", refunds).Faults(); len(got) > 0 {
		t.Errorf("got %v for a user without faults", got)
	}
	if u.Username != "a b" || u.Email != "ada" {
		t.Errorf("looking for faults changed the user to %+v", u)
	}
}
