package signon

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"
)

// ReadRequest asks who a numbered token stands for, whose signature the dialect has
// found to be right.
type ReadRequest struct {
	// Client is the authenticated caller.
	Client *Client
	// Destination is the application that the token says it is for.
	Destination *Destination
	// Number is the token's.
	Number string
	// Member is whom the token names, empty when it names nobody: another than it was
	// issued to is refused, whoever signed that.
	Member      SubjectRef
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
	if refused := s.unreadable(ctx, req, g); refused != nil {
		refused = s.certain(ctx, refused)
		if refused.Code == CodeTokenInvalid {
			s.record(ctx, req.refused(g, refused))
		}
		return g, refused
	}
	if !req.Destination.Reusable {
		return g, s.consume(ctx, req, g)
	}
	if err := s.store.AppendEvent(ctx, req.event(EventResolved, g)); err != nil {
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

func (req *ReadRequest) refused(g *Grant, refused *Error) *Event {
	e := req.event(EventResolveRefused, g)
	e.Reason, e.Note = refused.Reason, refused.compared()
	return e
}

// findNumbered returns the grant with that number, of whatever application. It may
// have been made under the previous root key.
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
	if req.Member != "" && req.Member != g.Subject {
		refused := Refused(ReasonSubject)
		refused.Expected, refused.Received = "the member to whom it was issued", "another one"
		return refused
	}
	subject, err := s.subject(ctx, g.Tenant, g.SubjectKind, g.Subject)
	switch e := AsError(err); {
	case e == nil:
	case e.Code == CodeSubjectUnknown:
		return Refused(ReasonSubject)
	default:
		return AsError(fmt.Errorf("read token: %w", err))
	}
	if refused := subject.unlinked(CodeTokenInvalid, g.Destination); refused != nil {
		return refused
	}
	if subject.voided(g.IssuedAt) {
		return g.voided(&subject)
	}
	mark, err := s.store.VoidedBefore(ctx, g.Tenant, g.Destination)
	if err != nil {
		return AsError(Unavailable("read token", err))
	}
	if g.IssuedAt.Before(mark) {
		return g.voidedAt(mark)
	}
	now, epoch := s.store.Now(), s.store.Epoch()
	if reason := g.refusal(now, epoch, []AddrKey{g.BoundAddr}); reason != "" {
		return g.unread(reason, now, epoch)
	}
	return nil
}

// unlinked returns the refusal of a member who is not linked to the application, or
// nil.
func (s *Subject) unlinked(code Code, app string) *Error {
	if contains(s.Apps, app) {
		return nil
	}
	return &Error{Code: code, Reason: ReasonNotMember, Expected: "a member linked to " + app, Received: "one who is not"}
}

// voidedAt returns the refusal of a grant whose destination was voided at the mark.
func (g *Grant) voidedAt(mark time.Time) *Error {
	e := Refused(ReasonRevoked)
	e.Expected, e.Received = "issued at "+stamp(mark)+" or later, as everything before is revoked there", "issued at "+stamp(g.IssuedAt)
	return e
}

// unread returns the refusal of a grant that can't be read, with what was compared.
func (g *Grant) unread(reason Reason, now time.Time, epoch int64) *Error {
	e := g.refused(reason, now, epoch, "")
	if reason == ReasonUsed {
		e.Expected, e.Received = "not read before", "read at "+stamp(g.RedeemedAt)
	}
	return e
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
			e := req.refused(g, o.unread())
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
		s.live.remove(g.Tenant, g.person(), g.ExpiresAt)
		return nil
	}
	s.noteRecorded(g.Tenant, EventResolveRefused)
	return out.unread()
}

// unread returns why the token was not read by the call.
func (o *RedeemOutcome) unread() *Error {
	if !o.Known {
		return Refused(ReasonUnknown)
	}
	reason := o.Grant.refusal(o.At, o.Epoch, []AddrKey{o.Grant.BoundAddr})
	if reason == "" {
		reason = ReasonUsed // readable, yet the update found it otherwise: never a second time
	}
	return o.Grant.unread(reason, o.At, o.Epoch)
}
