package server_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/config"
	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/pgtest/testcluster"
	"github.com/latchkey-sso/latchkey/internal/server"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// nodesURL is where a load balancer would be: clients of a node ask for it and are
// led to that node.
const nodesURL = "http://127.0.0.1:9"

// node is one of several servers on one database, and a client that reaches it.
type node struct {
	*server.Server
	*shopper
}

// newNodes starts servers on one PostgreSQL database. limits are theirs.
func newNodes(t *testing.T, count int, limits string) []*node {
	t.Helper()
	address := testcluster.Database(t)
	nodes := make([]*node, count)
	for i := range nodes {
		nodes[i] = newNode(t, address, limits)
	}
	return nodes
}

func newNode(t *testing.T, address, limits string) *node {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "latchkey.yaml")
	text := fmt.Sprintf(`
listen: 127.0.0.1:0
public_url: %s
data_dir: %s
limits: %s
tenants:
  - id: shop
    number: "1000001"
    redemption: direct
    clients: [{id: %s, secret: {env: SHOP_KEY}}]
    destinations: {cart: {max_ttl: 1h}, account: {max_ttl: 1h}, portal: {}}
`, nodesURL, dir, limits, shopCode)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(config.Source{File: file, Environ: []string{
		"SHOP_KEY=" + shopKey, "LATCHKEY_ROOT_KEY=" + strings.Repeat("0f", 32), "LATCHKEY_DATABASE=" + address,
	}})
	if err != nil {
		t.Fatal(err)
	}
	s, err := server.New(t.Context(), server.Options{Config: cfg, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("stop a node: %v", err)
		}
	})
	return &node{s, newShopperAt(nodesURL, s.Addr().String())}
}

// newShopperAt returns a client for whom that base is at that address.
func newShopperAt(base, addr string) *shopper {
	s := newShopper(base)
	s.http.Transport = &http.Transport{MaxIdleConnsPerHost: 64, DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, addr)
	}}
	return s
}

// sameCustomer makes a customer at the first node, whom the clients of all name.
func sameCustomer(t *testing.T, nodes []*node) signon.Person {
	t.Helper()
	if err := nodes[0].createCustomer(); err != nil {
		t.Fatal(err)
	}
	for _, n := range nodes {
		n.customer = nodes[0].customer
	}
	return signon.Person{Kind: signon.SubjectCustomer, Ref: signon.SubjectRef(nodes[0].customer)}
}

// signedIn returns a browser that a node has signed in.
func (n *node) signedIn(t *testing.T) *browser {
	t.Helper()
	link, err := n.issue()
	if err != nil {
		t.Fatal(err)
	}
	b := newBrowser()
	if err := n.follow(link, b); err != nil {
		t.Fatal(err)
	}
	return b
}

const unlimited = "{misses: 0, links_per_subject: 0, live_grants: 0, audited_refusals: 0, connections_per_address: 2000}"

func TestOneOf64BrowsersAtThreeNodesIsSignedInByALink(t *testing.T) {
	t.Parallel()
	nodes := newNodes(t, 3, unlimited)
	sameCustomer(t, nodes)
	for round := range 10 {
		link, err := nodes[round%len(nodes)].issue()
		if err != nil {
			t.Fatal(err)
		}
		var in atomic.Int64
		var racing sync.WaitGroup
		start := make(chan struct{})
		for i := range 64 {
			racing.Go(func() {
				<-start
				switch err := nodes[i%len(nodes)].follow(link, newBrowser()); {
				case err == nil:
					in.Add(1)
				case !errors.Is(err, errRefused):
					t.Error(err)
				}
			})
		}
		close(start)
		racing.Wait()
		if in.Load() != 1 {
			t.Fatalf("%d of 64 browsers were let in by one link", in.Load())
		}
	}
}

