package server

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestADeadlineIsNeverEarlyAndHardlyLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := deadlines{after: 8 * time.Second}
		var waiting sync.WaitGroup
		for range 100 {
			began := time.Now()
			ctx := d.from(began)
			waiting.Go(func() {
				<-ctx.Done()
				if took := time.Since(began); took < d.after || took > d.after+d.after/sharing {
					t.Errorf("ended after %v, want %v and at most a moment more", took, d.after)
				}
			})
			time.Sleep(37 * time.Millisecond)
		}
		waiting.Wait()
	})
}

func TestRequestsOfOneMomentShareADeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := deadlines{after: time.Second}
		first := d.from(time.Now())
		if again := d.from(time.Now()); again != first {
			t.Error("got another context at the same instant")
		}
		time.Sleep(time.Second / sharing)
		later := d.from(time.Now())
		if later == first {
			t.Error("got the same context a moment later")
		}
		<-later.Done()
	})
}
