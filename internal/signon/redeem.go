package signon

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"
)

// RedeemRequest is a browser that followed a link.
type RedeemRequest struct {
	// Destination is where the browser stands, of Tenant.
	Tenant      TenantID
	Destination *Destination
	// Enter is the tenant's cart or account that the person wants to go on to, where
	// Destination is an entrance; otherwise it is nil. The first call decides: a
	// repeat gets the session that there is, wherever that is.
	Enter *Destination
	// Token is the text of the token as it came.
	Token string
	// Binding is the browser's binding value.
	Binding Binding
	// Session is the session the browser has here already (at Enter, if that is
	// set), or nil. Elsewhere are others that it has, at whatever destinations, of
	// people who are not to be signed in beside this one.
	Session   *HeldSession
	Elsewhere []HeldSession
	// Confirmed is the ticket of the page that asked (see [Ask]), or empty.
	Confirmed string
	// Addr is the browser's address.
	Addr netip.Addr
	// SupportCode is the code of the request.
	SupportCode string
}

// SignOn is a person signed in, or about to be.
type SignOn struct {
	// Ask, unless nil, is what the person has to be asked first: nothing is spent,
	// and the other fields are empty.
	Ask     *Ask
	Session BrowserSession
	// Token is what the browser keeps to prove the session.
	Token SessionToken
	// First: this call spent the grant. False for a repeat by the same browser.
	First bool
}

// Redeem spends the token for a browser session, once. Where the link's policy
// wants it, or another person is signed in, the answer is a question first
// ([SignOn.Ask]). A repeat within the token's validity by the same browser (same
// binding value, or the grant's own session) gets the same session. Errors:
// CodeTokenInvalid whatever the reason, CodeLimit for an address with too many
// refusals, CodeUnavailable when the outcome is not known: a repeat by the same
// browser then converges.
func (s *Service) Redeem(ctx context.Context, req *RedeemRequest) (*SignOn, error) {
	r := &redemption{service: s, req: req}
	addr := throttleKey(req.Addr)
	if err := s.blocked(s.misses, addr); err != nil {
		r.trace(err)
		return nil, err
	}
	signOn, err := r.redeem(ctx)
	if e := AsError(err); e != nil && e.Code == CodeTokenInvalid {
		if limited := s.failed(s.misses, addr); limited != nil {
			signOn, err = nil, limited
		}
	}
	r.outcome = signOn.outcome()
	r.trace(err)
	return signOn, err
}

// outcome tells what came of it, for its trace.
func (s *SignOn) outcome() Outcome {
	switch {
	case s == nil || s.First:
		return ""
	case s.Ask != nil:
		return OutcomeAsked
	}
	return OutcomeRepeated
}

func (r *redemption) redeem(ctx context.Context) (*SignOn, error) {
	s, req := r.service, r.req
	err := s.checkEnter(req)
	if err != nil {
		return nil, fmt.Errorf("redeem grant: %w", err)
	}
	if r.grant, r.gen, err = s.find(ctx, s.store.GrantHint, presented{req.Tenant, req.Destination, req.Token}); err != nil {
		return nil, err
	}
	subject, err := s.subject(ctx, r.grant.Tenant, r.grant.SubjectKind, r.grant.Subject)
	switch e := AsError(err); {
	case e == nil:
		r.privacy = subject.PrivacyKey
	case e.Code == CodeSubjectUnknown:
		return nil, r.refuse(ctx, Refused(ReasonSubject))
	default:
		return nil, fmt.Errorf("redeem grant: %w", err)
	}
	if _, err := req.Destination.CheckTarget(r.grant.Target); err != nil {
		refused := Refused(ReasonWrongTarget)
		refused.Expected, refused.Received = AsError(err).Rule, r.grant.Target
		return nil, r.refuse(ctx, refused)
	}
	if subject.voided(r.grant.IssuedAt) {
		return nil, r.refuse(ctx, r.grant.voided(&subject))
	}
	if req.Session != nil && req.Session.Token.Key == r.grant.Key {
		if again, err := r.resume(ctx); again != nil || err != nil {
			return again, err
		}
	}
	ask, err := r.ask(ctx)
	if ask != nil && err == nil {
		ask, err = r.askAgain(ctx)
	}
	if ask != nil || err != nil {
		return &SignOn{Ask: ask}, err
	}
	return r.spend(ctx)
}

// presented is a token as it came, and where.
type presented struct {
	tenant TenantID
	dest   *Destination
	text   string
}

