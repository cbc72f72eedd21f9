package signon

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// BindingLen is the length of a binding value in bytes.
const BindingLen = 16

// Binding is the random value that a browser gets before it may redeem
// anything. It shows that a repeat comes from the same browser, and the session
// secret is derived from it. A Binding never prints.
type Binding [BindingLen]byte

// BindingDigest is the keyed digest of a Binding, as stored with a grant.
type BindingDigest [16]byte

// String returns a placeholder.
func (Binding) String() string { return redacted }

// Text returns the spelling used in a cookie.
func (b Binding) Text() string { return base64.RawURLEncoding.EncodeToString(b[:]) }

// ParseBinding reads the spelling of Binding.Text; ok is false for anything else.
func ParseBinding(text string) (b Binding, ok bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) != BindingLen {
		return b, false
	}
	return Binding(raw), true
}

// BrowserSession is a subject's session in one browser after redemption. Its
// key is the grant's: a grant can have one session, ever.
type BrowserSession struct {
	Key         GrantKey
	Tenant      TenantID
	Destination string
	Client      string // id of the client that asked for the grant
	Subject     SubjectRef
	SubjectKind SubjectKind
	Target      string // the grant's target
	Language    string
	Secret      SecretDigest
	IssuedAt    time.Time // when the grant was issued
	StartedAt   time.Time
	ExpiresAt   time.Time
	EndedAt     time.Time // zero while it lives; signed out or revoked
	Epoch       int64
}

// person returns whose session it is.
func (s *BrowserSession) person() Person { return Person{s.SubjectKind, s.Subject} }

// activity returns the person among whose activity the session's end is listed, if
// it is.
func (s *BrowserSession) activity() Person { return s.person().listed() }

// live reports whether the session can be used at now.
func (s *BrowserSession) live(now time.Time, epoch int64) bool {
	return s.EndedAt.IsZero() && now.Before(s.ExpiresAt) && s.Epoch == epoch
}

// SecretDigest is the digest of a session's secret, as stored.
type SecretDigest [32]byte

// SessionSecretLen is the length of a session's secret in bytes.
const SessionSecretLen = 32

// SessionToken is what the browser keeps: which session, and the secret that
// proves it. A SessionToken never prints.
type SessionToken struct {
	Key    GrantKey
	secret [SessionSecretLen]byte
}

// Reveal returns the spelling used in a cookie.
func (t SessionToken) Reveal() string {
	var raw [GrantKeyLen + SessionSecretLen]byte
	copy(raw[copy(raw[:], t.Key[:]):], t.secret[:])
	var text [(len(raw)*8 + 5) / 6]byte
	base64.RawURLEncoding.Encode(text[:], raw[:])
	return string(text[:])
}

// ParseSessionToken reads the spelling of SessionToken.Reveal; ok is false for
// anything else.
func ParseSessionToken(text string) (t SessionToken, ok bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) != GrantKeyLen+SessionSecretLen {
		return t, false
	}
	copy(t.Key[:], raw)
	copy(t.secret[:], raw[GrantKeyLen:])
	return t, true
}

// String returns a placeholder.
func (SessionToken) String() string { return redacted }

// GoString returns a placeholder.
func (SessionToken) GoString() string { return redacted }

// Format writes a placeholder whatever the verb.
func (SessionToken) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// LogValue returns a placeholder.
func (SessionToken) LogValue() slog.Value { return slog.StringValue(redacted) }

// proves reports whether the token's secret is the session's, in constant time.
func (t SessionToken) proves(s *BrowserSession) bool {
	digest := t.digest()
	return subtle.ConstantTimeCompare(digest[:], s.Secret[:]) == 1
}

// HeldSession is what a browser holds of a session.
type HeldSession struct {
	Token SessionToken
	// Seen is the text of its seen mark as it came (see [LiveSession.Seen]), or empty.
	Seen string
}

// SessionRequest is a browser that shows a session.
type SessionRequest struct {
	// Destination is where the browser stands, of Tenant.
	Tenant      TenantID
	Destination *Destination
	HeldSession
	// SupportCode is the code of the request.
	SupportCode string
}

// LiveSession is a session that can be used, and is being used now.
type LiveSession struct {
	BrowserSession
	// Seen is the seen mark that tells of this use: the browser keeps it in place of
	// the one before, and shows it next time. Empty where sessions don't go idle.
	Seen string
	// IdleAt is when the session is over unless it is used before; zero where
	// sessions don't go idle.
	IdleAt time.Time
}

// EndsAt returns when the session is over unless it is used before.
func (l *LiveSession) EndsAt() time.Time {
	if !l.IdleAt.IsZero() && l.IdleAt.Before(l.ExpiresAt) {
		return l.IdleAt
	}
	return l.ExpiresAt
}

