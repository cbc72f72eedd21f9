package signon

import (
	"crypto/hmac"
	"encoding/base64"
	"encoding/binary"
	"time"
)

// A seen mark tells when a session was used last. The browser keeps it beside the
// session's token, so that a page view writes nothing here: it is the time in
// milliseconds and a digest of it and of the session, keyed with the root key. A
// browser can keep an old mark, which makes its session end earlier, but it can't
// make one.
const (
	seenTimeLen = 8
	seenMACLen  = 16
)

func (g *generation) seenMAC(key GrantKey, ms []byte) []byte {
	mac := g.sessions.sum("seen", string(key[:]), string(ms))
	return mac[:seenMACLen]
}

// seenMark returns the mark of a session that is used at that instant.
func (k *Keyring) seenMark(key GrantKey, at time.Time) string {
	raw := binary.BigEndian.AppendUint64(make([]byte, 0, seenTimeLen+seenMACLen), uint64(at.UnixMilli()))
	return base64.RawURLEncoding.EncodeToString(append(raw, k.generations[0].seenMAC(key, raw)...))
}

// seenAt returns the instant that a session's mark tells of; ok is false for
// anything that is no mark of that session.
func (k *Keyring) seenAt(key GrantKey, mark string) (at time.Time, ok bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(mark)
	if err != nil || len(raw) != seenTimeLen+seenMACLen {
		return at, false
	}
	for _, g := range k.generations {
		if hmac.Equal(g.seenMAC(key, raw[:seenTimeLen]), raw[seenTimeLen:]) {
			return time.UnixMilli(int64(binary.BigEndian.Uint64(raw))).UTC(), true //nolint:gosec // written from one
		}
	}
	return at, false
}

// lastSeen returns when the session was used last, as far as the mark tells: it
// was when it started. A mark of the future tells nothing.
func (s *Service) lastSeen(b *BrowserSession, mark string, now time.Time) time.Time {
	if at, ok := s.keys.seenAt(b.Key, mark); ok && at.After(b.StartedAt) && !at.After(now) {
		return at
	}
	return b.StartedAt
}

// idleTTL returns how long the session may be left alone where it is; 0: for ever.
func (s *Service) idleTTL(b *BrowserSession) time.Duration {
	if at, ok := s.Registry().DestinationByID(b.Tenant, b.Destination); ok {
		return at.IdleTTL
	}
	return 0
}

// idleSince reports whether a session that was used last at that instant has been
// left alone for too long at now. An idle time of 0 is none.
func idleSince(last, now time.Time, idle time.Duration) bool {
	return idle > 0 && !now.Before(last.Add(idle))
}
