package sandbox

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTokensAreMarked(t *testing.T) {
	link := strings.Repeat("0123456789", 4)
	long := strings.Repeat("0123456789abc", 8)
	jwt := "eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ.c2lnbmF0dXJl"
	session := "mfrggzdfmztwq2lknnwg23tpobyxe43u"
	for text, want := range map[string]string{
		"/order/cart.php?a=b&loginTokn=" + link + "&c=d":            link,
		`{"loginLink":"http://a.example/x?ref=` + long + `","a":1}`: long,
		`Bearer ` + jwt:       jwt,
		"Bearer opaque-token": "opaque-token",
		`{"access_token":"abcdefgh","token_type":"Bearer"}`:                        "abcdefgh",
		"<sessionID xsi:type=\"xsd:string\">" + session + "</sessionID>":           session,
		`{"params":["` + session + `"]}`:                                           session,
		`code="AVANGATE" date="2026-11-22 04:41:15" hash="` + long[:32] + `"`:      long[:32],
		"ticket=MTIzNDU2Nzg&yes=1":                                                 "MTIzNDU2Nzg",
		"%3Ftoken%3D" + link:                                                       link,
		`{"reference":"0123456789abcdef01234567","TokenRefNo":"1763785275123456"}`: "",
		"token=(hidden)": "",
		"":               "",
	} {
		var got, all string
		for _, s := range Marks(text) {
			all += s.Text
			if s.Token {
				got += s.Text
			}
		}
		if all != text || got != want && !strings.HasSuffix(got, want) || want == "" && got != "" {
			t.Errorf("%q: got tokens %q of %q, want %q", text, got, all, want)
		}
	}
	want := []Segment{{Text: "a="}, {Text: link, Token: true}, {Text: "&b"}}
	if diff := cmp.Diff(want, Marks("a="+link+"&b")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func FuzzMarksLoseNothing(f *testing.F) {
	f.Add("a=" + strings.Repeat("0f", 20) + "&token=" + strings.Repeat("ab", 20))
	f.Fuzz(func(t *testing.T, text string) {
		all := ""
		for _, s := range Marks(text) {
			all += s.Text
		}
		if all != text {
			t.Errorf("got %q, want %q", all, text)
		}
	})
}
