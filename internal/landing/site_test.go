package landing_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/dev"
	"github.com/latchkey-sso/latchkey/internal/dialect/avangate"
	"github.com/latchkey-sso/latchkey/internal/dialect/avangate/rest"
	"github.com/latchkey-sso/latchkey/internal/dialect/avangate/soap"
	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/inbound"
	"github.com/latchkey-sso/latchkey/internal/landing"
	"github.com/latchkey-sso/latchkey/internal/sandbox/shop"
	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/sqlite"
	"github.com/latchkey-sso/latchkey/internal/throttle"
)

// The people of the demo, and some of the tests' own.
const (
	john  = dev.CustomerID
	maria = 352365984
	// zoe has an expired card first, then a usable one, and an odd name.
	zoe = 352365990
)

// site is a server with the demo's people behind a real store.
type site struct {
	t      *testing.T
	base   string
	server *httptest.Server
	store  *failingStore
	signOn *signon.Service
	people *directory.Service
	clock  *clock
	log    *syncBuffer
	// serving: the pages are those of a real shop, not of the demo.
	serving atomic.Bool
}

// clock is a clock that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

type syncBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// failingStore is the real store, but for failures that a test asks for.
type failingStore struct {
	*sqlite.Store
	mu sync.Mutex
	// loseRedeem: redeem for real, then report that the outcome is not known.
	// loseUpdate: the same for the next update of a customer.
	loseRedeem, loseUpdate bool
	// loseUser: the same for the next user that is stored.
	loseUser bool
	// away: no session can be read.
	away bool
	// conflicts is how many of the next changes are said to be based on an older version.
	conflicts int
}

func (f *failingStore) RedeemGrant(ctx context.Context, r *signon.Redemption) (signon.RedeemOutcome, error) {
	out, err := f.Store.RedeemGrant(ctx, r)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.loseRedeem {
		f.loseRedeem = false
		return signon.RedeemOutcome{}, signon.Unavailable("commit", io.ErrUnexpectedEOF)
	}
	return out, err
}

func (f *failingStore) loseNextRedeem() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.loseRedeem = true
}

type siteOption func(*[]signon.Tenant)

