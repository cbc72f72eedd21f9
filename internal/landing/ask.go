package landing

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// The fields of the form of a page that asks.
const (
	ticketField = "ticket" // what the core gave to come back
	hereField   = "here"   // the mark of who was signed in when the page was made (see hereMark)
)

// question is the page that asks before anything is spent.
type question struct {
	// Name is the start of the keys of its texts.
	Name string
	Shop string
	// Account is who would be signed in, masked. On the page that goes on by
	// itself it is empty: whatever merely fetches a link learns nobody's name.
	Account account
	// Current is the name of the other person who is signed in, and Stay where
	// their page is; or empty.
	Current, Stay string
	Ticket, Here  string
	// Submit: the page sends its form by itself.
	Submit bool
}

// account is a person's account, masked: enough for its owner to know it by,
// and no more for anybody else who has got hold of the link.
type account struct{ Name, Email string }

// Title is the shortest name of the account.
func (a account) Title() string {
	if a.Name == "" {
		return a.Email
	}
	return a.Name
}

// Empty reports whether nothing is known of the account.
func (a account) Empty() bool { return a == account{} }

// answer returns the ticket of the answer that was sent, or "" when who is signed
// in has changed since the page was made: then the person is asked again.
func (v *visit) answer() string {
	if v.r.PostForm.Get(hereField) != v.hereMark() {
		return ""
	}
	return v.r.PostForm.Get(ticketField)
}

// hereMark marks the sessions that the browser has here.
func (v *visit) hereMark() string {
	var all strings.Builder
	for _, kind := range v.company() {
		if h := v.holding(kind); h != nil {
			all.WriteString(string(h.Tenant.ID) + "." + h.Token.Reveal())
		}
		all.WriteByte(0)
	}
	sum := sha256.Sum256([]byte(all.String()))
	return base64.RawURLEncoding.EncodeToString(sum[:markLen])
}

// ask shows the question. An answer that did not count is asked for once more by
// a new page, and after that only by a button: nothing goes on by itself for ever.
func (v *visit) ask(a *signon.Ask) {
	if v.r.Method == http.MethodPost && v.mark() != askedAgain {
		v.see(v.linkMarked(askedAgain))
		return
	}
	q, language, err := v.question(a)
	if err != nil {
		v.fail("ask", err)
		return
	}
	v.Log.Info("landing: asked first", v.logged("policy", a.Policy, "signed_in", a.Current != nil)...)
	v.policy.Scripts = q.Submit
	v.show(http.StatusOK, "ask", v.view(q.Name+".title", q, a.Language, language))
}

// question returns what to ask, and the language of the person it is put to.
func (v *visit) question(a *signon.Ask) (q *question, language string, err error) {
	q = &question{Name: "ask_auto", Shop: v.tenant.Name, Ticket: a.Ticket, Here: v.hereMark()}
	if a.Policy == signon.PolicyAuto && a.Current == nil {
		q.Submit = v.r.Method != http.MethodPost
		return q, "", nil
	}
	next, err := v.someone(&signon.BrowserSession{Tenant: v.tenant.ID, Subject: a.Subject, SubjectKind: a.Kind})
	if err != nil {
		return nil, "", err
	}
	q.Name, q.Account = "ask_confirm", next.masked()
	if a.Current == nil {
		return q, next.language, nil
	}
	current, err := v.someone(a.Current)
	if err != nil {
		return nil, "", err
	}
	if q.Current = current.name(); q.Current != "" {
		q.Name, q.Stay = "ask_switch", v.pageOf(a.Current)
		if at, ok := v.SignOn.Registry().Tenant(a.Current.Tenant); ok {
			q.Shop = at.Name
		}
	}
	return q, next.language, nil
}

// someone is a person as the page that asks knows one.
type someone struct{ first, last, email, language string }

func (s someone) name() string { return strings.TrimSpace(s.first + " " + s.last) }

// someone returns the person that a session is of; nobody in particular when that
// person was removed meanwhile.
func (v *visit) someone(s *signon.BrowserSession) (someone, error) {
	if s.SubjectKind == signon.SubjectUser {
		u, err := v.Directory.UserByRef(v.r.Context(), s.Tenant, string(s.Subject))
		if err != nil {
			return someone{}, unless(errors.Is(err, signon.ErrNotFound), err)
		}
		return someone{first: u.FirstName, last: u.LastName, email: u.Email}, nil
	}
	c, err := v.customer(s)
	if err != nil {
		return someone{}, unless(errors.Is(err, signon.ErrNotFound), err)
	}
	return known(c), nil
}

func known(c *directory.Customer) someone {
	return someone{c.Billing.FirstName, c.Billing.LastName, c.Billing.Email, c.Language}
}

// unless returns the error unless it is none of ours.
func unless(expected bool, err error) error {
	if expected {
		return nil
	}
	return err
}

// pageOf returns the page of a session at this host.
func (v *visit) pageOf(s *signon.BrowserSession) string {
	for _, kind := range []signon.DestinationKind{signon.KindPortal, signon.KindAccount} {
		for _, at := range v.SignOn.Registry().Sites(v.r.Host, kind) {
			if at.Tenant.ID == s.Tenant && at.Destination.ID == s.Destination {
				return homes[kind]
			}
		}
	}
	return cartPath
}

// endOthers ends every session of another person that this browser has here: two
// people never share a browser's pages.
func (v *visit) endOthers(signOn *signon.SignOn) error {
	for _, h := range v.holdings() {
		if h.Token.Key == signOn.Session.Key {
			continue
		}
		if err := v.endOther(signOn, h); err != nil {
			return err
		}
	}
	if v.dest.Kind != signon.KindAccount {
		return nil // a sign-on at the cart starts one of its own
	}
	if c := v.cart(); c.Owner != "" && c.Owner != personMark(&signOn.Session) {
		v.jar.remove(cartCookie)
	}
	return nil
}

// endOther ends the session if it is another person's. At a portal one of the same
// person goes, too: nothing but the session in the cookie is open there, so that
// none is left that a sign-out does not reach.
func (v *visit) endOther(signOn *signon.SignOn, h *holding) error {
	session, err := v.live(h)
	if session == nil || err != nil {
		return err // what is over shows nothing of anybody
	}
	if personMark(&session.BrowserSession) == personMark(&signOn.Session) && h.Destination.Kind != signon.KindPortal {
		return nil
	}
	if err := v.signOutOf(h); err != nil {
		return err
	}
	if h.Destination.Kind != v.dest.Kind {
		v.forgetSession(h.Destination.Kind)
	}
	return nil
}

// masked returns the person's account as strangers may see it: "John N." and
// "j•••@example.com".
func (s someone) masked() account {
	name := strings.TrimSpace(s.first)
	if initial := firstLetter(s.last); initial != "" {
		name = strings.TrimSpace(name + " " + initial + ".")
	}
	return account{Name: name, Email: maskedEmail(s.email)}
}

// maskedEmail keeps the first letter and the domain. An address with a single
// letter before its @ loses that, too.
func maskedEmail(address string) string {
	local, domain, ok := strings.Cut(address, "@")
	if !ok {
		return ""
	}
	initial := firstLetter(local)
	if len(initial) == len(local) {
		initial = ""
	}
	return initial + "•••@" + domain
}

// firstLetter returns the first letter or digit of the text, or "".
func firstLetter(text string) string {
	i := strings.IndexFunc(text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) })
	if i < 0 {
		return ""
	}
	_, size := utf8.DecodeRuneInString(text[i:])
	return text[i : i+size]
}
