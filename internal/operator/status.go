package operator

import (
	"fmt"
	"net/http"
)

// status tells the state of the store.
func (h *handler) status(w http.ResponseWriter, r request) error {
	tenants, err := h.Store.Tenants(r.Context())
	if err != nil {
		return fmt.Errorf("read tenants: %w", err)
	}
	events, err := h.lastEvent(r.Context())
	if err != nil {
		return err
	}
	s := Status{Now: h.Store.Now(), Epoch: h.Store.Epoch(), Events: events, Tenants: []TenantStatus{}}
	for i := range tenants {
		t := &tenants[i]
		s.Tenants = append(s.Tenants, TenantStatus{string(t.ID), t.Name, len(t.Clients), len(t.Destinations)})
	}
	return answer(w, s)
}
