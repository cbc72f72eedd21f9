package sandbox_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/config"
)

// slow sends the beginning of a request, and keeps the rest back.
func (w *world) slow(length int, begin string) net.Conn {
	w.Helper()
	address, err := url.Parse(w.url)
	if err != nil {
		w.Fatal(err)
	}
	conn, err := net.Dial("tcp", address.Host)
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { _ = conn.Close() })
	if _, err := fmt.Fprintf(conn, "POST /soap/6.0/ HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n%s", address.Host, length, begin); err != nil {
		w.Fatal(err)
	}
	return conn
}

func TestAResetDoesNotWaitForABodyThatNeverComes(t *testing.T) {
	for name, fault := range map[string]string{"a fault of all": `{"kind":"status"}`, "one that looks into bodies": `{"kind":"status","contains":"login"}`} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(c *config.Config) { c.Limits.RequestTimeout = config.Duration(10 * patience) })
			f := w.add(fault)
			w.slow(100, "x")
			if !strings.Contains(fault, "contains") {
				for w.standing(f.ID).Failed == 0 {
					time.Sleep(time.Millisecond)
				}
			} else {
				time.Sleep(200 * time.Millisecond) // nothing tells that it has come
			}
			w.api(http.MethodPost, "reset", "", http.StatusNoContent, nil) // the client's patience ends long before the body does
			w.fine()
		})
	}
}

func TestAHangEndsWithAClientThatSendsALot(t *testing.T) {
	const length = 3 << 20
	for name, sent := range map[string]int{"all of it": length, "a part": 2 << 20} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.add(`{"kind":"hang","hang":"10m"}`)
			conn := w.slow(length, "")
			if _, err := io.WriteString(conn, strings.Repeat("x", sent)); err != nil {
				t.Fatal(err)
			}
			if err := conn.Close(); err != nil {
				t.Fatal(err)
			}
			w.api(http.MethodGet, "calls/next?dialect=2checkout-soap&timeout=60s", "", http.StatusOK, nil)
		})
	}
}

func TestThereAreNotTooManyStreams(t *testing.T) {
	w := newWorld(t)
	stream := func(path string) (int, io.ReadCloser) {
		a, err := w.client.Do(w.request(http.MethodGet, path, ""))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = a.Body.Close() })
		return a.StatusCode, a.Body
	}
	var open []io.Closer
	for i := range 100 {
		status, body := stream([]string{"/dev/live", "/dev/api/calls/stream"}[i%2])
		if status != http.StatusOK {
			t.Fatalf("stream %d is answered with %d", i, status)
		}
		open = append(open, body)
	}
	for _, path := range []string{"/dev/live", "/dev/api/calls/stream"} {
		status, body := stream(path)
		text, _ := io.ReadAll(body)
		if status != http.StatusServiceUnavailable || !strings.Contains(string(text), "close some") {
			t.Errorf("%s: got %d %s", path, status, text)
		}
	}
	for _, stream := range open {
		_ = stream.Close()
	}
	for {
		status, body := stream("/dev/api/calls/stream")
		if status == http.StatusOK {
			if line, err := bufio.NewReader(body).ReadString('\n'); err != nil || !strings.HasPrefix(line, ":") {
				t.Errorf("got %q, %v", line, err)
			}
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestAPathThatOnlyBeginsBelowDevIsTheServers(t *testing.T) {
	w := newWorld(t)
	r := w.request(http.MethodPost, "/dev/../rpc/6.0/", `{"jsonrpc":"2.0","method":"nothing","id":7}`)
	r.Header.Set("Content-Type", "application/json")
	w.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	direct := w.request(http.MethodPost, "/x/../rpc/6.0/", "")
	want, _ := w.do(direct)
	if got, text := w.do(r); got != want || got == http.StatusMovedPermanently || got == http.StatusTemporaryRedirect {
		t.Errorf("got %d %s, want %d as for other such paths", got, text, want)
	}
}
