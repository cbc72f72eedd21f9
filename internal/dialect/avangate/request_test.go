package avangate_test

import (
	"slices"
	"testing"

	"github.com/latchkey-sso/latchkey/internal/dialect/avangate"
)

func TestPathsAreCutIntoVersionAndSegments(t *testing.T) {
	for path, want := range map[string][]string{
		"/rest/6.0/": {"6.0"}, "/rest/6.0": {"6.0"}, "//rest//3.0//": {"3.0"}, "/rest/5.0/customers/a%2Fb/": {"5.0", "customers", "a/b"},
		"/rest/6.0/1/2/3/4/5/6": {"6.0", "1", "2", "3", "4", "5", "6"},
	} {
		version, segments, ok := avangate.CutPath(path, "rest", nil)
		if got := append([]string{version}, segments...); !ok || !slices.Equal(got, want) {
			t.Errorf("%s: got %q, %v; want %q", path, got, ok, want)
		}
	}
	for _, path := range []string{"", "/", "/rest", "/rest/", "/soap/6.0/", "/rest/7.0/", "/rest/6.0/%zz", "/rest%2F6.0/", "/6.0/rest/", "/rest/6.0/1/2/3/4/5/6/7", "/x/rest/6.0/"} {
		if _, _, ok := avangate.CutPath(path, "rest", nil); ok {
			t.Errorf("%s is ok", path)
		}
	}
}
