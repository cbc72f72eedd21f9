package directory

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// maxUserID is of 12 digits: numbers of cards have more.
const maxUserID = 999_999_999_999

func (p *plan) addUser(ctx context.Context, row *UserRow) error {
	stored, err := p.findUser(ctx, row)
	if err != nil {
		return err
	}
	found := stored != nil
	if !found {
		stored = &User{ID: row.ID, CreatedAt: p.now}
	}
	u := stored.Clone()
	if err := row.Fill(u); err != nil {
		return err
	}
	u.Tenant, u.ID, u.Version, u.PrivacyKey = p.tenant, stored.ID, stored.Version, stored.PrivacyKey
	u.CreatedAt, u.ChangedAt, u.SignedOutBefore = stored.CreatedAt, p.now, stored.SignedOutBefore
	if err := u.normalise(); err != nil {
		return err
	}
	if err := p.nameUser(ctx, u); err != nil {
		return err
	}
	if !found {
		if _, err := rand.Read(u.PrivacyKey[:]); err != nil {
			return fmt.Errorf("draw privacy key: %w", err)
		}
	}
	p.batch.Users = append(p.batch.Users, u)
	p.count(found)
	after := *u
	after.Version++
	p.users[u.ID] = &after
	p.named[strings.ToLower(u.Username)] = u.ID
	return nil
}

// findUser returns the user whom the row is about, or nil for a new one.
func (p *plan) findUser(ctx context.Context, row *UserRow) (*User, error) {
	switch {
	case row.ID < 0 || row.ID > maxUserID:
		return nil, signon.Invalid(FieldID, "must be a whole number from 1 to 999999999999")
	case row.ID != 0:
		return p.user(ctx, row.ID)
	}
	return p.userByName(ctx, strings.TrimSpace(row.Username))
}

// nameUser gives a new user an ID and checks that the username is nobody else's.
func (p *plan) nameUser(ctx context.Context, u *User) error {
	if other, err := p.userByName(ctx, u.Username); err != nil || other != nil && other.ID != u.ID {
		return cmp.Or(err, usernameTaken())
	}
	for range maxDraws {
		if u.ID != 0 {
			return nil
		}
		id := drawNumber()
		other, err := p.user(ctx, id)
		if err != nil {
			return err
		}
		if other == nil {
			u.ID = id
		}
	}
	return errors.New("import: no free number found")
}

func (p *plan) user(ctx context.Context, id int64) (*User, error) {
	if u, ok := p.users[id]; ok {
		return u, nil
	}
	return missing(p.service.store.User(ctx, p.tenant, id))
}

// userByName returns the user with that name, or nil.
func (p *plan) userByName(ctx context.Context, name string) (*User, error) {
	lower := strings.ToLower(name)
	if u := p.users[p.named[lower]]; u != nil && strings.ToLower(u.Username) == lower {
		return u, nil
	}
	u, err := missing(p.service.store.UserByUsername(ctx, p.tenant, name))
	if u != nil && p.users[u.ID] != nil {
		return nil, nil // a row before gave that user another one
	}
	return u, err
}
