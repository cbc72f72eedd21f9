package soap

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"sync"

	"github.com/latchkey-sso/latchkey/internal/inbound"
	"github.com/latchkey-sso/latchkey/internal/soap"
)

// maxBodyLen is how long a request's body may be, in bytes: as it is sent, and
// again when it is inflated.
const maxBodyLen = 64 << 10

var (
	errTooLong  = refused(http.StatusRequestEntityTooLarge, "The body must have at most 64 KiB")
	errCoding   = refused(http.StatusUnsupportedMediaType, "The body must not be compressed, other than once with gzip or deflate")
	errTrailing = errors.New("there is something behind the compressed data")
)

// read reads the one call that the request carries. The media type is not looked
// at: clients name several, and only a call can be read as one.
func (c *call) read() (*soap.Call, error) {
	body, err := readBody(c.writer, c.request)
	if err != nil {
		return nil, err
	}
	_, params, _ := mime.ParseMediaType(c.request.Header.Get("Content-Type")) // one that can't be read names no charset
	return soap.Decode(body, params["charset"])
}

// readBody returns the request's body as it was before it was compressed.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	inflate, err := inflaterOf(r.Header["Content-Encoding"])
	if err != nil {
		return nil, err
	}
	limited, err := inbound.LimitBody(w, r, maxBodyLen)
	var body []byte
	if err == nil {
		body, err = readAll(limited, r.ContentLength)
	}
	if err == nil && inflate != nil {
		body, err = inflate(body)
	}
	var tooLong *http.MaxBytesError
	var known *refusal
	switch {
	case errors.As(err, &tooLong):
		return nil, errTooLong
	case errors.As(err, &known):
		return nil, known
	case err != nil:
		return nil, soap.BadRequest(err)
	}
	return body, nil
}

// readAll reads to the end. The length that is expected, or -1, saves growing;
// it is the caller's word, and not worth much memory.
func readAll(from io.Reader, expected int64) ([]byte, error) {
	b := bytes.NewBuffer(make([]byte, 0, max(min(expected, 4<<10), 0)+bytes.MinRead))
	_, err := b.ReadFrom(from)
	return b.Bytes(), err
}

// inflaterOf returns what inflates a body of these content codings, or nil when
// there is nothing to do.
func inflaterOf(codings []string) (func([]byte) ([]byte, error), error) {
	switch strings.ToLower(strings.Join(codings, ",")) {
	case "", "identity":
		return nil, nil
	case "gzip", "x-gzip":
		return gunzip, nil
	case "deflate":
		return inflateZlib, nil
	}
	return nil, errCoding
}

// gzips are kept from call to call: each has 40 KiB of tables.
var gzips = sync.Pool{New: func() any { return new(gzip.Reader) }}

func gunzip(body []byte) ([]byte, error) {
	in := bytes.NewReader(body)
	z := gzips.Get().(*gzip.Reader) //nolint:errcheck // nothing else is put
	defer gzips.Put(z)
	if err := z.Reset(in); err != nil {
		return nil, err
	}
	z.Multistream(false)
	return inflated(z, in)
}

// inflateZlib reads what HTTP calls deflate and PHP sends when asked for it.
func inflateZlib(body []byte) ([]byte, error) {
	in := bytes.NewReader(body)
	z, err := zlib.NewReader(in)
	if err != nil {
		return nil, err
	}
	return inflated(z, in)
}

// inflated reads what the compressed bytes of in become, up to the bound, and
// sees to it that there are no others.
func inflated(z io.Reader, in *bytes.Reader) ([]byte, error) {
	body, err := readAll(io.LimitReader(z, maxBodyLen+1), maxBodyLen)
	switch {
	case err != nil:
		return nil, err
	case len(body) > maxBodyLen:
		return nil, errTooLong
	case in.Len() > 0:
		return nil, errTrailing
	}
	return body, nil
}
