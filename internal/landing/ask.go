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
	for _, kind := range kinds {
		if token := v.sessionTokenOf(kind); token != nil {
			all.WriteString(token.Reveal())
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
	c, err := v.customerOrNone(&signon.BrowserSession{Tenant: v.tenant.ID, Subject: a.Subject, SubjectKind: a.Kind})
	if err != nil {
		return nil, "", err
	}
	q.Name, q.Account = "ask_confirm", masked(c)
	if a.Current == nil {
		return q, c.Language, nil
	}
	current, err := v.customerOrNone(a.Current)
	if err != nil {
		return nil, "", err
	}
	if q.Current = fullName(current); q.Current != "" {
		q.Name, q.Stay = "ask_switch", v.pageOf(a.Current)
	}
	return q, c.Language, nil
}

// customerOrNone returns the customer that a session is of, without anything in
// it when it was removed meanwhile.
func (v *visit) customerOrNone(s *signon.BrowserSession) (*directory.Customer, error) {
	c, err := v.customer(s)
	if errors.Is(err, signon.ErrNotFound) {
		return &directory.Customer{}, nil
	}
	return c, err
}

// pageOf returns the page of a session at this host.
func (v *visit) pageOf(s *signon.BrowserSession) string {
	for _, kind := range kinds {
		tenant, dest, ok := v.SignOn.Registry().At(v.r.Host, kind)
		if ok && tenant.ID == s.Tenant && dest.ID == s.Destination && kind == signon.KindAccount {
			return accountPath
		}
	}
	return cartPath
}

// elsewhere returns the sessions that the browser has at the tenant's other
// destinations at this host.
func (v *visit) elsewhere() []signon.HeldSession {
	var all []signon.HeldSession
	for _, at := range v.others() {
		all = append(all, at.held)
	}
	return all
}

// otherSession is a session at another destination of the tenant, at this host.
type otherSession struct {
	dest *signon.Destination
	held signon.HeldSession
}

func (v *visit) others() []otherSession {
	var all []otherSession
	for _, kind := range kinds {
		tenant, dest, ok := v.SignOn.Registry().At(v.r.Host, kind)
		held := v.heldSession(kind)
		if ok && held != nil && tenant.ID == v.tenant.ID && dest.ID != v.dest.ID {
			all = append(all, otherSession{dest, *held})
		}
	}
	return all
}

// endOthers ends every session of another person that this browser has here: two
// people never share a browser's pages.
func (v *visit) endOthers(signOn *signon.SignOn, before *signon.HeldSession) error {
	all := v.others()
	if before != nil && before.Token.Key != signOn.Session.Key {
		all = append(all, otherSession{v.dest, *before})
	}
	for _, at := range all {
		if err := v.endOther(signOn, at); err != nil {
			return err
		}
	}
	if v.dest.Kind == signon.KindCart {
		return nil // the sign-on starts a cart of its own
	}
	if c := v.cart(); c.Owner != "" && c.Owner != personMark(&signOn.Session) {
		v.jar.remove(cartCookie)
	}
	return nil
}

func (v *visit) endOther(signOn *signon.SignOn, at otherSession) error {
	session, err := v.liveSession(at.dest, at.held)
	if session == nil || err != nil {
		return err // what is over shows nothing of anybody
	}
	if personMark(&session.BrowserSession) == personMark(&signOn.Session) {
		return nil
	}
	if err := v.SignOn.SignOut(v.r.Context(), v.tenant.ID, at.dest, at.held.Token, v.info.SupportCode); err != nil {
		return err
	}
	if at.dest.ID != v.dest.ID {
		v.forgetSession(at.dest.Kind)
	}
	return nil
}

// masked returns the customer's account as strangers may see it: "John N." and
// "j•••@example.com".
func masked(c *directory.Customer) account {
	name := strings.TrimSpace(c.Billing.FirstName)
	if initial := firstLetter(c.Billing.LastName); initial != "" {
		name = strings.TrimSpace(name + " " + initial + ".")
	}
	return account{Name: name, Email: maskedEmail(c.Billing.Email)}
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
