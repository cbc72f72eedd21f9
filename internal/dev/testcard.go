package dev

import (
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/latchkey-sso/latchkey/internal/inbound"
	"github.com/latchkey-sso/latchkey/internal/page"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// testCards are the published test numbers that the pretend processor takes,
// with their brands. They belong to nobody, and no other number is accepted.
var testCards = []struct{ Number, Brand, Name string }{
	{"4111 1111 1111 1111", "visa", "Visa"},
	{"4242 4242 4242 4242", "visa", "Visa"},
	{"5555 5555 5555 4444", "mastercard", "Mastercard"},
	{"3782 822463 10005", "amex", "American Express"},
	{"6011 1111 1111 1117", "discover", "Discover"},
}

// TestCards returns the handler of the page where the demo enters a new card:
// the part of a payment processor, played by `latchkey dev` alone. It sends the
// browser back to return_url with state, token, brand, last4 and exp, or with
// state and cancel=1. return_url must be at a registered cart or account host.
func TestCards(signOn *signon.Service, log *slog.Logger) http.Handler {
	t := &testCardPage{signOn: signOn, log: log, pages: pages(), guard: http.NewCrossOriginProtection()}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+CardEntryPath, t.show)
	mux.HandleFunc("POST "+CardEntryPath, t.enter)
	return mux
}

type testCardPage struct {
	signOn *signon.Service
	log    *slog.Logger
	pages  *page.Set
	guard  *http.CrossOriginProtection
}

// cardView is what the page shows. What was typed as a number never comes back.
type cardView struct {
	Cards                 any
	Amount, Order         string
	Expiry                string
	NumberError, ExpError string
	Cancel                string // where giving up leads
}

// back returns the address to return to, if it is a cart's or an account's.
func (t *testCardPage) back(r *http.Request) (*url.URL, bool) {
	u, err := url.Parse(r.URL.Query().Get("return_url"))
	if err != nil || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, false
	}
	for _, kind := range []signon.DestinationKind{signon.KindCart, signon.KindAccount} {
		_, dest, ok := t.signOn.Registry().At(u.Host, kind)
		if ok && slices.ContainsFunc(dest.Origins, func(o signon.Origin) bool { return o.String() == u.Scheme+"://"+strings.ToLower(u.Host) }) {
			return u, true
		}
	}
	return nil, false
}

// returning returns the address to return to with those parameters.
func returning(u *url.URL, state string, params url.Values) string {
	q := url.Values{"state": {state}}
	for name, values := range params {
		q[name] = values
	}
	to := *u
	to.RawQuery = q.Encode()
	return to.String()
}

func (t *testCardPage) show(w http.ResponseWriter, r *http.Request) {
	t.write(w, r, http.StatusOK, &cardView{})
}

func (t *testCardPage) write(w http.ResponseWriter, r *http.Request, status int, view *cardView) {
	back, ok := t.back(r)
	if !ok {
		http.Error(w, "return_url must be at a registered cart or account host", http.StatusBadRequest)
		return
	}
	q := r.URL.Query()
	view.Cards, view.Order = testCards, q.Get("order")
	view.Amount = strings.TrimSpace(q.Get("amount") + " " + q.Get("currency"))
	view.Cancel = returning(back, q.Get("state"), url.Values{"cancel": {"1"}})
	page.SetHeaders(w.Header(), page.Policy{FormTargets: []string{back.Scheme + "://" + back.Host}})
	err := t.pages.Write(w, status, "card", &page.View{
		Language: page.FirstLanguage, Title: "Enter a test card", Brand: "Pretend Payments", Narrow: true, Content: view,
	})
	if err != nil {
		t.log.Error("dev: card page failed", "support_code", inbound.From(r.Context()).SupportCode, "error", err)
		http.Error(w, "internal error", http.StatusInternalServerError)
	}
}

func (t *testCardPage) enter(w http.ResponseWriter, r *http.Request) {
	if err := t.guard.Check(r); err != nil {
		http.Error(w, "the form came from another site", http.StatusForbidden)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
	brand, last4, known := testCard(r.PostFormValue("number"))
	expiry, current := t.expiry(r.PostFormValue("expiry"))
	if !known || !current {
		view := &cardView{Expiry: r.PostFormValue("expiry")}
		if !known {
			view.NumberError = "Only the test numbers listed below are accepted."
		}
		if !current {
			view.ExpError = "Enter a month and year that are not over, as in 12/2030."
			view.Expiry = ""
		}
		t.write(w, r, http.StatusUnprocessableEntity, view)
		return
	}
	back, ok := t.back(r)
	if !ok {
		http.Error(w, "return_url must be at a registered cart or account host", http.StatusBadRequest)
		return
	}
	page.SetHeaders(w.Header(), page.Policy{SecretURL: true})
	w.Header().Set("Location", returning(back, r.URL.Query().Get("state"), url.Values{
		"token": {testToken()}, "brand": {brand}, "last4": {last4}, "exp": {expiry},
	}))
	w.WriteHeader(http.StatusSeeOther)
}

// testCard returns the brand and the last four digits of a test number.
func testCard(typed string) (brand, last4 string, ok bool) {
	digits := strings.NewReplacer(" ", "", "-", "").Replace(typed)
	for _, c := range testCards {
		if number := strings.ReplaceAll(c.Number, " ", ""); digits == number {
			return c.Brand, number[len(number)-4:], true
		}
	}
	return "", "", false
}

// expiry reads "MM/YY" or "MM/YYYY", a month that is not over, and returns it
// as "MM/YYYY".
func (t *testCardPage) expiry(typed string) (string, bool) {
	typed = strings.ReplaceAll(typed, " ", "")
	for _, layout := range []string{"1/06", "1/2006"} {
		month, err := time.Parse(layout, typed)
		if err == nil && month.AddDate(0, 1, 0).After(t.signOn.Now()) {
			return month.Format("01/2006"), true
		}
	}
	return "", false
}

// testToken returns a processor's name for a card: letters only, so that it
// never looks like a card number.
func testToken() string {
	return "test-" + strings.Map(func(r rune) rune {
		if r >= '2' && r <= '7' {
			return 'u' + r - '2'
		}
		return r
	}, strings.ToLower(rand.Text()))
}
