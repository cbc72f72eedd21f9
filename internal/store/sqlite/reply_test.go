package sqlite

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/storetest"
)

// testReply returns a reply of now.
func (f *fixture) testReply(n byte) *signon.Reply {
	return &signon.Reply{Key: signon.ReplyKey{n}, Sealed: []byte("sealed"), OutdatedAt: f.Now().Truncate(time.Millisecond).Add(signon.ReplyTTL)}
}

func TestWhatFailsHalfWayLeavesNothing(t *testing.T) {
	t.Parallel()
	who := signon.Person{Kind: signon.SubjectUser, Ref: "1"}
	deletion := "DELETE FROM activity"
	for name, failing := range map[string]string{"the reply": putReply, "the event": insertEvent, "the list of activity": insertActivity, "its removal": deletion} {
		f := newFixture(t, storetest.NewClock())
		if err := f.CreateUser(t.Context(), &directory.User{Tenant: "shop", ID: 9, Username: "nine", Version: 1}, nil, nil); err != nil {
			t.Fatal(err)
		}
		guilty := false
		f.inject(t, func(query string, args []any) error {
			switch query {
			case insertUser:
				guilty = args[1] == int64(4)
			case deleteUser:
				guilty = true
			case insertGrant:
				guilty = false
			}
			if guilty && strings.HasPrefix(query, failing) {
				return errInjected
			}
			return nil
		})
		grants, calls := f.creations(3)
		reply := f.testReply(4)
		event := func(e signon.EventType) *signon.Event { return &signon.Event{Type: e, Tenant: "shop", Activity: who} }
		do := func() error {
			return f.CreateUser(t.Context(), &directory.User{Tenant: "shop", ID: 4, Username: "four", Version: 1}, event(signon.EventUserCreated), reply)
		}
		if failing == deletion {
			do = func() error { return f.DeleteUser(t.Context(), "shop", 9, event(signon.EventUserDeleted)) }
		}
		errs := f.together(t, slices.Insert(calls, 2, do)...)
		if !errors.Is(errs[2], errInjected) {
			t.Errorf("%s: got %v, want it to fail", name, errs[2])
		}
		f.stored(t, grants, slices.Delete(errs, 2, 3))
		f.verify(t, 3)
		if _, err := f.User(t.Context(), "shop", 4); !errors.Is(err, signon.ErrNotFound) {
			t.Errorf("%s: the new user: got %v, want none", name, err)
		}
		if u, err := f.User(t.Context(), "shop", 9); err != nil || !u.SignedOutBefore.IsZero() {
			t.Errorf("%s: the user who was there: got %+v, %v", name, u, err)
		}
		if _, err := f.ClaimReply(t.Context(), reply.Key, f.Now()); !errors.Is(err, signon.ErrNotFound) {
			t.Errorf("%s: the reply: got %v, want none", name, err)
		}
		if list, err := f.Activity(t.Context(), signon.ActivityQuery{Tenant: "shop", Limit: 9}); err != nil || len(list) != 0 {
			t.Errorf("%s: activity: got %v, %v, want none", name, list, err)
		}
	}
}

func TestLeasesThatRanOutAreForgotten(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock()
	f := newFixture(t, clock)
	for n := range byte(10) {
		if _, err := f.ClaimReply(t.Context(), signon.ReplyKey{n}, f.Now().Add(time.Duration(n+1)*time.Second)); !errors.Is(err, signon.ErrNotFound) {
			t.Fatal(err)
		}
	}
	clock.Advance(4 * time.Second)
	f.sweepAll(t, signon.GrantKey{}, time.Time{})
	if n := len(f.leases.until); n != 6 {
		t.Errorf("got %d leases, want the 6 that stand", n)
	}
}

func TestReadsThatFailGiveTheLeaseBack(t *testing.T) {
	t.Parallel()
	f := newFixture(t, storetest.NewClock())
	f.exec(t, "INSERT INTO replies (key, call, sealed, outdated_at) VALUES (?, x'00', x'00', ?)", make([]byte, 32), f.Now().Add(time.Hour).UnixMilli())
	if _, err := f.ClaimReply(t.Context(), signon.ReplyKey{}, f.Now().Add(time.Minute)); err == nil || errors.Is(err, signon.ErrNotFound) {
		t.Fatalf("a reply that can't be read: got %v", err)
	}
	if n := len(f.leases.until); n != 0 {
		t.Errorf("got %d leases, want none", n)
	}
}

func TestActivityIsReadByItsIndexes(t *testing.T) {
	t.Parallel()
	f := newFixture(t, storetest.NewClock())
	for query, args := range map[string][]any{
		activityOfAll: {"shop", int64(9), int64(9)}, activityOfOne: {"shop", int64(9), "user", "1", int64(9)},
	} {
		err := f.readers.read(t.Context(), "explain", func(c *conn) error {
			return c.each("EXPLAIN QUERY PLAN "+query, func(r row) error {
				step := r.text(3)
				if strings.Contains(step, "SCAN") || strings.Contains(step, "TEMP B-TREE") || query == activityOfOne && strings.Contains(step, " a ") && !strings.Contains(step, "activity_subject") {
					t.Errorf("%s: %s", query, step)
				}
				return nil
			}, args...)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
