package signon

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"sync/atomic"
	"time"
)

// EventType says what an audit event records.
type EventType string

// The types of events.
const (
	EventIssued         EventType = "grant.issued"
	EventIssueRefused   EventType = "grant.issue_refused"
	EventRedeemed       EventType = "grant.redeemed"
	EventReplayed       EventType = "grant.replayed" // the same browser came again and got the session it has
	EventRedeemRefused  EventType = "grant.redeem_refused"
	EventResolved       EventType = "grant.resolved"
	EventResolveRefused EventType = "grant.resolve_refused"
	EventRevoked        EventType = "grant.revoked"
	EventSessionEnded   EventType = "session.ended"
	// EventSignedOutEverywhere: everything issued to the person before is void.
	EventSignedOutEverywhere EventType = "session.ended_everywhere"
	EventClientRefused       EventType = "client.refused"
	EventTenantsApplied      EventType = "tenants.applied"
	EventEpoch               EventType = "epoch.raised" // all live grants and sessions are void
	// EventMoved: the store goes on in another engine.
	EventMoved               EventType = "store.moved"
	EventCustomerCreated     EventType = "customer.created"
	EventCustomerChanged     EventType = "customer.changed"
	EventOrderPlaced         EventType = "order.placed"
	EventSubscription        EventType = "subscription.created"
	EventSubscriptionChanged EventType = "subscription.changed"
	EventImported            EventType = "directory.imported"
	// EventDestinationVoided: everything issued for the destination before is void.
	EventDestinationVoided EventType = "destination.voided"
	EventKeyAdded          EventType = "key.added"
	EventMemberCreated     EventType = "member.created"
	EventMemberChanged     EventType = "member.changed"
	EventUserCreated       EventType = "user.created"
	EventUserChanged       EventType = "user.changed"
	EventUserDeleted       EventType = "user.deleted" // with it, everything issued to the person before is void
)

// Event is one entry of the audit log. It holds no secret; what it holds of a
// person is in Personal, sealed under that person's key.
type Event struct {
	Type        EventType
	At          time.Time // set when the event is appended
	Tenant      TenantID
	Client      string // id of the client concerned
	Destination string
	Grant       Reference
	Reason      Reason // why, for refusals
	SupportCode string // code of the request that caused it
	Caller      string // address of the API caller; never a browser's
	Note        string // what was concerned, for directory events: an order's number, a count
	Personal    []byte // see [SealPersonal]
	// Activity, unless zero, is the person among whose sign-on activity the event is
	// listed. That is kept beside the log, not in it, and goes with the person.
	Activity Person
}

// Personal is what an event holds of a person.
type Personal struct {
	Subject SubjectRef
	Addr    string // the browser's address; after addrBoundTo the one that it should have had
}

const addrBoundTo = ", bound to "

const eventVersion = 1

