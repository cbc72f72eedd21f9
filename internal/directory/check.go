package directory

// Check returns what CreateSubscription would say of the subscription's own
// fields, whoever its customer will be: a CodeInvalid error that names the first
// bad one, or nil. It changes nothing.
func (s *Subscription) Check() error {
	own := *s
	own.CustomerID = max(own.CustomerID, 1)
	return own.normalise()
}
