package server

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// inn is an HTTP server with a lounge.
type inn struct {
	http   *http.Server
	gate   *gate
	lounge *lounge
	addr   string
	served chan error
	came   atomic.Int64 // connections that net/http took for new ones
}

// The answer is the method, the path and the body.
func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	_, _ = io.WriteString(w, r.Method+r.URL.Path+string(body))
}

// openInn starts one whose idle connections go to the lounge after a while, and
// are closed at the end of idle.
func openInn(t *testing.T, after, idle time.Duration) *inn {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	i := &inn{gate: newGate(1000, 1000, nobody, quiet), lounge: newLounge(l.Addr(), after), addr: l.Addr().String(), served: make(chan error, 2)}
	i.http = &http.Server{
		Handler: http.HandlerFunc(echo), IdleTimeout: idle, ReadHeaderTimeout: time.Minute,
		ConnState: func(c net.Conn, state http.ConnState) {
			if state == http.StateNew {
				i.came.Add(1)
			}
			i.lounge.idle(c, state)
		},
	}
	for _, l := range []net.Listener{i.lounge.around(i.gate.guard(l)), i.lounge} {
		go func() { i.served <- i.http.Serve(l) }()
	}
	t.Cleanup(func() { _ = i.http.Close() })
	return i
}

// waiting is how many connections are in the lounge.
func (i *inn) waiting() int {
	i.lounge.mu.Lock()
	defer i.lounge.mu.Unlock()
	return len(i.lounge.waiting)
}

// open is how many connections the gate counts.
func (i *inn) open() int {
	i.gate.mu.Lock()
	defer i.gate.mu.Unlock()
	return i.gate.open
}

// until waits until a count is as wanted.
func until(t *testing.T, what string, count func() int, want int) {
	t.Helper()
	for end := time.Now().Add(time.Minute); count() != want; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: got %d, want %d", what, count(), want)
		}
	}
}

// caller is one connection to an inn.
type caller struct {
	net.Conn
	r *bufio.Reader
}

func (i *inn) call(t *testing.T) *caller {
	t.Helper()
	c, err := net.Dial("tcp", i.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	return &caller{c, bufio.NewReader(c)}
}

func request(path string) string {
	return "POST " + path + " HTTP/1.1\r\nHost: inn\r\nContent-Length: 1\r\n\r\n!"
}

func (c *caller) say(t *testing.T, text string) {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
}

// hears requires the next answer to be the one to request(path).
func (c *caller) hears(t *testing.T, path string) {
	t.Helper()
	answer, err := http.ReadResponse(c.r, nil)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK || string(text) != "POST"+path+"!" {
		t.Errorf("%s: got %d %q, %v", path, answer.StatusCode, text, err)
	}
}

func TestIdleConnectionsWaitInTheLoungeAndAnswerAgain(t *testing.T) {
	i := openInn(t, 10*time.Millisecond, time.Hour)
	const callers = 20
	var all [callers]*caller
	for n := range all {
		all[n] = i.call(t)
	}
	for round := range 3 {
		for n, c := range all {
			path := "/" + strconv.Itoa(round) + "/" + strconv.Itoa(n)
			c.say(t, request(path))
			c.hears(t, path)
		}
		until(t, "connections in the lounge", i.waiting, callers)
		if got := i.open(); got != callers {
			t.Errorf("the gate counts %d connections, want %d", got, callers)
		}
	}
}

func TestBusyConnectionsDontGoToTheLounge(t *testing.T) {
	i := openInn(t, time.Minute, time.Hour)
	c := i.call(t)
	for range 50 {
		c.say(t, request("/busy"))
		c.hears(t, "/busy")
	}
	if got := i.came.Load(); got != 1 {
		t.Errorf("net/http saw %d connections, want 1", got)
	}
}

// Whatever the pieces in which pipelined requests come, and however long the
// pauses, no byte of them is lost.
func TestNoByteOfAPipelinedRequestIsLost(t *testing.T) {
	i := openInn(t, time.Millisecond, time.Hour)
	second := request("/second")
	for cut := range len("POST /s") {
		c := i.call(t)
		c.say(t, request("/first")+second[:cut])
		c.hears(t, "/first")
		if cut == 0 {
			until(t, "connections in the lounge", i.waiting, 1)
		} else {
			time.Sleep(20 * time.Millisecond) // many times what sends it to the lounge
		}
		c.say(t, second[cut:])
		c.hears(t, "/second")
		_ = c.Close()
		until(t, "open connections", i.open, 0)
	}
}

// The first bytes of a request may come slowly.
func TestARequestThatComesByteByByteIsRead(t *testing.T) {
	i := openInn(t, time.Millisecond, time.Hour)
	c := i.call(t)
	for _, path := range []string{"/first", "/second"} {
		for _, b := range []byte(request(path)) {
			c.say(t, string(b))
			time.Sleep(3 * time.Millisecond)
		}
		c.hears(t, path)
	}
}

func TestTheLoungeKeepsTheIdleTimeout(t *testing.T) {
	for name, after := range map[string]time.Duration{"in the lounge": time.Millisecond, "before": time.Hour} {
		i := openInn(t, after, 50*time.Millisecond)
		c := i.call(t)
		c.say(t, request("/"))
		c.hears(t, "/")
		if _, err := c.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("%s: got %v, want the connection closed", name, err)
		}
		until(t, name+": open connections", i.open, 0)
		until(t, name+": connections in the lounge", i.waiting, 0)
	}
}

func TestAClientThatLeavesTheLoungeIsForgotten(t *testing.T) {
	i := openInn(t, time.Millisecond, time.Hour)
	c := i.call(t)
	c.say(t, request("/"))
	c.hears(t, "/")
	until(t, "connections in the lounge", i.waiting, 1)
	_ = c.Close()
	until(t, "connections in the lounge", i.waiting, 0)
	until(t, "open connections", i.open, 0)
}

// However a connection stands to the lounge when the server stops, it is closed.
func TestStoppingClosesWhatWaitsInTheLounge(t *testing.T) {
	for range 20 {
		i := openInn(t, time.Millisecond, time.Hour)
		var all [10]*caller
		for n := range all {
			all[n] = i.call(t)
			all[n].say(t, request("/"))
			all[n].hears(t, "/")
			time.Sleep(time.Duration(n%3) * 300 * time.Microsecond)
		}
		if err := i.http.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := <-i.served; !errors.Is(err, http.ErrServerClosed) {
				t.Errorf("serve: got %v", err)
			}
		}
		for _, c := range all {
			if _, err := c.Read(make([]byte, 1)); err == nil || strings.Contains(err.Error(), "timeout") {
				t.Errorf("got %v, want the connection closed", err)
			}
		}
		until(t, "open connections", i.open, 0)
	}
}

func TestAClosedLoungeClosesWhoComes(t *testing.T) {
	l := newLounge(nil, time.Millisecond)
	for range 2 {
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	here, there := net.Pipe()
	l.take(here, time.Time{})
	_ = there.SetDeadline(time.Now().Add(time.Minute))
	if _, err := there.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("got %v, want the connection closed", err)
	}
}
