package sandbox

import (
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Card numbers have 13 to 19 digits, of which the last one checks the others.
const (
	leastCardDigits = 13
	mostCardDigits  = 19
)

// digits are a group of them in a text.
type digits struct{ start, end int }

// cards hides card numbers, in one or in groups of digits of which all but the last
// have at least that many.
func (h *hiding) cards(text string, least int) string {
	var found []digits // what to hide
	row := make([]digits, 0, 8)
	total := 0
	flush := func() {
		if total >= leastCardDigits {
			found = h.cardsIn(found, text, row, least)
		}
		row, total = row[:0], 0
	}
	for i := 0; i < len(text); {
		if isDigit(text[i]) {
			group := digits{i, i + 1}
			for group.end < len(text) && isDigit(text[group.end]) {
				group.end++
			}
			row, total, i = append(row, group), total+group.end-group.start, group.end
			continue
		}
		size := 0
		if len(row) > 0 {
			size = separator(text[i:])
		}
		if size == 0 {
			flush()
			size = 1
		}
		i += size
	}
	flush()
	if found == nil {
		return text
	}
	return h.without(text, found)
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// separator returns the length of what people, forms and URLs put between the groups
// of a number, or 0.
func separator(text string) int {
	switch c := text[0]; {
	case strings.IndexByte(" .-_\t+", c) >= 0:
		return 1
	case c == '%' && len(text) > 2 && (text[1:3] == "20" || strings.EqualFold(text[1:3], "2D")):
		return 3
	case c == '&' && strings.HasPrefix(text, "&nbsp;"):
		return 6
	case c < utf8.RuneSelf:
		return 0
	}
	r, size := utf8.DecodeRuneInString(text)
	if strings.ContainsRune("\u00a0\u2007\u2009\u202f\u2010\u2011\u2012\u2013\u2014\u2212\u3000\uff0d", r) {
		return size
	}
	return 0
}

// cardsIn adds the card numbers of a row of groups to those that were found.
func (h *hiding) cardsIn(found []digits, text string, row []digits, least int) []digits {
	for i := range row {
		var number []byte
		for j := i; j < len(row); j++ {
			number = append(number, text[row[j].start:row[j].end]...)
			if len(number) > mostCardDigits {
				break
			}
			if len(number) >= leastCardDigits && luhn(number) && !(i == j && h.isTokenNumber(number)) {
				found = append(found, digits{row[i].start, row[j].end})
			}
			if row[j].end-row[j].start < least {
				break
			}
		}
	}
	return found
}

func luhn(number []byte) bool {
	sum := 0
	for i := range number {
		d := int(number[len(number)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

// isTokenNumber reports whether it is the number of a token of these days, which
// starts with the milliseconds of when that was issued, or such a time alone.
func (h *hiding) isTokenNumber(number []byte) bool {
	if len(number) > 16 {
		return false
	}
	ms, err := strconv.ParseInt(string(number[:13]), 10, 64)
	at := time.UnixMilli(ms)
	return err == nil && at.After(h.from) && at.Before(h.until)
}

// noCard is what has long rows of digits by chance.
var noCard = regexp.MustCompile(`\b[0-9a-fA-F]{20,}\b|\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b`)

// without returns the text without those card numbers, but for what only looks like
// one within a token.
func (h *hiding) without(text string, found []digits) string {
	var chance []digits
	for _, span := range noCard.FindAllStringIndex(text, -1) {
		chance = append(chance, digits{span[0], span[1]})
	}
	chance = append(chance, tokens(text)...)
	var b strings.Builder
	done := 0
	for _, f := range found {
		if f.start < done || anyOverlaps(chance, f) || h.isOpenCard(text[f.start:f.end]) {
			if f.end > done && f.start < done { // it begins in one that is hidden
				done = f.end
			}
			continue
		}
		b.WriteString(text[done:f.start])
		b.WriteString(hidden)
		done = f.end
	}
	b.WriteString(text[done:])
	return b.String()
}

func anyOverlaps(spans []digits, f digits) bool {
	for _, s := range spans {
		if s.start < f.end && f.start < s.end {
			return true
		}
	}
	return false
}

// isOpenCard reports whether the number is one of the demo's own.
func (h *hiding) isOpenCard(number string) bool {
	return h.open[number] || h.open[onlyDigits(number)]
}

func onlyDigits(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, strings.NewReplacer("%20", "", "%2D", "", "%2d", "").Replace(text))
}
