package signon

import (
	"slices"
	"strings"
	"sync"
	"time"
)

// Operation is what a decision was about.
type Operation string

// The operations that are traced.
const (
	OpAuthenticate Operation = "authenticate"
	OpPassword     Operation = "password" // a client proves itself by its secret alone
	OpAPISession   Operation = "api session"
	OpIssue        Operation = "issue"
	OpRedeem       Operation = "redeem"
	OpResolve      Operation = "resolve"
	OpCall         Operation = "call"    // anything else that a client asks a dialect for
	OpSession      Operation = "session" // a page that needs a session; traced when it has none
)

// Check is one step of a decision.
type Check string

// The checks.
const (
	CheckBrowser    Check = "browser"    // a person's browser asks: by going there, with cookies
	CheckThrottle   Check = "throttle"   // not too many failures before
	CheckForm       Check = "form"       // the proof or token has its form
	CheckClient     Check = "client"     // the client exists
	CheckAlgorithm  Check = "algorithm"  // its algorithm is accepted
	CheckDate       Check = "date"       // its date is near enough
	CheckSignature  Check = "signature"  // it is made with the client's secret
	CheckProof      Check = "proof"      // it is the client's password
	CheckCaller     Check = "caller"     // the client may call from there
	CheckCapability Check = "capability" // the operator lets the client do this
	CheckActor      Check = "actor"      // the client may act for that tenant
	CheckArguments  Check = "arguments"  // the request's arguments can be read
	CheckReference  Check = "reference"  // what the request names exists
	CheckTarget     Check = "target"     // a link may point there
	CheckValidity   Check = "validity"   // the validity asked for is allowed
	CheckLanguage   Check = "language"   // the language exists
	CheckSubject    Check = "subject"    // the person exists
	CheckLimits     Check = "limits"     // the tenant and the person have room for a link
	CheckKnown      Check = "known"      // a grant has this token here
	CheckRevocation Check = "revocation" // it was not revoked
	CheckMisses     Check = "misses"     // it was not voided by wrong addresses
	CheckEpoch      Check = "epoch"      // it is of the store's present history
	CheckExpiry     Check = "expiry"     // it has not expired
	CheckAddress    Check = "address"    // the browser is where the grant is bound to
	CheckFirstUse   Check = "first use"  // it was not used by another browser
	CheckSession    Check = "session"    // the session lives: for a repeat, the one that it gave
	CheckIdle       Check = "idle"       // that session was not left alone for too long
	CheckCommitted  Check = "committed"  // the outcome is on disk
	CheckReadable   Check = "readable"   // the request can be read as a call
	CheckMethod     Check = "method"     // what it calls exists
)

// checks are the steps of each operation, in the order in which they are made.
var checks = map[Operation][]Check{
	OpAuthenticate: {CheckThrottle, CheckForm, CheckClient, CheckAlgorithm, CheckDate, CheckSignature, CheckCaller},
	OpPassword:     {CheckThrottle, CheckForm, CheckClient, CheckProof, CheckCaller},
	OpAPISession:   {CheckForm, CheckClient, CheckSignature, CheckExpiry, CheckCaller},
	OpIssue:        {CheckCapability, CheckActor, CheckArguments, CheckReference, CheckTarget, CheckValidity, CheckLanguage, CheckSubject, CheckLimits, CheckCommitted},
	OpRedeem: {
		CheckBrowser, CheckThrottle, CheckForm, CheckKnown, CheckSubject, CheckTarget, CheckRevocation, CheckMisses, CheckEpoch, CheckExpiry,
		CheckAddress, CheckFirstUse, CheckSession, CheckIdle, CheckCommitted,
	},
	OpCall:    {CheckReadable, CheckMethod, CheckCapability, CheckActor, CheckArguments, CheckReference, CheckLimits, CheckCommitted},
	OpSession: {CheckKnown, CheckSession, CheckIdle, CheckSubject, CheckRevocation},
	OpResolve: {CheckArguments, CheckForm, CheckKnown, CheckCapability, CheckSubject, CheckRevocation, CheckMisses, CheckEpoch, CheckExpiry, CheckFirstUse, CheckCommitted},
}

// failing is the check that each reason stands for.
var failing = map[Reason]Check{
	ReasonNoNavigation: CheckBrowser, ReasonNoCookies: CheckBrowser, ReasonMalformed: CheckForm, ReasonUnknown: CheckKnown, ReasonExpired: CheckExpiry, ReasonRevoked: CheckRevocation,
	ReasonVoided: CheckMisses, ReasonUsed: CheckFirstUse, ReasonSessionEnded: CheckSession, ReasonIdle: CheckIdle, ReasonWrongAddress: CheckAddress,
	ReasonOldEpoch: CheckEpoch, ReasonWrongTarget: CheckTarget, ReasonUnknownID: CheckClient, ReasonBadProof: CheckSignature, ReasonBadPassword: CheckProof,
	ReasonStaleProof: CheckDate, ReasonBadAlgorithm: CheckAlgorithm, ReasonSubject: CheckSubject, ReasonReference: CheckReference,
	ReasonArgument: CheckArguments, ReasonCaller: CheckCaller, ReasonCapability: CheckCapability, ReasonNotLinked: CheckActor,
	ReasonNotOffered: CheckCapability, ReasonNotItself: CheckCapability, ReasonNotMember: CheckSubject,
}

