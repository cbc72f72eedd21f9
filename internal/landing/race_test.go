package landing_test

import (
	"net/http"
	"sync"
	"testing"
)

// at once runs n copies and waits for all of them.
func atOnce(n int, do func(i int)) {
	var ready, done sync.WaitGroup
	ready.Add(n)
	for i := range n {
		done.Go(func() {
			ready.Done()
			ready.Wait()
			do(i)
		})
	}
	done.Wait()
}

// copies returns browsers with the same cookies: tabs of one.
func (b *browser) copies(n int) []*browser {
	all := make([]*browser, n)
	for i := range all {
		all[i] = b.site.browser()
		for name, value := range b.cookies {
			all[i].cookies[name] = value
		}
	}
	return all
}

func TestTabsAtOnceShareOneSessionAndOneCart(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	link := s.cartLink(john, "PRODS=4639321")
	b.get(link) // the binding
	tabs := b.copies(32)
	atOnce(len(tabs), func(i int) {
		if a := tabs[i].get(link); a.StatusCode != http.StatusSeeOther {
			t.Errorf("tab %d: got %d", i, a.StatusCode)
		}
	})
	if n := s.redemptions(); n != 1 {
		t.Errorf("got %d redemptions, want 1", n)
	}
	for i, tab := range tabs {
		if tab.cookies["__Host-lk_cart"] != tabs[0].cookies["__Host-lk_cart"] || tab.cookies["__Host-lk_basket"] != tabs[0].cookies["__Host-lk_basket"] {
			t.Errorf("tab %d has another session or cart", i)
		}
	}
}

func TestStrangersAtOnceGetOneSession(t *testing.T) {
	s := newSite(t)
	link := s.cartLink(john, "PRODS=4639321")
	strangers := make([]*browser, 16)
	for i := range strangers {
		strangers[i] = s.browser()
		strangers[i].get(link)
	}
	var mu sync.Mutex
	in := 0
	atOnce(len(strangers), func(i int) {
		if strangers[i].get(link).StatusCode == http.StatusSeeOther {
			mu.Lock()
			in++
			mu.Unlock()
		}
	})
	if in != 1 || s.redemptions() != 1 {
		t.Errorf("%d browsers came in by %d redemptions, want 1 by 1", in, s.redemptions())
	}
}

func TestClicksAtOnceOrderOnce(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	form := with(b.follow(s.cartLink(john, "PRODS=4639321")).form(), "place", "1")
	tabs := b.copies(16)
	locations := make([]string, len(tabs))
	atOnce(len(tabs), func(i int) { locations[i] = tabs[i].post("/order/cart.php", form).Header.Get("Location") })
	orders := s.orders()
	if len(orders) != 1 {
		t.Fatalf("got %d orders, want 1", len(orders))
	}
	for i, l := range locations {
		if l != "/order/done?order="+orders[0].RefNo {
			t.Errorf("click %d led to %q", i, l)
		}
	}
}
