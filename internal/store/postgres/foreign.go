package postgres

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/tables"
)

var _ signon.SharedStore = (*Store)(nil)

// foreign tells the events of this process from those of others.
type foreign struct {
	mu      sync.Mutex
	epoch   int64
	told    int64   // events up to this one have been told, or are not to be
	own     []span  // events of this process after that one, in order
	pending []int64 // the first events of groups that are being committed here
}

// span is a row of events: the first and the last.
type span struct{ first, last int64 }

// begin notes that events from that one on are being committed here. Whoever commits
// holds the head, so nobody else's come between.
func (f *foreign) begin(first int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.pending = append(f.pending, first)
}

// end notes how that came out. Where that is not known, the events count as another
// process's: their callers were told that they may not have happened.
func (f *foreign) end(events span, committed bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if i := slices.Index(f.pending, events.first); i >= 0 {
		f.pending = slices.Delete(f.pending, i, i+1)
	}
	if !committed || events.last <= f.told {
		return
	}
	if n := len(f.own); n > 0 && f.own[n-1].last+1 == events.first {
		f.own[n-1].last = events.last
		return
	}
	f.own = append(f.own, events)
}

// others returns which events up to that one are not this process's, and up to which
// one that is known.
func (f *foreign) others(upTo int64) (gaps []span, end int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, first := range f.pending {
		upTo = min(upTo, first-1)
	}
	next := f.told + 1
	for _, s := range f.own {
		if s.first > upTo {
			break
		}
		if s.first > next {
			gaps = append(gaps, span{next, s.first - 1})
		}
		next = max(next, s.last+1)
	}
	if next <= upTo {
		gaps = append(gaps, span{next, upTo})
	}
	return gaps, upTo
}

// restart forgets what is known of another epoch: in this one the log may have gone
// back, and events have the numbers of others.
func (f *foreign) restart(epoch int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if epoch != f.epoch {
		f.epoch, f.told, f.own = epoch, 0, nil
	}
}

// tell notes that all events up to that one have been told.
func (f *foreign) tell(end int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.told = max(f.told, end)
	f.own = slices.DeleteFunc(f.own, func(s span) bool { return s.last <= f.told })
}

// lastEvent returns the number of the latest event.
func (s *Store) lastEvent(ctx context.Context) (seq int64, err error) {
	err = engine{s}.Read(ctx, "read the end of the audit log", func(r tables.Reader) error {
		found, err := r.One("SELECT seq FROM head")
		if err == nil && found != nil {
			seq = found.Int(0)
		}
		return err
	})
	return seq, err
}

// SkipForeign passes over what others have done so far. See [signon.SharedStore].
func (s *Store) SkipForeign(ctx context.Context) error {
	s.foreign.restart(s.Epoch()) // before the end of the log is looked for
	last, err := s.lastEvent(ctx)
	if err != nil {
		return err
	}
	_, end := s.foreign.others(last)
	s.foreign.tell(end)
	return nil
}

const (
	selectEvents = `SELECT e.seq, e.body FROM unnest(?1::bigint[], ?2::bigint[]) AS gap (first, last)
CROSS JOIN LATERAL (SELECT seq, body FROM audit WHERE seq BETWEEN gap.first AND gap.last ORDER BY seq) AS e`

	selectGrants = "SELECT " + tables.GrantColumns + ` FROM unnest(?1::bytea[], ?2::bytea[]) AS wanted (first, last)
CROSS JOIN LATERAL (SELECT * FROM grants WHERE key BETWEEN wanted.first AND wanted.last) AS g`
)

// Foreign returns the next events of other processes. See [signon.SharedStore].
func (s *Store) Foreign(ctx context.Context, limit int) (events []signon.ChainedEvent, more bool, err error) {
	last, err := s.lastEvent(ctx)
	if err != nil {
		return nil, false, err
	}
	gaps, end := s.foreign.others(last)
	var firsts, lasts []int64
	for room := int64(limit); len(gaps) > 0; gaps = gaps[1:] {
		if room == 0 {
			more, end = true, gaps[0].first-1
			break
		}
		gap := gaps[0]
		if gap.last-gap.first >= room {
			more, end, gap.last = true, gap.first+room-1, gap.first+room-1
			gaps = gaps[:1]
		}
		firsts, lasts = append(firsts, gap.first), append(lasts, gap.last)
		room -= gap.last - gap.first + 1
	}
	if events, err = s.eventsOf(ctx, firsts, lasts); err != nil {
		return nil, false, err
	}
	s.foreign.tell(end)
	return events, more, nil
}

func (s *Store) eventsOf(ctx context.Context, firsts, lasts []int64) (events []signon.ChainedEvent, err error) {
	if len(firsts) == 0 {
		return nil, nil
	}
	err = engine{s}.Scan(ctx, "read audit log", func(r tables.Reader) error {
		return r.Each(selectEvents, func(row tables.Row) error {
			events = append(events, signon.ChainedEvent{Seq: row.Int(0), Body: row.Blob(1)})
			return nil
		}, firsts, lasts)
	})
	return events, err
}

// GrantsByReference returns the grants with those references. See
// [signon.SharedStore].
func (s *Store) GrantsByReference(ctx context.Context, refs []signon.Reference) (grants []signon.Grant, err error) {
	firsts, lasts := make([][]byte, 0, len(refs)), make([][]byte, 0, len(refs))
	for _, ref := range refs {
		first, last, ok := ref.Range()
		if !ok {
			return nil, fmt.Errorf("read grants: %w: %q is no reference", errOurs, ref)
		}
		firsts, lasts = append(firsts, first[:]), append(lasts, last[:])
	}
	err = engine{s}.Scan(ctx, "read grants", func(r tables.Reader) error {
		return r.Each(selectGrants, func(row tables.Row) error {
			g, err := row.Grant()
			grants = append(grants, g)
			return err
		}, firsts, lasts)
	})
	return grants, err
}
