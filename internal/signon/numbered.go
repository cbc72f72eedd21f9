package signon

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"net/netip"
	"slices"
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
// the client may not ask for tokens for that application, or the member is not
// linked to it, CodeSubjectUnknown, CodeLimit, CodeUnavailable.
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
	if refused := subject.unlinked(CodeForbidden, req.Destination.ID); refused != nil {
		return nil, refused
	}
	mark, err := s.store.VoidedBefore(ctx, req.Client.Tenant, req.Destination.ID)
	if err != nil {
		return nil, fmt.Errorf("issue token: %w", err)
	}
	notBefore := later(mark, subject.SignedOutBefore)
	for draw := 1; ; draw++ {
		n, err := s.number(req, notBefore)
		if err != nil {
			return nil, err
		}
		err = s.createNumbered(ctx, req, n, subject.PrivacyKey)
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

// createNumbered stores the grant within the tenant's limit. That of links for one
// person does not bound it: a back end asks whenever its member goes somewhere.
func (s *Service) createNumbered(ctx context.Context, req *NumberedRequest, n *Numbered, privacy PrivacyKey) error {
	g := &n.Grant
	tenant, ok := s.Registry().Tenant(g.Tenant)
	if !ok {
		return fmt.Errorf("tenant %q is not declared", g.Tenant)
	}
	limits := TenantLimits{LiveGrants: tenant.Limits.LiveGrants}
	if wait := s.live.add(g.Tenant, limits, g.person(), g.ExpiresAt, s.store.Now()); wait > 0 {
		return &Error{
			Code: CodeLimit, Reason: ReasonLimit, RetryAfter: wait, Received: "one more",
			Expected: fmt.Sprintf("at most %d live links and tokens of the tenant", limits.LiveGrants),
		}
	}
	err := s.store.CreateGrant(ctx, g, &Event{
		Type: EventIssued, Tenant: g.Tenant, Client: g.Client, Destination: g.Destination, Grant: g.Key.Reference(),
		SupportCode: req.SupportCode, Caller: req.Caller.String(), Personal: SealPersonal(privacy, Personal{Subject: g.Subject}),
	}, nil)
	if err != nil {
		s.notStored(g, err)
	}
	return err
}

// mayIssueFor returns CodeForbidden when the client may not ask for tokens for the
// application.
func (c *Client) mayIssueFor(d *Destination) error {
	if d.Kind == KindApp && contains(c.IssuesFor, d.ID) {
		return nil
	}
	return &Error{Code: CodeForbidden, Reason: ReasonNotOffered, Expected: "an application that the client may ask for", Received: d.ID}
}

func contains(list []string, one string) bool { return slices.Contains(list, one) }

// number draws a number and makes the token. What was issued before notBefore is
// void, so the token is issued then, if that is still to come.
func (s *Service) number(req *NumberedRequest, notBefore time.Time) (*Numbered, error) {
	now := later(s.store.Now().Truncate(time.Millisecond), notBefore)
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
	ok = err == nil && err2 == nil && ms > 0 && strconv.FormatInt(ms, 10)+strconv.FormatUint(part, 10) == number
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
	k.expireAt(issuedAt.Add(MaxNumberedTTL))
	digest := g.digests.sum("numbered", string(tenant), number)
	copy(k[keyTimeLen:], digest[:])
	return k, true
}
