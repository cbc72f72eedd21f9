package signon

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"math/big"
	"net/netip"
	"strconv"
	"time"
)

// A numbered token is one that the back end of an application reads. Its text is
// made and signed by a dialect, and it has a number, which is public: the unix
// milliseconds of when it was issued, of 13 digits, followed by a random number
// below 1,000 that is not filled up with zeros. No two tokens of a tenant have the
// same number, and by itself a number opens nothing.

// MaxNumberedTTL is the longest validity of numbered tokens.
const MaxNumberedTTL = 24 * time.Hour

// numberedRandom is how many random parts a number can have.
const numberedRandom = 1000

// maxNumberDraws is how often a number is drawn before it is found that the
// millisecond has none left; then the next one is waited for.
const maxNumberDraws = 8

// NumberedRequest asks for a numbered token.
type NumberedRequest struct {
	// Client is the authenticated caller.
	Client *Client
	// Destination is the application.
	Destination *Destination
	// Member is the person.
	Member SubjectRef
	// Target is the place inside the application, in its own words; may be empty.
	Target string
	// Sign makes the text of the token. It is called again when a number turns out
	// to be taken.
	Sign func(*Numbered) (Token, error)
	// Caller is the address of the calling client, and SupportCode the code of its
	// request.
	Caller      netip.Addr
	SupportCode string
}

// Numbered is a token that is being made, or was.
type Numbered struct {
	Number              string
	IssuedAt, ExpiresAt time.Time // of millisecond precision
	// Token is set when it is made.
	Token Token
	Grant Grant
}

// IssueNumbered makes a grant for an application and returns its token. When it
// returns, the grant and its audit event are durable. Errors: CodeForbidden when
// the client may not ask for tokens for that application, CodeSubjectUnknown,
// CodeUnavailable.
func (s *Service) IssueNumbered(ctx context.Context, req *NumberedRequest) (*Numbered, error) {
	n, err := s.issueNumbered(ctx, req)
	asked := &IssueRequest{Client: req.Client, Destination: req.Destination, Caller: req.Caller, SupportCode: req.SupportCode}
	var issued *Issued
	if err == nil {
		issued = &Issued{Grant: n.Grant}
	}
	s.traceIssue(asked, issued, err)
	if err != nil {
		s.recordIssueRefused(ctx, asked, AsError(err))
		return nil, err
	}
	return n, nil
}

func (s *Service) issueNumbered(ctx context.Context, req *NumberedRequest) (*Numbered, error) {
	if err := req.Client.mayIssueFor(req.Destination); err != nil {
		return nil, err
	}
	subject, err := s.subject(ctx, req.Client.Tenant, SubjectMember, req.Member)
	if err != nil {
		return nil, err
	}
	for draw := 1; ; draw++ {
		n, err := s.number(req, &subject)
		if err != nil {
			return nil, err
		}
		err = s.store.CreateGrant(ctx, &n.Grant, &Event{
			Type: EventIssued, Tenant: n.Grant.Tenant, Client: req.Client.ID, Destination: req.Destination.ID, Grant: n.Grant.Key.Reference(),
			SupportCode: req.SupportCode, Caller: req.Caller.String(), Personal: SealPersonal(subject.PrivacyKey, Personal{Subject: req.Member}),
		}, nil)
		switch {
		case err == nil:
			return n, nil
		case !errors.Is(err, ErrConflict):
			return nil, fmt.Errorf("issue token: %w", err)
		case ctx.Err() != nil:
			return nil, Unavailable("issue token", context.Cause(ctx))
		case draw%maxNumberDraws == 0:
			time.Sleep(time.Millisecond)
		}
	}
}

// mayIssueFor returns CodeForbidden when the client may not ask for tokens for the
// application.
func (c *Client) mayIssueFor(d *Destination) error {
	if d.Kind == KindApp && contains(c.IssuesFor, d.ID) {
		return nil
	}
	return &Error{Code: CodeForbidden, Reason: ReasonNotOffered, Expected: "an application that the client may ask for", Received: d.ID}
}

func contains(list []string, one string) bool {
	for _, s := range list {
		if s == one {
			return true
		}
	}
	return false
}

