package jsonrpc

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/dialect/avangate"
)

const version = "2.0"

// request is a call as it came.
type request struct {
	id     json.RawMessage // byte for byte; nil when there is none: a notification
	method string
	params json.RawMessage
}

// parseRequest reads a call from valid JSON. With an error, the request holds
// the id if it can be read.
func parseRequest(raw json.RawMessage) (r request, _ *rpcError) {
	var members map[string]json.RawMessage // a struct would take members in any case of letters
	if json.Unmarshal(raw, &members) != nil || members == nil {
		return r, malformed(invalidRequest, "a call must be an object")
	}
	id, hasID := members["id"]
	if hasID && !validID(id) {
		return r, malformed(invalidRequest, "id must be a text, a number or null")
	}
	r = request{id: id, params: members["params"]}
	if decode(members["jsonrpc"]) != version {
		return r, malformed(invalidRequest, `jsonrpc must be "2.0"`)
	}
	method, ok := decode(members["method"]).(string)
	if !ok {
		return r, malformed(invalidRequest, "method must be a text")
	}
	r.method = method
	return r, nil
}

func validID(id json.RawMessage) bool {
	return !strings.ContainsRune("{[tf", rune(id[0]))
}

// decode returns the value of valid JSON, with numbers as text; nil for none.
func decode(raw json.RawMessage) (value any) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	_ = d.Decode(&value) // nothing there, or valid
	return value
}

// success is the answer to a call that was made.
type success struct {
	Version string          `json:"jsonrpc"`
	Result  any             `json:"result"`
	ID      json.RawMessage `json:"id"`
}

func succeeded(id json.RawMessage, result any) *success {
	return &success{Version: version, Result: result, ID: id}
}

// failure is the answer to a call that was refused, or that is none.
type failure struct {
	Version string          `json:"jsonrpc"`
	Error   *rpcError       `json:"error"`
	ID      json.RawMessage `json:"id"` // nil becomes null
}

func failed(id json.RawMessage, err *rpcError) *failure {
	return &failure{Version: version, Error: err, ID: id}
}

// rpcError says what is wrong with a call.
type rpcError struct {
	Code    int       `json:"code"`
	Message string    `json:"message"`
	Data    errorData `json:"data"`
}

type errorData struct {
	ErrorCode avangate.Code `json:"error_code"`
}

// encode returns the JSON of an answer, without HTML escaping.
func encode(answer any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(answer); err != nil {
		panic(err) // only for types that can't be encoded, and there are none
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
