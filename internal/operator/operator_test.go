package operator_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/operator"
	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/sqlite"
	"github.com/latchkey-sso/latchkey/internal/throttle"
	"github.com/latchkey-sso/latchkey/internal/transfer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type fixedClock struct{}

func (fixedClock) Now() time.Time { return time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC) }

// world is a store with everything over it.
type world struct {
	store *sqlite.Store
	keys  *signon.Keyring
	dir   *directory.Service
	log   *bytes.Buffer
}

func newWorld(t *testing.T, tenants ...signon.TenantID) *world {
	t.Helper()
	keys, err := signon.NewKeyring(make([]byte, signon.RootKeyLen), nil)
	if err != nil {
		t.Fatal(err)
	}
	store, err := sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(t.TempDir(), "latchkey.db"), Keys: keys, Clock: fixedClock{}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	var declared []signon.Tenant
	for _, id := range tenants {
		declared = append(declared, signon.Tenant{ID: id, Name: "Tenant " + string(id)})
	}
	if err := store.ApplyTenants(t.Context(), declared, &signon.Event{Type: signon.EventTenantsApplied, Note: "test"}); err != nil {
		t.Fatal(err)
	}
	return &world{store: store, keys: keys, dir: directory.New(store, fixedClock{}), log: &bytes.Buffer{}}
}

func (w *world) handler(store signon.Store) http.Handler {
	log := slog.New(slog.NewTextHandler(w.log, nil))
	unlimited := throttle.New(0, 0)
	signOn := signon.New(signon.Options{Store: store, Keys: w.keys, People: w.dir, Misses: unlimited, Failures: unlimited, Refusals: unlimited, Log: log})
	return operator.New(operator.Options{Directory: w.dir, Store: store, SignOn: signOn, Keys: w.keys, Log: log})
}

// overSocket serves the handler on a unix socket and returns its client.
func overSocket(t *testing.T, h http.Handler) *operator.Client {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: h}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close(); <-done })
	c, err := operator.Dial(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	closed(t, c)
	return c
}

func inProcess(t *testing.T, h http.Handler) *operator.Client {
	c := operator.InProcess(h)
	closed(t, c)
	return c
}

func closed(t *testing.T, c *operator.Client) {
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
}

// ways are the ways to a handler.
var ways = map[string]func(*testing.T, http.Handler) *operator.Client{"socket": overSocket, "in process": inProcess}

const products = "id,name,prices\n1,Backup,19.99 EUR\n,Nameless,\n2,Antivirus,19.99 EUR; 21.99 USD\n"

func TestImportAndExport(t *testing.T) {
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "shop", "other")
			c := way(t, w.handler(w.store))
			var refused []string
			var progress *transfer.Progress
			sum, err := c.Import(t.Context(), operator.ImportRequest{Kind: transfer.Products, Tenant: "shop"}, strings.NewReader(products), func(m *operator.Message) {
				if m.Refused != nil {
					refused = append(refused, m.Refused.String())
				}
				if m.Progress != nil {
					progress = m.Progress
				}
			})
			if want := (transfer.Summary{Imported: 2, Refused: 1}); err != nil || sum != want {
				t.Fatalf("got %+v, %v, want %+v", sum, err, want)
			}
			if diff := cmp.Diff([]string{"line 3: id must be given, without commas, blanks and &"}, refused); diff != "" {
				t.Errorf("refused (-want +got):\n%s", diff)
			}
			if progress == nil || *progress != (transfer.Progress{Lines: 3, Bytes: int64(len(products))}) {
				t.Errorf("got progress %+v", progress)
			}

			var out strings.Builder
			rows, err := c.Export(t.Context(), operator.ExportRequest{Kind: transfer.Products, Tenant: "shop", Format: transfer.JSONL}, &out)
			if err != nil || rows != 2 || strings.Count(out.String(), "\n") != 2 || !strings.Contains(out.String(), `"name":"Antivirus"`) {
				t.Errorf("export: got %d rows, %v:\n%s", rows, err, out.String())
			}
			if rows, err := c.Export(t.Context(), operator.ExportRequest{Kind: transfer.Products, Tenant: "other"}, io.Discard); err != nil || rows != 0 {
				t.Errorf("another tenant's: got %d rows, %v", rows, err)
			}
			if strings.Contains(w.log.String(), "Antivirus") || !strings.Contains(w.log.String(), "imported=2") {
				t.Errorf("got the log %s", w.log.String())
			}
		})
	}
}

