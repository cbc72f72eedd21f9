package operator

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// Grant is a grant as operators see it: no token, and nothing that leads to one.
type Grant struct {
	Reference   string     `json:"reference"`
	Tenant      string     `json:"tenant"`
	Client      string     `json:"client"`
	Destination string     `json:"destination"`
	Subject     string     `json:"subject"`
	SubjectKind string     `json:"subject_kind"` // customer, user or member
	State       string     `json:"state"`        // live, redeemed, revoked, voided or expired
	Target      string     `json:"target"`
	Language    string     `json:"language,omitempty"`
	Address     string     `json:"address,omitempty"` // the address or network that it is bound to
	Misses      int        `json:"misses,omitempty"`  // calls from other addresses
	IssuedAt    time.Time  `json:"issued_at"`
	ExpiresAt   time.Time  `json:"expires_at"`
	RedeemedAt  *time.Time `json:"redeemed_at,omitempty"`
}

func newGrant(g *signon.Grant, standing signon.Standing) *Grant {
	grant := &Grant{
		Reference: string(g.Key.Reference()), Tenant: string(g.Tenant), Client: g.Client, Destination: g.Destination, Subject: string(g.Subject),
		SubjectKind: string(g.SubjectKind), State: string(standing), Target: g.Target, Language: g.Language, Address: g.BoundAddr.String(), Misses: g.Misses,
		IssuedAt: g.IssuedAt.UTC(), ExpiresAt: g.ExpiresAt.UTC(),
	}
	if !g.RedeemedAt.IsZero() {
		at := g.RedeemedAt.UTC()
		grant.RedeemedAt = &at
	}
	return grant
}

// GrantQuery selects grants. The zero value selects all.
type GrantQuery struct {
	Tenant       string // empty: all, or with Customer, User or Member the only one
	Customer     string // an internal reference, or else an external one
	User         string // an ID, or else a username; not with Customer
	Member       string // a number; not with Customer or User
	Client       string
	Destination  string
	State        string
	Since, Until time.Time // when it was issued
	Limit        int64     // 0: all; else the first so many of what is selected
}

// listGrants sends the selected grants, in the order of [signon.Service.ListGrants].
func (h *handler) listGrants(w http.ResponseWriter, r request) error {
	f, err := h.grantFilter(r)
	if err != nil {
		return err
	}
	limit, err := number(r, "limit")
	if err != nil {
		return err
	}
	out := newMessages(w)
	err = h.SignOn.ListGrants(r.Context(), f, func(g *signon.Grant, standing signon.Standing) bool {
		out.send(Message{Grant: newGrant(g, standing)})
		limit--
		return limit != 0 && out.fail == nil
	})
	last := Message{End: true}
	if err != nil {
		last.Error = err.Error()
	}
	out.send(last)
	return nil
}

func (h *handler) grantFilter(r request) (f signon.GrantFilter, err error) {
	f = signon.GrantFilter{Client: r.param("client"), Destination: r.param("destination"), Standing: signon.Standing(r.param("state"))}
	if f.Standing != "" && !slices.Contains(signon.Standings(), f.Standing) {
		return f, badRequest(fmt.Errorf("%q is not one of live, redeemed, revoked, voided, expired", f.Standing))
	}
	if r.param("tenant") != "" || r.param("customer") != "" || r.param("user") != "" || r.param("member") != "" {
		if f.Tenant, err = h.tenant(r.Context(), r); err != nil {
			return f, err
		}
	}
	if f.Kind, f.Subject, err = h.person(r, f.Tenant); err != nil {
		return f, err
	}
	if f.Since, err = instant(r, "since"); err != nil {
		return f, err
	}
	f.Until, err = instant(r, "until")
	return f, err
}

// instant reads a parameter that is a time, or absent.
func instant(r request, name string) (time.Time, error) {
	text := r.param(name)
	if text == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return at, badRequest(fmt.Errorf("%s must be a time as in 2026-11-21T12:00:00Z", name))
	}
	return at, nil
}
