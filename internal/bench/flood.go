package bench

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// floodConnections is how many connections a flood has.
const floodConnections = 16

// defaultMisses is how many refused links a minute a server allows an address
// unless it is told otherwise.
const defaultMisses = 30

// floods sends tokens that were never issued to two servers of its own: one
// that looks every one of them up, and one that blocks the address soon.
func (r *run) floods(ctx context.Context) ([]Flood, error) {
	r = r.lengthened()
	var all []Flood
	for _, misses := range []int{0, defaultMisses} {
		f, err := r.flood(ctx, misses)
		if err != nil {
			return nil, err
		}
		all = append(all, *f)
	}
	return all, nil
}

func (r *run) flood(ctx context.Context, misses int) (_ *Flood, err error) {
	name := fmt.Sprintf("unknown-%d", misses)
	r.say("unknown tokens, %s misses a minute allowed", orAny(misses))
	s, err := r.startServer(ctx, name, traits{misses: misses}, liveGrants(fewLive))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	binding, err := s.shop.firstVisit()
	if err != nil {
		return nil, err
	}
	tally := &tally{statuses: map[int]int64{}}
	d := drive{workers: floodConnections, steps: 1, warmUp: r.WarmUp, window: r.Window, cpu: s.cpu, worker: func(i int) (cycle, func(), error) {
		v, err := s.shop.visit(i, "")
		if err != nil {
			return nil, nil, err
		}
		v.conn.expire(r.WarmUp + r.Window + answerTimeout)
		v.binding = binding
		return func(steps []time.Duration) error { return v.stumble(steps, tally) }, v.conn.close, nil
	}}
	before, err := fingerprint(filepath.Join(r.dir, name, "data"))
	if err != nil {
		return nil, err
	}
	m, err := d.run(ctx)
	if err != nil {
		return nil, err
	}
	after, err := fingerprint(filepath.Join(r.dir, name, "data"))
	return &Flood{
		MissesPerMinute: misses, RequestsPerSecond: m.perSecond(), CPUMicros: cpuMicros(m), Latency: latency(m.whole),
		Statuses: tally.statuses, Wrote: before != after,
	}, err
}

func orAny(misses int) string {
	if misses == 0 {
		return "any number of"
	}
	return fmt.Sprint(misses)
}

// tally counts answers by status.
type tally struct {
	mu       sync.Mutex
	statuses map[int]int64
}

func (t *tally) count(status int) {
	t.mu.Lock()
	t.statuses[status]++
	t.mu.Unlock()
}

// firstVisit returns the binding cookie that a browser gets. All browsers of a
// flood have the same one, so that the flood itself begins with nothing to write.
func (s *shop) firstVisit() (string, error) {
	v, err := s.visit(0, s.client.header(time.Now()))
	if err != nil {
		return "", err
	}
	defer v.conn.close()
	v.conn.expire(answerTimeout)
	err = v.introduce()
	return v.binding, err
}

// stumble follows a link with an unknown token, which must be refused.
func (v *visitor) stumble(steps []time.Duration, t *tally) error {
	start := time.Now()
	if err := v.follow(unknownToken(start, rand.Uint64)); err != nil {
		return fmt.Errorf("follow an unknown link: %w", err)
	}
	steps[0] = time.Since(start)
	if v.answer.status != 403 && v.answer.status != 429 {
		return fmt.Errorf("follow an unknown link: got status %d, want 403 or 429", v.answer.status)
	}
	t.count(v.answer.status)
	return nil
}

// fingerprint returns the digest of a data directory's database and log. Bytes
// that are the same hold the same rows, and the same end of the audit log.
func fingerprint(dir string) (digest [sha256.Size]byte, err error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.db*"))
	if err != nil || len(files) == 0 {
		return digest, errors.Join(err, fmt.Errorf("no database in %s", dir))
	}
	h := sha256.New()
	for _, path := range files {
		if strings.HasSuffix(path, "-shm") || strings.HasSuffix(path, ".mark") {
			continue // readers' locks, and the clock's mark
		}
		f, err := os.Open(path)
		if err != nil {
			return digest, fmt.Errorf("read the database: %w", err)
		}
		n, err := io.Copy(h, f)
		if err := errors.Join(err, f.Close()); err != nil {
			return digest, fmt.Errorf("read the database: %w", err)
		}
		_, _ = fmt.Fprintf(h, "\n%s %d\n", filepath.Base(path), n)
	}
	return [sha256.Size]byte(h.Sum(nil)), nil
}
