package sandbox

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// piece is a part of a text as pages show it.
type piece struct {
	Text, Class string
	Token       bool
}

var (
	// names of a JSON object, and tags of an XML document, as they are shown: each on
	// a line of its own.
	jsonName   = regexp.MustCompile(`(?m)^\s*("(?:[^"\\\n]|\\.)*")\s*:`)
	xmlTag     = regexp.MustCompile(`</?[\w:.-]+|/?>|<\?[^>]*\?>`)
	hiddenWord = regexp.MustCompile(regexp.QuoteMeta(hidden))
)

// pieces returns a text in pieces: tokens, what is hidden, and the names that the
// pattern finds.
func pieces(text string, name *regexp.Regexp) (all []piece) {
	for _, s := range Marks(text) {
		if s.Token {
			all = append(all, piece{Text: s.Text, Token: true})
			continue
		}
		for _, p := range classed(s.Text, name, "name") {
			if p.Class != "" {
				all = append(all, p)
				continue
			}
			all = append(all, classed(p.Text, hiddenWord, "hidden")...)
		}
	}
	return all
}

// classed returns a text in pieces, with a class for what the pattern finds: its
// first group, or all of it.
func classed(text string, pattern *regexp.Regexp, class string) (all []piece) {
	at := 0
	if pattern != nil {
		for _, m := range pattern.FindAllStringSubmatchIndex(text, -1) {
			from, to := m[0], m[1]
			if len(m) > 2 {
				from, to = m[2], m[3]
			}
			if from > at {
				all = append(all, piece{Text: text[at:from]})
			}
			all = append(all, piece{Text: text[from:to], Class: class})
			at = to
		}
	}
	if at < len(text) {
		all = append(all, piece{Text: text[at:]})
	}
	return all
}

// bodyView is a body as pages show it.
type bodyView struct {
	Label  string
	Binary bool
	Note   string
	Shown  []piece // made readable, where it can be
	Raw    []piece // as it was, unless that is the same
}

// bodyOf makes a body readable.
func bodyOf(label string, b *Body, contentType string) bodyView {
	v := bodyView{Label: label, Binary: b.Binary}
	if b.Binary {
		v.Note = size(b.Size) + " that are no text."
		return v
	}
	pretty, name := readable(b.Text, contentType)
	switch {
	case b.Cut:
		v.Note = "The beginning of " + size(b.Size) + "; the rest was not kept."
	case b.Decoded:
		v.Note = "Decoded: it was sent compressed, or in another encoding."
	}
	v.Shown = pieces(pretty, name)
	if pretty != b.Text {
		v.Raw = pieces(b.Text, nil)
	}
	return v
}

// readable returns a text as people read it, and the pattern of the names in it.
func readable(text, contentType string) (pretty string, name *regexp.Regexp) {
	trimmed := strings.TrimSpace(text)
	switch {
	case strings.HasPrefix(contentType, "application/x-www-form-urlencoded"):
		return prettyForm(text), regexp.MustCompile(`(?m)^[^=\n]+`)
	case trimmed == "":
		return text, nil
	case strings.ContainsRune("{[", rune(trimmed[0])):
		var b bytes.Buffer
		if deepest(trimmed) > maxShownDepth || json.Indent(&b, []byte(trimmed), "", "  ") != nil {
			return text, jsonName
		}
		return b.String(), jsonName
	case trimmed[0] == '<':
		if pretty, err := prettyXML(trimmed); err == nil {
			return pretty, xmlTag
		}
		return text, xmlTag
	}
	return text, nil
}

// maxShownDepth is how deep things may lie in each other that are shown one a line:
// each line of what is deeper would be mostly blanks.
const maxShownDepth = 64

// deepest returns how many brackets are open at once, at most, those in strings
// included.
func deepest(text string) (most int) {
	open := 0
	for i := range len(text) {
		switch text[i] {
		case '{', '[':
			open++
			most = max(most, open)
		case '}', ']':
			open--
		}
	}
	return most
}

// prettyForm returns a form with one field a line. What can't be decoded stays.
func prettyForm(text string) string {
	var lines []string
	for field := range strings.SplitSeq(text, "&") {
		name, value, _ := strings.Cut(field, "=")
		n, err1 := url.QueryUnescape(name)
		v, err2 := url.QueryUnescape(value)
		if err1 != nil || err2 != nil {
			n, v = name, value
		}
		lines = append(lines, n+"="+v)
	}
	return strings.Join(lines, "\n")
}

var errNotWhole = errors.New("no whole document, or too deep a one")

// prettyXML returns a document with one element a line. Only blanks between tags
// change.
func prettyXML(text string) (string, error) {
	p := xmlPrinter{in: xml.NewDecoder(strings.NewReader(text)), text: text}
	p.in.CharsetReader = func(_ string, input io.Reader) (io.Reader, error) { return input, nil }
	for {
		from := p.in.InputOffset()
		token, err := p.in.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", err
		}
		if p.token(token, text[from:p.in.InputOffset()]); p.depth > maxShownDepth {
			return "", errNotWhole
		}
	}
	if p.depth != 0 {
		return "", errNotWhole
	}
	return p.out.String(), nil
}

type xmlPrinter struct {
	in     *xml.Decoder
	text   string
	out    strings.Builder
	depth  int
	inside bool // what came last was an element's begin, or its text
	words  bool // what came last was text
}

func (p *xmlPrinter) token(token xml.Token, raw string) {
	switch t := token.(type) {
	case xml.StartElement:
		p.line(raw)
		p.depth++
		p.inside, p.words = true, false
	case xml.EndElement:
		p.depth--
		if raw == "" { // of an element that ended where it began
			p.inside = false
			return
		}
		if p.inside {
			p.out.WriteString(raw)
		} else {
			p.line(raw)
		}
		p.inside, p.words = false, false
	case xml.CharData:
		if len(bytes.TrimSpace(t)) > 0 {
			p.out.WriteString(raw)
			p.words = true
		}
	default:
		p.line(raw)
		p.inside, p.words = false, false
	}
}

// line begins a new line, but within a text.
func (p *xmlPrinter) line(raw string) {
	if p.out.Len() > 0 && !p.words {
		p.out.WriteString("\n" + strings.Repeat("  ", max(0, p.depth)))
	}
	p.out.WriteString(raw)
}

// headerView is a header's name and one of its values.
type headerView struct {
	Name  string
	Value []piece
}

// headersOf returns headers in order of their names.
func headersOf(h map[string][]string) (all []headerView) {
	for name, values := range h {
		for _, v := range values {
			all = append(all, headerView{name, pieces(v, nil)})
		}
	}
	slices.SortStableFunc(all, func(a, b headerView) int { return strings.Compare(a.Name, b.Name) })
	return all
}
