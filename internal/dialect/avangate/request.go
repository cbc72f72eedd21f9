package avangate

import (
	"log/slog"
	"net/http"
	"slices"

	"github.com/latchkey-sso/latchkey/internal/inbound"
)

// Codes of what HTTP itself has a status for. No call is refused with them.
const (
	MethodNotAllowed     Code = "METHOD_NOT_ALLOWED"
	RequestTooLarge      Code = "REQUEST_TOO_LARGE"
	MediaTypeUnsupported Code = "MEDIA_TYPE_UNSUPPORTED"
)

// CallerOf returns who makes the request, still without its client.
func CallerOf(w http.ResponseWriter, r *http.Request) Caller {
	info := inbound.Of(w, r)
	return Caller{Addr: info.Addr, SupportCode: info.SupportCode}
}

// Log writes down what the caller could not have caused, as the only place that
// does; nothing for other faults. The dialect and its method say where.
func (f *Fault) Log(log *slog.Logger, dialect, method, supportCode string) {
	switch f.Code {
	case InternalError:
		log.Error("call failed", "dialect", dialect, "support_code", supportCode, "method", method, "error", f)
	case Unavailable:
		log.Warn("outcome of a call not known", "dialect", dialect, "support_code", supportCode, "method", method, "error", f)
	}
}

// Bounds of a body in JSON: its bytes, and the levels of arrays and objects.
const (
	MaxJSONLen   = 16 << 10
	MaxJSONDepth = 16
)

// versions are those that the dialects are served under. They are the same in
// all.
var versions = []string{"3.0", "4.0", "5.0", "6.0"}

// Versions returns the versions that the dialects are served under, the latest
// one last.
func Versions() []string { return slices.Clone(versions) }

// CutPath reads an escaped path: the dialect's name, a version, and segments, for
// which buf is used. A path that inbound.Segments does not read, and one that is not
// below a version of the dialect, is not ok.
func CutPath(escaped, dialect string, buf []string) (version string, segments []string, ok bool) {
	segments, ok = inbound.Segments(escaped, buf)
	if !ok || len(segments) < 2 || segments[0] != dialect || !slices.Contains(versions, segments[1]) {
		return "", nil, false
	}
	return segments[1], segments[2:], true
}
