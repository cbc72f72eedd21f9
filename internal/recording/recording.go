// Package recording replays exchanges with a handler that are kept as text, for
// tests: requests as clients send them, and the answers that they get.
package recording

import (
	"bufio"
	"bytes"
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

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/inbound"
)

// Recordings are exchanges with a dialect, kept as text in testdata/*.http; a
// README.md beside them tells the format.
type Recordings struct {
	// Start returns a fresh stage for a file.
	Start func(testing.TB) *Stage
	// Drawn finds, in bodies of answers, what the server draws at random: by the
	// name that stands for it in the text. Each has one group.
	Drawn map[string]*regexp.Regexp
	// Update writes the answers anew instead of comparing them.
	Update bool
}

// Stage is what the exchanges of a file are made with.
type Stage struct {
	// Send lets the handler answer.
	Send func(*http.Request) *httptest.ResponseRecorder
	// Do follows a line that starts with an at sign, given its words and what was
	// drawn so far by its name.
	Do func(words []string, drawn map[string]string) error
	// Values returns what stands now for names in braces, beside what was drawn.
	Values func() map[string]string
}

// Run replays each file in a test of its own.
func (r *Recordings) Run(t *testing.T) {
	files, err := filepath.Glob("testdata/*.http")
	if err != nil || len(files) == 0 {
		t.Fatalf("got %d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) { r.replay(t, file) })
	}
}

func (r *Recordings) replay(t *testing.T, file string) {
	recorded, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	p := &replay{Recordings: r, TB: t, stage: r.Start(t), names: map[string]string{}}
	intro, rest, _ := strings.Cut(string(recorded), "\n=== ")
	replayed := intro
	for exchange := range strings.SplitSeq(rest, "\n=== ") {
		title, body, _ := strings.Cut(exchange, "\n")
		sent, _, ok := strings.Cut(body, "\n---\n")
		if !ok && !r.Update {
			t.Fatalf("%s: %s: no line --- before the answer", file, title)
		}
		sent = strings.TrimRight(sent, "\n")
		replayed += "\n=== " + title + "\n" + sent + "\n---\n" + p.exchange(sent)
	}
	if r.Update {
		if err := os.WriteFile(file, []byte(replayed), 0o600); err != nil { //nolint:gosec // a file of testdata
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(recorded), replayed); diff != "" {
		t.Errorf("%s (-recorded +replayed):\n%s", file, diff)
	}
}

// replay is a file on its way.
type replay struct {
	*Recordings
	testing.TB

	stage *Stage
	names map[string]string // what was drawn, by its name
}

// exchange sends one request and returns its answer as text.
func (p *replay) exchange(sent string) string {
	p.Helper()
	for line, rest, _ := strings.Cut(sent, "\n"); strings.HasPrefix(line, "@ "); line, rest, _ = strings.Cut(sent, "\n") {
		if err := p.stage.Do(strings.Fields(line[2:]), p.names); err != nil {
			p.Fatalf("%s: %v", line, err)
		}
		sent = rest
	}
	return p.text(p.stage.Send(p.read(p.fillIn(sent))))
}

// fillIn puts values where names in braces are.
func (p *replay) fillIn(text string) string {
	var pairs []string
	for _, values := range []map[string]string{p.stage.Values(), p.names} {
		for name, value := range values {
			pairs = append(pairs, "{"+name+"}", value)
		}
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// read turns text into a request.
func (p *replay) read(text string) *http.Request {
	p.Helper()
	head, body, _ := strings.Cut(text, "\n\n")
	head = strings.ReplaceAll(head, "\n", "\r\n")
	raw := fmt.Sprintf("%s\r\nContent-Length: %d\r\n\r\n%s", head, len(body), body)
	request, err := http.ReadRequest(bufio.NewReader(strings.NewReader(raw)))
	if err != nil {
		p.Fatalf("%s: %v", text, err)
	}
	return request.WithContext(p.Context())
}

// text turns an answer into text, with names for what was drawn.
func (p *replay) text(a *httptest.ResponseRecorder) string {
	body := a.Body.String()
	for name, pattern := range p.Drawn {
		if found := pattern.FindStringSubmatch(body); found != nil {
			p.names[name] = found[1]
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
	for name, value := range p.names {
		text = strings.ReplaceAll(text, value, "{"+name+"}")
	}
	return strings.TrimRight(text, "\n") + "\n"
}
