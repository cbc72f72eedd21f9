package signon_test

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// explained returns the last trace of a request.
func (w *world) explained(code string) *signon.Trace {
	w.t.Helper()
	found, err := w.Explain(w.t.Context(), code)
	if err != nil || len(found.Traces) == 0 {
		w.t.Fatalf("Explain: %+v, %v", found, err)
	}
	return &found.Traces[len(found.Traces)-1]
}

func failed(t *signon.Trace) (checks []signon.Check) {
	for _, s := range t.Steps() {
		if s.Result == signon.StepFailed {
			checks = append(checks, s.Check)
		}
	}
	return checks
}

func TestATraceNamesTheCheckThatFailed(t *testing.T) {
	w := newWorld(t)
	bound := w.issue(func(r *signon.IssueRequest) { r.Bind = home })
	code := 0
	for name, c := range map[string]struct {
		check              signon.Check
		expected, received string
		call               func(code string)
	}{
		"address": {signon.CheckAddress, "192.0.2.7", "198.51.100.9", func(code string) {
			_, _ = w.redeem(bound.Token, 1, func(r *signon.RedeemRequest) { r.Addr, r.SupportCode = abroad, code })
		}},
		"unknown": {signon.CheckKnown, "", "", func(code string) {
			_, _ = w.redeem(bound.Token, 1, func(r *signon.RedeemRequest) { r.Token, r.SupportCode = r.Token[:8]+strings.Repeat("0", 32), code })
		}},
		"form": {signon.CheckForm, "", "", func(code string) {
			_, _ = w.redeem(bound.Token, 1, func(r *signon.RedeemRequest) { r.Token, r.SupportCode = "x", code })
		}},
		"used": {signon.CheckFirstUse, "not used before", "used at 2026-11-21T12:00:00.000Z by another browser", func(code string) {
			issued := w.issue(nil)
			_, _ = w.redeem(issued.Token, 1, nil)
			_, _ = w.redeem(issued.Token, 2, func(r *signon.RedeemRequest) { r.SupportCode = code })
		}},
		"target": {signon.CheckTarget, "target must be on a registered host and port", "https://evil.example/buy", func(code string) {
			req := w.request()
			req.Target, req.SupportCode = "https://evil.example/buy", code
			_, _ = w.Issue(t.Context(), req)
		}},
		"validity": {signon.CheckValidity, "ttl must be at most 3600 seconds", "2h0m0s", func(code string) {
			req := w.request()
			req.TTL, req.SupportCode = 2*time.Hour, code
			_, _ = w.Issue(t.Context(), req)
		}},
		"person": {signon.CheckSubject, "", "", func(code string) {
			req := w.request()
			req.Subject, req.SupportCode = "9", code
			_, _ = w.Issue(t.Context(), req)
		}},
		"resolve": {signon.CheckRevocation, "not revoked", "revoked", func(code string) {
			issued := w.issue(nil)
			_, _ = w.Revoke(t.Context(), signon.Selection{Tenant: "shop", Reference: issued.Grant.Key.Reference()}, "")
			c := w.client("SHOP")
			_, _ = w.Resolve(t.Context(), &signon.ResolveRequest{Client: c, Destination: w.dest("shop", signon.KindCart), Token: issued.Token.Reveal(), SupportCode: code})
		}},
		"signature": {signon.CheckSignature, "made with the secret", "something else", func(code string) {
			_, _ = w.Authenticate(signon.Claim{
				Realm: "r", ID: "SHOP", Caller: home, SupportCode: code,
				Verify:  func(*signon.Client, string) signon.Reason { return signon.ReasonBadProof },
				Explain: func(*signon.Client, signon.Reason) (string, string) { return "made with the secret", "something else" },
			})
		}},
		"no client": {signon.CheckClient, "", "", func(code string) {
			_, _ = w.Authenticate(signon.Claim{Realm: "r", ID: "NOBODY", Caller: home, SupportCode: code, Verify: func(*signon.Client, string) signon.Reason { return "" }})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			code++
			c.call(fmt.Sprint("CODE", code))
			trace := w.explained(fmt.Sprint("CODE", code))
			if got := failed(trace); len(got) != 1 || got[0] != c.check {
				t.Errorf("failed: got %v, want %v", got, c.check)
			}
			if trace.Expected != c.expected || trace.Received != c.received {
				t.Errorf("got expected %q, received %q", trace.Expected, trace.Received)
			}
		})
	}
}

