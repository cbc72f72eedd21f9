package directory

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// User returns the user with that ID, or signon.ErrNotFound.
func (s *Service) User(ctx context.Context, tenant signon.TenantID, id int64) (*User, error) {
	return s.store.User(ctx, tenant, id)
}

// UserByRef returns the user whom a subject reference names, in its one spelling,
// or signon.ErrNotFound.
func (s *Service) UserByRef(ctx context.Context, tenant signon.TenantID, ref string) (*User, error) {
	id, ok := parseID(ref)
	if !ok {
		return nil, signon.ErrNotFound
	}
	return s.store.User(ctx, tenant, id)
}

// UserByUsername returns the user with that name, in any case of letters, or
// signon.ErrNotFound.
func (s *Service) UserByUsername(ctx context.Context, tenant signon.TenantID, name string) (*User, error) {
	return s.store.UserByUsername(ctx, tenant, name)
}

// Users returns up to limit users with IDs above after, by ID.
func (s *Service) Users(ctx context.Context, tenant signon.TenantID, after int64, limit int) ([]User, error) {
	return s.store.Users(ctx, tenant, after, limit)
}

// CreateUser checks and stores a new user. ID, PrivacyKey, times and Version are
// filled in. reply, unless nil, is called when they are, perhaps more than once,
// and returns the reply to be kept in the same transaction (see
// [signon.Service.Once]). Errors: CodeInvalid naming the field, CodeConflict when
// the username is taken.
func (s *Service) CreateUser(ctx context.Context, u *User, act Act, reply func(*User) *signon.Reply) error {
	if err := s.prepareUser(u); err != nil {
		return err
	}
	for range maxDraws {
		u.ID = drawNumber()
		var kept *signon.Reply
		if reply != nil {
			kept = reply(u)
		}
		if kept != nil {
			kept.Tenant, kept.About = u.Tenant, signon.Person{Kind: signon.SubjectUser, Ref: u.Ref()}
		}
		err := s.store.CreateUser(ctx, u.Clone(), s.userEvent(signon.EventUserCreated, u, act), kept)
		if !errors.Is(err, signon.ErrConflict) {
			return wrapped("create user", err)
		}
		if err := s.checkUsername(ctx, u); err != nil {
			return err
		}
	}
	return errors.New("create user: no free number found")
}

// AddUser checks and stores a new user under the ID that it has. signon.ErrConflict
// when a user has or had that ID, or has the username: who was deleted does not
// come back by it. CodeInvalid naming the field.
func (s *Service) AddUser(ctx context.Context, u *User, act Act) error {
	if u.ID < 1 {
		return signon.Invalid(FieldID, "must be a whole number above zero")
	}
	if err := s.prepareUser(u); err != nil {
		return err
	}
	return wrapped("add user", s.store.CreateUser(ctx, u.Clone(), s.userEvent(signon.EventUserCreated, u, act), nil))
}

// prepareUser checks a new user and fills in what it starts with.
func (s *Service) prepareUser(u *User) error {
	if err := u.normalise(); err != nil {
		return err
	}
	if _, err := rand.Read(u.PrivacyKey[:]); err != nil {
		return fmt.Errorf("draw privacy key: %w", err)
	}
	u.CreatedAt = s.clock.Now()
	u.ChangedAt, u.Version = u.CreatedAt, 1
	return nil
}

// UpdateUser checks and stores a changed user: a copy of one read before, whose
// Version it is based on. Errors: CodeInvalid naming the field, CodeConflict when
// the username is taken (naming it) or when the user changed in between,
// signon.ErrNotFound.
func (s *Service) UpdateUser(ctx context.Context, u *User, act Act) error {
	if err := u.normalise(); err != nil {
		return err
	}
	u.ChangedAt = s.clock.Now()
	own := u.Clone()
	err := s.store.UpdateUser(ctx, own, s.userEvent(signon.EventUserChanged, u, act))
	if errors.Is(err, signon.ErrConflict) {
		if taken := s.checkUsername(ctx, u); taken != nil {
			return taken
		}
		return changedInBetween(FieldUser, err)
	}
	if err == nil {
		u.Version = own.Version
	}
	return wrapped("update user", err)
}

// DeleteUser deletes the user with that ID. In the same transaction every session
// of the user ends and every link that was issued for it is void. Errors:
// signon.ErrNotFound.
func (s *Service) DeleteUser(ctx context.Context, tenant signon.TenantID, id int64, act Act) error {
	u := &User{Tenant: tenant, ID: id}
	return wrapped("delete user", s.store.DeleteUser(ctx, tenant, id, s.userEvent(signon.EventUserDeleted, u, act)))
}

// checkUsername returns a CodeConflict error when the username is another user's,
// after the store has refused something.
func (s *Service) checkUsername(ctx context.Context, u *User) error {
	other, err := s.store.UserByUsername(ctx, u.Tenant, u.Username)
	switch {
	case errors.Is(err, signon.ErrNotFound):
		return nil
	case err != nil:
		return fmt.Errorf("look for the username: %w", err)
	case other.ID != u.ID:
		return usernameTaken()
	}
	return nil
}

func usernameTaken() error {
	return &signon.Error{Code: signon.CodeConflict, Argument: FieldUsername, Rule: "must not be another user's"}
}

// userEvent names the user by number alone: names are personal.
func (s *Service) userEvent(t signon.EventType, u *User, act Act) *signon.Event {
	return act.event(t, u.Tenant, "user "+string(u.Ref()))
}

// wrapped returns the error with what was attempted, or nil.
func wrapped(action string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", action, err)
}