func newSite(t *testing.T, options ...siteOption) *site {
	t.Helper()
	s := &site{t: t, clock: &clock{now: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)}, log: &syncBuffer{}}
	log := slog.New(slog.NewTextHandler(s.log, nil))
	keys, err := signon.NewKeyring(make([]byte, signon.RootKeyLen), nil)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "latchkey.db")
	if err := os.WriteFile(path, emptyStore(), 0o600); err != nil {
		t.Fatal(err)
	}
	store, err := sqlite.Open(t.Context(), sqlite.Options{Path: path, Keys: keys, Clock: s.clock, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	s.store = &failingStore{Store: store}
	s.people = directory.New(s.store, s.clock)
	s.signOn = signon.New(signon.Options{
		Store: s.store, Keys: keys, People: s.people, Log: log,
		Misses: throttle.New(30, 100), Failures: throttle.New(1000, 100), Refusals: throttle.New(1000, 100),
	})
	s.listen(log)
	s.declare(options)
	s.seed()
	return s
}

// emptyStore is the file of a store without content. To make it anew for each test
// takes longer than many of them.
var emptyStore = sync.OnceValue(func() []byte {
	folder, err := os.MkdirTemp("", "latchkey-store-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "latchkey.db")
	keys, err := signon.NewKeyring(make([]byte, signon.RootKeyLen), nil)
	if err != nil {
		panic(err)
	}
	store, err := sqlite.Open(context.Background(), sqlite.Options{Path: path, Keys: keys, Clock: &clock{}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		panic(err)
	}
	store.Close()
	file, err := os.ReadFile(path)
	if err != nil {
		panic(err)
	}
	return file
})

func (s *site) listen(log *slog.Logger) {
	addr := netip.MustParseAddr("192.0.2.7")
	s.server = httptest.NewUnstartedServer(nil)
	s.t.Cleanup(s.server.Close)
	s.base = fmt.Sprintf("http://localhost:%d", s.port())
	handlers := s.handlers(log) // by path; "" for all others
	s.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		info := &inbound.Info{SupportCode: inbound.NewSupportCode(), Addr: addr, Secure: r.Header.Get("X-Test-Secure") != ""}
		if from := r.Header.Get("X-Test-Addr"); from != "" {
			info.Addr = netip.MustParseAddr(from)
		}
		w.Header().Set(inbound.Header, info.SupportCode)
		path := r.URL.Path
		if area, _, below := strings.Cut(path[1:], "/"); below && handlers["/"+area+"/"] != nil {
			path = "/" + area + "/"
		}
		handler, ok := handlers[path]
		if !ok {
			handler = handlers[""]
		}
		if !ok && (r.Header.Get("X-Test-Serve") != "" || s.serving.Load()) {
			handler = handlers["serve"]
		}
		handler.ServeHTTP(w, r.WithContext(inbound.With(r.Context(), info)))
	})
	s.server.Start()
}

func (s *site) handlers(log *slog.Logger) map[string]http.Handler {
	start := dev.StartPage(dev.StartOptions{
		SignOn: s.signOn, Directory: s.people, Log: log, BaseURL: s.base, Ask: s.ask,
		AuthHeader: func(code, _ string) string {
			return fmt.Sprintf(`code="%s" date="2026-11-20 12:00:00" hash="29e85dbf92ce0113e7755c31c0438a7db98a4de9f910bf0a527e005f35e43739" algo="sha256"`, code)
		},
	})
	api := avangate.New(s.signOn, s.people)
	return map[string]http.Handler{
		"/rest/":          rest.New(rest.Options{API: api, Log: log}),
		"/soap/":          soap.New(soap.Options{API: api, Log: log, BaseURL: s.base}),
		"":                landing.New(landing.Options{SignOn: s.signOn, Directory: s.people, Log: log, ShowReasons: true}),
		"serve":           landing.New(landing.Options{SignOn: s.signOn, Directory: s.people, Log: log}),
		"/":               start,
		dev.OpenPath:      start,
		dev.CardEntryPath: dev.TestCards(s.signOn, log),
	}
}

// ask issues the start page's links as the APIs do, which are not all here.
func (s *site) ask(ctx context.Context, dialect string, a shop.Ask) (string, error) {
	dest, ok := s.signOn.Registry().DestinationByID(a.Person.Tenant, a.Destination)
	if !ok {
		return "", fmt.Errorf("there is no %s", a.Destination)
	}
	realm, id := "avangate", dev.MerchantCode
	if dialect == shop.Blue {
		realm, id = "bluesnap", dev.APIUser
	}
	client, ok := s.signOn.Registry().Client(realm, id)
	if !ok {
		return "", fmt.Errorf("there is no %s", id)
	}
	info := inbound.From(ctx)
	req := &signon.IssueRequest{
		Client: client, Destination: dest, Kind: a.Person.Kind, Subject: a.Person.Ref, Target: dest.Origins[0].String() + dest.Paths[0],
		TTL: a.TTL, Caller: info.Addr, SupportCode: info.SupportCode,
	}
	if dest.Kind == signon.KindPortal {
		req.Bind = info.Addr
	}
	if dest.Kind == signon.KindEntrance {
		a.Query = "contractId=" + dev.ContractID + "&target=step1"
	}
	if a.Query != "" {
		req.Target += "?" + a.Query
	}
	issued, err := s.signOn.Issue(ctx, req)
	if err != nil {
		return "", err
	}
	return issued.Link, nil
}

func (s *site) port() uint16 {
	_, port, err := net.SplitHostPort(s.server.Listener.Addr().String())
	if err != nil {
		s.t.Fatal(err)
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		s.t.Fatal(err)
	}
	return uint16(n)
}

func (s *site) declare(options []siteOption) {
	s.t.Helper()
	tenants, err := dev.Config(s.port()).Declared()
	if err != nil {
		s.t.Fatal(err)
	}
	for _, o := range options {
		o(&tenants)
	}
	if err := s.signOn.Apply(s.t.Context(), tenants); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) seed() {
	s.t.Helper()
	if err := dev.Seed(s.t.Context(), s.people); err != nil {
		s.t.Fatal(err)
	}
	batch := &directory.Batch{
		Customers: []*directory.Customer{{
			ID: zoe, Language: "en",
			Billing: directory.Contact{
				FirstName: "Zoë", LastName: "<b>O'Neil</b>", Address1: "1 Quay", City: "Cork", Zip: "T12", CountryCode: "ie", Email: "zoe@example.com",
			},
			Cards: []directory.Card{
				{Type: "visa", LastDigits: "0001", ExpirationMonth: 10, ExpirationYear: 2026, Cardholder: "Zoe", Token: "old"},
				{Type: "amex", LastDigits: "0002", ExpirationMonth: 11, ExpirationYear: 2026, Cardholder: "Zoe", Token: "good"},
			},
		}},
		Products: []*directory.Product{
			{ID: "unpriced", Name: "Priceless"},
			{ID: "dollars", Name: "Dollar Tool", Prices: []directory.Money{{Hundredths: 5_00, Currency: "USD"}}},
		},
	}
	if _, err := s.people.Import(s.t.Context(), "avangate", batch, directory.Act{}); err != nil {
		s.t.Fatal(err)
	}
}

// link asks the core for a link, as a dialect does.
func (s *site) link(customer int, kind signon.DestinationKind, target string, ttl time.Duration) string {
	s.t.Helper()
	return s.issue(customer, kind, target, ttl, netip.Addr{})
}

// boundLink returns a cart link that is for one address only.
func (s *site) boundLink(customer int, addr string) string {
	s.t.Helper()
	return s.issue(customer, signon.KindCart, "/order/checkout.php?PRODS=4639321", time.Minute, netip.MustParseAddr(addr))
}

func (s *site) issue(customer int, kind signon.DestinationKind, target string, ttl time.Duration, bind netip.Addr) string {
	s.t.Helper()
	client, ok := s.signOn.Registry().Client("avangate", dev.MerchantCode)
	if !ok {
		s.t.Fatal("no client")
	}
	dest, ok := s.signOn.Registry().Destination(client.Tenant, kind)
	if !ok {
		s.t.Fatal("no destination")
	}
	issued, err := s.signOn.Issue(s.t.Context(), &signon.IssueRequest{
		Client: client, Destination: dest, Kind: signon.SubjectCustomer, Subject: signon.SubjectRef(strconv.Itoa(customer)),
		Target: s.base + target, TTL: ttl, Bind: bind,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return issued.Link
}

func (s *site) cartLink(customer int, query string) string {
	s.t.Helper()
	return s.link(customer, signon.KindCart, "/order/checkout.php?"+query, time.Minute)
}

// browser keeps cookies as one does, and shows each answer on its own: it
// follows redirects only when asked to.
type browser struct {
	t       *testing.T
	site    *site
	host    string // Host header, when it is not the site's
	cookies map[string]string
	headers map[string]string
}

func (s *site) browser() *browser {
	return &browser{t: s.t, site: s, cookies: map[string]string{}, headers: map[string]string{}}
}

// answer is a response with its body read.
type answer struct {
	*http.Response
	body string
}

func (b *browser) do(method, address string, form url.Values) *answer {
	b.t.Helper()
	if strings.HasPrefix(address, "/") {
		address = b.site.base + address
	}
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(b.t.Context(), method, address, body)
	if err != nil {
		b.t.Fatal(err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for name, value := range b.headers {
		req.Header.Set(name, value)
	}
	if b.host != "" {
		req.Host = b.host
	}
	for name, value := range b.cookies {
		req.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	resp, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	b.keep(resp)
	return &answer{resp, string(text)}
}

func (b *browser) keep(resp *http.Response) {
	for _, c := range resp.Cookies() {
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		} else {
			b.cookies[c.Name] = c.Value
		}
	}
}

func (b *browser) get(address string) *answer {
	b.t.Helper()
	return b.do(http.MethodGet, address, nil)
}

func (b *browser) post(address string, form url.Values) *answer {
	b.t.Helper()
	return b.do(http.MethodPost, address, form)
}

// follow goes to the address and on through redirects.
func (b *browser) follow(address string) *answer {
	b.t.Helper()
	return b.onward(b.get(address))
}

func (b *browser) onward(a *answer) *answer {
	b.t.Helper()
	for range 10 {
		if a.StatusCode != http.StatusSeeOther {
			return a
		}
		to, err := a.Location()
		if err != nil {
			b.t.Fatal(err)
		}
		a = b.get(to.String())
	}
	b.t.Fatal("redirected in circles")
	return nil
}

// status fails the test when the answer has another one.
func (a *answer) status(t *testing.T, want int) *answer {
	t.Helper()
	if a.StatusCode != want {
		t.Fatalf("%s %s: got %d, want %d\n%s", a.Request.Method, a.Request.URL.Path, a.StatusCode, want, a.body)
	}
	return a
}

// shows fails the test when a text is missing.
func (a *answer) shows(t *testing.T, texts ...string) *answer {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(a.body, text) {
			t.Errorf("%s does not show %q", a.Request.URL.Path, text)
		}
	}
	return a
}

// hides fails the test when a text is there.
func (a *answer) hides(t *testing.T, texts ...string) *answer {
	t.Helper()
	for _, text := range texts {
		if strings.Contains(a.body, text) {
			t.Errorf("%s shows %q", a.Request.URL.Path, text)
		}
	}
	return a
}

var (
	inputs  = regexp.MustCompile(`<input [^>]*>`)
	selects = regexp.MustCompile(`(?s)<select [^>]*name="([^"]*)".*?</select>`)
	chosen  = regexp.MustCompile(`<option value="([^"]*)" selected>`)
	attrs   = regexp.MustCompile(`(\w+)="([^"]*)"`)
)

// form returns what a browser would send of the page's inputs, without buttons.
func (a *answer) form() url.Values {
	form := url.Values{}
	for _, input := range inputs.FindAllString(a.body, -1) {
		at := map[string]string{}
		for _, m := range attrs.FindAllStringSubmatch(input, -1) {
			at[m[1]] = unescape(m[2])
		}
		if at["name"] == "" { // only shown
			continue
		}
		if (at["type"] == "radio" || at["type"] == "checkbox") && !strings.Contains(input, " checked") {
			continue
		}
		form.Set(at["name"], at["value"])
	}
	for _, m := range selects.FindAllStringSubmatch(a.body, -1) {
		if c := chosen.FindStringSubmatch(m[0]); c != nil {
			form.Set(m[1], c[1])
		}
	}
	return form
}

func unescape(s string) string {
	return strings.NewReplacer("&#39;", "'", "&#34;", `"`, "&lt;", "<", "&gt;", ">", "&#43;", "+", "&amp;", "&").Replace(s)
}

// with returns a copy of the form with other values.
func with(form url.Values, pairs ...string) url.Values {
	changed := url.Values{}
	for name, values := range form {
		changed[name] = values
	}
	for i := 0; i < len(pairs); i += 2 {
		changed.Set(pairs[i], pairs[i+1])
	}
	return changed
}

// orders returns how many orders the vendor has.
func (s *site) orders() []directory.Order {
	s.t.Helper()
	orders, err := s.store.Orders(s.t.Context(), "avangate", "", 1000)
	if err != nil {
		s.t.Fatal(err)
	}
	return orders
}
