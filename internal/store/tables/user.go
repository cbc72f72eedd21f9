package tables

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

const (
	insertUser = `INSERT INTO users (tenant, id, username, version, created_at, changed_at, privacy_key, doc)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)`
	updateUser = `UPDATE users SET username = ?, version = version + 1, changed_at = ?, doc = ? WHERE tenant = ? AND id = ?`
	// reviveUser puts a user in the place of one who was deleted. The version rises:
	// what was read of the one before is of no version of this one.
	reviveUser = `UPDATE users SET username = ?, version = version + 1, created_at = ?, changed_at = ?, privacy_key = ?, doc = ?
WHERE tenant = ? AND id = ?`
	deleteUser = `UPDATE users SET username = NULL, created_at = 0, changed_at = 0, privacy_key = NULL, doc = NULL, ` + signedOutNow + `
WHERE tenant = ?2 AND id = ?3 AND doc IS NOT NULL`
	signOutUser  = "UPDATE users SET " + signedOutNow + " WHERE tenant = ?2 AND id = ?3 AND doc IS NOT NULL"
	signedOutNow = "signed_out_before = CASE WHEN signed_out_before > ?1 THEN signed_out_before ELSE ?1 END + 1"
	userColumns  = "SELECT tenant, id, version, created_at, changed_at, signed_out_before, privacy_key, doc FROM users WHERE doc IS NOT NULL "
	// userVersionOf also finds those who were deleted, without a doc.
	userVersionOf = "SELECT version, doc IS NOT NULL FROM users WHERE tenant = ? AND id = ?"
)

// CreateUser stores a new user. See [directory.UserStore].
func (s *Tables) CreateUser(ctx context.Context, u *directory.User, e *signon.Event, reply *signon.Reply) error {
	r, err := s.newUserRow(u)
	if err != nil {
		return fmt.Errorf("create user: %w", err)
	}
	kept := newReplyRow(reply)
	return s.engine.Write(ctx, "create user", func(t Tx) error {
		switch {
		case kept.answered(t):
			return signon.ErrAnswered
		case exists(t, userVersionOf, r.tenant, r.id) || r.clashes(t):
			return signon.ErrConflict
		}
		r.insert(t, r.version)
		kept.put(t)
		t.Append(e)
		return nil
	})
}

// UpdateUser replaces a user. See [directory.UserStore].
func (s *Tables) UpdateUser(ctx context.Context, u *directory.User, e *signon.Event) error {
	r, err := s.newUserRow(u)
	if err != nil {
		return fmt.Errorf("update user: %w", err)
	}
	err = s.engine.Write(ctx, "update user", func(t Tx) error {
		stored := t.One(userVersionOf, r.tenant, r.id)
		switch {
		case stored == nil || stored.Int(1) == 0:
			return signon.ErrNotFound
		case stored.Int(0) != r.version || r.clashes(t):
			return signon.ErrConflict
		}
		r.update(t)
		t.Append(e)
		return nil
	})
	if err == nil {
		u.Version++
	}
	return err
}

// DeleteUser deletes a user. See [directory.UserStore].
func (s *Tables) DeleteUser(ctx context.Context, tenant signon.TenantID, id int64, e *signon.Event) error {
	return s.engine.Write(ctx, "delete user", func(t Tx) error {
		if t.Exec(deleteUser, now(t), string(tenant), id) == 0 {
			return signon.ErrNotFound
		}
		kind, subject := string(signon.SubjectUser), strconv.FormatInt(id, 10)
		t.Exec("DELETE FROM activity WHERE tenant = ? AND kind = ? AND subject = ?", string(tenant), kind, subject)
		t.Exec(emptyReplies, string(tenant), kind, subject)
		t.Append(e)
		return nil
	})
}

// SignOutUser voids what was issued to a user. See [directory.UserStore].
func (s *Tables) SignOutUser(ctx context.Context, tenant signon.TenantID, id int64, e *signon.Event) error {
	return s.engine.Write(ctx, "sign out user", func(t Tx) error {
		if t.Exec(signOutUser, now(t), string(tenant), id) == 0 {
			return signon.ErrNotFound
		}
		t.Append(e)
		return nil
	})
}

// User returns the user with that ID. See [directory.UserStore].
func (s *Tables) User(ctx context.Context, tenant signon.TenantID, id int64) (*directory.User, error) {
	return readOne(ctx, s, "read user", s.user, userColumns+"AND tenant = ? AND id = ?", string(tenant), id)
}

