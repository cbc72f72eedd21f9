package storetest

import (
	"context"
	"reflect"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/tables"
)

// calls are all calls of the contracts, each as one that would succeed.
func calls(s Store, g *signon.Grant) map[string]func(context.Context) error {
	drop := func(_ any, err error) error { return err }
	return map[string]func(context.Context) error{
		"CreateGrant": func(ctx context.Context) error { return s.CreateGrant(ctx, g, event(signon.EventIssued), nil) },
		"Grant":       func(ctx context.Context) error { return drop(s.Grant(ctx, g.Key)) },
		"GrantHint":   func(ctx context.Context) error { return drop(s.GrantHint(ctx, g.Key)) },
		"RedeemGrant": func(ctx context.Context) error { return drop(s.RedeemGrant(ctx, redemption(g, 1))) },
		"RevokeGrant": func(ctx context.Context) error { return drop(s.RevokeGrant(ctx, g.Key, event(signon.EventRevoked))) },
		"Grants":      func(ctx context.Context) error { return drop(s.Grants(ctx, signon.GrantKey{}, 1)) },
		"Sweep":       func(ctx context.Context) error { return drop(s.Sweep(ctx, signon.GrantKey{}, time.Time{}, 1)) },
		"Session":     func(ctx context.Context) error { return drop(s.Session(ctx, g.Key)) },
		"EndSession": func(ctx context.Context) error {
			return drop(s.EndSession(ctx, g.Key, event(signon.EventSessionEnded)))
		},
		"Sessions":    func(ctx context.Context) error { return drop(s.Sessions(ctx, signon.GrantKey{}, lastKey, 1)) },
		"AppendEvent": func(ctx context.Context) error { return s.AppendEvent(ctx, event(signon.EventClientRefused)) },
		"Events":      func(ctx context.Context) error { return drop(s.Events(ctx, 0, 1)) },
		"ApplyTenants": func(ctx context.Context) error {
			return s.ApplyTenants(ctx, declared(), event(signon.EventTenantsApplied))
		},
		"Tenants": func(ctx context.Context) error { return drop(s.Tenants(ctx)) },
		"CreateCustomer": func(ctx context.Context) error {
			return s.CreateCustomer(ctx, bare(1), event(signon.EventCustomerCreated))
		},
		"UpdateCustomer": func(ctx context.Context) error {
			return s.UpdateCustomer(ctx, bare(1), event(signon.EventCustomerChanged))
		},
		"SignOutCustomer": func(ctx context.Context) error {
			return s.SignOutCustomer(ctx, shop, 1, event(signon.EventSignedOutEverywhere))
		},
		"Customer":              func(ctx context.Context) error { return drop(s.Customer(ctx, shop, 1)) },
		"CustomerByExternalRef": func(ctx context.Context) error { return drop(s.CustomerByExternalRef(ctx, shop, "r")) },
		"CustomerByShopperID":   func(ctx context.Context) error { return drop(s.CustomerByShopperID(ctx, shop, 1)) },
		"CustomersByEmail":      func(ctx context.Context) error { return drop(s.CustomersByEmail(ctx, shop, "a@b.example", 1)) },
		"Customers":             func(ctx context.Context) error { return drop(s.Customers(ctx, shop, 0, 1)) },
		"CreateSubscription": func(ctx context.Context) error {
			return s.CreateSubscription(ctx, bareSubscription("AA", 1), event(signon.EventSubscription))
		},
		"UpdateSubscription": func(ctx context.Context) error {
			return s.UpdateSubscription(ctx, bareSubscription("AA", 1), event(signon.EventSubscriptionChanged))
		},
		"Subscription": func(ctx context.Context) error { return drop(s.Subscription(ctx, shop, "AA")) },
		"Subscriptions": func(ctx context.Context) error {
			return drop(s.Subscriptions(ctx, directory.SubscriptionQuery{Tenant: shop, Limit: 1}))
		},
		"Product":  func(ctx context.Context) error { return drop(s.Product(ctx, shop, "1")) },
		"Products": func(ctx context.Context) error { return drop(s.Products(ctx, shop, "", 1)) },
		"PutOrder": func(ctx context.Context) error {
			return drop(s.PutOrder(ctx, order("1", "cart"), event(signon.EventOrderPlaced)))
		},
		"Order":       func(ctx context.Context) error { return drop(s.Order(ctx, shop, "1")) },
		"OrderByCart": func(ctx context.Context) error { return drop(s.OrderByCart(ctx, shop, "cart")) },
		"OrdersOf":    func(ctx context.Context) error { return drop(s.OrdersOf(ctx, shop, 1, 1)) },
		"Orders":      func(ctx context.Context) error { return drop(s.Orders(ctx, shop, "", 1)) },
		"CreateUser": func(ctx context.Context) error {
			return s.CreateUser(ctx, user(1), event(signon.EventUserCreated), nil)
		},
		"UpdateUser": func(ctx context.Context) error { return s.UpdateUser(ctx, user(1), event(signon.EventUserChanged)) },
		"DeleteUser": func(ctx context.Context) error { return s.DeleteUser(ctx, shop, 1, event(signon.EventUserDeleted)) },
		"SignOutUser": func(ctx context.Context) error {
			return s.SignOutUser(ctx, shop, 1, event(signon.EventSignedOutEverywhere))
		},
		"User":           func(ctx context.Context) error { return drop(s.User(ctx, shop, 1)) },
		"UserByUsername": func(ctx context.Context) error { return drop(s.UserByUsername(ctx, shop, "ada")) },
		"Users":          func(ctx context.Context) error { return drop(s.Users(ctx, shop, 0, 1)) },
		"CreateMember": func(ctx context.Context) error {
			return s.CreateMember(ctx, member("1"), event(signon.EventMemberCreated))
		},
		"UpdateMember": func(ctx context.Context) error {
			return s.UpdateMember(ctx, member("1"), event(signon.EventMemberChanged))
		},
		"SignOutMember": func(ctx context.Context) error {
			return s.SignOutMember(ctx, shop, "1", event(signon.EventSignedOutEverywhere))
		},
		"Member":  func(ctx context.Context) error { return drop(s.Member(ctx, shop, "1")) },
		"Members": func(ctx context.Context) error { return drop(s.Members(ctx, shop, "", 1)) },
		"AddKey": func(ctx context.Context) error {
			return s.AddKey(ctx, signingKey("1", 0), time.Time{}, event(signon.EventKeyAdded))
		},
		"SigningKeys": func(ctx context.Context) error { return drop(s.SigningKeys(ctx, shop, keyOwner)) },
		"VoidDestination": func(ctx context.Context) error {
			return s.VoidDestination(ctx, shop, "01", event(signon.EventDestinationVoided))
		},
		"VoidedBefore": func(ctx context.Context) error { return drop(s.VoidedBefore(ctx, shop, "01")) },
		"Activity": func(ctx context.Context) error {
			return drop(s.Activity(ctx, signon.ActivityQuery{Tenant: shop, Limit: 1}))
		},
		"Confirm":      func(ctx context.Context) error { return s.Confirm(ctx) },
		"ClaimReply":   func(ctx context.Context) error { return drop(s.ClaimReply(ctx, signon.ReplyKey{1}, s.Now())) },
		"ReleaseReply": func(ctx context.Context) error { return s.ReleaseReply(ctx, signon.ReplyKey{1}, s.Now()) },
		"SweepAudit":   func(ctx context.Context) error { return drop(s.SweepAudit(ctx, s.Now(), 1)) },
		"AuditStart":   func(ctx context.Context) error { return drop(s.AuditStart(ctx)) },
		"Archive": func(ctx context.Context) error {
			return s.Archive(ctx, func(tables.Reader, tables.State) error { return nil })
		},
		"Import": func(ctx context.Context) error {
			return s.Import(ctx, &directory.Batch{Products: []*directory.Product{product("1")}}, event(signon.EventImported))
		},
	}
}

