package jsonrpc

import (
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/dialect/avangate"
	"github.com/latchkey-sso/latchkey/internal/inbound"
)

// Bounds of a request, and of what it makes.
const (
	maxBatch = 50 // calls
	// maxBatchLen is how long the answers of a batch are, in bytes, when no further
	// call of it is made.
	maxBatchLen = 1 << 20
)

// read returns the body of a request that may hold calls. What it says of
// itself in Content-Type does not matter: clients send calls as forms.
func read(w http.ResponseWriter, r *http.Request) ([]byte, *unread) {
	if _, further, ok := avangate.CutPath(r.URL.EscapedPath(), "rpc", nil); !ok || len(further) > 0 {
		return nil, unreadable(http.StatusNotFound, invalidRequest, avangate.NotFound, "there is nothing here")
	}
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return nil, unreadable(http.StatusMethodNotAllowed, invalidRequest, avangate.MethodNotAllowed, "only POST can be used here")
	}
	if coding := r.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return nil, unreadable(http.StatusUnsupportedMediaType, invalidRequest, avangate.MediaTypeUnsupported, "the body must not be compressed")
	}
	limited, err := inbound.LimitBody(w, r, avangate.MaxJSONLen)
	var body []byte
	if err == nil {
		body, err = io.ReadAll(limited)
	}
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong):
		return nil, unreadable(http.StatusRequestEntityTooLarge, invalidRequest, avangate.RequestTooLarge, "the body must have at most 16 KiB")
	case err != nil:
		return nil, unreadable(http.StatusBadRequest, parseError, avangate.RequestInvalid, "the body must arrive whole")
	}
	return body, nil
}
