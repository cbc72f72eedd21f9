package operator

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/latchkey-sso/latchkey/internal/jwt"
	"github.com/latchkey-sso/latchkey/internal/signingkey"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// Key is a key that tokens are signed with, as operators see it: without the key.
type Key struct {
	Tenant    string     `json:"tenant"`
	Owner     string     `json:"owner"` // issuer, or "app 01"
	ID        string     `json:"id"`
	Algorithm string     `json:"algorithm"`
	State     string     `json:"state"` // signs, waits to sign, or is accepted only
	CreatedAt time.Time  `json:"created_at"`
	SignsFrom time.Time  `json:"signs_from"`
	RetiresAt *time.Time `json:"retires_at,omitempty"` // when it is not accepted any more
}

// The states of a key.
const (
	KeySigns    = "signs"
	KeyWaits    = "waits"
	KeyAccepted = "accepted"
)

// KeyQuery selects keys: those of an application, or of the built-in issuer, of a
// tenant. For a list none of it need be given.
type KeyQuery struct {
	Tenant string // empty: the only one; for a list all
	App    string
	Issuer bool
}

// RotateRequest asks for a new key that takes over from the others.
type RotateRequest struct {
	KeyQuery

	// Algorithm is the new key's; empty means what is declared.
	Algorithm string
	// After is how long it is only accepted before it signs.
	After time.Duration
	// RetireNow: the others are not accepted any more.
	RetireNow bool
}

// Rotated tells of a new key.
type Rotated struct {
	Key

	// Secret is the key itself where it is a shared secret, in base64, and Text the
	// same as text where that can be printed. This is the only time that it is told.
	Secret string `json:"secret_base64,omitempty"`
	Text   string `json:"secret_text,omitempty"`
	// Others are the keys that are accepted beside it.
	Others []Key `json:"others"`
	// Declared is the algorithm that is declared, where the key's is another.
	Declared string `json:"declared_algorithm,omitempty"`
	// SupportCode is in the audit event.
	SupportCode string `json:"support_code"`
}

func (q *KeyQuery) values() url.Values {
	return url.Values{"tenant": {q.Tenant}, "app": {q.App}, "issuer": {strconv.FormatBool(q.Issuer)}}
}

// SigningKeys returns the selected keys that are accepted, by tenant and owner, the
// newest first.
func (c *Client) SigningKeys(ctx context.Context, q KeyQuery) ([]Key, error) {
	list, err := document[[]Key](ctx, c, http.MethodGet, "/keys", q.values())
	if err != nil {
		return nil, err
	}
	return *list, nil
}

// RotateKey makes a new key.
func (c *Client) RotateKey(ctx context.Context, req RotateRequest) (*Rotated, error) {
	query := req.values()
	query.Set("algorithm", req.Algorithm)
	query.Set("after", req.After.String())
	query.Set("retire_now", strconv.FormatBool(req.RetireNow))
	return document[Rotated](ctx, c, http.MethodPost, "/keys/rotate", query)
}

// ExportKeys returns the public parts of an owner's keys, as a JSON Web Key Set.
func (c *Client) ExportKeys(ctx context.Context, q KeyQuery) (json.RawMessage, error) {
	set, err := document[json.RawMessage](ctx, c, http.MethodGet, "/keys/export", q.values())
	if err != nil {
		return nil, err
	}
	return *set, nil
}

// listKeys answers with the selected keys.
func (h *handler) listKeys(w http.ResponseWriter, r request) error {
	owners, err := h.selectedOwners(r)
	if err != nil {
		return err
	}
	list := []Key{}
	for _, o := range owners {
		keys, err := h.keysOf(r.Context(), o)
		if err != nil {
			return err
		}
		list = append(list, keys...)
	}
	return answer(w, list)
}

// selectedOwners returns whose keys are asked about: one owner, or all of a tenant,
// or of all tenants.
func (h *handler) selectedOwners(r request) ([]signingkey.Owner, error) {
	if r.param("app") != "" || r.param("issuer") == "true" {
		o, err := h.keyOwner(r)
		return []signingkey.Owner{o}, err
	}
	if r.param("tenant") != "" {
		t, err := h.declaredTenant(r.Context(), r)
		if err != nil {
			return nil, err
		}
		return signingkey.Owners(t), nil
	}
	declared, err := h.Store.Tenants(r.Context())
	if err != nil {
		return nil, fmt.Errorf("read tenants: %w", err)
	}
	var all []signingkey.Owner
	for i := range declared {
		all = append(all, signingkey.Owners(&declared[i])...)
	}
	return all, nil
}

// keyOwner returns the one owner who is asked about.
func (h *handler) keyOwner(r request) (o signingkey.Owner, err error) {
	issuer, err := flag(r, "issuer")
	if err != nil {
		return o, err
	}
	if (r.param("app") != "") == issuer {
		return o, badRequest(errors.New("name an app or the issuer: one of them"))
	}
	t, err := h.declaredTenant(r.Context(), r)
	if err != nil {
		return o, err
	}
	if !issuer {
		d, err := app(t, r.param("app"))
		if err != nil {
			return o, err
		}
		return signingkey.App(t.ID, d), nil
	}
	for _, o := range signingkey.Owners(t) {
		if o.Name == signon.OwnIssuer {
			return o, nil
		}
	}
	return o, notFound("tenant %s does not use the built-in issuer", t.ID)
}

