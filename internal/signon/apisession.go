package signon

import (
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"net/netip"
	"strings"
	"time"
)

// APISessionTTL is how long a client may go on after it has proved itself once.
// It is fixed: calls don't prolong it.
const APISessionTTL = 10 * time.Minute

// APISessionLen is the length of an API session's id, in characters.
const APISessionLen = 32

// An API session is kept nowhere. Its id carries when it ends and a tag of its
// client, and a digest of both that is keyed with the root key and with the
// secret that the client proved: it ends by itself, holds on every node and over
// restarts, and is void once its secret is rotated out.
const (
	apiSessionExpiryLen = 6 // milliseconds since 1970
	apiSessionMACLen    = 10
	apiSessionRawLen    = apiSessionExpiryLen + len(tag{}) + apiSessionMACLen
)

// apiSessionText has no slack: 20 bytes are exactly 32 characters.
var apiSessionText = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// apiSession is what an id says.
type apiSession struct {
	expiry [apiSessionExpiryLen]byte
	client tag
	mac    [apiSessionMACLen]byte
}

func (a *apiSession) expiresAt() time.Time {
	return time.UnixMilli(int64(binary.BigEndian.Uint64(append([]byte{0, 0}, a.expiry[:]...)))) //nolint:gosec // 48 bits
}

// seal puts in the digest that proves the rest.
func (a *apiSession) seal(g *generation, c *Client, secret Secret) {
	digest := g.apiSessions.sum("api session", c.Realm, c.ID, string(c.Tenant), secret.Reveal(), string(a.expiry[:]))
	copy(a.mac[:], digest[:])
}

// provedBy reports whether the session was made for the client with one of its
// secrets.
func (a *apiSession) provedBy(keys *Keyring, c *Client) bool {
	right := 0
	for _, g := range keys.generations {
		for _, secret := range c.Secrets {
			own := apiSession{expiry: a.expiry}
			own.seal(g, c, secret)
			right |= subtle.ConstantTimeCompare(own.mac[:], a.mac[:])
		}
	}
	return right == 1
}

// clientOf returns the client whom the session's tag names, and whether the
// session is that client's. A tag of nobody costs the same.
func (r *Registry) clientOf(a *apiSession, realm string, keys *Keyring) (named *Client, proved bool) {
	for _, c := range r.tags[a.client] { // nearly always one
		if c.Realm != realm {
			continue
		}
		if named = c; a.provedBy(keys, c) {
			return c, true
		}
	}
	if named == nil {
		a.provedBy(keys, stranger)
	}
	return named, false
}

func (a *apiSession) text() string {
	raw := make([]byte, 0, apiSessionRawLen)
	raw = append(append(append(raw, a.expiry[:]...), a.client[:]...), a.mac[:]...)
	return apiSessionText.EncodeToString(raw)
}

func parseAPISession(text string) (a apiSession, ok bool) {
	var raw [apiSessionRawLen]byte
	if len(text) != APISessionLen {
		return a, false
	}
	if n, err := apiSessionText.Decode(raw[:], []byte(text)); err != nil || n != len(raw) { // line ends are skipped, and leave less
		return a, false
	}
	rest := raw[copy(a.expiry[:], raw[:]):]
	rest = rest[copy(a.client[:], rest):]
	copy(a.mac[:], rest)
	return a, true
}

// StartAPISession returns the id of a session of APISessionTTL for a client that
// has just proved that secret of its: APISessionLen lower-case letters and
// digits, to be handed out as it is.
func (s *Service) StartAPISession(c *Client, proved Secret) Secret {
	a := apiSession{client: tagOf(c.Realm, c.ID)}
	var expiry [8]byte
	binary.BigEndian.PutUint64(expiry[:], uint64(s.store.Now().Add(APISessionTTL).UnixMilli()))
	copy(a.expiry[:], expiry[8-apiSessionExpiryLen:])
	a.seal(s.keys.generations[0], c, proved)
	return Secret(a.text())
}

// APISessionRequest asks whose a session is.
type APISessionRequest struct {
	// Realm is the one that the client must be of.
	Realm string
	// ID is what came.
	ID string
	// Caller is the address of the caller, and SupportCode the code of the request.
	Caller      netip.Addr
	SupportCode string
}

// APISession returns the client whose live session has that id. All failures
// are the same CodeSessionInvalid error and cost the same; a session shown from
// where its client may not call from is CodeForbidden. One that was made up
// for a client that exists is recorded, after the answer; that a session has
// ended is not: every client that goes on comes to that.
func (s *Service) APISession(req APISessionRequest) (*Client, error) {
	c, err := s.apiSession(&req)
	trace := Trace{SupportCode: req.SupportCode, Operation: OpAPISession}
	if c != nil {
		trace.Tenant, trace.Client = c.Tenant, c.ID
	}
	if err != nil { // a typed nil is no nil
		s.Trace(&trace, err)
		return nil, err
	}
	s.Trace(&trace, nil)
	return c, nil
}

// apiSession returns with an error the client that it concerns, if it is known.
func (s *Service) apiSession(req *APISessionRequest) (*Client, *Error) {
	a, ok := parseAPISession(req.ID)
	if !ok {
		return nil, invalidAPISession(ReasonMalformed, "the 32 characters that a login returned", formOf(req.ID))
	}
	client, proved := s.Registry().clientOf(&a, req.Realm, s.keys)
	switch {
	case client == nil:
		s.recordAPISession(req, stranger, false)
		return nil, invalidAPISession(ReasonUnknownID, "a session of a client that exists", "another one")
	case !proved:
		s.recordAPISession(req, client, true)
		return client, invalidAPISession(ReasonBadProof, "a session that was opened with a secret that is active", "another one")
	}
	if now, end := s.store.Now(), a.expiresAt(); !now.Before(end) {
		return client, invalidAPISession(ReasonExpired, "a session opened within "+APISessionTTL.String(), "one that ended "+now.Sub(end).Round(time.Second).String()+" ago")
	}
	if refused := client.checkCaller(req.Caller); refused != nil {
		s.recordClient(client, refused, req.Caller, req.SupportCode, true)
		return client, refused
	}
	return client, nil
}

// recordAPISession records that somebody made up a session of the client; worth
// is false where there is nothing to record.
func (s *Service) recordAPISession(req *APISessionRequest, c *Client, worth bool) {
	s.recordLater(&Event{
		Type: EventClientRefused, Tenant: c.Tenant, Client: c.ID, Reason: ReasonBadProof, Note: "session",
		SupportCode: req.SupportCode, Caller: req.Caller.String(),
	}, worth)
}

func invalidAPISession(why Reason, expected, received string) *Error {
	return &Error{Code: CodeSessionInvalid, Reason: why, Expected: expected, Received: received}
}

// formOf describes an id without repeating it.
func formOf(id string) string {
	switch {
	case id == "":
		return "nothing"
	case len(id) != APISessionLen:
		return "a text of another length"
	case strings.ToLower(id) != id:
		return "a text with capital letters"
	}
	return "a text with other characters"
}
