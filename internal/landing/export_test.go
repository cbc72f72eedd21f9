package landing

import (
	"maps"
	"slices"
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
