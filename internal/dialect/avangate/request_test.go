package avangate_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/dialect/avangate"
)

func TestPathsAreCutIntoVersionAndSegments(t *testing.T) {
	for path, want := range map[string][]string{
		"/rest/6.0/": {"6.0"}, "/rest/6.0": {"6.0"}, "//rest//3.0//": {"3.0"}, "/rest/5.0/customers/a%2Fb/": {"5.0", "customers", "a/b"},
		"/rest/6.0/1/2/3/4/5/6": {"6.0", "1", "2", "3", "4", "5", "6"},
	} {
		version, segments, ok := avangate.CutPath(path, "rest", nil)
		if got := append([]string{version}, segments...); !ok || !slices.Equal(got, want) {
			t.Errorf("%s: got %q, %v; want %q", path, got, ok, want)
		}
	}
	for _, path := range []string{"", "/", "/rest", "/rest/", "/soap/6.0/", "/rest/7.0/", "/rest/6.0/%zz", "/rest%2F6.0/", "/6.0/rest/", "/rest/6.0/1/2/3/4/5/6/7", "/x/rest/6.0/"} {
		if _, _, ok := avangate.CutPath(path, "rest", nil); ok {
			t.Errorf("%s is ok", path)
		}
	}
}

// unreadable is a body that must not be asked for.
type unreadable struct{ testing.TB }

func (u unreadable) Read([]byte) (int, error) {
	u.Error("the body was read")
	return 0, io.EOF
}

func TestABodyThatIsAnnouncedTooLongIsNotRead(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "/", unreadable{t})
	r.ContentLength = 11
	var tooLong *http.MaxBytesError
	if _, err := avangate.LimitBody(httptest.NewRecorder(), r, 10); !errors.As(err, &tooLong) {
		t.Errorf("got %v", err)
	}
	for text, fits := range map[string]bool{"": true, "0123456789": true, "0123456789a": false} {
		r := httptest.NewRequest(http.MethodPost, "/", io.MultiReader(strings.NewReader(text))) // of a length that is not known
		body, err := avangate.LimitBody(httptest.NewRecorder(), r, 10)
		if err == nil {
			_, err = io.ReadAll(body)
		}
		if errors.As(err, &tooLong) == fits {
			t.Errorf("%q: got %v", text, err)
		}
	}
}

func TestRetryAfterIsRoundedUp(t *testing.T) {
	for wait, want := range map[time.Duration]string{0: "", 1: "1", time.Second: "1", 1500 * time.Millisecond: "2", time.Minute: "60"} {
		h := http.Header{}
		if avangate.SetRetryAfter(h, wait); h.Get("Retry-After") != want {
			t.Errorf("%s: got %q, want %q", wait, h.Get("Retry-After"), want)
		}
	}
}
