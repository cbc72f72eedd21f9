package sandbox

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/latchkey-sso/latchkey/internal/page"
)

const (
	// gatherFor is for how long calls are gathered that are sent as one event.
	gatherFor = 100 * time.Millisecond
	// pageHeartbeat is how often a stream says something, so that whoever is between does
	// not take it for dead.
	pageHeartbeat = 15 * time.Second
	// retryAfter is after how many milliseconds a browser comes back.
	retryAfter = 1000
)

// livePath is where the stream is.
const livePath = "/dev/live"

// stream sends what a list gets: server-sent events, "rows" with the HTML of rows,
// newest first, and "cleared" when what was sent before is gone. Events carry the ID
// of the latest call, listed or not.
func (p *pages) stream(w http.ResponseWriter, r *http.Request) error {
	if !p.streams.open() {
		sameOriginOnly(w.Header())
		http.Error(w, tooManyStreams, http.StatusServiceUnavailable)
		return nil
	}
	defer p.streams.close()
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	l := &listener{pages: p, query: readQuery(r.URL.Query()), w: w, out: http.NewResponseController(w), last: after(r)}
	l.query.Before = 0
	calls := p.Watch(ctx) // before anything is read, so that nothing is missed
	if err := l.begin(); err != nil {
		return nil // whoever asked is gone
	}
	_ = l.follow(ctx, calls) // ends when they go
	return nil
}

// after returns the ID of the latest call that the browser knows.
func after(r *http.Request) int64 {
	text := r.Header.Get("Last-Event-ID")
	if text == "" {
		text = r.URL.Query().Get("after")
	}
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0
	}
	return id
}

// listener is a stream that is open.
type listener struct {
	*pages

	query query
	w     http.ResponseWriter
	out   *http.ResponseController
	last  int64 // the latest call that was looked at
	// cleared is up to which ID it is known that calls are gone.
	cleared int64
}

// begin sends what came since the browser looked last.
func (l *listener) begin() error {
	var never time.Time
	_ = l.out.SetReadDeadline(never) // a recorder in a test has none
	_ = l.out.SetWriteDeadline(never)
	h := l.w.Header()
	page.SetCommonHeaders(h)
	sameOriginOnly(h)
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("X-Accel-Buffering", "no")
	l.w.WriteHeader(http.StatusOK)
	if _, err := fmt.Fprintf(l.w, "retry: %d\n\n", retryAfter); err != nil {
		return err
	}
	cleared, newest := l.calls.marks()
	if l.cleared = cleared; l.last > 0 && (l.last <= cleared || l.last > newest) { // what it has is gone, or another sandbox's
		return l.restart(cleared)
	}
	return l.catchUp()
}

// forget tells the browser when the calls are gone that it has.
func (l *listener) forget() error {
	cleared, _ := l.calls.marks()
	if cleared == l.cleared {
		return nil
	}
	return l.restart(cleared)
}

// restart has the browser begin anew after the call with that ID.
func (l *listener) restart(cleared int64) error {
	l.last, l.cleared = cleared, cleared
	if err := l.send("cleared", []byte("all")); err != nil {
		return err
	}
	return l.catchUp()
}

// marks returns up to which ID calls are not kept, and the one that was given last.
func (l *callLog) marks() (cleared, last int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cleared, l.last
}

// catchUp sends what is newer than the latest call that was looked at.
func (l *listener) catchUp() error {
	newest := l.newest()
	calls, _ := l.listed(l.query, maxRows)
	if i := slices.IndexFunc(calls, func(c *Call) bool { return c.ID <= l.last }); i >= 0 {
		calls = calls[:i]
	}
	l.last = max(l.last, newest)
	if len(calls) > 0 {
		l.last = max(l.last, calls[0].ID)
	}
	return l.rowsOf(calls)
}

// follow sends calls as they come, until somebody goes.
func (l *listener) follow(ctx context.Context, calls <-chan *Call) error {
	beat := time.NewTicker(pageHeartbeat)
	defer beat.Stop()
	look := time.NewTicker(time.Second)
	defer look.Stop()
	for {
		var err error
		select {
		case <-l.stopping:
			return nil
		case <-beat.C:
			_, err = l.w.Write([]byte(": still here\n\n"))
			err = errorOr(err, l.out.Flush())
		case <-look.C:
			err = l.forget()
		case c, ok := <-calls:
			if !ok {
				return nil
			}
			err = l.take(ctx, c, calls)
		}
		if err != nil {
			return err
		}
	}
}

func errorOr(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

// take sends a call and those that come shortly after it.
func (l *listener) take(ctx context.Context, c *Call, calls <-chan *Call) error {
	if err := l.forget(); err != nil {
		return err
	}
	var gathered []*Call
	from, missed := l.last, false
	done := time.NewTimer(gatherFor)
	defer done.Stop()
	for open := true; open; {
		switch {
		case c.ID <= l.last: // listed already
		case c.ID > l.last+1:
			missed = true
		default:
			if l.last = c.ID; l.query.selects(c) {
				gathered = append(gathered, c)
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-done.C:
			open = false
		case c, open = <-calls:
		}
	}
	if missed { // more came than could be told one by one
		l.last = from
		return l.catchUp()
	}
	slices.Reverse(gathered)
	return l.rowsOf(gathered[:min(len(gathered), maxRows)])
}

// rowsOf sends the rows of calls.
func (l *listener) rowsOf(calls []*Call) error {
	if len(calls) == 0 {
		return l.out.Flush()
	}
	rows, err := l.rows(context.Background(), calls)
	if err != nil {
		return err
	}
	html, err := l.set.Part("calls", "rows", rows)
	if err != nil {
		return err
	}
	return l.send("rows", html)
}

// lineEnds makes all ends of lines one: any of them ends a line of an event.
var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// send sends one event.
func (l *listener) send(event string, data []byte) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "id: %d\nevent: %s\n", l.last, event)
	for line := range strings.SplitSeq(lineEnds.Replace(string(bytes.TrimSpace(data))), "\n") {
		b.WriteString("data: " + line + "\n")
	}
	b.WriteByte('\n')
	if _, err := l.w.Write(b.Bytes()); err != nil {
		return err
	}
	return l.out.Flush()
}
