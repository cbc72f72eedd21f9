package bluesnap_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/dialect/bluesnap"
	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/inbound"
	"github.com/latchkey-sso/latchkey/internal/password"
	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/sqlite"
	"github.com/latchkey-sso/latchkey/internal/throttle"
)

// clock is a clock that a test moves.
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

// store is a store that fails or waits when it is told to.
type store struct {
	*sqlite.Store

	err          error  // of new grants, new users and reading users
	beforeGrant  func() // called before a grant is stored, unless nil
	beforeUpdate func() // called before a user is updated, unless nil
	afterClaim   func() // called once when a key has been claimed, unless nil
}

func (s *store) ClaimReply(ctx context.Context, key signon.ReplyKey, until time.Time) (*signon.Reply, error) {
	reply, err := s.Store.ClaimReply(ctx, key, until)
	if then := s.afterClaim; then != nil {
		s.afterClaim = nil
		then()
	}
	return reply, err
}

func (s *store) CreateGrant(ctx context.Context, g *signon.Grant, e *signon.Event, reply *signon.Reply) error {
	if s.beforeGrant != nil {
		s.beforeGrant()
	}
	if s.err != nil {
		return s.err
	}
	return s.Store.CreateGrant(ctx, g, e, reply)
}

func (s *store) CreateUser(ctx context.Context, u *directory.User, e *signon.Event, reply *signon.Reply) error {
	if s.err != nil {
		return s.err
	}
	return s.Store.CreateUser(ctx, u, e, reply)
}

func (s *store) UserByUsername(ctx context.Context, tenant signon.TenantID, name string) (*directory.User, error) {
	if s.err != nil {
		return nil, s.err
	}
	return s.Store.UserByUsername(ctx, tenant, name)
}

func (s *store) User(ctx context.Context, tenant signon.TenantID, id int64) (*directory.User, error) {
	if s.err != nil {
		return nil, s.err
	}
	return s.Store.User(ctx, tenant, id)
}

func (s *store) UpdateUser(ctx context.Context, u *directory.User, e *signon.Event) error {
	if s.beforeUpdate != nil {
		s.beforeUpdate()
	}
	return s.Store.UpdateUser(ctx, u, e)
}

// world is the dialect over a real store, with three merchants: own (1000001),
// which acts for linked (23424), and other (99999).
type world struct {
	testing.TB
	clock     *clock
	store     *store
	signOn    *signon.Service
	directory *directory.Service
	handler   http.Handler
	logged    *lockedBuffer
	caller    netip.Addr // where calls come from
}

const (
	own    signon.TenantID = "own"
	linked signon.TenantID = "linked"
	other  signon.TenantID = "other"
)

const portalHost = "https://portal.example"

// The API users, by name: their passwords, and whose they are. norole may do
// nothing, office calls from 198.51.100.0/24 alone, stranger is of other.
var passwords = map[string]string{"username": "password", "norole": "Password1234", "office": "Office-Password", "stranger": "Stranger-Password"}

var hashes = sync.OnceValue(func() map[string]signon.Secret {
	all := map[string]signon.Secret{}
	for user, plain := range passwords {
		hash, err := password.Hash(plain)
		if err != nil {
			panic(err)
		}
		all[user] = signon.Secret(hash)
	}
	return all
})

func apiUser(name string, capabilities ...signon.Capability) signon.Client {
	return signon.Client{Realm: bluesnap.Realm, ID: name, Secrets: []signon.Secret{hashes()[name]}, Capabilities: capabilities}
}

func merchants(tb testing.TB) []signon.Tenant {
	tb.Helper()
	origin := func(text string) []signon.Origin {
		o, err := signon.ParseOrigin(text)
		if err != nil {
			tb.Fatal(err)
		}
		return []signon.Origin{o}
	}
	merchant := func(id signon.TenantID, number string, clients ...signon.Client) signon.Tenant {
		return signon.Tenant{ID: id, Number: number, Clients: clients, Destinations: []signon.Destination{{
			ID: "portal", Kind: signon.KindPortal, Origins: origin(portalHost), Paths: []string{"/jsp/developer_login.jsp"}, TokenParam: "ref",
			DefaultTTL: 5 * time.Minute, MaxTTL: 5 * time.Minute, SessionTTL: 30 * time.Minute, AddrPolicy: signon.AddrExact,
			Policy: signon.PolicyDirect, Requires: signon.CapPrincipal,
		}, {
			ID: "entrance", Kind: signon.KindEntrance, Origins: origin("https://" + string(id) + ".example"), Paths: []string{"/jsp/entrance.jsp"}, TokenParam: "token",
			DefaultTTL: 10 * time.Minute, MaxTTL: 24 * time.Hour, SessionTTL: time.Hour, AddrPolicy: signon.AddrExact, Requires: signon.CapPrincipal,
		}}}
	}
	office := apiUser("office", signon.CapPrincipal)
	office.Networks = []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("2001:db8::1/128")}
	first := merchant(own, "1000001", apiUser("username", signon.CapPrincipal), apiUser("norole"), office)
	first.ActsFor = []signon.TenantID{linked}
	return []signon.Tenant{first, merchant(linked, "23424"), merchant(other, "99999", apiUser("stranger", signon.CapPrincipal))}
}

