package landing

import (
	"net/url"
	"strings"
)

// params are the parameters of a query in their order.
type params []param

type param struct{ name, value string }

// maxParams is how many parameters a query may have.
const maxParams = 64

// parseParams reads a query. ok is false when it has too many parameters, or
// when the token's parameter comes twice or in another spelling: then it is not
// clear what the link says. Parameters that can't be decoded are left out.
func parseParams(query, tokenParam string) (p params, ok bool) {
	if query == "" {
		return nil, true
	}
	separators := strings.Count(query, "&")
	if separators >= maxParams {
		return nil, false
	}
	p = make(params, 0, separators+1)
	tokens := 0
	for part := range strings.SplitSeq(query, "&") {
		rawName, rawValue, _ := strings.Cut(part, "=")
		name, err := url.QueryUnescape(rawName)
		if err != nil {
			continue
		}
		if strings.EqualFold(strings.TrimSpace(name), tokenParam) {
			if tokens++; tokens > 1 || rawName != tokenParam {
				return nil, false
			}
		}
		value, err := url.QueryUnescape(rawValue)
		if err != nil {
			if name == tokenParam {
				return nil, false
			}
			continue
		}
		p = append(p, param{name, value})
	}
	return p, true
}

// get returns the first value of the parameter, or "".
func (p params) get(name string) string {
	for _, one := range p {
		if one.name == name {
			return one.value
		}
	}
	return ""
}

// single returns the parameter's value, and whether it was given exactly once.
func (p params) single(name string) (string, bool) {
	value, count := "", 0
	for _, one := range p {
		if one.name == name {
			value = one.value
			count++
		}
	}
	return value, count == 1
}

// has reports whether the parameter was given.
func (p params) has(name string) bool {
	for _, one := range p {
		if one.name == name {
			return true
		}
	}
	return false
}
