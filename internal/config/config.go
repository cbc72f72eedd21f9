package config

import (
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// Config is everything an operator can decide. Each field's comment is its
// entry in the reference that `latchkey config docs` prints.
type Config struct {
	// Listen is the address to accept connections on, as in ":8443" or
	// "127.0.0.1:8080". A port of 0 takes a free one.
	Listen string `yaml:"listen" env:"LISTEN"`
	// PublicURL is the scheme and host under which browsers reach this server, as
	// in "https://login.example.com". Destinations that list no hosts are there.
	PublicURL string `yaml:"public_url" env:"PUBLIC_URL"`
	// DataDir is the directory of the database and of the socket for operators, made
	// when it is missing. One server uses it at a time.
	DataDir string `yaml:"data_dir" env:"DATA_DIR"`
	// Database says where the address of a PostgreSQL database is, as in
	// "postgres://user:password@db.example.com/latchkey", which any number of servers
	// may share. Without this the environment variable LATCHKEY_DATABASE is read.
	// Without either the database is a file in data_dir.
	Database SecretRef `yaml:"database" envPrefix:"DATABASE_"`
	// TLSCert is a file with the certificate chain in PEM, read again on SIGHUP.
	// Without it the server speaks plain HTTP, for use behind a proxy.
	TLSCert string `yaml:"tls_cert" env:"TLS_CERT"`
	// TLSKey is a file with the certificate's private key in PEM.
	TLSKey string `yaml:"tls_key" env:"TLS_KEY"`
	// Log says what is logged, and how.
	Log Log `yaml:"log" envPrefix:"LOG_"`
	// TrustedProxies are the addresses and networks of the proxies in front of
	// this server. What they say about a client's address and about TLS is
	// believed, and they may open any number of connections.
	TrustedProxies []Network `yaml:"trusted_proxies" env:"TRUSTED_PROXIES"`
	// ClientIPHeader is the header in which trusted proxies pass the client's
	// address. It is read from the right, through trusted networks.
	ClientIPHeader string `yaml:"client_ip_header" env:"CLIENT_IP_HEADER"`
	// RootKey is the key that all others are derived from, made by `latchkey
	// keygen`. Without this the environment variable LATCHKEY_ROOT_KEY is read.
	RootKey SecretRef `yaml:"root_key" envPrefix:"ROOT_KEY_"`
	// PreviousRootKey is the root key that is being replaced: what was made under
	// it stays usable.
	PreviousRootKey SecretRef `yaml:"previous_root_key" envPrefix:"PREVIOUS_ROOT_KEY_"`
	// Audit says how long the audit log is kept.
	Audit Audit `yaml:"audit" envPrefix:"AUDIT_"`
	// Limits bounds what anybody can make this server do.
	Limits Limits `yaml:"limits" envPrefix:"LIMITS_"`
	// Tenants are the isolated owners of customers, clients and destinations.
	Tenants []Tenant `yaml:"tenants"`

	origin origin
}

// Log says what is logged. Logs go to standard error and hold no secrets, no
// query strings and no addresses.
type Log struct {
	// Level is the least severe level that is logged: debug, info, warn or error.
	Level string `yaml:"level" env:"LEVEL"`
	// Format is json or text.
	Format string `yaml:"format" env:"FORMAT"`
	// Access logs every request at level info: method, path without references,
	// status, duration and support code.
	Access bool `yaml:"access" env:"ACCESS"`
}

// Audit says what becomes of the audit log.
type Audit struct {
	// Keep is how long events are kept, as in 8760h for a year, at least 1h; 0 means
	// forever. Older ones are removed from the beginning of the log, and people's
	// activity with them; what is left can be verified as before.
	Keep Duration `yaml:"keep" env:"KEEP"`
}

// Limits are bounds. Times are Go durations such as 1m30s, or seconds.
type Limits struct {
	// ReadHeaderTimeout is how long a client may take to send a request's header.
	ReadHeaderTimeout Duration `yaml:"read_header_timeout" env:"READ_HEADER_TIMEOUT"`
	// RequestTimeout is how long a client may take to send a whole request.
	RequestTimeout Duration `yaml:"request_timeout" env:"REQUEST_TIMEOUT"`
	// HandlerTimeout is how long a request is worked on. Then the answer is 503;
	// what was begun is finished all the same, so that repeating it is safe.
	HandlerTimeout Duration `yaml:"handler_timeout" env:"HANDLER_TIMEOUT"`
	// WriteTimeout is how long working and sending the answer may take together.
	WriteTimeout Duration `yaml:"write_timeout" env:"WRITE_TIMEOUT"`
	// LOBTimeout stands in for handler_timeout in the API of lines of business and
	// its issuer. Then the answer is that API's own, with status 504.
	LOBTimeout Duration `yaml:"lob_timeout" env:"LOB_TIMEOUT"`
	// LOBWriteTimeout stands in for write_timeout there.
	LOBWriteTimeout Duration `yaml:"lob_write_timeout" env:"LOB_WRITE_TIMEOUT"`
	// IdleTimeout is how long a connection is kept open between requests.
	IdleTimeout Duration `yaml:"idle_timeout" env:"IDLE_TIMEOUT"`
	// ShutdownTimeout is how long requests that have begun may take to finish
	// when the server stops.
	ShutdownTimeout Duration `yaml:"shutdown_timeout" env:"SHUTDOWN_TIMEOUT"`
	// HeaderBytes is the size of the largest request header.
	HeaderBytes int `yaml:"header_bytes" env:"HEADER_BYTES"`
	// Connections is how many connections are open at most; more are closed at once.
	Connections int `yaml:"connections" env:"CONNECTIONS"`
	// ConnectionsPerAddress is how many of them may come from one IPv4 address or
	// one IPv6 network of 64 bits. Trusted proxies are exempt.
	ConnectionsPerAddress int `yaml:"connections_per_address" env:"CONNECTIONS_PER_ADDRESS"`
	// LiveGrants is how many links that are neither used nor expired a tenant may
	// have; 0 means no limit.
	LiveGrants int `yaml:"live_grants" env:"LIVE_GRANTS"`
	// LinksPerSubject is how many of them may be for one person; 0 means no limit.
	LinksPerSubject int `yaml:"links_per_subject" env:"LINKS_PER_SUBJECT"`
	// FailedLogins is how many wrong authentications a minute an API client is
	// allowed from one address; 0 means no limit.
	FailedLogins int `yaml:"failed_logins" env:"FAILED_LOGINS"`
	// Misses is how many refused links a minute an address is allowed; 0 means no
	// limit.
	Misses int `yaml:"misses" env:"MISSES"`
	// AuditedRefusals is how many refusals, and how many repeats of a sign-on by
	// the same browser, are written to the audit log a minute for a tenant, each
	// kind for itself; those above are only logged. 0 means no limit.
	AuditedRefusals int `yaml:"audited_refusals" env:"AUDITED_REFUSALS"`
}

// Tenant is one isolated owner of customers, clients and destinations.
type Tenant struct {
	// ID names the tenant for good: lower-case letters, digits and hyphens.
	ID string `yaml:"id"`
	// Name is shown to people; the ID when not given.
	Name string `yaml:"name"`
	// Number is what other tenants' clients call the tenant by: up to 20 digits. In
	// BlueSnap's API it is the merchant ID.
	Number string `yaml:"number"`
	// ActsFor are the IDs of the tenants on whose behalf this tenant's clients may
	// act. Each needs a number.
	ActsFor []string `yaml:"acts_for"`
	// Language is the ISO 639-1 code used when neither link nor person has one.
	Language string `yaml:"language"`
	// SupportURL is where a person finds help when a link does not work.
	SupportURL string `yaml:"support_url"`
	// SupportEmail is the e-mail address that a person can write to then.
	SupportEmail string `yaml:"support_email"`
	// Branding is the look of the tenant's pages: a logo and colours.
	Branding Branding `yaml:"branding"`
	// RefreshURL is where a person gets a new link when one does not work, unless
	// the destination or its host has an address of its own for that.
	RefreshURL string `yaml:"refresh_url"`
	// RefreshURLs are such addresses by the registered host that the link led to,
	// as in {"https://shop.example.com": "https://example.com/sign-in"}. They come
	// before those of tenant and destination.
	RefreshURLs map[string]string `yaml:"refresh_urls"`
	// Redemption says how links are redeemed, unless the destination says so itself:
	// direct (when the link is followed), auto (by a page that posts itself, so that
	// what merely fetches a link spends nothing) or confirm (when the person presses
	// a button that names the account, for links that are sent by mail). Without it
	// links of up to a minute are redeemed direct, others auto.
	Redemption string `yaml:"redemption"`
	// IPMismatch says what becomes of a link that is followed from another address
	// than it is bound to, unless the destination says so itself: refuse, or report
	// to record it and let it pass, for trying binding out.
	IPMismatch string `yaml:"ip_mismatch"`
	// Limits replace the general ones for this tenant.
	Limits TenantLimits `yaml:"limits"`
	// Domains are where the tenant's API for lines of business is, as clients name
	// it: "api.example.com", with the port where it is not that of https. A domain
	// belongs to one tenant, and elsewhere every call is refused. Without any it is
	// the host of public_url.
	Domains []string `yaml:"domains"`
	// Networks are the addresses and networks that this API may be called from.
	// Without any it may be called from anywhere.
	Networks []Network `yaml:"networks"`
	// Issuers make the access tokens that this API takes.
	Issuers []Issuer `yaml:"issuers"`
	// ReturnCodeAsString writes the number in ReturnCode, in this API's answers, as
	// a text.
	ReturnCodeAsString bool `yaml:"return_code_as_string"`
	// Clients are the programs that may ask for links.
	Clients []Client `yaml:"clients"`
	// Destinations are where people can be signed on.
	Destinations Destinations `yaml:"destinations"`
}

// TenantLimits replace the general limits for one tenant.
type TenantLimits struct {
	// LiveGrants replaces limits.live_grants; 0 means no limit.
	LiveGrants *int `yaml:"live_grants"`
	// LinksPerSubject replaces limits.links_per_subject; 0 means no limit.
	LinksPerSubject *int `yaml:"links_per_subject"`
}

// Client is a program that calls an API for the tenant.
type Client struct {
	// Kind is the API that the client speaks: 2checkout, bluesnap, lob (that of lines
	// of business) or oauth (the built-in issuer of access tokens for it).
	Kind string `yaml:"kind"`
	// ID is what the client calls itself: the merchant code, the API user's name, the
	// x-lob-client-id, or the client_id.
	ID string `yaml:"id"`
	// Name is shown to operators. That of a lob client is the TokenSource of its
	// tokens.
	Name string `yaml:"name"`
	// Secret is the key that a 2checkout client signs with, the hash of a bluesnap
	// client's password, as `latchkey password` prints it, or an oauth client's
	// client_secret. Clients of the kind lob have none: access tokens prove them.
	Secret SecretRef `yaml:"secret"`
	// PreviousSecret is accepted, too, while clients move to a new one.
	PreviousSecret SecretRef `yaml:"previous_secret"`
	// Algorithms are the signature algorithms accepted of a 2checkout client: sha256,
	// sha3-256, md5.
	Algorithms []string `yaml:"algorithms"`
	// Skew is how far the date of a 2checkout client's signature may be from now,
	// either way.
	Skew Duration `yaml:"skew"`
	// Capabilities are what a bluesnap client may do: principal lets it maintain the
	// users of its tenant, and of those that the tenant acts for, and sign them and
	// the customers on. Without it every call is refused.
	Capabilities []string `yaml:"capabilities"`
	// Addresses are the addresses and networks that the client may call from, 15 at
	// most. Without any it may call from anywhere. For clients of the kind lob the
	// tenant's networks say that.
	Addresses []Network `yaml:"addresses"`
	// Bearers are the clients of the tenant's issuers whose access tokens prove a lob
	// client, by their client_id.
	Bearers []string `yaml:"bearers"`
	// IssuesFor are the IDs of the lines of business that a lob client may ask tokens
	// for.
	IssuesFor []string `yaml:"issues_for"`
	// Is are the IDs of the lines of business that a lob client is: it may validate
	// tokens for them, and ask for their members.
	Is []string `yaml:"is"`
	// Scopes are what an oauth client may ask for, and what its access tokens have
	// when it does not ask.
	Scopes []string `yaml:"scopes"`
}

// Destinations are where a tenant's people can be signed on. One that is not
// mentioned does not exist.
type Destinations struct {
	// Cart is the hosted cart.
	Cart *Cart `yaml:"cart"`
	// Account is the account area.
	Account *Account `yaml:"account"`
	// Portal is where the tenant's users work.
	Portal *Portal `yaml:"portal"`
	// Entrance leads on to the cart or the account, by what the link asks for.
	Entrance *Entrance `yaml:"entrance"`
	// Apps are the lines of business. Their own back ends read the tokens.
	Apps []App `yaml:"apps"`
}

// Cart is the hosted cart, and which buy links lead there.
type Cart struct {
	// Hosts are the registered hosts with their scheme, as in
	// "https://store.example.com". Links lead there and nowhere else. A wildcard
	// stands for one label: "https://*.example.com", not in first place.
	Hosts []string `yaml:"hosts"`
	// Paths are the paths of buy links: exact, or everything below with "/*".
	Paths []string `yaml:"paths"`
	// UnsupportedPaths are prefixes of paths that sign-on links are not offered for.
	UnsupportedPaths []string `yaml:"unsupported_paths"`
	// UnsupportedHosts are host names that sign-on links are not offered for.
	UnsupportedHosts []string `yaml:"unsupported_hosts"`
	// DefaultTTL is a link's validity when none is asked for.
	DefaultTTL Duration `yaml:"default_ttl"`
	// MaxTTL is the longest validity that can be asked for.
	MaxTTL Duration `yaml:"max_ttl"`
	// SessionTTL is how long a person stays signed in at the longest.
	SessionTTL Duration `yaml:"session_ttl"`
	// SessionIdleTTL is how long a person stays signed in without opening a page; 0
	// means as long as session_ttl.
	SessionIdleTTL Duration `yaml:"session_idle_ttl"`
	// IPBinding says how closely a link can be bound to an IPv6 address: exact, or
	// net64 for its network of 64 bits. IPv4 is always exact.
	IPBinding string `yaml:"ip_binding"`
	// IPMismatch replaces the tenant's ip_mismatch: refuse or report.
	IPMismatch string `yaml:"ip_mismatch"`
	// Redemption replaces the tenant's redemption: direct, auto or confirm.
	Redemption string `yaml:"redemption"`
	// CardEntryURL is the payment processor's page where a new card is entered.
	// Without it only cards on file can be chosen.
	CardEntryURL string `yaml:"card_entry_url"`
	// RefreshURL is where a person gets a new link when one does not work; the
	// tenant's when not given.
	RefreshURL string `yaml:"refresh_url"`
}

// Account is the account area.
type Account struct {
	// Hosts are the registered hosts with their scheme. The first one is the base
	// of account links.
	Hosts []string `yaml:"hosts"`
	// DefaultTTL is a link's validity when none is asked for.
	DefaultTTL Duration `yaml:"default_ttl"`
	// MaxTTL is the longest validity that can be asked for.
	MaxTTL Duration `yaml:"max_ttl"`
	// SessionTTL is how long a person stays signed in at the longest.
	SessionTTL Duration `yaml:"session_ttl"`
	// SessionIdleTTL is how long a person stays signed in without opening a page; 0
	// means as long as session_ttl.
	SessionIdleTTL Duration `yaml:"session_idle_ttl"`
	// IPBinding says how closely a link can be bound to an IPv6 address: exact, or
	// net64 for its network of 64 bits. IPv4 is always exact.
	IPBinding string `yaml:"ip_binding"`
	// IPMismatch replaces the tenant's ip_mismatch: refuse or report.
	IPMismatch string `yaml:"ip_mismatch"`
	// Redemption replaces the tenant's redemption: direct, auto or confirm.
	Redemption string `yaml:"redemption"`
	// RefreshURL is where a person gets a new link when one does not work; the
	// tenant's when not given.
	RefreshURL string `yaml:"refresh_url"`
}

// Default returns the configuration before anything was decided: complete but
// for what only the operator knows.
func Default() *Config {
	return &Config{
		Listen:         "127.0.0.1:8080",
		Log:            Log{Level: "info", Format: "json", Access: true},
		ClientIPHeader: "X-Forwarded-For",
		Limits: Limits{
			ReadHeaderTimeout:     Duration(5 * time.Second),
			RequestTimeout:        Duration(10 * time.Second),
			HandlerTimeout:        Duration(8 * time.Second),
			WriteTimeout:          Duration(15 * time.Second),
			LOBTimeout:            Duration(29 * time.Second),
			LOBWriteTimeout:       Duration(35 * time.Second),
			IdleTimeout:           Duration(60 * time.Second),
			ShutdownTimeout:       Duration(20 * time.Second),
			HeaderBytes:           16 << 10,
			Connections:           12_000,
			ConnectionsPerAddress: 200,
			LiveGrants:            100_000,
			LinksPerSubject:       50,
			FailedLogins:          10,
			Misses:                30,
			AuditedRefusals:       600,
		},
	}
}

func (t *Tenant) setDefaults() {
	t.Language = "en"
	t.IPMismatch = string(signon.MismatchRefuse)
}

func (c *Client) setDefaults() {
	c.Kind = kind2Checkout
	c.Algorithms = []string{"sha256", "sha3-256", "md5"}
	c.Skew = Duration(10 * time.Minute)
}

func (c *Cart) setDefaults() {
	c.Paths = []string{"/order/checkout.php", "/order/cart.php", "/order/trial.php", "/order/upgrade.php", "/order/finish.php"}
	c.UnsupportedPaths = []string{"/checkout/"}
	c.DefaultTTL = Duration(10 * time.Second)
	c.MaxTTL = Duration(24 * time.Hour)
	c.SessionTTL = Duration(2 * time.Hour)
	c.IPBinding = "exact"
}

func (a *Account) setDefaults() {
	a.DefaultTTL = Duration(10 * time.Second)
	a.MaxTTL = Duration(24 * time.Hour)
	a.SessionTTL = Duration(8 * time.Hour)
	a.SessionIdleTTL = Duration(30 * time.Minute)
	a.IPBinding = "exact"
}

// accountPaths are the pages that account links lead to.
var accountPaths = []string{
	"/myaccount/", "/myaccount/my_subscription/", "/myaccount/my_products/", "/myaccount/my_license/", "/myaccount/user_data/",
	"/myaccount/order_lookup/", "/myaccount/payment_methods/", "/myaccount/change_card/", "/myaccount/view_order/", "/support/",
}
