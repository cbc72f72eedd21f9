package signon

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// counting is the state of counting live grants anew.
type counting struct {
	mu     sync.Mutex   // held while all are counted, or what others changed
	epoch  atomic.Int64 // of what is counted
	cancel atomic.Pointer[context.CancelFunc]

	patience time.Duration // how long a caller waits; then it goes on beside everything else
	page     int           // how many grants are read at a time
}

// stop ends a count that goes on beside everything else.
func (c *counting) stop() {
	if cancel := c.cancel.Load(); cancel != nil {
		(*cancel)()
	}
}

const (
	countPage     = 1000
	countPatience = 2 * time.Second
	countRetry    = time.Second
)

// CountLive counts the live grants of tenants with limits anew, after a start. With
// millions of them it returns before all are counted: limits hold for those that are,
// until the rest follows within a minute or two. Grants spent meanwhile may be
// miscounted until they expire.
func (s *Service) CountLive(ctx context.Context) error {
	s.counting.stop()
	s.counting.mu.Lock()
	count, err := s.newCount(ctx)
	if err != nil || count == nil {
		return s.notCounted(err)
	}
	began := time.Now() //nolint:forbidigo // how long it takes
	for !count.done {
		if err := count.page(ctx); err != nil {
			return s.notCounted(err)
		}
		if time.Since(began) >= s.counting.patience && !count.done { //nolint:forbidigo // how long it takes
			s.countOn(count)
			return nil
		}
	}
	s.counting.mu.Unlock()
	return nil
}

// uncounted is in the place of the epoch of what is counted where that is to be
// counted anew.
const uncounted = -1

// notCounted ends a count that failed, or that found nothing to count: without an
// error.
func (s *Service) notCounted(err error) error {
	if err != nil {
		s.counting.epoch.Store(uncounted)
	}
	s.counting.mu.Unlock()
	return err
}

// countOn finishes the count beside everything else, for which it leaves half of the
// time, and lets go of s.counting then.
func (s *Service) countOn(count *count) {
	ctx, cancel := context.WithCancel(context.Background())
	s.counting.cancel.Store(&cancel)
	s.log.Info("there are many live links: limits hold for those that have been counted so far")
	go func() {
		defer s.counting.mu.Unlock()
		defer cancel()
		for !count.done && ctx.Err() == nil {
			pause, began := countRetry, time.Now() //nolint:forbidigo // how long it takes
			if err := count.page(ctx); err == nil {
				pause = time.Since(began) //nolint:forbidigo // how long it took
			} else if ctx.Err() == nil {
				s.log.Warn("live links can't be counted for the moment", "error", err)
			}
			select {
			case <-ctx.Done():
			case <-time.After(pause):
			}
		}
		if count.done {
			s.log.Info("all live links are counted")
		}
	}()
}

// count is a count under way. What it finds is counted with what is issued meanwhile.
type count struct {
	service *Service
	tenants map[TenantID]TenantLimits // those with limits: count all, refuse none
	voids   *voids
	start   time.Time
	epoch   int64
	after   GrantKey
	done    bool
}

// newCount forgets what was counted, and returns the count that finds it again; nil
// when there is nothing to count.
func (s *Service) newCount(ctx context.Context) (*count, error) {
	now, epoch := s.store.Now(), s.store.Epoch()
	s.counting.epoch.Store(epoch)
	c := &count{service: s, tenants: map[TenantID]TenantLimits{}, voids: newVoids(s.store), start: now, epoch: epoch, after: ExpiryKey(now)}
	for id, t := range s.Registry().tenants {
		if t.Limits != (TenantLimits{}) {
			c.tenants[id] = TenantLimits{LiveGrants: maxInt}
		}
	}
	if len(c.tenants) == 0 {
		return nil, nil
	}
	if shared, ok := s.store.(SharedStore); ok { // what others do from now on is counted later
		if err := shared.SkipForeign(ctx); err != nil {
			return nil, fmt.Errorf("count live grants: %w", err)
		}
	}
	s.live.reset()
	return c, nil
}

const maxInt = int(^uint(0) >> 1)

// page counts the next grants.
func (c *count) page(ctx context.Context) error {
	s := c.service
	grants, err := s.store.Grants(ctx, c.after, s.counting.page)
	if err != nil {
		return fmt.Errorf("count live grants: %w", err)
	}
	now := s.store.Now()
	for i := range grants {
		if err := c.add(ctx, &grants[i], now); err != nil {
			return fmt.Errorf("count live grants: %w", err)
		}
	}
	if len(grants) < s.counting.page {
		c.done = true
	} else {
		c.after = grants[len(grants)-1].Key
	}
	return nil
}

func (c *count) add(ctx context.Context, g *Grant, now time.Time) error {
	limits, ok := c.tenants[g.Tenant]
	if !ok || g.Standing(now, c.epoch) != StandingLive || // by its key alone a numbered one lives for a day
		g.IssuedAt.After(c.start) { // it was counted as it was issued, or will be
		return nil
	}
	void, err := c.voids.void(ctx, g)
	if err == nil && !void {
		c.service.live.add(g.Tenant, limits, g.person(), g.ExpiresAt, now)
	}
	return err
}
