package dev

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/inbound"
	"github.com/latchkey-sso/latchkey/internal/page"
	"github.com/latchkey-sso/latchkey/internal/sandbox"
	"github.com/latchkey-sso/latchkey/internal/sandbox/shop"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// OpenPath is where the start page's buttons lead: a POST with the name of a
// link makes a fresh one and follows it.
const OpenPath = "/dev/open"

//go:embed template
var templates embed.FS

// StartOptions are what the start page needs. All but CAFile are required.
type StartOptions struct {
	SignOn    *signon.Service
	Directory *directory.Service
	Log       *slog.Logger
	// BaseURL is the public base URL, as in "http://localhost:8080".
	BaseURL string
	// CAFile is where the demo's local authority is, or empty.
	CAFile string
	// AuthHeader returns the value of the header X-Avangate-Authentication for a
	// merchant code and its secret key, as of now.
	AuthHeader func(code, key string) string
	// Ask asks for a link in a dialect, by the API, as the demo's own shop does.
	Ask func(ctx context.Context, dialect string, a shop.Ask) (link string, err error)
}

type startPage struct {
	StartOptions
	pages *page.Set
	guard *http.CrossOriginProtection
}

// StartPage returns the handler of the demo's first page, for "/" and OpenPath.
func StartPage(o StartOptions) http.Handler {
	s := &startPage{StartOptions: o, pages: pages(), guard: http.NewCrossOriginProtection()}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.show)
	mux.HandleFunc("POST "+OpenPath, s.open)
	return mux
}

// pages returns the embedded pages of the demo, parsed once.
var pages = sync.OnceValue(func() *page.Set {
	files, err := fs.Sub(templates, "template")
	if err != nil {
		panic(err) // embedded
	}
	set, err := page.NewSet(files, nil)
	if err != nil {
		panic(err) // embedded
	}
	return set
})

// demoLink is one link that the start page offers.
type demoLink struct {
	Name, Title, Text, Button string
	Number                    int
	dialect                   string
	person                    sandbox.Person
	destination, query        string
}

var (
	john   = sandbox.Person{Tenant: tenant, Kind: signon.SubjectCustomer, Ref: ref(CustomerID)}
	maria  = sandbox.Person{Tenant: tenant, Kind: signon.SubjectCustomer, Ref: ref(noCardsID)}
	olivia = sandbox.Person{Tenant: tenant, Kind: signon.SubjectUser, Ref: ref(UserID)}
	asha   = sandbox.Person{Tenant: groupTenant, Kind: signon.SubjectMember, Ref: MemberNumber}
)

func ref(number int64) signon.SubjectRef { return signon.SubjectRef(strconv.FormatInt(number, 10)) }

// johnsCart is what John's link has in the cart.
const johnsCart = "PRODS=" + ProductID + "&QTY=1&CART=1"

var demoLinks = []demoLink{
	{
		Name: "cart", Title: "A cart, signed in", Button: "Open John’s cart",
		Text:    "John Newman has two cards on file and a delivery address of his own. All of it is filled in.",
		dialect: shop.REST, person: john, destination: "cart", query: johnsCart,
	},
	{
		Name: "cart-without-cards", Title: "A customer without cards", Button: "Open Maria’s cart",
		Text:    "Maria Keller pays with a new card, entered at a pretend payment processor, never in the cart itself.",
		dialect: shop.SOAP, person: maria, destination: "cart", query: "PRODS=1112233,4586004&QTY=1,2&CART=1",
	},
	{
		Name: "account", Title: "An account", Button: "Open John’s account",
		Text:    "The same kind of link leads into the account area: subscriptions, addresses, cards on file.",
		dialect: shop.JSONRPC, person: john, destination: "account",
	},
	{
		Name: "portal", Title: "A merchant’s portal", Button: "Open Olivia’s portal",
		Text:    "Olivia Bennett works for the merchant. Her link works from your address alone, and her session ends after half an hour.",
		dialect: shop.Blue, person: olivia, destination: "portal",
	},
	{
		Name: "entrance", Title: "A shopper’s token", Button: "Follow John’s token",
		Text:    "One token leads to the cart or the account, as the link says. This one names a contract and leads to the cart.",
		dialect: shop.Blue, person: john, destination: "entrance",
	},
	{
		Name: "lob", Title: "A line of business", Button: "Take Asha to ABC Funds",
		Text:    "Asha Menon is a member of a group of companies. Its app asks for a token, and the page of one of them validates it.",
		dialect: shop.LOB, person: asha, destination: FirstLOB,
	},
}

// startView is what the start page shows.
type startView struct {
	Links     []demoLink
	Curl      string
	APICurl   string
	LOBCurl   string
	Merchant  string // the number of the linked one
	Customers []customerRow
	Products  []directory.Product
	Vendors   []vendorRow
	BaseURL   string
}

type customerRow struct {
	Name, ID, ExternalRef string
	Cards                 []string
	Subscriptions         []string
}

type vendorRow struct{ Name, Code, Key, Base string }

