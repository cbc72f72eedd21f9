package soap

import (
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
func arguments(nodes []soap.Node) []avangate.Argument {
	args := make([]avangate.Argument, len(nodes))
	for i := range nodes {
		args[i] = avangate.Argument{Name: nodes[i].Name, Value: &nodes[i]}
	}
	return args
}