// keysOf returns an owner's keys that are accepted.
func (h *handler) keysOf(ctx context.Context, o signingkey.Owner) ([]Key, error) {
	standing, err := h.SignOn.SigningKeys(ctx, o.Tenant, o.Name)
	if err != nil {
		return nil, err
	}
	var list []Key
	for i := range standing.Accepted {
		k := &standing.Accepted[i]
		parsed, err := signingkey.Parse(k)
		if err != nil {
			return nil, err
		}
		key := Key{
			Tenant: string(k.Tenant), Owner: k.Owner, ID: k.ID, Algorithm: string(parsed.Algorithm()), State: KeyAccepted,
			CreatedAt: k.CreatedAt.UTC(), SignsFrom: k.SignsFrom.UTC(),
		}
		switch {
		case standing.Signer != nil && standing.Signer.ID == k.ID:
			key.State = KeySigns
		case k.SignsFrom.After(h.SignOn.Now()):
			key.State = KeyWaits
		}
		if !k.RetiresAt.IsZero() {
			at := k.RetiresAt.UTC()
			key.RetiresAt = &at
		}
		list = append(list, key)
	}
	return list, nil
}

// rotateKey makes a new key.
func (h *handler) rotateKey(w http.ResponseWriter, r request) error {
	rotation, err := h.rotation(r)
	if err != nil {
		return err
	}
	owner := rotation.Owner
	kept, key, err := signingkey.Rotate(r.Context(), h.SignOn, rotation)
	if e := signon.AsError(err); e != nil && e.Code == signon.CodeLimit {
		return badRequest(fmt.Errorf("%s of tenant %s has %d keys that are accepted: one of them has to retire first, in %s, or all with --retire-now",
			owner.Name, owner.Tenant, signon.MaxKeys, e.RetryAfter.Round(time.Second)))
	}
	if err != nil {
		return err
	}
	h.Log.Info("operator: rotate key", "tenant", owner.Tenant, "owner", owner.Name, "key", kept.ID, "algorithm", key.Algorithm(), "support_code", r.supportCode)
	all, err := h.keysOf(r.Context(), owner)
	if err != nil {
		return err
	}
	done := Rotated{Others: []Key{}, SupportCode: r.supportCode}
	for _, k := range all {
		if k.ID == kept.ID {
			done.Key = k
		} else {
			done.Others = append(done.Others, k)
		}
	}
	if key.Algorithm() != owner.Algorithm {
		done.Declared = string(owner.Algorithm)
	}
	if key.Algorithm() == jwt.HS256 {
		if done.Secret, done.Text, err = sharedSecret(key); err != nil {
			return err
		}
	}
	return answer(w, done)
}

// rotation reads what kind of key shall take over.
func (h *handler) rotation(r request) (rotation signingkey.Rotation, err error) {
	rotation.SupportCode, rotation.Algorithm = r.supportCode, jwt.Algorithm(r.param("algorithm"))
	if rotation.Owner, err = h.keyOwner(r); err != nil {
		return rotation, err
	}
	switch rotation.Algorithm {
	case "", jwt.HS256, jwt.RS256, jwt.ES256, jwt.EdDSA:
	default:
		return rotation, badRequest(fmt.Errorf("%q is not one of HS256, RS256, ES256, EdDSA", rotation.Algorithm))
	}
	if rotation.Owner.Name == signon.OwnIssuer && rotation.Algorithm != "" && rotation.Algorithm != signingkey.IssuerAlgorithm {
		return rotation, badRequest(fmt.Errorf("the built-in issuer signs with %s alone", signingkey.IssuerAlgorithm))
	}
	if rotation.RetireNow, err = flag(r, "retire_now"); err != nil {
		return rotation, err
	}
	if text := r.param("after"); text != "" {
		rotation.After, err = time.ParseDuration(text)
	}
	if err != nil || rotation.After < 0 || rotation.After > maxAfter {
		return rotation, badRequest(errors.New("after must be a duration of 0 to 720h"))
	}
	if rotation.RetireNow && rotation.After > 0 {
		return rotation, badRequest(errors.New("keys that are retired now leave nobody to sign until later"))
	}
	return rotation, nil
}

// maxAfter bounds how far ahead a rotation can be planned: 30 days.
const maxAfter = 720 * time.Hour

// sharedSecret returns the bytes of a shared secret in base64, and as text if all
// of it can be printed.
func sharedSecret(key jwt.Key) (encoded, text string, err error) {
	jwk, err := key.JWK()
	if err != nil {
		return "", "", err
	}
	var parts struct {
		K string `json:"k"`
	}
	if err := json.Unmarshal(jwk, &parts); err != nil {
		return "", "", errors.New("read a shared secret: it is none")
	}
	secret, err := base64.RawURLEncoding.DecodeString(parts.K)
	if err != nil {
		return "", "", errors.New("read a shared secret: it is none")
	}
	if printable(secret) {
		text = string(secret)
	}
	return base64.StdEncoding.EncodeToString(secret), text, nil
}

func printable(secret []byte) bool {
	if !utf8.Valid(secret) {
		return false
	}
	for _, r := range string(secret) {
		if r > unicode.MaxASCII || !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}

// exportKeys answers with the public parts of an owner's keys.
func (h *handler) exportKeys(w http.ResponseWriter, r request) error {
	owner, err := h.keyOwner(r)
	if err != nil {
		return err
	}
	standing, err := h.SignOn.SigningKeys(r.Context(), owner.Tenant, owner.Name)
	if err != nil {
		return err
	}
	var set jwt.Set
	shared := 0
	for i := range standing.Accepted {
		key, err := signingkey.Parse(&standing.Accepted[i])
		if err != nil {
			return err
		}
		if key.Algorithm() == jwt.HS256 {
			shared++
		}
		set = append(set, key)
	}
	if shared > 0 && shared == len(set) {
		return badRequest(fmt.Errorf("%s of tenant %s has shared secrets, which have no public part: each is shown once, when it is made", owner.Name, owner.Tenant))
	}
	public, err := set.PublicJWKS()
	if err != nil {
		return err
	}
	return answer(w, json.RawMessage(public))
}
