package torture

import (
	"context"
	"os"
	"time"
)

// Rollback is a fault that no server can stand: its files are put back, with the mark
// that would tell.
const Rollback = "rollback"

func init() {
	faults = append(faults, fault{name: Rollback, engines: []string{SQLite}, short: 1, ground: plainGround, strike: strikeRollback})
}

func strikeRollback(ctx context.Context, w *world) error {
	n := w.nodes[0]
	copied := n.dataDir + "-copy"
	between := func(do func() error) error {
		w.wait(200*time.Millisecond, 300*time.Millisecond)
		n.kill()
		_ = os.Remove(n.socket()) // can't be copied
		if err := do(); err != nil {
			return err
		}
		return n.start(ctx)
	}
	if err := between(func() error { return os.CopyFS(copied, os.DirFS(n.dataDir)) }); err != nil {
		return err
	}
	w.verify() // what was issued before the copy is redeemed after it
	return between(func() error {
		if err := os.RemoveAll(n.dataDir); err != nil {
			return err
		}
		return os.Rename(copied, n.dataDir)
	})
}