func TestAllOrNothingIsPassedOn(t *testing.T) {
	w := newWorld(t, "shop")
	c := inProcess(t, w.handler(w.store))
	sum, err := c.Import(t.Context(), operator.ImportRequest{Kind: transfer.Products, AllOrNothing: true}, strings.NewReader(products), nil)
	if want := (transfer.Summary{Refused: 1}); err != nil || sum != want {
		t.Errorf("got %+v, %v, want %+v", sum, err, want)
	}
	if found, err := w.dir.Products(t.Context(), "shop", []string{"1", "2"}); err != nil || len(found) != 0 {
		t.Errorf("got %d products, %v, want none", len(found), err)
	}
}

func TestTheOnlyTenantNeedsNoName(t *testing.T) {
	for name, tc := range map[string]struct {
		tenants []signon.TenantID
		ask     string
		want    string
	}{
		"one":      {[]signon.TenantID{"shop"}, "", ""},
		"named":    {[]signon.TenantID{"other", "shop"}, "shop", ""},
		"unnamed":  {[]signon.TenantID{"other", "shop"}, "", "which tenant? declared are other, shop"},
		"unknown":  {[]signon.TenantID{"other", "shop"}, "Shop", `tenant "Shop" is not declared; declared are other, shop`},
		"none yet": {nil, "shop", "no tenant is declared yet: a server takes over its configuration's when it starts"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, tc.tenants...)
			c := inProcess(t, w.handler(w.store))
			_, errImport := c.Import(t.Context(), operator.ImportRequest{Kind: transfer.Products, Tenant: tc.ask}, strings.NewReader("id,name\n1,x\n"), nil)
			_, errExport := c.Export(t.Context(), operator.ExportRequest{Kind: transfer.Products, Tenant: tc.ask}, io.Discard)
			for _, err := range []error{errImport, errExport} {
				if got := text(err); got != tc.want {
					t.Errorf("got %q, want %q", got, tc.want)
				}
			}
		})
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestWhatCantBeAskedForIsRefused(t *testing.T) {
	w := newWorld(t, "shop")
	c := inProcess(t, w.handler(w.store))
	_, err := c.Import(t.Context(), operator.ImportRequest{Kind: transfer.Orders}, strings.NewReader("ref_no\n"), nil)
	if want := `"orders" is not one of customers, subscriptions, products, users, members`; text(err) != want {
		t.Errorf("import of orders: got %v, want %s", err, want)
	}
	_, err = c.Export(t.Context(), operator.ExportRequest{Kind: "people"}, io.Discard)
	if want := `"people" is not one of customers, subscriptions, products, users, members, orders`; text(err) != want {
		t.Errorf("export of people: got %v, want %s", err, want)
	}
	_, err = c.Import(t.Context(), operator.ImportRequest{Kind: transfer.Products, Format: "xlsx"}, strings.NewReader("x"), nil)
	if want := `"xlsx" is not one of csv, jsonl`; text(err) != want {
		t.Errorf("import of xlsx: got %v, want %s", err, want)
	}
}

// endless is a file without an end.
type endless struct {
	head string
	read int
}

func (e *endless) Read(p []byte) (int, error) {
	if e.head != "" {
		n := copy(p, e.head)
		e.head = e.head[n:]
		return n, nil
	}
	for i := range p {
		p[i] = "1,x\n"[i%4]
	}
	n := len(p) &^ 3
	e.read += n
	return n, nil
}

// A file that can't be read is told of at once, while it is still being sent.
func TestAnImportThatEndsEarlyTellsWhy(t *testing.T) {
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "shop")
			c := way(t, w.handler(w.store))
			file := &endless{head: "id,surname\n"}
			_, err := c.Import(t.Context(), operator.ImportRequest{Kind: transfer.Products}, file, nil)
			if err == nil || !strings.HasPrefix(err.Error(), `line 1: column "surname" is not known`) {
				t.Errorf("got %v, want that the column is not known", err)
			}
			if _, err := c.Status(t.Context()); err != nil {
				t.Errorf("the next question: %v", err)
			}
		})
	}
}

