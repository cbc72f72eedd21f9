package storetest

import (
	"bytes"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// keyOwner owns the keys of the tests.
const keyOwner = "app 01"

// signingKey returns a key that was made so long after the clock's start.
func signingKey(id string, after time.Duration) *signon.SigningKey {
	at := NewClock().Now().Add(after)
	return &signon.SigningKey{
		Tenant: shop, Owner: keyOwner, ID: id, Secret: signon.Secret(`{"k":"` + id + `-canary"}`), CreatedAt: at, SignsFrom: at.Add(time.Second),
	}
}

// retiring returns the key as one that retires so long after it was made.
func retiring(k *signon.SigningKey, after time.Duration) *signon.SigningKey {
	k.RetiresAt = k.CreatedAt.Add(after)
	return k
}

var keyPromises = []promise{
	{"EveryFieldOfAKeyIsTried", func(t *testing.T, _ *bench) {
		same(t, "fields without a value", unset("SigningKey", reflect.ValueOf(*retiring(signingKey("1", 0), time.Hour))), []string(nil))
	}},
	{"KeysReadBackAsStoredTheNewestFirst", func(t *testing.T, b *bench) {
		b.addKey(t, signingKey("b", 0), time.Time{})
		b.addKey(t, retiring(signingKey("c", time.Millisecond), time.Hour), time.Time{})
		b.addKey(t, signingKey("a", 0), time.Time{}) // made at the same time as b: by ID then
		theirs := signingKey("b", 0)
		theirs.Tenant = other
		b.addKey(t, theirs, time.Time{})
		another := signingKey("b", 0)
		another.Owner = "issuer"
		b.addKey(t, another, time.Time{})
		for range 2 {
			same(t, "keys", b.keys(t, shop, keyOwner), []signon.SigningKey{
				*retiring(signingKey("c", time.Millisecond), time.Hour), *signingKey("a", 0), *signingKey("b", 0),
			})
			same(t, "keys of another tenant", b.keys(t, other, keyOwner), []signon.SigningKey{*theirs})
			same(t, "keys of another owner", b.keys(t, shop, "issuer"), []signon.SigningKey{*another})
			same(t, "keys of nobody", b.keys(t, shop, "app 02"), []signon.SigningKey{})
			b.Store = b.Reopen(t)
		}
		b.count(t, signon.EventKeyAdded, 5)
	}},
	{"KeyIDsAreTheOwnersOwn", func(t *testing.T, b *bench) {
		b.addKey(t, signingKey("1", 0), time.Time{})
		taken := signingKey("1", time.Hour)
		err := b.Store.AddKey(b.ctx, taken, b.clock.Now(), event(signon.EventKeyAdded))
		fails(t, "add under a taken ID", err, signon.ErrConflict)
		same(t, "keys", b.keys(t, shop, keyOwner), []signon.SigningKey{*signingKey("1", 0)})
		b.count(t, signon.EventKeyAdded, 1)
	}},
	{"NewKeyRetiresTheOthersNotLater", func(t *testing.T, b *bench) {
		b.addKey(t, signingKey("open", 0), time.Time{})
		b.addKey(t, retiring(signingKey("soon", 0), time.Minute), time.Time{})
		b.addKey(t, retiring(signingKey("late", 0), 3*time.Hour), time.Time{})
		theirs := signingKey("open", 0)
		theirs.Tenant = other
		b.addKey(t, theirs, time.Time{})
		b.addKey(t, signingKey("next", time.Millisecond), b.clock.Now().Add(time.Hour))
		same(t, "keys", b.keys(t, shop, keyOwner), []signon.SigningKey{
			*signingKey("next", time.Millisecond),
			*retiring(signingKey("late", 0), time.Hour), *retiring(signingKey("open", 0), time.Hour), *retiring(signingKey("soon", 0), time.Minute),
		})
		same(t, "keys of another tenant", b.keys(t, other, keyOwner), []signon.SigningKey{*theirs})
	}},
	{"KeysAreRemovedWhenTheyHaveRetiredAndNotBefore", func(t *testing.T, b *bench) {
		b.addKey(t, signingKey("1", 0), time.Time{})
		b.addKey(t, signingKey("2", time.Millisecond), b.clock.Now().Add(time.Minute))
		b.clock.Advance(time.Minute - time.Millisecond)
		b.addKey(t, signingKey("3", 2*time.Millisecond), time.Time{})
		if got := len(b.keys(t, shop, keyOwner)); got != 3 {
			t.Errorf("a millisecond before the first one retires: got %d keys, want 3", got)
		}
		theirs := retiring(signingKey("1", 0), time.Minute)
		theirs.Tenant = other
		b.addKey(t, theirs, time.Time{})
		b.clock.Advance(time.Millisecond)
		b.addKey(t, signingKey("4", 3*time.Millisecond), time.Time{})
		var ids []string
		for _, k := range b.keys(t, shop, keyOwner) {
			ids = append(ids, k.ID)
		}
		same(t, "keys when the first one has retired", ids, []string{"4", "3", "2"})
		same(t, "keys of another tenant", b.keys(t, other, keyOwner), []signon.SigningKey{*theirs})
	}},
	{"RetiredAtOnceMeansRemovedAtOnce", func(t *testing.T, b *bench) {
		b.addKey(t, signingKey("1", 0), time.Time{})
		b.addKey(t, signingKey("2", time.Millisecond), b.Store.Now())
		same(t, "keys", b.keys(t, shop, keyOwner), []signon.SigningKey{*signingKey("2", time.Millisecond)})
	}},
	{"KeysAreSealedOnDisk", func(t *testing.T, b *bench) {
		b.addKey(t, signingKey("1", 0), time.Time{})
		if bytes.Contains(b.Bytes(t), []byte("canary")) {
			t.Error("a key is on disk as it is")
		}
	}},
	{"OfManyRotationsAsManyCountAsMayAndOneIsLast", func(t *testing.T, b *bench) {
		retire := b.clock.Now().Add(time.Hour)
		added := make([]int, 12)
		together(len(added), func(i int) {
			err := b.Store.AddKey(b.ctx, signingKey(fmt.Sprint(i), 0), retire, event(signon.EventKeyAdded))
			added[i] = count(err == nil)
			if err != nil {
				fails(t, "add key", err, signon.ErrKeysFull)
			}
		})
		same(t, "keys that were added", sum(added), signon.MaxKeys)
		open, keys := 0, b.keys(t, shop, keyOwner)
		for _, k := range keys {
			open += count(k.RetiresAt.IsZero())
		}
		same(t, "keys that are accepted", len(keys), signon.MaxKeys)
		same(t, "keys that don't retire", open, 1)
		b.count(t, signon.EventKeyAdded, signon.MaxKeys)
	}},
	{"KeyTooManyChangesNothing", func(t *testing.T, b *bench) {
		retire := b.clock.Now().Add(time.Hour)
		for i := range signon.MaxKeys {
			b.addKey(t, signingKey(fmt.Sprint(i), 0), retire)
		}
		before := b.keys(t, shop, keyOwner)
		err := b.Store.AddKey(b.ctx, signingKey("more", 0), b.clock.Now().Add(time.Minute), event(signon.EventKeyAdded))
		fails(t, "add one too many", err, signon.ErrKeysFull)
		same(t, "keys", b.keys(t, shop, keyOwner), before)
		b.count(t, signon.EventKeyAdded, signon.MaxKeys)
		theirs := signingKey("1", 0)
		theirs.Tenant = other
		b.addKey(t, theirs, retire) // has room of its own
		b.clock.Advance(time.Hour)
		b.addKey(t, signingKey("more", 0), time.Time{}) // those that have retired don't count
		same(t, "keys when the others have retired", len(b.keys(t, shop, keyOwner)), 2)
	}},
}

func (b *bench) addKey(t *testing.T, k *signon.SigningKey, retireOthers time.Time) {
	t.Helper()
	if err := b.Store.AddKey(b.ctx, k, retireOthers, event(signon.EventKeyAdded)); err != nil {
		t.Fatalf("add key %s: %v", k.ID, err)
	}
}

func (b *bench) keys(t *testing.T, tenant signon.TenantID, owner string) []signon.SigningKey {
	t.Helper()
	keys, err := b.Store.SigningKeys(b.ctx, tenant, owner)
	if err != nil {
		t.Fatalf("read keys: %v", err)
	}
	return keys
}

var voidPromises = []promise{
	{"NothingIsVoidAtFirst", func(t *testing.T, b *bench) {
		same(t, "mark", b.voidedBefore(t, shop, "01"), time.Time{})
	}},
	{"MarkIsLaterThanAllThatWasHandedOut", func(t *testing.T, b *bench) {
		var last time.Time
		for i := range 6 {
			now := b.Store.Now().Truncate(time.Millisecond)
			b.void(t, "01")
			want := later(now, last).Add(time.Millisecond)
			same(t, fmt.Sprintf("mark after %d times", i+1), b.voidedBefore(t, shop, "01"), want)
			last = want
			if i%2 == 1 { // twice while the clock stands still
				b.clock.Advance(time.Second + 300*time.Microsecond)
			}
		}
		b.clock.Advance(-time.Hour)
		b.void(t, "01")
		if got := b.voidedBefore(t, shop, "01"); !got.After(last) {
			t.Errorf("after the clock was set back: got %v, want it after %v", got, last)
		}
		last = b.voidedBefore(t, shop, "01")
		b.Store = b.Reopen(t)
		same(t, "mark after a restart", b.voidedBefore(t, shop, "01"), last)
		same(t, "mark of another destination", b.voidedBefore(t, shop, "02"), time.Time{})
		same(t, "mark of another tenant's", b.voidedBefore(t, other, "01"), time.Time{})
		b.count(t, signon.EventDestinationVoided, 7)
	}},
	{"MarkOutlivesWhatIsDeclared", func(t *testing.T, b *bench) {
		b.void(t, "01")
		want := b.voidedBefore(t, shop, "01")
		b.apply(t, declared())
		b.apply(t, nil)
		same(t, "mark", b.voidedBefore(t, shop, "01"), want)
	}},
	{"NoVoidingIsLost", func(t *testing.T, b *bench) {
		start := b.Store.Now().Truncate(time.Millisecond)
		const rounds = 20
		together(8, func(int) {
			for range rounds {
				before := b.voidedBefore(t, shop, "01")
				b.void(t, "01")
				if !b.voidedBefore(t, shop, "01").After(before) {
					t.Error("the mark has not moved")
				}
			}
		})
		want := start.Add(8 * rounds * time.Millisecond) // the clock stands still: each takes one more
		same(t, "mark", b.voidedBefore(t, shop, "01"), want)
	}},
}

func (b *bench) void(t *testing.T, destination string) {
	t.Helper()
	if err := b.Store.VoidDestination(b.ctx, shop, destination, event(signon.EventDestinationVoided)); err != nil {
		t.Errorf("void destination: %v", err)
	}
}

func (b *bench) voidedBefore(t *testing.T, tenant signon.TenantID, destination string) time.Time {
	t.Helper()
	mark, err := b.Store.VoidedBefore(b.ctx, tenant, destination)
	if err != nil {
		t.Errorf("read mark: %v", err)
	}
	return mark
}
