package jsonrpc

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/latchkey-sso/latchkey/internal/dialect/avangate"
	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/strictjson"
)

// exchange is one request on its way.
type exchange struct {
	*Handler
	ctx        context.Context //nolint:containedctx // it lives as long as the request
	by         avangate.Caller
	retryAfter time.Duration // the longest that a call was told to wait
	// note says which call of a batch is made, and quiet that nobody's call of it was
	// refused before.
	note  string
	quiet bool
}

func (x *exchange) caller() *avangate.Caller {
	by := x.by
	by.Note, by.Quiet = x.note, x.quiet
	return &by
}

// unread keeps why the request, or a call of it, can't be read, and returns that.
func (x *exchange) unread(why *rpcError) *rpcError {
	x.api.TraceUnread(x.caller(), why.Message)
	x.quiet = true
	return why
}

// answer makes the calls of a body by do, one after the other, and returns what
// they are answered; nil when they want no answer.
func (x *exchange) answer(body []byte, do func(*request) (any, *rpcError)) []byte {
	if err := strictjson.Check(body, avangate.MaxJSONDepth); err != nil {
		return failed(nil, x.unread(malformed(parseError, "the body "+err.Error())))
	}
	var calls []json.RawMessage
	if json.Unmarshal(body, &calls) != nil || calls == nil { // no array
		return x.call(body, do)
	}
	if len(calls) == 0 || len(calls) > maxBatch {
		return failed(nil, x.unread(malformed(invalidRequest, fmt.Sprintf("a batch must have 1 to %d calls", maxBatch))))
	}
	return x.batch(calls, do)
}

// batch makes the calls until what they are answered is too long: little can ask
// for much.
func (x *exchange) batch(calls []json.RawMessage, do func(*request) (any, *rpcError)) []byte {
	var answers []byte
	for i, call := range calls {
		x.note = fmt.Sprintf("call %d of the batch", i+1)
		if a := x.call(call, do); a != nil {
			answers = append(append(answers, ','), a...)
		}
		if len(answers) > maxBatchLen {
			do = x.tooMuch
		}
	}
	if answers == nil {
		return nil
	}
	answers[0] = '['
	return append(answers, ']')
}

// call makes one call by do and returns what it is answered; nil for a
// notification.
func (x *exchange) call(raw json.RawMessage, do func(*request) (any, *rpcError)) []byte {
	r, refused := parseRequest(raw)
	if refused != nil {
		return failed(r.id, x.unread(refused))
	}
	result, refused := do(&r)
	switch {
	case r.id == nil:
		return nil
	case refused != nil:
		return failed(r.id, refused)
	}
	return succeeded(r.id, result)
}

// tooMuch refuses a call of a batch that has been answered enough.
func (x *exchange) tooMuch(r *request) (any, *rpcError) {
	fault := &avangate.Fault{
		Code: avangate.LimitExceeded, Rule: "A batch is answered with at most 1 MiB: send this call in another one", RetryAfter: time.Second,
	}
	x.api.Trace(x.ctx, x.caller(), &avangate.Ask{Operation: signon.OpCall}, fault)
	x.quiet = true
	return nil, x.refuse(&avangate.Method{Name: r.method}, fault)
}

func (x *exchange) do(r *request) (any, *rpcError) {
	by := x.caller()
	m, ok := avangate.FindMethod(r.method)
	if !ok {
		x.api.TraceUnknownMethod(by, r.method)
		x.quiet = true
		return nil, malformed(methodNotFound, "")
	}
	args, refused := arguments(r.params)
	if refused != nil {
		return nil, x.unread(refused)
	}
	result, err := x.api.Call(x.ctx, by, m, args)
	if err != nil {
		x.quiet = x.quiet || by.Client == nil
		return nil, x.refuse(m, err)
	}
	return result, nil
}

// arguments reads params: an array by position, an object by name, or nothing.
func arguments(params json.RawMessage) ([]avangate.Argument, *rpcError) {
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
		return named(params), nil
	}
	return nil, malformed(invalidParams, "params must be an array or an object")
}

// named hands on the members of params. Unlike in SOAP, names are what the client
// wrote, so nothing is taken by its place.
func named(params map[string]any) []avangate.Argument {
	args := make([]avangate.Argument, 0, len(params))
	for _, name := range slices.Sorted(maps.Keys(params)) {
		args = append(args, avangate.Argument{Name: name, Value: params[name], ByName: true})
	}
	return args
}
