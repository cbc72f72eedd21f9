package rest

import (
	"net/url"
	"slices"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/dialect/avangate"
)

// maxParams is how many parameters a query may have.
const maxParams = 64

// param is a parameter as it came, unescaped.
type param struct{ name, value string }

// query is a request's parameters. Names are compared without regard to the
// case of ASCII letters: validationIp must never be taken for "no ValidationIp".
type query struct {
	params []param
	buf    [8]param // enough for every call, without another allocation
}

// parse reads a raw query. Too many parameters, one that is repeated, and an
// escape that is none are faults.
func (q *query) parse(raw string) error {
	q.params = q.buf[:0]
	for raw != "" {
		var part string
		if part, raw, _ = strings.Cut(raw, "&"); part == "" {
			continue
		}
		p, err := parseParam(part)
		if err != nil {
			return invalidRequest("", "The query has a % that does not start an escape")
		}
		if len(q.params) == maxParams {
			return invalidRequest("", "The query must have at most 64 parameters")
		}
		if _, again := q.find(p.name); again {
			return invalidRequest(printable(p.name), "must not be repeated")
		}
		q.params = append(q.params, p)
	}
	return nil
}

func parseParam(part string) (p param, err error) {
	name, value, _ := strings.Cut(part, "=")
	if p.name, err = url.QueryUnescape(name); err != nil {
		return p, err
	}
	p.value, err = url.QueryUnescape(value)
	return p, err
}

// find returns the parameter of that name.
func (q *query) find(name string) (param, bool) {
	for _, p := range q.params {
		if sameName(p.name, name) {
			return p, true
		}
	}
	return param{}, false
}

// get returns the value of the one parameter that has several names; empty when
// it is not given. Two of its names in one query are a fault.
func (q *query) get(names ...string) (string, error) {
	if err := q.refuseLookalikes(names); err != nil {
		return "", err
	}
	var found param
	given := false
	for _, name := range names {
		p, ok := q.find(name)
		if ok && given {
			return "", invalidRequest("", found.name+" and "+p.name+" mean the same and must not both be given")
		}
		if ok {
			found, given = p, true
		}
	}
	return found.value, nil
}

// refuseLookalikes refuses names that start like one of the names and go on with
// something that is no letter, as in ValidationIp[]: what somebody meant to say
// must never count as not said.
func (q *query) refuseLookalikes(names []string) error {
	for _, p := range q.params {
		if slices.ContainsFunc(names, func(name string) bool { return sameName(p.name, name) }) {
			continue
		}
		for _, name := range names {
			if len(p.name) > len(name) && sameName(p.name[:len(name)], name) && !isWord(p.name[len(name):len(name)+1]) {
				return invalidRequest(name, "must be given by that name alone, with one value")
			}
		}
	}
	return nil
}

// written returns the name as the client wrote it, or the first of the names
// when it wrote none of them.
func (q *query) written(names []string) string {
	for _, name := range names {
		if p, ok := q.find(name); ok {
			return p.name
		}
	}
	return names[0]
}

// sameName compares without regard to the case of ASCII letters. Other letters
// that fold to ASCII, as strings.EqualFold knows, are others.
func sameName(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

// printable returns a name that may stand in an answer.
func printable(name string) string {
	if len(name) > 40 || !isWord(strings.Trim(name, "[]0123456789")) {
		return "A parameter"
	}
	return name
}

func invalidRequest(argument, rule string) error {
	return &avangate.Fault{Code: avangate.RequestInvalid, Argument: argument, Rule: rule}
}
