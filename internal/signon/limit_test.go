package signon

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestLimitsCountLiveGrantsOnly(t *testing.T) {
	l, now := newLiveGrants(), time.Unix(1000, 0)
	limits := TenantLimits{LiveGrants: 3, LinksPerSubject: 2}
	add := func(subject SubjectRef, ttl time.Duration) time.Duration {
		return l.add("t", limits, customer(subject), now.Add(ttl), now)
	}
	if add("a", 10*time.Second) != 0 || add("a", 20*time.Second) != 0 {
		t.Fatal("the first two links are refused")
	}
	if wait := add("a", time.Second); wait != 11*time.Second {
		t.Errorf("third link of one person: wait %v, want 11s, when the first has expired", wait)
	}
	if add("b", 5*time.Second) != 0 {
		t.Error("another person's first link is refused")
	}
	if wait := add("c", time.Second); wait != 6*time.Second {
		t.Errorf("fourth grant of the tenant: wait %v, want 6s", wait)
	}
	if l.add("u", limits, customer("a"), now.Add(time.Second), now) != 0 {
		t.Error("another tenant is refused")
	}
	l.remove("t", customer("b"), now.Add(5*time.Second))
	if add("c", time.Second) != 0 {
		t.Error("a redeemed grant still counts")
	}
	now = now.Add(11 * time.Second)
	if add("a", time.Second) != 0 {
		t.Error("an expired grant still counts")
	}
}

func TestLimitsAgreeWithAPlainList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type grant struct {
			subject SubjectRef
			expires time.Time
		}
		l, now := newLiveGrants(), time.Unix(1000, 0)
		limits := TenantLimits{LiveGrants: 6, LinksPerSubject: 3}
		var list []grant
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			switch rapid.IntRange(0, 3).Draw(t, "what") {
			case 0, 1:
				g := grant{SubjectRef(fmt.Sprint(rapid.IntRange(0, 3).Draw(t, "who"))), now.Add(time.Duration(rapid.IntRange(1, 9).Draw(t, "ttl")) * time.Second)}
				total, mine := 0, 0
				for _, o := range list {
					if !o.expires.Before(now) {
						total++
						if o.subject == g.subject {
							mine++
						}
					}
				}
				refused := l.add("t", limits, customer(g.subject), g.expires, now) > 0
				if want := total >= limits.LiveGrants || mine >= limits.LinksPerSubject; refused != want {
					t.Fatalf("refused: got %v, want %v with %d and %d live", refused, want, total, mine)
				}
				if !refused {
					list = append(list, g)
				}
			case 2:
				if len(list) > 0 {
					i := rapid.IntRange(0, len(list)-1).Draw(t, "which")
					if !list[i].expires.Before(now) {
						l.remove("t", customer(list[i].subject), list[i].expires)
						list = append(list[:i], list[i+1:]...)
					}
				}
			case 3:
				now = now.Add(time.Duration(rapid.IntRange(0, 12).Draw(t, "pause")) * time.Second)
			}
		}
	})
}

func customer(ref SubjectRef) Person { return Person{SubjectCustomer, ref} }
