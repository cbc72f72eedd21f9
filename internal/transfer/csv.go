package transfer

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// csvReader reads CSV (RFC 4180) with a header row. Commas separate cells, or
// semicolons or tabs, as spreadsheets in some countries write them.
type csvReader struct {
	src    *csv.Reader
	budget *budget
	index  map[string]int
	line   int // of the last record
}

// budget lets a record be read up to a size: a quotation mark that is never
// closed must not draw the whole file into memory.
type budget struct {
	src  io.Reader
	left int
}

var errBudget = errors.New("record too long")

func (b *budget) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errBudget
	}
	n, err := b.src.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

func newCSVReader(buf *bufio.Reader, columns []string) (*csvReader, error) {
	comma := separator(buf)
	r := &csvReader{budget: &budget{src: buf, left: maxRecord}, index: map[string]int{}}
	r.src = csv.NewReader(r.budget)
	r.src.Comma, r.src.FieldsPerRecord = comma, -1
	header, err := r.src.Read()
	switch {
	case errors.Is(err, io.EOF):
		return nil, &FileError{1, "is missing: the first line names the columns"}
	case errors.Is(err, errBudget):
		return nil, &FileError{1, "is too long"}
	case err != nil:
		return nil, r.fileError(err)
	}
	r.line, _ = r.src.FieldPos(0)
	for i, name := range header {
		name = strings.ToLower(strings.TrimSpace(name))
		if !slices.Contains(columns, name) {
			return nil, &FileError{r.line, unknownColumn(strings.TrimSpace(header[i]), fmt.Sprintf("column %d", i+1), columns)}
		}
		if _, again := r.index[name]; again {
			return nil, &FileError{r.line, "names the column " + name + " twice"}
		}
		r.index[name] = i
	}
	return r, nil
}

// separator returns what stands behind the first name of the header.
func separator(buf *bufio.Reader) rune {
	start, _ := buf.Peek(buf.Size() / 2)
	for _, c := range string(start) {
		switch c {
		case ',', ';', '\t':
			return c
		case '\n':
			return ','
		}
	}
	return ','
}

// fileError turns an error of the source into one that says what was done.
func (r *csvReader) fileError(err error) error {
	var parse *csv.ParseError
	if errors.As(err, &parse) {
		return &FileError{parse.StartLine, "has a quotation mark out of place"}
	}
	return fmt.Errorf("read file: %w", err)
}

func (r *csvReader) read() (*record, *Refusal, error) {
	r.budget.left = maxRecord
	cells, err := r.src.Read()
	var parse *csv.ParseError
	switch {
	case errors.Is(err, errBudget):
		return nil, nil, &FileError{r.line + 1, "starts a row of more than 1 MiB; perhaps a quotation mark is not closed"}
	case errors.As(err, &parse):
		r.line = parse.Line
		return nil, &Refusal{Line: parse.StartLine, Rule: misquoted(parse)}, nil
	case errors.Is(err, io.EOF):
		return nil, nil, io.EOF
	case err != nil:
		return nil, nil, fmt.Errorf("read file: %w", err)
	}
	line, _ := r.src.FieldPos(0)
	r.line = line
	if len(cells) != len(r.index) {
		return nil, &Refusal{Line: line, Rule: fmt.Sprintf("has %d cells, the header has %d", len(cells), len(r.index))}, nil
	}
	for i := range cells {
		cells[i] = unguard(cells[i])
	}
	return &record{line: line, index: r.index, cells: cells}, nil, nil
}

func misquoted(e *csv.ParseError) string {
	if e.Line > e.StartLine {
		return fmt.Sprintf("has a quotation mark that is out of place or not closed; it was read together with the lines up to %d", e.Line)
	}
	return "has a quotation mark out of place"
}
