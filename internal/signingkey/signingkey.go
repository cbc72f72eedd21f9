// Package signingkey makes the keys that tenants' tokens are signed with, as JSON
// Web Keys, and has the core keep them.
package signingkey

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"time"

	"github.com/latchkey-sso/latchkey/internal/jwt"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// IssuerAlgorithm is what the built-in issuer signs with, and IssuerTTL how long
// what it signs is valid.
const (
	IssuerAlgorithm = jwt.RS256
	IssuerTTL       = time.Hour
)

// SettingAlgorithm is the setting of an application that names its algorithm; none
// means DefaultAlgorithm.
const (
	SettingAlgorithm = "algorithm"
	DefaultAlgorithm = jwt.HS256
)

// Owner is who needs keys.
type Owner struct {
	Tenant signon.TenantID
	Name   string // as in signon.SigningKey
	// Algorithm is what is declared.
	Algorithm jwt.Algorithm
	// Longest is the longest validity of what is signed.
	Longest time.Duration
}

// App returns the owner of an application's keys. What has been signed may last as
// long as anything does: the application's own validity may have been longer when
// it was.
func App(tenant signon.TenantID, d *signon.Destination) Owner {
	o := Owner{Tenant: tenant, Name: signon.AppOwner(d.ID), Algorithm: jwt.Algorithm(d.Settings[SettingAlgorithm]), Longest: signon.MaxNumberedTTL}
	if o.Algorithm == "" {
		o.Algorithm = DefaultAlgorithm
	}
	return o
}

// Issuer returns the owner of the keys of a tenant's built-in issuer.
func Issuer(tenant signon.TenantID) Owner {
	return Owner{Tenant: tenant, Name: signon.OwnIssuer, Algorithm: IssuerAlgorithm, Longest: IssuerTTL}
}

// Owners lists who of a tenant needs keys: its built-in issuer, if it has it, and
// its applications.
func Owners(t *signon.Tenant) []Owner {
	var all []Owner
	for i := range t.Issuers {
		if t.Issuers[i].Own {
			all = append(all, Issuer(t.ID))
			break
		}
	}
	for i := range t.Destinations {
		if d := &t.Destinations[i]; d.Kind == signon.KindApp {
			all = append(all, App(t.ID, d))
		}
	}
	return all
}

// Ensure makes the keys that the tenants lack: where none signs, and where none that
// signs, now or later, is of the algorithm that is declared now. What others have
// signed stays good for its time. Where so many keys are accepted that a changed
// algorithm has to wait for one to retire, the one before goes on signing. The log
// tells of both.
func Ensure(ctx context.Context, s *signon.Service, tenants []signon.Tenant, log *slog.Logger) error {
	for i := range tenants {
		for _, o := range Owners(&tenants[i]) {
			if err := o.ensure(ctx, s, log); err != nil {
				return fmt.Errorf("make a key for %s of tenant %s: %w", o.Name, o.Tenant, err)
			}
		}
	}
	return nil
}

func (o Owner) ensure(ctx context.Context, s *signon.Service, log *slog.Logger) error {
	keys, err := s.SigningKeys(ctx, o.Tenant, o.Name)
	if err != nil {
		return err
	}
	if has, err := o.has(&keys, s.Now()); has || err != nil {
		return err
	}
	_, _, err = Rotate(ctx, s, Rotation{Owner: o})
	attrs := []any{"tenant", o.Tenant, "owner", o.Name, "algorithm", o.Algorithm}
	e := signon.AsError(err)
	if e != nil && e.Code == signon.CodeLimit && keys.Signer == nil { // other nodes that start now have made some
		if keys, err = s.SigningKeys(ctx, o.Tenant, o.Name); err != nil {
			return err
		}
		err = e
	}
	if e != nil && e.Code == signon.CodeLimit && keys.Signer != nil {
		log.Warn("another algorithm has to wait until a key retires", append(attrs, "retires_in", e.RetryAfter)...)
		return nil
	}
	if err == nil {
		log.Info("made a key", attrs...)
	}
	return err
}

// has reports whether a key signs, and one that does, now or later, is of the
// declared algorithm.
func (o Owner) has(keys *signon.SigningKeys, now time.Time) (bool, error) {
	if keys.Signer == nil {
		return false, nil
	}
	for i := range keys.Accepted {
		k := &keys.Accepted[i]
		key, err := Parse(k)
		if err != nil {
			return false, err
		}
		if key.Algorithm() == o.Algorithm && (k.ID == keys.Signer.ID || now.Before(k.SignsFrom)) {
			return true, nil
		}
	}
	return false, nil
}

// Parse returns the key itself. Its error says nothing of the key.
func Parse(k *signon.SigningKey) (jwt.Key, error) {
	key, err := jwt.ParseKey([]byte(k.Secret.Reveal()))
	if err != nil {
		return key, fmt.Errorf("key %s of %s: %w", k.ID, k.Owner, err)
	}
	return key, nil
}

// Rotation puts a new key in the place of an owner's others.
type Rotation struct {
	Owner Owner
	// Algorithm is the new key's; empty means the owner's.
	Algorithm jwt.Algorithm
	// After is how long the key is only accepted before it signs.
	After time.Duration
	// RetireNow: the others are not accepted any more. Otherwise they are for as long
	// as what they have signed is valid.
	RetireNow   bool
	SupportCode string
}

// Rotate makes a key that takes over from the owner's others, and returns it as it
// is kept and as it is used. Errors as for [signon.Service.RotateKey].
func Rotate(ctx context.Context, s *signon.Service, r Rotation) (*signon.SigningKey, jwt.Key, error) {
	if r.Algorithm == "" {
		r.Algorithm = r.Owner.Algorithm
	}
	key, err := jwt.Generate(r.Algorithm)
	if err != nil {
		return nil, key, err
	}
	jwk, err := key.JWK()
	if err != nil {
		return nil, key, err
	}
	id := key.ID()
	if id == "" {
		id = rand.Text() // a shared secret has no name that others could look it up by
	}
	rotation := &signon.Rotation{
		Tenant: r.Owner.Tenant, Owner: r.Owner.Name, ID: id, Secret: signon.Secret(jwk), After: r.After, Longest: r.Owner.Longest, SupportCode: r.SupportCode,
	}
	if r.RetireNow {
		rotation.Longest = -1
	}
	kept, err := s.RotateKey(ctx, rotation)
	return kept, key, err
}
