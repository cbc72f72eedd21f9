package server

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// away is a store that does not answer.
type away struct{ Store }

func (away) Events(context.Context, int64, int) ([]signon.ChainedEvent, error) {
	return nil, errors.New("disk gone")
}

// there is one that does.
type there struct{ Store }

func (there) Events(context.Context, int64, int) ([]signon.ChainedEvent, error) { return nil, nil }

func TestReadinessIsTheStoresAnswer(t *testing.T) {
	for name, c := range map[string]struct {
		store    Store
		stopping bool
		want     int
	}{
		"the store answers":      {there{}, false, http.StatusOK},
		"it does not":            {away{}, false, http.StatusServiceUnavailable},
		"the server is stopping": {there{}, true, http.StatusServiceUnavailable},
	} {
		s := &Server{log: quiet}
		s.core.Store(&core{store: c.store})
		s.stopping.Store(c.stopping)
		w := httptest.NewRecorder()
		s.readyz(w, httptest.NewRequest(http.MethodGet, "/readyz", nil))
		if w.Code != c.want {
			t.Errorf("%s: got %d, want %d", name, w.Code, c.want)
		}
	}
}
