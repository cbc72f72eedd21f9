package sandbox

import (
	"regexp"
	"slices"
	"strings"
)

// Segment is a part of a text.
type Segment struct {
	Text string
	// Token: who has it can use it, as a link's token or an API session.
	Token bool
}

// tokenForms are what tokens look like, wherever they are: a link's token and the
// digests that prove a client (in hexadecimal digits), a JWT, an API session.
var tokenForms = regexp.MustCompile(`\b[0-9a-fA-F]{32,}\b|\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*|\b[a-z2-7]{32}\b`)

// tokenFields are what stands where tokens do: after a name, as an element's
// content, after the scheme of an Authorization header.
var tokenFields = regexp.MustCompile(`(?i)(?:token(?:no)?|ticket|state|sessionid|hash)(?:\\?["'])?\s*[=:]\s*(?:\\?["'])?([A-Za-z0-9_.~+/=%-]{8,})` +
	`|<(?:\w+:)?(?:login|access|sso)?(?:token(?:no)?|sessionid|hash)(?:\s[^>]*)?>\s*([^<>\s]{8,})\s*<` +
	`|\bname="ticket"\s+value="([^"]{8,})"` +
	`|\bBearer\s+([A-Za-z0-9_.~+/=-]{8,})`)

// Marks returns the text in parts, so that those that are tokens are by themselves.
// It marks rather too much than too little: what stands where a token does is taken
// for one.
func Marks(text string) []Segment {
	var segments []Segment
	done := 0
	for _, t := range tokens(text) {
		if t.start > done {
			segments = append(segments, Segment{Text: text[done:t.start]})
		}
		segments = append(segments, Segment{Text: text[t.start:t.end], Token: true})
		done = t.end
	}
	if done < len(text) {
		segments = append(segments, Segment{Text: text[done:]})
	}
	return segments
}

// tokens finds the tokens, in order and apart from each other.
func tokens(text string) []span {
	var found []span
	for _, m := range tokenForms.FindAllStringIndex(text, -1) {
		found = append(found, span{m[0], m[1]})
	}
	for _, m := range tokenFields.FindAllStringSubmatchIndex(text, -1) {
		for g := 2; g < len(m); g += 2 {
			if m[g] >= 0 && text[m[g]:m[g+1]] != hidden {
				found = append(found, span{m[g], m[g+1]})
			}
		}
	}
	slices.SortFunc(found, func(a, b span) int { return a.start - b.start })
	apart := found[:0]
	for _, f := range found {
		if n := len(apart); n > 0 && f.start < apart[n-1].end {
			apart[n-1].end = max(apart[n-1].end, f.end)
			continue
		}
		apart = append(apart, f)
	}
	return apart
}

// isToken reports whether all of the text looks like a token.
func isToken(text string) bool {
	text = strings.TrimSpace(text)
	found := tokenForms.FindStringIndex(text)
	return found != nil && found[0] == 0 && found[1] == len(text)
}