func TestMessagesComeWhileTheFileIsSent(t *testing.T) {
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "shop")
			c := way(t, w.handler(w.store))
			r, send := io.Pipe()
			sent := make(chan error, 1)
			first := make(chan struct{})
			go func() {
				// More than a step; the rest comes after the first one was told of.
				_, err := send.Write([]byte("id,name\n" + strings.Repeat("1,x\n", 60_000)))
				<-first
				sent <- errors.Join(err, send.Close())
			}()
			told := 0
			sum, err := c.Import(t.Context(), operator.ImportRequest{Kind: transfer.Products}, r, func(m *operator.Message) {
				if m.Progress != nil {
					if told++; told == 1 {
						close(first)
					}
				}
			})
			if err := errors.Join(err, <-sent); err != nil || sum.Imported+sum.Updated != 60_000 {
				t.Errorf("got %+v, %v", sum, err)
			}
		})
	}
}

func TestAFileThatBreaksOffIsAnError(t *testing.T) {
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "shop")
			c := way(t, w.handler(w.store))
			broken := io.MultiReader(strings.NewReader("id,name\n1,x\n"), &failing{errors.New("the disk is gone")})
			_, err := c.Import(t.Context(), operator.ImportRequest{Kind: transfer.Products, AllOrNothing: true}, broken, nil)
			if err == nil || !strings.Contains(err.Error(), "the disk is gone") {
				t.Errorf("got %v, want the file's error", err)
			}
			if found, err := w.dir.Products(t.Context(), "shop", []string{"1"}); err != nil || len(found) != 0 {
				t.Errorf("got %d products, %v, want none", len(found), err)
			}
		})
	}
}

type failing struct{ err error }

func (f *failing) Read([]byte) (int, error) { return 0, f.err }

func TestACanceledImportIsAnError(t *testing.T) {
	w := newWorld(t, "shop")
	c := overSocket(t, w.handler(w.store))
	ctx, cancel := context.WithCancel(t.Context())
	_, err := c.Import(ctx, operator.ImportRequest{Kind: transfer.Products}, &endless{head: "id,name\n"}, func(*operator.Message) { cancel() })
	if err == nil {
		t.Error("got no error")
	}
}

func TestAuditIsVerified(t *testing.T) {
	w := newWorld(t, "shop")
	fill(t, w, 1500)
	c := inProcess(t, w.handler(w.store))
	var told []int64
	verdict, err := c.VerifyAudit(t.Context(), func(seq int64) { told = append(told, seq) })
	if want := (operator.Verdict{Intact: true, Events: 1501}); err != nil || verdict != want {
		t.Errorf("got %+v, %v, want %+v", verdict, err, want)
	}
	if diff := cmp.Diff([]int64{1000, 1501}, told); diff != "" {
		t.Errorf("progress (-want +got):\n%s", diff)
	}
}

