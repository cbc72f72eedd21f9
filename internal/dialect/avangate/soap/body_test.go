package soap_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
)

func gzipped(text string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, text)
	_ = z.Close()
	return b.Bytes()
}

func deflated(text string) []byte {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	_, _ = io.WriteString(z, text)
	_ = z.Close()
	return b.Bytes()
}

func rawDeflated(text string) []byte {
	var b bytes.Buffer
	z, _ := flate.NewWriter(&b, flate.BestSpeed)
	_, _ = io.WriteString(z, text)
	_ = z.Close()
	return b.Bytes()
}

func joined(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// padded returns a call of getOrder that has that many bytes.
func padded(length int) string {
	call := envelope("getOrder")
	return call + strings.Repeat(" ", length-len(call))
}

func TestBodies(t *testing.T) {
	w := newWorld(t)
	const limit = 64 << 10
	var (
		made       = fault{500, "SOAP-ENV:Server", "Procedure 'getOrder' not present"}
		badRequest = fault{500, "SOAP-ENV:Client", "Bad Request"}
		tooLong    = fault{413, "SOAP-ENV:Client", "The body must have at most 64 KiB"}
		coding     = fault{415, "SOAP-ENV:Client", "The body must not be compressed, other than once with gzip or deflate"}
		call       = envelope("getOrder")
		zipped     = gzipped(call)
		ends       = len(zipped) - 8 // of the data; a checksum and the length are behind it
	)
	for _, c := range []struct {
		name, coding string
		body         []byte
		want         fault
	}{
		{"plain", "", []byte(call), made},
		{"identity", "identity", []byte(call), made},
		{"gzip", "gzip", zipped, made},
		{"x-gzip", "x-gzip", zipped, made},
		{"GZIP", "GZIP", zipped, made},
		{"deflate", "deflate", deflated(call), made},
		{"64 KiB", "", []byte(padded(limit)), made},
		{"64 KiB and one", "", []byte(padded(limit + 1)), tooLong},
		{"64 KiB in gzip", "gzip", gzipped(padded(limit)), made},
		{"64 KiB and one in gzip", "gzip", gzipped(padded(limit + 1)), tooLong},
		{"64 KiB in deflate", "deflate", deflated(padded(limit)), made},
		{"64 KiB and one in deflate", "deflate", deflated(padded(limit + 1)), tooLong},
		{"more than 64 KiB of gzip", "gzip", joined(zipped, make([]byte, limit)), tooLong},
		{"nothing", "", nil, badRequest},
		{"nothing in gzip", "gzip", nil, badRequest},
		{"gzip of nothing", "gzip", gzipped(""), badRequest},
		{"gzip that is not said", "", zipped, badRequest},
		{"plain said to be gzip", "gzip", []byte(call), badRequest},
		{"deflate said to be gzip", "gzip", deflated(call), badRequest},
		{"gzip said to be deflate", "deflate", zipped, badRequest},
		{"deflate without its frame", "deflate", rawDeflated(call), badRequest},
		{"gzip and something behind", "gzip", joined(zipped, []byte("x")), badRequest},
		{"gzip in two parts", "gzip", joined(gzipped(call[:100]), gzipped(call[100:])), badRequest},
		{"deflate and something behind", "deflate", joined(deflated(call), []byte("x")), badRequest},
		{"broken checksum", "gzip", joined(zipped[:ends], []byte("xxxx"), zipped[ends+4:]), badRequest},
		{"broken length", "gzip", joined(zipped[:ends+4], []byte("xxxx")), badRequest},
		{"gzip in gzip", "gzip", gzipped(string(zipped)), badRequest},
		{"two codings", "gzip, gzip", gzipped(string(zipped)), coding},
		{"identity and gzip", "identity, gzip", zipped, coding},
		{"br", "br", zipped, coding},
		{"compress", "compress", zipped, coding},
		{"zstd", "zstd", zipped, coding},
	} {
		a := w.post("/soap/6.0/", c.body, "Content-Encoding", c.coding)
		if got := faultOf(t, a); got != c.want {
			t.Errorf("%s: got %+v, want %+v", c.name, got, c.want)
		}
	}
	for length := range zipped {
		w.wantFault(w.post("/soap/6.0/", zipped[:length], "Content-Encoding", "gzip"), "SOAP-ENV:Client", "Bad Request")
	}
	twice := httptest.NewRequest(http.MethodPost, "/soap/6.0/", bytes.NewReader(zipped))
	twice.Header["Content-Encoding"] = []string{"gzip", "gzip"}
	if got := faultOf(t, w.send(twice)); got != coding {
		t.Errorf("two headers: got %+v", got)
	}
}

func TestBodyThatBreaksOffIsRefused(t *testing.T) {
	w := newWorld(t)
	r := httptest.NewRequest(http.MethodPost, "/soap/6.0/", io.MultiReader(strings.NewReader(envelope("getOrder")), brokenReader{}))
	w.wantFault(w.send(r), "SOAP-ENV:Client", "Bad Request")
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("connection reset") }

func TestABodyThatIsAnnouncedTooLongIsNotWaitedFor(t *testing.T) {
	w := newWorld(t)
	r := httptest.NewRequest(http.MethodPost, "/soap/6.0/", io.MultiReader(iotest.ErrReader(errors.New("it was read"))))
	r.ContentLength = 64<<10 + 1
	if got, want := faultOf(t, w.send(r)), (fault{413, "SOAP-ENV:Client", "The body must have at most 64 KiB"}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
