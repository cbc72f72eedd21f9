package postgres

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/group"
)

// idleTime is how long the server keeps the locks of a process that says nothing,
// because it is stopped or cut off: longer than any lease is given for.
const idleTime = 90 * time.Second

// leases are who is doing what must not be done twice. Other processes see them as
// advisory locks of one connection, which the server gives back when this process
// dies. One goroutine has the connection: no caller's end is the end of it, and
// nobody waits for longer than he wants to.
type leases struct {
	store  *Store
	queue  *group.Queue[*lease]
	idle   time.Duration   // idleTime, but in tests
	ctx    context.Context //nolint:containedctx // ends with the store
	cancel context.CancelFunc
	ended  chan struct{}

	conn *pgx.Conn
	held map[signon.ReplyKey]holding
}

// lease is one that somebody asks for, or gives back.
type lease struct {
	group.Op
	caller context.Context //nolint:containedctx // of the call that waits
	key    signon.ReplyKey
	until  time.Time
	back   bool
	asked  bool // the server is asked for it
	given  bool
}

// holding is a lease that somebody in this process has.
type holding struct {
	until time.Time
	conn  *pgx.Conn // that has the lock
}

func newLeases(s *Store) *leases {
	l := &leases{store: s, queue: group.NewQueue[*lease](), idle: idleTime, ended: make(chan struct{}), held: map[signon.ReplyKey]holding{}}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	return l
}

// take gives the lease of a key, unless somebody has it, here or in another process.
func (l *leases) take(ctx context.Context, what string, key signon.ReplyKey, until time.Time) (bool, error) {
	o := &lease{Op: group.New(ctx), caller: ctx, key: key, until: until}
	if err := l.wait(o, what); err != nil {
		return false, err
	}
	return o.given, nil
}

// release gives a lease back, unless it is another one by now.
func (l *leases) release(ctx context.Context, what string, key signon.ReplyKey, until time.Time) error {
	return l.wait(&lease{Op: group.New(ctx), caller: ctx, key: key, until: until, back: true}, what)
}

func (l *leases) wait(o *lease, what string) error {
	answered, err := l.queue.Do(o)
	if !answered || err != nil {
		return signon.Unavailable(what, err)
	}
	return nil
}

// stop ends the connection, and all leases with it.
func (l *leases) stop() {
	l.cancel()
	l.queue.Stop()
	<-l.ended
}

func (l *leases) serve() {
	defer close(l.ended)
	defer l.hangUp()
	var asked []*lease
	for more := true; more; {
		if asked, more = l.queue.Next(asked, maxGroup); len(asked) > 0 {
			err := l.answer(asked)
			for _, o := range asked {
				o.Err = err
				o.Answer()
			}
		}
	}
}

// answer decides about all who wait. Where the server has given up the connection, it
// does so with another one.
func (l *leases) answer(asked []*lease) error {
	old := l.connected()
	err := l.attempt(asked)
	if err != nil && old {
		err = l.attempt(asked)
	}
	return err
}

func (l *leases) attempt(asked []*lease) error {
	ctx, cancel := context.WithTimeout(l.ctx, connectTime)
	defer cancel()
	if err := l.connect(ctx); err != nil {
		return err
	}
	var b pgx.Batch
	l.expire(&b)
	for _, o := range asked {
		l.queueOne(&b, o)
	}
	if b.Len() > 0 {
		if err := l.conn.SendBatch(ctx, &b).Close(); err != nil {
			l.undo(asked)
			return err
		}
	}
	for _, o := range asked {
		if o.given && o.caller.Err() != nil {
			l.held[o.key] = holding{conn: l.conn} // nobody knows of it: it has run out
		}
	}
	return nil
}

// queueOne asks the server for what it must decide. Who comes second is refused also
// when the first one may be.
func (l *leases) queueOne(b *pgx.Batch, o *lease) {
	held, taken := l.held[o.key]
	switch {
	case o.back && taken && held.until.Equal(o.until):
		l.drop(b, o.key)
	case !o.back && !taken:
		l.held[o.key], o.asked = holding{o.until, l.conn}, true
		b.Queue("SELECT pg_try_advisory_lock($1)", lockOf(o.key)).QueryRow(func(row pgx.Row) error {
			err := row.Scan(&o.given)
			if err == nil && !o.given {
				delete(l.held, o.key)
			}
			return err
		})
	}
}

// undo forgets what was asked for and not answered.
func (l *leases) undo(asked []*lease) {
	for _, o := range asked {
		if o.asked {
			delete(l.held, o.key)
			o.asked, o.given = false, false
		}
	}
	l.hangUp() // what the server has done of it is undone with the connection
}

// expire forgets leases that ran out and were not given back.
func (l *leases) expire(b *pgx.Batch) {
	now := l.store.Now()
	for key, held := range l.held {
		if !now.Before(held.until) {
			l.drop(b, key)
		}
	}
}

func (l *leases) drop(b *pgx.Batch, key signon.ReplyKey) {
	if l.held[key].conn == l.conn { // with another one the lock is gone
		b.Queue("SELECT pg_advisory_unlock($1)", lockOf(key))
	}
	delete(l.held, key)
}

func lockOf(key signon.ReplyKey) int64 { return int64(binary.BigEndian.Uint64(key[:])) } //nolint:gosec // any number will do

func (l *leases) connected() bool { return l.conn != nil && !l.conn.IsClosed() }

// connect makes sure that there is a connection.
func (l *leases) connect(ctx context.Context) error {
	if l.connected() {
		return nil
	}
	c, err := pgx.ConnectConfig(ctx, l.store.config)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	l.conn = c
	// Old servers have no such setting: they keep the locks of a process that is stopped.
	const limit = "SELECT set_config(name, $1, false) FROM pg_settings WHERE name = 'idle_session_timeout'"
	if _, err := c.Exec(ctx, limit, fmt.Sprint(l.idle.Milliseconds())); err != nil {
		l.hangUp()
		return fmt.Errorf("limit how long locks are kept: %w", err)
	}
	return nil
}

func (l *leases) hangUp() {
	if l.conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), connectTime)
	defer cancel()
	_ = l.conn.Close(ctx) // nothing is lost with it
}

// ClaimReply returns a reply, or gives the lease of its key. See
// [signon.ReplyStore].
func (s *Store) ClaimReply(ctx context.Context, key signon.ReplyKey, until time.Time) (*signon.Reply, error) {
	if err := s.ready(ctx, "claim reply"); err != nil {
		return nil, err
	}
	taken, err := s.leases.take(ctx, "claim reply", key, until)
	if err != nil {
		return nil, err
	}
	// It is read after the lease was taken: whoever had it before has written then.
	reply, err := s.ReadClaimed(ctx, key, s.Now(), taken)
	if err == nil {
		err = s.confirm(ctx, "claim reply")
	}
	if taken && !errors.Is(err, signon.ErrNotFound) {
		err = errors.Join(err, s.leases.release(ctx, "release reply", key, until))
	}
	if err != nil {
		return nil, err
	}
	return reply, nil
}

// ReleaseReply gives a lease back. See [signon.ReplyStore].
func (s *Store) ReleaseReply(ctx context.Context, key signon.ReplyKey, until time.Time) error {
	if err := s.ready(ctx, "release reply"); err != nil {
		return err
	}
	return s.leases.release(ctx, "release reply", key, until)
}
