package signon

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func testKeyring(t testing.TB, fill byte) *Keyring {
	t.Helper()
	k, err := NewKeyring(bytes.Repeat([]byte{fill}, RootKeyLen), nil)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// sliceLog is an audit log in memory that a test can edit.
type sliceLog []ChainedEvent

func (l sliceLog) AppendEvent(context.Context, *Event) error      { return errors.New("read only") }
func (l sliceLog) AuditAnchor(context.Context) (ChainHead, error) { return ChainHead{}, nil }
func (l sliceLog) AuditStart(context.Context) (ChainHead, error)  { return ChainHead{}, nil }
func (l sliceLog) SweepAudit(context.Context, time.Time, int) (int, error) {
	return 0, errors.New("read only")
}

func (l sliceLog) Events(_ context.Context, after int64, limit int) (events []ChainedEvent, err error) {
	for _, e := range l {
		if e.Seq > after && len(events) < limit {
			events = append(events, e)
		}
	}
	return events, nil
}

func testLog(k *Keyring, n int) (sliceLog, ChainHead) {
	chain := k.Chain(ChainHead{})
	var log sliceLog
	for i := range n {
		e := &Event{Type: EventIssued, Tenant: "shop", Client: "C", Note: fmt.Sprint(i)}
		log = append(log, chain.Append(e, time.UnixMilli(int64(i)).UTC(), nil))
	}
	return log, chain.Head()
}

func TestAuditVerifyNamesTheFirstBadEvent(t *testing.T) {
	k := testKeyring(t, 1)
	edits := map[string]struct {
		edit func(sliceLog) sliceLog
		seq  int64
	}{
		"untouched":       {func(l sliceLog) sliceLog { return l }, 0},
		"a body changed":  {func(l sliceLog) sliceLog { l[4].Body[3] ^= 1; return l }, 5},
		"a hash changed":  {func(l sliceLog) sliceLog { l[4].Hash[0] ^= 1; return l }, 5},
		"one removed":     {func(l sliceLog) sliceLog { return append(l[:4:4], l[5:]...) }, 5},
		"two swapped":     {func(l sliceLog) sliceLog { l[4].Body, l[5].Body = l[5].Body, l[4].Body; return l }, 5},
		"the end cut off": {func(l sliceLog) sliceLog { return l[:7] }, 8},
		"all removed":     {func(sliceLog) sliceLog { return nil }, 1},
		"renumbered": {func(l sliceLog) sliceLog {
			l = append(l[:4:4], l[5:]...)
			for i := range l {
				l[i].Seq = int64(i + 1)
			}
			return l
		}, 5},
		"replaced with a log of another key": {func(sliceLog) sliceLog {
			other, err := NewKeyring(bytes.Repeat([]byte{9}, RootKeyLen), nil)
			if err != nil {
				panic(err)
			}
			l, _ := testLog(other, 10)
			return l
		}, 1},
	}
	for name, c := range edits {
		t.Run(name, func(t *testing.T) {
			log, head := testLog(k, 10)
			n, err := k.VerifyAudit(t.Context(), c.edit(log), head, nil)
			var broken *BrokenChain
			switch {
			case c.seq == 0 && (err != nil || n != 10):
				t.Errorf("got %d, %v; want 10 events and no error", n, err)
			case c.seq != 0 && (!errors.As(err, &broken) || broken.Seq != c.seq):
				t.Errorf("got %v, want the first bad event to be %d", err, c.seq)
			}
		})
	}
}

func TestAuditEventsRoundTrip(t *testing.T) {
	e := &Event{
		Type: EventRedeemed, At: time.UnixMilli(1763723700123).UTC(), Tenant: "shop", Client: "C", Destination: "cart", Grant: "abc",
		Reason: ReasonUsed, SupportCode: "X", Caller: "192.0.2.1", Note: "n\x00\u00fc", Personal: []byte{0, 1, 2},
	}
	got, err := DecodeEvent(e.encode(nil))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(e, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestErasingAPersonLeavesNothingReadableAndAValidChain(t *testing.T) {
	k := testKeyring(t, 1)
	key := PrivacyKey{1}
	sealed := SealPersonal(key, Personal{Subject: "352365983", Addr: "192.0.2.7"})
	if got, err := OpenPersonal(key, sealed); err != nil || got.Subject != "352365983" || got.Addr != "192.0.2.7" {
		t.Errorf("OpenPersonal: got %v, %v", got, err)
	}
	chain := k.Chain(ChainHead{})
	log := sliceLog{chain.Append(&Event{Type: EventIssued, Personal: sealed}, time.UnixMilli(1), nil)}
	if bytes.Contains(log[0].Body, []byte("352365983")) || bytes.Contains(log[0].Body, []byte("192.0.2.7")) {
		t.Error("the stored event shows personal details")
	}
	if _, err := OpenPersonal(PrivacyKey{2}, sealed); !errors.Is(err, ErrSealed) {
		t.Errorf("with another key: got %v, want ErrSealed", err)
	}
	if _, err := k.VerifyAudit(t.Context(), log, chain.Head(), nil); err != nil {
		t.Errorf("the chain needs the person's key: %v", err)
	}
	if SealPersonal(PrivacyKey{}, Personal{Subject: "1"}) != nil {
		t.Error("details were sealed under the zero key")
	}
}

func TestVerifyAcceptsAChainThatBeganUnderThePreviousRootKey(t *testing.T) {
	old := bytes.Repeat([]byte{1}, RootKeyLen)
	log, head := testLog(testKeyring(t, 1), 3)
	both, err := NewKeyring(bytes.Repeat([]byte{2}, RootKeyLen), old)
	if err != nil {
		t.Fatal(err)
	}
	chain := both.Chain(head)
	log = append(log, chain.Append(&Event{Type: EventIssued}, time.UnixMilli(9), nil))
	if n, err := both.VerifyAudit(t.Context(), log, chain.Head(), nil); err != nil || n != 4 {
		t.Errorf("got %d, %v", n, err)
	}
}

func FuzzDecodeEvent(f *testing.F) {
	f.Add((&Event{Type: EventIssued, Tenant: "t"}).encode(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := DecodeEvent(b)
		if err != nil {
			return
		}
		again, err := DecodeEvent(e.encode(nil))
		if err != nil || !cmp.Equal(e, again) {
			t.Errorf("decoding %x is not stable", b)
		}
	})
}
