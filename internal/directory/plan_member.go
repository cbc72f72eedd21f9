package directory

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

func (p *plan) addMember(ctx context.Context, row *MemberRow) error {
	stored, err := p.member(ctx, strings.TrimSpace(row.Number))
	if err != nil {
		return err
	}
	found := stored != nil
	if !found {
		stored = &Member{Number: strings.TrimSpace(row.Number), CreatedAt: p.now}
	}
	m := stored.Clone()
	if err := row.Fill(m); err != nil {
		return err
	}
	m.Tenant, m.Number, m.Version, m.PrivacyKey = p.tenant, stored.Number, stored.Version, stored.PrivacyKey
	m.CreatedAt, m.ChangedAt, m.SignedOutBefore = stored.CreatedAt, p.now, stored.SignedOutBefore
	if err := m.normalise(); err != nil {
		return err
	}
	if !found {
		if _, err := rand.Read(m.PrivacyKey[:]); err != nil {
			return fmt.Errorf("draw privacy key: %w", err)
		}
	}
	p.batch.Members = append(p.batch.Members, m)
	p.count(found)
	after := *m
	after.Version++
	p.members[m.Number] = &after
	return nil
}

// member returns the member with that number as it stands after the rows before,
// or nil for a new one.
func (p *plan) member(ctx context.Context, number string) (*Member, error) {
	if !ValidMemberNumber(number) {
		return nil, signon.Invalid(FieldNumber, "must have 1 to 32 letters and digits")
	}
	if m, ok := p.members[number]; ok {
		return m, nil
	}
	return missing(p.service.store.Member(ctx, p.tenant, number))
}
