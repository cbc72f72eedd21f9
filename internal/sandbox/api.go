package sandbox

import "net/http"

// apiHandler returns what answers below /dev/api/.
func (s *Sandbox) apiHandler() http.Handler { return http.NotFoundHandler() }
