package tables

import (
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

func TestOnlySoManyGrantsAreRemembered(t *testing.T) {
	t.Parallel()
	r := NewRecent()
	for i := range recentGrants + 10 {
		r.Remember(&signon.Grant{Key: signon.ExpiryKey(time.Unix(int64(i), 0))})
	}
	if len(r.grants) != recentGrants || len(r.order) != recentGrants {
		t.Errorf("got %d grants in %d places, want %d", len(r.grants), len(r.order), recentGrants)
	}
	for i, want := range map[int64]bool{9: false, 10: true, recentGrants + 9: true} {
		if _, got := r.Find(signon.ExpiryKey(time.Unix(i, 0))); got != want {
			t.Errorf("grant %d: remembered %v, want %v", i, got, want)
		}
	}
}
