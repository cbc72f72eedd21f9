package rest

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/dialect/avangate"
	"github.com/latchkey-sso/latchkey/internal/inbound"
	"github.com/latchkey-sso/latchkey/internal/strictjson"
)

// readBody reads a JSON object from a request that has to have one.
func readBody(w http.ResponseWriter, r *http.Request) (map[string]any, error) {
	if err := checkMediaType(r.Header); err != nil {
		return nil, err
	}
	limited, err := inbound.LimitBody(w, r, avangate.MaxJSONLen)
	var data []byte
	if err == nil {
		data, err = io.ReadAll(limited)
	}
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong):
		return nil, &avangate.Fault{Code: avangate.RequestTooLarge, Rule: "The body must have at most 16 KiB"}
	case err != nil:
		return nil, &avangate.Fault{Code: avangate.RequestInvalid, Rule: "The body must arrive whole", Err: err}
	}
	return decodeBody(data)
}

// decodeBody reads the bytes of a body.
func decodeBody(data []byte) (map[string]any, error) {
	var v any
	if err := strictjson.Decode(data, avangate.MaxJSONDepth, &v); err != nil {
		return nil, invalidRequest("", "The body "+err.Error())
	}
	object, ok := v.(map[string]any)
	if !ok {
		return nil, invalidRequest("", "The body must be a JSON object")
	}
	return object, nil
}

// checkMediaType accepts JSON in UTF-8, uncompressed, and bodies that do not say
// what they are.
func checkMediaType(h http.Header) error {
	if coding := h.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return &avangate.Fault{Code: avangate.MediaTypeUnsupported, Rule: "The body must not be compressed"}
	}
	value := h.Get("Content-Type")
	if value == "" {
		return nil
	}
	mediaType, params, err := mime.ParseMediaType(value)
	if err != nil || mediaType != "application/json" && mediaType != "text/json" {
		return &avangate.Fault{Code: avangate.MediaTypeUnsupported, Rule: "The body must be application/json"}
	}
	if charset := params["charset"]; charset != "" && !strings.EqualFold(charset, "utf-8") {
		return &avangate.Fault{Code: avangate.MediaTypeUnsupported, Rule: "The body must be in UTF-8"}
	}
	return nil
}
