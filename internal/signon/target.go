package signon

import (
	"errors"
	"strconv"
	"strings"
)

// MaxTargetLen is the longest target, in bytes.
const MaxTargetLen = 2048

// CheckTarget decides whether a link may point at the URL and returns it as it
// will stand in the link: byte for byte, without its fragment. The error is
// CodeInvalid with ArgTarget, or CodeTargetUnsupported. It is applied when a
// grant is issued and again when it is redeemed.
//
// The rules admit only URLs that Go, browsers (WHATWG) and proxies all read the
// same way; a URL that a browser would rewrite, other than the case of its host
// and a default port, is refused.
func (d *Destination) CheckTarget(raw string) (string, error) {
	target, _, _ := strings.Cut(raw, "#")
	p, rule := splitTarget(raw)
	if rule == "" && p.path == "" {
		rule = "must have a path"
	}
	if rule != "" {
		return "", Invalid(ArgTarget, rule)
	}
	return target, d.checkParts(p.origin, p.path, p.query, p.hasQuery)
}

// targetParts are the parts of an absolute URL without its fragment.
type targetParts struct {
	origin   Origin
	path     string // with its slash, or empty
	query    string
	hasQuery bool
}

// splitTarget splits an absolute URL; rule is what it breaks, or "".
func splitTarget(raw string) (p targetParts, rule string) {
	if rule := checkTargetBytes(raw); rule != "" {
		return p, rule
	}
	target, _, _ := strings.Cut(raw, "#")
	scheme, rest, ok := strings.Cut(target, "://")
	if !ok || (scheme != "https" && scheme != "http") {
		return p, "must be an absolute https URL"
	}
	rest, p.query, p.hasQuery = strings.Cut(rest, "?")
	authority, _, hasPath := strings.Cut(rest, "/")
	if hasPath {
		p.path = rest[len(authority):]
	}
	host, port, rule := splitAuthority(strings.ToLower(authority), defaultPort(scheme))
	if rule != "" {
		return p, "has a host that " + rule
	}
	p.origin = Origin{Scheme: scheme, Host: host, Port: port}
	return p, ""
}

// PageOrigin returns where the URL of a page leads that an operator declares for
// people to be sent to. Such a URL is under the same rules as a target, so that
// what the operator reads in it is where a browser goes, except that a path may
// be left out and that the fragment counts. The error completes the sentence
// that the name of the setting begins.
func PageOrigin(raw string) (Origin, error) {
	p, rule := splitTarget(raw)
	switch {
	case rule != "":
	case !validHost(p.origin.Host):
		rule = "must have a host name or address that browsers take as it is"
	case p.path != "" && checkPathBytes(p.path) != "":
		rule = checkPathBytes(p.path)
	default:
		rule = checkQueryBytes(p.query)
	}
	if rule != "" {
		return Origin{}, errors.New(rule)
	}
	return p.origin, nil
}

func (d *Destination) checkParts(origin Origin, path, query string, hasQuery bool) error {
	for _, h := range d.UnsupportedHosts {
		if h == origin.Host {
			return &Error{Code: CodeTargetUnsupported, Argument: ArgTarget, Rule: "is on a host that sign-on links are not offered for"}
		}
	}
	if !d.registered(origin) {
		if origin.Scheme == "http" && d.registered(Origin{"https", origin.Host, 443}) {
			return Invalid(ArgTarget, "must be an https URL: its host is registered for https only")
		}
		return Invalid(ArgTarget, "must be on a registered host and port")
	}
	if rule := checkPathBytes(path); rule != "" {
		return Invalid(ArgTarget, rule)
	}
	for _, p := range d.UnsupportedPaths {
		if strings.HasPrefix(path, p) {
			return &Error{Code: CodeTargetUnsupported, Argument: ArgTarget, Rule: "has a path that sign-on links are not offered for"}
		}
	}
	if !d.allowsPath(path) {
		return Invalid(ArgTarget, "must have one of the paths that are offered there")
	}
	if d.QueryRequired && (!hasQuery || query == "") {
		return Invalid(ArgTarget, "must have a query that says what it links to")
	}
	return d.checkQuery(query)
}

func (d *Destination) registered(o Origin) bool {
	for _, r := range d.Origins {
		if r.Covers(o) {
			return true
		}
	}
	return false
}

func (d *Destination) allowsPath(path string) bool {
	for _, p := range d.Paths {
		if below, prefix := strings.CutSuffix(p, "*"); path == p || prefix && strings.HasPrefix(path, below) {
			return true
		}
	}
	return false
}

// maxTargetParams leaves room for the token among the 64 parameters that a
// landing page accepts.
const maxTargetParams = 60

func (d *Destination) checkQuery(query string) error {
	if rule := checkQueryBytes(query); rule != "" {
		return Invalid(ArgTarget, rule)
	}
	if strings.Count(query, "&") >= maxTargetParams {
		return Invalid(ArgTarget, "must have at most 60 query parameters")
	}
	for part := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(part, "=")
		if strings.EqualFold(strings.TrimSpace(unescape(name)), d.TokenParam) {
			return Invalid(ArgTarget, "must not carry "+d.TokenParam+" already")
		}
	}
	return nil
}

// link returns the target with the token as its last parameter.
func (d *Destination) link(target string, token Token) string {
	sep := "?"
	if strings.Contains(target, "?") {
		sep = "&"
	}
	return target + sep + d.TokenParam + "=" + string(token)
}

// checkTargetBytes returns the rule that the text as a whole breaks, or "".
func checkTargetBytes(raw string) string {
	switch {
	case raw == "":
		return "must be given"
	case len(raw) > MaxTargetLen:
		return "must have at most 2,048 characters"
	}
	for i := range len(raw) {
		if !targetByte[raw[i]] {
			return "must be printable ASCII without blanks and without \\ < > \" { } | ^ `; write others as %XX"
		}
	}
	return ""
}

// targetByte tells of every byte whether a target may have it.
var targetByte = func() (may [256]bool) {
	for c := byte('!'); c <= '~'; c++ {
		may[c] = strings.IndexByte("\\<>\"{}|^`", c) < 0
	}
	return may
}()

// checkPathBytes returns the rule that the path breaks, or "". Escapes in a
// path are refused altogether: no page here needs one, and readers differ on
// what they mean.
func checkPathBytes(path string) string {
	if strings.Contains(path, "%") {
		return "must have a path without escapes"
	}
	for segment := range strings.SplitSeq(path[1:], "/") {
		if segment == "." || segment == ".." {
			return "must have a path without . and .. segments"
		}
	}
	return ""
}

// checkQueryBytes returns the rule that the query breaks, or "".
func checkQueryBytes(query string) string {
	if strings.ContainsRune(query, '\'') {
		return "must write ' as %27 in its query"
	}
	if !validEscapes(query) {
		return "has a % in its query that does not start an escape"
	}
	return ""
}

func validEscapes(s string) bool {
	for i := strings.IndexByte(s, '%'); i >= 0; {
		if i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2]) {
			return false
		}
		next := strings.IndexByte(s[i+3:], '%')
		if next < 0 {
			break
		}
		i += 3 + next
	}
	return true
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// unescape decodes the escapes of a valid query part.
func unescape(s string) string {
	if !strings.ContainsAny(s, "%+") {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '%' && i+2 < len(s):
			n, _ := strconv.ParseUint(s[i+1:i+3], 16, 8)
			b = append(b, byte(n))
			i += 2
		case s[i] == '+':
			b = append(b, ' ')
		default:
			b = append(b, s[i])
		}
	}
	return string(b)
}
