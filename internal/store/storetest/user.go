package storetest

import (
	"bytes"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// user returns a user with every field set that its creator sets.
func user(id int64) *directory.User {
	at := NewClock().Now()
	return &directory.User{
		Tenant: shop, ID: id, Username: fmt.Sprintf("Ada.L-%d", id), FirstName: "Ada", LastName: "Lovelace", Email: fmt.Sprintf("ada.%d@example.com", id),
		Permissions: directory.Permissions{directory.PermissionAdmin, directory.PermissionReports},
		PrivacyKey:  signon.PrivacyKey{byte(id), 4, 5}, CreatedAt: at, ChangedAt: at.Add(time.Millisecond), Version: 1,
	}
}

// bareUser returns a user with nothing but what none can be without.
func bareUser(id int64, username string) *directory.User {
	at := NewClock().Now()
	return &directory.User{Tenant: shop, ID: id, Username: username, PrivacyKey: signon.PrivacyKey{1}, CreatedAt: at, ChangedAt: at, Version: 1}
}

// freshUser is fresh for a user.
func freshUser(u *directory.User) *directory.User {
	u.Version = 0
	return u
}

// foreignUser returns the user as one of another tenant.
func foreignUser(u *directory.User) *directory.User {
	u.Tenant = other
	return u
}

var userPromises = []promise{
	{"EveryFieldOfAUserIsTried", func(t *testing.T, _ *bench) {
		missing := unset("User", reflect.ValueOf(*user(1)))
		same(t, "fields without a value", missing, []string{"User.SignedOutBefore"}) // that is tried by signing out
	}},
	{"UserReadsBackAsStored", func(t *testing.T, b *bench) {
		for _, u := range []*directory.User{user(1), bareUser(2, "x")} {
			b.hire(t, u)
			same(t, "user by ID", b.user(t, u.ID), u)
		}
		for _, name := range []string{"Ada.L-1", "ADA.l-1"} {
			got, err := b.Store.UserByUsername(b.ctx, shop, name)
			if err != nil {
				t.Fatalf("by username: %v", err)
			}
			same(t, "user by username", got, user(1))
		}
		b.Store = b.Reopen(t)
		same(t, "user after a restart", b.user(t, 1), user(1))
		same(t, "events", b.events(t), []signon.EventType{signon.EventUserCreated, signon.EventUserCreated})
	}},
	{"UnknownUserIsNotFound", func(t *testing.T, b *bench) {
		b.hire(t, user(1))
		for _, c := range []struct {
			tenant signon.TenantID
			id     int64
			name   string
		}{{shop, 2, "ada.l-2"}, {shop, 0, ""}, {other, 1, "Ada.L-1"}, {shop, -1, "Ada.L-1 "}} {
			_, err := b.Store.User(b.ctx, c.tenant, c.id)
			fails(t, "by ID", err, signon.ErrNotFound)
			_, err = b.Store.UserByUsername(b.ctx, c.tenant, c.name)
			fails(t, "by username", err, signon.ErrNotFound)
		}
	}},
	{"IDsAndUsernamesNameOneUser", func(t *testing.T, b *bench) {
		b.hire(t, user(1))
		b.hire(t, bareUser(2, "second"))
		for name, u := range map[string]*directory.User{
			"the same ID": bareUser(1, "free"), "the same username": bareUser(3, "second"), "the same username in other letters": bareUser(3, "SECOND"),
		} {
			fails(t, "create with "+name, b.Store.CreateUser(b.ctx, u, event(signon.EventUserCreated), nil), signon.ErrConflict)
		}
		taken := user(1)
		taken.Username = "Second"
		fails(t, "update to a username", b.Store.UpdateUser(b.ctx, taken, event(signon.EventUserChanged)), signon.ErrConflict)
		if taken.Version != 1 {
			t.Errorf("got version %d in the argument of a refused update, want 1", taken.Version)
		}
		same(t, "the first user", b.user(t, 1), user(1))
		same(t, "the second user", b.user(t, 2), bareUser(2, "second"))
		b.hire(t, foreignUser(user(1))) // another tenant's are its own
		same(t, "events", b.events(t), []signon.EventType{signon.EventUserCreated, signon.EventUserCreated, signon.EventUserCreated})
	}},
	{"UpdateOfAUserReplacesAndCountsUp", func(t *testing.T, b *bench) {
		created := b.hire(t, user(1))
		b.hire(t, foreignUser(user(1)))
		next := bareUser(1, "ADA.L-1") // the own name in other letters
		next.ChangedAt, next.CreatedAt, next.PrivacyKey = created.ChangedAt.Add(time.Hour), time.Time{}, signon.PrivacyKey{9}
		b.changeUser(t, next)
		if next.Version != 2 {
			t.Errorf("got version %d in the argument, want 2", next.Version)
		}
		next.CreatedAt, next.PrivacyKey = created.CreatedAt, created.PrivacyKey
		same(t, "user", b.user(t, 1), next)
		next.Username = "renamed"
		b.changeUser(t, next)
		_, err := b.Store.UserByUsername(b.ctx, shop, "Ada.L-1")
		fails(t, "by the former username", err, signon.ErrNotFound)
		b.hire(t, bareUser(2, "ada.l-1"))
		theirs, err := b.Store.User(b.ctx, other, 1)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "the other tenant's user", theirs, foreignUser(user(1)))
	}},
	{"UpdateOfAnotherVersionOfAUserConflicts", func(t *testing.T, b *bench) {
		b.hire(t, user(1))
		b.changeUser(t, user(1))
		for _, version := range []int64{0, 1, 3} {
			u := bareUser(1, "new")
			u.Version = version
			fails(t, "update", b.Store.UpdateUser(b.ctx, u, event(signon.EventUserChanged)), signon.ErrConflict)
		}
		fails(t, "of an unknown one", b.Store.UpdateUser(b.ctx, bareUser(2, "new"), event(signon.EventUserChanged)), signon.ErrNotFound)
		fails(t, "of another tenant", b.Store.UpdateUser(b.ctx, foreignUser(user(1)), event(signon.EventUserChanged)), signon.ErrNotFound)
		want := user(1)
		want.Version = 2
		same(t, "user", b.user(t, 1), want)
		same(t, "events", b.events(t), []signon.EventType{signon.EventUserCreated, signon.EventUserChanged})
	}},
	{"SigningAUserOutIsLaterThanAllThatWasHandedOut", func(t *testing.T, b *bench) {
		b.hire(t, user(1))
		b.hire(t, user(2))
		var last time.Time
		for i := range 6 {
			now := b.Store.Now().Truncate(time.Millisecond)
			b.signUserOut(t, 1)
			want := user(1)
			want.SignedOutBefore = later(now, last).Add(time.Millisecond)
			same(t, fmt.Sprintf("user after %d times", i+1), b.user(t, 1), want)
			last = want.SignedOutBefore
			if i%2 == 1 { // twice while the clock stands still
				b.clock.Advance(time.Second)
			}
		}
		b.changeUser(t, user(1)) // based on what was read before: signing out is no new version
		b.Store = b.Reopen(t)
		if got := b.user(t, 1).SignedOutBefore; !got.Equal(last) {
			t.Errorf("after a change and a restart: got %v, want %v", got, last)
		}
		same(t, "another user", b.user(t, 2), user(2))
		fails(t, "an unknown one", b.Store.SignOutUser(b.ctx, shop, 3, event(signon.EventSignedOutEverywhere)), signon.ErrNotFound)
		fails(t, "of another tenant", b.Store.SignOutUser(b.ctx, other, 1, event(signon.EventSignedOutEverywhere)), signon.ErrNotFound)
		b.count(t, signon.EventSignedOutEverywhere, 6)
	}},
	{"UsersAreListedByID", func(t *testing.T, b *bench) {
		for _, id := range []int64{30, 4, 7, 200, 1000} {
			b.hire(t, user(id))
		}
		b.hire(t, foreignUser(user(5)))
		b.dismiss(t, 7)
		for _, c := range []struct {
			after int64
			limit int
			want  []int64
		}{{0, 10, []int64{4, 30, 200, 1000}}, {4, 2, []int64{30, 200}}, {1000, 5, nil}} {
			list, err := b.Store.Users(b.ctx, shop, c.after, c.limit)
			if err != nil {
				t.Fatalf("list users: %v", err)
			}
			var got []int64
			for i := range list {
				same(t, "listed user", &list[i], user(list[i].ID))
				got = append(got, list[i].ID)
			}
			same(t, fmt.Sprintf("IDs after %d", c.after), got, c.want)
		}
	}},
	{"DeletedUserIsGone", func(t *testing.T, b *bench) {
		b.hire(t, user(1))
		b.hire(t, foreignUser(user(1)))
		b.dismiss(t, 1)
		for range 2 {
			_, err := b.Store.User(b.ctx, shop, 1)
			fails(t, "by ID", err, signon.ErrNotFound)
			_, err = b.Store.UserByUsername(b.ctx, shop, "Ada.L-1")
			fails(t, "by username", err, signon.ErrNotFound)
			fails(t, "update", b.Store.UpdateUser(b.ctx, user(1), event(signon.EventUserChanged)), signon.ErrNotFound)
			fails(t, "sign out", b.Store.SignOutUser(b.ctx, shop, 1, event(signon.EventSignedOutEverywhere)), signon.ErrNotFound)
			fails(t, "delete again", b.Store.DeleteUser(b.ctx, shop, 1, event(signon.EventUserDeleted)), signon.ErrNotFound)
			fails(t, "create with its ID", b.Store.CreateUser(b.ctx, bareUser(1, "free"), event(signon.EventUserCreated), nil), signon.ErrConflict)
			b.Store = b.Reopen(t)
		}
		fails(t, "delete an unknown one", b.Store.DeleteUser(b.ctx, shop, 2, event(signon.EventUserDeleted)), signon.ErrNotFound)
		b.hire(t, bareUser(2, "Ada.L-1")) // the name is free
		if _, err := b.Store.User(b.ctx, other, 1); err != nil {
			t.Errorf("the other tenant's user: %v", err)
		}
		same(t, "events", b.events(t), []signon.EventType{signon.EventUserCreated, signon.EventUserCreated, signon.EventUserDeleted, signon.EventUserCreated})
	}},
	{"DeletedUserLeavesNothingOnDisk", func(t *testing.T, b *bench) {
		u := user(1)
		u.Username, u.FirstName, u.LastName, u.Email = "canary-1", "canary-2", "canary-3", "canary-4@example.com"
		b.hire(t, bareUser(2, "other"))
		b.hire(t, u)
		u.Username, u.FirstName, u.LastName, u.Email = "canary-5", "canary-66", "canary-777", "canary-8888@example.com"
		b.changeUser(t, u)
		if !bytes.Contains(b.Bytes(t), []byte("canary-777")) {
			t.Fatal("the user's name is not on disk: the bytes are not those of the store")
		}
		b.Store = b.Reopen(t)
		b.dismiss(t, 1)
		if disk := b.Bytes(t); bytes.Contains(disk, []byte("canary")) {
			at := bytes.Index(disk, []byte("canary"))
			t.Errorf("a detail of the user is on disk still: %q", disk[at:at+12])
		}
	}},
	{"DeletedUserCanBeImportedAndWhatWasIssuedStaysVoid", func(t *testing.T, b *bench) {
		b.hire(t, user(1))
		b.clock.Advance(time.Second)
		deletedAt := b.Store.Now().Truncate(time.Millisecond)
		b.dismiss(t, 1)
		b.importBatch(t, &directory.Batch{Users: []*directory.User{freshUser(user(1))}})
		want := user(1)
		want.Version, want.SignedOutBefore = 2, deletedAt.Add(time.Millisecond)
		same(t, "user", b.user(t, 1), want)
		fails(t, "update based on the one before", b.Store.UpdateUser(b.ctx, user(1), event(signon.EventUserChanged)), signon.ErrConflict)
		b.dismiss(t, 1)
		b.importBatch(t, &directory.Batch{Users: []*directory.User{freshUser(user(1))}})
		if got := b.user(t, 1).SignedOutBefore; !got.Equal(deletedAt.Add(2 * time.Millisecond)) {
			t.Errorf("deleted twice: got %v, want %v", got, deletedAt.Add(2*time.Millisecond))
		}
	}},
	{"ImportWritesAllUsersOrNone", func(t *testing.T, b *bench) {
		created := b.hire(t, bareUser(1, "first"))
		b.signUserOut(t, 1)
		next := user(1)
		next.PrivacyKey, next.CreatedAt = signon.PrivacyKey{9}, time.Time{}
		b.importBatch(t, &directory.Batch{Users: []*directory.User{next, freshUser(user(2))}})
		if next.Version != 1 {
			t.Errorf("got version %d in the batch, want it left alone", next.Version)
		}
		next.Version, next.PrivacyKey, next.CreatedAt, next.SignedOutBefore = 2, created.PrivacyKey, created.CreatedAt, b.user(t, 1).SignedOutBefore
		same(t, "user that was there", b.user(t, 1), next)
		same(t, "user that was not", b.user(t, 2), user(2))
		b.dismiss(t, 2)
		stale, gone, deleted := user(1), user(9), user(2)
		for _, c := range []struct {
			name string
			bad  *directory.User
			want error
		}{
			{"another version", stale, signon.ErrConflict},
			{"a user who exists already", freshUser(user(1)), signon.ErrConflict},
			{"a user who does not exist any more", gone, signon.ErrNotFound},
			{"a user who was deleted", deleted, signon.ErrNotFound},
			{"a taken username", freshUser(bareUser(4, "ADA.L-1")), signon.ErrConflict},
		} {
			batch := &directory.Batch{Users: []*directory.User{freshUser(bareUser(3, "third")), c.bad}}
			b.importFails(t, c.name, batch, 1, c.want)
			_, err := b.Store.User(b.ctx, shop, 3)
			fails(t, c.name+": a row before it", err, signon.ErrNotFound)
		}
		b.count(t, signon.EventImported, 1)
	}},
}

