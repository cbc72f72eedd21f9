package operator

import (
	"errors"
	"net/http"
	"net/netip"
	"slices"
	"strconv"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// RevokeRequest asks to end sign-ons: links that were not used yet, and sessions;
// or the tokens of applications. One of Reference, Customer, User, Member, App and
// Client is given.
type RevokeRequest struct {
	Tenant    string // empty: the only one
	Reference string // of one grant
	Customer  string // an internal reference, or else an external one: all of that person
	User      string // an ID, or else a username: all of that person
	Member    string // a number: all tokens of that person
	App       string // an application's id: all tokens for it
	Client    string // all that the client asked for
}

// Revoked tells what was ended.
type Revoked struct {
	Tenant string `json:"tenant"`
	// Ended is how many grants were ended, each with its session if it had one.
	Ended int `json:"ended"`
	// Void is whose tokens are void that were issued until then, however many there
	// are: "member 10001004", "app 01". Ended is 0 then.
	Void string `json:"void,omitempty"`
	// SupportCode is in the audit event of each.
	SupportCode string `json:"support_code"`
}

// revoke ends what is selected.
func (h *handler) revoke(w http.ResponseWriter, r request) error {
	if err := oneSelected(r); err != nil {
		return err
	}
	if r.param("app") != "" || r.param("member") != "" {
		return h.void(w, r)
	}
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

// void makes void what was issued for an application, or to a member: by one mark,
// so that nothing is missed that is being issued meanwhile.
func (h *handler) void(w http.ResponseWriter, r request) error {
	t, err := h.declaredTenant(r.Context(), r)
	if err != nil {
		return err
	}
	done := Revoked{Tenant: string(t.ID), SupportCode: r.supportCode}
	if id := r.param("app"); id != "" {
		if _, err := app(t, id); err != nil {
			return err
		}
		done.Void = signon.AppOwner(id)
		err = h.SignOn.VoidApp(r.Context(), t.ID, id, r.supportCode)
	} else {
		var ref signon.SubjectRef
		if ref, err = h.member(r.Context(), t.ID, r.param("member")); err != nil {
			return err
		}
		done.Void = "member " + string(ref)
		err = h.SignOn.VoidMember(r.Context(), &signon.Client{Tenant: t.ID}, ref, netip.Addr{}, r.supportCode)
	}
	if err != nil {
		return err
	}
	h.Log.Info("operator: void tokens", "tenant", t.ID, "app", r.param("app"), "support_code", r.supportCode)
	return answer(w, done)
}

// app returns the tenant's application with that id.
func app(t *signon.Tenant, id string) (*signon.Destination, error) {
	i := slices.IndexFunc(t.Destinations, func(d signon.Destination) bool { return d.ID == id && d.Kind == signon.KindApp })
	if i < 0 {
		return nil, notFound("tenant %s has no application %q", t.ID, id)
	}
	return &t.Destinations[i], nil
}

// declared reports whether the tenant has a client of that id.
func (h *handler) declared(tenant signon.TenantID, client string) bool {
	t, ok := h.SignOn.Registry().Tenant(tenant)
	return ok && slices.ContainsFunc(t.Clients, func(c signon.Client) bool { return c.ID == client })
}

// oneSelected returns an error unless exactly one kind of thing is named.
func oneSelected(r request) error {
	given := 0
	for _, name := range []string{"reference", "customer", "user", "member", "app", "client"} {
		if r.param(name) != "" {
			given++
		}
	}
	if given != 1 {
		return badRequest(errors.New("name a reference, a customer, a user, a member, an app or a client: exactly one of them"))
	}
	return nil
}

// selection reads what shall be ended.
func (h *handler) selection(r request) (sel signon.Selection, err error) {
	sel.Reference, sel.Client = signon.Reference(r.param("reference")), r.param("client")
	if sel.Tenant, err = h.tenant(r.Context(), r); err != nil {
		return sel, err
	}
	sel.Kind, sel.Subject, err = h.person(r, sel.Tenant)
	return sel, err
}