func TestATraceOfSuccessHasEveryCheckPassed(t *testing.T) {
	w := newWorld(t)
	issued := w.issue(nil)
	if _, err := w.redeem(issued.Token, 1, nil); err != nil {
		t.Fatal(err)
	}
	for _, code := range []string{"ISSUE", "REDEEM"} {
		trace := w.explained(code)
		if trace.Grant != issued.Grant.Key.Reference() || trace.Failed != "" {
			t.Errorf("%s: got %+v", code, trace)
		}
		for _, s := range trace.Steps() {
			if s.Result != signon.StepPassed {
				t.Errorf("%s: %s %s", code, s.Check, s.Result)
			}
		}
	}
}

// results returns how the checks of the last redemption ended, by name.
func (w *world) results() (outcome signon.Outcome, results map[signon.Check]signon.StepResult) {
	w.t.Helper()
	trace := w.explained("REDEEM")
	results = map[signon.Check]signon.StepResult{}
	for _, s := range trace.Steps() {
		results[s.Check] = s.Result
	}
	return trace.Outcome, results
}

func TestATraceTellsWhatWasPutOffFromWhatWasDone(t *testing.T) {
	w := newWorld(t)
	w.withPolicy(func(d *signon.Destination) { d.Policy = signon.PolicyConfirm })
	issued := w.issue(nil)
	ask := w.asked(issued.Token, 1, nil)
	outcome, results := w.results()
	if outcome != signon.OutcomeAsked || results[signon.CheckExpiry] != signon.StepPassed || results[signon.CheckAddress] != signon.StepPassed ||
		results[signon.CheckFirstUse] != signon.StepNotReached || results[signon.CheckCommitted] != signon.StepNotReached {
		t.Errorf("asked: got %q, %v", outcome, results)
	}
	signOn, err := w.redeem(issued.Token, 1, confirmed(ask.Ticket))
	if err != nil {
		t.Fatal(err)
	}
	if outcome, results = w.results(); outcome != "" || results[signon.CheckFirstUse] != signon.StepPassed || results[signon.CheckSession] != "" {
		t.Errorf("answered: got %q, %v", outcome, results)
	}
	for name, change := range map[string]func(*signon.RedeemRequest){
		"by its binding": nil,
		"by its session": func(r *signon.RedeemRequest) { r.Session = &signon.HeldSession{Token: signOn.Token} },
	} {
		if _, err := w.redeem(issued.Token, 1, change); err != nil {
			t.Fatal(err)
		}
		if outcome, results = w.results(); outcome != signon.OutcomeRepeated || results[signon.CheckSession] != signon.StepPassed {
			t.Errorf("again, %s: got %q, %v", name, outcome, results)
		}
	}
	for i := range 5000 { // more than the ring holds
		w.Trace(&signon.Trace{SupportCode: fmt.Sprint("FILL", i), Operation: signon.OpIssue}, nil)
	}
	if trace := w.explained("REDEEM"); trace.Outcome != signon.OutcomeRepeated {
		t.Errorf("retold: got %q", trace.Outcome)
	}
}

func TestARefusalIsExplainedAfterTheMemoryIsGone(t *testing.T) {
	w := newWorld(t)
	issued := w.issue(nil)
	w.clock.move(11 * time.Second)
	_, err := w.redeem(issued.Token, 1, nil)
	wantRefusal(t, err, signon.ReasonExpired)
	for i := range 5000 { // more than the ring holds
		w.Trace(&signon.Trace{SupportCode: fmt.Sprint("FILL", i), Operation: signon.OpIssue}, nil)
	}
	found, err := w.Explain(t.Context(), "REDEEM")
	if err != nil || !found.Retold || len(found.Events) != 1 {
		t.Fatalf("got %+v, %v; want one stored event", found, err)
	}
	trace := w.explained("REDEEM")
	if got := failed(trace); len(got) != 1 || got[0] != signon.CheckExpiry || trace.Expected != "before 2026-11-21T12:00:10.000Z" || trace.Received != "2026-11-21T12:00:11.000Z" {
		t.Errorf("retold as %+v", trace)
	}
	e, err := found.Events[0].Event()
	if err != nil || e.Reason != signon.ReasonExpired || !strings.Contains(e.Note, "expected before 2026-11-21T12:00:10.000Z; received 2026-11-21T12:00:11.000Z") {
		t.Errorf("got %+v, %v", e, err)
	}
	if _, err := w.Explain(t.Context(), "FILL0"); signon.AsError(err).Code != signon.CodeNotFound {
		t.Errorf("a forgotten trace: %v", err)
	}
	if trace := w.explained("FILL4999"); trace.Operation != signon.OpIssue {
		t.Errorf("the newest trace: %+v", trace)
	}
}

