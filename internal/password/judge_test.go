package password

import (
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var here = netip.MustParseAddr("192.0.2.1")

// counting is a judge with a clock that is set, which counts what it computes. Its
// computing costs nothing: a password is right when it is "right".
type counting struct {
	*Judge
	computed  atomic.Int64
	unhashed  atomic.Int64 // with something that is no hash
	at        time.Time
	standedIn atomic.Int64
}

func newCounting() *counting {
	c := &counting{Judge: NewJudge(), at: time.Unix(1_790_000_000, 0)}
	c.now = func() time.Time { return c.at }
	c.Judge.compute = func(hash, plain string) bool {
		c.computed.Add(1)
		if Check(hash) != nil {
			c.unhashed.Add(1)
		}
		if hash == standIn {
			c.standedIn.Add(1)
		}
		return plain == "right"
	}
	return c
}

func TestJudgeRightAndWrongPasswords(t *testing.T) {
	j := NewJudge()
	hash := mustHash(t, "correct horse")
	for _, c := range []struct {
		hash, plain string
		want        Verdict
	}{
		{hash, "correct horse", Right},
		{hash, "correct horse", Right}, // remembered
		{hash, "Correct horse", Wrong},
		{hash, "", Wrong},
		{hash, hash, Wrong},
		{"correct horse", "correct horse", Wrong},
		{"", "", Wrong},
		{standIn, "", Wrong},
	} {
		if got := j.Judge(here, c.hash, c.plain); got != c.want {
			t.Errorf("a password of %d characters: got %v, want %v", len(c.plain), got, c.want)
		}
	}
}

func TestAStrangerCostsWhatAClientCosts(t *testing.T) {
	j := newCounting()
	for i := range 3 {
		if got := j.Judge.Judge(here, hashOf, "wrong"); got != Wrong {
			t.Errorf("a client: got %v", got)
		}
		client := j.computed.Swap(0)
		if got := j.Judge.Judge(here, "stranger", "right"); got != Wrong {
			t.Errorf("a stranger: got %v", got)
		}
		stranger := j.computed.Swap(0)
		if client != 1 || stranger != 1 {
			t.Errorf("try %d: %d computations for a client and %d for a stranger, want one each", i, client, stranger)
		}
	}
	if j.unhashed.Load() != 0 || j.standedIn.Load() != 3 {
		t.Error("a stranger was judged by something else than the hash of the standard parameters")
	}
	if j.Remembers("stranger", "right") {
		t.Error("a stranger is remembered")
	}
}

func TestARightPasswordIsRememberedForAMinuteSinceItWasLastAskedFor(t *testing.T) {
	j := newCounting()
	if j.Remembers(hashOf, "right") {
		t.Error("remembered before it was judged")
	}
	for _, step := range []struct {
		after time.Duration
		want  int64 // computations so far
	}{{0, 1}, {RememberedFor - 1, 1}, {RememberedFor - 1, 1}, {RememberedFor, 2}, {time.Second, 2}} {
		j.at = j.at.Add(step.after)
		if got := j.Judge.Judge(here, hashOf, "right"); got != Right || j.computed.Load() != step.want {
			t.Errorf("after %v: got %v and %d computations, want %d", step.after, got, j.computed.Load(), step.want)
		}
	}
	if !j.Remembers(hashOf, "right") || j.Remembers(hashOf, "wrong") || j.Remembers(standIn, "right") {
		t.Error("remembered is another than what was right")
	}
	// The hash and the password are told apart.
	if j.Remembers(hashOf+"r", "ight") || j.Remembers(hashOf[:len(hashOf)-1], hashOf[len(hashOf)-1:]+"right") {
		t.Error("another split of the same text is remembered")
	}
	j.at = j.at.Add(RememberedFor)
	if j.Remembers(hashOf, "right") {
		t.Error("remembered beyond its time")
	}
}

func TestAWrongPasswordIsNotRemembered(t *testing.T) {
	j := newCounting()
	for range 3 {
		j.Judge.Judge(here, hashOf, "wrong")
	}
	if got := j.computed.Load(); got != 3 {
		t.Errorf("got %d computations, want 3", got)
	}
}

func TestWhatIsRememberedIsBounded(t *testing.T) {
	j := newCounting()
	j.Judge.compute = func(string, string) bool { return true }
	for i := range remembered + 10 {
		j.Judge.Judge(here, hashOf, strconv.Itoa(i))
	}
	if got := j.right.Len(); got != remembered {
		t.Errorf("got %d remembered, want %d", got, remembered)
	}
}

// held lets computations begin and holds them until it is told.
type held struct {
	*Judge
	begun   chan string // the password of each
	release chan struct{}
	now     atomic.Int64
	most    atomic.Int64
	done    sync.WaitGroup
}

func newHeld(right bool) *held {
	h := &held{Judge: NewJudge(), begun: make(chan string, 1000), release: make(chan struct{})}
	h.compute = func(_, plain string) bool {
		for n := h.now.Add(1); ; {
			most := h.most.Load()
			if n <= most || h.most.CompareAndSwap(most, n) {
				break
			}
		}
		h.begun <- plain
		<-h.release
		h.now.Add(-1)
		return right
	}
	return h
}

// ask judges in the background, and returns when that computes, or waits.
func (h *held) ask(t *testing.T, from netip.Addr, plain string) <-chan Verdict {
	t.Helper()
	before := h.waiting()
	verdict := make(chan Verdict, 1)
	h.done.Go(func() { verdict <- h.Judge.Judge(from, hashOf, plain) })
	for h.waiting() == before && len(verdict) == 0 {
		time.Sleep(time.Microsecond)
	}
	return verdict
}

// computedBefore lets one computation after the other end until n of a password have
// begun, and returns how many others began before. It lets none end before as many
// as there may be have begun, so that only the gate decides who is next.
func (h *held) computedBefore(plain string, n int) (others int) {
	for begun := 1; ; begun++ {
		if <-h.begun == plain {
			if n--; n == 0 {
				return others
			}
		} else {
			others++
		}
		if begun >= atOnce {
			h.release <- struct{}{}
		}
	}
}

func (h *held) waiting() int {
	h.gate.mu.Lock()
	defer h.gate.mu.Unlock()
	return h.gate.inside
}

func addr(i int) netip.Addr { return netip.AddrFrom4([4]byte{198, 51, byte(i >> 8), byte(i)}) }

func TestTwoAreComputedAtOnceAndFewWait(t *testing.T) {
	h := newHeld(false)
	var asked []<-chan Verdict
	for i := range mostOfAll {
		asked = append(asked, h.ask(t, addr(i), "wrong"))
	}
	if got := h.Judge.Judge(addr(5000), hashOf, "wrong"); got != Busy {
		t.Errorf("one more: got %v, want Busy", got)
	}
	for range atOnce {
		<-h.begun // inside the gate is not yet computing
	}
	close(h.release)
	for i, v := range asked {
		if got := <-v; got != Wrong {
			t.Errorf("number %d: got %v, want Wrong", i, got)
		}
	}
	h.done.Wait()
	if got := h.most.Load(); got != atOnce {
		t.Errorf("%d were computed at once, want %d", got, atOnce)
	}
	if got := h.Judge.Judge(addr(5000), hashOf, "wrong"); got != Wrong {
		t.Errorf("afterwards: got %v, want Wrong", got)
	}
	if len(h.gate.queues) != 0 || h.gate.inside != 0 {
		t.Errorf("%d addresses and %d places are left behind", len(h.gate.queues), h.gate.inside)
	}
}

func TestOneAddressIsAheadOfAnotherByTwoAtMost(t *testing.T) {
	h := newHeld(false)
	network := netip.MustParseAddr("2001:db8::")
	for i := range mostOfOne {
		b := network.As16()
		b[15] = byte(i) // a /64 is one
		h.ask(t, netip.AddrFrom16(b), "wrong")
	}
	if got := h.Judge.Judge(network, hashOf, "wrong"); got != Busy {
		t.Errorf("one more of that address: got %v, want Busy", got)
	}
	h.ask(t, here, "other")
	if got := h.computedBefore("other", 1); got > 2*atOnce-1 {
		t.Errorf("the other was computed after %d", got)
	}
	close(h.release)
	h.done.Wait()
}

// TestTwoAddressesDoNotKeepOthersOut fills all places from two addresses. Another
// one gets in all the same, and is judged after a few computations.
func TestTwoAddressesDoNotKeepOthersOut(t *testing.T) {
	h := newHeld(false)
	hostile := [...]netip.Addr{addr(1), addr(2)}
	var asked []<-chan Verdict
	for i := range mostOfAll {
		asked = append(asked, h.ask(t, hostile[i%2], "wrong"))
	}
	verdicts := make(chan Verdict, 3)
	for i := range 3 { // the others of the two give way, the newest first
		h.done.Go(func() { verdicts <- h.Judge.Judge(here, hashOf, "other") })
		if got := <-asked[mostOfAll-1-i]; got != Busy {
			t.Errorf("the newest but %d: got %v, want Busy", i, got)
		}
		if got := h.Judge.Judge(hostile[1-i%2], hashOf, "wrong"); got != Busy {
			t.Errorf("one of theirs in its place: got %v, want Busy", got)
		}
	}
	if got := h.computedBefore("other", 3); got > 4*atOnce {
		t.Errorf("the third was computed after %d of theirs", got)
	}
	close(h.release)
	for i, v := range asked[:mostOfAll-3] {
		if got := <-v; got != Wrong {
			t.Errorf("number %d: got %v, want Wrong", i, got)
		}
	}
	h.done.Wait()
	for range 3 {
		if got := <-verdicts; got != Wrong {
			t.Errorf("the others: got %v, want Wrong", got)
		}
	}
	if len(h.gate.queues) != 0 || h.gate.inside != 0 || h.gate.through != 0 || len(h.gate.line) != 0 {
		t.Errorf("left behind: %d addresses, %d inside, %d through, %d in the line", len(h.gate.queues), h.gate.inside, h.gate.through, len(h.gate.line))
	}
}

// TestWhoCameFirstIsNext has five of each of two addresses come one after the other,
// and each leave when the next is through.
func TestWhoCameFirstIsNext(t *testing.T) {
	g := newGate()
	var all []*waiter
	for i := range 10 {
		all = append(all, g.admit(neighbourhood(addr(i/5))))
	}
	var order []int
	for len(order) < len(all) {
		before := len(order)
		for i, w := range all {
			if len(w.turn) > 0 && <-w.turn {
				order = append(order, i)
			}
		}
		for _, i := range order[before:] {
			g.leave(neighbourhood(addr(i/5)), all[i].queue)
		}
	}
	if want := []int{0, 1, 5, 6, 2, 3, 7, 8, 4, 9}; !slices.Equal(order, want) {
		t.Errorf("got the order %v, want %v", order, want)
	}
}

func TestThoseWhoWaitForTheSamePasswordAreNotComputed(t *testing.T) {
	h := newHeld(true)
	var asked []<-chan Verdict
	for range mostOfOne {
		asked = append(asked, h.ask(t, here, "right"))
	}
	close(h.release)
	for i, v := range asked {
		if got := <-v; got != Right {
			t.Errorf("number %d: got %v, want Right", i, got)
		}
	}
	h.done.Wait()
	if got := len(h.begun); got > atOnce {
		t.Errorf("got %d computations, want those %d that began at once", got, atOnce)
	}
}

func BenchmarkJudgeRemembered(b *testing.B) {
	j := NewJudge()
	hash := mustHash(b, "correct horse")
	b.ReportAllocs()
	for b.Loop() {
		if j.Judge(here, hash, "correct horse") != Right {
			b.Fatal("not right")
		}
	}
}

func BenchmarkJudgeWrong(b *testing.B) {
	j := NewJudge()
	hash := mustHash(b, "correct horse")
	for b.Loop() {
		if j.Judge(here, hash, "wrong") != Wrong {
			b.Fatal("not wrong")
		}
	}
}
