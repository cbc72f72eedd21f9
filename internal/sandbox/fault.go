package sandbox

import (
	"net/http"
	"time"
)

// FaultKind is a way in which calls fail.
type FaultKind string

// The ways in which calls fail.
const (
	// FaultStatus answers with a status and a plain text, as something in front of a
	// service does.
	FaultStatus FaultKind = "status"
	// FaultHang answers nothing for a while, and then cuts the connection.
	FaultHang FaultKind = "hang"
	// FaultCut cuts the connection without an answer.
	FaultCut FaultKind = "cut"
	// FaultError answers as the dialect's vendor documents that error.
	FaultError FaultKind = "error"
)

// Fault is a rule by which calls fail. It counts the calls that it is for.
type Fault struct {
	ID int64
	// Dialect is whose calls fail; empty means all, links that are followed too.
	Dialect string
	// Contains, unless empty, must be in the call's operation or path.
	Contains string
	Kind     FaultKind
	Status   int           // of FaultStatus: 500 to 599
	Hang     time.Duration // of FaultHang
	// Error is what FaultError answers: a code as in signon.Codes.
	Error string
	// After: the call is done first, and what is lost is its answer.
	After bool
	// Every is which of the calls fail: each 1st, 2nd, 3rd … Times bounds how many
	// do; 0 means no bound.
	Every, Times int
	// Seen is how many calls it was for, Failed how many of them failed.
	Seen, Failed int
}

// serve answers a call, unless a fault is for it.
func (s *Sandbox) serve(next http.Handler, w http.ResponseWriter, r *http.Request, _ *Call) {
	next.ServeHTTP(w, r)
}