// hire stores a new user.
func (b *bench) hire(t *testing.T, u *directory.User) *directory.User {
	t.Helper()
	if err := b.Store.CreateUser(b.ctx, u, event(signon.EventUserCreated), nil); err != nil {
		t.Fatalf("create user %d: %v", u.ID, err)
	}
	return u
}

func (b *bench) changeUser(t *testing.T, u *directory.User) {
	t.Helper()
	if err := b.Store.UpdateUser(b.ctx, u, event(signon.EventUserChanged)); err != nil {
		t.Fatalf("update user %d: %v", u.ID, err)
	}
}

// dismiss deletes a user.
func (b *bench) dismiss(t *testing.T, id int64) {
	t.Helper()
	if err := b.Store.DeleteUser(b.ctx, shop, id, event(signon.EventUserDeleted)); err != nil {
		t.Fatalf("delete user %d: %v", id, err)
	}
}

func (b *bench) signUserOut(t *testing.T, id int64) {
	t.Helper()
	if err := b.Store.SignOutUser(b.ctx, shop, id, event(signon.EventSignedOutEverywhere)); err != nil {
		t.Fatalf("sign out user %d: %v", id, err)
	}
}

func (b *bench) user(t *testing.T, id int64) *directory.User {
	t.Helper()
	u, err := b.Store.User(b.ctx, shop, id)
	if err != nil {
		t.Fatalf("read user %d: %v", id, err)
	}
	return u
}
