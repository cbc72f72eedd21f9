package landing

import (
	"errors"
	"net/http"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// donePage is what the confirmation shows.
type donePage struct {
	orderView
	Shop, Email string
}

// getDone shows an order that was placed in this session, and to nobody else.
func (v *visit) getDone() {
	d, err := v.draft()
	if err != nil {
		v.fail("show order", err)
		return
	}
	v.clean()
	o, err := v.Directory.Order(v.r.Context(), v.tenant.ID, v.params.get(orderParam))
	if err != nil && !errors.Is(err, signon.ErrNotFound) {
		v.fail("show order", err)
		return
	}
	if err != nil || !mine(o, d) {
		v.message(http.StatusNotFound, "no_order")
		return
	}
	language := v.language(d.cart)
	content := &donePage{v.orderView(o, language), v.tenant.Name, o.Billing.Email}
	v.show(http.StatusOK, "done", v.personal("done.title", d.person, content, language))
}
