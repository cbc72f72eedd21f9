package server

import (
	"context"
	"log/slog"
	"time"
)

// How expired grants and sessions are removed: in small steps, so that nobody
// waits long behind one, and with pauses at least as long as the steps, so that
// half of the writer's time is always free for requests.
const (
	sweepBatch = 500
	sweepPause = 5 * time.Millisecond
	sweepIdle  = time.Second
	sweepRetry = 10 * time.Second
)

// sweep removes what is long over until ctx ends.
func sweep(ctx context.Context, step func(ctx context.Context, batch int) (more bool, err error), log *slog.Logger) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		started := time.Now()
		more, err := step(ctx, sweepBatch)
		if err != nil && ctx.Err() == nil {
			log.Warn("sweep: expired rows were not removed", "error", err)
		}
		timer.Reset(pause(more, err, time.Since(started)))
	}
}

// pause returns how long to wait after a step that took that long.
func pause(more bool, err error, took time.Duration) time.Duration {
	switch {
	case err != nil:
		return sweepRetry
	case more:
		return max(sweepPause, took)
	}
	return sweepIdle
}

// followPause is between two looks at what other nodes did.
const followPause = time.Second

// follow has limits know of what other nodes issue, until ctx ends.
func (s *Server) follow(ctx context.Context) {
	tick := time.NewTicker(followPause)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for more := true; more && ctx.Err() == nil; {
			var err error
			if more, err = s.followStep(ctx); err != nil {
				s.log.Debug("what other nodes issue is not known", "error", err)
			}
		}
	}
}

func (s *Server) followStep(ctx context.Context) (more bool, err error) {
	s.sweeping.Lock()
	defer s.sweeping.Unlock()
	return s.core.Load().signOn.Follow(ctx)
}
