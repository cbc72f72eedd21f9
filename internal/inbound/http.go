package inbound

import (
	"io"
	"net/http"
	"strconv"
	"time"
)

// Of returns the info of a request. When nobody in front drew a support code, one
// is drawn and sent along.
func Of(w http.ResponseWriter, r *http.Request) Info {
	info := From(r.Context())
	if info.SupportCode == "" {
		info.SupportCode = NewSupportCode()
		w.Header().Set(Header, info.SupportCode)
	}
	return info
}

// LimitBody returns the request's body, of which at most that many bytes can be
// read. The error, and that of reading more, is an *http.MaxBytesError: at once
// when the request announces more, so that nobody waits for it.
func LimitBody(w http.ResponseWriter, r *http.Request, most int64) (io.ReadCloser, error) {
	if r.ContentLength > most {
		return nil, &http.MaxBytesError{Limit: most}
	}
	return http.MaxBytesReader(w, r.Body, most), nil
}

// Values of headers, shared by all answers.
var (
	noStore    = []string{"no-store"}
	noReferrer = []string{"no-referrer"}
	noIndex    = []string{"noindex"}
)

// SetSecret says that the answer holds a token, or may.
func SetSecret(h http.Header) {
	SetNoStore(h)
	h["Referrer-Policy"] = noReferrer
	h["X-Robots-Tag"] = noIndex
}

// SetNoStore says that the answer is for the caller alone.
func SetNoStore(h http.Header) { h["Cache-Control"] = noStore }

// SetRetryAfter tells the caller to wait that long, rounded up to whole seconds;
// nothing when there is no need.
func SetRetryAfter(h http.Header, wait time.Duration) {
	if wait > 0 {
		h.Set("Retry-After", strconv.FormatInt(int64((wait+time.Second-1)/time.Second), 10))
	}
}

// Send sends an answer whose other headers are set: its length, its status, and,
// unless a HEAD asked for it, its body.
func Send(w http.ResponseWriter, r *http.Request, status int, body []byte) {
	w.Header()["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // a client that has gone misses it
	}
}
