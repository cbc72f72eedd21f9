package sqlite

import (
	"testing"

	driversqlite "modernc.org/sqlite"

	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/storetest"
)

// missed returns how many pages the writer has read from the file so far.
func (f *fixture) missed(t *testing.T) (pages int) {
	t.Helper()
	err := f.write(t.Context(), "count pages", func(tx *tx) (err error) {
		pages, _, err = tx.conn.raw.(driversqlite.DBStatus).Status(driversqlite.DBStatusCacheMiss, false)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return pages
}

// fill has the writer read more pages than its cache may hold.
func (f *fixture) fill(t *testing.T) {
	t.Helper()
	err := f.write(t.Context(), "fill", func(tx *tx) error {
		tx.One("SELECT count(about) FROM grants")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Not in parallel: all connections of a process share one pool of pages.
func TestScansLeaveTheWriterItsPages(t *testing.T) { //nolint:paralleltest // see above
	f := newFixture(t, storetest.NewClock())
	created := 0
	create := func() *signon.Grant { created++; return f.mustCreate(t, created) }
	g := create()
	f.exec(t, `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000)
INSERT INTO grants (key, state, epoch, issued_at, expires_at, misses, about)
SELECT CAST(unhex(printf('%072x', i)) AS BLOB), 0, epoch, issued_at, expires_at, 0, about FROM n, grants WHERE key = ?`, g.Key[:])
	f.fill(t)
	for range readerCount {
		if _, err := f.Sweep(t.Context(), signon.GrantKey{}, f.Now(), 2000); err != nil {
			t.Fatal(err)
		}
	}
	create() // brings its pages back
	const writes = 50
	before := f.missed(t)
	for range writes {
		create()
	}
	if pages := f.missed(t) - before; pages > writes/2 {
		t.Errorf("the writer read %d pages for %d grants, want nearly none", pages, writes)
	}
}
