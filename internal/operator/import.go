package operator

import (
	"fmt"
	"io"
	"net/http"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/transfer"
)

// importFile imports the request's body, and tells of it while it comes in.
func (h *handler) importFile(w http.ResponseWriter, r request) error {
	job, err := h.job(r)
	if err != nil {
		return err
	}
	if err := http.NewResponseController(w).EnableFullDuplex(); err != nil {
		return fmt.Errorf("import: %w", err)
	}
	out := newMessages(w)
	job.Refused = func(refused transfer.Refusal) { out.send(Message{Refused: &refused}) }
	job.Progress = func(p transfer.Progress) { out.send(Message{Progress: &p}) }
	sum, err := transfer.Import(r.Context(), h.Directory, r.Body, *job)
	last := Message{Summary: &sum}
	log := h.Log.With("kind", job.Kind, "tenant", job.Tenant, "imported", sum.Imported, "updated", sum.Updated, "refused", sum.Refused, "support_code", r.supportCode)
	if err != nil {
		last.Error = err.Error()
		log.Warn("operator: import ended early", "error", err)
	} else {
		log.Info("operator: import")
	}
	out.send(last)
	// A sender that is still at it would take a closed connection for the answer.
	_, _ = io.Copy(io.Discard, r.Body)
	return nil
}

// job reads what is asked for.
func (h *handler) job(r request) (*transfer.Job, error) {
	kind, err := transfer.ParseKind(r.PathValue("kind"), transfer.ImportKinds)
	if err != nil {
		return nil, badRequest(err)
	}
	format, err := transfer.ParseFormat(r.param("format"))
	if err != nil {
		return nil, badRequest(err)
	}
	whole, err := flag(r, "all_or_nothing")
	if err != nil {
		return nil, err
	}
	tenant, err := h.tenant(r.Context(), r)
	if err != nil {
		return nil, err
	}
	act := directory.Act{SupportCode: r.supportCode}
	return &transfer.Job{Tenant: tenant, Kind: kind, Format: format, AllOrNothing: whole, Act: act}, nil
}
