package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/archive"
	"github.com/latchkey-sso/latchkey/internal/store/tables"
)

var archivePromises = []promise{
	{"ArchiveHoldsEveryRowAndPutsItBack", func(t *testing.T, b *bench) {
		b.populate(t)
		file := b.backup(t)
		before := b.contents(t, file)
		for _, table := range tables.Schema {
			if before.Counts[table.Name] == 0 && table.Name != "audit_start" {
				t.Errorf("nothing of table %s is tested", table.Name)
			}
		}
		b.create(t, bare(777)) // is not in the backup
		b.mustRestore(t, file)
		after := b.contents(t, b.backup(t))
		same(t, "rows of all tables but the log", after.rows, before.rows)
		same(t, "events", after.events[:len(before.events)], before.events)
		same(t, "number of events", len(after.events), len(before.events)+1)
		b.events(t)
	}},
	{"RestoreNeedsNoMemoryOfTheStoreBefore", func(t *testing.T, b *bench) {
		g := b.issue(t)
		b.clock.Advance(time.Second)
		latest := b.Store.Now()
		file := b.backup(t)
		b.clock.Advance(-time.Hour)
		b.mustRestore(t, file)
		if now := b.Store.Now(); now.Before(latest) {
			t.Errorf("got the time %v, want nothing before %v", now, latest)
		}
		b.Store = b.Reopen(t)
		if out := b.redeem(t, redemption(g, 1)); out.Won || !out.Known {
			t.Errorf("a link of before: got %+v, want it refused", out)
		}
	}},
	{"RestoreRevivesNoTokenThatWasRedeemed", func(t *testing.T, b *bench) {
		before, after := b.issue(t), b.issue(t)
		b.redeem(t, redemption(before, 1))
		file := b.backup(t)
		b.redeem(t, redemption(after, 1))
		b.mustRestore(t, file)
		for _, g := range []*signon.Grant{before, after} {
			if out := b.redeem(t, redemption(g, 2)); out.Won {
				t.Errorf("redeemed again: %+v", out)
			}
		}
		if out := b.redeem(t, redemption(b.issue(t), 1)); !out.Won {
			t.Errorf("a new link: got %+v, want it won", out)
		}
	}},
	{"DamagedArchiveChangesNothing", func(t *testing.T, b *bench) {
		g := b.issue(t)
		file := b.backup(t)
		b.redeem(t, redemption(b.issue(t), 1))
		events := len(b.events(t))
		for name, bad := range map[string]io.Reader{
			"cut":     bytes.NewReader(file[:len(file)-1]),
			"changed": bytes.NewReader(flipped(file, len(file)/2)),
			"foreign": bytes.NewReader([]byte("SQLite format 3\x00")),
			"empty":   bytes.NewReader(nil),
			"broken":  io.MultiReader(bytes.NewReader(file[:len(file)/2]), failing{}),
		} {
			var err error
			if b.Store, err = b.Restore(t, bad); err == nil {
				t.Errorf("%s: got no error", name)
			}
			same(t, name+": number of events", len(b.events(t)), events)
		}
		if out := b.redeem(t, redemption(g, 1)); !out.Won {
			t.Errorf("a live link: got %+v, want it won", out)
		}
	}},
	{"ArchiveOfALogThatWasChangedIsRefused", func(t *testing.T, b *bench) {
		for range 3 {
			b.append(t, event(signon.EventClientRefused))
		}
		events, err := b.Store.Events(b.ctx, 1, 1)
		if err != nil {
			t.Fatal(err)
		}
		b.ChangeEvent(t, 2, append(events[0].Body[:len(events[0].Body)-1:len(events[0].Body)-1], 7))
		file := b.backup(t)
		var broken *signon.BrokenChain
		if b.Store, err = b.Restore(t, bytes.NewReader(file)); !errors.As(err, &broken) || broken.Seq != 2 {
			t.Errorf("got %v, want it to name event 2", err)
		}
	}},
	{"ArchiveSeesNothingThatComesLater", func(t *testing.T, b *bench) {
		b.issue(t)
		err := b.Store.Archive(b.ctx, func(r tables.Reader, s tables.State) error {
			late := b.issue(t)
			counts, err := tables.Count(r)
			if err != nil {
				return err
			}
			same(t, "grants, events", []int64{counts["grants"], counts["audit"], s.End.Seq}, []int64{1, 1, 1})
			b.redeem(t, redemption(late, 1))
			found, err := r.One("SELECT max(seq) FROM audit")
			if err == nil {
				same(t, "the last event", found.Int(0), int64(1))
			}
			return err
		})
		if err != nil {
			t.Fatalf("archive: %v", err)
		}
	}},
	{"ArchiveUnderLoadIsOneState", func(t *testing.T, b *bench) {
		acknowledged := b.issue(t)
		stop, done := make(chan struct{}), sync.WaitGroup{}
		for i := range 4 {
			done.Go(func() { b.work(t, i, stop) })
		}
		var files [][]byte
		for range 5 {
			files = append(files, b.backup(t))
		}
		close(stop)
		done.Wait()
		for _, file := range files {
			c := b.contents(t, file)
			if c.LastEvent != int64(len(c.events)) {
				t.Errorf("the log has %d events and ends with number %d", len(c.events), c.LastEvent)
			}
			if c.grant(acknowledged.Key) == "" {
				t.Error("a link that was acknowledged before is missing")
			}
			b.mustRestore(t, file) // checks the log and the counts
		}
	}},
}

