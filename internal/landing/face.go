package landing

import (
	"github.com/latchkey-sso/latchkey/internal/page"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// face is what a page shows of whose it is.
type face struct {
	name           string
	look           page.Look
	support, email string
	newLink        string
}

// face returns what the page shows of whose it is. A page of nobody, at a host that
// several tenants share, shows what they all have alike: it is none of theirs.
func (v *visit) face() face {
	if v.tenant == nil {
		return face{}
	}
	shown := v.faceOf(signon.Site{Tenant: v.tenant, Destination: v.dest})
	if v.common {
		for _, at := range v.SignOn.Registry().Sites(v.r.Host, v.dest.Kind) {
			shown = shown.shared(v.faceOf(at))
		}
	}
	return shown
}

func (v *visit) faceOf(at signon.Site) face {
	newLink := at.Destination.Settings["refresh_url@"+v.origin.HostPort()]
	if newLink == "" {
		newLink = at.Destination.Settings["refresh_url"]
	}
	t := at.Tenant
	return face{t.Name, v.brands.of(t).Look(), t.SupportURL, t.SupportEmail, newLink}
}

// shared returns what both have alike.
func (f face) shared(other face) face {
	return face{
		alikeOr(f.name, other.name), alikeOr(f.look, other.look),
		alikeOr(f.support, other.support), alikeOr(f.email, other.email), alikeOr(f.newLink, other.newLink),
	}
}

// alikeOr returns what both are, or nothing.
func alikeOr[T comparable](a, b T) T {
	if a == b {
		return a
	}
	var none T
	return none
}