// What a dialect's [OpCall] can't make a call of, as arguments of its errors: the
// request as such, and the method that it names.
const (
	ArgCall   = "call"
	ArgMethod = "method"
)

// argumentChecks are the checks that judge the core's own arguments.
var argumentChecks = map[string]Check{
	ArgTarget: CheckTarget, ArgTTL: CheckValidity, ArgLanguage: CheckLanguage, ArgCall: CheckReadable, ArgMethod: CheckMethod,
}

// Failing returns the check that the error of an operation stands for.
func (o Operation) Failing(e *Error) Check {
	switch {
	case e.Code == CodeLimit && (o == OpIssue || o == OpCall):
		return CheckLimits
	case e.Code == CodeLimit:
		return CheckThrottle
	case e.Code == CodeUnavailable || e.Code == CodeInternal:
		return CheckCommitted
	case e.Code == CodeInvalid || e.Code == CodeTargetUnsupported:
		if c, ok := argumentChecks[e.Argument]; ok {
			return c
		}
		return CheckArguments
	case e.Code == CodeNotFound:
		return CheckReference
	case e.Code == CodeSubjectUnknown:
		return CheckSubject
	}
	if c, ok := failing[e.Reason]; ok {
		return c
	}
	return CheckArguments
}

// Trace tells how one decision came about. It holds no secret: of a proof the
// string that was signed, of a token nothing but its grant's reference.
type Trace struct {
	SupportCode string
	At          time.Time
	Operation   Operation
	Tenant      TenantID
	Client      string
	Destination string
	Grant       Reference
	// Outcome tells apart what is no refusal; empty for what was done.
	Outcome Outcome
	// Failed is the check that failed; empty when none did.
	Failed Check
	// Reason is why, for refusals that have one.
	Reason Reason
	// Expected and Received are what the failed check compared.
	Expected, Received string
	// Note is what else an operator should know, as that an address did not match
	// and was let pass.
	Note string
}

// Outcome is what came of a redemption besides a session or a refusal.
type Outcome string

// The outcomes.
const (
	OutcomeAsked    Outcome = "asked first"    // nothing was spent: the person has to say yes, or the page to send itself
	OutcomeRepeated Outcome = "followed again" // by the same browser, which got the session that there was
)

// Step is one check of a trace.
type Step struct {
	Check  Check
	Result StepResult
}

// StepResult is how a check ended.
type StepResult string

// The results.
const (
	StepPassed     StepResult = "passed"
	StepFailed     StepResult = "failed"
	StepNotReached StepResult = "not reached"
)

// Steps returns the operation's checks and how each ended. A check that is none
// of the operation's own failed after them. Who is asked first has not come to the
// store's decision yet.
func (t *Trace) Steps() []Step {
	var steps []Step
	result := StepPassed
	own := checks[t.Operation]
	if t.Failed != "" && !slices.Contains(own, t.Failed) {
		own = append(slices.Clip(own), t.Failed)
	}
	for _, c := range own {
		switch {
		case c == t.Failed:
			steps, result = append(steps, Step{c, StepFailed}), StepNotReached
		case t.Operation == OpRedeem && t.Outcome != OutcomeRepeated && (c == CheckSession || c == CheckIdle): // only a repeat has a session
		case t.Outcome == OutcomeAsked && (c == CheckFirstUse || c == CheckCommitted):
			steps = append(steps, Step{c, StepNotReached})
		case t.Operation == OpResolve && (c == CheckCapability || c == CheckFirstUse): // only numbered tokens are judged by them
		default:
			steps = append(steps, Step{c, result})
		}
	}
	return steps
}

// traceRing is how many traces are kept in memory.
const traceRing = 4096

// traces keeps the latest traces.
type traces struct {
	mu   sync.Mutex
	ring []Trace
	next int
}

func (t *traces) add(trace *Trace) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.ring) < traceRing {
		t.ring = append(t.ring, *trace)
		return
	}
	t.ring[t.next] = *trace
	t.next = (t.next + 1) % traceRing
}

// find returns the traces of a request, oldest first.
func (t *traces) find(code string) (found []Trace) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range t.ring {
		if trace := &t.ring[(t.next+i)%len(t.ring)]; trace.SupportCode == code {
			found = append(found, *trace)
		}
	}
	return found
}

// maxTraceText bounds what a trace keeps of a caller's words.
const maxTraceText = 300

// Trace keeps how a decision came about. The core traces its own decisions; a
// dialect adds those that it makes before it asks the core.
func (s *Service) Trace(t *Trace, err error) {
	if t.SupportCode == "" {
		return
	}
	t.At = s.store.Now()
	if e := AsError(err); e != nil {
		t.Failed, t.Reason = t.Operation.Failing(e), e.Reason
		t.Expected, t.Received = e.expectation(), bounded(e.Received)
	}
	s.traces.add(t)
}

// bounded returns as much of a caller's words as is kept, without a token.
func bounded(text string) string {
	text = withoutToken(text)
	if len(text) > maxTraceText {
		text = strings.ToValidUTF8(text[:maxTraceText], "") + "…"
	}
	return text
}

// Traces returns the decisions of the request with that support code, as far as
// they are still in memory, oldest first.
func (s *Service) Traces(code string) []Trace { return s.traces.find(code) }