// find returns the grant that has the token, as a filter: unknown tokens end
// here, by their expiry alone or by one read, and write nothing.
func (s *Service) find(ctx context.Context, read func(context.Context, GrantKey) (Grant, error), p presented) (*Grant, *generation, error) {
	token, err := p.dest.token(p.text)
	if err != nil {
		return nil, nil, err
	}
	now, expiry := s.store.Now(), token.expiry()
	if expiry.Before(now.Add(-graceTTL)) || expiry.After(now.Add(p.dest.MaxTTL+2*time.Second)) {
		return nil, nil, Refused(ReasonUnknown)
	}
	for _, gen := range s.keys.generations {
		g, err := read(ctx, gen.grantKey(p.tenant, p.dest.ID, token))
		if err == nil {
			return &g, gen, nil
		}
		if !errors.Is(err, ErrNotFound) {
			return nil, nil, Unavailable("read grant", err)
		}
	}
	return nil, nil, Refused(ReasonUnknown)
}

// session returns the session to create, as its grant describes it.
func (r *redemption) session(token SessionToken) BrowserSession {
	g := r.grant
	return BrowserSession{
		Tenant: g.Tenant, Destination: r.enters().ID, Client: g.Client, Subject: g.Subject, SubjectKind: g.SubjectKind,
		Target: g.Target, Language: g.Language, Secret: token.digest(), IssuedAt: g.IssuedAt,
	}
}

// checkEnter returns an error unless the request names where to go on from an
// entrance, and from nowhere else: an entrance has no pages that a session is for.
func (s *Service) checkEnter(req *RedeemRequest) error {
	if (req.Destination.Kind == KindEntrance) != (req.Enter != nil) {
		return errors.New("the request does not tell where to go on, or tells so where nothing leads on")
	}
	if req.Enter == nil {
		return nil
	}
	own, ok := s.Registry().DestinationByID(req.Tenant, req.Enter.ID)
	if !ok || own.Kind != req.Enter.Kind || own.Kind != KindCart && own.Kind != KindAccount {
		return fmt.Errorf("%q is no cart or account of tenant %q", req.Enter.ID, req.Tenant)
	}
	return nil
}

// enters returns the destination where the session begins.
func (r *redemption) enters() *Destination {
	if r.req.Enter != nil {
		return r.req.Enter
	}
	return r.req.Destination
}

// redemption is one attempt to redeem a grant that exists.
type redemption struct {
	service *Service
	req     *RedeemRequest
	grant   *Grant // nil until it was found
	gen     *generation
	privacy PrivacyKey
	served  time.Time // when the person was asked, if that was answered in time
	note    string
	outcome Outcome
}

// trace keeps how the attempt went.
func (r *redemption) trace(err error) {
	trace := Trace{
		SupportCode: r.req.SupportCode, Operation: OpRedeem, Tenant: r.req.Tenant, Destination: r.req.Destination.ID, Note: r.note, Outcome: r.outcome,
	}
	if r.grant != nil {
		trace.Grant, trace.Client = r.grant.Key.Reference(), r.grant.Client
	}
	r.service.Trace(&trace, err)
}

// resume answers a repeat by the browser that holds the grant's own session.
// It returns nil when that session does not help.
func (r *redemption) resume(ctx context.Context) (*SignOn, error) {
	s := r.service
	session, err := s.store.Session(ctx, r.grant.Key)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, Unavailable("read session", err)
	}
	now, epoch := s.store.Now(), s.store.Epoch()
	if !r.req.Session.Token.proves(&session) || !session.live(now, epoch) || r.idle(&session, now) ||
		!now.Before(r.grant.ExpiresAt) || r.grant.State != GrantRedeemed {
		return nil, nil
	}
	s.record(ctx, r.event(EventReplayed, ""))
	return &SignOn{Session: session, Token: r.req.Session.Token}, nil
}

// idle reports whether this browser has left the grant's session alone for too
// long.
func (r *redemption) idle(session *BrowserSession, now time.Time) bool {
	seen := ""
	if held := r.req.Session; held != nil {
		seen = held.Seen
	}
	return idleSince(r.service.lastSeen(session, seen, now), now, r.service.idleTTL(session))
}

