package torture

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Run carries out the plan. Its error says why it could not go on; what it found is
// in the report.
func Run(ctx context.Context, p *Plan) (_ *Report, err error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	dir, err := p.place()
	if err != nil {
		return nil, fmt.Errorf("make a directory: %w", err)
	}
	if p.Keep {
		p.say("the servers' files are kept in %s", dir)
	} else {
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	}
	began := time.Now()
	report := &Report{Engine: p.Engine, Nodes: p.Nodes, Clients: p.Clients, Seed: p.Seed}
	for i, planned := range p.Faults {
		row, err := p.suffer(ctx, planned, filepath.Join(dir, fmt.Sprintf("%d-%s", i+1, planned.Fault)))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", planned.Fault, err)
		}
		report.Rows = append(report.Rows, *row)
	}
	report.Seconds = time.Since(began).Seconds()
	return report, nil
}

// place makes the directory of all files.
func (p *Plan) place() (string, error) {
	if p.Dir == "" {
		return os.MkdirTemp("", "latchkey-torture-")
	}
	if err := os.MkdirAll(p.Dir, 0o700); err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp(p.Dir, "latchkey-torture-")
	if err != nil {
		return "", err
	}
	return filepath.Abs(dir)
}

// suffer does one kind of fault as often as is planned.
func (p *Plan) suffer(ctx context.Context, planned Planned, dir string) (_ *Row, err error) {
	f := faultNamed(planned.Fault)
	row := &Row{Fault: f.name, LossAllowed: f.lossy}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make a directory: %w", err)
	}
	w, err := newWorld(ctx, p, f, planned.Rounds, dir)
	if errors.Is(err, errSkip) {
		row.Skipped = err.Error()
		p.say("%s: SKIPPED: %v", f.name, err)
		return row, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	var said time.Time
	for ; row.Rounds < planned.Rounds; row.Rounds++ {
		if time.Since(said) > 5*time.Second {
			p.say("%s: round %d of %d, %d tokens so far", f.name, row.Rounds+1, planned.Rounds, row.Issued)
			said = time.Now()
		}
		if err := w.suffer(ctx, f, row); err != nil {
			return nil, fmt.Errorf("round %d: %w", row.Rounds+1, err)
		}
	}
	return row, w.finish(ctx, row)
}

// suffer is one round: a fault while the clients are at work, then the search for
// what it has done.
func (w *world) suffer(ctx context.Context, f *fault, row *Row) (err error) {
	w.mu.Lock()
	w.round++
	w.mu.Unlock()
	if err := w.logIn(); err != nil {
		return err
	}
	stop := w.load(ctx)
	err = f.strike(ctx, w)
	stop()
	if err != nil {
		return err
	}
	if err := w.revive(ctx); err != nil {
		return err
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	w.verify()
	if f.lossy {
		w.excuse()
	}
	w.judge(f, row)
	return nil
}

// excuse says in every history that the token may have been lost when the database
// was taken away.
func (w *world) excuse() {
	for _, t := range w.known() {
		t.add(&operation{action: reset, call: w.struck, ret: w.now()})
	}
}

// logIn gets a new access token for the clients.
func (w *world) logIn() error {
	var err error
	got := w.clients[0].settle(func() outcome {
		if w.bearer, err = w.clients[0].logIn(w.nodes[0]); errors.Is(err, errUncertain) {
			return uncertain
		}
		return done
	})
	if got != done {
		return errUnsettled
	}
	return err
}

// revive starts nodes that have ended by themselves, which none should.
func (w *world) revive(ctx context.Context) error {
	for _, n := range w.nodes {
		if err := n.fallen(); err != nil {
			w.odd(err)
		}
		if !n.running() {
			if err := n.start(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// maxOld is how many tokens of earlier rounds are tried again in each round, and
// maxAge for how many rounds each of them is.
const (
	maxOld = 40
	maxAge = 20
)

// judge judges the tokens of the round, and those of earlier ones whose histories
// have gone on. Some are kept for the rounds to come.
func (w *world) judge(f *fault, row *Row) {
	w.mu.Lock()
	tokens, old := w.tokens, w.old
	w.tokens, w.old = nil, nil
	w.mu.Unlock()
	var kept []*token
	for _, t := range old {
		j := judge(t, &w.timeline)
		if len(j.faults()) > 0 {
			row.add(t, &j, f.lossy)
		} else if w.round-t.round < maxAge {
			kept = append(kept, t)
		}
	}
	for _, t := range tokens {
		row.Issued++
		if _, ok := t.winner(); ok {
			row.Redeemed++
		}
		j := judge(t, &w.timeline)
		if bad := row.add(t, &j, f.lossy); !bad && w.random.of(5+50*btoi(t.ttl == shortTTL)) {
			kept = append(kept, t)
		}
	}
	for len(kept) > maxOld {
		i := w.random.upTo(len(kept))
		kept[i] = kept[len(kept)-1]
		kept = kept[:len(kept)-1]
	}
	w.mu.Lock()
	w.old = kept
	w.mu.Unlock()
}

// winner returns the browser that was let in first.
func (t *token) winner() (browser int, ok bool) {
	for _, o := range t.history() {
		if o.action == redeem && o.outcome == done {
			return o.browser, true
		}
	}
	return 0, false
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// finish adds what is known at the end.
func (w *world) finish(ctx context.Context, row *Row) error {
	row.Unknown, row.Refused = w.tally[uncertain].Load(), w.tally[refused].Load()
	row.Odd = w.odds
	if over := w.oddities - len(w.odds); over > 0 {
		row.Odd = append(row.Odd, fmt.Sprintf("and %d more", over))
	}
	verdict, err := w.verifyAudit(ctx)
	if err != nil {
		return err
	}
	row.AuditEvents = verdict.Events
	if !verdict.Intact {
		row.AuditBroken = fmt.Sprintf("event %d: %s", verdict.BrokenAt, verdict.What)
	}
	return nil
}
