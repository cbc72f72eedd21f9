package signon

import (
	"context"
	"fmt"
	"net/netip"
)

// ResolveRequest asks who a token stands for.
type ResolveRequest struct {
	// Client is the authenticated caller; only tokens of its tenant resolve.
	Client *Client
	// Destination is where the token is for; tokens for others are unknown.
	Destination *Destination
	// Token is the text of the token as it came.
	Token string
	// Caller is the address of the caller, and SupportCode the code of its request.
	Caller      netip.Addr
	SupportCode string
}

// Resolve returns the grant of a token within its validity, before and after
// its redemption, without spending anything. Its only refusal is
// CodeTokenInvalid.
func (s *Service) Resolve(ctx context.Context, req *ResolveRequest) (*Grant, error) {
	g, err := s.resolve(ctx, req)
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

// resolve returns the grant also when it is refused, for the trace.
func (s *Service) resolve(ctx context.Context, req *ResolveRequest) (*Grant, error) {
	g, _, err := s.find(ctx, s.store.Grant, presented{req.Client.Tenant, req.Destination, req.Token})
	if err != nil {
		return nil, err
	}
	event := &Event{
		Type: EventResolved, Tenant: g.Tenant, Client: req.Client.ID, Destination: g.Destination,
		Grant: g.Key.Reference(), SupportCode: req.SupportCode, Caller: req.Caller.String(),
	}
	if refused := s.unresolvable(ctx, g); refused != nil {
		refused = s.certain(ctx, refused)
		if refused.Code == CodeTokenInvalid {
			event.Type, event.Reason, event.Note = EventResolveRefused, refused.Reason, refused.compared()
			s.record(ctx, event)
		}
		return g, refused
	}
	if err := s.store.AppendEvent(ctx, event); err != nil {
		return g, fmt.Errorf("resolve token: %w", err)
	}
	return g, nil
}

// unresolvable returns why the grant's token does not resolve, or nil.
func (s *Service) unresolvable(ctx context.Context, g *Grant) *Error {
	subject, err := s.subject(ctx, g.Tenant, g.SubjectKind, g.Subject)
	switch e := AsError(err); {
	case e == nil:
	case e.Code == CodeSubjectUnknown:
		return Refused(ReasonSubject)
	default:
		return AsError(fmt.Errorf("resolve token: %w", err))
	}
	if subject.voided(g.IssuedAt) {
		return g.voided(&subject)
	}
	// A back end resolves: the address that the browser is bound to is not its own.
	now, epoch := s.store.Now(), s.store.Epoch()
	if reason := g.refusal(now, epoch, []AddrKey{g.BoundAddr}); reason != "" && reason != ReasonUsed {
		return g.refused(reason, now, epoch, "")
	}
	return nil
}
