package inbound

import (
	"net/url"
	"slices"
	"strings"
)

// MaxParams is how many parameters a query may have.
const MaxParams = 64

// Param is a parameter as it came, unescaped.
type Param struct{ Name, Value string }

// Query is a request's parameters. Names are compared without regard to the case
// of ASCII letters: a name in another spelling must never be taken for one that is
// absent.
type Query struct {
	params []Param
	buf    [8]Param // enough for every call, without another allocation
}

// QueryError is what is wrong with a query. Nothing of it is repeated that does
// not read as a parameter's name.
type QueryError struct {
	// Param is the parameter's name, or empty.
	Param string
	// Rule completes the sentence "<param> …", and is a whole one without a Param.
	Rule string
}

// Error says what is wrong.
func (e *QueryError) Error() string { return strings.TrimPrefix(e.Param+" "+e.Rule, " ") }

// Parse reads a raw query. Too many parameters, one that is repeated, and an
// escape that is none are each a *QueryError.
func (q *Query) Parse(raw string) error {
	q.params = q.buf[:0]
	for raw != "" {
		var part string
		if part, raw, _ = strings.Cut(raw, "&"); part == "" {
			continue
		}
		p, err := parseParam(part)
		if err != nil {
			return &QueryError{Rule: "The query has a % that does not start an escape"}
		}
		if len(q.params) == MaxParams {
			return &QueryError{Rule: "The query must have at most 64 parameters"}
		}
		if _, again := q.Find(p.Name); again {
			return &QueryError{Param: printable(p.Name), Rule: "must not be repeated"}
		}
		q.params = append(q.params, p)
	}
	return nil
}

func parseParam(part string) (p Param, err error) {
	name, value, _ := strings.Cut(part, "=")
	if p.Name, err = url.QueryUnescape(name); err != nil {
		return p, err
	}
	p.Value, err = url.QueryUnescape(value)
	return p, err
}

// Params returns all parameters, in their order.
func (q *Query) Params() []Param { return q.params }

// Find returns the parameter of that name.
func (q *Query) Find(name string) (Param, bool) {
	for _, p := range q.params {
		if sameName(p.Name, name) {
			return p, true
		}
	}
	return Param{}, false
}

// Get returns the value of the one parameter that has several names; empty when
// it is not given. Two of its names in one query are a *QueryError.
func (q *Query) Get(names ...string) (string, error) {
	if err := q.refuseLookalikes(names); err != nil {
		return "", err
	}
	var found Param
	given := false
	for _, name := range names {
		p, ok := q.Find(name)
		if ok && given {
			return "", &QueryError{Rule: found.Name + " and " + p.Name + " mean the same and must not both be given"}
		}
		if ok {
			found, given = p, true
		}
	}
	return found.Value, nil
}

// refuseLookalikes refuses names that start like one of the names and go on with
// something that is no letter, as in ValidationIp[]: what somebody meant to say
// must never count as not said.
func (q *Query) refuseLookalikes(names []string) error {
	for _, p := range q.params {
		if slices.ContainsFunc(names, func(name string) bool { return sameName(p.Name, name) }) {
			continue
		}
		for _, name := range names {
			if len(p.Name) > len(name) && sameName(p.Name[:len(name)], name) && !isWord(p.Name[len(name):len(name)+1]) {
				return &QueryError{Param: name, Rule: "must be given by that name alone, with one value"}
			}
		}
	}
	return nil
}

// Written returns the name as the client wrote it, or the first of the names
// when it wrote none of them.
func (q *Query) Written(names []string) string {
	for _, name := range names {
		if p, ok := q.Find(name); ok {
			return p.Name
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

func isWord(text string) bool {
	return text != "" && strings.Trim(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-") == ""
}
