package cli

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

func TestAPasswordIsTypedTwiceAlike(t *testing.T) {
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		typed []string
		fails error
		want  string
		err   string
	}{
		"alike":     {typed: []string{" correct horse ", " correct horse "}, want: " correct horse "},
		"different": {typed: []string{"correct", "horse"}, err: "the two are not the same"},
		"empty":     {typed: []string{""}, err: "there is no password: type one, or pipe it in"},
		"broken":    {typed: []string{"correct"}, fails: broken, err: "read the password: broken"},
	} {
		var prompts []string
		got, err := askedPassword(func(prompt string) (string, error) {
			if prompts = append(prompts, prompt); len(prompts) > len(c.typed) {
				return "", c.fails
			}
			return c.typed[len(prompts)-1], nil
		})
		if got != c.want || c.err == "" && err != nil || c.err != "" && (err == nil || err.Error() != c.err) {
			t.Errorf("%s: got %d characters and %v, want %q", name, len(got), err, c.err)
		}
		if name == "alike" && !cmp.Equal(prompts, []string{"Password: ", "Again: "}) {
			t.Errorf("asked %q", prompts)
		}
	}
}

func TestAPasswordIsPipedInAsOneLine(t *testing.T) {
	long := strings.Repeat("x", maxPassword)
	for text, want := range map[string]string{
		"correct horse": "correct horse", "correct horse\n": "correct horse", "correct horse\r\n": "correct horse", " a\t": " a\t",
		long: long, long + "\r\n": long, long + "x": "", long + "xx\n": "", "": "", "\n": "", "a\nb\n": "", "a\n\n": "", "a\rb": "",
	} {
		got, err := pipedPassword(iotest.OneByteReader(strings.NewReader(text)))
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%d bytes: got %d bytes and %v", len(text), len(got), err)
		}
		if err != nil && len(text) > 4 && strings.Contains(err.Error(), strings.TrimSpace(text)) {
			t.Error("the error holds the password")
		}
	}
	if _, err := pipedPassword(iotest.ErrReader(io.ErrUnexpectedEOF)); err == nil {
		t.Error("a broken pipe gives a password")
	}
}