// number draws a number and makes the token.
func (s *Service) number(req *NumberedRequest, subject *Subject) (*Numbered, error) {
	now := later(s.store.Now().Truncate(time.Millisecond), subject.SignedOutBefore)
	part, err := rand.Int(rand.Reader, big.NewInt(numberedRandom))
	if err != nil {
		return nil, fmt.Errorf("draw number: %w", err)
	}
	n := &Numbered{
		Number:   strconv.FormatInt(now.UnixMilli(), 10) + part.String(),
		IssuedAt: now, ExpiresAt: now.Add(req.Destination.DefaultTTL),
	}
	if n.Token, err = req.Sign(n); err != nil {
		return nil, fmt.Errorf("sign token: %w", err)
	}
	key, _ := s.keys.generations[0].numberedKey(req.Client.Tenant, n.Number)
	n.Grant = Grant{
		Key: key, Tenant: req.Client.Tenant, Client: req.Client.ID, Destination: req.Destination.ID,
		Subject: req.Member, SubjectKind: SubjectMember, Target: req.Target, IssuedAt: n.IssuedAt, ExpiresAt: n.ExpiresAt,
	}
	return n, nil
}

// millisecondDigits is how many digits of a number tell when it was issued.
const millisecondDigits = 13

// parseNumber returns when a token with that number was issued; ok is false for
// what is no number.
func parseNumber(number string) (issuedAt time.Time, ok bool) {
	if len(number) <= millisecondDigits || len(number) > millisecondDigits+3 {
		return issuedAt, false
	}
	ms, err := strconv.ParseInt(number[:millisecondDigits], 10, 64)
	part, err2 := strconv.ParseUint(number[millisecondDigits:], 10, 16)
	ok = err == nil && err2 == nil && strconv.FormatInt(ms, 10)+strconv.FormatUint(part, 10) == number
	return time.UnixMilli(ms).UTC(), ok
}

// numberedKey returns the key of the grant with that number. It begins with when
// the longest validity would be over: so the number alone names it, and no two
// grants of the tenant can have one number, whatever applications they are for.
func (g *generation) numberedKey(tenant TenantID, number string) (k GrantKey, ok bool) {
	issuedAt, ok := parseNumber(number)
	if !ok {
		return k, false
	}
	binary.BigEndian.PutUint32(k[:tokenExpiryLen], expirySecond(issuedAt.Add(MaxNumberedTTL)))
	digest := g.digests.sum("numbered", string(tenant), number)
	copy(k[tokenExpiryLen:], digest[:])
	return k, true
}

// ReadRequest asks who a numbered token stands for, whose signature the dialect has
// found to be right.
type ReadRequest struct {
	// Client is the authenticated caller.
	Client *Client
	// Destination is the application that the token says it is for.
	Destination *Destination
	// Number is the token's.
	Number      string
	Caller      netip.Addr
	SupportCode string
}

// Read returns the grant of a numbered token within its validity, once, or until
// it expires where the application wants that. The only refusal is
// CodeTokenInvalid.
func (s *Service) Read(ctx context.Context, req *ReadRequest) (*Grant, error) {
	g, err := s.read(ctx, req)
	trace := Trace{SupportCode: req.SupportCode, Operation: OpResolve, Tenant: req.Client.Tenant, Client: req.Client.ID, Destination: req.Destination.ID}
	if g != nil {
		trace.Grant = g.Key.Reference()
	}
	s.Trace(&trace, err)
	if err != nil {
		return nil, err
	}
	return g, nil
}

// read returns the grant also when it is refused, for the trace.
func (s *Service) read(ctx context.Context, req *ReadRequest) (*Grant, error) {
	g, err := s.findNumbered(ctx, req.Client.Tenant, req.Number)
	if err != nil {
		return nil, err
	}
	refused := s.unreadable(ctx, req, g)
	if refused == nil && !req.Destination.Reusable {
		return g, s.consume(ctx, req, g)
	}
	event := req.event(EventResolved, g)
	if refused != nil {
		if refused.Code == CodeTokenInvalid {
			event.Type, event.Reason, event.Note = EventResolveRefused, refused.Reason, refused.compared()
			s.record(ctx, event)
		}
		return g, refused
	}
	if err := s.store.AppendEvent(ctx, event); err != nil {
		return g, fmt.Errorf("read token: %w", err)
	}
	return g, nil
}

func (req *ReadRequest) event(t EventType, g *Grant) *Event {
	return &Event{
		Type: t, Tenant: g.Tenant, Client: req.Client.ID, Destination: g.Destination,
		Grant: g.Key.Reference(), SupportCode: req.SupportCode, Caller: req.Caller.String(),
	}
}