// judge is one for all worlds: what it remembers they need not compute again.
var judge = password.NewJudge()

func newWorld(tb testing.TB) *world {
	tb.Helper()
	w := &world{
		TB: tb, clock: &clock{now: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}, logged: &lockedBuffer{}, caller: netip.MustParseAddr("192.0.2.10"),
	}
	keys, err := signon.NewKeyring(bytes.Repeat([]byte{7}, signon.RootKeyLen), nil)
	if err != nil {
		tb.Fatal(err)
	}
	opened, err := sqlite.Open(tb.Context(), sqlite.Options{Path: filepath.Join(tb.TempDir(), "latchkey.db"), Keys: keys, Clock: w.clock})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = opened.Close() })
	w.store = &store{Store: opened}
	logger := slog.New(slog.NewTextHandler(w.logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	w.directory = directory.New(w.store, w.clock)
	w.signOn = signon.New(signon.Options{
		Store: w.store, Keys: keys, People: w.directory, Log: logger,
		Misses: throttle.New(30, 1000), Failures: throttle.New(10, 1000), Refusals: throttle.New(10_000, 1000),
	})
	tb.Cleanup(w.signOn.Finish)
	if err := w.signOn.Apply(tb.Context(), merchants(tb)); err != nil {
		tb.Fatal(err)
	}
	w.handler = bluesnap.New(bluesnap.Options{SignOn: w.signOn, Directory: w.directory, Passwords: judge, Log: logger})
	w.fill()
	return w
}

// fill stores user 1111001 of every merchant, and a shopper.
func (w *world) fill() {
	w.Helper()
	for tenant, first := range map[signon.TenantID]string{own: "Ada", linked: "Bea", other: "Cleo"} {
		name := strings.ToLower(first)
		u := &directory.User{
			Tenant: tenant, ID: 1111001, Username: name, FirstName: first, LastName: "Lane", Email: name + "@example.com",
			Permissions: directory.Permissions{directory.PermissionRefunds, directory.PermissionReports},
		}
		if err := w.directory.AddUser(w.Context(), u, directory.Act{}); err != nil {
			w.Fatal(err)
		}
	}
	john := directory.Contact{
		FirstName: "John", LastName: "Newman", Address1: "12 Orchard Street", City: "Springfield", State: "Illinois", Zip: "62704",
		CountryCode: "us", Phone: "2175550100", Email: "john.newman@example.com",
	}
	w.load(own, &directory.Batch{Customers: []*directory.Customer{{Tenant: own, ID: 352365983, ShopperID: 19363122, Language: "en", Billing: john}}})
	w.load(other, &directory.Batch{Customers: []*directory.Customer{{Tenant: other, ID: 352365983, ShopperID: 19363199, Language: "en", Billing: john}}})
}

func (w *world) load(tenant signon.TenantID, batch *directory.Batch) {
	w.Helper()
	if _, err := w.directory.Import(w.Context(), tenant, batch, directory.Act{}); err != nil {
		w.Fatal(err)
	}
}

// lockedBuffer is a log that several write to.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func basic(user, plain string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+plain))
}

const (
	asJSON = "application/json"
	asXML  = "application/xml"
)

// request builds a call of the API user called username. A body is of the type, and
// so shall be the answer.
func (w *world) request(method, target, body, mediaType string) *http.Request {
	w.Helper()
	r := httptest.NewRequest(method, "/services/2/"+target, strings.NewReader(body))
	r.Header.Set("Authorization", basic("username", passwords["username"]))
	if mediaType != "" {
		r.Header.Set("Accept", mediaType)
		if body != "" {
			r.Header.Set("Content-Type", mediaType)
		}
	}
	return r
}

