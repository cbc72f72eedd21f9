package signon

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strconv"
	"time"
)

// GrantKeyLen is the length of a grant's key in bytes.
const GrantKeyLen = 36

const (
	digestLen  = 32
	keyTimeLen = tokenExpiryLen + 2
)

// GrantKey is the key under which a grant is kept: 4 bytes of the token's expiry
// second and 2 of the millisecond in it, followed by 30 of a keyed digest of
// tenant, destination and token. It can't be turned back into the token, and it
// sorts grants by expiry, to the millisecond: those that are issued one after the
// other lie side by side.
type GrantKey [GrantKeyLen]byte

// expireAt writes the instant of expiry into the key.
func (k *GrantKey) expireAt(t time.Time) {
	binary.BigEndian.PutUint32(k[:], expirySecond(t))
	binary.BigEndian.PutUint16(k[tokenExpiryLen:], expiryMoment(t))
}

// referenceLen is how many bytes of the key make the public reference.
const referenceLen = 12

// Reference is the public, non-secret name of a grant: the start of its key in
// hexadecimal, 24 digits.
type Reference string

// Reference returns the grant's public name.
func (k GrantKey) Reference() Reference {
	var text [2 * referenceLen]byte
	return Reference(text[:hex.Encode(text[:], k[:referenceLen])])
}

// ExpirySecond returns the instant that the key's first bytes stand for: the
// grant is surely expired then.
func (k GrantKey) ExpirySecond() time.Time {
	return time.Unix(int64(binary.BigEndian.Uint32(k[:tokenExpiryLen])), 0).UTC()
}

// ExpiryKey returns the smallest key of a grant that expires in the second of t
// or later: grants before it are surely expired at t.
func ExpiryKey(t time.Time) (k GrantKey) {
	binary.BigEndian.PutUint32(k[:tokenExpiryLen], uint32(t.Unix())) //nolint:gosec // seconds fit until 2106
	return k
}

// Range returns the first and last key that the reference can stand for, and
// whether it is a reference at all.
func (r Reference) Range() (first, last GrantKey, ok bool) {
	b, err := hex.DecodeString(string(r))
	if err != nil || len(b) != referenceLen {
		return first, last, false
	}
	copy(first[:], b)
	for i := copy(last[:], b); i < len(last); i++ {
		last[i] = 0xff
	}
	return first, last, true
}

// GrantState is where a grant stands. Expiry is not a state: it is judged by
// the clock.
type GrantState uint8

// The states. Stores keep the numbers.
const (
	GrantLive     GrantState = 0
	GrantRedeemed GrantState = 1
	GrantRevoked  GrantState = 2
	GrantVoided   GrantState = 3 // ended by too many calls from wrong addresses
)

// String names the state.
func (s GrantState) String() string {
	switch s {
	case GrantLive:
		return "live"
	case GrantRedeemed:
		return "redeemed"
	case GrantRevoked:
		return "revoked"
	case GrantVoided:
		return "voided"
	}
	return "unknown"
}

// Grant is the stored permission for one subject to sign on at one destination
// until ExpiresAt, once. Instants have millisecond precision.
type Grant struct {
	Key         GrantKey
	Tenant      TenantID
	Client      string // id of the client that asked for it
	Destination string // id of the destination within the tenant
	Subject     SubjectRef
	SubjectKind SubjectKind
	Target      string  // the absolute URL that was asked for, without the token
	Language    string  // language asked for, or empty
	BoundAddr   AddrKey // address it is bound to, or empty
	IssuedAt    time.Time
	ExpiresAt   time.Time
	Epoch       int64

	State      GrantState
	Binding    BindingDigest // digest of the binding value of the browser that redeemed it
	RedeemedAt time.Time     // zero before
	Misses     int           // calls from wrong addresses so far
}

// person returns whom the grant is for.
func (g *Grant) person() Person { return Person{g.SubjectKind, g.Subject} }

// activity returns the person among whose activity what becomes of the grant is
// listed, if it is.
func (g *Grant) activity() Person { return g.person().listed() }

// MaxMisses is how many calls from wrong addresses void a grant.
const MaxMisses = 5

