package config

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// The kinds of clients.
const (
	kind2Checkout = "2checkout"
	kindBlueSnap  = "bluesnap"
	kindLOB       = "lob"
	kindOAuth     = "oauth"
)

// realms is the namespace of client ids for each kind of client.
var realms = map[string]string{kind2Checkout: "avangate", kindBlueSnap: "bluesnap", kindLOB: "lob", kindOAuth: "oauth"}

var algorithms = []string{"md5", "sha256", "sha3-256"}

// maxAddresses is how many addresses and networks a client may call from.
const maxAddresses = 15

// userNameRule is what isUserName wants.
const userNameRule = "must be 1 to 64 printable ASCII characters without colons, and without blanks at its ends"

func (k *checker) client(c *Client, t *Tenant, path string) {
	if c.Kind != kindLOB {
		k.clientSecret(c, path+".secret")
		k.secret(c.PreviousSecret, path+".previous_secret", false)
	}
	k.foreign(c, path)
	switch c.Kind {
	case kindBlueSnap:
		k.clientID(c, isUserName(c.ID), path, userNameRule)
		k.capabilities(c, path)
	case kindLOB:
		k.clientID(c, isOpaque(c.ID), path, "must be 1 to 128 printable ASCII characters without blanks")
		k.lobClient(c, t, path)
	case kindOAuth:
		k.clientID(c, isUserName(c.ID), path, userNameRule)
		k.oauthClient(c, t, path)
	default:
		if c.Kind != kind2Checkout {
			k.fail(path+".kind", "must be 2checkout, bluesnap, lob or oauth")
		}
		k.clientID(c, isMerchantCode(c.ID), path, "must be 1 to 64 letters, digits, hyphens, underscores and dots")
		k.signing(c, path)
	}
	switch n := len(c.Addresses); {
	case n > maxAddresses:
		k.fail(path+".addresses", "must be %d at most: write neighbours as one network", maxAddresses)
	case n == 0 && c.Addresses != nil:
		k.fail(path+".addresses", "must name one at least; without this setting the client may call from anywhere")
	}
}

// clientSecret checks the secret that a client must have. In a seed it can be there
// itself.
func (k *checker) clientSecret(c *Client, path string) {
	switch {
	case !k.seed || !c.Secret.empty():
		k.secret(c.Secret, path, true)
	case c.Kind == kindBlueSnap:
		k.fail(path, "must be given, or a password")
	default:
		k.fail(path, "must be given: the secret itself, or where it is, as in {env: NAME} or {file: PATH}")
	}
}

// foreign names the settings that are for clients of another kind.
func (k *checker) foreign(c *Client, path string) {
	for _, setting := range []struct {
		key, kind string
		given     bool
	}{
		{".algorithms", kind2Checkout, c.Algorithms != nil},
		{".skew", kind2Checkout, k.given(path + ".skew")},
		{".capabilities", kindBlueSnap, c.Capabilities != nil},
		{".bearers", kindLOB, c.Bearers != nil},
		{".issues_for", kindLOB, c.IssuesFor != nil},
		{".is", kindLOB, c.Is != nil},
		{".scopes", kindOAuth, c.Scopes != nil},
	} {
		known := realms[c.Kind] != "" || setting.kind != kind2Checkout
		if setting.given && known && c.Kind != setting.kind {
			k.fail(path+setting.key, "is for clients of the kind %s", setting.kind)
		}
	}
	if c.Kind != kindLOB {
		return
	}
	for key, given := range map[string]bool{".secret": !c.Secret.empty(), ".previous_secret": !c.PreviousSecret.empty()} {
		if given {
			k.fail(path+key, "is not for clients of the kind lob: the access tokens of their bearers prove them")
		}
	}
	if c.Addresses != nil {
		k.fail(path+".addresses", "is not for clients of the kind lob: the tenant's networks say from where they call")
	}
}

func (k *checker) clientID(c *Client, ok bool, path, rule string) {
	if !ok {
		k.fail(path+".id", "%s", rule)
		return
	}
	k.unique("client "+c.Kind+" "+c.ID, path+".id")
}

func isMerchantCode(id string) bool {
	return id != "" && len(id) <= 64 && strings.Trim(id, lowerAlnum+"ABCDEFGHIJKLMNOPQRSTUVWXYZ-_.") == ""
}

// isUserName reports whether Basic authentication can carry the name: a colon
// would end it.
func isUserName(id string) bool {
	other := func(r rune) bool { return r < ' ' || r > '~' || r == ':' }
	return id != "" && len(id) <= 64 && strings.TrimSpace(id) == id && !strings.ContainsFunc(id, other)
}

// signing checks how a client signs its calls.
func (k *checker) signing(c *Client, path string) {
	if len(c.Algorithms) == 0 {
		k.fail(path+".algorithms", "must name one at least: md5, sha256, sha3-256")
	}
	for i, a := range c.Algorithms {
		if !slices.Contains(algorithms, a) {
			k.fail(fmt.Sprintf("%s.algorithms[%d]", path, i), "must be md5, sha256 or sha3-256")
		}
	}
	if c.Skew <= 0 || c.Skew > Duration(24*time.Hour) {
		k.fail(path+".skew", "must be above zero and at most 24h")
	}
}

// capabilities checks what a client may do that proves itself with a password.
func (k *checker) capabilities(c *Client, path string) {
	for i, one := range c.Capabilities {
		at := fmt.Sprintf("%s.capabilities[%d]", path, i)
		if one != string(signon.CapPrincipal) {
			k.fail(at, "must be principal")
			continue
		}
		k.unique("capability "+path+" "+one, at)
	}
}

// given reports whether the file has the setting.
func (c *Config) given(path string) bool {
	_, ok := c.origin.places[path]
	return ok
}

// completeClient takes back the defaults that are for clients of another kind.
func (c *Config) completeClient(cl *Client, path string) {
	if cl.Kind == kind2Checkout || realms[cl.Kind] == "" {
		return
	}
	if !c.given(path + ".algorithms") {
		cl.Algorithms = nil
	}
	if !c.given(path + ".skew") {
		cl.Skew = 0
	}
}

// number checks what other tenants' clients call a tenant by.
func (k *checker) number(number, path string) {
	switch {
	case number == "":
	case len(number) > 20 || strings.Trim(number, "0123456789") != "":
		k.fail(path, "must be 1 to 20 digits")
	default:
		k.unique("number "+number, path)
	}
}

// links checks for whom the tenants act, once all of them are known.
func (k *checker) links() {
	declared := map[string]*Tenant{}
	for i := range k.Tenants {
		declared[k.Tenants[i].ID] = &k.Tenants[i]
	}
	for i := k.before; i < len(k.Tenants); i++ {
		own := &k.Tenants[i]
		for j, id := range own.ActsFor {
			at := fmt.Sprintf("%s.acts_for[%d]", k.path(i), j)
			switch other := declared[id]; {
			case other == nil:
				k.fail(at, "must be the id of a tenant, and %q is none", id)
			case other == own:
				k.fail(at, "must be another tenant: clients act for their own anyway")
			case other.Number == "":
				k.fail(at, "must be a tenant with a number, and %s has none", id)
			default:
				k.unique(fmt.Sprintf("tenant %d acts for %s", i, id), at)
			}
		}
	}
}