// by makes the request one of another API user.
func by(user string, r *http.Request) *http.Request {
	r.Header.Set("Authorization", basic(user, passwords[user]))
	return r
}

// send lets the handler answer, behind what the server does for every request, and
// checks what holds for all answers.
func (w *world) send(r *http.Request) *httptest.ResponseRecorder {
	w.Helper()
	a := httptest.NewRecorder()
	info := &inbound.Info{SupportCode: "TESTCODE00", Addr: w.caller}
	a.Header().Set(inbound.Header, info.SupportCode)
	w.handler.ServeHTTP(a, r.WithContext(inbound.With(r.Context(), info)))
	w.checkAnswer(r, a)
	return a
}

func (w *world) checkAnswer(r *http.Request, a *httptest.ResponseRecorder) {
	w.Helper()
	h := a.Header()
	if h.Get("Cache-Control") != "no-store" {
		w.Errorf("%s %s: got headers %v, want no-store", r.Method, r.URL, h)
	}
	if a.Body.Len() == 0 {
		if r.Method != http.MethodHead && (r.Method != http.MethodDelete || a.Code != http.StatusOK) {
			w.Errorf("%s %s: %d without a body", r.Method, r.URL, a.Code)
		}
		return
	}
	var err error
	switch h.Get("Content-Type") {
	case asJSON:
		var object map[string]any
		err = json.Unmarshal(a.Body.Bytes(), &object)
	case asXML:
		err = wellFormed(a.Body.Bytes())
	default:
		w.Errorf("%s %s: Content-Type %q", r.Method, r.URL, h["Content-Type"])
	}
	if err != nil {
		w.Errorf("%s %s: %v in %s", r.Method, r.URL, err, a.Body)
	}
	if a.Code >= 400 {
		messageOf(w, a)
	}
}

// wellFormed returns an error unless the body is XML in the vendor's namespace.
func wellFormed(body []byte) error {
	d := xml.NewDecoder(bytes.NewReader(body))
	for {
		token, err := d.Token()
		switch start, ok := token.(xml.StartElement); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case ok && start.Name.Space != "http://ws.plimus.com":
			return &xml.SyntaxError{Msg: start.Name.Local + " is in another namespace"}
		}
	}
}

// message is the one that an error's answer has.
type message struct {
	Name        string `json:"errorName" xml:"error-name"`
	Code        string `json:"code" xml:"code"`
	Description string `json:"description" xml:"description"`
	Property    *struct {
		Name  string `json:"name" xml:"name"`
		Value string `json:"messageValue" xml:"message-value"`
	} `json:"invalidProperty" xml:"invalid-property"`
}

// property is the name of what was wrong.
func (m message) property() string {
	if m.Property == nil {
		return ""
	}
	return m.Property.Name
}

func messageOf(tb testing.TB, a *httptest.ResponseRecorder) message {
	tb.Helper()
	var body struct {
		XMLName  xml.Name  `json:"-" xml:"http://ws.plimus.com messages"`
		Messages []message `json:"message" xml:"http://ws.plimus.com message"`
	}
	var err error
	if a.Header().Get("Content-Type") == asXML {
		err = xml.Unmarshal(a.Body.Bytes(), &body)
	} else {
		d := json.NewDecoder(bytes.NewReader(a.Body.Bytes()))
		d.DisallowUnknownFields()
		err = d.Decode(&body)
	}
	if err != nil || len(body.Messages) != 1 || body.Messages[0].Name == "" || body.Messages[0].Description == "" {
		tb.Errorf("answer %d is no error (%v): %s", a.Code, err, a.Body)
		return message{}
	}
	return body.Messages[0]
}

const ownAddress = `{"requestingUserIp":" 62.216.234.216"}`

// login asks for a login token.
func (w *world) login(userID string) *httptest.ResponseRecorder {
	w.Helper()
	return w.send(w.request(http.MethodPost, "generateSSOLoginToken/"+userID, ownAddress, asJSON))
}

// tokenOf returns the login token of an answer that has to have one.
func tokenOf(tb testing.TB, a *httptest.ResponseRecorder) string {
	tb.Helper()
	var got struct{ LoginToken, LoginLink string }
	if err := json.Unmarshal(a.Body.Bytes(), &got); a.Code != http.StatusOK || err != nil || got.LoginToken == "" {
		tb.Fatalf("got %d %s, want a token", a.Code, a.Body)
	}
	return got.LoginToken
}
