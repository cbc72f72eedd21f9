package archive

import (
	"context"
	"fmt"
	"io"

	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/tables"
)

// Loading is how an archive gets into a store.
type Loading struct {
	// Src is the archive.
	Src io.Reader
	// Keys are those that it was written under. Required.
	Keys *signon.Keyring
	// Replace lets the store have rows already, which are removed.
	Replace bool
	// Progress, unless nil, is told now and then how many rows are there.
	Progress func(rows, all int64)
	// Header is that of the archive, once it was read.
	Header Header
}

// Restore returns how a store is filled with what it, or another one, had been
// before: all live grants and sessions are void from then on.
func (l *Loading) Restore(ctx context.Context) *tables.Fill {
	f := l.fill(ctx, func() *signon.Event {
		note := fmt.Sprintf("a backup was restored: its log ended with event %d", l.Header.LastEvent)
		return &signon.Event{Type: signon.EventEpoch, Note: note}
	})
	f.Raise = true
	return f
}

// Move returns how a store is filled that goes on in the place of the one that the
// archive is of, which is never used again.
func (l *Loading) Move(ctx context.Context) *tables.Fill {
	return l.fill(ctx, func() *signon.Event { return &signon.Event{Type: signon.EventMoved} })
}

func (l *Loading) fill(ctx context.Context, event func() *signon.Event) *tables.Fill {
	f := &tables.Fill{Replace: l.Replace}
	f.Load = func(into tables.Filler) (tables.State, error) {
		r, err := NewReader(l.Src, l.Keys)
		if err != nil {
			return tables.State{}, err
		}
		l.Header = r.Header
		f.Event = event()
		return r.Header.State(), r.Load(ctx, into, l.Progress)
	}
	return f
}