func TestTracesHoldNoToken(t *testing.T) {
	w := newWorld(t)
	issued := w.issue(func(r *signon.IssueRequest) { r.Bind = home })
	for _, addr := range []netip.Addr{abroad, home, home} {
		_, _ = w.redeem(issued.Token, 1, func(r *signon.RedeemRequest) { r.Addr = addr })
		_, _ = w.redeem(issued.Token, 2, func(r *signon.RedeemRequest) { r.Addr = addr })
	}
	found, err := w.Explain(t.Context(), "REDEEM")
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("%+v", found.Traces)
	for _, e := range found.Events {
		text += string(e.Body)
	}
	if len(found.Traces) != 6 || strings.Contains(text, issued.Token.Reveal()) || strings.Contains(text, issued.Token.Reveal()[8:20]) {
		t.Errorf("%d traces; or one holds the token", len(found.Traces))
	}
}

func TestATokenInATargetIsNotKept(t *testing.T) {
	w := newWorld(t)
	token := w.issue(nil).Token.Reveal()
	escaped := ""
	for i := range len(token) {
		escaped += fmt.Sprintf("%%%02x", token[i])
	}
	for spelling, received := range map[string]string{
		"https://evil.example/buy?logintoken=" + token:                               "https://evil.example/buy?[redacted]",
		"https://evil.example/buy?u=" + url.QueryEscape("x?logintoken="+token):       "https://evil.example/buy?[redacted]",
		"https://evil.example/buy?u=" + strings.ToUpper(token):                       "https://evil.example/buy?[redacted]",
		"https://evil.example/buy?u=" + escaped:                                      "https://evil.example/buy?[redacted]",
		"https://evil.example/buy?u=" + strings.ReplaceAll(escaped, "%", "%25"):      "https://evil.example/buy?[redacted]",
		"https://evil.example/" + token + "/buy?x=1":                                 "[redacted]",
		"https://evil.example/buy?reference=" + token[:24]:                           "https://evil.example/buy?reference=" + token[:24],
		"https://evil.example/buy?x=" + strings.Repeat("x", 400) + "&token=" + token: "https://evil.example/buy?[redacted]",
		"https://evil.example/buy?x=" + strings.Repeat("x", 400):                     "https://evil.example/buy?x=" + strings.Repeat("x", 273) + "…",
	} {
		req := w.request()
		req.Target, req.SupportCode = spelling, "TARGET"
		_, _ = w.Issue(t.Context(), req)
		if trace := w.explained("TARGET"); trace.Received != received {
			t.Errorf("%.60s: traced as %q, want %q", spelling, trace.Received, received)
		}
		if want := "expected target must be on a registered host and port; received " + received; w.lastEvent().Note != want {
			t.Errorf("%.60s: recorded as %q, want %q", spelling, w.lastEvent().Note, want)
		}
	}
}

// turned is a client's call that a dialect turns away.
func turned(w *world, o signon.Operation, reason signon.Reason) func(code string) {
	return func(code string) {
		err := signon.Invalid("email", "must be an address")
		if err.Reason = reason; reason == signon.ReasonReference {
			err.Code = signon.CodeNotFound
		}
		w.Turned(w.t.Context(), &signon.Trace{SupportCode: code, Operation: o, Tenant: "shop", Client: "SHOP", Destination: "cart"}, home, err)
	}
}

