package sqlite

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// mark is the high-water mark: a small file beside the database that remembers
// how far the database had come. A database that is behind its mark was put
// back from an older copy.
//
// It is written after each commit and never before, so it may lag behind the
// database but is never ahead of what is durable. It is not synced each time:
// it is worth most after a restore, when the machine did not crash; after a
// power cut the last audit event stands in for it.
type mark struct {
	log *slog.Logger

	mu     sync.Mutex
	file   *os.File
	fresh  bool // there was none, or none that can be read
	failed bool // the last write failed, and the log says so
	state  markState
}

// markState is what the file holds.
type markState struct {
	head  signon.ChainHead
	epoch int64
	at    time.Time // no instant after it was handed out
}

const (
	markMagic = "latchkey mark 1\n"
	markLen   = len(markMagic) + 8 + 32 + 8 + 8
)

// encode returns the file's bytes: the magic, number and hash of the chain's
// head, epoch, time, and a checksum.
func (m *markState) encode() []byte {
	b := make([]byte, 0, markLen+crc32.Size)
	b = append(b, markMagic...)
	b = binary.BigEndian.AppendUint64(b, uint64(m.head.Seq)) //nolint:gosec // positive
	b = append(b, m.head.Hash[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(m.epoch)) //nolint:gosec // positive
	b = binary.BigEndian.AppendUint64(b, uint64(m.at.UnixNano()))
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
}

func decodeMark(b []byte) (m markState, ok bool) {
	if len(b) != markLen+crc32.Size || string(b[:len(markMagic)]) != markMagic ||
		binary.BigEndian.Uint32(b[markLen:]) != crc32.ChecksumIEEE(b[:markLen]) {
		return m, false
	}
	b = b[len(markMagic):]
	m.head.Seq = int64(binary.BigEndian.Uint64(b)) //nolint:gosec // written from one
	copy(m.head.Hash[:], b[8:])
	m.epoch = int64(binary.BigEndian.Uint64(b[40:]))            //nolint:gosec // written from one
	m.at = time.Unix(0, int64(binary.BigEndian.Uint64(b[48:]))) //nolint:gosec // written from one
	return m, true
}

// openMark opens the file or makes it. An unreadable one counts as absent. A new
// one is made durable at once, so that a power cut does not take it away again.
func openMark(path string, log *slog.Logger) (*mark, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	m := &mark{log: log, file: f}
	b, err := io.ReadAll(io.LimitReader(f, 4096))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read mark: %w", err), f.Close())
	}
	state, ok := decodeMark(b)
	if !ok && len(b) > 0 {
		log.Warn("the mark beside the database can't be read and is made anew", "path", path)
	}
	m.state, m.fresh = state, !ok
	if m.fresh {
		err = m.start()
	}
	return m, err
}

// start makes a new file durable, while nothing is known yet.
func (m *mark) start() error {
	b := m.state.encode()
	_, err := m.file.WriteAt(b, 0)
	err = errors.Join(err, m.file.Truncate(int64(len(b))), m.file.Sync(), syncDir(filepath.Dir(m.file.Name())))
	if err != nil {
		return errors.Join(fmt.Errorf("make mark: %w", err), m.file.Close())
	}
	return nil
}

// known returns what the mark remembers; the zero state when there was none.
func (m *mark) known() markState {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.state
}

// setHead remembers the end of the chain and the epoch after a commit.
func (m *mark) setHead(head signon.ChainHead, epoch int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.state.head == head && m.state.epoch == epoch {
		return
	}
	m.state.head, m.state.epoch = head, epoch
	m.write()
}

// setTime remembers the time.
func (m *mark) setTime(at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.state.at = at
	m.write()
}

// write puts the state into the file, in one piece that no reader sees half
// of. A mark that can't be written gets old, which weakens what it is for but
// not what was committed: the log tells, and the store goes on.
func (m *mark) write() {
	if m.file == nil {
		return // closed
	}
	_, err := m.file.WriteAt(m.state.encode(), 0)
	if err != nil && !m.failed {
		m.log.Error("the mark beside the database can't be written", "error", err)
	}
	m.failed = err != nil
}

func (m *mark) close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	f := m.file
	m.file = nil
	return errors.Join(f.Sync(), f.Close())
}

// latestInstant returns the latest instant that the store is known to have
// handed out before it was opened.
func (s *Store) latestInstant() (time.Time, error) {
	at := s.mark.known().at
	last, err := s.writer.conn.One("SELECT body FROM audit ORDER BY seq DESC LIMIT 1")
	if err != nil || last == nil {
		return at, err
	}
	e, err := signon.DecodeEvent(last.Blob(0))
	if err != nil {
		return at, fmt.Errorf("read last audit event: %w", err)
	}
	if e.At.After(at) {
		at = e.At
	}
	return at, nil
}

// compareMark raises the epoch when the database is not what its mark
// remembers, so that nothing can be redeemed again that the lost history has
// redeemed.
func (s *Store) compareMark(epoch int64) error {
	known, head := s.mark.known(), s.writer.chain.Head()
	switch {
	case s.mark.fresh && head.Seq > 0:
		s.log.Warn("the database has no mark beside it, so it may have been put back from an older copy: all live grants and sessions are void")
		return s.raiseEpoch(epoch+1, "the database had no mark beside it and may have been put back")
	case known.head.Seq == 0:
		s.mark.setHead(head, epoch)
		return nil
	}
	same, err := s.holds(known.head)
	if err != nil {
		return fmt.Errorf("compare with mark: %w", err)
	}
	if same && epoch >= known.epoch {
		s.mark.setHead(head, epoch)
		return nil
	}
	s.log.Warn("the database is older than its mark: all live grants and sessions are void",
		"last_event", head.Seq, "last_event_of_mark", known.head.Seq)
	note := fmt.Sprintf("the database was put back: its log ended with event %d, event %d had been written", head.Seq, known.head.Seq)
	return s.raiseEpoch(max(epoch, known.epoch)+1, note)
}

// holds reports whether the audit log has that event at that place.
func (s *Store) holds(head signon.ChainHead) (bool, error) {
	found, err := s.writer.conn.One("SELECT hash FROM audit WHERE seq = ?", head.Seq)
	return found != nil && string(found.Blob(0)) == string(head.Hash[:]), err
}

// raiseEpoch makes the epoch the current one, with its audit event. It is for
// before the writer serves.
func (s *Store) raiseEpoch(epoch int64, note string) error {
	raise := newOp(uninterrupted, func(t *tx) error {
		t.Exec("UPDATE meta SET value = ? WHERE name = 'epoch'", epoch)
		t.Append(&signon.Event{Type: signon.EventEpoch, Note: note})
		t.epoch = epoch
		return nil
	})
	s.writer.commit([]*op{raise})
	if raise.Err != nil {
		return fmt.Errorf("raise epoch: %w", raise.Err)
	}
	return nil
}
