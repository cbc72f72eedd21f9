package signon

import "slices"

// Actor returns the tenant on whose behalf a client acts that must have the
// capability: the one with that number, which is the client's own tenant or one
// that it acts for; its own when the number is empty. The error is CodeForbidden,
// the same for a tenant that does not exist.
func (r *Registry) Actor(c *Client, capability Capability, number string) (*Tenant, error) {
	if err := c.mustHave(capability); err != nil {
		return nil, err
	}
	own, ok := r.Tenant(c.Tenant)
	if ok && (number == "" || number == own.Number) {
		return own, nil
	}
	if actor := r.numbers[number]; actor != nil && r.actsFor(c.Tenant, actor.ID) {
		return actor, nil
	}
	return nil, notLinked(number)
}

// actsFor reports whether clients of a tenant may act on behalf of another, or
// whether it is the same.
func (r *Registry) actsFor(tenant, actor TenantID) bool {
	if tenant == actor {
		return true
	}
	t, ok := r.Tenant(tenant)
	return ok && slices.Contains(t.ActsFor, actor)
}

func (c *Client) mustHave(capability Capability) error {
	if c.Can(capability) {
		return nil
	}
	return &Error{Code: CodeForbidden, Reason: ReasonCapability, Expected: "a client with the capability " + string(capability), Received: "one without"}
}

func notLinked(actor string) *Error {
	return &Error{Code: CodeForbidden, Reason: ReasonNotLinked, Expected: "its own tenant, or one that it acts for", Received: actor}
}
