package postgres

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// rows are those of a statement, which takes them from one array of a composite type.
// They are written as the server reads them: in the binary format of an array
// (array_recv) whose elements are composites (record_recv), each column of which has
// its type before it.
type rows struct {
	data  []byte
	begun int // where the latest row begins
}

// The array's header: the number of dimensions, whether there are NULLs, the type of
// the elements, how many there are, and the number of the first.
const (
	headerKind  = 8
	headerCount = 12
	headerLen   = 20
)

// reset makes it no rows, of a type.
func (r *rows) reset(kind uint32) {
	var header [headerLen]byte
	binary.BigEndian.PutUint32(header[:], 1)
	binary.BigEndian.PutUint32(header[headerKind:], kind)
	binary.BigEndian.PutUint32(header[headerLen-4:], 1)
	r.data = append(r.data[:0], header[:]...)
}

// count returns how many rows there are.
func (r *rows) count() uint32 { return binary.BigEndian.Uint32(r.data[headerCount:]) }

// begin begins a row of so many columns, which come in their order, and end ends it.
func (r *rows) begin(columns uint32) {
	r.begun = len(r.data)
	r.data = binary.BigEndian.AppendUint32(append(r.data, 0, 0, 0, 0), columns)
}

func (r *rows) end() {
	binary.BigEndian.PutUint32(r.data[r.begun:], uint32(len(r.data)-r.begun-4)) //nolint:gosec // a row is small
	binary.BigEndian.PutUint32(r.data[headerCount:], r.count()+1)
}

// column begins a column of that many bytes; of -1, for NULL.
func (r *rows) column(kind uint32, size int) {
	r.data = binary.BigEndian.AppendUint32(r.data, kind)
	r.data = binary.BigEndian.AppendUint32(r.data, uint32(size)) //nolint:gosec // a value is small
}

// bytes is a column of the type bytea: nil is NULL.
func (r *rows) bytes(b []byte) {
	size := len(b)
	if b == nil {
		size = -1
	}
	r.column(pgtype.ByteaOID, size)
	r.data = append(r.data, b...)
}

// text is a column of the type text.
func (r *rows) text(s string) {
	r.column(pgtype.TextOID, len(s))
	r.data = append(r.data, s...)
}

// number is a column of the type bigint, and noNumber one that is NULL.
func (r *rows) number(n int64) {
	r.column(pgtype.Int8OID, 8)
	r.data = binary.BigEndian.AppendUint64(r.data, uint64(n)) //nolint:gosec // the same bits
}

func (r *rows) noNumber() { r.column(pgtype.Int8OID, -1) }

// rowsMark is how many rows there were.
type rowsMark struct {
	size  int
	count uint32
}

func (r *rows) mark() rowsMark { return rowsMark{len(r.data), r.count()} }

// cut removes the rows since the mark.
func (r *rows) cut(to rowsMark) {
	r.data = r.data[:to.size]
	binary.BigEndian.PutUint32(r.data[headerCount:], to.count)
}

// rowTypes are the composite types that rows have, as a database numbers them.
type rowTypes struct{ grant, redemption, event, activity uint32 }

// learnRowTypes asks for the types, and has the driver hand arrays of them on as they
// are.
func learnRowTypes(ctx context.Context, c *pgx.Conn) (*rowTypes, error) {
	const types = `SELECT ARRAY['new_grant', 'redemption', 'new_event', 'new_activity']::regtype[]::oid[],
ARRAY['new_grant[]', 'redemption[]', 'new_event[]', 'new_activity[]']::regtype[]::oid[]`
	var kinds, arrays []uint32
	if err := c.QueryRow(ctx, types).Scan(&kinds, &arrays); err != nil {
		return nil, fmt.Errorf("read types: %w", err)
	}
	for _, oid := range arrays {
		c.TypeMap().RegisterType(&pgtype.Type{Name: fmt.Sprint("rows", oid), OID: oid, Codec: pgtype.ByteaCodec{}})
	}
	return &rowTypes{kinds[0], kinds[1], kinds[2], kinds[3]}, nil
}
