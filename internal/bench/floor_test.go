package bench

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
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

const testTarget = "http://shop.example/order/checkout.php?PRODS=1&QTY=1"

// testFloor starts the HTTP floor of a shop, with a store when there is a
// place for its rows, and returns both.
func testFloor(t *testing.T, rows *FloorRows) (original, floor *shop) {
	t.Helper()
	original = fakeShop(t, "").shop
	// t.Context ends before the clean-up, which stops the floor.
	floor, p, err := testFloors(t).http(context.Background(), original, rows)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.stop(); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	return original, floor
}

func TestHTTPFloorRepeatsTheAnswersOfTheServer(t *testing.T) {
	original, floor := testFloor(t, nil)
	want, err := original.record("")
	if err != nil {
		t.Fatal(err)
	}
	got, err := floor.record("")
	if err != nil {
		t.Fatal(err)
	}
	anyDigit := cmp.Transformer("digits", func(s string) string { return regexp.MustCompile("[0-9]+").ReplaceAllString(s, "0") })
	constants := cmpopts.IgnoreUnexported(HTTPFloor{})
	asText := cmp.Transformer("text", func(b []byte) string { return string(b) })
	if diff := cmp.Diff(want, got, asText, anyDigit, constants); diff != "" {
		t.Errorf("the floor answers otherwise (-server +floor):\n%s", diff)
	}
	again, err := floor.record("")
	if diff := cmp.Diff(got, again, constants); err != nil || diff != "" {
		t.Errorf("the floor's answers are not constant: %v\n%s", err, diff)
	}
}

func TestPairsAreMeasuredWithEveryAnswerVerified(t *testing.T) {
	for name, rows := range map[string]*FloorRows{"HTTP floor": nil, "HTTP and store floor": {Dir: t.TempDir()}} {
		t.Run(name, func(t *testing.T) {
			_, s := testFloor(t, rows)
			r := &run{Options: Options{WarmUp: 10 * time.Millisecond, Window: 200 * time.Millisecond}}
			m, err := r.pairs(t.Context(), s, func() (usage, error) { return usage{}, nil }, 4)
			if err != nil {
				t.Fatal(err)
			}
			if m.cycles == 0 || m.whole.TotalCount() != m.cycles || m.steps[1].TotalCount() != m.cycles {
				t.Errorf("got %d pairs, %d and %d recorded", m.cycles, m.whole.TotalCount(), m.steps[1].TotalCount())
			}
		})
	}
}

func TestStoreFloorRedeemsWhatItStores(t *testing.T) {
	for _, oneRow := range []bool{false, true} {
		dir := t.TempDir()
		spec := StoreFloor{FloorRows: FloorRows{Dir: dir, OneRow: oneRow}, Connections: 8, WarmUp: 10 * time.Millisecond, Window: 200 * time.Millisecond}
		figures, err := testFloors(t).store(t.Context(), spec)
		if err != nil {
			t.Fatal(err)
		}
		if figures.Pairs == 0 || figures.Elapsed < spec.Window {
			t.Errorf("got %+v, want pairs in a window of 200 ms", figures)
		}
		if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 0 {
			t.Errorf("left behind: %v", left)
		}
	}
}

func TestStoreFloorRefusesToRedeemTwice(t *testing.T) {
	for _, oneRow := range []bool{false, true} {
		db, err := (&FloorRows{Dir: t.TempDir(), OneRow: oneRow}).open()
		if err != nil {
			t.Fatal(err)
		}
		defer db.close()
		op := &floorOp{key: floorKey(time.Now(), oneRow)}
		again := &floorOp{key: op.key, redeem: true}
		if err := db.write([]*floorOp{op, again}); err != nil {
			t.Fatalf("store and redeem: %v", err)
		}
		if err := db.write([]*floorOp{again}); err == nil || !strings.Contains(err.Error(), "changed 0 rows") {
			t.Errorf("redeem again: got %v, want an error", err)
		}
	}
}

func TestAFloorThatFailsSaysWhy(t *testing.T) {
	_, err := testFloors(t).store(t.Context(), StoreFloor{FloorRows: FloorRows{Dir: filepath.Join(t.TempDir(), "missing")}, Connections: 1})
	if err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("got %v, want the child's own words", err)
	}
}
