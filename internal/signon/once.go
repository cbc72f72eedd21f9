package signon

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Reply is the answer to a call that must not be done twice, as it is kept.
type Reply struct {
	Key ReplyKey
	// Call is the keyed digest of what was asked for.
	Call [digestLen]byte
	// Sealed is the answer, sealed for this key; empty when About has been deleted
	// since: then the call was answered, and nobody knows any more how.
	Sealed []byte
	// Tenant and About are whom the answer is about, or zero. The core fills them in
	// for a link, the directory for its people.
	Tenant TenantID
	About  Person
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

// maxLease is the longest time that a call can keep others with its key away.
const maxLease = time.Minute

// OnceRequest is a call that a client wants done once, however often it asks.
type OnceRequest struct {
	Client *Client
	// Key is what the client calls this call: 1 to MaxOnceKey characters.
	Key string
	// Call is all that was asked for, in parts.
	Call []string
	// Until is when the call will surely have been given up, by the service's clock
	// (see [Service.Now]); at most a minute away counts.
	Until time.Time
}

// Once does the call, unless it was done before: then the answer is the one of
// that time, and repeated is true. do is given how to make the reply of an answer,
// which it must have stored in the transaction of what it does; when it returns an
// error, nothing was done, or a repeat finds out. Errors, besides those of do:
// CodeInvalid with ArgOnce when the key has no form or was used for another call,
// CodeNotFound when the person whom the answer is about was deleted since,
// CodeConflict with ArgOnce while the call is being done, CodeUnavailable.
func (s *Service) Once(ctx context.Context, req *OnceRequest, do func(reply func(answer []byte) *Reply) ([]byte, error)) (answer []byte, repeated bool, err error) {
	if rule := onceKeyFault(req.Key); rule != "" {
		return nil, false, Invalid(ArgOnce, rule)
	}
	o := s.once(req)
	answer, err = o.first(ctx)
	if !errors.Is(err, ErrNotFound) {
		return answer, err == nil, err
	}
	answer, err = do(o.reply)
	if errors.Is(err, ErrAnswered) { // by somebody whose lease had run out
		answer, err = o.first(ctx)
		repeated = err == nil
	}
	if err != nil && AsError(err).Code == CodeUnavailable {
		return nil, false, err // it may still be done: the lease stands for as long as that can take
	}
	o.release(ctx)
	return answer, repeated, err
}

// once is a call that is to be done once.
type once struct {
	service *Service
	key     ReplyKey
	call    [digestLen]byte
	until   time.Time // of the lease
}

// once names the call by keyed digests: what was asked for may be personal, and
// short enough to be guessed. They are of the newest root key alone, so a new one
// forgets the replies of a day.
func (s *Service) once(req *OnceRequest) *once {
	digests := s.keys.generations[0].digests
	latest := s.store.Now().Add(maxLease)
	if req.Until.Before(latest) {
		latest = req.Until
	}
	return &once{
		service: s, until: latest.Truncate(time.Millisecond),
		key:  digests.sum("reply", req.Client.Realm, req.Client.ID, req.Key),
		call: digests.sum(append([]string{"call"}, req.Call...)...),
	}
}

// first returns the answer that the call got when it was done, or ErrNotFound with
// the lease.
func (o *once) first(ctx context.Context) ([]byte, error) {
	kept, err := o.service.store.ClaimReply(ctx, o.key, o.until)
	switch {
	case err == nil:
		return o.open(kept)
	case errors.Is(err, ErrConflict):
		return nil, &Error{Code: CodeConflict, Argument: ArgOnce, Rule: "belongs to a call that is being worked on", RetryAfter: time.Second}
	}
	return nil, fmt.Errorf("claim reply: %w", err)
}

// open returns the answer that is kept, if it is that of the same call.
func (o *once) open(kept *Reply) ([]byte, error) {
	if kept.Call != o.call {
		return nil, Invalid(ArgOnce, "was used for another call before")
	}
	if len(kept.Sealed) == 0 {
		return nil, &Error{Code: CodeNotFound, Reason: ReasonReference, Expected: "an answer that is kept", Received: "one about somebody who was deleted since"}
	}
	answer, err := o.service.keys.Open(kept.Sealed, o.place())
	if err != nil {
		return nil, fmt.Errorf("open reply: %w", err)
	}
	return answer, nil
}

// reply returns the answer as it is kept.
func (o *once) reply(answer []byte) *Reply {
	return &Reply{
		Key: o.key, Call: o.call, Sealed: o.service.keys.Seal(answer, o.place()),
		OutdatedAt: o.service.store.Now().Truncate(time.Millisecond).Add(ReplyTTL),
	}
}

func (o *once) place() Place { return Place{Table: "replies", Column: "sealed", Row: string(o.key[:])} }

// release gives the lease back, also when the caller has gone.
func (o *once) release(ctx context.Context) {
	if err := o.service.store.ReleaseReply(context.WithoutCancel(ctx), o.key, o.until); err != nil {
		o.service.log.Warn("the lease of a call was not given back", "error", err)
	}
}

// IsOnceKey reports whether a client may choose that key for a call.
func IsOnceKey(key string) bool { return onceKeyFault(key) == "" }

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
