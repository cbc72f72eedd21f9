package signon

import (
	"context"
	"errors"
	"fmt"
)

// Selection names the grants and sessions to revoke within one tenant. Exactly
// one of Reference, Subject and Client is set.
type Selection struct {
	Tenant    TenantID
	Reference Reference
	Kind      SubjectKind // with Subject
	Subject   SubjectRef
	Client    string
}

// Revoke ends the selected grants and their browser sessions, each with an
// audit event, and returns how many grants or sessions it ended. A grant that
// is issued while it runs may be missed.
func (s *Service) Revoke(ctx context.Context, sel Selection, supportCode string) (int, error) {
	keys, err := s.selected(ctx, sel.matches, sel.Reference)
	if err != nil {
		return 0, fmt.Errorf("revoke: %w", err)
	}
	ended, now := 0, s.store.Now()
	for key, g := range keys {
		if g.State == GrantLive && !g.ExpiresAt.IsZero() && now.After(g.ExpiresAt.Add(AskTTL)) {
			continue // over by itself; until then a page that asked may still be answered
		}
		if g.State == GrantRedeemed && g.SubjectKind == SubjectMember {
			continue // read, and nothing came of that which could be ended
		}
		event := &Event{
			Type: EventRevoked, Tenant: sel.Tenant, Client: g.Client, Destination: g.Destination,
			Grant: key.Reference(), SupportCode: supportCode, Activity: g.activity(),
		}
		done, err := s.store.RevokeGrant(ctx, key, event)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return ended, fmt.Errorf("revoke: %w", err)
		}
		if done {
			ended++
			if g.State == GrantLive && !g.ExpiresAt.IsZero() { // not what only its session is left of
				s.live.remove(g.Tenant, g.person(), g.ExpiresAt)
			}
		}
	}
	return ended, nil
}

// selected returns what matches, of all or of those with the reference: grants,
// and sessions whose grants are gone already.
func (s *Service) selected(ctx context.Context, matches func(*Grant) bool, ref Reference) (map[GrantKey]Grant, error) {
	var first, last GrantKey
	for i := range last {
		last[i] = 0xff
	}
	if ref != "" {
		var ok bool
		if first, last, ok = ref.Range(); !ok {
			return nil, Invalid("reference", "must be 24 hexadecimal digits")
		}
		first = first.before()
	}
	found := map[GrantKey]Grant{}
	keep := func(g *Grant) {
		if _, ok := found[g.Key]; !ok && matches(g) {
			found[g.Key] = *g
		}
	}
	err := s.eachGrant(ctx, first, last, func(g *Grant) error { keep(g); return nil })
	if err != nil {
		return nil, err
	}
	return found, s.eachSession(ctx, first, last, func(b *BrowserSession) {
		keep(&Grant{Key: b.Key, Tenant: b.Tenant, Client: b.Client, Destination: b.Destination, Subject: b.Subject, SubjectKind: b.SubjectKind})
	})
}

func (sel *Selection) matches(g *Grant) bool {
	return g.Tenant == sel.Tenant &&
		(sel.Subject == "" || g.Subject == sel.Subject && g.SubjectKind == sel.Kind) &&
		(sel.Client == "" || g.Client == sel.Client) &&
		(sel.Reference == "" || g.Key.Reference() == sel.Reference) &&
		(sel.Subject != "" || sel.Client != "" || sel.Reference != "")
}

// before returns the largest key below k.
func (k GrantKey) before() GrantKey {
	for i := len(k) - 1; i >= 0; i-- {
		k[i]--
		if k[i] != 0xff {
			break
		}
	}
	return k
}

const pageSize = 1000

// eachGrant visits the grants after one key and up to another, until visit
// returns an error.
func (s *Service) eachGrant(ctx context.Context, after, last GrantKey, visit func(*Grant) error) error {
	for {
		grants, err := s.store.Grants(ctx, after, pageSize)
		if err != nil {
			return fmt.Errorf("list grants: %w", err)
		}
		for i := range grants {
			if string(grants[i].Key[:]) > string(last[:]) {
				return nil
			}
			if err := visit(&grants[i]); err != nil {
				return err
			}
		}
		if len(grants) < pageSize {
			return nil
		}
		after = grants[len(grants)-1].Key
	}
}

func (s *Service) eachSession(ctx context.Context, after, last GrantKey, visit func(*BrowserSession)) error {
	for {
		sessions, err := s.store.Sessions(ctx, after, last, pageSize)
		if err != nil {
			return fmt.Errorf("list sessions: %w", err)
		}
		for i := range sessions {
			visit(&sessions[i])
		}
		if len(sessions) < pageSize {
			return nil
		}
		after = sessions[len(sessions)-1].Key
	}
}
