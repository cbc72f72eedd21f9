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
	// Token is the text of the token as it came.
	Token string
	// Binding is the browser's binding value.
	Binding Binding
	// Session is the session the browser has here already, or nil.
	Session *SessionToken
	// Addr is the browser's address.
	Addr netip.Addr
	// SupportCode is the code of the request.
	SupportCode string
}

// SignOn is a person signed in.
type SignOn struct {
	Session BrowserSession
	// Token is what the browser keeps to prove the session.
	Token SessionToken
	// First: this call spent the grant. False for a repeat by the same browser.
	First bool
}

// Redeem spends the token for a browser session, once. A repeat within the
// token's validity by the same browser (same binding value, or the grant's own
// session) gets the same session. Errors: CodeTokenInvalid whatever the
// reason, CodeLimit for an address with too many refusals, CodeUnavailable when
// the outcome is not known: a repeat by the same browser then converges.
func (s *Service) Redeem(ctx context.Context, req *RedeemRequest) (*SignOn, error) {
	now := s.store.Now()
	addr := throttleKey(req.Addr)
	if wait := s.misses.Blocked(addr, now); wait > 0 {
		return nil, &Error{Code: CodeLimit, Reason: ReasonLimit, RetryAfter: wait}
	}
	signOn, err := s.redeem(ctx, req)
	if e := AsError(err); e != nil && e.Code == CodeTokenInvalid {
		s.misses.Count(addr, now)
	}
	return signOn, err
}

func (s *Service) redeem(ctx context.Context, req *RedeemRequest) (*SignOn, error) {
	found, gen, err := s.find(ctx, req.Tenant, req.Destination, req.Token)
	if err != nil {
		return nil, err
	}
	r := &redemption{service: s, req: req, grant: found, gen: gen}
	subject, err := s.subject(ctx, found.Tenant, found.SubjectKind, found.Subject)
	switch e := AsError(err); {
	case e == nil:
		r.privacy = subject.PrivacyKey
	case e.Code == CodeSubjectUnknown:
		return nil, r.refuse(ctx, ReasonSubject)
	default:
		return nil, fmt.Errorf("redeem grant: %w", err)
	}
	if _, err := req.Destination.CheckTarget(found.Target); err != nil {
		return nil, r.refuse(ctx, ReasonWrongTarget)
	}
	if req.Session != nil && req.Session.Key == found.Key {
		if again, err := r.resume(ctx); again != nil || err != nil {
			return again, err
		}
	}
	return r.spend(ctx)
}

// find returns the grant that has the token, as a filter: unknown tokens end
// here, by their expiry alone or by one read, and write nothing.
func (s *Service) find(ctx context.Context, tenant TenantID, dest *Destination, text string) (*Grant, *generation, error) {
	token, err := ParseToken(text)
	if err != nil {
		return nil, nil, err
	}
	now, expiry := s.store.Now(), token.expiry()
	if expiry.Before(now.Add(-graceTTL)) || expiry.After(now.Add(dest.MaxTTL+2*time.Second)) {
		return nil, nil, Refused(ReasonUnknown)
	}
	for _, gen := range s.keys.generations {
		g, err := s.store.Grant(ctx, gen.grantKey(tenant, dest.ID, token))
		if err == nil {
			return &g, gen, nil
		}
		if !errors.Is(err, ErrNotFound) {
			return nil, nil, Unavailable("read grant", err)
		}
	}
	return nil, nil, Refused(ReasonUnknown)
}

// redemption is one attempt to redeem a grant that exists.
type redemption struct {
	service *Service
	req     *RedeemRequest
	grant   *Grant
	gen     *generation
	privacy PrivacyKey
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
	if !r.req.Session.proves(&session) || !session.live(now, epoch) || !now.Before(r.grant.ExpiresAt) || r.grant.State != GrantRedeemed {
		return nil, nil
	}
	s.record(ctx, r.event(EventReplayed, ""))
	return &SignOn{Session: session, Token: *r.req.Session}, nil
}

// spend lets the store decide, in one conditional update.
func (r *redemption) spend(ctx context.Context) (*SignOn, error) {
	s, g := r.service, r.grant
	token := r.gen.session(g.Key, r.req.Binding)
	binding := r.gen.bindingDigest(r.req.Binding)
	addr := AddrKeys(r.req.Addr)
	out, err := s.store.RedeemGrant(ctx, &Redemption{
		Key: g.Key, Addr: addr, Binding: binding, SessionTTL: r.req.Destination.SessionTTL,
		Session: BrowserSession{
			Tenant: g.Tenant, Destination: g.Destination, Client: g.Client, Subject: g.Subject, SubjectKind: g.SubjectKind,
			Target: g.Target, Language: g.Language, Secret: token.digest(),
		},
		Record: func(o *RedeemOutcome) *Event {
			reason := o.verdict(binding, addr)
			if !o.Known && !o.Won {
				return nil
			}
			e := r.event(o.eventType(reason), reason)
			if !o.Won && !s.mayRecord(e) {
				return nil
			}
			return e
		},
	})
	if err != nil {
		return nil, fmt.Errorf("redeem grant: %w", err)
	}
	reason := out.verdict(binding, addr)
	if out.Won {
		s.live.remove(g.Tenant, g.Subject, g.ExpiresAt)
	} else {
		s.noteRecorded(g.Tenant, out.eventType(reason))
	}
	if reason != "" {
		return nil, Refused(reason)
	}
	return &SignOn{Session: out.Session, Token: token, First: out.Won}, nil
}

// verdict returns why the outcome is a refusal, or "" when the browser with
// that binding is signed in by it.
func (o *RedeemOutcome) verdict(binding BindingDigest, addr []AddrKey) Reason {
	if o.Won {
		return ""
	}
	if !o.Known {
		return ReasonUnknown
	}
	reason := o.Grant.refusal(o.At, o.Epoch, addr)
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
	return &Event{
		Type: t, Tenant: r.grant.Tenant, Client: r.grant.Client, Destination: r.grant.Destination,
		Grant: r.grant.Key.Reference(), Reason: reason, SupportCode: r.req.SupportCode,
		Personal: SealPersonal(r.privacy, Personal{Subject: r.grant.Subject, Addr: r.req.Addr.String()}),
	}
}

// refuse records a refusal that was decided before the store was asked.
func (r *redemption) refuse(ctx context.Context, reason Reason) error {
	r.service.record(ctx, r.event(EventRedeemRefused, reason))
	return Refused(reason)
}
