package signon_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// grants returns the references and standings of the selected grants.
func (w *world) grants(f signon.GrantFilter) map[signon.Reference]signon.Standing {
	w.t.Helper()
	found := map[signon.Reference]signon.Standing{}
	err := w.ListGrants(w.t.Context(), f, func(g *signon.Grant, s signon.Standing) bool {
		found[g.Key.Reference()] = s
		return true
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return found
}

func TestGrantsAreListedByHowTheyStand(t *testing.T) {
	w := newWorld(t)
	start := w.clock.Now()
	reference := func(i *signon.Issued) signon.Reference { return i.Grant.Key.Reference() }
	old := w.issue(nil)
	w.clock.move(20 * time.Second)
	voided := w.issue(func(r *signon.IssueRequest) { r.Bind = home })
	for range signon.MaxMisses {
		_, _ = w.redeem(voided.Token, 1, func(r *signon.RedeemRequest) { r.Addr = abroad })
	}
	used, revoked, live := w.issue(nil), w.issue(nil), w.issue(func(r *signon.IssueRequest) { r.Subject = "2" })
	if _, err := w.redeem(used.Token, 1, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Revoke(t.Context(), signon.Selection{Tenant: "shop", Reference: reference(revoked)}, "REVOKE"); err != nil {
		t.Fatal(err)
	}
	all := map[signon.Reference]signon.Standing{
		reference(old): signon.StandingExpired, reference(voided): signon.StandingVoided, reference(used): signon.StandingRedeemed,
		reference(revoked): signon.StandingRevoked, reference(live): signon.StandingLive,
	}
	if diff := cmp.Diff(all, w.grants(signon.GrantFilter{})); diff != "" {
		t.Errorf("all (-want +got):\n%s", diff)
	}
	for _, standing := range signon.Standings() {
		got := w.grants(signon.GrantFilter{Standing: standing})
		for ref, s := range got {
			if s != standing || all[ref] != standing {
				t.Errorf("%s: got one that is %s", standing, s)
			}
		}
		if len(got) != 1 {
			t.Errorf("%s: got %d", standing, len(got))
		}
	}
	for name, c := range map[string]struct {
		filter signon.GrantFilter
		want   int
	}{
		"subject":           {signon.GrantFilter{Kind: signon.SubjectCustomer, Subject: "2"}, 1},
		"another kind":      {signon.GrantFilter{Kind: "member", Subject: "2"}, 0},
		"client":            {signon.GrantFilter{Client: "SHOP"}, 5},
		"another client":    {signon.GrantFilter{Client: "OTHER"}, 0},
		"another tenant":    {signon.GrantFilter{Tenant: "other"}, 0},
		"destination":       {signon.GrantFilter{Destination: "cart"}, 5},
		"no destination":    {signon.GrantFilter{Destination: "account"}, 0},
		"since":             {signon.GrantFilter{Since: start.Add(time.Second)}, 4},
		"since, exactly":    {signon.GrantFilter{Since: start}, 5},
		"until":             {signon.GrantFilter{Until: start.Add(time.Second)}, 1},
		"until, exactly":    {signon.GrantFilter{Until: start}, 1},
		"since and until":   {signon.GrantFilter{Since: start.Add(time.Second), Until: start.Add(2 * time.Second)}, 0},
		"live of a subject": {signon.GrantFilter{Standing: signon.StandingLive, Kind: signon.SubjectCustomer, Subject: "1"}, 0},
	} {
		if got := w.grants(c.filter); len(got) != c.want {
			t.Errorf("%s: got %d, want %d", name, len(got), c.want)
		}
	}
	first := 0
	if err := w.ListGrants(t.Context(), signon.GrantFilter{}, func(g *signon.Grant, _ signon.Standing) bool {
		first++
		return first < 2
	}); err != nil || first != 2 {
		t.Errorf("stopped after %d, %v; want 2", first, err)
	}
}
