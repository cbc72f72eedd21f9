package sandbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"github.com/latchkey-sso/latchkey/internal/config"
	"github.com/latchkey-sso/latchkey/internal/dev"
	"github.com/latchkey-sso/latchkey/internal/dialect/avangate/rest"
	"github.com/latchkey-sso/latchkey/internal/sandbox"
	"github.com/latchkey-sso/latchkey/internal/server"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// patience is how long a client waits. It ends hangs only.
const patience = 2 * time.Minute

// world is a whole demo with a sandbox, and a client of both.
type world struct {
	testing.TB
	url     string
	sandbox *sandbox.Sandbox
	client  *http.Client
	router  routers.Router // of the API's own description
}

func newWorld(t testing.TB, changes ...func(*config.Config)) *world {
	t.Helper()
	listeners, err := server.ListenLocal("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	tcp, _ := listeners[0].Addr().(*net.TCPAddr)
	cfg := dev.Config(tcp.AddrPort().Port())
	cfg.DataDir, cfg.RootKey = t.TempDir(), config.Literal(strings.Repeat("0f", 32))
	for _, change := range changes {
		change(cfg)
	}
	log := slog.New(slog.DiscardHandler)
	w := &world{TB: t, sandbox: sandbox.New(sandbox.Options{Log: log, BaseURL: cfg.PublicURL})}
	s, err := server.New(t.Context(), server.Options{
		Config: cfg, Log: log, Listeners: listeners, Demo: &server.Demo{Keys: dev.SeedKeys, People: dev.Seed, Sandbox: w.sandbox},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		w.sandbox.Stop()
		stop()
		if err := <-ended; err != nil {
			t.Errorf("stop the demo: %v", err)
		}
	})
	// A kept connection that is cut makes Go's client send the request again.
	w.client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	w.url = s.URL()
	w.router = w.document()
	return w
}

// document loads the API's description.
func (w *world) document() routers.Router {
	w.Helper()
	status, text := w.do(w.request(http.MethodGet, "/dev/api/openapi.yaml", ""))
	doc, err := openapi3.NewLoader().LoadFromData([]byte(text))
	if err == nil {
		err = doc.Validate(w.Context())
	}
	if status != http.StatusOK || err != nil {
		w.Fatalf("the description is answered with %d: %v", status, err)
	}
	doc.Servers = nil
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		w.Fatal(err)
	}
	return router
}

func (w *world) request(method, target, body string) *http.Request {
	w.Helper()
	r, err := http.NewRequestWithContext(w.Context(), method, w.url+target, strings.NewReader(body))
	if err != nil {
		w.Fatal(err)
	}
	return r
}

// do sends a request that has to be answered, in whatever way.
func (w *world) do(r *http.Request) (status int, body string) {
	w.Helper()
	status, _, body, err := w.try(r)
	if err != nil {
		w.Fatalf("%s %s: %v", r.Method, r.URL.Path, err)
	}
	return status, body
}

func (w *world) try(r *http.Request) (status int, header http.Header, body string, err error) {
	a, err := w.client.Do(r)
	if err != nil {
		return 0, nil, "", err
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	return a.StatusCode, a.Header, string(text), err
}

// api makes a call of the sandbox's API, which has to be answered with that status,
// and holds the answer against the API's description. into may be nil.
func (w *world) api(method, path, body string, want int, into any) {
	w.Helper()
	r := w.request(method, "/dev/api/"+path, body)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	status, header, text, err := w.try(r)
	if err != nil || status != want {
		w.Fatalf("%s %s: got %d %s (%v), want %d", method, path, status, text, err, want)
	}
	w.hold(r, []byte(body), status, header, []byte(text))
	if into == nil {
		return
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		w.Fatalf("%s %s: %v in %s", method, path, err, text)
	}
}

// hold holds an answer against the description.
func (w *world) hold(r *http.Request, sent []byte, status int, header http.Header, body []byte) {
	w.Helper()
	route, params, err := w.router.FindRoute(r)
	if err != nil {
		w.Fatalf("%s %s is not in the description: %v", r.Method, r.URL.Path, err)
	}
	r.Body = io.NopCloser(bytes.NewReader(sent))
	input := &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route, Options: &openapi3filter.Options{IncludeResponseStatus: true}}
	err = openapi3filter.ValidateResponse(w.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: status, Header: header, Body: io.NopCloser(bytes.NewReader(body)), Options: input.Options,
	})
	if err != nil {
		w.Errorf("%s %s: the answer %d is not as described: %v", r.Method, r.URL.Path, status, err)
	}
}

// ask builds a call of the demo's vendor for a link to the account area.
func (w *world) ask() *http.Request {
	w.Helper()
	r := w.request(http.MethodGet, "/rest/6.0/customers/352365983/account/my_products/", "")
	header, err := rest.Sign(dev.MerchantCode, time.Now(), dev.SecretKey, "")
	if err != nil {
		w.Fatal(err)
	}
	r.Header.Set(rest.AuthHeader, header)
	return r
}

var john = sandbox.Person{Tenant: "avangate", Kind: signon.SubjectCustomer, Ref: "352365983"}

// link is a link as the API answers it.
type link struct {
	Reference, Tenant, Client, Destination, Kind, Ref, Standing, Target, URL string

	IssuedAt   time.Time  `json:"issued_at"`
	ExpiresAt  time.Time  `json:"expires_at"`
	RedeemedAt *time.Time `json:"redeemed_at"`
}

// issue issues a link for John Newman.
func (w *world) issue(dialect, destination string) (l link) {
	w.Helper()
	w.api(http.MethodPost, "links", `{"dialect":"`+dialect+`","tenant":"avangate","kind":"customer","ref":"352365983","destination":"`+destination+`"}`,
		http.StatusCreated, &l)
	return l
}

// follow opens a link in a browser of its own and returns the status of the page
// that it comes to.
func (w *world) follow(url string) int {
	w.Helper()
	status, err := w.open(w.browser(), url)
	if err != nil {
		w.Fatal(err)
	}
	return status
}

func (w *world) browser() *http.Client {
	w.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.Fatal(err)
	}
	return &http.Client{Transport: w.client.Transport, Jar: jar, Timeout: patience}
}

func (w *world) open(browser *http.Client, url string) (status int, err error) {
	r, err := http.NewRequestWithContext(w.Context(), http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	a, err := browser.Do(r)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, a.Body)
	return a.StatusCode, errors.Join(err, a.Body.Close())
}

// quote writes a text as JSON.
func quote(text string) string {
	data, _ := json.Marshal(text) // a string always can be
	return string(data)
}
