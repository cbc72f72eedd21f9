package signon

import (
	"context"
	"crypto/hmac"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"time"
)

// Ask is a question to the person who followed a link, before anything is
// spent.
type Ask struct {
	// Policy is the link's: PolicyConfirm wants a button pressed, PolicyAuto a page
	// that posts itself, PolicyDirect asks only because of Current.
	Policy Policy
	// Kind and Subject are who would be signed in.
	Kind    SubjectKind
	Subject SubjectRef
	// Current, unless nil, is the session of another person who is signed in in
	// this browser: the person has to be asked whether to switch.
	Current *BrowserSession
	// Language is the link's, or empty.
	Language string
	// Ticket is to be sent back when the person says yes (see
	// [RedeemRequest.Confirmed]). It is good for AskTTL, in this browser, for this
	// link, and lets the link be used although it expires meanwhile.
	Ticket string
}

// AskTTL is how long a person may take to answer.
const AskTTL = 60 * time.Second

// ask returns the question to put before the grant is spent, or a repeat
// replaces another person's session; or nil when there is none or it was
// answered. A grant that can't be redeemed anyway is left to the store to refuse.
func (r *redemption) ask(ctx context.Context) (*Ask, error) {
	s, g := r.service, r.grant
	now := s.store.Now()
	if served, ok := r.answered(now); ok {
		r.served = served
		return nil, nil
	}
	reason := g.refusal(now, s.store.Epoch(), r.addrKeys())
	repeat := reason == ReasonUsed && g.Binding == r.gen.bindingDigest(r.req.Binding)
	if reason != "" && !repeat {
		return nil, nil
	}
	current, err := r.other(ctx)
	if err != nil {
		return nil, err
	}
	if repeat && current != nil {
		if own, err := s.store.Session(ctx, g.Key); err != nil || !own.live(now, s.store.Epoch()) || r.idle(&own, now) {
			return nil, nil //nolint:nilerr // nothing to come back to: the store refuses it
		}
	}
	policy := r.req.Destination.policy(g)
	if current == nil && (repeat || policy == PolicyDirect) {
		return nil, nil
	}
	return &Ask{Policy: policy, Kind: g.SubjectKind, Subject: g.Subject, Current: current, Language: g.Language, Ticket: r.ticket(now)}, nil
}

// askAgain is ask once it is known what others have done to the grant meanwhile:
// nobody is asked about a link that is no good any more.
func (r *redemption) askAgain(ctx context.Context) (*Ask, error) {
	g, err := r.service.store.Grant(ctx, r.grant.Key)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, Refused(ReasonUnknown)
	case err != nil:
		return nil, Unavailable("read grant", err)
	}
	r.grant = &g
	return r.ask(ctx)
}

// other returns the live session of another person in this browser, or nil.
func (r *redemption) other(ctx context.Context) (*BrowserSession, error) {
	all := r.req.Elsewhere
	if r.req.Session != nil {
		all = append([]HeldSession{*r.req.Session}, all...)
	}
	for _, held := range all {
		session, err := r.service.held(ctx, held)
		if err != nil {
			return nil, err
		}
		if session == nil {
			continue
		}
		same := session.Tenant == r.grant.Tenant && session.SubjectKind == r.grant.SubjectKind && session.Subject == r.grant.Subject
		if !same {
			return session, nil
		}
	}
	return nil, nil
}

// held returns the live session that a browser holds, at whatever destination, or
// nil when it is none.
func (s *Service) held(ctx context.Context, held HeldSession) (*BrowserSession, error) {
	session, err := s.store.Session(ctx, held.Token.Key)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, Unavailable("read session", err)
	case !held.Token.proves(&session):
		return nil, nil
	}
	err = s.over(ctx, &session, held.Seen, s.idleTTL(&session))
	if e := AsError(err); e != nil && e.Code == CodeSessionInvalid {
		return nil, nil
	}
	return &session, err
}

// ticket returns the proof that this browser was asked about this link now.
func (r *redemption) ticket(now time.Time) string {
	ms := binary.BigEndian.AppendUint64(nil, uint64(now.UnixMilli()))
	mac := r.ticketMAC(ms)
	return base64.RawURLEncoding.EncodeToString(append(ms, mac[:]...))
}

func (r *redemption) ticketMAC(ms []byte) [digestLen]byte {
	return r.gen.digests.sum("ticket", string(r.grant.Key[:]), string(r.req.Binding[:]), string(ms))
}

// answered returns when the person was asked, if the request brings a ticket
// that is good.
func (r *redemption) answered(now time.Time) (served time.Time, ok bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(r.req.Confirmed)
	if err != nil || len(raw) != 8+digestLen {
		return time.Time{}, false
	}
	mac := r.ticketMAC(raw[:8])
	served = time.UnixMilli(int64(binary.BigEndian.Uint64(raw))) //nolint:gosec // written from one
	age := now.Sub(served)
	return served, hmac.Equal(mac[:], raw[8:]) && age >= 0 && age <= AskTTL
}

// judgedAt is the instant by which expiry is judged: when the person was asked,
// if that was before now.
func judgedAt(now, served time.Time) time.Time {
	if !served.IsZero() && served.Before(now) {
		return served
	}
	return now
}
