package bluesnap

import (
	"net/http"
	"net/http/httptest"

	"github.com/latchkey-sso/latchkey/internal/inbound"
)

// Authenticate does of a call what finds out who calls, alone.
func Authenticate(h http.Handler, r *http.Request) error {
	own, _ := h.(*Handler)
	return (&call{Handler: own, request: r, info: inbound.Of(httptest.NewRecorder(), r)}).authenticate()
}
