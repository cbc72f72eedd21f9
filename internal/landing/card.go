package landing

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/latchkey-sso/latchkey/internal/directory"
)

// cardView is a card on file as it is shown.
type cardView struct {
	// Value names it in forms.
	Value, Title, Expiry    string
	Usable, Expired, Chosen bool
}

// cardChoice is a choice of a card, as the template "card-choice" shows it.
type cardChoice struct {
	Cards []cardView
	Error string // what is wrong with the choice, or empty
	// New: a new card can be chosen; NewChosen: it is.
	New, NewChosen bool
}

// The choice of a card in a form: cardID of one on file, or newCard.
const (
	cardField = "card"
	newCard   = "new"
)

// choiceID is the id of the choice on its page.
const choiceID = "payment"

// choose marks what is chosen.
func (c *cardChoice) choose(value string) {
	for i := range c.Cards {
		c.Cards[i].Chosen = c.Cards[i].Usable && c.Cards[i].Value == value
	}
	c.NewChosen = c.New && value == newCard
}

// cardsOnFile returns how cards are shown.
func (s *site) cardsOnFile(cards []directory.Card, now time.Time, language string) []cardView {
	var views []cardView
	for _, c := range cards {
		views = append(views, s.cardOnFile(c, now, language))
	}
	return views
}

func (s *site) cardOnFile(c directory.Card, now time.Time, language string) cardView {
	return cardView{
		Value: cardID(c), Title: s.cardTitle(c, language), Expiry: fmt.Sprintf("%02d/%d", c.ExpirationMonth, c.ExpirationYear),
		Usable: c.Usable(now), Expired: c.Expired(now),
	}
}

// cardTitle names a card, as in "Visa ending in 1111".
func (s *site) cardTitle(c directory.Card, language string) string {
	return s.pages.Text(language, "card.title", cardBrand(c.Type), c.LastDigits)
}

// cardID names a card on file in a form, without the processor's token.
func cardID(c directory.Card) string {
	sum := sha256.Sum256([]byte("card\x00" + c.Token + "\x00" + c.Label()))
	return hex.EncodeToString(sum[:6])
}

// cardByID returns the card that a form names, of those on file.
func cardByID(cards []directory.Card, id string) (card directory.Card, ok bool) {
	for _, c := range cards {
		if cardID(c) == id {
			return c, true
		}
	}
	return card, false
}

var cardBrands = map[string]string{
	"visa": "Visa", "mastercard": "Mastercard", "amex": "American Express", "discover": "Discover",
	"jcb": "JCB", "diners": "Diners Club", "maestro": "Maestro", "unionpay": "UnionPay",
}

// cardBrand returns the usual spelling of a card's brand.
func cardBrand(brand string) string {
	if name, ok := cardBrands[brand]; ok {
		return name
	}
	if brand == "" {
		return brand
	}
	return strings.ToUpper(brand[:1]) + brand[1:]
}
