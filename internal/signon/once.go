package signon

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"
)

// Reply is the answer to a call that must not be done twice, as it is kept.
type Reply struct {
	Key ReplyKey
	// Call is the digest of what was asked for.
	Call [digestLen]byte
	// Sealed is the answer, sealed for this key.
	Sealed []byte
	// OutdatedAt is when it is forgotten.
	OutdatedAt time.Time
}

// ReplyKey is the keyed digest of a client and of the key that it chose.
type ReplyKey [digestLen]byte

// ReplyTTL is how long a reply is kept.
const ReplyTTL = 24 * time.Hour

// MaxOnceKey is how many characters a client's key for a call may have.
const MaxOnceKey = 64

// ErrAnswered is what stores return when there is a reply with that key already.
var ErrAnswered = errors.New("answered already")

// OnceRequest is a call that a client wants done once, however often it asks.
type OnceRequest struct {
	Client *Client
	// Key is what the client calls this call: 1 to MaxOnceKey characters.
	Key string
	// Call is all that was asked for, in parts.
	Call []string
	// Until is when the call will surely have been given up.
	Until time.Time
}

// Once does the call, unless it was done before: then the answer is the one of
// that time, and repeated is true. do is given how to make the reply of an answer,
// which it must have stored in the transaction of what it does; when it returns an
// error, nothing was done, or a repeat finds out. Errors, besides those of do:
// CodeInvalid with ArgOnce when the key has no form or was used for another call,
// CodeConflict with ArgOnce while the call is being done, CodeUnavailable.
func (s *Service) Once(ctx context.Context, req *OnceRequest, do func(reply func(answer []byte) *Reply) ([]byte, error)) (answer []byte, repeated bool, err error) {
	if rule := onceKeyFault(req.Key); rule != "" {
		return nil, false, Invalid(ArgOnce, rule)
	}
	o := s.once(req)
	kept, err := s.store.ClaimReply(ctx, o.key, req.Until)
	switch {
	case err == nil:
		answer, err = o.open(s.keys, kept)
		return answer, true, err
	case errors.Is(err, ErrConflict):
		return nil, false, &Error{Code: CodeConflict, Argument: ArgOnce, Rule: "belongs to a call that is being worked on", RetryAfter: time.Second}
	case !errors.Is(err, ErrNotFound):
		return nil, false, fmt.Errorf("claim reply: %w", err)
	}
	answer, err = do(func(answer []byte) *Reply { return o.reply(s, answer) })
	switch {
	case errors.Is(err, ErrAnswered): // by somebody whose lease had run out
		kept, err = s.store.ClaimReply(ctx, o.key, req.Until)
		if err != nil {
			return nil, false, Unavailable("read reply", err)
		}
		answer, err = o.open(s.keys, kept)
		return answer, true, err
	case err != nil && AsError(err).Code == CodeUnavailable:
		return nil, false, err // it may still be done: the lease stands for as long as that can take
	}
	if released := s.store.ReleaseReply(context.WithoutCancel(ctx), o.key); released != nil {
		s.log.Warn("the lease of a call was not given back", "error", released)
	}
	return answer, false, err
}

// once is a call that is to be done once.
type once struct {
	key  ReplyKey
	call [digestLen]byte
}

func (s *Service) once(req *OnceRequest) *once {
	h := sha256.New()
	for _, part := range req.Call {
		_, _ = fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	// The newest generation alone: a new root key forgets the replies of a day.
	o := &once{key: s.keys.generations[0].digests.sum("reply", req.Client.Realm, req.Client.ID, req.Key)}
	h.Sum(o.call[:0])
	return o
}

func (o *once) place() Place { return Place{Table: "replies", Column: "sealed", Row: string(o.key[:])} }

func (o *once) reply(s *Service, answer []byte) *Reply {
	return &Reply{
		Key: o.key, Call: o.call, Sealed: s.keys.Seal(answer, o.place()),
		OutdatedAt: s.store.Now().Truncate(time.Millisecond).Add(ReplyTTL),
	}
}

// open returns the answer that is kept, if it is that of the same call.
func (o *once) open(keys *Keyring, kept *Reply) ([]byte, error) {
	if kept.Call != o.call {
		return nil, Invalid(ArgOnce, "was used for another call before")
	}
	answer, err := keys.Open(kept.Sealed, o.place())
	if err != nil {
		return nil, fmt.Errorf("open reply: %w", err)
	}
	return answer, nil
}

// onceKeyFault returns what is wrong with a client's key, or nothing.
func onceKeyFault(key string) string {
	if key == "" || len(key) > MaxOnceKey {
		return fmt.Sprintf("must have 1 to %d characters", MaxOnceKey)
	}
	for i := range len(key) {
		if key[i] < '!' || key[i] > '~' {
			return "must be printable ASCII without blanks"
		}
	}
	return ""
}
