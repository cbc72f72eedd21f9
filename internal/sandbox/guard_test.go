package sandbox

import (
	"errors"
	"net/http/httptest"
	"testing"
)

func TestTheSandboxAnswersAtThisMachineOnly(t *testing.T) {
	s := New(Options{BaseURL: "http://sandbox.test:8080"})
	for host, want := range map[string]error{
		"localhost": nil, "LOCALHOST:8080": nil, "127.0.0.1:8080": nil, "127.8.9.1": nil, "[::1]:8080": nil, "[::1]": nil, "sandbox.test:8080": nil, "sandbox.test": nil,
		"evil.example": errForeignHost, "localhost.evil.example:8080": errForeignHost, "10.0.0.1": errForeignHost, "": errForeignHost, "127.0.0.1.evil.example": errForeignHost,
	} {
		r := httptest.NewRequest("GET", "/dev", nil)
		r.Host = host
		if err := s.admits(r); !errors.Is(err, want) {
			t.Errorf("%q: got %v, want %v", host, err, want)
		}
	}
}

func TestAFormFromAnotherSiteIsNotAccepted(t *testing.T) {
	s := New(Options{BaseURL: "http://localhost:8080"})
	for site, want := range map[string]error{"same-origin": nil, "none": nil, "": nil, "cross-site": errForeignOrigin, "same-site": errForeignOrigin} {
		r := httptest.NewRequest("POST", "/dev/controls/clock", nil)
		r.Host = "localhost:8080"
		r.Header.Set("Sec-Fetch-Site", site)
		if err := s.admits(r); !errors.Is(err, want) {
			t.Errorf("%q: got %v, want %v", site, err, want)
		}
	}
}