func (s *Service) findNumbered(ctx context.Context, tenant TenantID, number string) (*Grant, error) {
	for _, gen := range s.keys.generations {
		key, ok := gen.numberedKey(tenant, number)
		if !ok {
			return nil, Refused(ReasonMalformed)
		}
		g, err := s.store.Grant(ctx, key)
		if err == nil {
			return &g, nil
		}
		if !errors.Is(err, ErrNotFound) {
			return nil, Unavailable("read grant", err)
		}
	}
	return nil, Refused(ReasonUnknown)
}

// unreadable returns why the token can't be read by the client, or nil.
func (s *Service) unreadable(ctx context.Context, req *ReadRequest, g *Grant) *Error {
	if g.Destination != req.Destination.ID || !contains(req.Client.Is, g.Destination) {
		refused := Refused(ReasonNotItself)
		refused.Expected, refused.Received = "a token for the application that the client is", "one for "+g.Destination
		return refused
	}
	mark, err := s.store.VoidedBefore(ctx, g.Tenant, g.Destination)
	if err != nil {
		return AsError(Unavailable("read token", err))
	}
	if g.IssuedAt.Before(mark) {
		refused := Refused(ReasonRevoked)
		refused.Expected, refused.Received = "issued at "+stamp(mark)+" or later, as everything before is revoked there", "issued at "+stamp(g.IssuedAt)
		return refused
	}
	return s.unresolvable(ctx, g)
}

// consume lets the store decide, in one conditional update, whether this is the
// first time that the token is read.
func (s *Service) consume(ctx context.Context, req *ReadRequest, g *Grant) error {
	out, err := s.store.RedeemGrant(ctx, &Redemption{
		Key: g.Key, From: g.Destination, NoSession: true, Session: BrowserSession{Destination: g.Destination},
		Record: func(o *RedeemOutcome) *Event {
			switch {
			case o.Won:
				return req.event(EventResolved, g)
			case !o.Known:
				return nil
			}
			e := req.event(EventResolveRefused, g)
			e.Reason = o.read()
			e.Note = o.Grant.refused(e.Reason, o.At, o.Epoch, "").compared()
			if !s.mayRecord(e) {
				return nil
			}
			return e
		},
	})
	switch {
	case err != nil:
		return fmt.Errorf("read token: %w", err)
	case out.Won:
		return nil
	}
	s.noteRecorded(g.Tenant, EventResolveRefused)
	reason := out.read()
	return out.Grant.refused(reason, out.At, out.Epoch, "")
}

// read returns why the token was not read by the call.
func (o *RedeemOutcome) read() Reason {
	if !o.Known {
		return ReasonUnknown
	}
	if reason := o.Grant.refusal(o.At, o.Epoch, []AddrKey{o.Grant.BoundAddr}); reason != "" {
		return reason
	}
	return ReasonUsed // readable, yet the update found it otherwise: never a second time
}

// VoidApp makes void every token that was issued for an application so far.
func (s *Service) VoidApp(ctx context.Context, tenant TenantID, app string, supportCode string) error {
	d, ok := s.Registry().DestinationByID(tenant, app)
	if !ok || d.Kind != KindApp {
		return &Error{Code: CodeNotFound, Argument: "application"}
	}
	err := s.store.VoidDestination(ctx, tenant, app, &Event{Type: EventDestinationVoided, Tenant: tenant, Destination: app, SupportCode: supportCode})
	if err != nil {
		return fmt.Errorf("void tokens: %w", err)
	}
	return nil
}

// VoidMember makes void every token that was issued to a member so far, at all
// applications. CodeSubjectUnknown when there is no such member.
func (s *Service) VoidMember(ctx context.Context, c *Client, member SubjectRef, caller netip.Addr, supportCode string) error {
	subject, err := s.subject(ctx, c.Tenant, SubjectMember, member)
	if err != nil {
		return err
	}
	err = s.people.SignOut(ctx, c.Tenant, SubjectMember, member, &Event{
		Type: EventSignedOutEverywhere, Tenant: c.Tenant, Client: c.ID, SupportCode: supportCode, Caller: caller.String(),
		Personal: SealPersonal(subject.PrivacyKey, Personal{Subject: member}),
	})
	if err != nil {
		return fmt.Errorf("void tokens: %w", err)
	}
	return nil
}
