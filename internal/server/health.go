package server

import (
	"context"
	"net/http"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// healthz says that the process is up.
func healthz(w http.ResponseWriter, r *http.Request) {
	if readOnly(w, r) {
		plain(w, http.StatusOK, "ok")
	}
}

// readyz says whether the store answers, and that the server is not stopping.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	if !readOnly(w, r) {
		return
	}
	if s.stopping.Load() {
		unready(w, "stopping")
		return
	}
	if err := answers(r.Context(), s.core.Load().store); err != nil {
		s.log.Error("the store does not answer", "error", err)
		unready(w, "the store does not answer")
		return
	}
	plain(w, http.StatusOK, "ready")
}

// unready says that a load balancer should ask another node.
func unready(w http.ResponseWriter, why string) {
	w.Header().Set("Retry-After", "1")
	plain(w, http.StatusServiceUnavailable, why)
}

// readyTime is how long the store may take: who asks has little patience.
const readyTime = 2 * time.Second

// answers reads one row.
func answers(ctx context.Context, store signon.AuditStore) error {
	ctx, cancel := context.WithTimeout(ctx, readyTime)
	defer cancel()
	_, err := store.Events(ctx, 0, 1)
	return err
}

// readOnly answers anything but GET and HEAD itself.
func readOnly(w http.ResponseWriter, r *http.Request) bool {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return true
	}
	w.Header().Set("Allow", "GET, HEAD")
	plain(w, http.StatusMethodNotAllowed, "method not allowed")
	return false
}
