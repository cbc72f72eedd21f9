package directory_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

func TestCheckJudgesASubscriptionWithoutItsCustomer(t *testing.T) {
	s := subscription(0)
	s.SKU, s.Product.Quantity = "  sku  ", 0
	before := s.Clone()
	if err := s.Check(); err != nil {
		t.Errorf("got %v, want nil", err)
	}
	if diff := cmp.Diff(before, s); diff != "" {
		t.Errorf("it was changed (-before +after):\n%s", diff)
	}
	s.StartsOn = directory.Date{}
	wantRefused(t, s.Check(), signon.CodeInvalid, directory.FieldStartsOn)
}
