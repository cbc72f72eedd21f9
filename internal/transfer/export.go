package transfer

import (
	"bufio"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"iter"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// Export writes all of a tenant's rows of one kind, in the order of their keys,
// and returns how many. AnyFormat is CSV. Rows that change meanwhile are written
// as they were or as they are.
func Export(ctx context.Context, dir *directory.Service, tenant signon.TenantID, kind Kind, format Format, dst io.Writer) (int, error) {
	switch kind {
	case Customers:
		return writeAll(dst, format, customerTable, dir.AllCustomers(ctx, tenant))
	case Subscriptions:
		return writeAll(dst, format, subscriptionTable, dir.AllSubscriptions(ctx, tenant))
	case Products:
		return writeAll(dst, format, productTable, dir.AllProducts(ctx, tenant))
	case Users:
		return writeAll(dst, format, userTable, dir.AllUsers(ctx, tenant))
	case Members:
		return writeAll(dst, format, memberTable, dir.AllMembers(ctx, tenant))
	case Orders:
		return writeAll(dst, format, orderTable, dir.AllOrders(ctx, tenant))
	}
	return 0, fmt.Errorf("export: there are no %s", kind)
}

// writer writes rows of T.
type writer[T any] interface {
	write(*T) error
	flush() error
}

func writeAll[T any](dst io.Writer, format Format, columns table[T], rows iter.Seq2[*T, error]) (n int, err error) {
	w, err := newWriter(dst, format, columns.exported())
	if err != nil {
		return 0, fmt.Errorf("export: %w", err)
	}
	for row, err := range rows {
		if err == nil {
			err = w.write(row)
		}
		if err != nil {
			return n, fmt.Errorf("export: %w", err)
		}
		n++
	}
	if err := w.flush(); err != nil {
		return n, fmt.Errorf("export: %w", err)
	}
	return n, nil
}

func newWriter[T any](dst io.Writer, format Format, columns table[T]) (writer[T], error) {
	if format == JSONL {
		return &jsonlWriter[T]{dst: bufio.NewWriter(dst), columns: columns}, nil
	}
	w := &csvWriter[T]{dst: csv.NewWriter(dst), columns: columns}
	return w, w.dst.Write(columns.names())
}

// csvWriter writes CSV with commas, a header row and \n.
type csvWriter[T any] struct {
	dst     *csv.Writer
	columns table[T]
	cells   []string
}

func (w *csvWriter[T]) write(row *T) error {
	w.cells = w.cells[:0]
	for i := range w.columns {
		c := &w.columns[i]
		if c.shape != nil {
			w.cells = append(w.cells, guard(c.shape.formatList(c.getList(row))))
			continue
		}
		w.cells = append(w.cells, guard(c.get(row)))
	}
	return w.dst.Write(w.cells)
}

func (w *csvWriter[T]) flush() error {
	w.dst.Flush()
	return w.dst.Error()
}

// jsonlWriter writes JSON Lines.
type jsonlWriter[T any] struct {
	dst     *bufio.Writer
	columns table[T]
	line    []byte
}

func (w *jsonlWriter[T]) write(row *T) error {
	w.line = w.line[:0]
	for i := range w.columns {
		c := &w.columns[i]
		w.line = append(w.line, "{,"[min(i, 1)])
		w.line = append(appendString(w.line, c.name), ':')
		if c.shape != nil {
			w.line = c.shape.appendJSON(w.line, c.getList(row))
			continue
		}
		w.line = appendJSON(w.line, c.get(row), c.form)
	}
	w.line = append(w.line, '}', '\n')
	_, err := w.dst.Write(w.line)
	return err
}

func (w *jsonlWriter[T]) flush() error { return w.dst.Flush() }
