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
)

// realms is the namespace of client ids for each kind of client.
var realms = map[string]string{kind2Checkout: "avangate", kindBlueSnap: "bluesnap"}

var algorithms = []string{"md5", "sha256", "sha3-256"}

// maxAddresses is how many addresses and networks a client may call from.
const maxAddresses = 15

func (k *checker) client(c *Client, path string) {
	k.secret(c.Secret, path+".secret", true)
	k.secret(c.PreviousSecret, path+".previous_secret", false)
	if c.Kind == kindBlueSnap {
		k.clientID(c, isUserName(c.ID), path, "must be 1 to 64 printable ASCII characters without colons, and without blanks at its ends")
		k.capabilities(c, path)
	} else {
		if c.Kind != kind2Checkout {
			k.fail(path+".kind", "must be 2checkout or bluesnap")
		}
		k.clientID(c, isMerchantCode(c.ID), path, "must be 1 to 64 letters, digits, hyphens, underscores and dots")
		k.signing(c, path)
		if c.Capabilities != nil {
			k.fail(path+".capabilities", "is for clients of the kind bluesnap")
		}
	}
	switch n := len(c.Addresses); {
	case n > maxAddresses:
		k.fail(path+".addresses", "must be %d at most: write neighbours as one network", maxAddresses)
	case n == 0 && c.Addresses != nil:
		k.fail(path+".addresses", "must name one at least; without this setting the client may call from anywhere")
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
	for _, given := range []struct {
		key string
		yes bool
	}{{".algorithms", c.Algorithms != nil}, {".skew", k.given(path + ".skew")}} {
		if given.yes {
			k.fail(path+given.key, "is for clients of the kind 2checkout")
		}
	}
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
	if cl.Kind != kindBlueSnap {
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
	for i := range k.Tenants {
		own := &k.Tenants[i]
		for j, id := range own.ActsFor {
			at := fmt.Sprintf("tenants[%d].acts_for[%d]", i, j)
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