// refusal returns why the grant can't be redeemed for the first time at now by
// a caller with those address keys, or "" when it can. It is the same rule that
// a store's conditional update enforces (see [GrantStore.RedeemGrant]).
func (g *Grant) refusal(now time.Time, epoch int64, addr []AddrKey) Reason {
	switch {
	case g.State == GrantRevoked:
		return ReasonRevoked
	case g.State == GrantVoided:
		return ReasonVoided
	case g.Epoch != epoch:
		return ReasonOldEpoch
	case !now.Before(g.ExpiresAt):
		return ReasonExpired
	case !g.BoundAddr.Admits(addr):
		return ReasonWrongAddress
	case g.State == GrantRedeemed:
		return ReasonUsed
	}
	return ""
}

// refused returns the refusal of the grant with what was compared.
func (g *Grant) refused(reason Reason, now time.Time, epoch int64, addr string) *Error {
	e := Refused(reason)
	switch reason {
	case ReasonExpired:
		e.Expected, e.Received = "before "+stamp(g.ExpiresAt), stamp(now)
	case ReasonWrongAddress:
		e.Expected, e.Received = g.BoundAddr.String(), addr
	case ReasonOldEpoch:
		e.Expected, e.Received = fmt.Sprint("epoch ", epoch), fmt.Sprint("epoch ", g.Epoch)
	case ReasonVoided:
		e.Expected, e.Received = fmt.Sprintf("fewer than %d calls from wrong addresses", MaxMisses), strconv.Itoa(g.Misses)
	case ReasonUsed:
		e.Expected, e.Received = "not used before", "used at "+stamp(g.RedeemedAt)+" by another browser"
	case ReasonSessionEnded:
		e.Expected, e.Received = "a live session", "used at "+stamp(g.RedeemedAt)+" by this browser, whose session has ended"
	case ReasonIdle:
		e.Expected, e.Received = "a session in use", "used at "+stamp(g.RedeemedAt)+" by this browser, which has left the session alone for too long"
	case ReasonRevoked:
		e.Expected, e.Received = "not revoked", "revoked"
	}
	return e
}

// voided returns the refusal of a grant whose person has signed out everywhere
// since it was issued.
func (g *Grant) voided(s *Subject) *Error {
	e := Refused(ReasonRevoked)
	e.Expected, e.Received = issuedAfter(s), "issued at "+stamp(g.IssuedAt)
	return e
}

// stamp is how instants are written for operators.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// AddrKey is the comparable form of an address that a grant is bound to: the 4
// bytes of an IPv4 address, the 16 of an IPv6 address, the first 8 of an IPv6
// network of 64 bits, or empty for no binding.
type AddrKey string

// AddrPolicy says how closely a grant is bound to an IPv6 address.
type AddrPolicy string

// The policies. IPv4 addresses are always exact.
const (
	AddrExact AddrPolicy = "exact" // the address itself; the default
	AddrNet64 AddrPolicy = "net64" // its /64: what one household or phone has
)

// BindAddr returns the key under which a grant is bound to the address.
// IPv4-mapped addresses count as IPv4; zones are ignored.
func BindAddr(addr netip.Addr, policy AddrPolicy) AddrKey {
	addr = addr.Unmap().WithZone("")
	if !addr.IsValid() {
		return ""
	}
	if addr.Is4() {
		raw := addr.As4()
		return AddrKey(raw[:])
	}
	raw := addr.As16()
	if policy == AddrNet64 {
		return AddrKey(raw[:8])
	}
	return AddrKey(raw[:])
}

// AddrKeys returns every key that a grant may be bound to for a caller at that
// address: one for IPv4, two for IPv6, none for an invalid address.
func AddrKeys(addr netip.Addr) []AddrKey {
	exact := BindAddr(addr, AddrExact)
	switch len(exact) {
	case 0:
		return nil
	case 16:
		return []AddrKey{exact, exact[:8]}
	}
	return []AddrKey{exact}
}

// Admits reports whether a grant bound to k may be used by a caller with those
// keys.
func (k AddrKey) Admits(caller []AddrKey) bool {
	if k == "" {
		return true
	}
	for _, c := range caller {
		if c == k {
			return true
		}
	}
	return false
}

// String returns the address or network in its usual notation.
func (k AddrKey) String() string {
	switch len(k) {
	case 4, 16:
		addr, _ := netip.AddrFromSlice([]byte(k))
		return addr.String()
	case 8:
		var b [16]byte
		copy(b[:], k)
		return netip.PrefixFrom(netip.AddrFrom16(b), 64).String()
	}
	return ""
}
