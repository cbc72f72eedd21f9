package config

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// checker collects what is wrong with settings that can be read.
type checker struct {
	*Config
	problems Problems
	seen     map[string]string // what must be unique, and where it is
	unread   map[string]bool   // settings whose value could not be read
	before   int               // tenants that were there before those that are checked
	seed     bool              // those are a seed's
}

func newChecker(c *Config, found Problems) *checker {
	k := &checker{Config: c, seen: map[string]string{}, unread: map[string]bool{}}
	for _, p := range found {
		k.unread[p.Path] = true
	}
	return k
}

// path returns how the tenant with that index is called.
func (k *checker) path(i int) string {
	if i < k.before {
		return earlier + k.Tenants[i].ID
	}
	return fmt.Sprintf("tenants[%d]", i-k.before)
}

// earlier begins the paths of tenants that were there before.
const earlier = "the tenant "

// called returns how people are told of the setting with that path.
func called(path string) string {
	if rest, ok := strings.CutPrefix(path, earlier); ok {
		id, setting, _ := strings.Cut(rest, ".")
		return setting + " of the tenant " + id + ", which is there already"
	}
	return path
}

// check returns every mistake that can be seen without reading secrets, other
// than those found when the settings were read.
func (c *Config) check(found Problems) Problems {
	k := newChecker(c, found)
	k.general()
	k.limits()
	k.tenants()
	return k.problems
}

// tenants checks all tenants.
func (k *checker) tenants() {
	for i := range k.Tenants {
		k.tenant(&k.Tenants[i], k.path(i))
	}
	k.links()
}

// fail notes a problem of the setting, unless it has one already or is none of
// those that are checked.
func (k *checker) fail(path, format string, args ...any) {
	if k.unread[path] || strings.HasPrefix(path, earlier) {
		return
	}
	k.problems = append(k.problems, k.origin.problem(path, format, args...))
}

// unique notes a problem when the thing was seen before.
func (k *checker) unique(what, path string) {
	if before, twice := k.seen[what]; twice {
		k.fail(path, "is the same as %s", called(before))
		return
	}
	k.seen[what] = path
}

func (k *checker) general() {
	if _, port, err := net.SplitHostPort(k.Listen); err != nil || !isPort(port) {
		k.fail("listen", "must be an address with a port, as in :8443 or 127.0.0.1:8080")
	}
	if k.PublicURL != "" {
		if _, err := signon.ParseOrigin(k.PublicURL); err != nil {
			k.fail("public_url", "must be a scheme and a host, as in https://login.example.com")
		}
	}
	if k.DataDir == "" {
		k.fail("data_dir", "must be given")
	}
	k.tlsFiles()
	if err := new(slog.Level).UnmarshalText([]byte(k.Log.Level)); err != nil || k.Log.Level == "" {
		k.fail("log.level", "must be debug, info, warn or error")
	}
	if k.Log.Format != "json" && k.Log.Format != "text" {
		k.fail("log.format", "must be json or text")
	}
	if keep := k.Audit.Keep; keep > 0 && keep < leastKeep {
		k.fail("audit.keep", "must be at least %s, or 0 to keep all events: this is %s, and a year is 8760h", leastKeep, keep)
	}
	k.clientIP()
	k.secret(k.RootKey, "root_key", true)
	k.secret(k.PreviousRootKey, "previous_root_key", false)
	k.secret(k.Database, "database", false)
}

// leastKeep is the shortest time that events can be kept: a number without a unit,
// meant as days, is of seconds, and would remove nearly all of the log.
const leastKeep = Duration(time.Hour)

func isPort(text string) bool {
	n, err := strconv.ParseUint(text, 10, 16)
	return err == nil && strconv.FormatUint(n, 10) == text
}

func (k *checker) tlsFiles() {
	switch {
	case k.TLSCert == "" && k.TLSKey == "":
	case k.TLSKey == "":
		k.fail("tls_key", "must be given together with tls_cert")
	case k.TLSCert == "":
		k.fail("tls_cert", "must be given together with tls_key")
	default:
		if _, err := tls.LoadX509KeyPair(k.TLSCert, k.TLSKey); err != nil {
			k.fail("tls_cert", "and tls_key can't be used: %s", err)
		}
	}
}