func TestASessionHoldsAtEveryNodeUntilOneEndsIt(t *testing.T) {
	t.Parallel()
	nodes := newNodes(t, 2, unlimited)
	who := sameCustomer(t, nodes)
	ctx := t.Context()
	for name, end := range map[string]func(*browser) error{
		"signing out": func(b *browser) error {
			token, _ := signon.ParseSessionToken(b.session)
			dest, _ := nodes[0].SignOn().Registry().Destination("shop", signon.KindAccount)
			return nodes[0].SignOn().SignOut(ctx, "shop", dest, token, "")
		},
		"revoking": func(*browser) error {
			_, err := nodes[0].SignOn().Revoke(ctx, signon.Selection{Tenant: "shop", Kind: who.Kind, Subject: who.Ref}, "")
			return err
		},
		"signing out everywhere": func(*browser) error {
			return nodes[0].Directory().SignOut(ctx, "shop", who.Kind, who.Ref, &signon.Event{Type: signon.EventSignedOutEverywhere, Tenant: "shop"})
		},
	} {
		b := nodes[0].signedIn(t)
		if err := nodes[1].checkSignedIn(b); err != nil {
			t.Fatalf("before %s: %v", name, err)
		}
		if err := end(b); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if nodes[1].checkSignedIn(b) == nil {
			t.Errorf("after %s at one node the session lives at another", name)
		}
		if err := nodes[0].checkSignedIn(nodes[1].signedIn(t)); err != nil {
			t.Errorf("signing in anew after %s: %v", name, err)
		}
	}
}

