package sandbox

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
)

// fromHere returns a request of a program on this machine.
func fromHere(method, target string) *http.Request {
	r := httptest.NewRequest(method, target, nil)
	r.RemoteAddr = "127.0.0.1:1234"
	return r
}

func TestTheSandboxAnswersThisMachineOnly(t *testing.T) {
	s := New(Options{BaseURL: "http://localhost:8080"})
	for peer, want := range map[string]error{
		"127.0.0.1:1": nil, "[::1]:1": nil, "[::ffff:127.0.0.1]:1": nil, "127.9.9.9:1": nil,
		"192.0.2.1:1": errForeignPeer, "[2001:db8::1]:1": errForeignPeer, "10.0.0.1:1": errForeignPeer, "": errForeignPeer, "@": errForeignPeer,
	} {
		for _, path := range []string{"/dev", "/dev/api/calls"} {
			r := fromHere("GET", path)
			r.Host, r.RemoteAddr = "localhost:8080", peer
			r.Header.Set("X-Forwarded-For", "127.0.0.1")
			if err := s.admits(r); !errors.Is(err, want) {
				t.Errorf("%q: got %v, want %v", peer, err, want)
			}
			if want == nil {
				continue
			}
			a := httptest.NewRecorder()
			if s.Around(http.NotFoundHandler()).ServeHTTP(a, r); a.Code != http.StatusForbidden {
				t.Errorf("%q, %s: got %d", peer, path, a.Code)
			}
		}
	}
}

func TestTheSandboxAnswersAtThisMachineOnly(t *testing.T) {
	s := New(Options{BaseURL: "http://sandbox.test:8080"})
	for host, want := range map[string]error{
		"localhost": nil, "LOCALHOST:8080": nil, "127.0.0.1:8080": nil, "127.8.9.1": nil, "[::1]:8080": nil, "[::1]": nil, "sandbox.test:8080": nil, "sandbox.test": nil,
		"evil.example": errForeignHost, "localhost.evil.example:8080": errForeignHost, "10.0.0.1": errForeignHost, "": errForeignHost, "127.0.0.1.evil.example": errForeignHost,
	} {
		r := fromHere("GET", "/dev")
		r.Host = host
		if err := s.admits(r); !errors.Is(err, want) {
			t.Errorf("%q: got %v, want %v", host, err, want)
		}
	}
}

func TestAFormFromAnotherSiteIsNotAccepted(t *testing.T) {
	s := New(Options{BaseURL: "http://localhost:8080"})
	for site, want := range map[string]error{"same-origin": nil, "none": nil, "": nil, "cross-site": errForeignOrigin, "same-site": errForeignOrigin} {
		r := fromHere("POST", "/dev/controls/clock")
		r.Host = "localhost:8080"
		r.Header.Set("Sec-Fetch-Site", site)
		if err := s.admits(r); !errors.Is(err, want) {
			t.Errorf("%q: got %v, want %v", site, err, want)
		}
	}
}

func TestAPageElsewhereCantMeasureHowSoonItIsAnswered(t *testing.T) {
	s := New(Options{BaseURL: "http://localhost:8080"})
	header := func(site, mode, dest, origin string) http.Header {
		h := http.Header{}
		for name, value := range map[string]string{"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": dest, "Origin": origin} {
			if value != "" {
				h.Set(name, value)
			}
		}
		return h
	}
	for name, c := range map[string]struct {
		path   string
		header http.Header
		want   error
	}{
		"fetch, no-cors":          {"/dev/api/calls/next", header("cross-site", "no-cors", "empty", ""), errForeignOrigin},
		"fetch, same site":        {"/dev/api/calls/next", header("same-site", "no-cors", "empty", ""), errForeignOrigin},
		"fetch, cors":             {"/dev/api/calls/next", header("cross-site", "cors", "empty", "http://evil.example"), errForeignOrigin},
		"an old browser's, cors":  {"/dev/api/calls/next", header("", "", "", "http://evil.example"), errForeignOrigin},
		"another port's":          {"/dev/api/calls/next", header("", "", "", "http://localhost:3000"), errForeignOrigin},
		"nobody's origin":         {"/dev/api/calls/next", header("", "", "", "null"), errForeignOrigin},
		"an image":                {"/dev", header("cross-site", "no-cors", "image", ""), errForeignOrigin},
		"a frame":                 {"/dev", header("cross-site", "navigate", "iframe", ""), errForeignOrigin},
		"a window with the API":   {"/dev/api/calls/next", header("cross-site", "navigate", "document", ""), errForeignOrigin},
		"a window with a stream":  {"/dev/live", header("same-site", "navigate", "document", ""), errForeignOrigin},
		"a link to a page":        {"/dev/calls/1", header("cross-site", "navigate", "document", ""), nil},
		"a link on this machine":  {"/dev", header("same-site", "navigate", "document", ""), nil},
		"typed":                   {"/dev/api/calls", header("none", "navigate", "document", ""), nil},
		"its own page's stream":   {"/dev/live", header("same-origin", "cors", "empty", ""), nil},
		"its own page, with name": {"/dev/live", header("same-origin", "cors", "empty", "http://localhost:8080"), nil},
		"a program":               {"/dev/api/calls/next", http.Header{}, nil},
	} {
		r := fromHere("GET", c.path)
		r.Host, r.Header = "localhost:8080", c.header
		if err := s.admits(r); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
		a := httptest.NewRecorder()
		if c.want == nil {
			continue
		}
		if s.Around(http.NotFoundHandler()).ServeHTTP(a, r); a.Code != http.StatusForbidden || a.Header().Get("Cross-Origin-Resource-Policy") != "same-origin" {
			t.Errorf("%s: got %d with %v", name, a.Code, a.Header())
		}
	}
}
