package directory

import (
	"context"
	"errors"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// What users may do to the users of their own tenant. Programs that call an API
// for the tenant are not bound by it.

// Maintains reports whether the user may create, change and delete users at all.
func (u *User) Maintains() bool { return u.Permissions.Allow(PermissionUserMaintenance) }

// MayChange reports whether the user may change the other one, who may be the user
// itself. Nobody but an administrator touches an administrator.
func (u *User) MayChange(other *User) bool {
	return u.Tenant == other.Tenant && u.Maintains() &&
		(u.Permissions.Granted(PermissionAdmin) || !other.Permissions.Granted(PermissionAdmin))
}

// MayDelete reports whether the user may delete the other one. Nobody deletes
// themselves, so the last who could undo it is never gone.
func (u *User) MayDelete(other *User) bool { return u.MayChange(other) && u.ID != other.ID }

// MayDecide reports whether the user may grant the other one that permission, or
// take it away. Nobody decides about what they lack, or about themselves.
func (u *User) MayDecide(other *User, one Permission) bool {
	return u.MayChange(other) && u.ID != other.ID && u.Permissions.Allow(one)
}

// Decided returns what the other user has when the given permissions are wanted:
// where the user may not decide, it stays as it is.
func (u *User) Decided(other *User, wanted Permissions) Permissions {
	all := other.Permissions
	for _, one := range AllPermissions() {
		if u.MayDecide(other, one) {
			all = all.With(one, wanted.Granted(one))
		}
	}
	return all
}

// sentTwice is how long after a user was created the same request counts as that
// one, sent again.
const sentTwice = time.Minute

// CreateUserBy is CreateUser on the word of another user of the tenant. The same
// details sent again at once are the user who was created by the first: then u
// becomes that one. Errors, besides those of CreateUser: CodeForbidden when by may
// not create users, or grants what it may not.
func (s *Service) CreateUserBy(ctx context.Context, by, u *User, act Act) error {
	if err := by.checkChange(&User{Tenant: u.Tenant}, u); err != nil {
		return err
	}
	err := s.CreateUser(ctx, u, act, nil)
	if e := signon.AsError(err); e == nil || e.Code != signon.CodeConflict {
		return err
	}
	other, lookErr := s.store.UserByUsername(ctx, u.Tenant, u.Username)
	if lookErr == nil && other.same(u) && s.clock.Now().Sub(other.CreatedAt) < sentTwice {
		*u = *other
		return nil
	}
	return err
}

// UpdateUserBy is UpdateUser on the word of a user of the tenant. Errors, besides
// those of UpdateUser: CodeForbidden when by may not change the user, or decides
// about permissions that it may not decide about.
func (s *Service) UpdateUserBy(ctx context.Context, by, u *User, act Act) error {
	stored, err := s.User(ctx, u.Tenant, u.ID)
	if err != nil {
		return wrapped("update user", err)
	}
	if stored.Version != u.Version {
		return changedInBetween(FieldUser, signon.ErrConflict)
	}
	if err := by.checkChange(stored, u); err != nil {
		return err
	}
	return s.UpdateUser(ctx, u, act) // what was judged is what is replaced: the version sees to that
}

// DeleteUserBy is DeleteUser on the word of another user of the tenant. Errors,
// besides those of DeleteUser: CodeForbidden when by may not delete the user.
func (s *Service) DeleteUserBy(ctx context.Context, by *User, id int64, act Act) error {
	stored, err := s.User(ctx, by.Tenant, id)
	if err != nil {
		return wrapped("delete user", err)
	}
	if !by.MayDelete(stored) {
		return forbidden(FieldUser, "must be one whom this user may delete")
	}
	return s.DeleteUser(ctx, by.Tenant, id, act)
}

// checkChange judges whether the user may turn what is stored into that.
func (u *User) checkChange(stored, changed *User) error {
	if !u.MayChange(stored) || stored.Tenant != changed.Tenant {
		return forbidden(FieldUser, "must be one whom this user may change")
	}
	for _, one := range AllPermissions() {
		if stored.Permissions.Granted(one) != changed.Permissions.Granted(one) && !u.MayDecide(stored, one) {
			return forbidden(FieldPermissions, "must not be decided about by users who lack them, or by the user itself")
		}
	}
	return nil
}

// same reports whether two are alike in all that can be typed.
func (u *User) same(other *User) bool {
	return u.Username == other.Username && u.FirstName == other.FirstName && u.LastName == other.LastName && u.Email == other.Email &&
		u.Permissions.equal(other.Permissions)
}

func (p Permissions) equal(other Permissions) bool {
	for _, one := range AllPermissions() {
		if p.Granted(one) != other.Granted(one) {
			return false
		}
	}
	return true
}

func forbidden(argument, rule string) error {
	return &signon.Error{Code: signon.CodeForbidden, Argument: argument, Rule: rule}
}

// Faults returns everything that is wrong with the user's details, so that it can
// all be mended at once; each is a CodeInvalid error that names a field.
func (u *User) Faults() []*signon.Error {
	probe := u.Clone()
	fields := map[string]*string{
		FieldFirstName: &probe.FirstName, FieldLastName: &probe.LastName, FieldEmail: &probe.Email, FieldUsername: &probe.Username,
	}
	var all []*signon.Error
	for range len(fields) + 1 {
		var e *signon.Error
		if err := probe.normalise(); !errors.As(err, &e) {
			break
		}
		all = append(all, e)
		value, ok := fields[e.Argument]
		if !ok {
			break
		}
		*value = flawless[e.Argument]
	}
	return all
}

// flawless stand in for fields that are known to be wrong, while the others are
// looked at.
var flawless = map[string]string{FieldFirstName: "x", FieldLastName: "x", FieldEmail: "x@example.com", FieldUsername: "x"}
