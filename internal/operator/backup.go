package operator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"github.com/latchkey-sso/latchkey/internal/store/archive"
)

// backup sends an archive of the store.
func (h *handler) backup(w http.ResponseWriter, r request) error {
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Trailer", rowsTrailer+", "+errorTrailer)
	header, err := archive.Write(r.Context(), w, h.Archive, archive.Options{Keys: h.Keys, Previous: h.needsPrevious(r.Context())})
	if err != nil {
		w.Header().Set(errorTrailer, err.Error())
		h.Log.Error("operator: backup failed", "support_code", r.supportCode, "error", err)
		return nil
	}
	w.Header().Set(rowsTrailer, strconv.FormatInt(header.Rows(), 10))
	h.Log.Info("operator: backup", "rows", header.Rows(), "last_event", header.LastEvent, "support_code", r.supportCode)
	return nil
}

// needsPrevious reports whether the audit log can't be checked with the current root
// key alone. Keys are replaced in the order of events, so the first one tells.
func (h *handler) needsPrevious(ctx context.Context) bool {
	if !h.Keys.Replacing() {
		return false
	}
	start, err := h.Store.AuditStart(ctx)
	if err != nil {
		return true // or it is not known
	}
	first, err := h.Store.Events(ctx, start.Seq, 1)
	return err != nil || h.Keys.Current().VerifyEvents(start, first) != nil
}

// Backup writes an archive of the store, which it checks on the way, and returns its
// header. When there is an error what was written is no archive. tell is told how many
// rows are there.
func (c *Client) Backup(ctx context.Context, dst io.Writer, tell func(rows, all int64)) (*archive.Header, error) {
	answer, err := c.ask(ctx, http.MethodGet, "/backup", nil, nil)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	header, err := copyArchive(dst, answer.Body, tell)
	if err == nil {
		_, err = finished(answer.Trailer)
		return header, err
	}
	// What was sent is cut off where the server failed, and the trailer tells why.
	if _, cut := io.Copy(io.Discard, answer.Body); cut == nil && answer.Trailer.Get(errorTrailer) != "" {
		err = errors.New(answer.Trailer.Get(errorTrailer))
	}
	return nil, err
}

// copyArchive copies an archive to its end.
func copyArchive(dst io.Writer, src io.Reader, tell func(rows, all int64)) (*archive.Header, error) {
	out := &sink{dst: dst}
	r, err := archive.NewReader(io.TeeReader(src, out), nil)
	if err == nil {
		err = r.Check(tell)
	}
	if out.failed != nil {
		return nil, fmt.Errorf("write the archive: %w", out.failed)
	}
	if err != nil {
		return nil, err
	}
	return &r.Header, nil
}

// sink remembers why it could not write.
type sink struct {
	dst    io.Writer
	failed error
}

func (s *sink) Write(p []byte) (int, error) {
	n, err := s.dst.Write(p)
	if err != nil {
		s.failed = err
	}
	return n, err
}
