package bench

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// childMark makes the test binary a floor, as the real program's hidden command
// does.
const childMark = "bench-floor-child"

func TestMain(m *testing.M) {
	if len(os.Args) != 3 || os.Args[1] != childMark {
		os.Exit(m.Run())
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	err := ServeFloor(ctx, os.Args[2], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func testFloors(t *testing.T) floors {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return floors{argv: []string{program, childMark}}
}

func mustURL(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// serveFloor serves an HTTP floor within the test and returns it as a shop.
func serveFloor(t *testing.T, f HTTPFloor) *shop {
	t.Helper()
	addr := make(chan string, 1)
	go func() {
		if err := f.Serve(t.Context(), func(a string) { addr <- a }); err != nil {
			t.Errorf("serve: %v", err)
		}
	}()
	return &shop{addr: <-addr, target: mustURL(t, f.Target), client: client{"A", "B"}, customers: []string{"1", "2"}, constant: true}
}

const testTarget = "http://shop.example/order/checkout.php?PRODS=1&QTY=1"

func TestHTTPFloorAnswersAreAsLargeAsTheOriginals(t *testing.T) {
	original := serveFloor(t, HTTPFloor{Target: testTarget, IssueSize: 512, RedeemSize: 777})
	floor, p, err := testFloors(t).http(t.Context(), original)
	if err != nil {
		t.Fatal(err)
	}
	issue, redeem, err := floor.sizes()
	if err != nil {
		t.Fatal(err)
	}
	if issue != 512 || redeem != 777 {
		t.Errorf("got answers of %d and %d bytes, want 512 and 777", issue, redeem)
	}
	if err := p.stop(); err != nil {
		t.Errorf("stop: %v", err)
	}
}

func TestPairsAreMeasuredWithEveryAnswerVerified(t *testing.T) {
	s := serveFloor(t, HTTPFloor{Target: testTarget, IssueSize: 400, RedeemSize: 400})
	r := &run{Options: Options{WarmUp: 10 * time.Millisecond, Window: 200 * time.Millisecond}}
	m, err := r.pairs(t.Context(), s, func() (time.Duration, error) { return 0, nil }, 4)
	if err != nil {
		t.Fatal(err)
	}
	if m.cycles == 0 || m.whole.TotalCount() != m.cycles || m.steps[1].TotalCount() != m.cycles {
		t.Errorf("got %d pairs, %d and %d recorded", m.cycles, m.whole.TotalCount(), m.steps[1].TotalCount())
	}
}

func TestStoreFloorRedeemsWhatItStores(t *testing.T) {
	dir := t.TempDir()
	figures, err := testFloors(t).store(t.Context(), StoreFloor{Dir: dir, Connections: 8, WarmUp: 10 * time.Millisecond, Window: 200 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if figures.Pairs == 0 || figures.Elapsed < 200*time.Millisecond {
		t.Errorf("got %+v, want pairs in a window of 200 ms", figures)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestStoreFloorRefusesToRedeemTwice(t *testing.T) {
	db, err := openFloor(filepath.Join(t.TempDir(), "floor.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.close()
	op := &floorOp{key: floorKey(time.Now())}
	again := &floorOp{key: op.key, redeem: true}
	if err := db.write([]*floorOp{op, again}); err != nil {
		t.Fatalf("store and redeem: %v", err)
	}
	if err := db.write([]*floorOp{again}); err == nil || !strings.Contains(err.Error(), "changed 0 rows") {
		t.Errorf("redeem again: got %v, want an error", err)
	}
}

func TestAFloorThatFailsSaysWhy(t *testing.T) {
	_, err := testFloors(t).store(t.Context(), StoreFloor{Dir: filepath.Join(t.TempDir(), "missing"), Connections: 1})
	if err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("got %v, want the child's own words", err)
	}
}
