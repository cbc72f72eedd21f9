package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// Bounds of an import.
const (
	// stepRows and stepBytes are how much is written in one transaction: some
	// 20 ms for which everybody else who writes has to wait.
	stepRows  = 500
	stepBytes = 2 << 20
	// MaxWholeRows and MaxWholeBytes bound the files that can be imported all or
	// nothing: they are held in memory and written in one transaction.
	MaxWholeRows  = 50_000
	MaxWholeBytes = 64 << 20
)

// Job is an import to be done.
type Job struct {
	Tenant signon.TenantID
	Kind   Kind
	Format Format
	// AllOrNothing imports nothing when a line is refused. Otherwise every good
	// line is imported, in steps of one transaction each.
	AllOrNothing bool
	Act          directory.Act
	// Refused is told of every line that is refused, in order. May be nil.
	Refused func(Refusal)
	// Progress is told from time to time how far the import is. May be nil.
	Progress func(Progress)
}

// Progress tells how far an import is.
type Progress struct {
	Lines int   `json:"lines"` // lines dealt with
	Bytes int64 `json:"bytes"` // bytes read
}

// Summary tells what an import did, also when it ended with an error.
type Summary struct {
	Imported int `json:"imported"` // rows that are new
	Updated  int `json:"updated"`  // rows that replaced one
	Refused  int `json:"refused"`  // lines
}

// Columns returns the columns that a file of that kind can have.
func Columns(kind Kind) []string {
	switch kind {
	case Customers:
		return customerTable.names()
	case Subscriptions:
		return subscriptionTable.names()
	case Products:
		return productTable.names()
	case Users:
		return userTable.names()
	case Members:
		return memberTable.names()
	}
	return nil
}

// Import reads a file and merges its rows into a tenant's directory. Lines are
// dealt with in order, so a later line about the same row wins. The error is a
// *FileError when the file can't be read on, or why the directory could not be
// written; what was imported until then stays, and importing the whole file
// again is safe for rows that are named by an ID or a reference.
func Import(ctx context.Context, dir *directory.Service, src io.Reader, job Job) (Summary, error) {
	columns := Columns(job.Kind)
	if columns == nil {
		return Summary{}, fmt.Errorf("import: %s can't be imported", job.Kind)
	}
	counted := &counter{src: src}
	r, err := open(counted, job.Format, columns)
	if err != nil {
		return Summary{}, err
	}
	i := &importer{Job: job, dir: dir, src: r, bytes: counted}
	if job.AllOrNothing {
		err = i.whole(ctx)
	} else {
		err = i.inSteps(ctx)
	}
	return i.sum, err
}

// counter counts what is read through it.
type counter struct {
	src io.Reader
	n   int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.src.Read(p)
	c.n += int64(n)
	return n, err
}

// importer is an import under way.
type importer struct {
	Job
	dir   *directory.Service
	src   reader
	bytes *counter
	sum   Summary
	lines int

	// The step: rows read and not written yet, and lines of theirs and between
	// them that are refused.
	rows    []*row
	refused []Refusal
}

// row is a record that knows what it is about.
type row struct {
	line int
	add  func(*directory.Rows)
}

// inSteps imports all good lines.
func (i *importer) inSteps(ctx context.Context) error {
	for {
		errRead := i.readStep(stepRows, stepBytes)
		if err := i.writeGood(ctx); err != nil {
			return err
		}
		if errors.Is(errRead, io.EOF) {
			return nil
		}
		if errRead != nil {
			return errRead
		}
	}
}

// readStep reads up to about so much. The error is io.EOF when there is no more.
func (i *importer) readStep(rows int, bytes int64) error {
	i.rows, i.refused = i.rows[:0], i.refused[:0]
	for start := i.bytes.n; rows > 0 && i.bytes.n-start <= bytes; rows-- {
		rec, refusal, err := i.src.read()
		if err != nil {
			return err
		}
		i.lines++
		var r *row
		if refusal == nil {
			r, refusal = rowOf(i.Kind, rec)
		}
		if refusal != nil {
			i.refused = append(i.refused, *refusal)
			continue
		}
		i.rows = append(i.rows, r)
	}
	return nil
}

// writeGood writes the rows of the step that can be written.
func (i *importer) writeGood(ctx context.Context) error {
	defer i.report()
	for len(i.rows) > 0 {
		done, err := i.dir.Merge(ctx, i.Tenant, i.batch(), i.Act)
		if !i.drop(err) {
			i.sum.Imported += done.Created
			i.sum.Updated += done.Updated
			return err
		}
	}
	return nil
}

// batch returns the rows of the step for the directory.
func (i *importer) batch() *directory.Rows {
	rows := &directory.Rows{}
	for _, r := range i.rows {
		r.add(rows)
	}
	return rows
}

// drop takes the rows out of the step that the directory refused, and reports
// whether there were any.
func (i *importer) drop(err error) bool {
	var refused directory.RowErrors
	if !errors.As(err, &refused) {
		return false
	}
	for _, r := range refused {
		i.refused = append(i.refused, refusalOf(i.rows[r.Index].line, r.Err))
		i.rows[r.Index] = nil
	}
	i.rows = slices.DeleteFunc(i.rows, func(r *row) bool { return r == nil })
	return true
}

// whole imports all lines, or none.
func (i *importer) whole(ctx context.Context) error {
	err := i.readStep(MaxWholeRows+1, MaxWholeBytes)
	switch {
	case err == nil:
		return &FileError{i.lines, fmt.Sprintf(
			"all or nothing takes at most %d rows and %d MiB: split the file, or import it without", MaxWholeRows, MaxWholeBytes>>20)}
	case !errors.Is(err, io.EOF):
		return err
	case len(i.refused) == 0:
		return i.writeAll(ctx)
	}
	// Nothing will be written; tell what else is wrong.
	defer i.report()
	if err := i.dir.Check(ctx, i.Tenant, i.batch()); !i.drop(err) {
		return err
	}
	return nil
}

// writeAll writes all rows of the step, or none.
func (i *importer) writeAll(ctx context.Context) error {
	defer i.report()
	done, err := i.dir.Merge(ctx, i.Tenant, i.batch(), i.Act)
	i.sum.Imported, i.sum.Updated = done.Created, done.Updated
	if i.drop(err) {
		return nil
	}
	return err
}

// report tells of the step's refusals, in order, and how far the import is.
func (i *importer) report() {
	slices.SortStableFunc(i.refused, func(a, b Refusal) int { return a.Line - b.Line })
	i.sum.Refused += len(i.refused)
	if i.Refused != nil {
		for _, r := range i.refused {
			i.Refused(r)
		}
	}
	if i.Progress != nil {
		i.Progress(Progress{Lines: i.lines, Bytes: i.bytes.n})
	}
}

// renamed are fields of the directory that have another name as columns.
var renamed = map[string]string{directory.FieldCustomer: customerIDColumn, directory.FieldCredit: "credit_limit"}

func refusalOf(line int, err error) Refusal {
	e := signon.AsError(err)
	r := Refusal{Line: line, Column: e.Argument, Rule: e.Rule}
	if other, ok := renamed[r.Column]; ok {
		r.Column = other
	}
	return r
}
