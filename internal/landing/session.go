package landing

import (
	"errors"
	"strconv"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// person is who is signed in.
type person struct {
	session  *signon.BrowserSession
	customer *directory.Customer
}

func (p *person) name() string {
	return strings.TrimSpace(p.customer.Billing.FirstName + " " + p.customer.Billing.LastName)
}

// sessionToken returns the browser's session at the destination, or nil.
func (v *visit) sessionToken() *signon.SessionToken {
	return v.sessionTokenOf(v.dest.Kind)
}

func (v *visit) sessionTokenOf(kind signon.DestinationKind) *signon.SessionToken {
	token, ok := signon.ParseSessionToken(v.jar.get(sessionCookies[kind]))
	if !ok {
		return nil
	}
	return &token
}

// person returns who is signed in at the destination, or nil for nobody.
func (v *visit) person() (*person, error) {
	token := v.sessionToken()
	if token == nil {
		return nil, nil
	}
	session, err := v.SignOn.Session(v.r.Context(), v.tenant.ID, v.dest, *token)
	if e := signon.AsError(err); e != nil {
		if e.Code == signon.CodeSessionInvalid {
			return nil, nil
		}
		return nil, err
	}
	customer, err := v.customer(session)
	if errors.Is(err, signon.ErrNotFound) {
		return nil, nil // removed since
	}
	if err != nil {
		return nil, err
	}
	return &person{session: session, customer: customer}, nil
}

// customer returns the customer that the session is of, or signon.ErrNotFound.
func (v *visit) customer(s *signon.BrowserSession) (*directory.Customer, error) {
	id, err := strconv.ParseInt(string(s.Subject), 10, 64)
	if err != nil || s.SubjectKind != signon.SubjectCustomer {
		return nil, signon.ErrNotFound
	}
	return v.Directory.CustomerByID(v.r.Context(), s.Tenant, id)
}

// act says who changes something, for the audit log.
func (v *visit) act(p *person) directory.Act {
	return directory.Act{SupportCode: v.info.SupportCode, Session: p.session}
}

// postSignOut ends what this browser is signed in to at this host, cart and
// account alike: who signs out on a shared computer means all of it.
func (v *visit) postSignOut() {
	for _, kind := range []signon.DestinationKind{signon.KindCart, signon.KindAccount} {
		if err := v.signOutOf(kind); err != nil {
			v.fail("sign out", err)
			return
		}
	}
	v.jar.remove(cartCookie)
	if v.dest.Kind == signon.KindAccount {
		v.see(accountSignedOut)
		return
	}
	v.see(cartSignedOutPath)
}

func (v *visit) signOutOf(kind signon.DestinationKind) error {
	token := v.sessionTokenOf(kind)
	tenant, dest, here := v.SignOn.Registry().At(v.r.Host, kind)
	if token != nil && here {
		if err := v.SignOn.SignOut(v.r.Context(), tenant.ID, dest, *token, v.info.SupportCode); err != nil {
			return err
		}
	}
	if v.jar.get(sessionCookies[kind]) != "" {
		v.jar.remove(sessionCookies[kind])
	}
	return nil
}

func (v *visit) getSignedOut() {
	v.clean()
	v.show(200, "signed-out", v.view("signed_out.title", nil))
}
