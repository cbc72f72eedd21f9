package landing

import (
	"net/http"
	"slices"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// portalIndexPage is the first page of the portal: who is signed in, for how long,
// and what they may do.
type portalIndexPage struct {
	FirstName              string
	Name, Username, Email  string
	Number                 string // the user's
	Merchant, MerchantCode string
	StartedAt, EndsAt      string
	Granted                granted
	NewLink                string
}

func (w *worker) getIndex() {
	u := w.user
	w.open(http.StatusOK, "portal", "portal.title", &portalIndexPage{
		FirstName: u.FirstName, Name: u.Name(), Username: u.Username, Email: u.Email, Number: string(u.Ref()),
		Merchant: w.tenant.Name, MerchantCode: w.tenant.Number,
		StartedAt: w.moment(w.language, w.session.StartedAt), EndsAt: w.moment(w.language, w.endsAt),
		Granted: grantedOf(u.Permissions), NewLink: w.newLink(),
	})
}

// merchantsPage is the merchants that the tenant's programs may act for, and those
// whose programs may act for the tenant.
type merchantsPage struct {
	Merchant string
	Rows     []merchantRow
	Alone    bool // it acts for nobody else
}

type merchantRow struct {
	Name, Number string
	// Own is the tenant itself; it acts for those that are Linked, and those that
	// are Acting for it.
	Own, Linked, Acting bool
}

func (w *worker) getMerchants() {
	acting := w.acting()
	content := &merchantsPage{
		Merchant: w.tenant.Name, Rows: []merchantRow{{Name: w.tenant.Name, Number: w.tenant.Number, Own: true}}, Alone: len(w.tenant.ActsFor) == 0,
	}
	for _, id := range w.tenant.ActsFor {
		if other, ok := w.SignOn.Registry().Tenant(id); ok {
			row := merchantRow{Name: other.Name, Number: other.Number, Linked: true}
			if i := slices.IndexFunc(acting, func(a merchantRow) bool { return a.Number == row.Number }); i >= 0 {
				row.Acting, acting = true, slices.Delete(acting, i, i+1)
			}
			content.Rows = append(content.Rows, row)
		}
	}
	content.Rows = append(content.Rows, acting...)
	w.open(http.StatusOK, "portal-merchants", "merchants.title", content)
}

// acting returns the merchants that may act for the user's.
func (w *worker) acting() (rows []merchantRow) {
	for _, t := range w.SignOn.Registry().ActingFor(w.tenant.ID) {
		rows = append(rows, merchantRow{Name: t.Name, Number: t.Number, Acting: true})
	}
	return rows
}

// apiPage is the programs that may call an API for the tenant.
type apiPage struct {
	Merchant string
	BaseURL  string
	// Example is a call that makes a link for the user who looks at the page, or
	// empty when there is no program that may ask for one.
	Example string
	Rows    []apiRow
	Acting  []merchantRow // whose programs may call for the tenant, too
}

type apiRow struct {
	Name, ID, Dialect string
	Principal         bool
	Networks          []string // from where it may call; none: from anywhere
	Secrets           int
}

// The dialect that speaks of users, and where it is served.
const (
	userRealm   = "bluesnap"
	userBaseURL = "/services/2"
)

// dialects are the names of the dialects, by the realm of their clients.
var dialects = map[string]string{"avangate": "2Checkout", userRealm: "BlueSnap"}

func (w *worker) getAPI() {
	content := &apiPage{Merchant: w.tenant.Name, BaseURL: w.origin.String() + userBaseURL, Acting: w.acting()}
	for i := range w.tenant.Clients {
		c := &w.tenant.Clients[i]
		row := apiRow{Name: c.Name, ID: c.ID, Dialect: dialects[c.Realm], Principal: c.Can(signon.CapPrincipal), Secrets: len(c.Secrets)}
		if row.Name == c.ID {
			row.Name = "" // nothing that the ID does not say
		}
		if row.Dialect == "" {
			row.Dialect = c.Realm
		}
		for _, n := range c.Networks {
			row.Networks = append(row.Networks, networkText(n))
		}
		if content.Example == "" && c.Realm == userRealm && row.Principal {
			content.Example = w.example(c.ID)
		}
		content.Rows = append(content.Rows, row)
	}
	w.open(http.StatusOK, "portal-api", "api.title", content)
}