// spend lets the store decide, in one conditional update.
func (r *redemption) spend(ctx context.Context) (*SignOn, error) {
	s, g := r.service, r.grant
	token := r.gen.session(g.Key, r.req.Binding)
	binding := r.gen.bindingDigest(r.req.Binding)
	addr := r.addrKeys()
	judge := func(o *RedeemOutcome) Reason {
		reason := o.verdict(binding, addr, r.served)
		if reason == "" && !o.Won && r.idle(&o.Session, o.At) {
			return ReasonIdle
		}
		return reason
	}
	out, err := s.store.RedeemGrant(ctx, &Redemption{
		Key: g.Key, From: g.Destination, Addr: addr, Binding: binding, ServedAt: r.served, SessionTTL: r.enters().SessionTTL,
		Session: r.session(token),
		Record: func(o *RedeemOutcome) *Event {
			reason := judge(o)
			if !o.Known && !o.Won {
				return nil
			}
			e := r.event(o.eventType(reason), reason)
			if reason != "" && reason != ReasonWrongAddress {
				e.Note = o.Grant.refused(reason, o.At, o.Epoch, "").compared()
			}
			if !o.Won && !s.mayRecord(e) {
				return nil
			}
			return e
		},
	})
	if err != nil {
		return nil, fmt.Errorf("redeem grant: %w", err)
	}
	reason := judge(&out)
	if out.Won {
		s.live.remove(g.Tenant, g.person(), g.ExpiresAt)
	} else {
		s.noteRecorded(g.Tenant, out.eventType(reason))
	}
	if reason != "" {
		return nil, out.Grant.refused(reason, out.At, out.Epoch, r.req.Addr.String())
	}
	return &SignOn{Session: out.Session, Token: token, First: out.Won}, nil
}

// addrKeys returns the keys that the store compares with the bound address.
// Where a mismatch is only reported, it is noted and the grant's own key passes.
func (r *redemption) addrKeys() []AddrKey {
	keys := AddrKeys(r.service.place(r.req.Addr))
	if r.req.Destination.OnMismatch != MismatchReport || r.grant.BoundAddr.Admits(keys) {
		return keys
	}
	r.note = "the address did not match and was let pass: expected " + r.grant.BoundAddr.String() + "; received " + r.req.Addr.String()
	return []AddrKey{r.grant.BoundAddr}
}

// verdict returns why the outcome is a refusal, or "" when the browser with
// that binding, asked at served unless that is zero, is signed in by it.
func (o *RedeemOutcome) verdict(binding BindingDigest, addr []AddrKey, served time.Time) Reason {
	if o.Won {
		return ""
	}
	if !o.Known {
		return ReasonUnknown
	}
	reason := o.Grant.refusal(judgedAt(o.At, served), o.Epoch, addr)
	if reason != ReasonUsed || o.Grant.Binding != binding {
		if reason == "" {
			return ReasonUsed // redeemable, yet the update found it otherwise: never a second winner
		}
		return reason
	}
	if o.Session.Key != o.Grant.Key || !o.Session.live(o.At, o.Epoch) {
		return ReasonSessionEnded
	}
	return ""
}

func (o *RedeemOutcome) eventType(reason Reason) EventType {
	switch {
	case o.Won:
		return EventRedeemed
	case reason == "":
		return EventReplayed
	}
	return EventRedeemRefused
}

func (r *redemption) event(t EventType, reason Reason) *Event {
	personal := Personal{Subject: r.grant.Subject, Addr: r.req.Addr.String()}
	e := &Event{
		Type: t, Tenant: r.grant.Tenant, Client: r.grant.Client, Destination: r.grant.Destination,
		Grant: r.grant.Key.Reference(), Reason: reason, SupportCode: r.req.SupportCode,
	}
	if t != EventReplayed && reason != ReasonSubject { // a page loaded again is no activity, and nobody has none
		e.Activity = r.grant.activity()
	}
	if r.note != "" {
		e.Note = "address mismatch let pass"
	}
	if r.note != "" || reason == ReasonWrongAddress {
		personal.Addr += addrBoundTo + r.grant.BoundAddr.String()
	}
	e.Personal = SealPersonal(r.privacy, personal)
	return e
}

// refuse records a refusal that was decided before the store was asked.
func (r *redemption) refuse(ctx context.Context, refused *Error) error {
	refused = r.service.certain(ctx, refused)
	if refused.Code == CodeUnavailable {
		return refused
	}
	e := r.event(EventRedeemRefused, refused.Reason)
	e.Note = refused.compared()
	r.service.record(ctx, e)
	return refused
}
