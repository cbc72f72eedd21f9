package postgres

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-sso/latchkey/internal/pgtest"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// plainRole may read and write the tables, and nothing else.
const plainRole = "plain"

// newTrio is newPair with a second standby, for which nobody waits, and the plain role.
func newTrio(t *testing.T) *pair {
	t.Helper()
	p := newPair(t, true)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var err error
	if p.second, err = p.primary.Standby(ctx, pgtest.StandbyOptions{Name: "second"}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.second.Remove() })
	on(t, p.primary, "latchkey", "CREATE ROLE "+plainRole+" LOGIN",
		"GRANT ALL ON ALL TABLES IN SCHEMA public TO "+plainRole, "GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO "+plainRole)
	return p
}

// on does statements on a server.
func on(t *testing.T, c *pgtest.Cluster, database string, statements ...string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), c.URL(database))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	for _, s := range statements {
		if _, err := conn.Exec(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// followed waits until as many standbys as that have all that the primary has.
func (p *pair) followed(t *testing.T, count int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), p.primary.URL("latchkey"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	const question = "SELECT count(*) FILTER (WHERE replay_lsn >= pg_current_wal_lsn()), count(*) FROM pg_stat_replication"
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		var level, all int
		if err := conn.QueryRow(t.Context(), question).Scan(&level, &all); err != nil {
			t.Fatal(err)
		}
		if level == count && all == count {
			return
		}
	}
	t.Fatal("the standbys do not catch up")
}

// cutOff has the second standby hear nothing any more.
func (p *pair) cutOff(t *testing.T) {
	t.Helper()
	on(t, p.second, "postgres", "ALTER SYSTEM SET primary_conninfo = 'host=/nowhere application_name=second'", "SELECT pg_reload_conf()")
	p.followed(t, 1)
}

// promote kills the primary as a power cut does and promotes one of the standbys.
func (p *pair) promote(t *testing.T, c *pgtest.Cluster, between func()) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := p.primary.Kill(); err != nil {
		t.Fatal(err)
	}
	if between != nil {
		between()
	}
	if err := c.Promote(ctx); err != nil {
		t.Fatal(err)
	}
}

func (p *pair) redeem(t *testing.T, s *Store, g *signon.Grant, binding byte) signon.RedeemOutcome {
	t.Helper()
	return persist(t, func() (signon.RedeemOutcome, error) { return s.RedeemGrant(t.Context(), redemption(g, binding)) })
}

// A process's own commit may be on a standby that nobody waited for, and yet what
// others did after it may not.
func TestAPromotedStandbyForWhichNobodyWaitedVoids(t *testing.T) {
	t.Parallel()
	for _, role := range []string{"postgres", plainRole} {
		t.Run(role, func(t *testing.T) {
			t.Parallel()
			p := newTrio(t)
			here, there := p.open(t, role), p.open(t, role)
			g, epoch := issue(t, here, 1), here.Epoch()
			p.followed(t, 2)
			known := *here.acked.Load()
			if role != plainRole {
				known.count = 1 // the second one may have followed the first, or an archive
			}
			p.cutOff(t)
			if out := p.redeem(t, there, g, 1); !out.Won {
				t.Fatalf("redeem: %+v", out)
			}
			p.promote(t, p.second, func() { here.acked.Store(&known) }) // as if it had stood still meanwhile
			if out := p.redeem(t, here, g, 2); out.Won {
				t.Error("a redeemed link was redeemed again")
			}
			if here.Epoch() != epoch+1 {
				t.Errorf("got epoch %d, want %d", here.Epoch(), epoch+1)
			}
		})
	}
}

// Of several standbys one is certain to have everything at most, and it must be
// certain that it was promoted.
func TestWhetherEverythingIsThereDependsOnWhoWaited(t *testing.T) {
	t.Parallel()
	p := newTrio(t)
	issue(t, p.store, 1)
	p.followed(t, 2)
	if err := p.store.Close(); err != nil {
		t.Fatal(err)
	}
	known := *p.store.acked.Load()
	if want := (following{`"standby"`, 2}); known.following != want {
		t.Errorf("a commit waited for %+v, want %+v", known.following, want)
	}
	p.promote(t, p.standby, nil)
	for _, c := range []struct {
		name, role string
		change     func(*acknowledged)
		certain    bool
	}{
		{"the one that is named", "postgres", func(*acknowledged) {}, true},
		{"the one that is named, in a list", "postgres", func(a *acknowledged) { a.names = "FIRST 1 (\"standby\")" }, true},
		{"one of several, which can't be told", plainRole, func(*acknowledged) {}, false},
		{"the only one that followed", plainRole, func(a *acknowledged) { a.count = 1 }, true},
		{"one of two for which it could have been waited", "postgres", func(a *acknowledged) { a.names = "ANY 1 (standby, second)" }, false},
		{"anybody", "postgres", func(a *acknowledged) { a.following = following{anybody, 1} }, false},
		{"nobody", "postgres", func(a *acknowledged) { a.following = following{"", 1} }, false},
		{"another one", "postgres", func(a *acknowledged) { a.following = following{"third", 1} }, false},
		{"long ago by the process's clock", "postgres", func(a *acknowledged) { a.when = a.when.Add(-proofAge) }, false},
		{"long ago by the server's clock", "postgres", func(a *acknowledged) { a.server -= proofAge.Microseconds() }, false},
		{"a commit that is not there", "postgres", func(a *acknowledged) { a.chain.Seq++ }, false},
		{"another commit than is there", "postgres", func(a *acknowledged) { a.chain.Hash[0]++ }, false},
		{"another history", "postgres", func(a *acknowledged) { a.history += "0" }, false},
	} {
		then := known
		c.change(&then)
		if why := p.doubt(t, c.role, &then); why == "" != c.certain {
			t.Errorf("%s: in doubt because %q, want it to be certain: %v", c.name, why, c.certain)
		}
	}
}

// doubt returns why the promoted standby may lack something, by what the store's
// process knew.
func (p *pair) doubt(t *testing.T, role string, then *acknowledged) (why string) {
	t.Helper()
	c, err := pgx.Connect(t.Context(), strings.Replace(p.standby.URL("latchkey"), "user=postgres", "user="+role, 1))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	p.store.acked.Store(then)
	x := newTx(p.store, c)
	if err := x.begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	var current string
	if err := c.QueryRow(t.Context(), "SELECT "+history).Scan(&current); err != nil {
		t.Fatal(err)
	}
	why = p.store.doubt(x, current)
	if x.fault != nil {
		t.Error(x.fault)
	}
	return why
}

func TestWhatAProcessKnowsStaysNewWhileNothingHappens(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	then := f.acked.Load()
	for end := time.Now().Add(patience); f.acked.Load().server == then.server; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it grows old")
		}
	}
	if now := f.acked.Load(); !now.when.After(then.when) || now.chain != then.chain {
		t.Errorf("got %+v after %+v", now, then)
	}
}

func TestTheOneStandbyOfAList(t *testing.T) {
	t.Parallel()
	for names, want := range map[string]string{
		"": "", "s1": "s1", " s1 ": "s1", "FIRST 1 (s1)": "s1", "1 (s1)": "s1", "ANY 1 ( \"s-1\" )": "s-1", "\"a\"\"b\"": "a\"b",
		"*": "", "\"*\"": "", "ANY 1 (*)": "", "s1, s2": "", "s1,s2": "", "FIRST 2 (s1, s2)": "",
	} {
		if got := oneStandby(names); got != want {
			t.Errorf("%s: got %q, want %q", names, got, want)
		}
	}
}
