package landing

import (
	"maps"
	"net/http"
	"slices"
	"sync"
)

// AccountPaths are the paths of all routes of the account area, in order, and
// whether each takes a form.
func AccountPaths() (paths []string, takesForm map[string]bool) {
	takesForm = map[string]bool{}
	for path, to := range accountRoutes {
		takesForm[path] = to.post != nil
	}
	return slices.Sorted(maps.Keys(accountRoutes)), takesForm
}

// PortalPaths are the paths of all routes of the portal, in order, and whether
// each takes a form.
func PortalPaths() (paths []string, takesForm map[string]bool) {
	takesForm = map[string]bool{}
	for path, to := range portalRoutes {
		takesForm[path] = to.post != nil
	}
	return slices.Sorted(maps.Keys(portalRoutes)), takesForm
}

// sharedPages are the pages of all tests. To parse them takes longer than most
// tests do, and they are the same in each.
var sharedPages = sync.OnceValue(pages)

// NewShared is New with pages that were parsed before.
func NewShared(o Options) http.Handler {
	return &site{Options: o, pages: sharedPages(), guard: http.NewCrossOriginProtection(), brands: &wardrobe{log: o.Log}}
}