// encode returns the bytes that are stored and chained.
func (e *Event) encode(b []byte) []byte {
	b = append(b, eventVersion)
	b = binary.AppendVarint(b, e.At.UnixMilli())
	for _, s := range [...]string{
		string(e.Type), string(e.Tenant), e.Client, e.Destination, string(e.Grant),
		string(e.Reason), e.SupportCode, e.Caller, e.Note, string(e.Personal),
	} {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	return b
}

var errEvent = errors.New("not an audit event")

// DecodeEvent reads the bytes of a stored event.
func DecodeEvent(b []byte) (*Event, error) {
	if len(b) == 0 || b[0] != eventVersion {
		return nil, errEvent
	}
	ms, n := binary.Varint(b[1:])
	if n <= 0 {
		return nil, errEvent
	}
	b = b[1+n:]
	var f [10]string
	for i := range f {
		var ok bool
		if f[i], b, ok = cutPart(b); !ok {
			return nil, errEvent
		}
	}
	if len(b) != 0 {
		return nil, errEvent
	}
	e := &Event{
		At: time.UnixMilli(ms).UTC(), Type: EventType(f[0]), Tenant: TenantID(f[1]), Client: f[2], Destination: f[3], Grant: Reference(f[4]),
		Reason: Reason(f[5]), SupportCode: f[6], Caller: f[7], Note: f[8],
	}
	if f[9] != "" {
		e.Personal = []byte(f[9])
	}
	return e, nil
}

// cutPart cuts a part off the front that is preceded by its length.
func cutPart(b []byte) (part string, rest []byte, ok bool) {
	size, n := binary.Uvarint(b)
	if n <= 0 || size > uint64(len(b[n:])) {
		return "", nil, false
	}
	end := n + int(size) //nolint:gosec // not above len(b)
	return string(b[n:end]), b[end:], true
}

// ChainedEvent is an event as stored: Hash is over the hash of the event
// before it, Seq and Body.
type ChainedEvent struct {
	Seq  int64 // 1, 2, 3 …
	Body []byte
	Hash [digestLen]byte
}

// Event decodes the body.
func (c *ChainedEvent) Event() (*Event, error) { return DecodeEvent(c.Body) }

// Chain appends events to one writer's audit log. It is not safe for
// concurrent use: it belongs to the writer.
type Chain struct {
	mac  hash.Hash
	head ChainHead
	room [digestLen + 8]byte // of hash
}

// ChainHead is the end of a chain: the number and hash of the last event.
type ChainHead struct {
	Seq  int64
	Hash [digestLen]byte
}

// Chain returns a chain that continues after head; the zero head starts one.
func (k *Keyring) Chain(head ChainHead) *Chain {
	return &Chain{mac: hmac.New(sha256.New, k.generations[0].audit), head: head}
}

// Head returns the end of the chain; SetHead puts it back there when the
// transaction of the events after it was rolled back.
func (c *Chain) Head() ChainHead { return c.head }

// SetHead moves the end of the chain.
func (c *Chain) SetHead(h ChainHead) { c.head = h }

// Append stamps the event with at, gives it the next number and chains it. The
// body is appended to buf.
func (c *Chain) Append(e *Event, at time.Time, buf []byte) ChainedEvent {
	e.At = at
	next := ChainedEvent{Seq: c.head.Seq + 1, Body: e.encode(buf)}
	next.Hash = c.hash(next.Seq, next.Body)
	c.head = ChainHead{Seq: next.Seq, Hash: next.Hash}
	return next
}

// hash returns the hash of an event behind the head.
func (c *Chain) hash(seq int64, body []byte) [digestLen]byte {
	c.mac.Reset()
	copy(c.room[:], c.head.Hash[:])
	binary.BigEndian.PutUint64(c.room[digestLen:], uint64(seq)) //nolint:gosec // sequence numbers are positive
	_, _ = c.mac.Write(c.room[:])
	_, _ = c.mac.Write(body)
	return [digestLen]byte(c.mac.Sum(c.room[:0]))
}

// BrokenChain tells where an audit log was edited.
type BrokenChain struct {
	Seq  int64  // the first event that is wrong
	What string // what is wrong with it
}

// Error says which event is wrong, and how.
func (b *BrokenChain) Error() string { return fmt.Sprintf("audit event %d %s", b.Seq, b.What) }

// VerifyAudit walks the whole audit log, from where it starts, and returns the number
// of events, or a *BrokenChain that names the first bad one. The anchor is the latest
// end of the chain known from outside the log (zero: none); a log that stops before
// it, or has another event there, is broken. progress, unless nil, is called
// now and then with the number of the last event read.
func (k *Keyring) VerifyAudit(ctx context.Context, log AuditStore, anchor ChainHead, progress func(int64)) (int64, error) {
	const page = 1000
	head, err := auditStart(ctx, log)
	if err != nil {
		return 0, err
	}
	count := int64(0)
	for {
		events, err := log.Events(ctx, head.Seq, page)
		if err != nil {
			return count, fmt.Errorf("read audit log: %w", err)
		}
		if len(events) > 0 && events[0].Seq != head.Seq+1 { // the oldest may have been removed meanwhile
			start, err := auditStart(ctx, log)
			if err != nil {
				return count, err
			}
			if start.Seq > head.Seq {
				head = start
				continue
			}
		}
		for i := range events {
			if err := k.verifyNext(&head, &events[i], anchor); err != nil {
				return count, err
			}
			count++
		}
		if progress != nil {
			progress(head.Seq)
		}
		if len(events) < page {
			break
		}
	}
	if head.Seq < anchor.Seq {
		return count, &BrokenChain{head.Seq + 1, fmt.Sprintf("is missing: the log ends before event %d, which was written", anchor.Seq)}
	}
	return count, nil
}

// auditStart returns after which event the log starts.
func auditStart(ctx context.Context, log AuditStore) (ChainHead, error) {
	start, err := log.AuditStart(ctx)
	if errors.Is(err, ErrSealed) {
		return start, &BrokenChain{1, "may be missing: the note of which events were removed was changed"}
	}
	if err != nil {
		return start, fmt.Errorf("read start of audit log: %w", err)
	}
	return start, nil
}

// VerifyEvents checks that the events follow the one that head names.
func (k *Keyring) VerifyEvents(head ChainHead, events []ChainedEvent) error {
	for i := range events {
		if err := k.verifyNext(&head, &events[i], ChainHead{}); err != nil {
			return err
		}
	}
	return nil
}

func (k *Keyring) verifyNext(head *ChainHead, e *ChainedEvent, anchor ChainHead) error {
	if e.Seq != head.Seq+1 {
		return &BrokenChain{head.Seq + 1, "is missing"}
	}
	if !k.chained(head.Hash, e) {
		return &BrokenChain{e.Seq, "was changed, or the one before it"}
	}
	if _, err := e.Event(); err != nil {
		return &BrokenChain{e.Seq, "can't be read"}
	}
	if e.Seq == anchor.Seq && e.Hash != anchor.Hash {
		return &BrokenChain{e.Seq, "is not the one that was written: the log was replaced"}
	}
	*head = ChainHead{Seq: e.Seq, Hash: e.Hash}
	return nil
}

// chained reports whether the event's hash is right under any generation.
func (k *Keyring) chained(prev [digestLen]byte, e *ChainedEvent) bool {
	for _, g := range k.generations {
		c := Chain{mac: hmac.New(sha256.New, g.audit), head: ChainHead{Hash: prev}}
		if c.hash(e.Seq, e.Body) == e.Hash {
			return true
		}
	}
	return false
}

// SealPersonal seals what an event holds of a person under that person's key;
// nil when the key is zero, as for a person who was erased.
func SealPersonal(key PrivacyKey, p Personal) []byte {
	if key == (PrivacyKey{}) {
		return nil
	}
	plain := make([]byte, 0, 64)
	plain = binary.AppendUvarint(plain, uint64(len(p.Subject)))
	plain = append(append(plain, p.Subject...), p.Addr...)
	return seal(personalAEAD(key), plain, nil)
}

// OpenPersonal opens what SealPersonal returned, or returns ErrSealed.
func OpenPersonal(key PrivacyKey, sealed []byte) (Personal, error) {
	plain, err := open(personalAEAD(key), sealed, nil)
	if err != nil {
		return Personal{}, ErrSealed
	}
	subject, addr, ok := cutPart(plain)
	if !ok {
		return Personal{}, ErrSealed
	}
	return Personal{Subject: SubjectRef(subject), Addr: string(addr)}, nil
}

// personalCiphers remembers the ciphers of people who were there lately: making one
// costs several times what it costs to seal with it. A key has one place, where the
// latest is kept; it is random, so that its first bytes are enough to find that.
var personalCiphers [512]atomic.Pointer[personalCipher]

type personalCipher struct {
	key PrivacyKey
	cipher.AEAD
}

func personalAEAD(key PrivacyKey) cipher.AEAD {
	place := &personalCiphers[binary.LittleEndian.Uint16(key[:])%uint16(len(personalCiphers))]
	if known := place.Load(); known != nil && known.key == key {
		return known
	}
	made := &personalCipher{key, newPersonalAEAD(key)}
	place.Store(made)
	return made
}

func newPersonalAEAD(key PrivacyKey) cipher.AEAD {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err) // only for a wrong key length
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // only for a wrong block size
	}
	return aead
}
