package sqlite

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/storetest"
	"github.com/latchkey-sso/latchkey/internal/store/tables"
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
			switch {
			case isOne(query, insertUser):
				guilty = args[1] == int64(4)
			case isOne(query, deleteUser):
				guilty = true
			case isOne(query, insertGrant):
				guilty = false
			}
			if guilty && isOne(query, failing) {
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
	of := signon.Person{Kind: signon.SubjectUser, Ref: "1"}
	for name, q := range map[string]signon.ActivityQuery{"of all": {Tenant: "shop", Limit: 9}, "of one": {Tenant: "shop", Person: of, Limit: 9}} {
		plan := f.plan(t, func(s *tables.Tables) error {
			_, err := s.Activity(t.Context(), q)
			return err
		})
		if len(plan) == 0 {
			t.Errorf("%s: there is no plan", name)
		}
		for _, step := range plan {
			if strings.Contains(step, "SCAN") || strings.Contains(step, "TEMP B-TREE") ||
				name == "of one" && strings.Contains(step, " a ") && !strings.Contains(step, "activity_subject") {
				t.Errorf("%s: %s", name, step)
			}
		}
	}
}

// plan returns how the database would do what read asks of the tables.
func (f *fixture) plan(t *testing.T, read func(*tables.Tables) error) (steps []string) {
	t.Helper()
	if err := read(tables.New(explaining{engine{f.Store}, &steps}, f.keys)); err != nil {
		t.Fatal(err)
	}
	return steps
}

// explaining notes how scans would be done, which find nothing.
type explaining struct {
	engine
	steps *[]string
}

func (e explaining) Scan(ctx context.Context, what string, do func(tables.Reader) error) error {
	return e.engine.Scan(ctx, what, func(c tables.Reader) error { return do(explainer{c, e.steps}) })
}

type explainer struct {
	tables.Reader
	steps *[]string
}

func (e explainer) Each(query string, _ func(tables.Row) error, args ...any) error {
	return e.Reader.Each("EXPLAIN QUERY PLAN "+query, func(r tables.Row) error {
		*e.steps = append(*e.steps, r.Text(3))
		return nil
	}, args...)
}
