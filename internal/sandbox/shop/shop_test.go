package shop_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/config"
	"github.com/latchkey-sso/latchkey/internal/dev"
	"github.com/latchkey-sso/latchkey/internal/inbound"
	"github.com/latchkey-sso/latchkey/internal/sandbox"
	"github.com/latchkey-sso/latchkey/internal/sandbox/shop"
	"github.com/latchkey-sso/latchkey/internal/server"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// demo runs a whole server with the demo's data, and returns what a shop needs to
// know of it.
func demo(t *testing.T) shop.Options {
	t.Helper()
	listeners, err := server.ListenLocal("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	tcp, _ := listeners[0].Addr().(*net.TCPAddr)
	cfg := dev.Config(tcp.AddrPort().Port())
	cfg.DataDir, cfg.RootKey = t.TempDir(), config.Literal(strings.Repeat("0f", 32))
	log := slog.New(slog.DiscardHandler)
	s, err := server.New(t.Context(), server.Options{
		Config: cfg, Log: log, Listeners: listeners,
		Demo: &server.Demo{Keys: dev.SeedKeys, People: dev.Seed, Sandbox: sandbox.New(sandbox.Options{Log: log, BaseURL: cfg.PublicURL})},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("stop the demo: %v", err)
		}
	})
	tenants, err := cfg.Declared()
	if err != nil {
		t.Fatal(err)
	}
	registry, err := signon.NewRegistry(tenants)
	if err != nil {
		t.Fatal(err)
	}
	return shop.Options{
		BaseURL: s.URL(), Registry: registry, Credentials: dev.Credentials(),
		Shopper: func(_ context.Context, p sandbox.Person) (int64, error) {
			if p == john {
				return dev.ShopperID, nil
			}
			return 0, nil
		},
	}
}

var (
	john   = sandbox.Person{Tenant: "avangate", Kind: signon.SubjectCustomer, Ref: "352365983"}
	maria  = sandbox.Person{Tenant: "avangate", Kind: signon.SubjectCustomer, Ref: "352365984"}
	ada    = sandbox.Person{Tenant: "othershop", Kind: signon.SubjectCustomer, Ref: "100000001"}
	olivia = sandbox.Person{Tenant: "avangate", Kind: signon.SubjectUser, Ref: "1111001"}
	mary   = sandbox.Person{Tenant: "merchant-23424", Kind: signon.SubjectUser, Ref: "1222001"}
	asha   = sandbox.Person{Tenant: "abc-group", Kind: signon.SubjectMember, Ref: "10001004"}
)

// follow opens a link in a browser of its own at an address, and returns the page
// that it comes to.
func follow(t *testing.T, link, from string) (status int, page string) {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, link, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Forwarded-For", from)
	browser := &http.Client{Jar: jar, CheckRedirect: func(next *http.Request, _ []*http.Request) error {
		next.Header.Set("X-Forwarded-For", from)
		return nil
	}}
	defer browser.CloseIdleConnections()
	answer, err := browser.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}

const home, elsewhere = "192.0.2.7", "192.0.2.8"

// atHome is the context of a request from a browser at home.
func atHome(t *testing.T) context.Context {
	t.Helper()
	return inbound.With(t.Context(), &inbound.Info{Addr: netip.MustParseAddr("::ffff:" + home)})
}

func TestEachDialectSignsPeopleOn(t *testing.T) {
	t.Parallel()
	s := shop.New(demo(t))
	for _, c := range []struct {
		dialect, destination string
		person               sandbox.Person
		shows                string
	}{
		{shop.REST, "cart", john, "Hot Talks Messenger"},
		{shop.REST, "account", john, "John"},
		{shop.REST, "account", ada, "Ada"},
		{shop.SOAP, "cart", maria, "Hot Talks Messenger"},
		{shop.SOAP, "account", maria, "Maria"},
		{shop.JSONRPC, "cart", ada, "Other Shop Starter"},
		{shop.JSONRPC, "account", john, "John"},
		{shop.Blue, "portal", olivia, "Olivia Bennett"},
		{shop.Blue, "portal", mary, "Mary Hargreaves"},
		{shop.Blue, "entrance", john, "Hot Talks Messenger"},
		{shop.LOB, "01", asha, "ABC Funds"},
		{shop.LOB, "03", asha, "ABC Finance"},
	} {
		link, err := s.Link(atHome(t), c.dialect, shop.Ask{Person: c.person, Destination: c.destination, TTL: time.Minute})
		if err != nil {
			t.Errorf("%s to %s of %v: %v", c.dialect, c.destination, c.person, err)
			continue
		}
		if status, page := follow(t, link, home); status != http.StatusOK || !strings.Contains(page, c.shows) {
			t.Errorf("%s to %s of %v: got status %d and no %q", c.dialect, c.destination, c.person, status, c.shows)
		}
	}
}

