package sandbox

// Curl returns a command for a shell that makes the same request of the server at
// that base URL. What was hidden in the request is not in the command either.
func (c *Call) Curl(base string) string { return "curl '" + base + c.Request.URL + "'" }
