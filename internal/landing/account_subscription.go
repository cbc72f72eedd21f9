package landing

import (
	"net/http"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/page"
)

// subscriptionPage is one subscription.
type subscriptionPage struct {
	Notices page.Notices
	Owner   string
	Shop    string
	subscriptionRow
	Options string
	User    []string // the end user's name and address, when it is another person
	Email   string   // the end user's
	Renewal renewalView
	Pays    *cardView // the card that pays; nil for none
	// PaysEnds: that card can't be charged any more on the day of the renewal.
	PaysEnds         bool
	ChangeCard       string // address
	Bought           string // address of the page that shows what was bought
	Codes            []codeView
	CodesDescription string
}

// renewalView says whether the subscription renews, and what becomes of it.
type renewalView struct {
	// State is the key of what there is to say: renewal.on, renewal.off,
	// renewal.never (it has no end) or renewal.over.
	State string
	On    bool
	// Can: it can be switched.
	Can   bool
	Day   string // of the renewal, or of the end
	Price string // of the next renewal, or empty when it is not known
}

// about shows a page about the subscription that the address names by "code".
// Without one it is about the only subscription that the person has, or the list
// of all is shown.
func (v *visitor) about(show func(*directory.Subscription)) {
	if code := v.params.get("code"); code != "" {
		s, err := v.subscription(code)
		if err != nil {
			v.failed("show subscription", err)
			return
		}
		show(s)
		return
	}
	all, more, err := v.subscriptions()
	switch {
	case err != nil:
		v.fail("list subscriptions", err)
	case len(all) == 1:
		show(&all[0])
	default:
		v.showProducts(all, more)
	}
}

func (v *visitor) getSubscription() { v.about(v.showSubscription) }

func (v *visitor) showSubscription(s *directory.Subscription) {
	content := &subscriptionPage{
		Owner: v.owner(), Shop: v.tenant.Name,
		subscriptionRow: v.subscriptionRow(s), Options: joined(s.Product.PriceOptionCodes),
		Renewal:    v.renewal(s),
		ChangeCard: aboutPath(changeCardPath, s.Reference), Bought: aboutPath(viewOrderPath, s.Reference),
		Codes: codesOf(s), CodesDescription: s.DeliveryDescription,
	}
	content.Notices = v.noted(notesOf(s, content.Renewal)...)
	if s.EndUser != nil {
		content.User, content.Email = addressLines(s.EndUser, v.language), s.EndUser.Email
	}
	if card, ok := v.customer.Pays(s, v.now); ok {
		view := v.cardOnFile(card, v.now, v.language)
		content.Pays, content.PaysEnds = &view, content.Renewal.On && v.endsBefore(card, s)
	}
	if s.Status(v.now) == directory.StatusPastDue {
		content.Notices.Known = append(content.Notices.Known, page.Notice{Kind: "warn", Text: v.text("subscription.due", v.tenant.Name)})
	}
	v.open(http.StatusOK, "account-subscription", "subscription.title", content)
}

// notesOf returns which notes are true of the subscription as it stands: an
// address can be made up by anybody.
func notesOf(s *directory.Subscription, renewal renewalView) []string {
	if !renewal.Can {
		return nil
	}
	notes := []string{"renewal_off"}
	if renewal.On {
		notes = []string{"renewal_on"}
	}
	if s.CardToken != "" {
		notes = append(notes, "card")
	}
	return notes
}

func (v *visitor) renewal(s *directory.Subscription) renewalView {
	view := renewalView{State: "renewal.over", Day: v.date(v.language, s.ExpiresOn)}
	switch {
	case endless(s):
		view.State = "renewal.never"
	case !running(s, v.now):
	case s.Recurring:
		view.State, view.On, view.Can = "renewal.on", true, true
	default:
		view.State, view.Can = "renewal.off", true
	}
	if s.NextRenewalPrice != (directory.Money{}) {
		view.Price = v.money(v.language, s.NextRenewalPrice)
	}
	return view
}

// endsBefore reports whether the card can't be charged any more on the day of the
// subscription's renewal, which is soon.
func (v *visitor) endsBefore(c directory.Card, s *directory.Subscription) bool {
	return daysUntil(s.ExpiresOn, v.now) <= soon && c.Expired(startOf(s.ExpiresOn))
}

// The form that switches automatic renewal: which subscription, and what to.
const (
	codeField    = "code"
	renewalField = "renewal"
)

var renewalForm = areaForm{send: (*visitor).postRenewal, fields: []string{codeField, renewalField}}

// postRenewal switches automatic renewal on or off. To what it is already changes
// nothing.
func (v *visitor) postRenewal() {
	form := v.r.PostForm
	on := form.Get(renewalField) == "on"
	if !on && form.Get(renewalField) != "off" {
		v.message(http.StatusBadRequest, "unreadable")
		return
	}
	to := aboutPath(subscriptionPath, form.Get(codeField))
	err := v.retry(func() error {
		s, err := v.subscription(form.Get(codeField))
		if err != nil || !running(s, v.now) || endless(s) {
			return err // what can't be switched any more is shown as it is
		}
		to = noting(aboutPath(subscriptionPath, s.Reference), "renewal_"+form.Get(renewalField))
		if s.Recurring == on {
			return nil
		}
		s.Recurring = on
		return v.Directory.UpdateSubscription(v.r.Context(), s, v.act(v.who))
	})
	if err != nil {
		v.failed("switch renewal", err)
		return
	}
	v.see(to)
}
