package jsonrpc

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/latchkey-sso/latchkey/internal/dialect/avangate"
)

const version = "2.0"

// request is a call as it came.
type request struct {
	id     json.RawMessage // whatever it is; nil when there is none: a notification
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
	r = request{id: members["id"], params: members["params"]}
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

// decode returns the value of valid JSON, with numbers as text; nil for none.
func decode(raw json.RawMessage) (value any) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	_ = d.Decode(&value) // nothing there, or valid
	return value
}

// succeeded returns the answer to a call that was made.
func succeeded(id json.RawMessage, result any) []byte { return answer(`"result"`, result, id) }

// failed returns the answer to a call that was refused, or that is none. An id of
// nil becomes null.
func failed(id json.RawMessage, err *rpcError) []byte { return answer(`"error"`, err, id) }

// answer writes the id byte for byte; encoding/json would leave out the blanks in
// it.
func answer(name string, value any, id json.RawMessage) []byte {
	if id == nil {
		id = json.RawMessage("null")
	}
	return slices.Concat([]byte(`{"jsonrpc":"`+version+`",`+name+`:`), avangate.EncodeJSON(value), []byte(`,"id":`), id, []byte("}"))
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
