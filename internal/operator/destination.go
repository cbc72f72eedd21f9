package operator

import (
	"fmt"
	"net/http"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// URLQuery asks whether links may point at a URL.
type URLQuery struct {
	URL         string
	Tenant      string // empty: every one
	Destination string // cart or account; empty: every one
}

// URLVerdict says whether a destination's links may point at a URL.
type URLVerdict struct {
	Tenant      string `json:"tenant"`
	Destination string `json:"destination"`
	Accepted    bool   `json:"accepted"`
	// Rule is what the URL breaks, unless it is accepted: "must …" or "is …".
	Rule string `json:"rule,omitempty"`
}

// checkURL judges a URL by the rules for links, at each destination asked about.
func (h *handler) checkURL(w http.ResponseWriter, r request) error {
	tenants, err := h.Store.Tenants(r.Context())
	if err != nil {
		return fmt.Errorf("read tenants: %w", err)
	}
	var only signon.TenantID
	if r.param("tenant") != "" {
		if only, err = h.tenant(r.Context(), r); err != nil {
			return err
		}
	}
	verdicts := []URLVerdict{}
	for i := range tenants {
		if only == "" || tenants[i].ID == only {
			verdicts = append(verdicts, judge(&tenants[i], r.param("destination"), r.param("url"))...)
		}
	}
	if len(verdicts) == 0 {
		return notFound("no such destination is declared")
	}
	return answer(w, verdicts)
}

func judge(t *signon.Tenant, destination, url string) (verdicts []URLVerdict) {
	for i := range t.Destinations {
		d := &t.Destinations[i]
		if destination != "" && destination != d.ID {
			continue
		}
		v := URLVerdict{Tenant: string(t.ID), Destination: d.ID, Accepted: true}
		if _, err := d.CheckTarget(url); err != nil {
			v.Accepted, v.Rule = false, signon.AsError(err).Rule
		}
		verdicts = append(verdicts, v)
	}
	return verdicts
}