// A link that is bound to an address is bound to that of the browser from which it
// was asked for, whatever address asks the API.
func TestPortalLinksAreForTheBrowserThatAsked(t *testing.T) {
	t.Parallel()
	s := shop.New(demo(t))
	link, err := s.Link(atHome(t), shop.Blue, shop.Ask{Person: olivia, Destination: "portal"})
	if err != nil {
		t.Fatal(err)
	}
	if status, _ := follow(t, link, elsewhere); status != http.StatusForbidden {
		t.Errorf("from elsewhere: got status %d, want 403", status)
	}
	if status, _ := follow(t, link, home); status != http.StatusOK {
		t.Errorf("from home: got status %d, want 200", status)
	}
	link, err = s.Link(t.Context(), shop.Blue, shop.Ask{Person: olivia, Destination: "portal"})
	if err != nil {
		t.Fatal(err)
	}
	if status, _ := follow(t, link, "127.0.0.1"); status != http.StatusOK {
		t.Errorf("from nobody knows where: got status %d at this machine, want 200", status)
	}
}

// The sandbox's own API issues links for the address at which it is called.
func TestLinksOfTheSandboxAreForWhoeverAskedIt(t *testing.T) {
	t.Parallel()
	o := demo(t)
	body := `{"dialect":"bluesnap","tenant":"avangate","kind":"user","ref":"1111001","destination":"portal"}`
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, o.BaseURL+"/dev/api/links", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Forwarded-For", home)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var link struct{ URL string }
	if err := json.NewDecoder(answer.Body).Decode(&link); err != nil || answer.StatusCode != http.StatusCreated {
		t.Fatalf("got status %d, %v", answer.StatusCode, err)
	}
	if status, _ := follow(t, link.URL, elsewhere); status != http.StatusForbidden {
		t.Errorf("from elsewhere: got status %d, want 403", status)
	}
	if status, page := follow(t, link.URL, home); status != http.StatusOK || !strings.Contains(page, "Olivia Bennett") {
		t.Errorf("from home: got status %d, want Olivia's portal", status)
	}
}

