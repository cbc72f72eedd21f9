package jsonrpc

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/latchkey-sso/latchkey/internal/dialect/avangate"
	"github.com/latchkey-sso/latchkey/internal/inbound"
	"github.com/latchkey-sso/latchkey/internal/strictjson"
)

// exchange is one request on its way.
type exchange struct {
	*handler
	ctx        context.Context //nolint:containedctx // it lives as long as the request
	info       inbound.Info
	retryAfter time.Duration // the longest that a call was told to wait
}

// answer makes the calls of a body, one after the other, and returns what they
// are answered; nil when they want no answer.
func (x *exchange) answer(body []byte) any {
	if err := strictjson.Check(body, maxBodyDepth); err != nil {
		return failed(nil, malformed(parseError, "the body "+err.Error()))
	}
	var calls []json.RawMessage
	if json.Unmarshal(body, &calls) != nil || calls == nil { // no array
		return x.call(body)
	}
	if len(calls) == 0 || len(calls) > maxBatch {
		return failed(nil, malformed(invalidRequest, fmt.Sprintf("a batch must have 1 to %d calls", maxBatch)))
	}
	answers := make([]any, 0, len(calls))
	for _, call := range calls {
		if a := x.call(call); a != nil {
			answers = append(answers, a)
		}
	}
	if len(answers) == 0 {
		return nil
	}
	return answers
}

// call makes one call and returns what it is answered; nil for a notification.
func (x *exchange) call(raw json.RawMessage) any {
	r, refused := parseRequest(raw)
	if refused != nil {
		return failed(r.id, refused)
	}
	result, refused := x.do(&r)
	switch {
	case r.id == nil:
		return nil
	case refused != nil:
		return failed(r.id, refused)
	}
	return succeeded(r.id, result)
}

func (x *exchange) do(r *request) (any, *rpcError) {
	m, ok := avangate.FindMethod(r.method)
	if !ok {
		return nil, malformed(methodNotFound, "")
	}
	args, refused := arguments(m, r.params)
	if refused != nil {
		return nil, refused
	}
	by := avangate.Caller{Addr: x.info.Addr, SupportCode: x.info.SupportCode}
	result, err := x.api.Call(x.ctx, &by, m, args)
	if err != nil {
		return nil, x.refuse(m, err)
	}
	return result, nil
}

// arguments reads params: an array by position, an object by name, or nothing.
func arguments(m *avangate.Method, params json.RawMessage) ([]avangate.Argument, *rpcError) {
	switch params := decode(params).(type) {
	case nil:
		return nil, nil
	case []any:
		args := make([]avangate.Argument, len(params))
		for i := range params {
			args[i].Value = params[i]
		}
		return args, nil
	case map[string]any:
		return named(m, params)
	}
	return nil, malformed(invalidParams, "params must be an array or an object")
}

// named finds the method's arguments among the members of params, in any case
// of letters. Members of other names are left out: unlike in SOAP, names are
// what the client wrote, so nothing is taken by its place.
func named(m *avangate.Method, params map[string]any) ([]avangate.Argument, *rpcError) {
	args := make([]avangate.Argument, 0, len(m.Params))
	for i := range m.Params {
		found := 0
		for name, value := range params {
			if strings.EqualFold(name, m.Params[i].Name) {
				args = append(args, avangate.Argument{Name: m.Params[i].Name, Value: value})
				found++
			}
		}
		if found > 1 { // which of them counts would be chance
			return nil, malformed(invalidParams, m.Params[i].Name+" must not be repeated")
		}
	}
	return args, nil
}
