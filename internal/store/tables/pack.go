package tables

import (
	"encoding/binary"
	"errors"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// about is what describes a grant and its session and is judged by nobody. It
// is kept packed in one column: each column more costs time on every redemption.
type about struct {
	tenant      signon.TenantID
	client      string
	destination string
	kind        signon.SubjectKind
	subject     signon.SubjectRef
	target      string
	language    string
}

const aboutVersion = 1

// pack returns a version byte and the fields, each after its length.
func (a *about) pack() []byte {
	fields := [...]string{string(a.tenant), a.client, a.destination, string(a.kind), string(a.subject), a.target, a.language}
	size := 1
	for _, f := range fields {
		size += binary.MaxVarintLen16 + len(f)
	}
	b := append(make([]byte, 0, size), aboutVersion)
	for _, f := range fields {
		b = binary.AppendUvarint(b, uint64(len(f)))
		b = append(b, f...)
	}
	return b
}

var errAbout = errors.New("the description of a row can't be read")

func unpackAbout(b []byte) (a about, err error) {
	if len(b) == 0 || b[0] != aboutVersion {
		return a, errAbout
	}
	text := string(b[1:]) // one copy; the fields are parts of it
	var f [7]string
	for i := range f {
		size, n := binary.Uvarint(b[len(b)-len(text):])
		if n <= 0 || size > uint64(len(text)) || n+int(size) > len(text) { //nolint:gosec // bounded one by one
			return a, errAbout
		}
		end := n + int(size) //nolint:gosec // bounded above
		f[i], text = text[n:end], text[end:]
	}
	if text != "" {
		return a, errAbout
	}
	return about{
		tenant: signon.TenantID(f[0]), client: f[1], destination: f[2], kind: signon.SubjectKind(f[3]),
		subject: signon.SubjectRef(f[4]), target: f[5], language: f[6],
	}, nil
}
