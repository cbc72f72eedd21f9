package inbound

import (
	"net/netip"
	"strings"
	"testing"
)

func TestSupportCodesHaveTheirFormAndDiffer(t *testing.T) {
	seen := map[string]bool{}
	for range 10_000 {
		code := NewSupportCode()
		if !IsSupportCode(code) || seen[code] {
			t.Fatalf("%q has no form of a code, or came twice", code)
		}
		seen[code] = true
	}
	for _, bad := range []string{"", "ABC", "0123456789A", "012345678I", "012345678a", "01234 5678", strings.Repeat("é", 5)} {
		if IsSupportCode(bad) {
			t.Errorf("%q passes for a code", bad)
		}
	}
}

func TestInfoTravelsWithTheContext(t *testing.T) {
	want := Info{SupportCode: "0123456789", Addr: netip.MustParseAddr("192.0.2.1"), Secure: true}
	if got := From(With(t.Context(), &want)); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := From(t.Context()); got != (Info{}) {
		t.Errorf("without info: got %+v", got)
	}
}

func TestASupportCodeIsReadAsPeopleTypeIt(t *testing.T) {
	for text, want := range map[string]string{
		"98PWZ8DDH5": "98PWZ8DDH5", "98pwz8ddh5": "98PWZ8DDH5", "98PWZ - 8DDH5": "98PWZ8DDH5", "oiL0000000": "0110000000",
	} {
		if got, ok := ReadSupportCode(text); got != want || !ok {
			t.Errorf("%q: got %q, %v, want %q", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "98PWZ8DDH", "98PWZ8DDH55", "98PWZ8DDHU", "98PWZ/8DDH"} {
		if got, ok := ReadSupportCode(text); ok {
			t.Errorf("%q: got %q", text, got)
		}
	}
}
