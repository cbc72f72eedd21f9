package landing

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// person is who is signed in.
type person struct {
	session  *signon.BrowserSession
	customer *directory.Customer
	// endsAt is when the session is over unless it is used before.
	endsAt time.Time
}

func (p *person) name() string { return fullName(p.customer) }

func fullName(c *directory.Customer) string {
	return strings.TrimSpace(c.Billing.FirstName + " " + c.Billing.LastName)
}

// sessionTokenOf returns the browser's session at a kind of destination, or nil.
func (v *visit) sessionTokenOf(kind signon.DestinationKind) *signon.SessionToken {
	text := v.jar.get(sessionCookies[kind])
	if text == "" {
		return nil
	}
	token, ok := signon.ParseSessionToken(text)
	if !ok {
		return nil
	}
	return &token
}

// heldSession returns what the browser holds of a session at a kind of
// destination, or nil.
func (v *visit) heldSession(kind signon.DestinationKind) *signon.HeldSession {
	token := v.sessionTokenOf(kind)
	if token == nil {
		return nil
	}
	return &signon.HeldSession{Token: *token, Seen: v.jar.get(seenCookies[kind])}
}

// liveSession returns the session that the browser holds at a destination when it
// can be used, or nil.
func (v *visit) liveSession(dest *signon.Destination, held signon.HeldSession) (*signon.LiveSession, error) {
	session, err := v.SignOn.Session(v.r.Context(), &signon.SessionRequest{
		Tenant: v.tenant.ID, Destination: dest, HeldSession: held, SupportCode: v.info.SupportCode,
	})
	if e := signon.AsError(err); e != nil && e.Code == signon.CodeSessionInvalid {
		return nil, nil
	}
	return session, err
}

// forgetSession removes the cookies of the session at a kind of destination.
func (v *visit) forgetSession(kind signon.DestinationKind) {
	for _, name := range []string{sessionCookies[kind], seenCookies[kind]} {
		if v.jar.get(name) != "" {
			v.jar.remove(name)
		}
	}
}

// person returns who is signed in at the destination, or nil for nobody. The page
// that asks counts as a use of the session: it is to be asked once in a visit,
// before the answer begins.
func (v *visit) person() (*person, error) {
	held := v.heldSession(v.dest.Kind)
	if held == nil {
		return nil, nil
	}
	live, err := v.liveSession(v.dest, *held)
	if live == nil || err != nil {
		return nil, err
	}
	session := &live.BrowserSession
	customer, err := v.customer(session)
	if errors.Is(err, signon.ErrNotFound) {
		return nil, nil // removed since
	}
	if err != nil {
		return nil, err
	}
	if older, err := v.keepOne(session); older || err != nil {
		return nil, err
	}
	if live.Seen != "" {
		v.jar.set(seenCookies[v.dest.Kind], live.Seen)
	}
	if mark := personMark(session); v.jar.get(personCookie) != mark {
		v.jar.set(personCookie, mark)
	}
	v.speaks = []string{session.Language, customer.Language}
	return &person{session: session, customer: customer, endsAt: live.EndsAt()}, nil
}

// keepOne sees to it that a browser is one person's. Two links that were followed
// at the same moment can sign two people in at two destinations; whoever came
// first is signed out then. It reports whether that is the given session.
func (v *visit) keepOne(session *signon.BrowserSession) (older bool, err error) {
	for _, at := range v.others() {
		other, err := v.liveSession(at.dest, at.held)
		if err != nil {
			return false, err
		}
		if other == nil || personMark(&other.BrowserSession) == personMark(session) {
			continue
		}
		first := otherSession{v.dest, *v.heldSession(v.dest.Kind)}
		if older = other.StartedAt.After(session.StartedAt); !older {
			first = at
		}
		v.Log.Info("landing: two people in one browser, the first is signed out", v.logged()...)
		if err := v.SignOn.SignOut(v.r.Context(), v.tenant.ID, first.dest, first.held.Token, v.info.SupportCode); err != nil {
			return false, err
		}
		v.forgetSession(first.dest.Kind)
		if older {
			return true, nil
		}
	}
	return false, nil
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
	for _, kind := range kinds {
		if err := v.signOutOf(kind); err != nil {
			v.fail("sign out", err)
			return
		}
	}
	v.forgetPerson()
	if v.dest.Kind == signon.KindAccount {
		v.see(accountSignedOutPath)
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
	v.forgetSession(kind)
	return nil
}

// forgetPerson removes what a person was about to do, and the mark of who it was.
func (v *visit) forgetPerson() {
	for _, name := range []string{cartCookie, entryCookie, personCookie} {
		if v.jar.get(name) != "" {
			v.jar.remove(name)
		}
	}
}

// noteEverywhere says that the person is signed out in every browser.
const noteEverywhere = "everywhere"

// getSignedOut says that the person is signed out, where that is so: an address
// can be made up by anybody. Who is signed in is led to where that shows.
func (v *visit) getSignedOut() {
	home, err := v.signedInAt()
	v.clean()
	switch {
	case err != nil:
		v.fail("read session", err)
		return
	case home != "":
		v.see(home)
		return
	}
	name := "signed_out"
	if v.params.get(noteParam) == noteEverywhere {
		name = "signed_out_all"
	}
	v.show(http.StatusOK, "signed-out", v.view(name+".title", name))
}

// signedInAt returns the path of the first page at this host that the browser is
// signed in to, or nothing.
func (v *visit) signedInAt() (string, error) {
	for _, at := range []struct {
		kind signon.DestinationKind
		path string
	}{{signon.KindAccount, accountPath}, {signon.KindCart, cartPath}} {
		tenant, dest, here := v.SignOn.Registry().At(v.r.Host, at.kind)
		held := v.heldSession(at.kind)
		if !here || held == nil || tenant.ID != v.tenant.ID {
			continue
		}
		if live, err := v.liveSession(dest, *held); live != nil || err != nil {
			return at.path, err
		}
	}
	return "", nil
}