func (s *startPage) show(w http.ResponseWriter, r *http.Request) {
	view := &startView{
		Curl: s.curl(), APICurl: ExampleCall(s.BaseURL, s.CAFile, inbound.From(r.Context()).Addr), LOBCurl: s.lobCurl(), Merchant: LinkedNumber, BaseURL: s.BaseURL, Vendors: s.vendors(),
	}
	for i, l := range demoLinks {
		l.Number = i + 1
		view.Links = append(view.Links, l)
	}
	if err := s.describe(r.Context(), view); err != nil {
		s.fail(w, r, err)
		return
	}
	page.SetHeaders(w.Header(), page.Policy{FormTargets: []string{s.BaseURL}})
	err := s.pages.Write(w, http.StatusOK, "start", &page.View{
		Language: page.FirstLanguage, Title: "Latchkey demo", Brand: "Latchkey", Content: view,
	})
	if err != nil {
		s.fail(w, r, err)
	}
}

// describe reads what the demo holds now.
func (s *startPage) describe(ctx context.Context, view *startView) error {
	for _, id := range []int64{CustomerID, noCardsID} {
		c, err := s.Directory.CustomerByID(ctx, tenant, id)
		if err != nil {
			return fmt.Errorf("read demo customer: %w", err)
		}
		row := customerRow{Name: c.Billing.FirstName + " " + c.Billing.LastName, ID: strconv.FormatInt(c.ID, 10), ExternalRef: c.ExternalRef}
		for _, card := range c.Cards {
			row.Cards = append(row.Cards, card.Label())
		}
		subscriptions, err := s.Directory.Subscriptions(ctx, directory.SubscriptionQuery{Tenant: tenant, CustomerID: id, Limit: 10})
		if err != nil {
			return fmt.Errorf("read demo subscriptions: %w", err)
		}
		for i := range subscriptions {
			row.Subscriptions = append(row.Subscriptions, subscriptions[i].Reference)
		}
		view.Customers = append(view.Customers, row)
	}
	found, err := s.Directory.Products(ctx, tenant, []string{ProductID, "1112233", "4586004"})
	if err != nil {
		return fmt.Errorf("read demo products: %w", err)
	}
	view.Products = found
	return nil
}

// vendors returns who may call the demo's API.
func (s *startPage) vendors() []vendorRow {
	rows := []vendorRow{{Code: MerchantCode, Key: SecretKey}, {Code: OtherMerchantCode, Key: OtherSecretKey}}
	for i, t := range []signon.TenantID{tenant, otherTenant} {
		if declared, ok := s.SignOn.Registry().Tenant(t); ok {
			rows[i].Name = declared.Name
		}
		if dest, ok := s.SignOn.Registry().Destination(t, signon.KindCart); ok {
			rows[i].Base = dest.Origins[0].String()
		}
	}
	return rows
}

// curl returns a command that asks for a link as a shop's back end does.
func (s *startPage) curl() string {
	target := url.QueryEscape(s.BaseURL + "/order/checkout.php?" + johnsCart)
	return fmt.Sprintf("%s -H 'X-Avangate-Authentication: %s' \\\n  '%s/rest/6.0/customers/%d/cart/?Url=%s&ValidityTime=300'",
		sandbox.CurlCommand(s.CAFile), s.AuthHeader(MerchantCode, SecretKey), s.BaseURL, CustomerID, target)
}

// lobCurl returns commands that ask for an access token, and with it for a token of
// the first line of business.
func (s *startPage) lobCurl() string {
	curl := sandbox.CurlCommand(s.CAFile)
	return fmt.Sprintf("ACCESS_TOKEN=$(%s -s '%s/oauth2/token' -u %s:%s -d grant_type=client_credentials | sed 's/.*\"access_token\":\"\\([^\"]*\\).*/\\1/')\n\n"+
		"%s -X POST '%s/v2/get_sso_token' \\\n  -H 'x-api-version: 1.0.0' -H 'x-lob-client-id: %s' \\\n"+
		"  -H 'Content-Type: application/json' -H \"Authorization: Bearer $ACCESS_TOKEN\" \\\n"+
		"  -d '{\"CIINo\": \"%s\", \"LOBId\": \"%s\", \"Functionality\": \"D\"}'",
		curl, s.BaseURL, LOBBearer, LOBSecret, curl, s.BaseURL, LOBClient, MemberNumber, FirstLOB)
}

// openTTL is how long a link from the start page may be followed.
const openTTL = time.Minute

// open makes a fresh link, as a vendor's back end would, and follows it.
func (s *startPage) open(w http.ResponseWriter, r *http.Request) {
	if err := s.guard.Check(r); err != nil {
		http.Error(w, "the form came from another site", http.StatusForbidden)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, 1<<10)
	name := r.PostFormValue("link")
	for _, l := range demoLinks {
		if l.Name != name {
			continue
		}
		link, err := s.Ask(r.Context(), l.dialect, shop.Ask{Person: l.person, Destination: l.destination, Query: l.query, TTL: openTTL})
		if err != nil {
			s.fail(w, r, fmt.Errorf("make demo link: %w", err))
			return
		}
		page.SetHeaders(w.Header(), page.Policy{SecretURL: true})
		w.Header().Set("Location", link)
		w.WriteHeader(http.StatusSeeOther)
		return
	}
	http.Error(w, "no link has that name", http.StatusNotFound)
}

func (s *startPage) fail(w http.ResponseWriter, r *http.Request, err error) {
	s.Log.Error("dev: start page failed", "support_code", inbound.From(r.Context()).SupportCode, "error", err)
	http.Error(w, "internal error", http.StatusInternalServerError)
}
