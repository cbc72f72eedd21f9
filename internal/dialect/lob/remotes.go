package lob

import (
	"fmt"
	"sync"

	"github.com/latchkey-sso/latchkey/internal/jwt"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// remotes are the key sets of other issuers, one for each address, for as long as a
// tenant has an issuer with it.
type remotes struct {
	*Handler

	mu       sync.Mutex
	declared *signon.Registry // by which it was last looked what is needed
	sets     map[string]*remote
}

type remote struct {
	keys    *jwt.Remote
	tenants map[signon.TenantID]bool // that asked for it
}

// get returns the key set at an address, for a tenant that has an issuer with it.
func (r *remotes) get(tenant signon.TenantID, address string) (*jwt.Remote, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	set, ok := r.sets[address]
	if !ok {
		keys, err := jwt.NewRemote(jwt.RemoteOptions{
			URL: address, AllowHTTP: r.LoopbackHTTP, Algorithm: issuerAlgorithm, Now: r.SignOn.Now, Roots: r.Roots,
			Outage: func(reason error) { r.outage(address, reason) },
		})
		if err != nil {
			return nil, fmt.Errorf("keys of an issuer: %w", err)
		}
		set = &remote{keys, map[signon.TenantID]bool{}}
		if r.sets == nil {
			r.sets = map[string]*remote{}
		}
		r.sets[address] = set
	}
	set.tenants[tenant] = true
	return set.keys, nil
}

// tidy drops the sets that nobody has an issuer for any more, when what is declared
// has changed since the last call.
func (r *remotes) tidy() {
	now := r.SignOn.Registry()
	r.mu.Lock()
	defer r.mu.Unlock()
	if now == r.declared {
		return
	}
	r.declared = now
	for address, set := range r.sets {
		for tenant := range set.tenants {
			if !declares(now, tenant, address) {
				delete(set.tenants, tenant)
			}
		}
		if len(set.tenants) == 0 {
			delete(r.sets, address)
		}
	}
}

func declares(r *signon.Registry, tenant signon.TenantID, address string) bool {
	t, ok := r.Tenant(tenant)
	if !ok {
		return false
	}
	for i := range t.Issuers {
		if !t.Issuers[i].Own && t.Issuers[i].KeysURL == address {
			return true
		}
	}
	return false
}

// outage tells operators that an issuer's keys can't be had, or can again.
func (r *remotes) outage(address string, reason error) {
	if reason == nil {
		r.Log.Info("keys of an issuer can be fetched again", "address", address)
		return
	}
	r.Log.Warn("keys of an issuer can't be fetched; those fetched before, if any, stay in use", "address", address, "error", reason)
}
