package signon

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"
)

// IssueRequest asks for a grant.
type IssueRequest struct {
	// Client is the authenticated caller.
	Client *Client
	// Tenant is on whose behalf it asks: the owner of the destination and of the
	// person; empty means the client's own.
	Tenant TenantID
	// Destination is where the subject shall be signed on.
	Destination *Destination
	// Kind and Subject name the person, by the directory's own reference.
	Kind    SubjectKind
	Subject SubjectRef
	// Target is the absolute URL inside the destination that the link points at.
	Target string
	// TTL is the validity asked for; 0 means the destination's default.
	TTL time.Duration
	// Bind is the address that the grant is tied to; the zero Addr means none.
	Bind netip.Addr
	// Language is the ISO 639-1 code asked for, or empty.
	Language string
	// Caller is the address of the calling client, and SupportCode the code of
	// its request, for the audit log.
	Caller      netip.Addr
	SupportCode string
	// Expected and Received are what the trace compares when there is no such person.
	Expected, Received string
	// Reply, unless nil, is called with the grant that is about to be stored, and
	// returns the reply to be kept in the same transaction (see [Service.Once]).
	Reply func(*Issued) *Reply
}

func (req *IssueRequest) tenant() TenantID {
	if req.Tenant == "" {
		return req.Client.Tenant
	}
	return req.Tenant
}

// Issued is a grant just made.
type Issued struct {
	// Token is the secret; it can't be had again.
	Token Token
	// Link is the target with the token as its last parameter.
	Link string
	// Grant is what was stored.
	Grant Grant
}

// Issue makes a grant and returns its link. When it returns, the grant and its
// audit event are durable. Errors: CodeForbidden, CodeInvalid (ArgTarget, ArgTTL,
// ArgLanguage), CodeTargetUnsupported, CodeSubjectUnknown, CodeLimit,
// CodeUnavailable; ErrAnswered when there is a reply with the key of req.Reply's.
func (s *Service) Issue(ctx context.Context, req *IssueRequest) (*Issued, error) {
	issued, privacy, err := s.prepare(ctx, req)
	if err == nil {
		err = s.create(ctx, req, issued, privacy)
	}
	s.traceIssue(req, issued, err)
	if err != nil {
		s.recordIssueRefused(ctx, req, AsError(err))
		return nil, err
	}
	return issued, nil
}

// prepare applies every rule and draws the token.
func (s *Service) prepare(ctx context.Context, req *IssueRequest) (*Issued, PrivacyKey, error) {
	dest := req.Destination
	if err := s.mayIssue(req); err != nil {
		return nil, PrivacyKey{}, err
	}
	target, err := dest.CheckTarget(req.Target)
	if err != nil {
		return nil, PrivacyKey{}, AsError(err).got(req.Target)
	}
	ttl, err := dest.validity(req.TTL)
	if err != nil {
		return nil, PrivacyKey{}, err
	}
	language, err := ParseLanguage(req.Language)
	if err != nil {
		return nil, PrivacyKey{}, err
	}
	subject, err := s.subject(ctx, req.tenant(), req.Kind, req.Subject)
	if err != nil {
		return nil, PrivacyKey{}, req.compare(err)
	}
	now := s.store.Now().Truncate(time.Millisecond)
	expiresAt := now.Add(ttl)
	keys := s.keys.generations[0]
	token, err := keys.newToken(s.random, req.tenant(), dest, expiresAt)
	if err != nil {
		return nil, PrivacyKey{}, err
	}
	return &Issued{Token: token, Link: dest.link(target, token), Grant: Grant{
		Key:    keys.grantKey(req.tenant(), dest.ID, token),
		Tenant: req.tenant(), Client: req.Client.ID, Destination: dest.ID,
		Subject: req.Subject, SubjectKind: req.Kind, Target: target, Language: language,
		BoundAddr: BindAddr(s.place(req.Bind), dest.AddrPolicy), IssuedAt: later(now, subject.SignedOutBefore), ExpiresAt: expiresAt,
	}}, subject.PrivacyKey, nil
}

// compare returns the error, with what was compared when there is no such person.
func (req *IssueRequest) compare(err error) error {
	e := AsError(err)
	if e.Code != CodeSubjectUnknown {
		return err
	}
	unknown := *e
	unknown.Expected, unknown.Received = req.Expected, req.Received
	return &unknown
}

