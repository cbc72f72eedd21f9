package transfer

import (
	"flag"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/sqlite"
)

// TestMain has properties checked with fewer draws than usual, unless -rapid.checks
// says how many: each of them is a database's work.
func TestMain(m *testing.M) {
	if err := flag.Set("rapid.checks", "20"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

const shop signon.TenantID = "shop"

type fixedClock struct{}

func (fixedClock) Now() time.Time { return time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC) }

// newStore opens an empty database that ends with the test.
func newStore(t testing.TB) *sqlite.Store {
	t.Helper()
	keys, err := signon.NewKeyring(make([]byte, signon.RootKeyLen), nil)
	if err != nil {
		t.Fatal(err)
	}
	store, err := sqlite.Open(t.Context(), sqlite.Options{
		Path: filepath.Join(t.TempDir(), "latchkey.db"), Keys: keys, Clock: fixedClock{}, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return store
}

func newDirectory(t testing.TB) *directory.Service {
	t.Helper()
	return directory.New(newStore(t), fixedClock{})
}

// run imports a text and returns what it did, and every refusal as a sentence.
func run(t testing.TB, dir *directory.Service, kind Kind, text string, change ...func(*Job)) (Summary, []string, error) {
	t.Helper()
	var refused []string
	job := Job{Tenant: shop, Kind: kind, Refused: func(r Refusal) { refused = append(refused, r.String()) }}
	for _, f := range change {
		f(&job)
	}
	sum, err := Import(t.Context(), dir, strings.NewReader(text), job)
	return sum, refused, err
}

func allOrNothing(j *Job) { j.AllOrNothing = true }

// mustRun imports a text all of which is good.
func mustRun(t testing.TB, dir *directory.Service, kind Kind, text string) Summary {
	t.Helper()
	sum, refused, err := run(t, dir, kind, text)
	if err != nil || len(refused) > 0 {
		t.Fatalf("import: %v, refused %q", err, refused)
	}
	return sum
}

func export(t testing.TB, dir *directory.Service, kind Kind, format Format) string {
	t.Helper()
	return exportOf(t, dir, shop, kind, format)
}

func exportOf(t testing.TB, dir *directory.Service, tenant signon.TenantID, kind Kind, format Format) string {
	t.Helper()
	var b strings.Builder
	if _, err := Export(t.Context(), dir, tenant, kind, format, &b); err != nil {
		t.Fatalf("export: %v", err)
	}
	return b.String()
}

// lines joins lines.
func lines(l ...string) string { return strings.Join(l, "\n") + "\n" }

const (
	customerHeader = "id,external_reference,first_name,last_name,address1,city,zip,country_code,email,cards"
	john           = `352365983,HotTalks1,John,Newman,12 Orchard Street,Springfield,62704,us,john@example.com,visa 1111 12/2029 | John Newman | tok_1`
	maria          = `352365984,NoCards1,Maria,Keller,Lindenstr. 5,Berlin,10969,DE,maria@example.com,`
)
