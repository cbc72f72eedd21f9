package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Options say what to measure, and how long.
type Options struct {
	// Program is the command line that runs this program: "serve" and the rest is
	// appended. Floor is the command line that runs [ServeFloor]: what floor to be
	// is appended.
	Program, Floor []string
	// Engine is the database engine, SQLite unless it says otherwise. For Postgres a
	// server is started.
	Engine string
	// Dir is where temporary files are made, on the disk that is to be measured;
	// empty means the system's directory. Not those of Postgres.
	Dir string
	// Connections are the loads.
	Connections []int
	// WarmUp is how long each measurement runs before it counts, Window how long
	// it counts.
	WarmUp, Window time.Duration
	// Rounds is how often the floors and the servers are measured in turn.
	Rounds int
	// Customers is how many people links are issued for.
	Customers int
	// Live is how many live grants a second server holds; 0 means no such server.
	Live int64
	// Expiring is how many grants are removed in each second of every measurement.
	Expiring int
	// Sweep, unless 0, is how many are removed in each second by a further server, to
	// be compared with one that removes none.
	Sweep int
	// Dialects: measure issuing alone in every dialect, too.
	Dialects bool
	// Unknown: measure floods of unknown tokens, too. Only with SQLite.
	Unknown bool
	// Idle is how many idle connections a server of its own holds while pairs are
	// made; 0 means no such server.
	Idle int
	// Remote, unless nil, is measured instead of servers started for it.
	Remote *Remote
	// Progress is told what is being done; may be nil.
	Progress func(string)
}

// fewLive is how many live grants every server holds at least.
const fewLive = 10_000

// Run measures. Every answer is verified: one that is wrong ends the run.
func Run(ctx context.Context, o Options) (_ *Report, err error) {
	dir, err := os.MkdirTemp(o.Dir, "latchkey-bench-")
	if err != nil {
		return nil, fmt.Errorf("make a directory: %w", err)
	}
	r := &run{Options: o, dir: dir}
	defer func() { err = errors.Join(err, r.close()) }()
	if err := r.prepare(); err != nil {
		return nil, err
	}
	report := &Report{Machine: thisMachine(), Engine: o.Engine, Rounds: o.Rounds, WindowSeconds: o.Window.Seconds()}
	if report.Sync, err = syncLatency(dir); err != nil {
		return nil, err
	}
	if err := r.startServers(ctx); err != nil {
		return nil, err
	}
	for _, n := range o.Connections {
		load, err := r.load(ctx, n)
		if err != nil {
			return nil, fmt.Errorf("%d connections: %w", n, err)
		}
		report.Loads = append(report.Loads, *load)
	}
	if report.Alone, err = r.alone(ctx, report.Sync); err != nil {
		return nil, fmt.Errorf("one connection: %w", err)
	}
	if o.Dialects {
		if report.Issuing, err = r.issuing(ctx); err != nil {
			return nil, fmt.Errorf("issuing: %w", err)
		}
	}
	if o.Sweep > 0 {
		if report.Sweeps, err = r.sweeps(ctx); err != nil {
			return nil, fmt.Errorf("removing what is over: %w", err)
		}
	}
	if o.Unknown {
		if report.Unknown, err = r.floods(ctx); err != nil {
			return nil, fmt.Errorf("unknown tokens: %w", err)
		}
	}
	if o.Idle > 0 {
		if report.Idle, err = r.idle(ctx); err != nil {
			return nil, fmt.Errorf("idle connections: %w", err)
		}
	}
	return report, nil
}

// run is a run under way.
type run struct {
	Options
	dir     string
	engine  engine
	servers []*server
	http    floorServer
	both    floorServer // HTTP and store together
	rows    FloorRows   // of the store floor
}

// floorServer is a floor that answers over HTTP.
type floorServer struct {
	shop    *shop
	process *process // nil before it was started
	server  int      // the process of its database server, 0 where there is none
}

// server is one server that is measured.
type server struct {
	shop *shop
	live int64
	cpu  func() (usage, error)
	pid  int // 0 when not known
	stop func() error
	// count returns how many grants there are that expired in a time.
	count func(ctx context.Context, from, to time.Time) (int64, error)
}