// UserByUsername returns the user with that name. See [directory.UserStore].
func (s *Tables) UserByUsername(ctx context.Context, tenant signon.TenantID, name string) (*directory.User, error) {
	return readOne(ctx, s, "read user", s.user, userColumns+"AND tenant = ? AND username = ?", string(tenant), strings.ToLower(name))
}

// Users returns users by ID. See [directory.UserStore].
func (s *Tables) Users(ctx context.Context, tenant signon.TenantID, after int64, limit int) ([]directory.User, error) {
	return readAll(ctx, s, "list users", s.user, userColumns+"AND tenant = ? AND id > ? ORDER BY id LIMIT ?", string(tenant), after, int64(limit))
}

// userRow is a user ready to be written, made before the writer is asked.
type userRow struct {
	tenant     string
	id         int64
	username   string
	version    int64
	createdAt  int64
	changedAt  int64
	privacyKey []byte
	doc        string
}

func (s *Tables) newUserRow(u *directory.User) (*userRow, error) {
	doc, err := toJSON(newUserDoc(u))
	if err != nil {
		return nil, err
	}
	return &userRow{
		tenant: string(u.Tenant), id: u.ID, username: strings.ToLower(u.Username), version: u.Version,
		createdAt: u.CreatedAt.UnixMilli(), changedAt: u.ChangedAt.UnixMilli(),
		privacyKey: s.keys.Seal(u.PrivacyKey[:], userPlace(u.Tenant, u.ID)), doc: doc,
	}, nil
}

func userPlace(tenant signon.TenantID, id int64) signon.Place {
	return signon.Place{Table: "users", Column: "privacy_key", Tenant: tenant, Row: strconv.FormatInt(id, 10)}
}

// clashes reports whether the username is another user's.
func (r *userRow) clashes(t Tx) bool {
	return exists(t, "SELECT 1 FROM users WHERE tenant = ? AND username = ? AND id <> ?", r.tenant, r.username, r.id)
}

func (r *userRow) insert(t Tx, version int64) {
	t.Exec(insertUser, r.tenant, r.id, r.username, version, r.createdAt, r.changedAt, r.privacyKey, r.doc)
}

// update replaces the row, but for its privacy key and time of creation.
func (r *userRow) update(t Tx) {
	t.Exec(updateUser, r.username, r.changedAt, r.doc, r.tenant, r.id)
}

// replace writes the user in the place of the one with its ID, if any.
func (r *userRow) replace(t Tx) error {
	stored := t.One(userVersionOf, r.tenant, r.id)
	deleted := stored != nil && stored.Int(1) == 0
	switch {
	case (stored == nil || deleted) && r.version != 0:
		return fmt.Errorf("user %d: %w", r.id, signon.ErrNotFound)
	case stored != nil && !deleted && stored.Int(0) != r.version:
		return fmt.Errorf("user %d: its version is %d: %w", r.id, stored.Int(0), signon.ErrConflict)
	case r.clashes(t):
		return fmt.Errorf("user %d: its username is another user's: %w", r.id, signon.ErrConflict)
	case stored == nil:
		r.insert(t, 1)
	case deleted:
		t.Exec(reviveUser, r.username, r.createdAt, r.changedAt, r.privacyKey, r.doc, r.tenant, r.id)
	default:
		r.update(t)
	}
	return nil
}

// user reads a row of userColumns.
func (s *Tables) user(r Row) (u directory.User, err error) {
	var doc userDoc
	if err := fromJSON(r.Text(7), &doc); err != nil {
		return u, err
	}
	u = directory.User{
		Tenant: signon.TenantID(r.Text(0)), ID: r.Int(1), Version: r.Int(2), CreatedAt: r.Instant(3), ChangedAt: r.Instant(4), SignedOutBefore: r.Instant(5),
		Username: doc.Username, FirstName: doc.FirstName, LastName: doc.LastName, Email: doc.Email, Permissions: doc.Permissions,
	}
	key, err := s.keys.Open(r.Blob(6), userPlace(u.Tenant, u.ID))
	if err != nil {
		return u, fmt.Errorf("privacy key: %w", err)
	}
	copy(u.PrivacyKey[:], key)
	return u, nil
}

type userDoc struct {
	Username    string                `json:"username"`
	FirstName   string                `json:"first_name,omitempty"`
	LastName    string                `json:"last_name,omitempty"`
	Email       string                `json:"email,omitempty"`
	Permissions directory.Permissions `json:"permissions,omitempty"`
}

func newUserDoc(u *directory.User) *userDoc {
	return &userDoc{Username: u.Username, FirstName: u.FirstName, LastName: u.LastName, Email: u.Email, Permissions: u.Permissions}
}
