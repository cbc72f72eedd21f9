package operator

import (
	"errors"
	"net/http"
	"slices"
	"strconv"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// RevokeRequest asks to end sign-ons: links that were not used yet, and sessions.
// One of Reference, Customer, User and Client is given.
type RevokeRequest struct {
	Tenant    string // empty: the only one
	Reference string // of one grant
	Customer  string // an internal reference, or else an external one: all of that person
	User      string // an ID, or else a username: all of that person
	Client    string // all that the client asked for
}

// Revoked tells what was ended.
type Revoked struct {
	Tenant string `json:"tenant"`
	// Ended is how many grants were ended, each with its session if it had one.
	Ended int `json:"ended"`
	// SupportCode is in the audit event of each.
	SupportCode string `json:"support_code"`
}

// revoke ends what is selected.
func (h *handler) revoke(w http.ResponseWriter, r request) error {
	sel, err := h.selection(r)
	if err != nil {
		return err
	}
	ended, err := h.SignOn.Revoke(r.Context(), sel, r.supportCode)
	h.Log.Info("operator: revoke", "tenant", sel.Tenant, "client", sel.Client, "ended", ended, "support_code", r.supportCode)
	if e := signon.AsError(err); e != nil && e.Code == signon.CodeInvalid {
		return badRequest(errors.New(e.Argument + " " + e.Rule))
	}
	if err != nil {
		return err
	}
	if ended == 0 && sel.Client != "" && !h.declared(sel.Tenant, sel.Client) {
		return badRequest(errors.New("no client " + strconv.Quote(sel.Client) + " is declared for tenant " + strconv.Quote(string(sel.Tenant)) + ", and nothing was asked for by one"))
	}
	return answer(w, Revoked{Tenant: string(sel.Tenant), Ended: ended, SupportCode: r.supportCode})
}

// declared reports whether the tenant has a client of that id.
func (h *handler) declared(tenant signon.TenantID, client string) bool {
	t, ok := h.SignOn.Registry().Tenant(tenant)
	return ok && slices.ContainsFunc(t.Clients, func(c signon.Client) bool { return c.ID == client })
}

// selection reads what shall be ended: exactly one kind of thing.
func (h *handler) selection(r request) (sel signon.Selection, err error) {
	sel.Reference, sel.Client = signon.Reference(r.param("reference")), r.param("client")
	given := 0
	for _, text := range []string{r.param("customer"), r.param("user"), string(sel.Reference), sel.Client} {
		if text != "" {
			given++
		}
	}
	if given != 1 {
		return sel, badRequest(errors.New("name a reference, a customer, a user or a client: exactly one of them"))
	}
	if sel.Tenant, err = h.tenant(r.Context(), r); err != nil {
		return sel, err
	}
	sel.Kind, sel.Subject, err = h.person(r, sel.Tenant)
	return sel, err
}
