// Package dialecttest is what the tests of all dialects share.
package dialecttest

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// Refuser is the handler of a dialect, which refuses a call when it is told to.
type Refuser interface {
	http.Handler
	Refuse(w http.ResponseWriter, r *http.Request, err *signon.Error)
}

// Refusals tests what a handler answers when it is told to refuse.
type Refusals struct {
	testing.TB
	// Handler is where the test keeps its handler, which is a Refuser.
	Handler *http.Handler
	// Send lets what is kept there answer.
	Send func(*http.Request) *httptest.ResponseRecorder
}

// Alike lets the handler answer what sent builds, and then refuse the same with the
// error: the two answers must be alike.
func (f Refusals) Alike(what string, sent func() *http.Request, err *signon.Error) {
	f.Helper()
	genuine := f.Send(sent())
	asked := f.Refused(sent(), err)
	if asked.Code != genuine.Code || asked.Body.String() != genuine.Body.String() {
		f.Errorf("%s: got %d %s,\nwant %d %s", what, asked.Code, asked.Body, genuine.Code, genuine.Body)
	}
	if diff := cmp.Diff(genuine.Header(), asked.Header()); diff != "" {
		f.Errorf("%s: the headers differ (-genuine +asked for):\n%s", what, diff)
	}
}

// Refused lets the handler refuse the request.
func (f Refusals) Refused(r *http.Request, err *signon.Error) *httptest.ResponseRecorder {
	f.Helper()
	usual := *f.Handler
	refuser, ok := usual.(Refuser)
	if !ok {
		f.Fatalf("%T can't be told to refuse", usual)
	}
	defer func() { *f.Handler = usual }()
	*f.Handler = http.HandlerFunc(func(a http.ResponseWriter, r *http.Request) { refuser.Refuse(a, r, err) })
	return f.Send(r)
}
