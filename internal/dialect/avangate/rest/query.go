package rest

import (
	"errors"

	"github.com/latchkey-sso/latchkey/internal/dialect/avangate"
	"github.com/latchkey-sso/latchkey/internal/inbound"
)

// query is a request's parameters, with faults of this dialect.
type query struct{ inbound.Query }

func (q *query) parse(raw string) error { return queryFault(q.Parse(raw)) }

// get returns the value of the one parameter that has several names; empty when
// it is not given.
func (q *query) get(names ...string) (string, error) {
	value, err := q.Get(names...)
	return value, queryFault(err)
}

func queryFault(err error) error {
	if wrong, ok := errors.AsType[*inbound.QueryError](err); ok {
		return invalidRequest(wrong.Param, wrong.Rule)
	}
	return err
}

func invalidRequest(argument, rule string) error {
	return &avangate.Fault{Code: avangate.RequestInvalid, Argument: argument, Rule: rule}
}