// What the audit log alone tells of a decision is what its trace told.
func TestARetoldDecisionFailedAtTheSameCheck(t *testing.T) {
	w := newWorld(t)
	bound, revoked, used := w.issue(func(r *signon.IssueRequest) { r.Bind = home }), w.issue(nil), w.issue(nil)
	if _, err := w.Revoke(t.Context(), signon.Selection{Tenant: "shop", Reference: revoked.Grant.Key.Reference()}, "REVOKE"); err != nil {
		t.Fatal(err)
	}
	redeem := func(token signon.Token, browser byte, addr netip.Addr) func(code string) {
		return func(code string) {
			_, _ = w.redeem(token, browser, func(r *signon.RedeemRequest) { r.Addr, r.SupportCode = addr, code })
		}
	}
	issue := func(change func(*signon.IssueRequest)) func(code string) {
		return func(code string) {
			req := w.request()
			req.SupportCode = code
			change(req)
			_, _ = w.Issue(t.Context(), req)
		}
	}
	calls := []func(code string){
		redeem(bound.Token, 1, abroad), redeem(revoked.Token, 1, home), redeem(used.Token, 1, home), redeem(used.Token, 1, home), redeem(used.Token, 2, home),
		issue(func(*signon.IssueRequest) {}), issue(func(r *signon.IssueRequest) { r.Target = "https://evil.example/" }),
		issue(func(r *signon.IssueRequest) { r.TTL = 2 * time.Hour }), issue(func(r *signon.IssueRequest) { r.Language = "english" }),
		issue(func(r *signon.IssueRequest) { r.Subject = "9" }),
		turned(w, signon.OpIssue, signon.ReasonArgument), turned(w, signon.OpIssue, signon.ReasonReference), turned(w, signon.OpResolve, ""),
	}
	var before []*signon.Trace
	for i, call := range calls {
		call(fmt.Sprint("CALL", i))
		before = append(before, w.explained(fmt.Sprint("CALL", i)))
	}
	for i := range 5000 { // more than the ring holds
		w.Trace(&signon.Trace{SupportCode: fmt.Sprint("FILL", i), Operation: signon.OpIssue}, nil)
	}
	for i, want := range before {
		got := w.explained(fmt.Sprint("CALL", i))
		if got.Failed != want.Failed || got.Operation != want.Operation || got.Grant != want.Grant || got.Client != want.Client {
			t.Errorf("call %d:\n got %+v\nwant %+v", i, got, want)
		}
		if got.Reason != signon.ReasonWrongAddress && (got.Expected != want.Expected || got.Received != want.Received) { // addresses are sealed
			t.Errorf("call %d: got %q and %q, want %q and %q", i, got.Expected, got.Received, want.Expected, want.Received)
		}
	}
}

func TestACallThatIsNoneFailsWhereItCanBeReadNoFurther(t *testing.T) {
	w := newWorld(t)
	for i, c := range []struct {
		err    *signon.Error
		failed signon.Check
		before int // checks that passed
	}{
		{signon.Invalid(signon.ArgCall, "must be read"), signon.CheckReadable, 0},
		{signon.Invalid(signon.ArgMethod, "must exist"), signon.CheckMethod, 1},
		{&signon.Error{Code: signon.CodeForbidden, Reason: signon.ReasonCapability}, signon.CheckCapability, 2},
		{&signon.Error{Code: signon.CodeForbidden, Reason: signon.ReasonNotLinked}, signon.CheckActor, 3},
		{signon.Invalid("anything", "must be right"), signon.CheckArguments, 4},
		{&signon.Error{Code: signon.CodeNotFound}, signon.CheckReference, 5},
		{&signon.Error{Code: signon.CodeLimit}, signon.CheckLimits, 6},
		{signon.Unavailable("write", signon.ErrConflict), signon.CheckCommitted, 7},
	} {
		code := fmt.Sprintf("CALL%d", i)
		w.Trace(&signon.Trace{SupportCode: code, Operation: signon.OpCall}, c.err)
		got := w.explained(code)
		steps := got.Steps()
		if len(steps) != 8 || got.Failed != c.failed || steps[c.before] != (signon.Step{Check: c.failed, Result: signon.StepFailed}) {
			t.Errorf("%v: got %s in %v", c.err, got.Failed, steps)
		}
	}
}
