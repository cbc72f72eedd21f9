package archive

import (
	"bufio"
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/tables"
)

// Reader reads an archive. What it has read counts only once Next has returned
// io.EOF: then all of it was as it was written.
type Reader struct {
	Header Header

	keys    *signon.Keyring // nil: nothing sealed is opened
	frames  *frameReader
	in      *bufio.Reader
	scratch bytes.Buffer
	table   tables.Table
	counts  map[string]int64
	rows    int64
}

// NewReader reads the header of an archive that was written under the keys. Without
// keys the file is checked all the same, but for who wrote it.
func NewReader(src io.Reader, keys *signon.Keyring) (*Reader, error) {
	r := &Reader{keys: keys, frames: newFrameReader(src), counts: map[string]int64{}}
	if err := r.begin(); err != nil {
		return nil, err
	}
	r.in = bufio.NewReaderSize(flate.NewReader(r.frames), maxFrame)
	head, err := r.bytes(maxHeader)
	if err != nil {
		return nil, err
	}
	seal, err := r.bytes(maxSeal)
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(head)
	if err := r.prove(digest[:], seal, "header"); err != nil {
		return nil, err
	}
	if json.Unmarshal(head, &r.Header) != nil {
		return nil, fmt.Errorf("%w: its header can't be read", ErrDamaged)
	}
	return r, nil
}

// begin reads the line that names the format.
func (r *Reader) begin() error {
	line := make([]byte, len(magic))
	if err := r.frames.full(line); err != nil && !errors.Is(err, ErrDamaged) {
		return err
	}
	const name = len("latchkey archive ")
	switch {
	case string(line) == magic:
		return nil
	case string(line[:name]) == magic[:name] && line[name] > magic[name] && line[name] <= '9':
		return ErrNewer
	}
	return ErrForeign
}

// prove checks that somebody who had the root key sealed the value.
func (r *Reader) prove(value, sealed []byte, column string) error {
	if r.keys == nil {
		return nil
	}
	opened, err := r.keys.Open(sealed, place(column))
	if err != nil || !bytes.Equal(opened, value) {
		return ErrRootKey
	}
	return nil
}

// Next returns the next row and its table, or io.EOF after the last one.
func (r *Reader) Next() (*tables.Table, tables.Row, error) {
	for {
		next, err := r.in.ReadByte()
		if err != nil {
			return nil, nil, damaged(err)
		}
		switch {
		case next == nextTable:
			if err := r.nextTable(); err != nil {
				return nil, nil, err
			}
		case next == nextRow && r.table.Name != "":
			row, err := r.row()
			return &r.table, row, err
		case next == nextEnd:
			if err := r.end(); err != nil {
				return nil, nil, err
			}
			return nil, nil, io.EOF
		default:
			return nil, nil, fmt.Errorf("%w: it has a part of an unknown kind", ErrDamaged)
		}
	}
}

func (r *Reader) nextTable() error {
	name, err := r.bytes(maxName)
	if err != nil {
		return err
	}
	count, err := r.number(maxColumns)
	if err != nil {
		return err
	}
	r.table = tables.Table{Name: string(name), Columns: make([]string, count)}
	for i := range r.table.Columns {
		column, err := r.bytes(maxName)
		if err != nil {
			return err
		}
		r.table.Columns[i] = string(column)
	}
	if _, twice := r.counts[r.table.Name]; twice {
		return fmt.Errorf("%w: a table comes twice", ErrDamaged)
	}
	r.counts[r.table.Name] = 0
	return known(&r.table)
}

// known refuses what this program does not know: it would be lost.
func known(t *tables.Table) error {
	i := slices.IndexFunc(tables.Schema, func(s tables.Table) bool { return s.Name == t.Name })
	if i < 0 {
		return fmt.Errorf("%w: it has the table %q", ErrNewer, t.Name)
	}
	for n, c := range t.Columns {
		if !slices.Contains(tables.Schema[i].Columns, c) || slices.Contains(t.Columns[:n], c) {
			return fmt.Errorf("%w: its table %s has the column %q", ErrNewer, t.Name, c)
		}
	}
	return nil
}

func (r *Reader) row() (tables.Row, error) {
	row, left := make(tables.Row, len(r.table.Columns)), uint64(maxRow)
	for i := range row {
		kind, err := r.in.ReadByte()
		if err != nil {
			return nil, damaged(err)
		}
		switch kind {
		case valueNull:
		case valueInt:
			n, err := binary.ReadVarint(r.in)
			if err != nil {
				return nil, damaged(err)
			}
			row[i] = n
		case valueText, valueBlob:
			b, err := r.bytes(left)
			if err != nil {
				return nil, err
			}
			left -= uint64(len(b))
			row[i] = b
			if kind == valueText {
				row[i] = string(b)
			}
		default:
			return nil, fmt.Errorf("%w: a value has an unknown type", ErrDamaged)
		}
	}
	r.rows++
	r.counts[r.table.Name]++
	return row, nil
}

// end checks that everything was there.
func (r *Reader) end() error {
	rows, err := r.number(math.MaxInt64)
	if err != nil {
		return err
	}
	if _, err := r.in.ReadByte(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: something follows its end", ErrDamaged)
	}
	digest, err := r.frames.end()
	if err != nil {
		return err
	}
	sealed, err := r.frames.rest(maxSeal)
	if err != nil {
		return err
	}
	if err := r.prove(digest, sealed, "digest"); err != nil {
		return fmt.Errorf("%w: its seal is wrong", ErrDamaged)
	}
	if int64(rows) != r.rows || r.Header.Rows() != r.rows { //nolint:gosec // bounded above
		return fmt.Errorf("%w: it has %d rows instead of %d", ErrDamaged, r.rows, r.Header.Rows())
	}
	for name, n := range r.Header.Counts {
		if r.counts[name] != n {
			return fmt.Errorf("%w: its table %s has %d rows instead of %d", ErrDamaged, name, r.counts[name], n)
		}
	}
	return nil
}

func (r *Reader) number(limit uint64) (uint64, error) {
	n, err := binary.ReadUvarint(r.in)
	if err != nil {
		return 0, damaged(err)
	}
	if n > limit {
		return 0, fmt.Errorf("%w: a number is too large", ErrDamaged)
	}
	return n, nil
}

// bytes reads a length and as many bytes. Memory is taken as they come.
func (r *Reader) bytes(limit uint64) ([]byte, error) {
	n, err := r.number(limit)
	if err != nil {
		return nil, err
	}
	if n <= maxFrame {
		b := make([]byte, n)
		if _, err := io.ReadFull(r.in, b); err != nil {
			return nil, damaged(err)
		}
		return b, nil
	}
	r.scratch.Reset()
	if _, err := io.CopyN(&r.scratch, r.in, int64(n)); err != nil { //nolint:gosec // bounded
		return nil, damaged(err)
	}
	return bytes.Clone(r.scratch.Bytes()), nil
}

// damaged says why the stream could not be read on: what was read is wrong, unless
// it could not be read at all.
func damaged(err error) error {
	var failed *readError
	if errors.Is(err, ErrDamaged) || errors.As(err, &failed) {
		return err
	}
	return fmt.Errorf("%w: its stream can't be read", ErrDamaged)
}
