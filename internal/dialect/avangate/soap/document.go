package soap

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
)

// document is a file that changes with releases and configuration only.
type document struct {
	body []byte
	etag string
}

func newDocument(body []byte) *document {
	digest := sha256.Sum256(body)
	return &document{body: body, etag: `"` + hex.EncodeToString(digest[:8]) + `"`}
}

// serve answers a GET or HEAD with the document. Clients that keep it may do so
// for an hour, and then ask whether it has changed.
func (d *document) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "public, max-age=3600")
	h.Set("ETag", d.etag)
	if r.Header.Get("If-None-Match") == d.etag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h["Content-Type"] = contentXML
	h.Set("Content-Length", strconv.Itoa(len(d.body)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(d.body) // a client that has gone misses it
	}
}