func TestATenantThatSellsNothingHasACartAllTheSame(t *testing.T) {
	t.Parallel()
	o := demo(t)
	o.Credentials = []shop.Credentials{
		{Tenant: "avangate", MerchantCode: dev.MerchantCode, SecretKey: dev.SecretKey, User: dev.APIUser, Password: dev.APIPassword},
		{Tenant: "avangate", MerchantCode: "ANOTHER", SecretKey: "of the same tenant"},
	}
	s := shop.New(o)
	for dialect, destination := range map[string]string{shop.REST: "cart", shop.Blue: "entrance"} {
		link, err := s.Link(t.Context(), dialect, shop.Ask{Person: john, Destination: destination, TTL: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		if status, page := follow(t, link, home); status != http.StatusOK || !strings.Contains(page, "John") {
			t.Errorf("%s: got status %d, want a page of John's", destination, status)
		}
	}
	for _, issuer := range s.Issuers() {
		if len(issuer.Offers) != 2 {
			t.Errorf("%s: got %v, want each destination once", issuer.Dialect, issuer.Offers)
		}
	}
}

func TestIssuersOfferWhatTheDemoHas(t *testing.T) {
	t.Parallel()
	o := demo(t)
	got := map[string][]string{}
	for _, issuer := range shop.New(o).Issuers() {
		for _, offer := range issuer.Offers {
			got[issuer.Dialect] = append(got[issuer.Dialect], string(offer.Tenant)+" "+offer.Destination+" "+offer.Title+" "+string(offer.Kind))
			who := john
			for _, p := range []sandbox.Person{ada, olivia, mary, asha} {
				if p.Tenant == offer.Tenant && p.Kind == offer.Kind {
					who = p
				}
			}
			link, err := issuer.Issue(t.Context(), offer, who)
			if err != nil {
				t.Errorf("%s: %v: %v", issuer.Dialect, offer, err)
				continue
			}
			if status, _ := follow(t, link, "127.0.0.1"); status != http.StatusOK {
				t.Errorf("%s: %v: the link is answered %d", issuer.Dialect, offer, status)
			}
			if offer.Tenant == "avangate" && offer.Kind == signon.SubjectCustomer && offer.Destination != "entrance" {
				if link, err := issuer.Issue(t.Context(), offer, ada); err == nil {
					t.Errorf("%s: %v: got %q for somebody of another tenant", issuer.Dialect, offer, link)
				}
			}
		}
	}
	vendor := []string{"avangate cart Cart customer", "avangate account Account customer", "othershop cart Cart customer", "othershop account Account customer"}
	want := map[string][]string{
		shop.REST: vendor, shop.SOAP: vendor, shop.JSONRPC: vendor,
		shop.Blue: {"avangate portal Merchant Portal user", "avangate entrance Shopper’s entrance customer", "merchant-23424 portal Merchant Portal user"},
		shop.LOB:  {"abc-group 01 01 ABC Funds member", "abc-group 03 03 ABC Finance member"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("offers (-want +got):\n%s", diff)
	}
}

// wire notes the requests that go out.
type wire struct {
	mu   sync.Mutex
	sent []string
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	path, _, _ := strings.Cut(r.URL.RequestURI(), "?")
	w.sent = append(w.sent, r.Method+" "+path)
	return http.DefaultTransport.RoundTrip(r)
}

func TestItCallsAsClientsDo(t *testing.T) {
	t.Parallel()
	o, w := demo(t), &wire{}
	o.HTTP = &http.Client{Transport: w}
	s := shop.New(o)
	for _, c := range []struct {
		dialect, destination string
		person               sandbox.Person
		want                 []string
	}{
		{shop.REST, "cart", john, []string{"GET /rest/6.0/customers/352365983/cart/"}},
		{shop.REST, "account", john, []string{"GET /rest/6.0/customers/352365983/account/index/"}},
		{shop.SOAP, "cart", john, []string{"POST /soap/6.0/", "POST /soap/6.0/"}},
		{shop.JSONRPC, "account", john, []string{"POST /rpc/6.0/", "POST /rpc/6.0/"}},
		{shop.Blue, "portal", olivia, []string{"POST /services/2/generateSSOLoginToken/1111001"}},
		{shop.Blue, "entrance", john, []string{"GET /services/2/tools/auth-token"}},
	} {
		w.sent = nil
		if _, err := s.Link(t.Context(), c.dialect, shop.Ask{Person: c.person, Destination: c.destination}); err != nil || !slices.Equal(w.sent, c.want) {
			t.Errorf("%s to %s: got %v, %v, want %v", c.dialect, c.destination, w.sent, err, c.want)
		}
	}
}

func TestRefusalsSayWhatTheAPISaidAndNoSecret(t *testing.T) {
	t.Parallel()
	right := demo(t)
	wrong := right
	wrong.Credentials = []shop.Credentials{
		{Tenant: "avangate", MerchantCode: dev.MerchantCode, SecretKey: "canary-key", User: dev.APIUser, Password: "canary-password"},
		{Tenant: "abc-group", LOBClient: dev.LOBClient, Bearer: dev.LOBBearer, BearerSecret: "canary-secret"},
	}
	nobody := john
	nobody.Ref = "999999999"
	for _, c := range []struct {
		o                         shop.Options
		dialect, destination, say string
		person                    sandbox.Person
	}{
		{right, shop.REST, "cart", "CUSTOMER_NOT_FOUND", nobody},
		{right, shop.SOAP, "account", "CUSTOMER_NOT_FOUND", nobody},
		{right, shop.JSONRPC, "account", "CUSTOMER_NOT_FOUND", nobody},
		{right, shop.Blue, "portal", "USER_NOT_AUTHORIZED", sandbox.Person{Tenant: "avangate", Kind: signon.SubjectUser, Ref: "1"}},
		{right, shop.Blue, "entrance", "no shopper", maria},
		{right, shop.LOB, "01", "valid CII", sandbox.Person{Tenant: "abc-group", Kind: signon.SubjectMember, Ref: "1"}},
		{right, shop.LOB, "02", "nobody can ask", asha},
		{right, shop.REST, "portal", "nobody can ask", olivia},
		{right, shop.REST, "nothing", "no destination", john},
		{right, "nothing", "cart", "nobody can ask", john},
		{wrong, shop.REST, "cart", "AUTHENTICATION_ERROR", john},
		{wrong, shop.SOAP, "cart", "AUTHENTICATION_FAILED", john},
		{wrong, shop.JSONRPC, "cart", "AUTHENTICATION_FAILED", john},
		{wrong, shop.Blue, "portal", "401", olivia},
		{wrong, shop.Blue, "entrance", "401", john},
		{wrong, shop.LOB, "01", "400", asha},
	} {
		link, err := shop.New(c.o).Link(t.Context(), c.dialect, shop.Ask{Person: c.person, Destination: c.destination})
		switch {
		case err == nil:
			t.Errorf("%s to %s: got %q, want an error", c.dialect, c.destination, link)
		case !strings.Contains(err.Error(), c.say) || strings.Contains(err.Error(), "canary"):
			t.Errorf("%s to %s: got %q, want it to say %q and no secret", c.dialect, c.destination, err, c.say)
		}
	}
}

// A connection that is cut is what somebody asked for, perhaps. Sent again, the
// call would succeed.
func TestACallThatIsCutIsNotRepeated(t *testing.T) {
	t.Parallel()
	o := demo(t)
	var mu sync.Mutex
	calls := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if calls++; calls == 1 {
			_, _ = io.WriteString(w, `"http://localhost/order/checkout.php?PRODS=1&logintoken=x"`)
			return
		}
		panic(http.ErrAbortHandler)
	}))
	defer server.Close()
	o.BaseURL = server.URL
	s := shop.New(o)
	ask := shop.Ask{Person: john, Destination: "cart"}
	if _, err := s.Link(t.Context(), shop.REST, ask); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Link(t.Context(), shop.REST, ask); !errors.Is(err, io.EOF) || calls != 2 {
		t.Errorf("got %v after %d calls, want that the connection ended, after 2", err, calls)
	}
}
