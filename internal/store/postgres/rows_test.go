package postgres

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// TestRowsAreWhatTheServerReads has the server read rows, and compares what it found
// with what was written.
func TestRowsAreWhatTheServerReads(t *testing.T) {
	t.Parallel()
	newFixture(t, nil).with(t, func(_ context.Context, c *pgx.Conn) error {
		rowsAreRead(t, c)
		return nil
	})
}

func rowsAreRead(t *testing.T, c *pgx.Conn) {
	t.Helper()
	types, err := learnRowTypes(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	type event struct {
		Seq        int64
		Body, Hash []byte
	}
	long := bytes.Repeat([]byte{0, 1, 0xff}, 100_000)
	want := []event{{1, []byte("a"), nil}, {-1 << 63, []byte{}, []byte{0}}, {1<<63 - 1, long, long}}
	var r rows
	for range 2 { // what it was used for before does not matter
		r.reset(types.event)
		for i, e := range want {
			before := r.mark()
			for range 2 { // what is cut off does not, either
				r.cut(before)
				r.begin(3)
				r.number(e.Seq)
				r.bytes(e.Body)
				r.bytes(e.Hash)
				r.end()
			}
			if r.count() != uint32(i+1) {
				t.Fatalf("%d rows, want %d", r.count(), i+1)
			}
		}
	}
	found, err := c.Query(t.Context(), "SELECT seq, body, hash FROM unnest($1::new_event[])", r.data)
	if err != nil {
		t.Fatal(err)
	}
	got, err := pgx.CollectRows(found, pgx.RowToStructByPos[event])
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) {
		t.Fatalf("got %d rows, want %d", len(got), len(want))
	}
	for i := range got {
		if g, w := got[i], want[i]; g.Seq != w.Seq || !bytes.Equal(g.Body, w.Body) || !bytes.Equal(g.Hash, w.Hash) || (g.Hash == nil) != (w.Hash == nil) || g.Body == nil {
			t.Errorf("row %d: got %d with %d and %d bytes, want %d with %d and %d", i, g.Seq, len(g.Body), len(g.Hash), w.Seq, len(w.Body), len(w.Hash))
		}
	}

	r.reset(types.event)
	var none int
	if err := c.QueryRow(t.Context(), "SELECT count(*) FROM unnest($1::new_event[])", r.data).Scan(&none); err != nil || none != 0 {
		t.Errorf("no rows: got %d, %v", none, err)
	}

	r.reset(types.activity)
	r.begin(4)
	r.text("")
	r.noNumber()
	r.text("für")
	r.text(strings.Repeat("x", 1000))
	r.end()
	var a, b, d string
	var n *int64
	if err := c.QueryRow(t.Context(), "SELECT tenant, seq, kind, subject FROM unnest($1::new_activity[])", r.data).Scan(&a, &n, &b, &d); err != nil {
		t.Fatal(err)
	}
	if a != "" || n != nil || b != "für" || len(d) != 1000 {
		t.Errorf("got %q, %v, %q and %d bytes", a, n, b, len(d))
	}
}

// TestTypesThatWereMadeAnewAreLearned has a schema loaded anew beneath a store: what
// its connection knows of the types is wrong then.
func TestTypesThatWereMadeAnewAreLearned(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	f.settled(t)
	created := byte(0)
	for i, do := range []func() error{
		func() error { created++; return f.create(newGrant(f.Store, created)) },
		func() error { return f.AppendEvent(t.Context(), &signon.Event{Type: signon.EventIssued}) },
	} {
		if err := do(); err != nil {
			t.Fatal(err)
		}
		f.remakeTypes(t)
		err := do()
		for n := 0; err != nil && n < 2; n++ {
			t.Logf("operation %d: %v", i, err)
			err = do()
		}
		if err != nil {
			t.Errorf("operation %d, the third time, too: %v", i, err)
		}
	}
}

// remakeTypes drops the types of rows, and makes them again.
func (f *fixture) remakeTypes(t *testing.T) {
	t.Helper()
	statements, err := migrations.ReadFile("migrations/0004_rows.sql")
	if err != nil {
		t.Fatal(err)
	}
	const drop = "DROP TYPE new_grant, redemption, new_event, new_activity;"
	f.with(t, func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.PgConn().Exec(ctx, drop+string(statements)).ReadAll()
		return err
	})
}

// The driver has modes that encode values without asking the server for their types.
func TestTheAddressDoesNotChangeHowValuesAreEncoded(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	for _, mode := range []string{"exec", "simple_protocol"} {
		o := f.options
		o.URL += map[bool]string{true: "&", false: "?"}[strings.Contains(o.URL, "?")] + "default_query_exec_mode=" + mode
		s, err := Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.AppendEvent(t.Context(), &signon.Event{Type: signon.EventIssued}); err != nil {
			t.Errorf("%s: %v", mode, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
