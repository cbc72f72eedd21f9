package landing

import (
	"net/http"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/page"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// cardsPage is the cards on file.
type cardsPage struct {
	Notices page.Notices
	Owner   string
	Shop    string
	Cards   []cardRow
	// New: a card can be added here; Full: there is no room for another.
	New, Full bool
}

// cardRow is a card on file with what it is used for.
type cardRow struct {
	cardView
	// Standard: it pays wherever no other card was chosen.
	Standard bool
	// Known: the processor has a name for it, so that it can be told from others.
	Known bool
	// Pays are the products that it pays for.
	Pays []string
	// Remove is the address of the page that asks before the card is removed.
	Remove string
}

// removeCardPage asks before a card is removed.
type removeCardPage struct {
	Owner string
	cardRow
	// Next is the card that pays then, or empty.
	Next string
}

// The form of the cards on file: one of these.
const (
	addField    = "add"
	preferField = "prefer"
	removeParam = "remove" // also of the address of the page that asks
)

var cardsForm = areaForm{send: (*visitor).postCards, fields: []string{addField, preferField, removeParam}}

func (v *visitor) getCards() {
	rows, err := v.cardRows()
	if err != nil {
		v.fail("list cards", err)
		return
	}
	if v.params.has(removeParam) {
		v.askRemove(rows)
		return
	}
	v.clean(v.cardEntryOrigin()...)
	v.open(http.StatusOK, "account-cards", "cards.title", &cardsPage{
		Notices: v.noted("added", "preferred", "removed", "gone", "unusable", "cancelled"), Owner: v.owner(), Shop: v.tenant.Name,
		Cards: rows, New: v.cardEntryURL() != nil, Full: len(rows) >= directory.MaxCards,
	})
}

// cardRows returns the cards on file with what each pays for.
func (v *visitor) cardRows() ([]cardRow, error) {
	all, _, err := v.subscriptions()
	if err != nil {
		return nil, err
	}
	pays := map[string][]string{}
	for i := range all {
		if !renews(&all[i], v.now) {
			continue
		}
		if card, ok := v.customer.Pays(&all[i], v.now); ok {
			pays[card.Token] = append(pays[card.Token], productName(&all[i]))
		}
	}
	standard, _ := v.customer.Pays(&directory.Subscription{}, v.now)
	var rows []cardRow
	for _, c := range v.customer.Cards {
		row := cardRow{cardView: v.cardOnFile(c, v.now, v.language), Standard: c.Token != "" && c == standard, Known: c.Token != ""}
		if row.Known {
			row.Pays = pays[c.Token]
		}
		row.Remove = cardsPath + "?" + removeParam + "=" + row.Value
		rows = append(rows, row)
	}
	return rows, nil
}

// askRemove shows what removing a card would mean.
func (v *visitor) askRemove(rows []cardRow) {
	v.within = true
	for _, row := range rows {
		if row.Value != v.params.get(removeParam) || !row.Known {
			continue
		}
		content := &removeCardPage{Owner: v.owner(), cardRow: row}
		rest := v.customer.Clone()
		rest.Cards = nil
		for _, c := range v.customer.Cards {
			if cardID(c) != row.Value {
				rest.Cards = append(rest.Cards, c)
			}
		}
		if next, ok := rest.Pays(&directory.Subscription{}, v.now); ok {
			content.Next = v.cardTitle(next, v.language)
		}
		v.open(http.StatusOK, "account-remove-card", "remove_card.title", content)
		return
	}
	v.see(noting(cardsPath, "gone"))
}

// postCards adds a card, removes one, or puts one before the others.
func (v *visitor) postCards() {
	form := v.r.PostForm
	switch {
	case form.Has(addField):
		v.leaveForCard()
	case form.Has(removeParam):
		v.changeCard(form.Get(removeParam), "removed", func(token string) error {
			return v.Directory.RemoveCard(v.r.Context(), v.customer, token, v.act(v.who))
		})
	default:
		v.changeCard(form.Get(preferField), "preferred", func(token string) error {
			return v.Directory.PreferCard(v.r.Context(), v.customer, token, v.act(v.who))
		})
	}
}

// changeCard changes something about a card on file, by the processor's name for it.
func (v *visitor) changeCard(id, done string, change func(token string) error) {
	err := v.retry(func() error {
		card, ok := cardByID(v.customer.Cards, id)
		if !ok {
			return signon.ErrNotFound
		}
		return change(card.Token)
	})
	switch e := signon.AsError(err); {
	case err == nil:
		v.see(noting(cardsPath, done))
	case e.Code == signon.CodeNotFound:
		v.see(noting(cardsPath, "gone"))
	default:
		v.fail("change card", err)
	}
}
