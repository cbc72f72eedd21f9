package torture

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-sso/latchkey/internal/pgtest"
)

// postgresGround is a PostgreSQL server of its own for all nodes, perhaps with a
// standby that takes over.
type postgresGround struct {
	standbys, synchronous bool

	dir     string
	primary *pgtest.Cluster
	standby *pgtest.Cluster // nil before there is one, and after it has taken over
	next    int             // which of the two places is the standby's
}

// The two places of servers. Whichever is made anew is where the dead one was, so
// that nodes find the two under one address for as long as they live.
var places = [2]string{"a", "b"}

func (g *postgresGround) place(i int) string { return filepath.Join(g.dir, places[i%len(places)]) }

func (g *postgresGround) prepare(ctx context.Context, w *world) error {
	if _, err := pgtest.Find(); err != nil {
		return fmt.Errorf("%w: %w", errSkip, err)
	}
	var err error
	if g.dir, err = os.MkdirTemp("", "lk-pg-"); err != nil {
		return fmt.Errorf("make a directory: %w", err)
	}
	if err := os.Chmod(g.dir, 0o711); err != nil { //nolint:gosec // the servers run as another user
		return fmt.Errorf("make a directory: %w", err)
	}
	if g.primary, err = pgtest.New(ctx, pgtest.Options{Dir: g.place(0)}); err != nil {
		return err
	}
	g.next = 1
	if err := g.primary.CreateDatabase(ctx, database, ""); err != nil {
		return err
	}
	if err := g.follow(ctx); err != nil {
		return err
	}
	for _, n := range w.nodes {
		n.env = append(n.env, databaseVar+"="+g.url())
	}
	return nil
}

const (
	database    = "latchkey"
	databaseVar = "TORTURE_DATABASE"
)

// follow makes a standby, if there is to be one and there is none.
func (g *postgresGround) follow(ctx context.Context) error {
	if !g.standbys || g.standby != nil {
		return nil
	}
	var err error
	g.standby, err = g.primary.Standby(ctx, pgtest.StandbyOptions{
		Name: "standby_" + places[g.next%len(places)], Synchronous: g.synchronous, Dir: g.place(g.next),
	})
	return err
}

func (*postgresGround) settings(*node) string { return "database: {env: " + databaseVar + "}\n" }

// url is where nodes look for the server that takes writes.
func (g *postgresGround) url() string {
	servers := []*pgtest.Cluster{g.primary}
	if g.standby != nil {
		servers = append(servers, g.standby)
	}
	return pgtest.FailoverURL(database, servers...)
}

func (g *postgresGround) close() error {
	var errs []error
	for _, c := range []*pgtest.Cluster{g.standby, g.primary} {
		if c != nil {
			errs = append(errs, c.Remove())
		}
	}
	return errors.Join(append(errs, os.RemoveAll(g.dir))...)
}

// stall stops the process of the primary that sends to the standby: what is
// committed from now on, the standby hears nothing of. (One that is stopped itself
// would still find it in its socket when it goes on.) It returns how to go on.
func (g *postgresGround) stall(ctx context.Context) (resume func(), err error) {
	pids, err := g.senders(ctx)
	if err != nil {
		return nil, fmt.Errorf("stall the standby: %w", err)
	}
	senders := make([]*os.Process, len(pids))
	for i, pid := range pids {
		if senders[i], err = os.FindProcess(pid); err == nil {
			err = senders[i].Signal(sigStop)
		}
		if err != nil {
			return nil, fmt.Errorf("stall the standby: %w", err)
		}
	}
	return func() {
		for _, p := range senders {
			_ = p.Signal(sigContinue) // it may have died with its server
		}
	}, nil
}

// senders returns the processes of the primary that send to standbys.
func (g *postgresGround) senders(ctx context.Context) ([]int, error) {
	conn, err := pgx.Connect(ctx, g.primary.URL("postgres"))
	if err != nil {
		return nil, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	rows, err := conn.Query(ctx, "SELECT pid FROM pg_stat_replication")
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[int])
}

// failOver kills the primary, which stays dead, and has the standby take over. With
// stalled, the standby hears nothing for that long before: what waits for it is not
// acknowledged then, and what does not wait is lost.
func (g *postgresGround) failOver(ctx context.Context, stalled time.Duration) error {
	if stalled > 0 {
		if _, err := g.stall(ctx); err != nil {
			return err
		}
		time.Sleep(stalled)
	}
	return g.takeOver(ctx)
}

// takeOver makes the standby the primary.
func (g *postgresGround) takeOver(ctx context.Context) error {
	if err := g.primary.Kill(); err != nil {
		return err
	}
	if err := g.standby.Promote(ctx); err != nil {
		return err
	}
	dead := g.primary
	g.primary, g.standby = g.standby, nil
	g.next++
	return dead.Remove()
}

// strikeFailover lets the standby take over from a primary that dies.
func strikeFailover(ctx context.Context, w *world) error {
	g, _ := w.ground.(*postgresGround)
	if err := g.follow(ctx); err != nil {
		return err
	}
	w.wait(50*time.Millisecond, 300*time.Millisecond)
	var stalled time.Duration
	if w.random.of(50) {
		stalled = w.random.between(10*time.Millisecond, 400*time.Millisecond)
	}
	w.struck = w.now()
	if err := g.failOver(ctx, stalled); err != nil {
		return err
	}
	return w.reconnect()
}

// reconnect waits until all nodes have found their database again.
func (w *world) reconnect() error {
	if err := w.tick(); err != nil {
		return err
	}
	w.wait(20*time.Millisecond, 150*time.Millisecond)
	return nil
}

// cancels is how many sessions of the database are cancelled in a row.
const cancels = 10

// strikeCancel has commits wait for a standby that hears nothing, and cancels them
// there. Now and then the primary dies before the standby has heard of them: what
// was taken for done then is undone.
func strikeCancel(ctx context.Context, w *world) error {
	g, _ := w.ground.(*postgresGround)
	if err := g.follow(ctx); err != nil {
		return err
	}
	w.wait(20*time.Millisecond, 150*time.Millisecond)
	resume, err := g.stall(ctx)
	if err != nil {
		return err
	}
	for range cancels {
		w.wait(0, 40*time.Millisecond)
		if err := g.cancelOne(ctx, w.random); err != nil {
			resume()
			return err
		}
	}
	if w.random.of(30) {
		if err := g.takeOver(ctx); err != nil {
			return err
		}
	} else {
		resume()
	}
	return w.reconnect()
}

// cancelOne cancels what one session of a node is waiting for.
func (g *postgresGround) cancelOne(ctx context.Context, random *random) error {
	pids, err := g.primary.ClientPIDs(ctx)
	if err != nil || len(pids) == 0 {
		return err
	}
	conn, err := pgx.Connect(ctx, g.primary.URL("postgres"))
	if err != nil {
		return fmt.Errorf("cancel a commit: %w", err)
	}
	_, err = conn.Exec(ctx, "SELECT pg_cancel_backend($1)", pids[random.upTo(len(pids))])
	if err = errors.Join(err, conn.Close(ctx)); err != nil {
		return fmt.Errorf("cancel a commit: %w", err)
	}
	return nil
}
