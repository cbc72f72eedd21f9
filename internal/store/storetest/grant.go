package storetest

import (
	"bytes"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

var grantPromises = []promise{
	{"GrantReadsBackAsStored", func(t *testing.T, b *bench) {
		for _, addr := range []signon.AddrKey{"", "\x7f\x00\x00\x01", "\x20\x01\x0d\xb8\x00\x00\x00\x01", "\x20\x01\x0d\xb8\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x02"} {
			want := b.issue(t, bound(addr))
			same(t, "grant", b.grant(t, want.Key), *want)
		}
		bare := b.issue(t, func(g *signon.Grant) {
			*g = signon.Grant{Key: g.Key, Tenant: shop, IssuedAt: g.IssuedAt, ExpiresAt: g.ExpiresAt}
		})
		same(t, "bare grant", b.grant(t, bare.Key), *bare)
		full := b.issue(t, func(g *signon.Grant) { g.Target = long("https://store.example.com/order/", signon.MaxTargetLen) })
		same(t, "grant with a long target", b.grant(t, full.Key), *full)
	}},
	{"CreateStampsTheEpoch", func(t *testing.T, b *bench) {
		if g := b.issue(t); g.Epoch != b.Store.Epoch() || g.Epoch == 0 {
			t.Errorf("got epoch %d, want the store's, %d", g.Epoch, b.Store.Epoch())
		}
	}},
	{"CreateUnderATakenKeyConflicts", func(t *testing.T, b *bench) {
		first := b.issue(t)
		second := b.newGrant()
		second.Key, second.Subject = first.Key, "somebody else"
		fails(t, "create", b.Store.CreateGrant(b.ctx, second, event(signon.EventIssued), nil), signon.ErrConflict)
		same(t, "grant", b.grant(t, first.Key), *first)
		same(t, "events", b.events(t), []signon.EventType{signon.EventIssued})
	}},
	{"UnknownGrantIsNotFound", func(t *testing.T, b *bench) {
		_, err := b.Store.Grant(b.ctx, b.newGrant().Key)
		fails(t, "grant", err, signon.ErrNotFound)
	}},
	{"GrantSurvivesARestart", func(t *testing.T, b *bench) {
		want := b.issue(t)
		b.Store = b.Reopen(t)
		same(t, "grant", b.grant(t, want.Key), *want)
	}},
	{"GrantsAreListedInOrderOfExpiry", func(t *testing.T, b *bench) {
		var want []signon.GrantKey
		for i := range 7 {
			expiresAt := b.clock.Now().Add(time.Duration(10-i) * time.Second)
			g := b.issue(t, func(g *signon.Grant) { g.Key, g.ExpiresAt = newKey(expiresAt), expiresAt })
			want = append([]signon.GrantKey{g.Key}, want...)
		}
		var got []signon.GrantKey
		var after signon.GrantKey
		for {
			page, err := b.Store.Grants(b.ctx, after, 3)
			if err != nil {
				t.Fatalf("list grants: %v", err)
			}
			for _, g := range page {
				got = append(got, g.Key)
			}
			if len(page) < 3 {
				break
			}
			after = page[len(page)-1].Key
		}
		same(t, "keys", got, want)
	}},
}

var revokePromises = []promise{
	{"RevokeEndsALiveGrant", func(t *testing.T, b *bench) {
		g := b.issue(t)
		ended, err := b.Store.RevokeGrant(b.ctx, g.Key, event(signon.EventRevoked))
		if err != nil || !ended {
			t.Fatalf("revoke: got %v, %v, want it ended", ended, err)
		}
		if out := b.redeem(t, redemption(g, 1)); out.Won || out.Grant.State != signon.GrantRevoked {
			t.Errorf("redeem after revoke: got %+v, want a revoked grant", out)
		}
	}},
	{"RevokeEndsTheSessionToo", func(t *testing.T, b *bench) {
		g := b.issue(t)
		b.redeem(t, redemption(g, 1))
		b.clock.Advance(time.Second)
		ended, err := b.Store.RevokeGrant(b.ctx, g.Key, event(signon.EventRevoked))
		if err != nil || !ended {
			t.Fatalf("revoke: got %v, %v, want it ended", ended, err)
		}
		if s := b.session(t, g.Key); !s.EndedAt.Equal(b.clock.Now()) {
			t.Errorf("session ended at %v, want %v", s.EndedAt, b.clock.Now())
		}
		if got := b.grant(t, g.Key); got.State != signon.GrantRevoked || got.Binding != (signon.BindingDigest{1}) {
			t.Errorf("got %+v, want a revoked grant that remembers who redeemed it", got)
		}
	}},
	{"RevokeAgainWritesNothing", func(t *testing.T, b *bench) {
		g := b.issue(t)
		for i, want := range []bool{true, false} {
			if ended, err := b.Store.RevokeGrant(b.ctx, g.Key, event(signon.EventRevoked)); err != nil || ended != want {
				t.Errorf("revoke %d: got %v, %v, want %v", i+1, ended, err, want)
			}
		}
		same(t, "events", b.events(t), []signon.EventType{signon.EventIssued, signon.EventRevoked})
	}},
	{"RevokeOfTheUnknownIsNotFound", func(t *testing.T, b *bench) {
		_, err := b.Store.RevokeGrant(b.ctx, b.newGrant().Key, event(signon.EventRevoked))
		fails(t, "revoke", err, signon.ErrNotFound)
		same(t, "events", b.events(t), []signon.EventType{})
	}},
	{"RevokeEndsASessionWhoseGrantIsGone", func(t *testing.T, b *bench) {
		g := b.issue(t)
		b.redeem(t, redemption(g, 1))
		b.sweepGrants(t, g.ExpiresAt.Add(time.Minute))
		if ended, err := b.Store.RevokeGrant(b.ctx, g.Key, event(signon.EventRevoked)); err != nil || !ended {
			t.Errorf("revoke: got %v, %v, want the session ended", ended, err)
		}
		if s := b.session(t, g.Key); s.EndedAt.IsZero() {
			t.Error("the session lives on")
		}
	}},
	{"NoSecretIsOnDisk", func(t *testing.T, b *bench) {
		const secret, token = "canary-of-a-client-secret", "canary-of-a-card-token"
		tenants := declared()
		tenants[0].Clients[0].Secrets = []signon.Secret{secret}
		if err := b.Store.ApplyTenants(b.ctx, tenants, event(signon.EventTenantsApplied)); err != nil {
			t.Fatalf("apply tenants: %v", err)
		}
		c := customer(1)
		c.Cards[0].Token = token
		c.PrivacyKey = signon.PrivacyKey([]byte("canary-of-a-person's-privacy-key"))
		b.create(t, c)
		o := order("1", "cart")
		o.Card.Token = token
		b.put(t, o)
		sub := bareSubscription("AA", 1)
		sub.CardToken = token
		b.subscribe(t, sub)
		disk := b.Bytes(t)
		if !bytes.Contains(disk, []byte(c.Billing.LastName)) {
			t.Fatal("the customer's name is not on disk: the bytes are not those of the store")
		}
		for _, canary := range []string{secret, token, "canary-of-a-person"} {
			if bytes.Contains(disk, []byte(canary)) {
				t.Errorf("%q is on disk", canary)
			}
		}
	}},
}