func (r *run) say(format string, args ...any) {
	if r.Progress != nil {
		r.Progress(fmt.Sprintf(format, args...))
	}
}

// prepare makes ready what databases are made with.
func (r *run) prepare() (err error) {
	if r.Unknown && r.Engine == Postgres {
		return errors.New("floods of unknown tokens are measured with SQLite only")
	}
	r.engine, err = r.newEngine()
	return err
}

// startServers starts the servers and the HTTP floors.
func (r *run) startServers(ctx context.Context) error {
	if r.Remote != nil {
		s, err := r.Remote.server()
		if err != nil {
			return err
		}
		r.servers = []*server{s}
	} else {
		for _, live := range slices.Backward(r.lives()) { // the one that takes longest first
			r.say("preparing a server with %d live grants", live)
			s, err := r.startServer(ctx, fmt.Sprintf("live-%d", live), traits{}, liveGrants(live), overGrants(r.Expiring, r.length()))
			if err != nil {
				return err
			}
			s.live = live
			r.servers = slices.Insert(r.servers, 0, s)
		}
	}
	if err := r.startFloors(ctx); err != nil {
		return err
	}
	for _, s := range r.servers {
		if err := s.settle(ctx); err != nil {
			return err
		}
	}
	return nil
}

// settle waits until the server does nothing any more of what it does after a start,
// such as counting millions of live grants.
func (s *server) settle(ctx context.Context) error {
	const most, look, idle = 200, time.Second, 150 * time.Millisecond
	before, err := s.cpu()
	for range most {
		if err := errors.Join(err, sleep(ctx, look)); err != nil {
			return err
		}
		var now usage
		if now, err = s.cpu(); now.since(before).total() < idle {
			return err
		}
		before = now
	}
	return err
}

func (r *run) startFloors(ctx context.Context) error {
	rows, err := r.engine.rows(ctx)
	if err != nil {
		return err
	}
	if r.rows, err = r.engine.rows(ctx); err != nil {
		return err
	}
	if r.http.shop, r.http.process, err = (floors{argv: r.Floor}).http(ctx, r.servers[0].shop, nil); err != nil {
		return err
	}
	r.both.server = rows.Server
	r.both.shop, r.both.process, err = floors{argv: r.Floor}.http(ctx, r.servers[0].shop, &rows)
	return err
}

// length is how long a run takes at most, more or less, from when its first server
// with few live grants is ready.
func (r *run) length() time.Duration {
	windows := len(r.Connections)*r.Rounds*(len(r.lives())+4) + 1
	if r.Dialects {
		windows += r.Rounds * len(dialects)
	}
	return time.Duration(windows)*(r.WarmUp+r.Window)*5/4 + time.Minute
}

// lengthened returns the run with fewer and longer windows, for what has one only, or
// a server of its own for each.
func (r *run) lengthened() *run {
	const longer = 5
	of := *r
	of.Rounds, of.Window = max(1, r.Rounds/longer), longer*r.Window
	return &of
}

func (r *run) lives() []int64 {
	if r.Live == 0 {
		return []int64{fewLive}
	}
	return []int64{fewLive, r.Live}
}

// traits are what servers differ by.
type traits struct {
	misses int      // refused links a minute that an address is allowed; 0: any number
	env    []string // settings, as environment variables
}

// startServer starts a server with customers and grants.
func (r *run) startServer(ctx context.Context, name string, t traits, grants ...spread) (*server, error) {
	dir := filepath.Join(r.dir, name)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make a directory: %w", err)
	}
	p, err := newProduct(ctx, r.engine, dir, r.Program, t.misses)
	if err != nil {
		return nil, err
	}
	p.env = append(p.env, t.env...)
	if err := p.prepare(ctx, r.Customers, grants...); err != nil {
		return nil, errors.Join(err, p.stop())
	}
	return &server{shop: p.shop, cpu: cpuOf(p.process, p.server), pid: p.process.pid(), stop: p.stop, count: p.count}, nil
}

// cpuOf returns what tells the CPU time of a process and of its database server.
func cpuOf(p *process, server int) func() (usage, error) {
	return func() (usage, error) { return usageOf(p.pid(), server) }
}

