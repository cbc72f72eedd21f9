package torture

import (
	"context"
	"errors"
	"slices"
	"time"
)

// fault is something that happens to servers.
type fault struct {
	name string
	// engines are those that it is for; none means all.
	engines []string
	// short is how often it is done in the short form.
	short int
	// ground makes what the nodes stand on.
	ground func(engine string) ground
	// clock: the nodes go by a clock that can be stepped.
	clock bool
	// lossy: what was acknowledged may be lost, though never be redeemed twice.
	lossy bool
	// strike does it once, while the clients are at work. It returns when all nodes
	// are up again.
	strike func(ctx context.Context, w *world) error
}

var faults []fault

func init() { // not where it is declared: what strikes refers to the list
	faults = []fault{
		{name: "kill", short: 12, ground: plainGround, strike: strikeKill},
		{name: "pause", short: 4, ground: plainGround, strike: strikePause},
		{name: "disk", engines: []string{SQLite}, short: 4, ground: func(string) ground { return &smallDisk{} }, strike: strikeDisk},
		{name: "clock", engines: []string{SQLite}, short: 4, ground: plainGround, clock: true, strike: strikeClock},
		{name: "cancel", engines: []string{Postgres}, short: 4, ground: synchronous, strike: strikeCancel},
		{name: "failover", engines: []string{Postgres}, short: 2, ground: synchronous, strike: strikeFailover},
		{name: "failover-async", engines: []string{Postgres}, short: 2, ground: asynchronous, lossy: true, strike: strikeFailover},
	}
}

func (f *fault) suits(engine string) bool {
	return len(f.engines) == 0 || slices.Contains(f.engines, engine)
}

// errSkip says that this machine can't do a fault.
var errSkip = errors.New("this machine can't do it")

// sqliteGround is a data directory of the node's own.
type sqliteGround struct{}

func plainGround(engine string) ground {
	if engine == Postgres {
		return &postgresGround{}
	}
	return sqliteGround{}
}

func synchronous(string) ground  { return &postgresGround{standbys: true, synchronous: true} }
func asynchronous(string) ground { return &postgresGround{standbys: true} }

func (sqliteGround) prepare(context.Context, *world) error { return nil }
func (sqliteGround) settings(*node) string                 { return "" }
func (sqliteGround) close() error                          { return nil }

// anyNode returns a node to strike.
func (w *world) anyNode() *node { return w.nodes[w.random.upTo(len(w.nodes))] }

// wait lets a random time pass.
func (w *world) wait(least, most time.Duration) { time.Sleep(w.random.between(least, most)) }

// strikeKill kills a node at any instant and starts it at once; now and then it is
// killed once more while it starts.
func strikeKill(ctx context.Context, w *world) error {
	w.wait(10*time.Millisecond, 150*time.Millisecond)
	n := w.anyNode()
	n.kill()
	if w.random.of(20) {
		if _, err := n.spawn(); err != nil {
			return err
		}
		w.wait(0, 40*time.Millisecond)
		n.kill()
	}
	return w.again(ctx, n)
}

// again starts a node and lets the clients find it.
func (w *world) again(ctx context.Context, n *node) error {
	if err := n.start(ctx); err != nil {
		return err
	}
	w.wait(5*time.Millisecond, 60*time.Millisecond)
	return nil
}

// strikePause stops a node where it stands and lets it go on, or kills it there.
func strikePause(ctx context.Context, w *world) error {
	w.wait(10*time.Millisecond, 150*time.Millisecond)
	n := w.anyNode()
	if err := n.pause(); err != nil {
		return err
	}
	w.wait(10*time.Millisecond, time.Second)
	if w.random.of(20) {
		n.kill()
		return w.again(ctx, n)
	}
	err := n.resume()
	w.wait(20*time.Millisecond, 150*time.Millisecond)
	return err
}

// strikeClock sets the machine's clock ahead, then back, behind the right time or to
// it, and right in the end. A node may be killed in between: what it has seen of the
// time must survive that.
func strikeClock(ctx context.Context, w *world) error {
	w.wait(10*time.Millisecond, 100*time.Millisecond)
	for _, offset := range []time.Duration{
		w.random.between(5*time.Second, 2*time.Minute),
		-w.random.between(0, 90*time.Second),
		0,
	} {
		at, err := w.clock.set(offset)
		if err != nil {
			return err
		}
		w.timeline.step(at.Sub(w.began), offset)
		if err := w.tick(); err != nil {
			return err
		}
		w.wait(20*time.Millisecond, 150*time.Millisecond)
		if n := w.anyNode(); w.random.of(40) {
			n.kill()
			if err := w.again(ctx, n); err != nil {
				return err
			}
		}
	}
	return nil
}

// tick sees to it that every node has read the clock.
func (w *world) tick() error {
	since := w.now()
	c := w.clients[0]
	for _, n := range w.nodes {
		got := c.settle(func() outcome {
			if c.issueLink(shortTTL, n) == nil {
				return uncertain
			}
			return done
		})
		if got != done {
			return errUnsettled
		}
	}
	w.timeline.read(w.now(), since)
	return nil
}
