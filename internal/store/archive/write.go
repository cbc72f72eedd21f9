package archive

import (
	"bufio"
	"compress/flate"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/tables"
)

// Source is a store that can be archived.
type Source interface {
	// Archive lends do a reader of one state of the store, which it is given.
	Archive(ctx context.Context, do func(tables.Reader, tables.State) error) error
}

// Options are what Write needs beside the store. Keys is required.
type Options struct {
	Keys *signon.Keyring
	// Plain leaves the compression out, for an archive that is read at once.
	Plain bool
	// Progress, unless nil, is told now and then how many rows are written.
	Progress func(rows, all int64)
}

// progressEvery is how many rows there are between two calls of Progress, and
// between two looks at whether anybody waits.
const progressEvery = 1000

// Write writes the archive of a store that may be in use, and returns its header.
// With an error what was written is no archive.
func Write(ctx context.Context, dst io.Writer, src Source, o Options) (*Header, error) {
	var h *Header
	err := src.Archive(ctx, func(r tables.Reader, s tables.State) (err error) {
		counts, err := tables.Count(r)
		if err != nil {
			return fmt.Errorf("count rows: %w", err)
		}
		h = newHeader(&s, counts)
		w, err := newWriter(dst, h, &o)
		if err != nil {
			return err
		}
		for _, t := range tables.Schema {
			if err := w.table(ctx, r, t); err != nil {
				return fmt.Errorf("archive table %s: %w", t.Name, err)
			}
		}
		return w.end()
	})
	if err != nil {
		return nil, fmt.Errorf("write archive: %w", err)
	}
	return h, nil
}

func newHeader(s *tables.State, counts map[string]int64) *Header {
	return &Header{Version: version(), At: s.At, Epoch: s.Epoch, LastEvent: s.End.Seq, LastHash: s.End.Hash[:], Counts: counts}
}

// version returns the version of the program.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

type writer struct {
	Options
	all, rows int64
	frames    *frameWriter
	flate     *flate.Writer
	out       *bufio.Writer
	buf       []byte
}

func newWriter(dst io.Writer, h *Header, o *Options) (*writer, error) {
	w := &writer{Options: *o, all: h.Rows(), frames: newFrameWriter(dst)}
	level := flate.BestSpeed
	if o.Plain {
		level = flate.NoCompression
	}
	var err error
	if w.flate, err = flate.NewWriter(w.frames, level); err != nil {
		return nil, err
	}
	w.out = bufio.NewWriterSize(w.flate, maxFrame)
	if err := w.frames.raw([]byte(magic)); err != nil {
		return nil, err
	}
	b, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(b)
	return w, w.put(appendBytes(appendBytes(nil, b), w.Keys.Seal(digest[:], place("header"))))
}

func (w *writer) put(b []byte) error {
	_, err := w.out.Write(b)
	return err
}

func appendBytes[T string | []byte](b []byte, part T) []byte {
	return append(binary.AppendUvarint(b, uint64(len(part))), part...)
}

// table writes the rows of a table.
func (w *writer) table(ctx context.Context, r tables.Reader, t tables.Table) error {
	b := appendBytes([]byte{nextTable}, t.Name)
	b = binary.AppendUvarint(b, uint64(len(t.Columns)))
	for _, c := range t.Columns {
		b = appendBytes(b, c)
	}
	if err := w.put(b); err != nil {
		return err
	}
	query := "SELECT " + strings.Join(t.Columns, ", ") + " FROM " + t.Name
	if t.Order != "" {
		query += " ORDER BY " + t.Order
	}
	return r.Each(query, func(row tables.Row) error { return w.row(ctx, row) })
}

func (w *writer) row(ctx context.Context, row tables.Row) error {
	b := w.buf[:0]
	b = append(b, nextRow)
	for _, v := range row {
		switch v := v.(type) {
		case nil:
			b = append(b, valueNull)
		case int64:
			b = binary.AppendVarint(append(b, valueInt), v)
		case string:
			b = appendBytes(append(b, valueText), v)
		case []byte:
			b = appendBytes(append(b, valueBlob), v)
		default:
			return fmt.Errorf("a column has the type %T", v)
		}
	}
	if w.buf = b; len(b) > maxRow {
		return fmt.Errorf("a row of %d bytes is larger than an archive can hold", len(b))
	}
	if w.rows++; w.rows%progressEvery == 0 {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if w.Progress != nil {
			w.Progress(w.rows, w.all)
		}
	}
	return w.put(b)
}

// end writes how many rows there were, and the digests.
func (w *writer) end() error {
	if w.rows != w.all {
		return errors.New("the number of rows changed meanwhile")
	}
	err := w.put(binary.AppendUvarint([]byte{nextEnd}, uint64(w.rows))) //nolint:gosec // positive
	if err := errors.Join(err, w.out.Flush(), w.flate.Close()); err != nil {
		return err
	}
	digest, err := w.frames.end()
	if err != nil {
		return err
	}
	return w.frames.raw(w.Keys.Seal(digest, place("digest")))
}
