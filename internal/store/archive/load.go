package archive

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/latchkey-sso/latchkey/internal/store/tables"
)

// Rows are handed over in batches of this many, or of this many bytes.
const (
	batchRows  = 500
	batchBytes = 1 << 16
)

// Load puts all rows of the archive into a store. It fails, after it may have put
// rows there, when the archive turns out to be damaged. progress, unless nil, is told
// how many rows are there.
func (r *Reader) Load(ctx context.Context, into tables.Filler, progress func(rows, all int64)) error {
	b := batch{into: into}
	for {
		t, row, err := r.Next()
		if errors.Is(err, io.EOF) {
			return b.put()
		}
		if err == nil {
			err = b.add(t, row)
		}
		if err == nil && r.rows%progressEvery == 0 {
			err = ctx.Err()
			if progress != nil {
				progress(r.rows, r.Header.Rows())
			}
		}
		if err != nil {
			return err
		}
	}
}

// Check reads the archive to its end.
func (r *Reader) Check(progress func(rows, all int64)) error {
	for {
		_, _, err := r.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case progress != nil && r.rows%progressEvery == 0:
			progress(r.rows, r.Header.Rows())
		}
	}
}

// batch is rows of one table that are not stored yet.
type batch struct {
	into  tables.Filler
	table tables.Table
	rows  []tables.Row
	bytes int
}

func (b *batch) add(t *tables.Table, row tables.Row) error {
	if t.Name != b.table.Name || len(b.rows) == batchRows || b.bytes >= batchBytes {
		if err := b.put(); err != nil {
			return err
		}
		b.table = *t
	}
	b.rows = append(b.rows, row)
	for _, v := range row {
		switch v := v.(type) {
		case string:
			b.bytes += len(v)
		case []byte:
			b.bytes += len(v)
		}
	}
	return nil
}

func (b *batch) put() error {
	if len(b.rows) == 0 {
		return nil
	}
	if err := b.into.Insert(&b.table, b.rows); err != nil {
		return fmt.Errorf("store rows of table %s: %w", b.table.Name, err)
	}
	b.rows, b.bytes = b.rows[:0], 0
	return nil
}
