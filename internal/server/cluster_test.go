package server_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-sso/latchkey/internal/password"
	"github.com/latchkey-sso/latchkey/internal/pgtest"
	"github.com/latchkey-sso/latchkey/internal/pgtest/testcluster"
)

// newPrograms makes real processes that share a database and a public URL, and
// clients that reach each. None is started.
func newPrograms(t *testing.T, count int, address, more string) ([]*program, []*shopper) {
	t.Helper()
	programs, shoppers := make([]*program, count), make([]*shopper, count)
	for i := range programs {
		p := newProgram(t, more)
		shoppers[i] = newShopperAt(nodesURL, strings.TrimPrefix(p.base, "http://"))
		p.base = nodesURL
		p.env = append(p.env, "LATCHKEY_PUBLIC_URL="+nodesURL, "LATCHKEY_DATABASE="+address)
		programs[i] = p
	}
	return programs, shoppers
}

func TestThreeProcessesShareADatabase(t *testing.T) {
	t.Parallel()
	programs, shoppers := newPrograms(t, 3, testcluster.Database(t), "")
	for _, p := range programs {
		p.start(t)
	}
	if err := shoppers[0].createCustomer(); err != nil {
		t.Fatal(err)
	}
	link, err := shoppers[0].issue()
	if err != nil {
		t.Fatal(err)
	}
	programs[0].kill()
	in := newBrowser()
	if err := shoppers[1].follow(link, in); err != nil {
		t.Errorf("a link of a node that was killed: %v", err)
	}
	if err := shoppers[2].follow(link, newBrowser()); !errors.Is(err, errRefused) {
		t.Errorf("the link again, at the third node: got %v, want a refusal", err)
	}
	if err := shoppers[2].checkSignedIn(in); err != nil {
		t.Errorf("the session, at the third node: %v", err)
	}
	// No node runs on the first one's directory: the command opens the database.
	if out, err := programs[0].command("audit", "verify", "--config", "latchkey.yaml").Output(); err != nil {
		t.Errorf("verify the audit log: %v: %s, %s", err, out, programs[0].said(t))
	}
	programs[0].start(t)
	if err := shoppers[0].checkSignedIn(in); err != nil {
		t.Errorf("the session, at the first node again: %v", err)
	}
	second := programs[0].command("serve", "--listen", "127.0.0.1:0")
	giveUp := time.AfterFunc(30*time.Second, func() { _ = second.Process.Kill() })
	defer giveUp.Stop()
	if err := second.Run(); err == nil || !strings.Contains(programs[0].said(t), "another server is running on") {
		t.Errorf("a second server on one directory: got %v", err)
	}
}

// merchant is one more tenant, whose client speaks BlueSnap's API.
const merchant = `
  - id: merchant
    number: "1000001"
    clients: [{kind: bluesnap, id: api, secret: {env: API_HASH}, capabilities: [principal]}]
    destinations: {portal: {}}
`

// A node that dies in the middle of a call leaves nobody waiting for it.
func TestACallOfANodeThatWasKilledIsDoneByAnother(t *testing.T) {
	t.Parallel()
	address := testcluster.Database(t)
	programs, shoppers := newPrograms(t, 2, address, merchant)
	hash, err := password.Hash("Secret1234")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range programs {
		p.env = append(p.env, "API_HASH="+hash)
		p.start(t)
	}
	create := func(s *shopper) (int, error) {
		r, err := http.NewRequest(http.MethodPost, nodesURL+"/services/2/cp/user", strings.NewReader(
			`{"username":"ada","firstName":"Ada","lastName":"Lane","email":"ada@example.com"}`))
		if err != nil {
			return 0, err
		}
		r.SetBasicAuth("api", "Secret1234")
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Idempotency-Key", "k1")
		answer, err := s.http.Do(r)
		if err != nil {
			return 0, err
		}
		return answer.StatusCode, answer.Body.Close()
	}
	c := connectTo(t, address)
	tx, err := c.Begin(t.Context())
	if err == nil {
		_, err = tx.Exec(t.Context(), "SELECT 1 FROM head FOR UPDATE") // so that nothing can be committed
	}
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		_, err := create(shoppers[0])
		ended <- err
	}()
	watching := connectTo(t, address)
	eventually(t, "the call waits for the database", func() bool {
		var locks, waiting int
		err := watching.QueryRow(t.Context(), `SELECT count(*) FILTER (WHERE locktype = 'advisory' AND granted), count(*) FILTER (WHERE NOT granted)
FROM pg_locks WHERE pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database())`).Scan(&locks, &waiting)
		return err == nil && locks > 0 && waiting > 0
	})
	if got, err := create(shoppers[1]); err != nil || got != http.StatusConflict {
		t.Errorf("while it is being done: got %d, %v, want 409", got, err)
	}
	programs[0].kill()
	if err := <-ended; err == nil {
		t.Error("the call was answered all the same")
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the call is done by the other node", func() bool {
		got, err := create(shoppers[1])
		return err == nil && got >= 200 && got < 300
	})
}

func connectTo(t *testing.T, address string) *pgx.Conn {
	t.Helper()
	c, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(context.Background()) })
	return c
}

func TestANodeIsReadyWhileTheDatabaseAnswers(t *testing.T) {
	t.Parallel()
	testcluster.Need(t)
	ctx := context.Background()
	db, err := pgtest.New(ctx, pgtest.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Remove(); err != nil {
			t.Error(err)
		}
	})
	programs, shoppers := newPrograms(t, 1, db.URL("postgres"), "")
	p, s := programs[0], shoppers[0]
	p.start(t)
	if err := s.createCustomer(); err != nil {
		t.Fatal(err)
	}
	if err := db.Kill(); err != nil {
		t.Fatal(err)
	}
	ready := func() (status int, retry string) {
		answer, err := s.http.Get(nodesURL + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		return answer.StatusCode, answer.Header.Get("Retry-After")
	}
	if got, retry := ready(); got != http.StatusServiceUnavailable || retry == "" {
		t.Errorf("without a database: got %d, Retry-After %q", got, retry)
	}
	if _, err := s.issue(); !errors.Is(err, errUncertain) {
		t.Errorf("without a database: got %v, want 503", err)
	}
	// A start waits for the database.
	p.kill()
	started := make(chan struct{})
	go func() {
		time.Sleep(time.Second)
		if err := db.Start(ctx); err != nil {
			t.Error(err)
		}
		close(started)
	}()
	p.start(t)
	<-started
	if !strings.Contains(p.said(t), "waiting for the database server") {
		t.Errorf("nothing says that it waited: %s", p.said(t))
	}
	if err := db.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := db.Start(ctx); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the node is ready again", func() bool { got, _ := ready(); return got == http.StatusOK })
	eventually(t, "links are issued again", func() bool { _, err := s.issue(); return err == nil })
}
