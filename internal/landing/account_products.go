package landing

import (
	"net/http"
	"strconv"

	"github.com/latchkey-sso/latchkey/internal/directory"
)

// productsPage is the list of the person's subscriptions.
type productsPage struct {
	Shop string
	Rows []subscriptionRow
	// Count is how many there are; More: there are more than are looked at.
	Count int
	More  bool
	Pages pager
}

// perPage is how many rows a page of a list has.
const perPage = 25

// pager leads through a list that takes several pages.
type pager struct {
	Page, Pages    int
	Previous, Next string // addresses, or empty
}

// paged returns the part of a list that the address asks for by "page"; what it
// can't be is the first one, or the last.
func paged[T any](v *visit, path string, all []T) ([]T, pager) {
	p := pager{Page: 1, Pages: max(1, (len(all)+perPage-1)/perPage)}
	if n, err := strconv.Atoi(v.params.get("page")); err == nil {
		p.Page = min(max(n, 1), p.Pages)
	}
	at := func(n int) string { return path + "?page=" + strconv.Itoa(n) }
	if p.Page > 1 {
		p.Previous = at(p.Page - 1)
	}
	if p.Page < p.Pages {
		p.Next = at(p.Page + 1)
	}
	first := (p.Page - 1) * perPage
	return all[first:min(first+perPage, len(all))], p
}

func (v *visitor) getProducts() {
	all, more, err := v.subscriptions()
	if err != nil {
		v.fail("list subscriptions", err)
		return
	}
	v.showProducts(all, more)
}

func (v *visitor) showProducts(all []directory.Subscription, more bool) {
	rows, pages := paged(v.visit, productsPath, all)
	v.open(http.StatusOK, "account-products", "products.title", &productsPage{
		Shop: v.tenant.Name, Rows: v.subscriptionRows(rows), Count: len(all), More: more, Pages: pages,
	})
}