// answers are the methods of Store that ask the engine for nothing.
var answers = []string{"AuditAnchor", "Close", "Epoch", "Now"}

var callPromises = []promise{
	{"EveryCallIsTried", func(t *testing.T, b *bench) {
		all, tried := reflect.TypeFor[Store](), calls(b.Store, b.newGrant())
		for i := range all.NumMethod() {
			if name := all.Method(i).Name; tried[name] == nil && !slices.Contains(answers, name) {
				t.Errorf("%s: what it does without a store is not tried", name)
			}
		}
	}},
	{"ContextThatHasEndedMeansUnavailable", func(t *testing.T, b *bench) {
		ctx, cancel := context.WithCancel(b.ctx)
		cancel()
		for name, call := range calls(b.Store, b.newGrant()) {
			unavailable(t, name, call(ctx))
		}
		same(t, "events", b.events(t), []signon.EventType{})
	}},
	{"CallsGivenUpDisturbNobody", func(t *testing.T, b *bench) {
		taken := b.issue(t)
		together(8, func(i int) {
			for n := range shortened(40) {
				ctx, cancel := context.WithCancel(b.ctx)
				go func() {
					time.Sleep(time.Duration(n*i) * 10 * time.Microsecond)
					cancel()
				}()
				for _, call := range calls(b.Store, b.newGrant()) {
					_ = call(ctx) // most come too late
				}
				cancel()
				g := b.newGrant()
				g.Key = taken.Key
				fails(t, "create under a taken key", b.Store.CreateGrant(b.ctx, g, event(signon.EventIssued), nil), signon.ErrConflict)
			}
		})
		b.events(t)
		if out := b.redeem(t, redemption(taken, 1)); !out.Won {
			t.Errorf("got %+v, want it won", out)
		}
	}},
	{"ClosedStoreIsUnavailable", func(t *testing.T, b *bench) {
		g := b.newGrant()
		if err := b.Store.Close(); err != nil {
			t.Fatalf("close: %v", err)
		}
		for name, call := range calls(b.Store, g) {
			unavailable(t, name, call(b.ctx))
		}
		if err := b.Store.Close(); err != nil {
			t.Errorf("close again: %v", err)
		}
	}},
	{"CloseFinishesWhatWasBegun", func(t *testing.T, b *bench) {
		const workers = 32
		old := &bench{Harness: &Harness{Store: b.Store}}
		acknowledged := make([][]*signon.Grant, workers)
		var begun atomic.Int32
		var wg sync.WaitGroup
		for i := range workers {
			wg.Go(func() {
				for {
					g := old.newGrant()
					if err := old.Store.CreateGrant(b.ctx, g, event(signon.EventIssued), nil); err != nil {
						unavailable(t, "create grant beside Close", err)
						return
					}
					acknowledged[i] = append(acknowledged[i], g)
					begun.Add(1)
				}
			})
		}
		for begun.Load() < 2*workers {
			runtime.Gosched()
		}
		store := b.Reopen(t)
		wg.Wait()
		b.Store = store
		for _, grants := range acknowledged {
			for _, g := range grants {
				same(t, "grant", b.grant(t, g.Key), *g)
			}
		}
	}},
}
