package operator

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/latchkey-sso/latchkey/internal/transfer"
)

// The trailers of an export: how many rows it has, when it is complete, or why
// it is not.
const (
	rowsTrailer  = "Latchkey-Rows"
	errorTrailer = "Latchkey-Error"
)

// exportFile sends a tenant's rows of one kind.
func (h *handler) exportFile(w http.ResponseWriter, r request) error {
	kind, err := transfer.ParseKind(r.PathValue("kind"), transfer.ExportKinds)
	if err != nil {
		return badRequest(err)
	}
	format, err := transfer.ParseFormat(r.param("format"))
	if err != nil {
		return badRequest(err)
	}
	tenant, err := h.tenant(r.Context(), r)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	if format == transfer.JSONL {
		w.Header().Set("Content-Type", "application/jsonl")
	}
	w.Header().Set("Trailer", rowsTrailer+", "+errorTrailer)
	rows, err := transfer.Export(r.Context(), h.Directory, tenant, kind, format, w)
	if err != nil {
		w.Header().Set(errorTrailer, err.Error())
		h.Log.Error("operator: export failed", "kind", kind, "tenant", tenant, "support_code", r.supportCode, "error", err)
		return nil
	}
	w.Header().Set(rowsTrailer, strconv.Itoa(rows))
	h.Log.Info("operator: export", "kind", kind, "tenant", tenant, "rows", rows, "support_code", r.supportCode)
	return nil
}

// finished reads the trailers of an export.
func finished(trailer http.Header) (int, error) {
	if text := trailer.Get(errorTrailer); text != "" {
		return 0, errors.New(text)
	}
	rows, err := strconv.Atoi(trailer.Get(rowsTrailer))
	if err != nil {
		return 0, errors.New("the export was cut off")
	}
	return rows, nil
}
