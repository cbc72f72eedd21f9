package postgres

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/latchkey-sso/latchkey/internal/store/archive"
	"github.com/latchkey-sso/latchkey/internal/store/storetest"
	"github.com/latchkey-sso/latchkey/internal/store/tables"
)

func TestTheSchemaNamesEveryColumnOfTheTables(t *testing.T) {
	t.Parallel()
	f := newFixture(t, storetest.NewClock())
	want, got := map[string]bool{}, map[string]bool{}
	for _, table := range tables.Schema {
		for _, column := range table.Columns {
			want[table.Name+"."+column] = true
		}
	}
	const columns = `SELECT table_name, column_name FROM information_schema.columns
WHERE table_schema = 'public' AND table_name NOT IN ('head', 'goose_db_version') AND column_name <> 'rowid'`
	f.with(t, func(ctx context.Context, c *pgx.Conn) error {
		rows, err := c.Query(ctx, columns)
		if err != nil {
			return err
		}
		var table, column string
		_, err = pgx.ForEachRow(rows, []any{&table, &column}, func() error {
			got[table+"."+column] = true
			return nil
		})
		return err
	})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what a backup has, and the tables (-want +got)\n%s", diff)
	}
}

func TestNothingIsRestoredWhileAServerIsRunning(t *testing.T) {
	t.Parallel()
	f := newFixture(t, storetest.NewClock())
	file := f.backup(t)
	l := archive.Loading{Src: bytes.NewReader(file), Keys: f.options.Keys, Replace: true}
	if err := Fill(t.Context(), f.options, l.Restore(t.Context())); !errors.Is(err, ErrInUse) {
		t.Errorf("got %v, want ErrInUse", err)
	}
}

func TestARestoreWaitsForAProcessThatHasJustEnded(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	file := f.backup(t)
	f.close(t)
	defer f.open(t)
	config, err := pgx.ParseConfig(f.options.URL)
	if err != nil {
		t.Fatal(err)
	}
	config.RuntimeParams["application_name"] = appName
	last, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(300*time.Millisecond, func() { _ = last.Close(context.Background()) })
	l := archive.Loading{Src: bytes.NewReader(file), Keys: f.options.Keys, Replace: true}
	if err := Fill(t.Context(), f.options, l.Restore(t.Context())); err != nil {
		t.Errorf("restore: %v", err)
	}
}

func TestABackupTakesNoReaderFromAnybody(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	issue(t, f.Store, 1)
	err := f.Archive(t.Context(), func(r tables.Reader, s tables.State) error {
		end := time.Now().Add(patience)
		for f.pool.Stat().AcquiredConns() > 0 && time.Now().Before(end) { // somebody looks at the clock now and then
			time.Sleep(time.Millisecond)
		}
		if n := f.pool.Stat().AcquiredConns(); n > 0 {
			t.Errorf("%d readers of the pool are taken", n)
		}
		issue(t, f.Store, 2)
		found, err := r.One("SELECT count(*) FROM grants")
		if err == nil && (found.Int(0) != 1 || s.End.Seq != 1) {
			t.Errorf("got %d grants and %d events, want those of one state", found.Int(0), s.End.Seq)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
