package signon

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// DestinationKind says what is at a destination.
type DestinationKind string

// The kinds.
const (
	KindCart    DestinationKind = "cart"    // the hosted cart
	KindAccount DestinationKind = "account" // the account area
)

// Destination is who accepts a sign-on, and which links may point there.
type Destination struct {
	// ID is unique within the tenant; it is part of every token's digest.
	ID   string
	Kind DestinationKind
	// Origins are the registered hosts. The first one is the base of links that
	// the caller gives no URL for.
	Origins []Origin
	// Paths are the paths a target may have: exact, or everything below one that
	// ends in "/*".
	Paths []string
	// UnsupportedPaths and UnsupportedHosts are refused by name, with a code of
	// their own: path prefixes, and hosts without scheme.
	UnsupportedPaths []string
	UnsupportedHosts []string
	// QueryRequired: a target without a query is not a link to anything.
	QueryRequired bool
	// TokenParam is the query parameter that carries the token.
	TokenParam string
	// DefaultTTL and MaxTTL are a grant's validity when none is asked for, and
	// the longest one.
	DefaultTTL time.Duration
	MaxTTL     time.Duration
	// SessionTTL is the lifetime of a browser session from sign-on.
	SessionTTL time.Duration
	// AddrPolicy says how closely grants are bound to an IPv6 address.
	AddrPolicy AddrPolicy
	// OnMismatch says what becomes of a call from another address than the grant
	// is bound to.
	OnMismatch Mismatch
	// Policy says how a link is redeemed; empty means by its validity.
	Policy Policy
	// Settings belong to the pages at the destination, by name; the core does not
	// read them.
	Settings map[string]string
}

// Policy says what a browser has to do before a link is redeemed.
type Policy string

// The policies. Without one, links of up to DirectTTL are redeemed directly and
// others automatically.
const (
	// PolicyDirect redeems when the link is followed.
	PolicyDirect Policy = "direct"
	// PolicyAuto redeems by a page that posts itself: what merely fetches a link,
	// and runs no scripts, spends nothing.
	PolicyAuto Policy = "auto"
	// PolicyConfirm redeems when the person presses a button that names the
	// account: for links that are sent by mail.
	PolicyConfirm Policy = "confirm"
)

// DirectTTL is the longest validity of links that are redeemed directly where
// the destination has no policy of its own.
const DirectTTL = 60 * time.Second

// policy returns how the grant is redeemed.
func (d *Destination) policy(g *Grant) Policy {
	switch {
	case d.Policy != "":
		return d.Policy
	case g.ExpiresAt.Sub(g.IssuedAt) <= DirectTTL:
		return PolicyDirect
	}
	return PolicyAuto
}

// Mismatch says what becomes of a call from another address.
type Mismatch string

// The mismatch rules.
const (
	MismatchRefuse Mismatch = "refuse" // refused and counted; the default
	MismatchReport Mismatch = "report" // recorded and let pass, for trying binding out
)

// Origin is a registered scheme, host and port. The port is always set. A host
// that starts with "*." stands for exactly one label in that place.
type Origin struct {
	Scheme string // "https", or "http" for hosts registered so
	Host   string // lower-case name, IPv4 address, or IPv6 address in brackets
	Port   uint16
}

// ParseOrigin reads "scheme://host" or "scheme://host:port" as an operator
// writes it. The error says what is wrong.
func ParseOrigin(text string) (Origin, error) {
	scheme, rest, ok := strings.Cut(strings.ToLower(text), "://")
	if !ok || (scheme != "https" && scheme != "http") {
		return Origin{}, fmt.Errorf("%q must start with https:// or http://", text)
	}
	host, port, rule := splitAuthority(rest, defaultPort(scheme))
	if rule != "" {
		return Origin{}, fmt.Errorf("%q: the host %s", text, rule)
	}
	name := strings.TrimPrefix(host, "*.")
	if name != host && !strings.Contains(name, ".") {
		return Origin{}, fmt.Errorf("%q: a wildcard needs a domain of two labels or more behind it", text)
	}
	if !validHost(name) {
		return Origin{}, fmt.Errorf("%q: %q is not a host name or address", text, host)
	}
	return Origin{Scheme: scheme, Host: host, Port: port}, nil
}

// String returns the origin in its usual notation, without a default port.
func (o Origin) String() string { return o.Scheme + "://" + o.HostPort() }

// HostPort returns host and port as a browser sends them: without the port
// when it is the scheme's own.
func (o Origin) HostPort() string {
	if o.Port == defaultPort(o.Scheme) {
		return o.Host
	}
	return o.Host + ":" + strconv.Itoa(int(o.Port))
}

// Covers reports whether a concrete origin is the registered one, or one that
// its wildcard stands for.
func (o Origin) Covers(c Origin) bool {
	if o.Scheme != c.Scheme || o.Port != c.Port {
		return false
	}
	if domain, wildcard := strings.CutPrefix(o.Host, "*"); wildcard {
		label, ok := strings.CutSuffix(c.Host, domain)
		return ok && validLabel(label)
	}
	return o.Host == c.Host
}

func defaultPort(scheme string) uint16 {
	if scheme == "http" {
		return 80
	}
	return 443
}

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

// splitAuthority splits "host[:port]"; rule is what it breaks, or "".
func splitAuthority(authority string, standard uint16) (host string, port uint16, rule string) {
	if strings.ContainsAny(authority, "@%/?#") {
		return "", 0, "must be plain: no user, no escapes, no path"
	}
	colon := strings.LastIndexByte(authority, ':')
	if colon < 0 || strings.HasSuffix(authority, "]") {
		return authority, standard, emptyHost(authority)
	}
	host, digits := authority[:colon], authority[colon+1:]
	n, err := strconv.ParseUint(digits, 10, 16)
	if err != nil || n == 0 || strconv.FormatUint(n, 10) != digits {
		return "", 0, "must have a port between 1 and 65535 in plain digits, or none"
	}
	return host, uint16(n), emptyHost(host)
}

func emptyHost(host string) string {
	if host == "" {
		return "must not be empty"
	}
	return ""
}

// validHost reports whether a browser would keep the lower-case host as it is.
func validHost(host string) bool {
	if inner, ok := strings.CutPrefix(host, "["); ok {
		addr, err := netip.ParseAddr(strings.TrimSuffix(inner, "]"))
		return err == nil && addr.Is6() && !addr.Is4In6() && "["+addr.String()+"]" == host // browsers spell mapped addresses otherwise
	}
	if len(host) > 253 {
		return false
	}
	last := ""
	for label := range strings.SplitSeq(host, ".") {
		if !validLabel(label) {
			return false
		}
		last = label
	}
	if last[0] >= '0' && last[0] <= '9' { // browsers read a name that ends in a number as an IPv4 address
		addr, err := netip.ParseAddr(host)
		return err == nil && addr.Is4()
	}
	return true
}

func validLabel(label string) bool {
	if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
		return false
	}
	for i := range len(label) {
		if c := label[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
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