// fill appends events.
func fill(t *testing.T, w *world, n int) {
	t.Helper()
	done := make(chan error, n)
	for i := range n {
		go func() {
			done <- w.store.AppendEvent(t.Context(), &signon.Event{Type: signon.EventClientRefused, Tenant: "shop", SupportCode: fmt.Sprint("code", i), Note: "x"})
		}()
	}
	for range n {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
}

// tampered changes what is read of the audit log.
type tampered struct {
	signon.Store
	change func([]signon.ChainedEvent) []signon.ChainedEvent
	err    error
}

func (s *tampered) Events(ctx context.Context, after int64, limit int) ([]signon.ChainedEvent, error) {
	events, err := s.Store.Events(ctx, after, limit)
	if s.change != nil {
		events = s.change(events)
	}
	return events, errors.Join(err, s.err)
}

func TestABrokenAuditLogIsNamed(t *testing.T) {
	w := newWorld(t, "shop")
	fill(t, w, 20)
	store := &tampered{Store: w.store, change: func(events []signon.ChainedEvent) []signon.ChainedEvent {
		for i := range events {
			if events[i].Seq == 7 {
				events[i].Body = append([]byte(nil), events[i].Body...)
				events[i].Body[len(events[i].Body)-2] ^= 1
			}
		}
		return events
	}}
	c := inProcess(t, w.handler(store))
	verdict, err := c.VerifyAudit(t.Context(), nil)
	if want := (operator.Verdict{Events: 6, BrokenAt: 7, What: "was changed, or the one before it"}); err != nil || verdict != want {
		t.Errorf("got %+v, %v, want %+v", verdict, err, want)
	}
	store.change, store.err = nil, errors.New("the disk is gone")
	if _, err := c.VerifyAudit(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "the disk is gone") {
		t.Errorf("got %v, want the store's error", err)
	}
	if err := c.Events(t.Context(), operator.EventQuery{}, func(*operator.Event) {}); err == nil || !strings.Contains(err.Error(), "the disk is gone") {
		t.Errorf("events: got %v, want the store's error", err)
	}
}

func TestEventsAreSelected(t *testing.T) {
	w := newWorld(t, "shop")
	fill(t, w, 1200)
	if err := w.store.AppendEvent(t.Context(), &signon.Event{Type: signon.EventRevoked, Tenant: "other", SupportCode: "SUPPORT", Reason: "used", Caller: "192.0.2.1", Personal: []byte("sealed")}); err != nil {
		t.Fatal(err)
	}
	c := inProcess(t, w.handler(w.store))
	list := func(q operator.EventQuery) (got []operator.Event) {
		t.Helper()
		if err := c.Events(t.Context(), q, func(e *operator.Event) { got = append(got, *e) }); err != nil {
			t.Fatal(err)
		}
		return got
	}
	want := []operator.Event{{
		Seq: 1202, At: fixedClock{}.Now(), Type: "grant.revoked", Tenant: "other", SupportCode: "SUPPORT", Reason: "used", Caller: "192.0.2.1",
	}}
	for name, q := range map[string]operator.EventQuery{
		"support code": {SupportCode: "SUPPORT"}, "tenant": {Tenant: "other"}, "type": {Type: "grant.revoked"}, "after": {After: 1201}, "last": {Last: 1},
		"last and after": {Last: 100, After: 1201},
	} {
		if diff := cmp.Diff(want, list(q)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if got := list(operator.EventQuery{}); len(got) != 1202 || got[0].Seq != 1 || got[1201].Seq != 1202 {
		t.Errorf("all: got %d events", len(got))
	}
	if got := list(operator.EventQuery{Tenant: "shop", Limit: 3, After: 5}); len(got) != 3 || got[0].Seq != 6 {
		t.Errorf("limit: got %+v", got)
	}
	if got := list(operator.EventQuery{Last: 5000, Tenant: "shop"}); len(got) != 1200 {
		t.Errorf("more than there are: got %d", len(got))
	}
}

func TestStatus(t *testing.T) {
	w := newWorld(t, "other", "shop")
	fill(t, w, 37)
	c := inProcess(t, w.handler(w.store))
	got, err := c.Status(t.Context())
	want := &operator.Status{Now: fixedClock{}.Now(), Epoch: 1, Events: 38, Tenants: []operator.TenantStatus{
		{ID: "other", Name: "Tenant other"}, {ID: "shop", Name: "Tenant shop"},
	}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("error %v, status (-want +got):\n%s", err, diff)
	}
}

func TestAnAnswerThatIsCutOffIsAnError(t *testing.T) {
	for name, write := range map[string]func(http.ResponseWriter){
		"nothing": func(http.ResponseWriter) {},
		"half": func(w http.ResponseWriter) {
			_ = json.NewEncoder(w).Encode(operator.Message{Verified: 1})
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := inProcess(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { write(w) }))
			if _, err := c.VerifyAudit(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "cut off") {
				t.Errorf("verify: got %v, want that it was cut off", err)
			}
			if _, err := c.Export(t.Context(), operator.ExportRequest{Kind: transfer.Products}, io.Discard); err == nil {
				t.Error("export: got no error")
			}
		})
	}
}

func TestAnExportThatFailsHalfwaySaysSo(t *testing.T) {
	w := newWorld(t, "shop")
	if err := w.store.Close(); err != nil {
		t.Fatal(err)
	}
	closedStore := &tenantsOnly{Store: w.store}
	c := inProcess(t, w.handler(closedStore))
	if _, err := c.Export(t.Context(), operator.ExportRequest{Kind: transfer.Products}, io.Discard); err == nil || strings.Contains(err.Error(), "cut off") {
		t.Errorf("got %v, want the store's error", err)
	}
}

// tenantsOnly is a store that can still list its tenants.
type tenantsOnly struct{ signon.Store }

func (tenantsOnly) Tenants(context.Context) ([]signon.Tenant, error) {
	return []signon.Tenant{{ID: "shop"}}, nil
}

func TestDialWithoutAServer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	if _, err := operator.Dial(t.Context(), path); !errors.Is(err, operator.ErrNoServer) {
		t.Errorf("no socket: got %v, want ErrNoServer", err)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false) // as after a kill
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := operator.Dial(t.Context(), path); !errors.Is(err, operator.ErrNoServer) {
		t.Errorf("a dead server's socket: got %v, want ErrNoServer", err)
	}
}
