package tables

import (
	"context"
	"fmt"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

const (
	insertMember = `INSERT INTO members (tenant, number, version, created_at, changed_at, privacy_key, doc)
VALUES (?, ?, ?, ?, ?, ?, ?)`
	updateMember    = "UPDATE members SET version = version + 1, changed_at = ?, doc = ? WHERE tenant = ? AND number = ?"
	signOutMember   = "UPDATE members SET " + signedOutNow + " WHERE tenant = ?2 AND number = ?3"
	memberColumns   = "SELECT tenant, number, version, created_at, changed_at, signed_out_before, privacy_key, doc FROM members "
	memberVersionOf = "SELECT version FROM members WHERE tenant = ? AND number = ?"
)

// CreateMember stores a new member. See [directory.MemberStore].
func (s *Tables) CreateMember(ctx context.Context, m *directory.Member, e *signon.Event) error {
	r, err := s.newMemberRow(m)
	if err != nil {
		return fmt.Errorf("create member: %w", err)
	}
	return s.engine.Write(ctx, "create member", func(t Tx) error {
		if exists(t, memberVersionOf, r.tenant, r.number) {
			return signon.ErrConflict
		}
		r.insert(t, r.version)
		t.Append(e)
		return nil
	})
}

// UpdateMember replaces a member. See [directory.MemberStore].
func (s *Tables) UpdateMember(ctx context.Context, m *directory.Member, e *signon.Event) error {
	r, err := s.newMemberRow(m)
	if err != nil {
		return fmt.Errorf("update member: %w", err)
	}
	err = s.engine.Write(ctx, "update member", func(t Tx) error {
		stored := t.One(memberVersionOf, r.tenant, r.number)
		switch {
		case stored == nil:
			return signon.ErrNotFound
		case stored.Int(0) != r.version:
			return signon.ErrConflict
		}
		r.update(t)
		t.Append(e)
		return nil
	})
	if err == nil {
		m.Version++
	}
	return err
}

// SignOutMember voids what was issued to a member. See [directory.MemberStore].
func (s *Tables) SignOutMember(ctx context.Context, tenant signon.TenantID, number string, e *signon.Event) error {
	return s.engine.Write(ctx, "sign out member", func(t Tx) error {
		if t.Exec(signOutMember, now(t), string(tenant), number) == 0 {
			return signon.ErrNotFound
		}
		t.Append(e)
		return nil
	})
}

// Member returns the member with that number. See [directory.MemberStore].
func (s *Tables) Member(ctx context.Context, tenant signon.TenantID, number string) (*directory.Member, error) {
	return readOne(ctx, s, "read member", s.member, memberColumns+"WHERE tenant = ? AND number = ?", string(tenant), number)
}

// Members returns members by number. See [directory.MemberStore].
func (s *Tables) Members(ctx context.Context, tenant signon.TenantID, after string, limit int) ([]directory.Member, error) {
	return readAll(ctx, s, "list members", s.member, memberColumns+"WHERE tenant = ? AND number > ? ORDER BY number LIMIT ?", string(tenant), after, int64(limit))
}

// memberRow is a member ready to be written, made before the writer is asked.
type memberRow struct {
	tenant, number       string
	version              int64
	createdAt, changedAt int64
	privacyKey           []byte
	doc                  string
}

func (s *Tables) newMemberRow(m *directory.Member) (*memberRow, error) {
	doc, err := toJSON(memberDoc{m.Name, m.Email, m.Mobile, m.Apps})
	if err != nil {
		return nil, err
	}
	return &memberRow{
		tenant: string(m.Tenant), number: m.Number, version: m.Version, createdAt: m.CreatedAt.UnixMilli(), changedAt: m.ChangedAt.UnixMilli(),
		privacyKey: s.keys.Seal(m.PrivacyKey[:], memberPlace(m.Tenant, m.Number)), doc: doc,
	}, nil
}

func memberPlace(tenant signon.TenantID, number string) signon.Place {
	return signon.Place{Table: "members", Column: "privacy_key", Tenant: tenant, Row: number}
}

func (r *memberRow) insert(t Tx, version int64) {
	t.Exec(insertMember, r.tenant, r.number, version, r.createdAt, r.changedAt, r.privacyKey, r.doc)
}

// update replaces the row, but for its privacy key and time of creation.
func (r *memberRow) update(t Tx) { t.Exec(updateMember, r.changedAt, r.doc, r.tenant, r.number) }

// replace writes the member in the place of the one with its number, if any.
func (r *memberRow) replace(t Tx) error {
	stored := t.One(memberVersionOf, r.tenant, r.number)
	switch {
	case stored == nil && r.version != 0:
		return fmt.Errorf("member %s: %w", r.number, signon.ErrNotFound)
	case stored != nil && stored.Int(0) != r.version:
		return fmt.Errorf("member %s: its version is %d: %w", r.number, stored.Int(0), signon.ErrConflict)
	case stored == nil:
		r.insert(t, 1)
	default:
		r.update(t)
	}
	return nil
}

// member reads a row of memberColumns.
func (s *Tables) member(r Row) (m directory.Member, err error) {
	var doc memberDoc
	if err := fromJSON(r.Text(7), &doc); err != nil {
		return m, err
	}
	m = directory.Member{
		Tenant: signon.TenantID(r.Text(0)), Number: r.Text(1), Version: r.Int(2), CreatedAt: r.Instant(3), ChangedAt: r.Instant(4), SignedOutBefore: r.Instant(5),
		Name: doc.Name, Email: doc.Email, Mobile: doc.Mobile, Apps: doc.Apps,
	}
	key, err := s.keys.Open(r.Blob(6), memberPlace(m.Tenant, m.Number))
	if err != nil {
		return m, fmt.Errorf("privacy key: %w", err)
	}
	copy(m.PrivacyKey[:], key)
	return m, nil
}

type memberDoc struct {
	Name   string   `json:"name,omitempty"`
	Email  string   `json:"email,omitempty"`
	Mobile string   `json:"mobile,omitempty"`
	Apps   []string `json:"apps,omitempty"`
}
