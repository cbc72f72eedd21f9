package storetest

import (
	"bytes"
	"crypto/rand"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

const (
	shop  signon.TenantID = "shop"
	other signon.TenantID = "other"
)

// newKey returns the key of a grant that expires at that instant.
func newKey(expiresAt time.Time) signon.GrantKey {
	key := signon.ExpiryKey(expiresAt.Add(time.Second - time.Millisecond))
	_, _ = rand.Read(key[4:])
	return key
}

// lastKey is the last key that there can be.
var lastKey = signon.GrantKey(bytes.Repeat([]byte{0xff}, signon.GrantKeyLen))

// newGrant returns a grant of one minute from now, with every field set that
// its issuer sets.
func (b *bench) newGrant() *signon.Grant {
	now := b.Store.Now().Truncate(time.Millisecond)
	expiresAt := now.Add(time.Minute)
	return &signon.Grant{
		Key: newKey(expiresAt), Tenant: shop, Client: "AVANGATE", Destination: "cart", Subject: "352365983", SubjectKind: signon.SubjectCustomer,
		Target: "https://store.example.com/order/checkout.php?PRODS=4639321", Language: "en",
		IssuedAt: now, ExpiresAt: expiresAt,
	}
}

// issue stores a new grant, changed by the given functions.
func (b *bench) issue(t *testing.T, change ...func(*signon.Grant)) *signon.Grant {
	t.Helper()
	g := b.newGrant()
	for _, c := range change {
		c(g)
	}
	if err := b.Store.CreateGrant(b.ctx, g, event(signon.EventIssued), nil); err != nil {
		t.Fatalf("create grant: %v", err)
	}
	return g
}

func bound(addr signon.AddrKey) func(*signon.Grant) {
	return func(g *signon.Grant) { g.BoundAddr = addr }
}

func event(t signon.EventType) *signon.Event { return &signon.Event{Type: t, Tenant: shop} }

// redemption returns a redemption of the grant by a browser with that binding,
// whose session secret belongs to the binding, as the core makes it.
func redemption(g *signon.Grant, binding byte, addr ...signon.AddrKey) *signon.Redemption {
	return &signon.Redemption{
		Key: g.Key, From: g.Destination, Addr: addr, Binding: signon.BindingDigest{binding}, SessionTTL: time.Hour,
		Session: signon.BrowserSession{
			Tenant: g.Tenant, Destination: g.Destination, Client: g.Client, Subject: g.Subject, SubjectKind: g.SubjectKind,
			Target: g.Target, Language: g.Language, Secret: signon.SecretDigest{binding, 1}, IssuedAt: g.IssuedAt,
		},
		Record: func(o *signon.RedeemOutcome) *signon.Event {
			switch {
			case o.Won:
				return event(signon.EventRedeemed)
			case o.Known:
				return event(signon.EventRedeemRefused)
			}
			return nil
		},
	}
}

func (b *bench) redeem(t *testing.T, r *signon.Redemption) signon.RedeemOutcome {
	t.Helper()
	out, err := b.Store.RedeemGrant(b.ctx, r)
	if err != nil {
		t.Fatalf("redeem grant: %v", err)
	}
	return out
}

func (b *bench) grant(t *testing.T, key signon.GrantKey) signon.Grant {
	t.Helper()
	g, err := b.Store.Grant(b.ctx, key)
	if err != nil {
		t.Fatalf("read grant: %v", err)
	}
	return g
}

func (b *bench) session(t *testing.T, key signon.GrantKey) signon.BrowserSession {
	t.Helper()
	s, err := b.Store.Session(b.ctx, key)
	if err != nil {
		t.Fatalf("read session: %v", err)
	}
	return s
}

// events returns the types of all audit events in order, after checking that
// the log is whole.
func (b *bench) events(t *testing.T) []signon.EventType {
	t.Helper()
	anchor, err := b.Store.AuditAnchor(b.ctx)
	if err != nil {
		t.Fatalf("read anchor: %v", err)
	}
	if _, err := b.Keys.VerifyAudit(b.ctx, b.Store, anchor, nil); err != nil {
		t.Fatalf("verify audit log: %v", err)
	}
	types := []signon.EventType{}
	for _, e := range b.decoded(t) {
		types = append(types, e.Type)
	}
	return types
}

// decoded returns all audit events.
func (b *bench) decoded(t *testing.T) (all []*signon.Event) {
	t.Helper()
	for after := int64(0); ; {
		events, err := b.Store.Events(b.ctx, after, 500)
		if err != nil {
			t.Fatalf("read events: %v", err)
		}
		if len(events) == 0 {
			return all
		}
		for i := range events {
			e, err := events[i].Event()
			if err != nil {
				t.Fatalf("decode event %d: %v", events[i].Seq, err)
			}
			all = append(all, e)
		}
		after = events[len(events)-1].Seq
	}
}

// same fails the test when got is not want.
func same(t *testing.T, what string, got, want any) {
	t.Helper()
	secrets := cmp.Transformer("reveal", func(s signon.Secret) string { return "secret " + s.Reveal() })
	if diff := cmp.Diff(want, got, secrets, cmpopts.EquateEmpty(), cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", what, diff)
	}
}

// fails fails the test when err is not the expected one.
func fails(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: got error %v, want %v", what, err, want)
	}
}

func unavailable(t *testing.T, what string, err error) {
	t.Helper()
	if e := signon.AsError(err); e == nil || e.Code != signon.CodeUnavailable {
		t.Errorf("%s: got error %v, want CodeUnavailable", what, err)
	}
}

func long(s string, n int) string { return s + strings.Repeat("x", n-len(s)) }
