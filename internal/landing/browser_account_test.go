package landing_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// TestBrowserAccount: the account area as a browser shows it.
func TestBrowserAccount(t *testing.T) {
	parent := chromium(t, "")
	for name, test := range map[string]func(*site, *tab){
		"EveryPageLooksRight": browserAccountPictures,
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.clock.now = time.Now().UTC() // the browser's own cookies and pages live in real time
			test(s, newTab(parent, t, true))
		})
	}
}

// areaPictures are the pages of the area that a link or a click leads to.
var areaPictures = map[string]string{
	"index": "/myaccount/", "products": "/myaccount/my_products/", "subscription": "/myaccount/my_subscription/?code=123D40F123",
	"view-order": "/myaccount/view_order/?code=123D40F123", "licenses": "/myaccount/my_license/", "orders": "/myaccount/order_lookup/",
	"change-card": "/myaccount/change_card/?code=123D40F123", "cards": "/myaccount/payment_methods/", "details": "/myaccount/user_data/",
	"support": "/support/", "everywhere": "/myaccount/sign-out-everywhere", "missing": "/myaccount/my_subscription/?code=0000000000",
	"saved": "/myaccount/user_data/?note=saved",
}

func browserAccountPictures(s *site, b *tab) {
	b.open(s.cartLink(john, "PRODS=4639321,1112233&QTY=1,2"))
	b.submit("button[name=place]")
	b.open(s.link(john, signon.KindAccount, "/myaccount/", time.Minute))
	for name, address := range areaPictures {
		if status := b.open(s.base + address); status != http.StatusOK && name != "missing" {
			b.t.Errorf("%s: got status %d", name, status)
		}
		b.picture("area-" + name)
	}
	b.open(s.base + "/myaccount/order_lookup/?order=" + s.orders()[0].RefNo)
	b.picture("area-order")
	b.open(s.base + "/myaccount/payment_methods/")
	b.submit(".wallet li a")
	b.picture("area-remove-card")
}
