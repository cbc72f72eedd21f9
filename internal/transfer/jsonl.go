package transfer

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
)

// jsonlReader reads JSON Lines: one object a line.
type jsonlReader struct {
	src     *bufio.Reader
	columns []string
	line    int
}

func (r *jsonlReader) read() (*record, *Refusal, error) {
	for {
		text, fits, err := r.readLine()
		if err != nil {
			return nil, nil, err
		}
		r.line++
		if !fits {
			return nil, &Refusal{Line: r.line, Rule: "is longer than 1 MiB"}, nil
		}
		text = bytes.TrimSpace(text)
		if len(text) == 0 {
			continue
		}
		rec, refusal := r.parse(text)
		return rec, refusal, nil
	}
}

// readLine returns the next line, or what there is of the last one; fits is
// false when it is too long, and was skipped.
func (r *jsonlReader) readLine() (line []byte, fits bool, err error) {
	fits = true
	for {
		part, err := r.src.ReadSlice('\n')
		if fits = fits && len(line)+len(part) <= maxRecord; fits {
			line = append(line, part...)
		}
		switch {
		case err == nil:
			return line, fits, nil
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && (len(line) > 0 || !fits):
			return line, fits, nil
		case errors.Is(err, io.EOF):
			return nil, false, io.EOF
		default:
			return nil, false, fmt.Errorf("read file: %w", err)
		}
	}
}

func (r *jsonlReader) parse(text []byte) (*record, *Refusal) {
	members, err := parseObject(text)
	if err != nil {
		return nil, &Refusal{Line: r.line, Rule: err.Error()}
	}
	unknown := slices.DeleteFunc(slices.Sorted(maps.Keys(members)), func(name string) bool { return slices.Contains(r.columns, name) })
	if len(unknown) > 0 {
		return nil, &Refusal{Line: r.line, Rule: unknownColumn(unknown[0], "a member", r.columns)}
	}
	return &record{line: r.line, members: members}, nil
}
