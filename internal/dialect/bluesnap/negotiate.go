package bluesnap

import (
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// format is the type of a body: one of the two that there are.
type format string

const (
	inJSON format = "application/json"
	inXML  format = "application/xml"
)

// formats are the types by their names on the wire.
var formats = map[string]format{
	"application/json": inJSON, "text/json": inJSON,
	"application/xml": inXML, "text/xml": inXML,
}

// media is a body's type as its header says.
type media struct {
	format  format // empty: none of ours, or nothing is said
	charset string
}

// negotiate returns what the request's body is, and the type of its answer: what
// Accept asks for, else what the body is, else JSON. A body of another type, and
// an Accept that admits neither, are a fault, which is answered in the type
// returned.
func negotiate(r *http.Request) (said media, out format, err error) {
	said, known := mediaOf(r.Header)
	out = inJSON
	if said.format != "" {
		out = said.format
	}
	if accept := r.Header["Accept"]; strings.Join(accept, "") != "" {
		ranges := parseAccept(accept)
		wanted := choose(ranges, out)
		if wanted == "" {
			return said, inJSON, unsupported("The answer can be application/json or application/xml")
		}
		out = wanted
	}
	if !carriesBody(r.Method) {
		return said, out, nil
	}
	if !known {
		return said, out, unsupported("The body must be application/json or application/xml")
	}
	if said.format == "" {
		said.format = out
	}
	return said, out, said.check(r.Header)
}

// carriesBody reports whether the body of a request with that method is read.
func carriesBody(method string) bool { return method == http.MethodPost || method == http.MethodPut }

// mediaOf reads the header that says what the body is. known is false when it is
// none of ours.
func mediaOf(h http.Header) (m media, known bool) {
	text := h.Get("Content-Type")
	if text == "" {
		return m, true
	}
	name, params, err := mime.ParseMediaType(text)
	if err != nil {
		return m, false
	}
	m.format, known = formats[name]
	m.charset = params["charset"]
	return m, known
}

// check refuses what is not read of a body of ours.
func (m media) check(h http.Header) error {
	if coding := h.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return unsupported("The body must not be compressed")
	}
	if m.format == inJSON && m.charset != "" && !strings.EqualFold(m.charset, "utf-8") {
		return unsupported("The body must be in UTF-8")
	}
	return nil
}

// mediaRange is one of the types that a client accepts.
type mediaRange struct {
	name    string
	quality float64
}

// parseAccept reads the types that a client accepts. What can't be read is left
// out.
func parseAccept(values []string) (ranges []mediaRange) {
	for part := range strings.SplitSeq(strings.Join(values, ","), ",") {
		name, params, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		r := mediaRange{name, 1}
		if q, given := params["q"]; given {
			if r.quality, err = strconv.ParseFloat(q, 64); err != nil || !(r.quality >= 0 && r.quality <= 1) { // also for what is no number
				continue
			}
		}
		ranges = append(ranges, r)
	}
	return ranges
}

// choose returns the format that the ranges prefer; empty when they admit none. Of
// two that they like the same, the one that is named beats the one that a star
// stands for; otherwise it is the usual one.
func choose(ranges []mediaRange, usual format) format {
	other := inJSON
	if usual == inJSON {
		other = inXML
	}
	quality, exact := liking(ranges, usual)
	otherQuality, otherExact := liking(ranges, other)
	switch {
	case quality == 0 && otherQuality == 0:
		return ""
	case otherQuality > quality || otherQuality == quality && otherExact > exact:
		return other
	}
	return usual
}

// liking returns how much the ranges like a format, by the one that names it most
// exactly, and how exactly that is.
func liking(ranges []mediaRange, f format) (quality float64, exact int) {
	for _, r := range ranges {
		names := 0
		switch {
		case formats[r.name] == f:
			names = 3
		case r.name == "application/*":
			names = 2
		case r.name == "*/*":
			names = 1
		}
		if names > exact || names > 0 && names == exact && r.quality > quality {
			quality, exact = r.quality, names
		}
	}
	return quality, exact
}