func (k *checker) clientIP() {
	name := k.ClientIPHeader
	switch {
	case name == "" || strings.Trim(http.CanonicalHeaderKey(name), "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-") != "":
		k.fail("client_ip_header", "must be the name of a header, as in X-Forwarded-For")
	case strings.EqualFold(name, "Forwarded"):
		k.fail("client_ip_header", "can't be Forwarded: let the proxy set X-Forwarded-For or a header with one address")
	}
}

func (k *checker) secret(ref SecretRef, path string, required bool) {
	if ref.empty() && !required {
		return
	}
	if fault := ref.fault(); fault != "" {
		k.fail(path, "%s", fault)
	}
}

func (k *checker) limits() {
	l := &k.Limits
	for path, d := range map[string]Duration{
		"limits.read_header_timeout": l.ReadHeaderTimeout, "limits.request_timeout": l.RequestTimeout, "limits.handler_timeout": l.HandlerTimeout,
		"limits.write_timeout": l.WriteTimeout, "limits.lob_timeout": l.LOBTimeout, "limits.lob_write_timeout": l.LOBWriteTimeout,
		"limits.idle_timeout": l.IdleTimeout, "limits.shutdown_timeout": l.ShutdownTimeout,
	} {
		if d <= 0 {
			k.fail(path, "must be above zero")
		}
	}
	if l.WriteTimeout <= l.HandlerTimeout {
		k.fail("limits.write_timeout", "must be longer than limits.handler_timeout, or answers are cut off")
	}
	if l.LOBWriteTimeout <= l.LOBTimeout {
		k.fail("limits.lob_write_timeout", "must be longer than limits.lob_timeout, or answers are cut off")
	}
	for path, n := range map[string]int{"limits.connections": l.Connections, "limits.connections_per_address": l.ConnectionsPerAddress} {
		if n < 1 {
			k.fail(path, "must be at least 1")
		}
	}
	if l.HeaderBytes < 4<<10 || l.HeaderBytes > 1<<20 {
		k.fail("limits.header_bytes", "must be from 4096 to 1048576")
	}
	for path, n := range map[string]int{
		"limits.live_grants": l.LiveGrants, "limits.links_per_subject": l.LinksPerSubject, "limits.failed_logins": l.FailedLogins,
		"limits.misses": l.Misses, "limits.audited_refusals": l.AuditedRefusals,
	} {
		k.notNegative(&n, path)
	}
}

func (k *checker) notNegative(n *int, path string) {
	if n != nil && *n < 0 {
		k.fail(path, "must be 0 or more")
	}
}

const lowerAlnum = "abcdefghijklmnopqrstuvwxyz0123456789"

func (k *checker) tenant(t *Tenant, path string) {
	if t.ID == "" || len(t.ID) > 63 || strings.Trim(t.ID, lowerAlnum+"-") != "" {
		k.fail(path+".id", "must be 1 to 63 lower-case letters, digits and hyphens")
	} else {
		k.unique("tenant "+t.ID, path+".id")
	}
	k.number(t.Number, path+".number")
	if _, err := signon.ParseLanguage(t.Language); err != nil || t.Language == "" {
		k.fail(path+".language", "must be an ISO 639-1 code of two letters, as in en")
	}
	pages := k.pagesOf(t)
	pages.url(t.SupportURL, path+".support_url")
	k.supportEmail(t.SupportEmail, path+".support_email")
	k.branding(&t.Branding, path+".branding")
	pages.url(t.RefreshURL, path+".refresh_url")
	for _, host := range slices.Sorted(maps.Keys(t.RefreshURLs)) {
		pages.byHost(host, t.RefreshURLs[host], path+".refresh_urls")
	}
	k.policies(t.Redemption, t.IPMismatch, path)
	k.notNegative(t.Limits.LiveGrants, path+".limits.live_grants")
	k.notNegative(t.Limits.LinksPerSubject, path+".limits.links_per_subject")
	k.apps(t, path)
	for i := range t.Clients {
		k.client(&t.Clients[i], t, fmt.Sprintf("%s.clients[%d]", path, i))
	}
	if cart := t.Destinations.Cart; cart != nil {
		k.cart(cart, pages, path+".destinations.cart")
	}
	if account := t.Destinations.Account; account != nil {
		k.account(account, pages, path+".destinations.account")
	}
	if portal := t.Destinations.Portal; portal != nil {
		k.portal(portal, pages, path+".destinations.portal")
	}
	if entrance := t.Destinations.Entrance; entrance != nil {
		k.entrance(entrance, pages, path+".destinations.entrance")
	}
}

