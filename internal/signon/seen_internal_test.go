package signon

import (
	"testing"
	"time"
)

func TestAMarkOfTheFutureCountsAsNothing(t *testing.T) {
	keys := testKeyring(t, 1)
	s := &Service{keys: keys}
	start := time.UnixMilli(1_790_000_000_000).UTC()
	b := &BrowserSession{Key: GrantKey{7}, StartedAt: start}
	now := start.Add(time.Minute)
	for _, c := range []struct {
		name     string
		at, want time.Time
	}{
		{"now", now, now},
		{"a millisecond ahead", now.Add(time.Millisecond), start},
		{"an hour ahead", now.Add(time.Hour), start},
		{"before the session started", start.Add(-time.Millisecond), start},
		{"between", start.Add(time.Second), start.Add(time.Second)},
		{"before 1970", time.UnixMilli(-1), start},
	} {
		if got := s.lastSeen(b, keys.seenMark(b.Key, c.at), now); !got.Equal(c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
	if mark := keys.seenMark(b.Key, now); len(mark) != 32 {
		t.Errorf("a mark has %d characters, want 32", len(mark))
	}
	if _, ok := keys.seenAt(GrantKey{8}, keys.seenMark(b.Key, now)); ok {
		t.Error("a mark counts for another session")
	}
	if _, ok := testKeyring(t, 2).seenAt(b.Key, keys.seenMark(b.Key, now)); ok {
		t.Error("a mark counts under another root key")
	}
}
