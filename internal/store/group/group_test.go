package group

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
)

type op struct{ Op }

// wait queues an operation and returns once it is there. It is over when its caller
// has what left returns.
func wait(ctx context.Context, q *Queue[*op]) (o *op, over <-chan error) {
	o = &op{New(ctx)}
	ended, before := make(chan error, 1), q.Len()
	go func() {
		_, err := q.Do(o)
		ended <- err
	}()
	for q.Len() == before {
		runtime.Gosched()
	}
	return o, ended
}

func TestWhoGivesUpLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	q := NewQueue[*op]()
	stays, answered := wait(t.Context(), q)
	for range 1000 {
		ctx, cancel := context.WithCancel(t.Context())
		_, over := wait(ctx, q)
		cancel()
		if err := <-over; !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v, want the end of the context", err)
		}
	}
	if q.Len() != 1 || len(q.queue) > 3 {
		t.Errorf("one waits: got %d and room for %d", q.Len(), len(q.queue))
	}
	got, _ := q.Next(nil, 10)
	if len(got) != 1 || got[0] != stays {
		t.Fatalf("got %d operations, want the one that stayed", len(got))
	}
	stays.Answer()
	if err := <-answered; err != nil {
		t.Error(err)
	}
}

func TestAGroupIsFullOfThoseWhoStayed(t *testing.T) {
	t.Parallel()
	q := NewQueue[*op]()
	ctx, cancel := context.WithCancel(t.Context())
	var stay []*op
	var gone []<-chan error
	for n := range 9 {
		if n%3 == 0 {
			_, over := wait(ctx, q)
			gone = append(gone, over)
			continue
		}
		o, _ := wait(t.Context(), q)
		stay = append(stay, o)
	}
	cancel()
	for _, over := range gone {
		<-over
	}
	for _, want := range [][]*op{stay[:4], stay[4:]} {
		got, _ := q.Next(nil, 4)
		if len(got) != len(want) {
			t.Fatalf("got %d operations, want %d", len(got), len(want))
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("operation %d is not the one that came then", i)
			}
			got[i].Answer()
		}
	}
	if q.Len() != 0 || len(q.queue) != 0 {
		t.Errorf("%d wait, in room for %d, want none", q.Len(), len(q.queue))
	}
}

// Callers come and go while groups are taken: each either is answered, or is left
// out.
func TestEveryCallerIsAnsweredOrLeftOut(t *testing.T) {
	t.Parallel()
	q := NewQueue[*op]()
	var callers, server sync.WaitGroup
	done := map[*op]bool{}
	server.Go(func() {
		var ops []*op
		for more := true; more; {
			ops, more = q.Next(ops, 7)
			for _, o := range ops {
				done[o] = true
				o.Answer()
			}
		}
	})
	answered := make(chan *op, 2000)
	for n := range 2000 {
		callers.Go(func() {
			ctx, cancel := context.WithCancel(t.Context())
			if n%2 == 0 {
				go cancel()
			}
			defer cancel()
			o := &op{New(ctx)}
			if ok, _ := q.Do(o); ok {
				answered <- o
			}
		})
	}
	callers.Wait()
	q.Stop()
	server.Wait()
	close(answered)
	count := 0
	for o := range answered {
		count++
		if !done[o] {
			t.Error("answered, but not done")
		}
	}
	if count < 1000 || q.Len() != 0 {
		t.Errorf("%d were answered and %d are left, want at least 1000 and none", count, q.Len())
	}
	if ok, err := q.Do(&op{New(t.Context())}); ok || !errors.Is(err, ErrClosed) {
		t.Errorf("after the end: got %v, %v", ok, err)
	}
}
