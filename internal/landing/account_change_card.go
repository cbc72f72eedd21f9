package landing

import (
	"net/http"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/page"
)

// changeCardPage is the choice of the card that pays for a subscription.
type changeCardPage struct {
	Notices page.Notices
	Owner   string
	Shop    string
	subscriptionRow
	Renewal renewalView
	Payment cardChoice
	Usable  bool // there is a card to choose
}

func (v *visitor) getChangeCard() {
	v.about(func(s *directory.Subscription) { v.showChangeCard(http.StatusOK, s, "") })
}

// showChangeCard shows the choice, and what is wrong with the one that was made.
func (v *visitor) showChangeCard(status int, s *directory.Subscription, wrong string) {
	content := &changeCardPage{
		Owner: v.owner(), Shop: v.tenant.Name, subscriptionRow: v.subscriptionRow(s), Renewal: v.renewal(s),
		Payment: cardChoice{Cards: v.cardsOnFile(v.customer.Cards, v.now, v.language), Error: wrong},
	}
	for _, c := range content.Payment.Cards {
		content.Usable = content.Usable || c.Usable
	}
	if card, ok := v.customer.Pays(s, v.now); ok && wrong == "" {
		content.Payment.choose(cardID(card))
	}
	if wrong != "" {
		content.Notices.Wrong = []page.Fault{{ID: choiceID, Text: wrong}}
	}
	v.open(status, "account-change-card", "change_card.title", content, content.Notices.Wrong...)
}

var changeCardForm = areaForm{send: (*visitor).postChangeCard, fields: []string{codeField, cardField}}

// postChangeCard chooses the card that pays for the subscription. One that is
// never charged again takes none, and is shown as it is.
func (v *visitor) postChangeCard() {
	form := v.r.PostForm
	var unusable *directory.Subscription // when the card can't be chosen
	to := aboutPath(subscriptionPath, form.Get(codeField))
	err := v.retry(func() error {
		s, err := v.subscription(form.Get(codeField))
		if err != nil || !v.renewal(s).Can {
			return err
		}
		card, ok := cardByID(v.customer.Cards, form.Get(cardField))
		if !ok || !card.Usable(v.now) {
			unusable = s
			return nil
		}
		to = noting(aboutPath(subscriptionPath, s.Reference), "card")
		return v.Directory.PayWith(v.r.Context(), s, v.customer, card.Token, v.act(v.who))
	})
	switch {
	case err != nil:
		v.failed("choose card", err)
	case unusable != nil:
		v.showChangeCard(http.StatusUnprocessableEntity, unusable, v.text("error.card"))
	default:
		v.see(to)
	}
}
