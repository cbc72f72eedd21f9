// Package archive is a store in one file, whatever its engine: all rows of one
// instant, table by table. It is written while the store is in use, and read into
// another one.
//
// The file is a line of text that names the format, a stream compressed with
// DEFLATE, in frames, the SHA-256 digest of all of that, and the digest once more,
// sealed under the root key. So a file that was cut or changed in any place is
// refused, and one that was written under another root key. The stream holds a
// header and its digest, sealed in the same way, the rows, and how many there were.
//
// The file holds what the tables hold: digests of tokens and secrets, sealed values,
// and names and addresses of people in the clear. The root key is not in it, and
// without that nothing that is sealed can be read.
package archive

import (
	"errors"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/tables"
)

// magic begins every archive; the number is that of the format.
const magic = "latchkey archive 1\n"

// Errors of archives that can't be used.
var (
	// ErrForeign: the file is no archive.
	ErrForeign = errors.New("this is no archive of Latchkey's")
	// ErrDamaged: the file is not as it was written.
	ErrDamaged = errors.New("the archive is damaged")
	// ErrNewer: the file has what this program does not know.
	ErrNewer = errors.New("the archive was written by a newer version")
	// ErrRootKey: the file was written under another root key.
	ErrRootKey = errors.New("the archive was not written under this root key, or its beginning is damaged")
)

// Header says what an archive holds.
type Header struct {
	// Version describes the program that wrote it.
	Version string `json:"version"`
	// At is an instant after which nothing in it was judged.
	At time.Time `json:"at"`
	// Epoch is that of the store.
	Epoch int64 `json:"epoch"`
	// LastEvent and LastHash are the end of the audit log.
	LastEvent int64  `json:"last_event"`
	LastHash  []byte `json:"last_hash"`
	// Counts are how many rows each table has.
	Counts map[string]int64 `json:"counts"`
}

// Rows returns how many rows there are.
func (h *Header) Rows() (all int64) {
	for _, n := range h.Counts {
		all += n
	}
	return all
}

// State returns where the store had come to.
func (h *Header) State() tables.State {
	end := signon.ChainHead{Seq: h.LastEvent}
	copy(end.Hash[:], h.LastHash)
	return tables.State{Epoch: h.Epoch, At: h.At, End: end}
}

func place(column string) signon.Place { return signon.Place{Table: "archive", Column: column} }

// Limits of what is read, so that a file made up by somebody takes little memory,
// also where it is small and holds much. Rows are far below theirs: nobody can send
// more than some dozen KiB at once.
const (
	maxHeader  = 64 << 10
	maxName    = 64
	maxColumns = 64
	maxRow     = 4 << 20 // as written
	maxSeal    = 256
)

// The types of values.
const (
	valueNull = iota
	valueInt
	valueText
	valueBlob
)

// What comes next in the stream.
const (
	nextTable = 't'
	nextRow   = 'r'
	nextEnd   = 'e'
)
