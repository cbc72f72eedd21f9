package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
)

// HTTPFloor is the least that net/http can do for a pair: it answers the two
// requests with constants of the size that the real answers have.
type HTTPFloor struct {
	// Target is the buy link that is asked for.
	Target string
	// IssueSize and RedeemSize are the sizes of the two answers, in bytes.
	IssueSize, RedeemSize int
}

// What the answers consist of but for their filling, as net/http writes them.
const (
	floorDate   = "Date: Mon, 02 Jan 2006 15:04:05 GMT\r\n"
	floorIssue  = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Fill: \r\nContent-Length: 100\r\n" + floorDate + "\r\n"
	floorRedeem = "HTTP/1.1 303 See Other\r\nLocation: /order/cart.php\r\nSet-Cookie: session=\r\nContent-Length: 0\r\n" + floorDate + "\r\n"
)

// Serve answers on loopback until ctx ends. It tells ready its address.
func (f HTTPFloor) Serve(ctx context.Context, ready func(addr string)) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("serve the HTTP floor: %w", err)
	}
	srv := &http.Server{Handler: f.handler(), ReadHeaderTimeout: dialTimeout, ErrorLog: log.New(io.Discard, "", 0)}
	stop := context.AfterFunc(ctx, func() { _ = srv.Close() })
	defer stop()
	ready(l.Addr().String())
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the HTTP floor: %w", err)
	}
	return nil
}

func (f HTTPFloor) handler() http.Handler {
	link := []byte(`"` + f.Target + tokenParam + strings.Repeat("0", tokenLen) + `"`)
	var (
		json     = []string{"application/json"}
		filling  = []string{fill(f.IssueSize - len(floorIssue) - len(link))}
		location = []string{"/order/cart.php"}
		binding  = []string{"binding=" + fill(22)}
		session  = []string{"session=" + fill(f.RedeemSize-len(floorRedeem))}
	)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		if strings.HasPrefix(r.URL.Path, "/rest/") {
			h["Content-Type"], h["X-Fill"] = json, filling
			_, _ = w.Write(link)
			return
		}
		h["Location"], h["Set-Cookie"] = location, session
		if r.Header["Cookie"] == nil {
			h["Set-Cookie"] = binding
		}
		w.WriteHeader(http.StatusSeeOther)
	})
}

func fill(n int) string { return strings.Repeat("0", max(n, 1)) }
