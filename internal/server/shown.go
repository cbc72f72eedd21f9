package server

import (
	"net/http"
	"strings"
)

// shownWords are the parts of paths that logs show. Anything else may be a
// person's reference, or what a stranger made up, and is shown as "*".
var shownWords = words(`
	healthz readyz assets favicon.ico robots.txt
	rest 3.0 4.0 5.0 6.0 customers subscriptions orders customer cart account signon
	soap soapenc.xsd rpc
	index my_subscription my_products my_license user_data order_lookup faq payment_methods view_order change_card
	order checkout.php cart.php trial.php upgrade.php finish.php done card sign-out signed-out checkout
	services generateSSOLoginToken cp tools auth-token jsp developer_login.jsp entrance.jsp
	portal merchants users user new edit delete activity api
	myaccount support dev open`)

func words(list string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(list) {
		set[w] = true
	}
	return set
}

// maxShownParts bounds what is shown of a long path.
const maxShownParts = 8

// shownPath returns the path with everything that is not a word of ours
// replaced by "*".
func shownPath(path string) string {
	var b strings.Builder
	b.Grow(len(path))
	parts := 0
	for part := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		if parts++; parts > maxShownParts {
			b.WriteString("/…")
			break
		}
		b.WriteByte('/')
		if part == "" || shownWords[part] {
			b.WriteString(part)
		} else {
			b.WriteByte('*')
		}
	}
	return b.String()
}

// shownMethod returns the method if it is a usual one.
func shownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodPatch, http.MethodOptions:
		return method
	}
	return "*"
}
