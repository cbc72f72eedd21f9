package throttle

import (
	"fmt"
	"sync"
	"testing"
	"time"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func TestAKeyIsBlockedAfterItsFailuresAndFreeAfterTheWait(t *testing.T) {
	th := New(10, 100)
	for i := range 10 {
		if wait := th.Blocked("a", start); wait != 0 {
			t.Fatalf("after %d failures: got wait %v, want 0", i, wait)
		}
		if !th.Count("a", start) {
			t.Errorf("failure %d has no room", i)
		}
	}
	if th.Count("a", start) {
		t.Error("one failure more has room")
	}
	wait := th.Blocked("a", start)
	if wait <= 0 || wait > 6*time.Second+time.Millisecond {
		t.Fatalf("after 10 failures: got wait %v, want about 6s", wait)
	}
	if again := th.Blocked("a", start.Add(wait-time.Second)); again == 0 {
		t.Error("a second too early: got 0, want still blocked")
	}
	if again := th.Blocked("a", start.Add(wait)); again != 0 {
		t.Errorf("after the wait: got %v, want 0", again)
	}
	if other := th.Blocked("b", start); other != 0 {
		t.Errorf("another key: got %v, want 0", other)
	}
}

func TestFailuresWhileBlockedDoNotProlongTheWait(t *testing.T) {
	th := New(1, 10)
	th.Count("a", start)
	wait := th.Blocked("a", start)
	for range 50 {
		th.Count("a", start)
	}
	if got := th.Blocked("a", start); got != wait {
		t.Errorf("got %v, want %v", got, wait)
	}
}

func TestAFloodOfKeysIsForgotten(t *testing.T) {
	th := New(1, 50)
	for i := range 10_000 {
		th.Count(fmt.Sprint(i), start)
	}
	if got := th.keys.Len(); got != 50 {
		t.Errorf("got %d keys, want 50", got)
	}
	if th.Blocked("9999", start) == 0 {
		t.Error("the latest key is not remembered")
	}
}

func TestNoRateMeansNoLimit(t *testing.T) {
	th := New(0, 10)
	for range 1000 {
		th.Count("a", start)
	}
	if wait := th.Blocked("a", start); wait != 0 {
		t.Errorf("got %v, want 0", wait)
	}
}

func TestConcurrentFailuresOfANewKeyAreAllCounted(t *testing.T) {
	th := New(64, 10)
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() { th.Count("a", start) })
	}
	wg.Wait()
	if th.Blocked("a", start) == 0 {
		t.Error("64 of 64 failures counted at once, yet the key is not blocked")
	}
}

func BenchmarkBlockedUnknownKey(b *testing.B) {
	th := New(10, Keys)
	for b.Loop() {
		th.Blocked("192.0.2.1", start)
	}
}
