package soap

import "testing"

func TestBase64IsTheTextThatItStandsFor(t *testing.T) {
	for _, c := range []struct{ kind, text, want string }{
		{"base64Binary", "TcO8bGxlcg==", "Müller"},
		{"base64", "TcO8bGxlcg==", "Müller"},
		{"base64Binary", " TcO8\r\n\tbGxl cg== \n", "Müller"},
		{"base64Binary", "Y2Fm6Q==", "café"}, // a byte for each letter
		{"base64Binary", "", ""},
		{"base64Binary", "Müller", "Müller"},           // no base64
		{"base64Binary", "TcO8bGxlcg=", "TcO8bGxlcg="}, // cut off
		{"base64Binary", "TcO8bGxlcg==x", "TcO8bGxlcg==x"},
		{"base64Binary", "AA==", "AA=="}, // a NUL
		{"base64Binary", "77+/", "77+/"}, // U+FFFF
		{"string", "TcO8bGxlcg==", "TcO8bGxlcg=="},
		{"", "TcO8bGxlcg==", "TcO8bGxlcg=="},
	} {
		n := Node{Type: c.kind, Text: c.text}
		if got := n.Value(nil); got != c.want {
			t.Errorf("%s %q: got %q, want %q", c.kind, c.text, got, c.want)
		}
	}
}
