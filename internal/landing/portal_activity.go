package landing

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/page"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// activityPage is what happened to the sign-ons of the merchant's users, or of one.
type activityPage struct {
	Merchant string
	// Whose is the name of the one user, or empty for everybody.
	Whose string
	// Choices lead to other people's activity, where there is a choice.
	Choices []page.NavItem
	Rows    []activityRow
	// Latest and Older are addresses, or empty.
	Latest, Older string
}

type activityRow struct {
	At, Who, Path string
	What          string // key
	Why           string // key, or empty
	Bad           bool   // it was refused
	Addr, Bound   string // the browser's address, and the one that the link was for where that is another
	Client        string
	SupportCode   string
}

// The parameters of the list: whose activity, and before which event.
const (
	whoseParam  = "user"
	beforeParam = "before"
)

// activityOf is the address of a user's activity.
func activityOf(u *directory.User) string {
	return activityPath + "?" + whoseParam + "=" + url.QueryEscape(string(u.Ref()))
}

// whose returns the user whose activity the address asks for; nil is everybody,
// which is for those who maintain users alone. It answers when there is no such
// user, or it is none of the asker's business.
func (w *worker) whose() (u *directory.User, ok bool) {
	ref := w.params.get(whoseParam)
	switch {
	case ref == "" && w.user.Maintains():
		return nil, true
	case ref == "" || ref == string(w.user.Ref()):
		return w.user, true
	case !w.user.Maintains():
		w.refuse()
		return nil, false
	}
	u, err := w.Directory.UserByRef(w.r.Context(), w.tenant.ID, ref)
	if err != nil {
		w.failed("read user", err)
		return nil, false
	}
	return u, true
}

func (w *worker) getActivity() {
	u, ok := w.whose()
	if !ok {
		return
	}
	q := signon.ActivityQuery{Tenant: w.tenant.ID, Before: eventNumber(w.params.get(beforeParam)), Limit: perPage + 1}
	path := activityPath
	content := &activityPage{Merchant: w.tenant.Name, Choices: w.activityChoices(u)}
	if u != nil {
		q.Person, content.Whose, path = signon.Person{Kind: signon.SubjectUser, Ref: u.Ref()}, u.Name(), activityOf(u)
	}
	all, err := w.SignOn.Activity(w.r.Context(), q)
	if err != nil {
		w.fail("list activity", err)
		return
	}
	if q.Before != 0 {
		content.Latest = path
	}
	if len(all) > perPage {
		all = all[:perPage]
		content.Older = adding(path, beforeParam, strconv.FormatInt(all[perPage-1].Seq, 10))
	}
	if content.Rows, err = w.activityRows(all); err != nil {
		w.fail("list activity", err)
		return
	}
	w.open(http.StatusOK, "portal-activity", "activity.title", content)
}

// eventNumber reads the number of an event; 0 for anything that is none.
func eventNumber(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// adding returns the address with one more parameter.
func adding(address, name, value string) string {
	sep := "?"
	if u, err := url.Parse(address); err == nil && u.RawQuery != "" {
		sep = "&"
	}
	return address + sep + name + "=" + url.QueryEscape(value)
}

// activityChoices lead to everybody's activity and to one's own.
func (w *worker) activityChoices(shown *directory.User) []page.NavItem {
	if !w.user.Maintains() {
		return nil
	}
	all, own := page.NavItem{Path: activityPath, Label: w.text("activity.everybody")}, page.NavItem{Path: activityOf(w.user), Label: w.text("activity.own")}
	switch {
	case shown == nil:
		all.Current = "page"
	case shown.ID == w.user.ID:
		own.Current = "page"
	default:
		return []page.NavItem{all, own, {Path: activityOf(shown), Label: shown.Name(), Current: "page"}}
	}
	return []page.NavItem{all, own}
}

// What happened, and why, as far as there are words for it.
var (
	activityTexts = map[signon.EventType]string{
		signon.EventIssued: "activity.issued", signon.EventRedeemed: "activity.redeemed", signon.EventRedeemRefused: "activity.refused",
		signon.EventRevoked: "activity.revoked", signon.EventSessionEnded: "activity.ended", signon.EventSignedOutEverywhere: "activity.ended_everywhere",
	}
	reasonTexts = map[signon.Reason]string{
		signon.ReasonWrongAddress: "reason.wrong_address", signon.ReasonUsed: "reason.used", signon.ReasonExpired: "reason.expired",
		signon.ReasonRevoked: "reason.revoked", signon.ReasonVoided: "reason.voided", signon.ReasonSessionEnded: "reason.session_ended",
		signon.ReasonIdle: "reason.idle", signon.ReasonOldEpoch: "reason.old_epoch", signon.ReasonWrongTarget: "reason.wrong_target",
	}
)

func (w *worker) activityRows(all []signon.Activity) ([]activityRow, error) {
	names := map[signon.Person]*directory.User{}
	var rows []activityRow
	for _, a := range all {
		row := activityRow{
			At: w.second(w.language, a.At), What: activityTexts[a.Type], Bad: a.Type == signon.EventRedeemRefused,
			Addr: a.Addr, Bound: a.Bound, Client: a.Client, SupportCode: a.SupportCode,
		}
		switch a.Type { // what is not the browser's own is not shown as if it were
		case signon.EventIssued:
			row.Addr, row.Bound = "", a.Addr
		case signon.EventSessionEnded, signon.EventSignedOutEverywhere:
			row.Client = ""
		}
		if row.What == "" {
			row.What = "activity.other"
		}
		if a.Reason != "" {
			if row.Why = reasonTexts[a.Reason]; row.Why == "" {
				row.Why = "reason.other"
			}
		}
		u, known := names[a.Person]
		if !known {
			found, err := w.Directory.UserByRef(w.r.Context(), w.tenant.ID, string(a.Person.Ref))
			if err != nil && !errors.Is(err, signon.ErrNotFound) {
				return nil, err
			}
			u, names[a.Person] = found, found
		}
		if u != nil {
			row.Who = u.Name()
			if w.user.Maintains() {
				row.Path = aboutUser(userPath, u)
			}
		}
		rows = append(rows, row)
	}
	return rows, nil
}
