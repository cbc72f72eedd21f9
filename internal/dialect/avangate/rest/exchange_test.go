package rest_test

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/dialect/avangate"
	"github.com/latchkey-sso/latchkey/internal/inbound"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

var update = flag.Bool("update", false, "write the answers of recorded exchanges anew")

// TestExchanges sends the recorded requests of testdata through the handler, in
// their order, and compares the answers. testdata/README.md tells the format.
func TestExchanges(t *testing.T) {
	files, err := filepath.Glob("testdata/*.http")
	if err != nil || len(files) == 0 {
		t.Fatalf("got %d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) { replay(t, file) })
	}
}

func replay(t *testing.T, file string) {
	recorded, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	r := &recording{world: newWorld(t), names: map[string]string{}}
	intro, rest, _ := strings.Cut(string(recorded), "\n=== ")
	replayed := intro
	for exchange := range strings.SplitSeq(rest, "\n=== ") {
		title, body, _ := strings.Cut(exchange, "\n")
		sent, _, ok := strings.Cut(body, "\n---\n")
		if !ok && !*update {
			t.Fatalf("%s: %s: no line --- before the answer", file, title)
		}
		sent = strings.TrimRight(sent, "\n")
		replayed += "\n=== " + title + "\n" + sent + "\n---\n" + r.exchange(sent)
	}
	if *update {
		if err := os.WriteFile(file, []byte(replayed), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(recorded), replayed); diff != "" {
		t.Errorf("%s (-recorded +replayed):\n%s", file, diff)
	}
}

// recording is a replay on its way: what the server drew at random has names.
type recording struct {
	*world
	names map[string]string // by name
}

// exchange sends one request and returns its answer as text.
func (r *recording) exchange(sent string) string {
	r.Helper()
	for line, rest, _ := strings.Cut(sent, "\n"); strings.HasPrefix(line, "@ "); line, rest, _ = strings.Cut(sent, "\n") {
		r.do(strings.Fields(line[2:]))
		sent = rest
	}
	return r.text(r.send(r.read(r.fillIn(sent))))
}

// do follows a line that starts with an at sign.
func (r *recording) do(words []string) {
	r.Helper()
	switch words[0] {
	case "advance":
		d, err := time.ParseDuration(words[1])
		if err != nil {
			r.Fatal(err)
		}
		r.Clock.Advance(d)
	case "redeem":
		if err := r.redeem(r.names["token"]); err != nil {
			r.Fatal(err)
		}
	default:
		r.Fatalf("@ %s is not known", words[0])
	}
}

// fillIn puts values where names in braces are.
func (r *recording) fillIn(text string) string {
	pairs := []string{"{date}", r.Clock.Now().Format(avangate.DateLayout)}
	for vendor, secret := range map[string]signon.Secret{"AVANGATE": "SECRET_KEY", "OTHERSHOP": "OTHER_SECRET"} {
		for _, algorithm := range avangate.Algorithms() {
			c, err := avangate.Sign(vendor, r.Clock.Now(), secret, algorithm)
			if err != nil {
				r.Fatal(err)
			}
			pairs = append(pairs, "{"+algorithm+" of "+vendor+"}", c.Hash)
		}
	}
	for name, value := range r.names {
		pairs = append(pairs, "{"+name+"}", value)
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// read turns text into a request.
func (r *recording) read(text string) *http.Request {
	r.Helper()
	head, body, _ := strings.Cut(text, "\n\n")
	head = strings.ReplaceAll(head, "\n", "\r\n")
	raw := fmt.Sprintf("%s\r\nContent-Length: %d\r\n\r\n%s", head, len(body), body)
	request, err := http.ReadRequest(bufio.NewReader(strings.NewReader(raw)))
	if err != nil {
		r.Fatalf("%s: %v", text, err)
	}
	return request.WithContext(r.Context())
}

var drawn = map[string]*regexp.Regexp{
	"token":        regexp.MustCompile(`logintoken=([0-9a-f]{40})`),
	"customer":     regexp.MustCompile(`^([0-9]{9})$`),
	"subscription": regexp.MustCompile(`^"([0-9A-F]{10})"$`),
}

// text turns an answer into text, with names for what was drawn.
func (r *recording) text(a *httptest.ResponseRecorder) string {
	body := a.Body.String()
	for name, pattern := range drawn {
		if found := pattern.FindStringSubmatch(body); found != nil {
			r.names[name] = found[1]
		}
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%d %s\n", a.Code, http.StatusText(a.Code))
	for _, name := range slices.Sorted(maps.Keys(a.Header())) {
		if name != inbound.Header && name != "Content-Length" { // every answer has them
			fmt.Fprintf(&b, "%s: %s\n", name, strings.Join(a.Header()[name], ", "))
		}
	}
	text := b.String()
	if body != "" {
		text += "\n" + body + "\n"
	}
	for name, value := range r.names {
		text = strings.ReplaceAll(text, value, "{"+name+"}")
	}
	return strings.TrimRight(text, "\n") + "\n"
}
