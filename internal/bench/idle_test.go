package bench

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net"
	"os"
	"strings"
	"testing"
)

// ownLoopback skips the test where idle connections can't be made at all.
func ownLoopback(t *testing.T, err error) {
	t.Helper()
	var call *os.SyscallError
	if errors.As(err, &call) && call.Syscall == "bind" {
		t.Skip("this system has only one loopback address")
	}
}

func TestIdleConnectionsComeFromManyAddresses(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	const connections = 4 * perSource
	seen := map[string]int{}
	for i := range connections {
		c, err := dialFrom(t.Context(), source(i), l.Addr().String())
		ownLoopback(t, err)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		there, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer there.Close()
		host, _, _ := net.SplitHostPort(there.RemoteAddr().String())
		seen[host]++
	}
	if len(seen) != sources(connections) || seen["127.0.0.1"] != 0 {
		t.Errorf("got %v, want %d addresses, 127.0.0.1 not among them", seen, sources(connections))
	}
	for host, n := range seen {
		if n != perSource {
			t.Errorf("%s: got %d connections, want %d", host, n, perSource)
		}
	}
}

func TestSourcesAreLoopbackAddressesAndNoneIsTakenTwice(t *testing.T) {
	seen := map[string]bool{}
	for i := 0; i < 700_000; i += perSource {
		ip := source(i)
		if !ip.IsLoopback() || ip.To4()[3] == 0 || ip.To4()[3] == 255 || seen[ip.String()] {
			t.Fatalf("connection %d: got %s", i, ip)
		}
		seen[ip.String()] = true
	}
}

func TestAnAddressThatIsNotThereIsExplained(t *testing.T) {
	_, err := dialFrom(t.Context(), net.IPv4(192, 0, 2, 1), "127.0.0.1:1")
	if err == nil || !strings.Contains(err.Error(), "192.0.2.1") || !strings.Contains(err.Error(), "this system has not got this one") {
		t.Errorf("got %v, want the address and what is wrong with it", err)
	}
}

func TestTooFewOpenFilesAreExplained(t *testing.T) {
	if err := enoughFiles(1); err != nil {
		t.Errorf("one connection: got %v", err)
	}
	allowed, err := openFiles()
	if err != nil {
		t.Fatal(err)
	}
	if allowed >= math.MaxInt32 {
		t.Skip("no limit here")
	}
	if err := enoughFiles(math.MaxInt32); err == nil || !strings.Contains(err.Error(), "ulimit -Hn") {
		t.Errorf("got %v, want how to raise the limit", err)
	}
}

func TestACrowdComesIsIdleAndAnswersAgain(t *testing.T) {
	_, floor := testFloor(t, nil)
	const connections = 50
	c := newCrowd(floor, connections)
	t.Cleanup(c.close)
	err := c.come(t.Context(), true)
	ownLoopback(t, err)
	if err != nil {
		t.Fatal(err)
	}
	for i, conn := range c.conns {
		if conn == nil {
			t.Fatalf("connection %d is not open", i)
		}
	}
	if answered, err := c.wake(t.Context()); err != nil || answered != connections {
		t.Errorf("got %d answers, %v, want %d", answered, err, connections)
	}
}

func TestACrowdThatDoesNotStayIsGone(t *testing.T) {
	_, floor := testFloor(t, nil)
	c := newCrowd(floor, 20)
	err := c.come(t.Context(), false)
	ownLoopback(t, err)
	if err != nil {
		t.Fatal(err)
	}
	for i, conn := range c.conns {
		if conn != nil {
			t.Errorf("connection %d is open", i)
		}
	}
}

func TestConnectionsThatTheServerClosedAreCounted(t *testing.T) {
	floor, p, err := testFloors(t).http(context.Background(), fakeShop(t, "").shop, nil)
	if err != nil {
		t.Fatal(err)
	}
	c := newCrowd(floor, 20)
	t.Cleanup(c.close)
	err = errors.Join(c.come(t.Context(), true), p.stop())
	ownLoopback(t, err)
	if err != nil {
		t.Fatal(err)
	}
	if answered, err := c.wake(t.Context()); err != nil || answered != 0 {
		t.Errorf("got %d answers, %v, want none from a server that has ended", answered, err)
	}
}

func TestACrowdRefusesWrongAnswers(t *testing.T) {
	c := newCrowd(fakeShop(t, "redeem status").shop, 1)
	t.Cleanup(c.close)
	err := c.come(t.Context(), true)
	ownLoopback(t, err)
	if err == nil || !strings.Contains(err.Error(), "idle connection 1: redeem a link: got status 403") {
		t.Errorf("got %v, want which connection got what", err)
	}
}

func TestReportShowsIdleConnections(t *testing.T) {
	r := &Report{Idle: &Idle{
		Connections: 10_000, Addresses: 1000, Answered: 9_990, Load: 16, Ratio: 1.04,
		With:    Beside{Rate: Rate{PairsPerSecond: 2000, CPUMicros: 390.5}, Pair: Latency{5000, 20_000}, Memory: 120 << 20, MostMemory: 150 << 20},
		Without: Beside{Rate: Rate{PairsPerSecond: 2100, CPUMicros: 375.5}, Memory: 60 << 20},
	}}
	var b strings.Builder
	if err := r.WriteTable(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"10,000 idle connections from 1,000 addresses, 16 others", "390.5", "375.5", "1.04", "20.00 ms", "120.0 MiB", "150.0 MiB", "9,990 of them answered", "10 had been closed"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is not in\n%s", want, b.String())
		}
	}
	text, err := json.Marshal(r)
	if err != nil || !strings.Contains(string(text), `"answered_afterwards":9990,"load_connections":16,"with":{"pairs_per_second":2000,`) {
		t.Errorf("got %s, %v", text, err)
	}
}

func TestNothingIsSaidOfIdleConnectionsThatWereNotMeasured(t *testing.T) {
	var b strings.Builder
	if err := (&Report{}).WriteTable(&b); err != nil || strings.Contains(b.String(), "idle") {
		t.Errorf("got %s, %v", b.String(), err)
	}
}
