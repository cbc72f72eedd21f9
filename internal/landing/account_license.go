package landing

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/latchkey-sso/latchkey/internal/directory"
)

// codeView is a licence or activation code.
type codeView struct {
	// ID is unique on the page.
	ID                      string
	Code, Description, More string
	// File is what was delivered as a file: its name, or its address when FileURL.
	File    string
	FileURL bool
}

// codesOf returns what was delivered for the subscription.
func codesOf(s *directory.Subscription) []codeView {
	var codes []codeView
	for i, c := range s.DeliveryCodes {
		codes = append(codes, codeView{
			ID: "code-" + s.Reference + "-" + strconv.Itoa(i+1), Code: c.Code, Description: c.Description, More: c.ExtraInfo,
			File: c.File, FileURL: isWebAddress(c.File),
		})
	}
	return codes
}

// isWebAddress reports whether the text is the address of a page or file on the
// web, so that it can be a link.
func isWebAddress(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Scheme == "https" && u.Host != "" && u.User == nil
}

// licensesPage is all licence and activation codes of the person.
type licensesPage struct {
	Shop     string
	Products []licensedProduct
	More     bool
}

// licensedProduct is a product with the codes of all subscriptions to it.
type licensedProduct struct {
	Name          string
	Subscriptions []licensedSubscription
}

// Codes returns how many codes there are of the product.
func (p licensedProduct) Codes() (n int) {
	for _, s := range p.Subscriptions {
		n += len(s.Codes)
	}
	return n
}

type licensedSubscription struct {
	subscriptionRow
	Description string
	Codes       []codeView
}

func (v *visitor) getLicenses() {
	all, more, err := v.subscriptions()
	if err != nil {
		v.fail("list subscriptions", err)
		return
	}
	content := &licensesPage{Shop: v.tenant.Name, More: more}
	index := map[string]int{}
	for i := range all {
		s := &all[i]
		codes := codesOf(s)
		if len(codes) == 0 {
			continue
		}
		name := productName(s)
		at, ok := index[name]
		if !ok {
			at = len(content.Products)
			index[name] = at
			content.Products = append(content.Products, licensedProduct{Name: name})
		}
		p := &content.Products[at]
		p.Subscriptions = append(p.Subscriptions, licensedSubscription{v.subscriptionRow(s), s.DeliveryDescription, codes})
	}
	v.open(http.StatusOK, "account-licenses", "licenses.title", content)
}
