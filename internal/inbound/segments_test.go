package inbound_test

import (
	"slices"
	"testing"

	"github.com/latchkey-sso/latchkey/internal/inbound"
)

func TestSegmentsOfPaths(t *testing.T) {
	for path, want := range map[string][]string{
		"": nil, "///": nil, "/a/b": {"a", "b"}, "//a///b//": {"a", "b"}, "a%2Fb/%20": {"a/b", " "}, "/1/2/3/4/5/6/7/8/": {"1", "2", "3", "4", "5", "6", "7", "8"},
	} {
		var buf [inbound.MaxSegments]string
		if got, ok := inbound.Segments(path, buf[:0]); !ok || !slices.Equal(got, want) {
			t.Errorf("%s: got %q, %v; want %q", path, got, ok, want)
		}
	}
	for _, path := range []string{"/1/2/3/4/5/6/7/8/9", "/%zz", "/a/%"} {
		if got, ok := inbound.Segments(path, nil); ok {
			t.Errorf("%s: got %q", path, got)
		}
	}
}
