package landing

import (
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/latchkey-sso/latchkey/internal/inbound"
	"github.com/latchkey-sso/latchkey/internal/page"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// refusal is what the neutral page shows. Nothing in it depends on the reason,
// but for Decisions.
type refusal struct {
	NewLink     string // where to get a new link, or empty
	SupportCode string
	// Decisions are how it came about. In development only.
	Decisions *[]signon.Trace
}

// refuse answers with the one page that every unusable link gets. The reason is
// for operators only, and empty when the page of a refusal was loaded again.
func (v *visit) refuse(reason signon.Reason) {
	h := v.w.Header()
	code, again := v.refusedBefore()
	if again {
		h.Set(inbound.Header, code)
	} else {
		code = v.info.SupportCode
	}
	v.Log.Info("landing: link refused", v.logged("reason", reason, "shown_code", code)...)
	if v.ShowReasons && reason != "" {
		h.Set("Latchkey-Reason", string(reason))
	}
	// Tabs opened at the same moment can have different binding values, and only
	// one signs the browser in. A second later the others can come in by that
	// session, so a link that was refused is tried once more.
	if v.params.has(v.dest.TokenParam) && !again {
		h.Set("Refresh", "1;url="+v.linkMarked(refreshed+code))
	}
	content := refusal{NewLink: v.newLink(), SupportCode: page.Blank}
	if v.ShowReasons {
		decisions := v.SignOn.Traces(code)
		content.Decisions, content.SupportCode = &decisions, code
		v.show(http.StatusForbidden, "refused", v.view("refused.title", content))
		return
	}
	v.showCoded(http.StatusForbidden, "refused", v.view("refused.title", content), code)
}

// turnAway refuses what does not get as far as the core, and traces it as the
// core does.
func (v *visit) turnAway(reason signon.Reason, expected, received string) {
	v.trace(reason, expected, received)
	v.refuse(reason)
}

func (v *visit) trace(reason signon.Reason, expected, received string) {
	refused := signon.Refused(reason)
	refused.Expected, refused.Received = expected, received
	v.SignOn.Trace(&signon.Trace{
		SupportCode: v.info.SupportCode, Operation: signon.OpRedeem, Tenant: v.tenant.ID, Destination: v.dest.ID,
	}, refused)
}

// refuseError answers a redemption that failed.
func (v *visit) refuseError(err error) {
	if e := signon.AsError(err); e.Code == signon.CodeTokenInvalid {
		v.refuse(e.Reason)
		return
	}
	v.fail("redeem", err)
}

// askForCookies says that signing on needs cookies. It leads back to the link by
// a button, never by itself, so a browser without cookies can't run in circles;
// and the link is not in the page: its button posts to the page's own address.
func (v *visit) askForCookies() {
	v.Log.Info("landing: browser keeps no cookies", v.logged()...)
	v.trace(signon.ReasonNoCookies, "the cookie that was set when the link was opened", "none")
	v.message(http.StatusForbidden, "cookies")
}

// fail answers when something went wrong that is not the visitor's doing, or
// that time will mend.
func (v *visit) fail(action string, err error) {
	v.message(v.failure(action, err))
}

// failure logs what went wrong and returns the status of the answer and the name
// of its texts. When to try again is in the header then.
func (v *visit) failure(action string, err error) (status int, name string) {
	e := signon.AsError(err)
	status, name = http.StatusInternalServerError, "fault"
	switch e.Code {
	case signon.CodeLimit:
		status, name = http.StatusTooManyRequests, "busy"
	case signon.CodeUnavailable:
		status, name = http.StatusServiceUnavailable, "busy"
	}
	if e.RetryAfter > 0 || name == "busy" {
		v.w.Header().Set("Retry-After", strconv.Itoa(wholeSeconds(e.RetryAfter)))
	}
	if status == http.StatusTooManyRequests {
		v.Log.Info("landing: too many attempts", v.logged("action", action)...)
	} else {
		v.Log.Error("landing: request failed", v.logged("action", action, "error", err)...)
	}
	return status, name
}

// wholeSeconds rounds up, to one second at least.
func wholeSeconds(d time.Duration) int { return max(1, int(math.Ceil(d.Seconds()))) }
