package rest

// getOrder answers with an order that the cart placed.
func getOrder(c *call) (*answer, error) {
	o, err := c.api.Order(c.context(), &c.by, c.path.args[0])
	if err != nil {
		return nil, err
	}
	return ok(orderOf(o)), nil
}
