package sandbox

import "net/http"

// pagesHandler returns what answers /dev and below it, but for the API.
func (s *Sandbox) pagesHandler() http.Handler { return http.NotFoundHandler() }
