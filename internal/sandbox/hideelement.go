package sandbox

import (
	"html"
	"regexp"
	"slices"
	"strings"
)

// elements hides the contents of XML elements that are named like secrets, what is
// beside or in an element whose key or name is, and the values of such inputs.
func (h *hiding) elements(text string) string {
	if doctype.MatchString(text) && !plainDoctype.MatchString(text) { // its entities could stand for anything
		h.doubt = true
		return text
	}
	var found, beside []span
	named := false // what is beside is a secret
	ownEnd := -1   // of an element in whose CDATA section elements may be written
	ends := endsOf(text)
	for at := next(text, 0); at >= 0; {
		if strings.HasPrefix(text[at:], "</") { // that of the parent: those of elements without others in them are skipped
			if at != ownEnd {
				named, beside = false, nil
			}
			at = next(text, at+2)
			continue
		}
		t, ok := startTag(text, at)
		if !ok {
			at = next(text, at+1)
			continue
		}
		values, isNamed := h.attributes(text[at:t.content], at)
		found = append(found, values...)
		if isNamed && t.broken {
			h.doubt = true
		}
		if t.broken || t.empty || void[strings.ToLower(t.local())] {
			at = next(text, at+1)
			continue
		}
		end, leaf := ends.content(text, t.content)
		switch {
		case named || isNamed || h.namesSecret(t.local()):
			if !leaf {
				end = h.closing(text, t)
			}
			found = append(found, span{t.content, end})
			at = next(text, end+1)
		case !leaf:
			beside = nil
			at = next(text, t.content)
		case namesPair(t.local()) && h.namesSecret(plainContent(text[t.content:end])):
			found = append(found, beside...)
			named, beside = true, nil
			at = next(text, end+1)
		case strings.Contains(text[t.content:end], "<"):
			beside = append(beside, span{t.content, end})
			at, ownEnd = next(text, t.content), end
		default:
			beside = append(beside, span{t.content, end})
			at = next(text, end+1)
		}
	}
	return h.hideContents(text, found)
}

// hideContents hides those parts of the text.
func (h *hiding) hideContents(text string, found []span) string {
	slices.SortFunc(found, func(a, b span) int { return a.start - b.start })
	var b strings.Builder
	done := 0
	for _, f := range found {
		if f.start < done {
			if f.end > done {
				done = f.end
			}
			continue
		}
		if raw := text[f.start:f.end]; h.take(raw, plainContent(raw)) != raw {
			b.WriteString(text[done:f.start])
			b.WriteString(hidden)
			done = f.end
		}
	}
	b.WriteString(text[done:])
	return b.String()
}

var (
	doctype      = regexp.MustCompile(`(?i)<!(?:doctype|entity)`)
	plainDoctype = regexp.MustCompile(`(?i)^\s*<!doctype html>`)
	attribute    = regexp.MustCompile(`([\w:.-]+)\s*=\s*("[^"]*"?|'[^']*'?|[^\s"'>]+)`)
	comments     = regexp.MustCompile(`(?s)<!--.*?-->`)
)

// void are the elements of HTML without contents.
var void = map[string]bool{"input": true, "meta": true, "link": true, "img": true, "br": true, "hr": true}

// attributes returns the values of a tag that belong to a secret's name in it, and
// whether there is one.
func (h *hiding) attributes(tag string, from int) (values []span, named bool) {
	if !strings.Contains(tag, "=") {
		return nil, false
	}
	for _, m := range attribute.FindAllStringSubmatchIndex(tag, -1) {
		name, value := strings.ToLower(tag[m[2]:m[3]]), span{m[4], m[5]}
		if quote := tag[value.start]; quote == '"' || quote == '\'' {
			value.start++
			if value.end > value.start && tag[value.end-1] == quote {
				value.end--
			}
		}
		switch name = name[strings.LastIndexByte(name, ':')+1:]; name {
		case "value", "val", "v", "content", "data", "text", "default":
			values = append(values, span{from + value.start, from + value.end})
		case "id":
			named = named || h.namesSecret(tag[value.start:value.end]) && !strings.Contains(tag, " type=")
		default:
			named = named || namesPair(name) && h.namesSecret(html.UnescapeString(tag[value.start:value.end]))
		}
	}
	if !named {
		return nil, false
	}
	return values, true
}

// next finds the next tag.
func next(text string, from int) int {
	from = min(from, len(text))
	if n := strings.IndexByte(text[from:], '<'); n >= 0 {
		return from + n
	}
	return -1
}

// tag is a start tag, up to where its content begins. A broken one has no end.
type tag struct {
	name          string
	content       int
	empty, broken bool
}

// local returns the name without its prefix.
func (t *tag) local() string { return t.name[strings.LastIndexByte(t.name, ':')+1:] }

// startTag reads a start tag.
func startTag(text string, at int) (t tag, ok bool) {
	end := endOf(text[:min(len(text), at+maxNameLen+1)], at+1, " \t\r\n/>")
	name := text[at+1 : end]
	if name == "" || strings.ContainsAny(name[:1], "!?/ ") || end-at > maxNameLen {
		return tag{}, false
	}
	for i := end; i < len(text); i++ {
		switch text[i] {
		case '"', '\'':
			n := strings.IndexByte(text[i+1:], text[i])
			if n < 0 {
				return tag{name: name, content: len(text), broken: true}, true
			}
			i += n + 1
		case '<':
			return tag{name: name, content: i, broken: true}, true
		case '>':
			return tag{name: name, content: i + 1, empty: text[i-1] == '/'}, true
		}
	}
	return tag{name: name, content: len(text), broken: true}, true
}

// closing finds the end of an element that has others in it. Where that is not
// plain, the text is in doubt.
func (h *hiding) closing(text string, t tag) int {
	n := strings.Index(text[t.content:], "</"+t.name)
	if n < 0 {
		return len(text)
	}
	end := t.content + n
	inside := text[t.content:end]
	if strings.Contains(inside, "<!") || strings.Contains(inside, "<?") || strings.Contains(inside, "<"+t.name) {
		h.doubt = true
	}
	return end
}

// ends are where the last CDATA section and the last comment of a text end.
type ends struct{ cdata, comment int }

func endsOf(text string) ends {
	return ends{strings.LastIndex(text, "]]>"), strings.LastIndex(text, "-->")}
}

// content finds the end of an element's content, and whether that has no elements.
func (e ends) content(text string, from int) (end int, leaf bool) {
	for {
		at := next(text, from)
		switch {
		case at < 0:
			return len(text), true
		case strings.HasPrefix(text[at:], "<![CDATA[") && at < e.cdata:
			from = at + strings.Index(text[at:], "]]>") + 3
		case strings.HasPrefix(text[at:], "<!--") && at < e.comment:
			from = at + strings.Index(text[at:], "-->") + 3
		default:
			return at, strings.HasPrefix(text[at:], "</")
		}
	}
}

// plainContent returns an element's text without escapes.
func plainContent(raw string) string {
	if strings.Contains(raw, "<!") {
		raw = comments.ReplaceAllString(raw, "")
		if strings.Contains(raw, "<![CDATA[") {
			return strings.TrimSpace(strings.NewReplacer("<![CDATA[", "", "]]>", "").Replace(raw))
		}
	}
	return strings.TrimSpace(html.UnescapeString(raw))
}