// mayIssue returns CodeForbidden when the client may not sign anybody on there, and
// CodeSubjectUnknown when people of that kind are not signed on there. To act for
// another tenant takes a destination that says what it asks of clients: one that
// asks for nothing is for the tenant's own.
func (s *Service) mayIssue(req *IssueRequest) error {
	if err := req.Client.mustHave(req.Destination.Requires); err != nil {
		return err
	}
	own := req.tenant() == req.Client.Tenant
	if !own && (req.Destination.Requires == "" || !s.Registry().actsFor(req.Client.Tenant, req.tenant())) {
		return notLinked(string(req.Tenant))
	}
	if !req.Destination.Kind.admits(req.Kind) {
		return &Error{Code: CodeSubjectUnknown, Reason: ReasonSubject}
	}
	return nil
}

// later returns the later instant. A person who signs out everywhere does so up to
// the next millisecond; what is issued in the same one is issued after that.
func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// create stores the grant within the tenant's limits.
func (s *Service) create(ctx context.Context, req *IssueRequest, issued *Issued, privacy PrivacyKey) error {
	g := &issued.Grant
	tenant, ok := s.Registry().Tenant(g.Tenant)
	if !ok {
		return fmt.Errorf("issue grant: tenant %q is not declared", g.Tenant)
	}
	if wait := s.live.add(g.Tenant, tenant.Limits, g.person(), g.ExpiresAt, s.store.Now()); wait > 0 {
		return &Error{
			Code: CodeLimit, Reason: ReasonLimit, RetryAfter: wait, Received: "one more",
			Expected: fmt.Sprintf("at most %d live links of the tenant, %d for one person (0: no limit)", tenant.Limits.LiveGrants, tenant.Limits.LinksPerSubject),
		}
	}
	var reply *Reply
	if req.Reply != nil {
		reply = req.Reply(issued)
	}
	if reply != nil {
		reply.Tenant, reply.About = g.Tenant, g.person()
	}
	err := s.store.CreateGrant(ctx, g, &Event{
		Type: EventIssued, Tenant: g.Tenant, Client: g.Client, Destination: g.Destination, Grant: g.Key.Reference(),
		SupportCode: req.SupportCode, Caller: req.Caller.String(), Activity: g.activity(),
		Personal: SealPersonal(privacy, Personal{Subject: g.Subject, Addr: g.BoundAddr.String()}),
	}, reply)
	if err != nil {
		s.notStored(g, err)
		return fmt.Errorf("issue grant: %w", err)
	}
	return nil
}

// notStored counts out a grant that was not stored. One whose client has gone is most
// likely stored all the same.
func (s *Service) notStored(g *Grant, err error) {
	if !errors.Is(err, ErrGoesOn) {
		s.live.remove(g.Tenant, g.person(), g.ExpiresAt)
	}
}

func (s *Service) traceIssue(req *IssueRequest, issued *Issued, err error) {
	trace := Trace{
		SupportCode: req.SupportCode, Operation: OpIssue, Tenant: req.tenant(), Client: req.Client.ID, Destination: req.Destination.ID,
	}
	switch {
	case err == nil:
		trace.Grant = issued.Grant.Key.Reference()
	case errors.Is(err, ErrAnswered):
		err, trace.Note = nil, "nothing was issued: the call was answered before"
	}
	s.Trace(&trace, err)
}

func (s *Service) recordIssueRefused(ctx context.Context, req *IssueRequest, err *Error) {
	if err.Code == CodeUnavailable || err.Code == CodeInternal {
		return // nothing was decided
	}
	reason := err.Reason
	switch reason {
	case "":
		reason = ReasonArgument
	case ReasonSubject: // whoever was named belongs to nobody who could have it erased
		noted := *err
		noted.Received, err = "", &noted
	}
	s.record(ctx, &Event{
		Type: EventIssueRefused, Tenant: req.tenant(), Client: req.Client.ID, Destination: req.Destination.ID,
		Reason: reason, Note: err.compared(), SupportCode: req.SupportCode, Caller: req.Caller.String(),
	})
}

// validity returns how long a grant lives for which ttl was asked.
func (d *Destination) validity(ttl time.Duration) (time.Duration, error) {
	switch {
	case ttl == 0:
		return d.DefaultTTL, nil
	case ttl < time.Second:
		return 0, Invalid(ArgTTL, "must be at least 1 second").got(ttl.String())
	case ttl > d.MaxTTL:
		return 0, Invalid(ArgTTL, fmt.Sprintf("must be at most %d seconds", int64(d.MaxTTL/time.Second))).got(ttl.String())
	}
	return ttl, nil
}
