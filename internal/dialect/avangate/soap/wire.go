package soap

import (
	"strings"

	"github.com/latchkey-sso/latchkey/internal/dialect/avangate"
	"github.com/latchkey-sso/latchkey/internal/soap"
)

// namespace is the one of methods and types, in all versions: a client that goes
// from one version to the next has nothing to change but the address.
const namespace = "urn:2checkout:soap:6.0"

// serviceName is what the names in the description start with.
const serviceName = "Avangate"

// description returns the service as clients see it.
func description() *soap.Description {
	d := &soap.Description{Name: serviceName, Namespace: namespace, Documentation: "Sign-on links, customers and subscriptions."}
	for _, m := range avangate.Methods() {
		op := soap.Operation{Name: m.Name, Documentation: m.About, Result: m.Result}
		for _, p := range m.Params {
			op.Params = append(op.Params, soap.Param{Name: p.Name, Type: p.Type})
		}
		d.Operations = append(d.Operations, op)
	}
	return d
}

// arguments hands on what came, to be read by the types that the method wants.
// An argument given twice is refused: whoever looked at the call before may have
// gone by the other one.
func arguments(m *avangate.Method, nodes []soap.Node) ([]avangate.Argument, error) {
	args := make([]avangate.Argument, len(nodes))
	given := make([]bool, len(m.Params))
	for i := range nodes {
		n := &nodes[i]
		args[i] = avangate.Argument{Name: n.Name, Value: n}
		for j := range m.Params {
			if !strings.EqualFold(n.Name, m.Params[j].Name) {
				continue
			}
			if given[j] {
				return nil, &avangate.Fault{Code: avangate.RequestInvalid, Argument: m.Params[j].Name, Rule: "is given twice"}
			}
			given[j] = true
		}
	}
	return args, nil
}