// work issues and redeems links until it is stopped.
func (b *bench) work(t *testing.T, worker int, stop <-chan struct{}) {
	store := b.Store
	for {
		select {
		case <-stop:
			return
		default:
		}
		g := b.newGrant()
		if err := store.CreateGrant(b.ctx, g, event(signon.EventIssued), nil); err != nil {
			t.Errorf("create grant: %v", err)
			return
		}
		if _, err := store.RedeemGrant(b.ctx, redemption(g, byte(worker))); err != nil {
			t.Errorf("redeem grant: %v", err)
			return
		}
	}
}

// populate stores rows in every table, with every column used by one and NULL in
// another where it can be.
func (b *bench) populate(t *testing.T) {
	t.Helper()
	b.apply(t, declared())
	b.create(t, customer(1))
	b.create(t, bare(2))
	b.signOut(t, 1)
	b.subscribe(t, subscription("1", 1))
	b.put(t, order("1", "cart"))
	b.importBatch(t, &directory.Batch{Products: []*directory.Product{product("1")}})
	b.hire(t, user(1))
	b.hire(t, user(2))
	b.dismiss(t, 2)
	b.enrol(t, member("1"))
	b.addKey(t, signingKey("1", 0), time.Time{})
	b.void(t, "01")
	b.append(t, did(staff("1"), "A"))
	b.redeem(t, redemption(b.issue(t), 1))
	b.issue(t, bound("\x01\x02\x03\x04"))
	answered, forgotten := b.newGrant(), b.newGrant()
	for i, g := range []*signon.Grant{answered, forgotten} {
		if err := b.Store.CreateGrant(b.ctx, g, event(signon.EventIssued), b.reply(byte(3+i))); err != nil {
			t.Fatalf("create grant: %v", err)
		}
	}
	b.hire(t, user(4))
	b.dismiss(t, 4) // the reply is emptied
}

// contents is what an archive holds: its rows as texts, those of the log apart.
type contents struct {
	archive.Header
	events []string
	rows   map[string]map[string]int
}

func (c *contents) grant(key signon.GrantKey) string {
	for row := range c.rows["grants"] {
		if bytes.Contains([]byte(row), fmt.Appendf(nil, "%x", key)) {
			return row
		}
	}
	return ""
}

func (b *bench) contents(t *testing.T, file []byte) *contents {
	t.Helper()
	r, err := archive.NewReader(bytes.NewReader(file), b.Keys)
	if err != nil {
		t.Fatalf("read archive: %v", err)
	}
	c := &contents{Header: r.Header, rows: map[string]map[string]int{}}
	for {
		table, row, err := r.Next()
		if errors.Is(err, io.EOF) {
			return c
		}
		if err != nil {
			t.Fatalf("read archive: %v", err)
		}
		text := ""
		for i, v := range row {
			text += fmt.Sprintf("%s=%T %x ", table.Columns[i], v, v)
		}
		if table.Name == "audit" {
			c.events = append(c.events, text)
			continue
		}
		if c.rows[table.Name] == nil {
			c.rows[table.Name] = map[string]int{}
		}
		c.rows[table.Name][text]++
	}
}

// backup writes an archive of the store.
func (b *bench) backup(t *testing.T) []byte {
	t.Helper()
	var file bytes.Buffer
	if _, err := archive.Write(b.ctx, &file, b.Store, archive.Options{Keys: b.Keys}); err != nil {
		t.Fatalf("back up: %v", err)
	}
	return file.Bytes()
}

func (b *bench) mustRestore(t *testing.T, file []byte) {
	t.Helper()
	var err error
	if b.Store, err = b.Restore(t, bytes.NewReader(file)); err != nil {
		t.Fatalf("restore: %v", err)
	}
}

func flipped(file []byte, at int) []byte {
	changed := bytes.Clone(file)
	changed[at] ^= 1
	return changed
}

// failing is a file that can't be read on.
type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("the disk is broken") }
