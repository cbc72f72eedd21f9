package sandbox

import (
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/latchkey-sso/latchkey/internal/directory"
)

// span is a part of a text.
type span struct{ start, end int }

// group is a row of digits. Apart: what is between it and the one before separates
// lists as well as numbers.
type group struct {
	span

	apart, dated bool
}

func (g group) size() int { return g.end - g.start }

// cards hides card numbers, in one or in groups of digits.
func (h *hiding) cards(text string) string {
	var found []span // what to hide
	row := make([]group, 0, 8)
	total := 0
	apart := false
	for i := 0; i < len(text); {
		if isDigit(text[i]) {
			g := group{span: span{i, i + 1}, apart: apart}
			for g.end < len(text) && isDigit(text[g.end]) {
				g.end++
			}
			row, total, i, apart = append(row, g), total+g.size(), g.end, false
			continue
		}
		size := 0
		if len(row) > 0 {
			var weak bool
			size, weak = separator(text[i:])
			apart = apart || weak
		}
		if size == 0 {
			if total >= directory.LeastCardDigits {
				found = h.cardsIn(found, text, row)
			}
			row, total, size, apart = row[:0], 0, 1, false
		}
		i += size
	}
	if total >= directory.LeastCardDigits {
		found = h.cardsIn(found, text, row)
	}
	if found == nil {
		return text
	}
	return h.without(text, found)
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// separator returns the length of what people, forms and URLs put between the groups
// of a number, or 0; and whether lists have it, too.
func separator(text string) (size int, weak bool) {
	switch c := text[0]; {
	case strings.IndexByte(" .-_\t+", c) >= 0:
		return 1, false
	case strings.IndexByte("/,\r\n", c) >= 0:
		return 1, true
	case c == '%' && len(text) > 2 && (text[1:3] == "20" || strings.EqualFold(text[1:3], "2D")):
		return 3, false
	case c == '&' && strings.HasPrefix(text, "&nbsp;"):
		return 6, false
	case c < utf8.RuneSelf:
		return 0, false
	}
	r, size := utf8.DecodeRuneInString(text)
	if strings.ContainsRune("\u00a0\u2007\u2009\u202f\u2010\u2011\u2012\u2013\u2014\u2212\u3000\uff0d", r) {
		return size, false
	}
	return 0, false
}

// cardsIn adds the card numbers of a row of groups to those that were found.
func (h *hiding) cardsIn(found []span, text string, row []group) []span {
	markDates(text, row)
	for i := range row {
		if row[i].size() > directory.MostCardDigits-2 && h.holdsCard(text[row[i].start:row[i].end]) {
			found = append(found, row[i].span)
			continue
		}
		if row[i].dated {
			continue
		}
		var number []byte
		listed := false
		for j := i; j < len(row); j++ {
			number = append(number, text[row[j].start:row[j].end]...)
			if len(number) > directory.MostCardDigits {
				break
			}
			listed = listed || j > i && row[j].apart
			switch {
			case len(number) < directory.LeastCardDigits || !directory.Luhn(number):
			case i == j && h.isTokenNumber(number):
			case listed && !(issued(number) && areGroupsOfCard(row[i:j+1])):
			default:
				found = append(found, span{row[i].start, row[j].end})
			}
		}
	}
	return found
}

// markDates marks the groups that are dates: no card begins like one.
func markDates(text string, row []group) {
	for i := 0; i+2 < len(row); i++ {
		a, b, c := row[i], row[i+1], row[i+2]
		if b.start-a.end != 1 || c.start-b.end != 1 || text[a.end] != text[b.end] || strings.IndexByte("-./", text[a.end]) < 0 {
			continue
		}
		date := text[a.start:c.end]
		for _, layout := range []string{"2006-01-02", "02-01-2006", "01-02-2006"} {
			at, err := time.Parse(strings.ReplaceAll(layout, "-", text[a.end:b.start]), date)
			if err == nil && at.Year() >= 1900 && at.Year() < 2100 {
				row[i].dated, row[i+1].dated, row[i+2].dated = true, true, true
			}
		}
	}
}

// areGroupsOfCard reports whether cards are written in such groups.
func areGroupsOfCard(groups []group) bool {
	for i, g := range groups {
		if g.size() > 7 || g.size() > 6 && i < len(groups)-1 || g.size() < 3 && i < len(groups)-1 {
			return false
		}
	}
	return true
}

// issued reports whether the number begins as the cards of the large networks do,
// and is as long.
func issued(number []byte) bool {
	first := string(number[:2])
	switch n := len(number); {
	case first[0] == '4':
		return n == 13 || n == 16 || n == 19
	case first == "34" || first == "37":
		return n == 15
	case first == "30" || first == "36" || first == "38" || first == "39":
		return n == 14 || n == 16
	case first >= "50" && first <= "69" || first >= "22" && first <= "27" || first == "35" || first == "81":
		return n >= 16
	}
	return false
}

// holdsCard reports whether a row of digits that is longer than most cards may have
// one in it. What is longer than all of them is taken for such.
func (h *hiding) holdsCard(row string) bool {
	if len(row) > directory.MostCardDigits {
		return true
	}
	for _, size := range []int{15, 16} {
		for _, part := range []string{row[:size], row[len(row)-size:]} {
			if number := []byte(part); directory.Luhn(number) && issued(number) && !h.isOpenCard(part) {
				return true
			}
		}
	}
	return false
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

// chance is what has long rows of digits by chance: what is as long as the tokens and
// digests of the APIs, in hexadecimal digits, and UUIDs.
var chance = regexp.MustCompile(`(?:%[0-9a-fA-F]{2})*([0-9a-fA-F]+(?:-[0-9a-fA-F]+)*)`)

var uuid = regexp.MustCompile(`^[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$`)

// byChance returns the spans of those.
func byChance(text string) []span {
	var spans []span
	for _, m := range chance.FindAllStringSubmatchIndex(text, -1) {
		if m[2] > 0 && isWordPart(text[m[2]-1]) && m[0] == m[2] || m[3] < len(text) && isWordPart(text[m[3]]) {
			continue
		}
		switch run := text[m[2]:m[3]]; {
		case uuid.MatchString(run):
			spans = append(spans, span{m[2], m[3]})
		case strings.IndexByte(run, '-') >= 0 || !strings.ContainsAny(run, "abcdefABCDEF"):
		case len(run) == 32 || len(run) == 40 || len(run) == 64 || len(run) == 104:
			spans = append(spans, span{m[2], m[3]})
		}
	}
	return spans
}

func isWordPart(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || isDigit(c)
}

// drawing is full of numbers of one and two digits.
var drawing = regexp.MustCompile(`(?is)<svg\b.*?(?:</svg>|$)`)

// without returns the text without those card numbers, but for what only looks like
// one within a token or a drawing.
func (h *hiding) without(text string, found []span) string {
	tokens, drawings := byChance(text), drawing.FindAllStringIndex(text, -1)
	var b strings.Builder
	done := 0
	for _, f := range found {
		for len(tokens) > 0 && tokens[0].end <= f.start {
			tokens = tokens[1:]
		}
		for len(drawings) > 0 && drawings[0][1] <= f.start {
			drawings = drawings[1:]
		}
		within := len(tokens) > 0 && tokens[0].start < f.end
		drawn := len(drawings) > 0 && drawings[0][0] < f.start && smallGroup.MatchString(text[f.start:f.end])
		if f.start < done || within || drawn || h.isOpenCard(text[f.start:f.end]) {
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

// smallGroup is a group of one or two digits before another.
var smallGroup = regexp.MustCompile(`(?:^|\D)\d{1,2}\D`)

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