// load measures all servers beside the floors.
func (r *run) load(ctx context.Context, connections int) (*Load, error) {
	var http, store, oneRow, both rounds
	served := make([]rounds, len(r.servers))
	for round := range r.Rounds {
		r.say("%d connections, round %d of %d", connections, round+1, r.Rounds)
		m, err := r.pairs(ctx, r.http.shop, cpuOf(r.http.process, r.http.server), connections)
		if err != nil {
			return nil, fmt.Errorf("HTTP floor: %w", err)
		}
		http = append(http, m)
		if m, err = r.storeFloor(ctx, connections, false); err != nil {
			return nil, err
		}
		store = append(store, m)
		if m, err = r.storeFloor(ctx, connections, true); err != nil {
			return nil, err
		}
		oneRow = append(oneRow, m)
		// What the servers are compared with most comes just before them: on a shared machine
		// what was a moment ago says more than what was a while ago.
		if m, err = r.pairs(ctx, r.both.shop, cpuOf(r.both.process, r.both.server), connections); err != nil {
			return nil, fmt.Errorf("HTTP and store floor: %w", err)
		}
		both = append(both, m)
		for i, s := range r.servers {
			if m, err = r.pairs(ctx, s.shop, s.cpu, connections); err != nil {
				return nil, err
			}
			served[i] = append(served[i], m)
		}
	}
	load := &Load{Connections: connections, HTTP: http.rate(), Store: store.rate(), OneRow: oneRow.rate(), Both: both.rate()}
	for i, s := range r.servers {
		total := served[i].total()
		figures := Served{
			Live: s.live, Rate: served[i].rate(), Ratio: served[i].ratio(http, store), OneRowRatio: served[i].ratio(http, oneRow), LiveRatio: served[i].ratio(served[0]),
			BothRatio: served[i].ratio(both),
			Issue:     latency(total.steps[0]), Redeem: latency(total.steps[1]), Pair: latency(total.whole),
		}
		if s.pid != 0 {
			var err error
			if _, figures.Memory, err = memory(s.pid); err != nil {
				return nil, err
			}
		}
		load.Servers = append(load.Servers, figures)
	}
	return load, nil
}

// pairs measures a shop for one window.
func (r *run) pairs(ctx context.Context, s *shop, cpu func() (usage, error), connections int) (*measured, error) {
	header := s.client.header(time.Now())
	d := drive{
		workers: connections, steps: 2, warmUp: r.WarmUp, window: r.Window, cpu: cpu,
		worker: func(i int) (cycle, func(), error) {
			v, err := s.visit(i, header)
			if err != nil {
				return nil, nil, err
			}
			v.conn.expire(r.WarmUp + r.Window + answerTimeout)
			if err := v.introduce(); err != nil {
				v.conn.close()
				return nil, nil, err
			}
			return v.pair, v.conn.close, nil
		},
	}
	return d.run(ctx)
}

func (r *run) storeFloor(ctx context.Context, connections int, oneRow bool) (*measured, error) {
	rows := r.rows
	rows.OneRow = oneRow
	figures, err := floors{argv: r.Floor}.store(ctx, StoreFloor{FloorRows: rows, Connections: connections, WarmUp: r.WarmUp, Window: r.Window})
	if err != nil {
		return nil, err
	}
	return &measured{cycles: figures.Pairs, elapsed: figures.Elapsed, cpu: figures.CPU}, nil
}

// alone measures one connection to the first server.
func (r *run) alone(ctx context.Context, disk Latency) (*Alone, error) {
	r.say("one connection")
	s := r.servers[0]
	m, err := r.lengthened().pairs(ctx, s.shop, s.cpu, 1)
	if err != nil {
		return nil, err
	}
	return &Alone{Issue: latency(m.steps[0]), Redeem: latency(m.steps[1]), GoalMicros: 1.5*disk.P50 + 300}, nil
}

// close stops everything and removes the run's files.
func (r *run) close() error {
	var errs []error
	for _, s := range r.servers {
		errs = append(errs, s.stop())
	}
	for _, f := range []floorServer{r.http, r.both} {
		if f.process != nil {
			errs = append(errs, f.process.stop())
		}
	}
	if r.engine != nil {
		errs = append(errs, r.engine.close())
	}
	return errors.Join(append(errs, os.RemoveAll(r.dir))...)
}
