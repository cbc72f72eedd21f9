// Package storetest is what every storage engine must pass: the promises of
// [signon.Store] and [directory.Store], each as a test. An engine's own tests
// call [Run] and add what only that engine can be asked.
package storetest

import (
	"context"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/archive"
)

// Store is what an engine provides.
type Store interface {
	signon.Store
	directory.Store
	archive.Source
	// Close finishes what was begun; calls that come later are unavailable.
	Close() error
}

// Harness is an engine under test. All functions fail the test when they can't
// do what they promise.
type Harness struct {
	// Store is open and empty.
	Store Store
	// Keys are the keys that it was opened with.
	Keys *signon.Keyring
	// Reopen closes the store and opens it again, as after a restart.
	Reopen func(t *testing.T) Store
	// Snapshot copies what the store holds, as a backup would. The function that
	// it returns closes the store, puts the copy back and opens it again.
	Snapshot func(t *testing.T) (restore func(t *testing.T) Store)
	// Restore closes the store, fills it from an archive in the place of what it holds,
	// and opens it again, also when that failed.
	Restore func(t *testing.T, file io.Reader) (Store, error)
	// ChangeEvent replaces the stored body of an audit event, and RemoveEvent
	// removes one, behind the store's back.
	ChangeEvent func(t *testing.T, seq int64, body []byte)
	RemoveEvent func(t *testing.T, seq int64)
	// Bytes returns all that the engine has written to disk.
	Bytes func(t *testing.T) []byte
}

// Opener opens a new, empty store on the given clock. The store is closed when
// the test ends.
type Opener func(t *testing.T, clock signon.Clock) *Harness

// Clock is a clock that tests set.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock returns a clock that stands at a fixed instant.
func NewClock() *Clock {
	return &Clock{now: time.Date(2026, time.November, 20, 9, 30, 0, 0, time.UTC)}
}

// Now returns the instant that the clock is set to.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock, backwards for a negative d.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// bench is what one test works with: a store of its own and its clock.
type bench struct {
	*Harness
	ctx   context.Context //nolint:containedctx // the test's own
	clock *Clock
}

// promise is one test of the suite.
type promise struct {
	name string
	test func(t *testing.T, b *bench)
}

// Run tests every promise on stores that open returns, one for each. Under -short,
// which is for the race detector, only the groups in which goroutines meet.
func Run(t *testing.T, open Opener) {
	t.Helper()
	for _, group := range []struct {
		name     string
		promises []promise
		meeting  bool // of goroutines
	}{
		{"Grants", grantPromises, false},
		{"Redeem", redeemPromises, false},
		{"Revoke", revokePromises, false},
		{"Sessions", sessionPromises, false},
		{"Audit", auditPromises, false},
		{"Tenants", tenantPromises, false},
		{"Time", timePromises, false},
		{"Sweep", sweepPromises, false},
		{"Customers", customerPromises, false},
		{"Subscriptions", subscriptionPromises, false},
		{"Products", productPromises, false},
		{"Orders", orderPromises, false},
		{"Users", userPromises, false},
		{"Members", memberPromises, true},
		{"Keys", keyPromises, true},
		{"Voids", voidPromises, false},
		{"Replies", replyPromises, true},
		{"Activity", activityPromises, false},
		{"Import", importPromises, false},
		{"Calls", callPromises, true},
		{"Races", racePromises, true},
		{"Archives", archivePromises, false},
	} {
		if testing.Short() && !group.meeting {
			continue
		}
		t.Run(group.name, func(t *testing.T) {
			t.Parallel()
			for _, p := range group.promises {
				t.Run(p.name, func(t *testing.T) {
					t.Parallel()
					clock := NewClock()
					p.test(t, &bench{Harness: open(t, clock), ctx: t.Context(), clock: clock})
				})
			}
		})
	}
}
