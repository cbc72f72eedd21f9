package sqlite

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/store/storetest"
	"github.com/latchkey-sso/latchkey/internal/store/tables"
)

func TestTheSchemaNamesEveryColumnOfTheTables(t *testing.T) {
	t.Parallel()
	f := newFixture(t, storetest.NewClock())
	want := map[string]bool{}
	for _, table := range tables.Schema {
		for _, column := range table.Columns {
			want[table.Name+"."+column] = true
		}
	}
	got := map[string]bool{}
	const columns = `SELECT m.name, c.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c
WHERE m.type = 'table' AND m.name NOT IN ('meta', 'goose_db_version') AND m.name NOT LIKE 'sqlite_%'`
	err := f.readers.read(t.Context(), "list columns", func(c *conn) error {
		return c.Each(columns, func(r tables.Row) error {
			got[r.Text(0)+"."+r.Text(1)] = true
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what a backup has, and the tables (-want +got)\n%s", diff)
	}
}
