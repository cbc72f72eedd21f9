package transfer

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// maxRecord is how long a line, or a row of several lines, can be, in bytes.
const maxRecord = 1 << 20

// record is one row of a file. It has cells with an index by column, or members.
type record struct {
	line    int
	index   map[string]int
	cells   []string
	members map[string]json.RawMessage
}

// value returns what the row has in the column; ok is false when the file, or in
// JSON Lines the line, does not have that column.
func (r *record) value(column string) (v value, ok bool) {
	if r.members != nil {
		raw, ok := r.members[column]
		return value{json: raw}, ok
	}
	i, ok := r.index[column]
	if !ok {
		return value{}, false
	}
	return value{text: r.cells[i]}, true
}

// Refusal names a line that was not imported, and why: "<column> <rule>". It
// holds nothing of the line. Column is empty when it is about the whole line.
type Refusal struct {
	Line   int    `json:"line"`
	Column string `json:"column,omitempty"`
	Rule   string `json:"rule"`
}

// String returns one sentence.
func (r Refusal) String() string {
	if r.Column == "" {
		return fmt.Sprintf("line %d: %s", r.Line, r.Rule)
	}
	return fmt.Sprintf("line %d: %s %s", r.Line, r.Column, r.Rule)
}

// FileError says why a file can't be read at all, or not beyond a line.
type FileError struct {
	Line int
	Rule string
}

// Error returns one sentence.
func (e *FileError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Rule) }

// reader reads the records of a file, one after the other. The error is io.EOF
// at the end, and a *FileError or the source's error when there is no going on.
// For a line that can't be read there is a refusal instead of a record.
type reader interface {
	read() (*record, *Refusal, error)
}

// open returns a reader for files with those columns.
func open(src io.Reader, format Format, columns []string) (reader, error) {
	buf := bufio.NewReaderSize(src, 64<<10)
	start, err := buf.Peek(4)
	if err != nil && err != io.EOF {
		return nil, fmt.Errorf("read file: %w", err)
	}
	if bytes.HasPrefix(start, []byte("\xff\xfe")) || bytes.HasPrefix(start, []byte("\xfe\xff")) || bytes.ContainsRune(start, 0) {
		return nil, &FileError{1, "must be UTF-8 text"}
	}
	if bytes.HasPrefix(start, []byte("\ufeff")) {
		_, _ = buf.Discard(3) // they are in the buffer
	}
	if format == AnyFormat {
		format = sniff(buf)
	}
	if format == JSONL {
		return &jsonlReader{src: buf, columns: columns}, nil
	}
	return newCSVReader(buf, columns)
}

// sniff tells the format by the first character that is not blank.
func sniff(buf *bufio.Reader) Format {
	start, _ := buf.Peek(buf.Size() / 2) // what there is, if it is less
	if bytes.HasPrefix(bytes.TrimLeft(start, " \t\r\n"), []byte("{")) {
		return JSONL
	}
	return CSV
}

// columnName is what a name must look like to be repeated: a file without a
// header has data in its place.
var columnName = regexp.MustCompile(`^[A-Za-z][A-Za-z_ .-]{0,39}[0-9]?$`)

// unknownColumn is the rule for a column that there is not. It is named when its
// name looks like one, else called otherwise.
func unknownColumn(name, otherwise string, known []string) string {
	called := otherwise
	if columnName.MatchString(name) {
		called = fmt.Sprintf("column %q", name)
	}
	return called + " is not known; known are " + strings.Join(known, ", ")
}
