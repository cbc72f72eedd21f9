package avangate_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/latchkey-sso/latchkey/internal/avangatetest"
	"github.com/latchkey-sso/latchkey/internal/dialect/avangate"
	"github.com/latchkey-sso/latchkey/internal/directory"
)

// subscribe gives the customer without cards subscriptions, of which the demo
// has one, up to that many.
func subscribe(w *avangatetest.World, total int) {
	w.Helper()
	var b directory.Batch
	for i := range total - 1 {
		s := avangatetest.Subscription(avangatetest.Shop, fmt.Sprintf("%010X", i), 352365984, 2027)
		s.EndUser = &directory.Contact{FirstName: "Eva", Email: "eva@example.com"}
		b.Subscriptions = append(b.Subscriptions, s)
	}
	w.Load(avangatetest.Shop, &b)
}

func TestAListHasAtMost200Subscriptions(t *testing.T) {
	w := avangatetest.New(t)
	c := login(w, "AVANGATE", "SECRET_KEY")
	subscribe(w, 201)
	got := c.want("getCustomerSubscriptions", "352365984")
	if n := strings.Count(got, `"SubscriptionReference"`); n != 200 {
		t.Errorf("got %d subscriptions, want 200", n)
	}
	if !strings.HasPrefix(got, `[{"SubscriptionReference":"0000000000"`) || strings.Contains(got, "DC47E143FA") {
		t.Error("they are not the first ones")
	}
}

func TestEndUsersOfVeryManySubscriptionsAreNotChangedInOneCall(t *testing.T) {
	w := avangatetest.New(t)
	c := login(w, "AVANGATE", "SECRET_KEY")
	change := map[string]any{"ExternalCustomerReference": "NoCards1", "FirstName": "Mia"}
	subscribe(w, 1000)
	c.want("updateCustomerInformation", change, true)
	if got := c.want("getSubscription", "0000000000"); !strings.Contains(got, `"FirstName":"Mia"`) {
		t.Errorf("got %s", got)
	}
	subscribe(w, 1001)
	change["FirstName"] = "Lea"
	_, err := c.call("updateCustomerInformation", change, true)
	wantFault(t, err, avangate.LimitExceeded, "updateEndUserSubscriptions")
	if got := c.want("getCustomerInformation", nil, "NoCards1"); !strings.Contains(got, `"FirstName":"Mia"`) {
		t.Errorf("got %s, want the customer unchanged", got)
	}
	c.want("updateCustomerInformation", change, false)
}
