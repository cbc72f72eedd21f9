package inbound

import (
	"net/url"
	"strings"
	"testing"
)

func FuzzQuery(f *testing.F) {
	for _, raw := range []string{"Url=https%3A%2F%2Fa&ValidityTime=5", "a=1&A=2", "&&=&", "a", "Request%5B%5D=code%3D1", "%zz=1", "a+b=c+d", "a=1;b=2", "=1"} {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		var q Query
		if q.Parse(raw) != nil {
			return
		}
		if len(q.Params()) > MaxParams {
			t.Fatalf("%d parameters", len(q.Params()))
		}
		// net/url refuses semicolons, which are ordinary characters here.
		values, err := url.ParseQuery(strings.ReplaceAll(raw, ";", "%3B"))
		if err != nil {
			t.Fatalf("accepted what net/url refuses: %v", err)
		}
		if len(values) != len(q.Params()) {
			t.Fatalf("got %d parameters, want %d", len(q.Params()), len(values))
		}
		for name, want := range values {
			if got, ok := q.Find(name); !ok || len(want) != 1 || got.Value != want[0] || got.Name != name {
				t.Errorf("%q: got %+v, want %q", name, got, want)
			}
		}
	})
}