func TestALinkIsVoidAtEveryNodeAtOnce(t *testing.T) {
	t.Parallel()
	nodes := newNodes(t, 2, unlimited)
	who := sameCustomer(t, nodes)
	ctx := t.Context()
	for name, void := range map[string]func() error{
		"revoking": func() error {
			_, err := nodes[0].SignOn().Revoke(ctx, signon.Selection{Tenant: "shop", Kind: who.Kind, Subject: who.Ref}, "")
			return err
		},
		"signing out everywhere": func() error {
			return nodes[0].Directory().SignOut(ctx, "shop", who.Kind, who.Ref, &signon.Event{Type: signon.EventSignedOutEverywhere, Tenant: "shop"})
		},
	} {
		nodes[1].signedIn(t) // it knows the customer
		link, err := nodes[1].issue()
		if err != nil {
			t.Fatal(err)
		}
		if err := void(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := nodes[1].follow(link, newBrowser()); !errors.Is(err, errRefused) {
			t.Errorf("after %s at one node, a link at another: got %v, want a refusal", name, err)
		}
	}
}

func TestAUserWhoWasDeletedAtOneNodeIsGoneAtAll(t *testing.T) {
	t.Parallel()
	nodes := newNodes(t, 2, unlimited)
	ctx := t.Context()
	u := &directory.User{Tenant: "shop", Username: "ada", FirstName: "Ada", LastName: "Lane", Email: "ada@example.com"}
	if err := nodes[0].Directory().CreateUser(ctx, u, directory.Act{}, nil); err != nil {
		t.Fatal(err)
	}
	known := func() error {
		_, err := nodes[1].Directory().Subject(ctx, "shop", signon.SubjectUser, u.Ref())
		return err
	}
	if err := known(); err != nil {
		t.Fatal(err)
	}
	if err := nodes[0].Directory().DeleteUser(ctx, "shop", u.ID, directory.Act{}); err != nil {
		t.Fatal(err)
	}
	if err := known(); !errors.Is(err, signon.ErrNotFound) {
		t.Errorf("got %v, want nobody", err)
	}
}

func TestAnAPISessionHoldsAtEveryNode(t *testing.T) {
	t.Parallel()
	nodes := newNodes(t, 2, unlimited)
	var realm string
	for _, tenant := range nodes[0].SignOn().Registry().Tenants() {
		realm = tenant.Clients[0].Realm
	}
	client, ok := nodes[0].SignOn().Registry().Client(realm, shopCode)
	if !ok {
		t.Fatal("no client")
	}
	id := nodes[0].SignOn().StartAPISession(client, client.Secrets[0])
	got, err := nodes[1].SignOn().APISession(signon.APISessionRequest{Realm: realm, ID: id.Reveal(), Caller: netip.IPv6Loopback()})
	if err != nil || got.ID != shopCode {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestACallThatOneNodeWorksOnIsNotBegunAtAnother(t *testing.T) {
	t.Parallel()
	nodes := newNodes(t, 2, unlimited)
	sameCustomer(t, nodes)
	tenant := nodes[0].SignOn().Registry().Tenants()[0]
	call := func(n *node, do func(func([]byte) *signon.Reply) ([]byte, error)) (string, bool, error) {
		answer, repeated, err := n.SignOn().Once(t.Context(), &signon.OnceRequest{
			Client: &tenant.Clients[0], Key: "k1", Call: []string{"a call"}, Until: time.Now().Add(time.Minute),
		}, do)
		return string(answer), repeated, err
	}
	never := func(func([]byte) *signon.Reply) ([]byte, error) {
		t.Error("the call was done twice")
		return nil, errors.New("twice")
	}
	answer, _, err := call(nodes[0], func(reply func([]byte) *signon.Reply) ([]byte, error) {
		if _, _, err := call(nodes[1], never); signon.AsError(err).Code != signon.CodeConflict {
			t.Errorf("while it is being done: got %v, want a conflict", err)
		}
		u := &directory.User{Tenant: "shop", Username: "bea", FirstName: "Bea", LastName: "Lane", Email: "bea@example.com"}
		return []byte("done"), nodes[0].Directory().CreateUser(t.Context(), u, directory.Act{}, func(*directory.User) *signon.Reply { return reply([]byte("done")) })
	})
	if err != nil || answer != "done" {
		t.Fatalf("got %q, %v", answer, err)
	}
	if again, repeated, err := call(nodes[1], never); again != "done" || !repeated || err != nil {
		t.Errorf("afterwards: got %q, %v, %v, want the answer of the other node", again, repeated, err)
	}
}

func TestLimitsOnLiveLinksHoldOverAllNodes(t *testing.T) {
	t.Parallel()
	nodes := newNodes(t, 3, "{misses: 0, links_per_subject: 4, live_grants: 0}")
	sameCustomer(t, nodes)
	var links []string
	for i := range 4 {
		link, err := nodes[i%2].issue()
		if err != nil {
			t.Fatal(err)
		}
		links = append(links, link)
	}
	last := nodes[2]
	follow := func() {
		t.Helper()
		if _, err := last.SignOn().Follow(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	follow()
	if _, err := last.issue(); err == nil || !strings.Contains(err.Error(), "got 429") {
		t.Errorf("the fifth link: got %v, want 429", err)
	}
	if err := nodes[1].follow(links[0], newBrowser()); err != nil { // a link of another node
		t.Fatal(err)
	}
	if err := last.follow(links[1], newBrowser()); err != nil {
		t.Fatal(err)
	}
	follow()
	for i := range 3 {
		if _, err := last.issue(); (err == nil) != (i < 2) {
			t.Errorf("link %d after two of four were used: got %v", i, err)
		}
	}
}

func TestALinkThatIsUsedAtANodeBeforeThatKnowsOfItCountsOnce(t *testing.T) {
	t.Parallel()
	nodes := newNodes(t, 2, "{misses: 0, links_per_subject: 1, live_grants: 0}")
	sameCustomer(t, nodes)
	for range 3 {
		link, err := nodes[0].issue()
		if err != nil {
			t.Fatal(err)
		}
		if err := nodes[1].follow(link, newBrowser()); err != nil {
			t.Fatal(err)
		}
		for _, n := range nodes {
			if _, err := n.SignOn().Follow(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := nodes[1].issue(); err != nil {
		t.Errorf("none of three links is unused: got %v", err)
	}
}
