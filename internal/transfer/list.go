package transfer

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// item is one element of a list: its parts, in the order of the shape.
type item []string

// shape is how the elements of a list column are written.
//
// In JSON an element is an object, or a string when it has one part only. In
// CSV elements are separated by semicolons and an element's pieces by bars; a
// backslash before one of these, or before a backslash, makes it an ordinary
// character.
type shape struct {
	members []member
	// pieces turns the parts into what stands between bars; nil: as they are.
	pieces func(item) []string
	// parts is the opposite. It gets as many pieces as pieces returns, or fewer.
	parts func([]string) (item, bool)
	// most is how many pieces an element has at most.
	most int
	// rule says what an element looks like in CSV.
	rule string
}

// member is a part of an element.
type member struct {
	name string
	form form
}

// plain returns a shape whose pieces are its parts.
func plain(rule string, members ...member) *shape {
	return &shape{
		members: members, most: len(members), rule: rule,
		pieces: func(parts item) []string { return parts },
		parts: func(pieces []string) (item, bool) {
			return append(slices.Clone(pieces), make([]string, len(members)-len(pieces))...), true
		},
	}
}

// parseList reads a cell of CSV. The error is a rule.
func (s *shape) parseList(text string) ([]item, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	var items []item
	for _, element := range splitEscaped(text, ';') {
		if strings.TrimSpace(element) == "" {
			continue
		}
		pieces := splitEscaped(element, '|')
		if len(pieces) > s.most {
			return nil, errors.New(s.rule)
		}
		for i := range pieces {
			pieces[i] = unescape(strings.TrimSpace(pieces[i]))
		}
		parts, ok := s.parts(pieces)
		if !ok {
			return nil, errors.New(s.rule)
		}
		items = append(items, parts)
	}
	return items, nil
}

// formatList writes a cell of CSV.
func (s *shape) formatList(items []item) string {
	elements := make([]string, len(items))
	for i, parts := range items {
		pieces := slices.Clone(s.pieces(parts))
		for len(pieces) > 1 && pieces[len(pieces)-1] == "" {
			pieces = pieces[:len(pieces)-1]
		}
		for j := range pieces {
			pieces[j] = escaper.Replace(pieces[j])
		}
		elements[i] = strings.Join(pieces, " | ")
	}
	return strings.Join(elements, "; ")
}

var escaper = strings.NewReplacer(`\`, `\\`, `;`, `\;`, `|`, `\|`)

// splitEscaped splits at every separator that has no backslash before it, and
// leaves backslashes where they are.
func splitEscaped(text string, separator byte) []string {
	var pieces []string
	start := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++ // the next byte is ordinary, or starts a rune that is
		case separator:
			pieces = append(pieces, text[start:i])
			start = i + 1
		}
	}
	return append(pieces, text[start:])
}

func unescape(text string) string {
	if !strings.Contains(text, `\`) {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+1 < len(text) {
			i++
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

// parseJSON reads one element. The error is a rule.
func (s *shape) parseJSON(raw []byte) (item, error) {
	if len(s.members) == 1 {
		text, err := value{json: raw}.scalar(s.members[0].form)
		return item{text}, err
	}
	object, err := parseObject(raw)
	if err != nil {
		return nil, errors.New("must each be an object with " + s.memberNames())
	}
	parts := make(item, len(s.members))
	for i, m := range s.members {
		raw, ok := object[m.name]
		if !ok {
			continue
		}
		if parts[i], err = (value{json: raw}).scalar(m.form); err != nil {
			return nil, fmt.Errorf("has a %s that %w", m.name, err)
		}
		delete(object, m.name)
	}
	if len(object) > 0 {
		return nil, errors.New("must each have no members but " + s.memberNames())
	}
	return parts, nil
}

func (s *shape) memberNames() string {
	list := make([]string, len(s.members))
	for i, m := range s.members {
		list[i] = m.name
	}
	return strings.Join(list, ", ")
}

// appendJSON appends all elements as an array.
func (s *shape) appendJSON(b []byte, items []item) []byte {
	b = append(b, '[')
	for i, parts := range items {
		if i > 0 {
			b = append(b, ',')
		}
		if len(s.members) == 1 {
			b = appendJSON(b, parts[0], s.members[0].form)
			continue
		}
		for j, m := range s.members {
			b = append(b, "{,"[min(j, 1)])
			b = append(appendString(b, m.name), ':')
			b = appendJSON(b, parts[j], m.form)
		}
		b = append(b, '}')
	}
	return append(b, ']')
}
