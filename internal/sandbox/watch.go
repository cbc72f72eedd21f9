package sandbox

import "context"

// watchLen is how many calls a watcher may be behind.
const watchLen = 256

// Watch returns the calls as they end, until ctx does; then the channel is closed.
// Nobody waits for a watcher: one who is slow loses the oldest of those that it has
// not taken yet, and sees that by their IDs, which have no gaps otherwise.
//
// Who wants a list and what follows it watches first, then reads the list, and
// drops calls that it has already.
func (s *Sandbox) Watch(ctx context.Context) <-chan *Call { return s.calls.watch(ctx) }

func (l *callLog) watch(ctx context.Context) <-chan *Call {
	watcher := make(chan *Call, watchLen)
	l.mu.Lock()
	l.watchers[watcher] = struct{}{}
	l.mu.Unlock()
	context.AfterFunc(ctx, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.watchers, watcher)
		close(watcher)
	})
	return watcher
}

// tell hands the call to all who watch. The caller has the lock, so nobody else
// puts anything into their channels.
func (l *callLog) tell(c *Call) {
	for watcher := range l.watchers {
		if len(watcher) == cap(watcher) {
			select {
			case <-watcher: // the oldest, unless it was taken just now
			default:
			}
		}
		watcher <- c
	}
}
