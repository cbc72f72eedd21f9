package landing

import (
	"errors"
	"net/http"
	"slices"
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
	held := v.holding(v.dest.Kind)
	if held == nil {
		return nil, nil
	}
	live, err := v.live(held)
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
	if older, err := v.keepOne(held, session); older || err != nil {
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
func (v *visit) keepOne(here *holding, session *signon.BrowserSession) (older bool, err error) {
	for _, at := range v.holdings() {
		if at.Destination == here.Destination {
			continue
		}
		other, err := v.live(at)
		if err != nil {
			return false, err
		}
		if other == nil || personMark(&other.BrowserSession) == personMark(session) {
			continue
		}
		first := here
		if older = other.StartedAt.After(session.StartedAt); !older {
			first = at
		}
		v.Log.Info("landing: two people in one browser, the first is signed out", v.logged()...)
		if err := v.signOutOf(first); err != nil {
			return false, err
		}
		v.forgetSession(first.Destination.Kind)
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

// signedOutPaths lead to the page that says so.
var signedOutPaths = map[signon.DestinationKind]string{
	signon.KindCart: cartSignedOutPath, signon.KindAccount: accountSignedOutPath, signon.KindPortal: portalSignedOutPath,
}

// postSignOut ends what this person is signed in to at this host, cart and
// account alike: who signs out on a shared computer means all of it.
func (v *visit) postSignOut() {
	other, err := v.signedInNow()
	if err != nil {
		v.fail("sign out", err)
		return
	}
	if other {
		v.clean()
		v.message(http.StatusConflict, otherOwner[v.dest.Kind == signon.KindPortal])
		return
	}
	to := v.signedOutPath()
	if err := v.signOut(v.company()); err != nil {
		v.fail("sign out", err)
		return
	}
	if v.dest.Kind != signon.KindPortal {
		v.forgetPerson()
	}
	v.see(to)
}

// otherOwner are the pages for a form of somebody else's page, of the portal and not.
var otherOwner = map[bool]string{true: portalOther, false: "other_person"}

// signedInNow reports whether somebody else is signed in by now than on the page that
// the form came from: nobody signs another person out. A form that does not say
// whose page it was on signs out whoever is signed in.
func (v *visit) signedInNow() (other bool, err error) {
	owner := v.r.PostForm.Get(ownerField)
	if owner == "" {
		return false, nil
	}
	for _, h := range v.holdings() {
		live, err := v.live(h)
		if err != nil {
			return false, err
		}
		if live != nil && personMark(&live.BrowserSession) != owner {
			return true, nil
		}
	}
	return false, nil
}

// signedOutPath is where the browser goes when it is signed out. Where several tenants
// share the host, the address says whose portal it was: no cookie does any more.
func (v *visit) signedOutPath() string {
	path := signedOutPaths[v.dest.Kind]
	if held := v.holding(v.dest.Kind); held != nil && v.common {
		return adding(path, merchantParam, string(held.Tenant.ID))
	}
	return path
}

// merchantParam names the tenant whose portal somebody has signed out of.
const merchantParam = "merchant"

// signOut ends the browser's sessions at those kinds of destination.
func (v *visit) signOut(kinds []signon.DestinationKind) error {
	for _, kind := range kinds {
		if h := v.holding(kind); h != nil {
			if err := v.signOutOf(h); err != nil {
				return err
			}
		}
		v.forgetSession(kind)
	}
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
	if v.dest.Kind == signon.KindPortal {
		name = "portal_out"
		v.policy.Scripts = true
		if at, here := v.SignOn.Registry().Shared(v.r.Host, v.dest.Kind, signon.TenantID(v.params.get(merchantParam))); here {
			v.become(at)
		}
	} else if v.params.get(noteParam) == noteEverywhere {
		name = "signed_out_all"
	}
	v.show(http.StatusOK, "signed-out", v.view(name+".title", name))
}

// homes are the first pages of each kind of destination.
var homes = map[signon.DestinationKind]string{
	signon.KindCart: cartPath, signon.KindAccount: accountPath, signon.KindPortal: portalPath,
}

// signedInAt returns the path of the first page at this host that the browser is
// signed in to, or nothing.
func (v *visit) signedInAt() (string, error) {
	for _, h := range slices.Backward(v.holdings()) {
		if live, err := v.live(h); live != nil || err != nil {
			return homes[h.Destination.Kind], err
		}
	}
	return "", nil
}
