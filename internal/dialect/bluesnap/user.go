package bluesnap

import (
	"errors"
	"net/http"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// usersAt is where the users are.
const usersAt = "/services/2/cp/user/"

func createUser(c *call) (a *answer, err error) {
	u := &directory.User{Tenant: c.merchant.ID}
	if err := c.fields.apply(u); err != nil {
		return nil, err
	}
	err = c.Directory.CreateUser(c.context(), u, c.deed(), func(u *directory.User) *signon.Reply {
		a = c.says(userInfo(u))
		a.location = c.userAt(u)
		return c.keep(a)
	})
	if err != nil {
		return nil, err
	}
	return a, nil
}

// userAt is where this client finds the user: one of a linked merchant on whose
// behalf it acts.
func (c *call) userAt(u *directory.User) string {
	at := usersAt + string(u.Ref())
	if c.merchant.ID != c.client.Tenant {
		at += "?" + wOnBehalfOf + "=" + c.merchant.Number
	}
	return at
}

func readUser(c *call) (*answer, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	return c.says(userInfo(u)), nil
}

// maxAttempts is how often a change is tried when others change the same user at
// the same time.
const maxAttempts = 5

func updateUser(c *call) (*answer, error) {
	for attempt := range maxAttempts {
		u, err := c.user()
		if err != nil {
			return nil, err
		}
		changed := u.Clone()
		if err := c.fields.apply(changed); err != nil {
			return nil, err
		}
		err = c.Directory.UpdateUser(c.context(), changed, c.deed())
		if err == nil {
			return c.says(changedUserInfo(changed)), nil
		}
		if !errors.Is(err, signon.ErrConflict) {
			return nil, err
		}
		// Somebody else changed the user since it was read. Those who meet here go on
		// one after the other, or all but one of them would lose again.
		if attempt == 0 {
			turn := &c.turns[uint64(u.ID)%uint64(len(c.turns))] //nolint:gosec // any spread will do
			turn.Lock()
			defer turn.Unlock()
		}
	}
	return nil, signon.Unavailable("update user", signon.ErrConflict)
}

// deleteUser deletes a user: every session ends, and every link is void.
func deleteUser(c *call) (*answer, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	if err := c.Directory.DeleteUser(c.context(), c.merchant.ID, u.ID, c.deed()); err != nil {
		return nil, err
	}
	return &answer{status: http.StatusOK}, nil
}

// user finds the user whom the path names, among those of the merchant.
func (c *call) user() (*directory.User, error) {
	u, err := c.Directory.UserByRef(c.context(), c.merchant.ID, c.userID)
	if errors.Is(err, signon.ErrNotFound) {
		return nil, c.unknown("user", c.userID)
	}
	return u, err
}

// apply puts what is given into the user and leaves the rest. A password is judged
// by the rules and not kept: users are signed on by link alone.
func (f fields) apply(u *directory.User) error {
	for _, t := range userTexts {
		value, given, err := f.text(*t.of(u), t.names...)
		if err != nil {
			return err
		}
		if given {
			*t.of(u) = value
		}
	}
	for i := range permissions {
		granted, given, err := f.flag(permissions[i].names()...)
		if err != nil {
			return err
		}
		if given {
			u.Permissions = u.Permissions.With(permissions[i].is, granted)
		}
	}
	return f.checkPassword()
}

// checkPassword judges the password, if one is given.
func (f fields) checkPassword() error {
	names := []string{wPassword}
	all, err := read(f, names, asSecret, "must be a text")
	password, _, err := only(all, names, err)
	if err != nil || password == "" {
		return err
	}
	return directory.CheckPassword(password)
}