// Session returns the live session that a browser shows at a destination of the
// tenant. Nothing is written. Errors: CodeSessionInvalid, with the reason
// ReasonUnknown, ReasonSessionEnded (signed out, revoked, or past its lifetime),
// ReasonIdle, ReasonRevoked (the person signed out everywhere) or ReasonSubject;
// CodeUnavailable.
func (s *Service) Session(ctx context.Context, req *SessionRequest) (*LiveSession, error) {
	live, err := s.session(ctx, req)
	if err != nil {
		trace := Trace{SupportCode: req.SupportCode, Operation: OpSession, Tenant: req.Tenant, Destination: req.Destination.ID}
		if AsError(err).Reason != ReasonUnknown {
			trace.Grant = req.Token.Key.Reference()
		}
		s.Trace(&trace, err)
		return nil, err
	}
	return live, nil
}

func (s *Service) session(ctx context.Context, req *SessionRequest) (*LiveSession, error) {
	session, err := s.proved(ctx, req.Tenant, req.Destination, req.Token)
	if err != nil {
		return nil, err
	}
	if err := s.over(ctx, session, req.Seen, req.Destination.IdleTTL); err != nil {
		return nil, err
	}
	live := &LiveSession{BrowserSession: *session}
	if req.Destination.IdleTTL > 0 {
		now := s.store.Now()
		live.Seen, live.IdleAt = s.keys.seenMark(session.Key, now), now.Add(req.Destination.IdleTTL)
	}
	return live, nil
}

// proved returns the session that the token proves at the destination, whether
// or not it is over.
func (s *Service) proved(ctx context.Context, tenant TenantID, dest *Destination, token SessionToken) (*BrowserSession, error) {
	session, err := s.store.Session(ctx, token.Key)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, sessionOver(ReasonUnknown, "", "")
	case err != nil:
		return nil, Unavailable("read session", err)
	case !token.proves(&session) || session.Tenant != tenant || session.Destination != dest.ID:
		return nil, sessionOver(ReasonUnknown, "", "")
	}
	return &session, nil
}

// over returns why the session can't be used any more by a browser that shows
// that seen mark, at a destination whose sessions go idle after that time (0:
// never); or nil.
func (s *Service) over(ctx context.Context, b *BrowserSession, seen string, idle time.Duration) error {
	now, epoch := s.store.Now(), s.store.Epoch()
	if !b.live(now, epoch) {
		return b.ended(now, epoch)
	}
	if last := s.lastSeen(b, seen, now); idleSince(last, now, idle) {
		return sessionOver(ReasonIdle, "used within "+idle.String(), "last used at "+stamp(last)+", now "+stamp(now))
	}
	subject, err := s.people.Subject(ctx, b.Tenant, b.SubjectKind, b.Subject)
	switch {
	case errors.Is(err, ErrNotFound):
		return s.certain(ctx, sessionOver(ReasonSubject, "a person who exists", "one who was removed"))
	case err != nil:
		return fmt.Errorf("read session: %w", err)
	case subject.voided(b.IssuedAt):
		return s.certain(ctx, sessionOver(ReasonRevoked, issuedAfter(&subject), "issued at "+stamp(b.IssuedAt)))
	}
	return nil
}

// certain returns the refusal once what it rests on is certain to stay: that somebody
// signed out everywhere or was removed, or that an application's tokens were revoked.
// Until then it returns CodeUnavailable.
func (s *Service) certain(ctx context.Context, refused *Error) *Error {
	switch refused.Reason {
	case ReasonRevoked, ReasonSubject, ReasonNotMember:
		if err := s.store.Confirm(ctx); err != nil {
			return Unavailable("confirm a refusal", err)
		}
	}
	return refused
}

// ended returns how a session that does not live came to its end.
func (s *BrowserSession) ended(now time.Time, epoch int64) *Error {
	switch {
	case !s.EndedAt.IsZero():
		return sessionOver(ReasonSessionEnded, "a session that lives", "ended at "+stamp(s.EndedAt))
	case s.Epoch != epoch:
		return sessionOver(ReasonSessionEnded, "a session of the store's present history", "one of before the store was restored")
	}
	return sessionOver(ReasonSessionEnded, "used before "+stamp(s.ExpiresAt), stamp(now))
}

func sessionOver(reason Reason, expected, received string) *Error {
	return &Error{Code: CodeSessionInvalid, Reason: reason, Expected: expected, Received: received}
}

// issuedAfter says what a person expects who has signed out everywhere.
func issuedAfter(s *Subject) string {
	return "issued at " + stamp(s.SignedOutBefore) + " or later, as the person signed out everywhere then"
}
