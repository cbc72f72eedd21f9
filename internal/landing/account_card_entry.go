package landing

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/page"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// A card that is put on file without an order is entered at the same page as one
// for an order. The browser leaves with return_url and state alone, as there is
// nothing to pay.

// entryNonceLen is the length in bytes of what makes each state another one.
const entryNonceLen = 16

// accountState ties a return from the processor's page to one leaving for it: to
// the nonce that this browser keeps until then, to the session, and to this purpose.
func accountState(nonce string, token *signon.SessionToken) string {
	sum := sha256.Sum256([]byte("card on file\x00" + nonce + "\x00" + token.Reveal()))
	return base64.RawURLEncoding.EncodeToString(sum[:entryNonceLen])
}

// leaveForCard sends the browser to where a card is entered.
func (v *visitor) leaveForCard() {
	u := v.cardEntryURL()
	if u == nil || len(v.customer.Cards) >= directory.MaxCards {
		v.see(cardsPath) // which says why
		return
	}
	var raw [entryNonceLen]byte
	_, _ = rand.Read(raw[:]) // never fails: the process ends instead
	nonce := base64.RawURLEncoding.EncodeToString(raw[:])
	v.jar.set(entryCookie, nonce)
	q := u.Query()
	q.Set("return_url", v.origin.String()+cardAddedPath)
	q.Set("state", accountState(nonce, v.sessionToken()))
	u.RawQuery = q.Encode()
	v.see(u.String())
}

// sessionToken is the token of the session that the browser stands in.
func (v *visitor) sessionToken() *signon.SessionToken { return &v.holding(signon.KindAccount).Token }

// getCardAdded puts the card on file that was entered. A return counts once, and
// only in the session that left for it.
func (v *visitor) getCardAdded() {
	v.policy = page.Policy{SecretURL: true} // the state, and the card's name
	nonce := v.jar.get(entryCookie)
	state, once := v.params.single("state")
	want := accountState(nonce, v.sessionToken())
	if nonce == "" || !once || subtle.ConstantTimeCompare([]byte(state), []byte(want)) != 1 {
		v.message(http.StatusForbidden, "card_unasked")
		return
	}
	if v.params.get("cancel") != "" {
		v.jar.remove(entryCookie)
		v.see(noting(cardsPath, "cancelled"))
		return
	}
	card, ok := v.returnedCard()
	if !ok {
		v.jar.remove(entryCookie)
		v.see(noting(cardsPath, "unusable"))
		return
	}
	card.Cardholder = v.who.name()
	err := v.retry(func() error { return v.Directory.AddCard(v.r.Context(), v.customer, card, v.act(v.who)) })
	if e := signon.AsError(err); e != nil && e.Code != signon.CodeInvalid {
		v.fail("add card", err) // the nonce stays: asking again is safe
		return
	}
	v.jar.remove(entryCookie)
	if err != nil {
		v.see(noting(cardsPath, "unusable"))
		return
	}
	v.see(noting(cardsPath, "added"))
}