// policies checks how links are redeemed and what becomes of calls from other
// addresses; empty is what the level above says.
func (k *checker) policies(redemption, mismatch, path string) {
	switch signon.Policy(redemption) {
	case "", signon.PolicyDirect, signon.PolicyAuto, signon.PolicyConfirm:
	default:
		k.fail(path+".redemption", "must be direct, auto or confirm")
	}
	switch signon.Mismatch(mismatch) {
	case "", signon.MismatchRefuse, signon.MismatchReport:
	default:
		k.fail(path+".ip_mismatch", "must be refuse or report")
	}
}

func (k *checker) cart(c *Cart, pages pages, path string) {
	k.hosts(c.Hosts, "cart", path)
	if len(c.Paths) == 0 {
		k.fail(path+".paths", "must not be empty")
	}
	k.paths(c.Paths, path+".paths")
	k.paths(c.UnsupportedPaths, path+".unsupported_paths")
	for i, host := range c.UnsupportedHosts {
		if !isHostName(host) {
			k.fail(fmt.Sprintf("%s.unsupported_hosts[%d]", path, i), "must be a host name in lower case, without scheme and port")
		}
	}
	pages.url(c.CardEntryURL, path+".card_entry_url")
	pages.url(c.RefreshURL, path+".refresh_url")
	k.policies(c.Redemption, c.IPMismatch, path)
	k.validity(validity{c.DefaultTTL, c.MaxTTL, c.SessionTTL, c.SessionIdleTTL, c.IPBinding}, path)
}

func (k *checker) account(a *Account, pages pages, path string) {
	k.hosts(a.Hosts, "account", path)
	pages.url(a.RefreshURL, path+".refresh_url")
	k.policies(a.Redemption, a.IPMismatch, path)
	k.validity(validity{a.DefaultTTL, a.MaxTTL, a.SessionTTL, a.SessionIdleTTL, a.IPBinding}, path)
}

// hosts checks the registered hosts of a destination of that kind. A host
// belongs to one destination of a kind.
func (k *checker) hosts(hosts []string, kind, path string) {
	path += ".hosts"
	if len(hosts) == 0 {
		k.fail(path, "must be given, or public_url")
	}
	for i, host := range hosts {
		at := fmt.Sprintf("%s[%d]", path, i)
		origin, err := signon.ParseOrigin(host)
		switch {
		case err != nil:
			k.fail(at, "is no host: %s", err)
		case i == 0 && strings.HasPrefix(origin.Host, "*."):
			k.fail(at, "must not be a wildcard: the first host is the base of links")
		default:
			k.unique(kind+" "+origin.HostPort(), at)
		}
	}
}

func (k *checker) paths(paths []string, path string) {
	for i, p := range paths {
		body := strings.TrimSuffix(p, "*")
		if !strings.HasPrefix(p, "/") || strings.ContainsAny(body, "*%?# \\") || body != p && !strings.HasSuffix(body, "/") {
			k.fail(fmt.Sprintf("%s[%d]", path, i), "must start with / and hold no escapes; * only as the end of /*")
		}
	}
}

type validity struct {
	standard, longest, session, idle Duration
	binding                          string
}

func (k *checker) validity(v validity, path string) {
	const oneSecond = Duration(time.Second)
	switch {
	case v.standard < oneSecond:
		k.fail(path+".default_ttl", "must be at least 1s")
	case v.longest < v.standard:
		k.fail(path+".max_ttl", "must not be below default_ttl")
	case v.longest > Duration(366*24*time.Hour):
		k.fail(path+".max_ttl", "must be at most 8784h, a year")
	}
	if v.session < oneSecond {
		k.fail(path+".session_ttl", "must be at least 1s")
	}
	if v.idle != 0 && v.idle < oneSecond {
		k.fail(path+".session_idle_ttl", "must be at least 1s, or 0")
	}
	if v.binding != string(signon.AddrExact) && v.binding != string(signon.AddrNet64) {
		k.fail(path+".ip_binding", "must be exact or net64")
	}
}
