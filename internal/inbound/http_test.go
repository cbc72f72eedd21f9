package inbound

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

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
	if _, err := LimitBody(httptest.NewRecorder(), r, 10); !errors.As(err, &tooLong) {
		t.Errorf("got %v", err)
	}
	for text, fits := range map[string]bool{"": true, "0123456789": true, "0123456789a": false} {
		r := httptest.NewRequest(http.MethodPost, "/", io.MultiReader(strings.NewReader(text))) // of a length that is not known
		body, err := LimitBody(httptest.NewRecorder(), r, 10)
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
		if SetRetryAfter(h, wait); h.Get("Retry-After") != want {
			t.Errorf("%s: got %q, want %q", wait, h.Get("Retry-After"), want)
		}
	}
}
