package landing

import (
	"net/http"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// The parameters of a link to an entrance, besides the token's.
const (
	paramContract = "contractId"
	paramEnter    = "target"
)

// enterable says which kind of destination a link to an entrance wants to go on
// to. What it does not say, or says in another way, means the account.
var enterable = map[string]signon.DestinationKind{
	"cp": signon.KindAccount, "step1": signon.KindCart, "step2": signon.KindCart, "paypal": signon.KindCart,
}

// entrance returns where the link leads on to: what it asks for, or what there is
// of the tenant at this host. ok is false when there is neither.
func (v *visit) entrance() (to entry, ok bool) {
	to.Site = signon.Site{Tenant: v.tenant, Destination: v.dest}
	kind, other := signon.KindAccount, signon.KindCart
	if enterable[v.params.get(paramEnter)] == signon.KindCart {
		kind, other = other, kind
	}
	for _, kind := range []signon.DestinationKind{kind, other} {
		tenant, dest, here := v.SignOn.Registry().At(v.r.Host, kind)
		if !here || tenant.ID != v.tenant.ID {
			continue
		}
		if to.enter == nil {
			to.enter = dest
		}
		if to.held == nil { // of a repeat, perhaps, that asks for another place than the first did
			to.held = v.holding(kind)
		}
	}
	return to, to.enter != nil
}

// contracted returns the product that the link names: by what the tenant calls
// the contract, or by the product's own number. The cart says so when there is none.
func (v *visit) contracted() params {
	contract := v.params.get(paramContract)
	product := v.dest.Settings["contract@"+contract]
	if product == "" {
		product = contract
	}
	if !validProduct(product) {
		return nil
	}
	return params{{paramProducts, product}}
}

// getEntrance answers a link without a token: it leads to where it would sign
// somebody in.
func (v *visit) getEntrance() {
	to, ok := v.entrance()
	if !ok {
		v.message(http.StatusNotFound, "nowhere")
		return
	}
	v.see(homes[to.enter.Kind])
}
