package torture

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/latchkey-sso/latchkey/internal/dialect/avangate/rest"
	"github.com/latchkey-sso/latchkey/internal/operator"
	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/transfer"
)

// world is the nodes of one plan, what they stand on, and everybody who uses them.
type world struct {
	plan       *Plan
	rounds     int // planned
	dir        string
	ground     ground
	nodes      []*node
	clients    []*client
	http       *http.Client
	publicHost string // host and port that links name
	secret     signon.Secret
	rootKey    string
	keys       *signon.Keyring
	random     *random
	began      time.Time
	clock      *clockFile // nil: the nodes go by the machine's clock
	timeline   timeline
	bearer     string          // access token for the API of applications
	struck     time.Duration   // when the database was taken away last
	tally      [3]atomic.Int64 // of operations, by their outcome

	mu     sync.Mutex
	round  int
	tokens []*token // of this round
	old    []*token // some of the rounds before, that are tried again
	odds   []string // what no server should have done, the first of it
	// oddities is how often there was such a thing.
	oddities int
}

// ground is what nodes stand on: where their database is.
type ground interface {
	// prepare makes it ready for the nodes, whose directories exist.
	prepare(ctx context.Context, w *world) error
	// settings returns the lines of a node's configuration that lead there.
	settings(n *node) string
	// close gives everything back. The nodes have ended.
	close() error
}

// The tenant, and who asks for tokens.
const (
	tenantID     = "torture"
	accountID    = "account"
	clientCode   = "TORTURE"
	appClient    = "dG9ydHVyZQ=="
	appBearer    = "torture-app"
	customerName = "Jo Torture"
	secretVar    = "TORTURE_CLIENT_SECRET"
	rootKeyVar   = "LATCHKEY_ROOT_KEY"
)

// The validity of tokens: longer than a round by far, or so short that many expire.
const (
	longTTL  = 10 * time.Minute
	shortTTL = 4 * time.Second
	appTTL   = longTTL
)

// configuration declares the tenant, without limits.
const configuration = `listen: %[1]s
public_url: http://%[2]s
data_dir: %[3]s
log: {level: warn, format: text, access: false}
limits: {live_grants: 0, links_per_subject: 0, misses: 0, failed_logins: 0, audited_refusals: 0}
tenants:
  - id: torture
    redemption: direct
    issuers: [{kind: own, clients: [` + appBearer + `]}]
    clients:
      - {id: ` + clientCode + `, secret: {env: ` + secretVar + `}}
      - {kind: lob, id: ` + appClient + `, bearers: [` + appBearer + `], issues_for: ["01", "02"], is: ["01", "02"]}
      - {kind: oauth, id: ` + appBearer + `, secret: {env: ` + secretVar + `}}
    destinations:
      account: {max_ttl: 1h}
      apps: [{id: "01", lifetime: 10m}, {id: "02", lifetime: 10m, reuse: true}]
%[4]s`

// newWorld makes the nodes and what they stand on, and starts them.
func newWorld(ctx context.Context, p *Plan, f *fault, rounds int, dir string) (*world, error) {
	w := &world{
		plan: p, rounds: rounds, dir: dir, ground: f.ground(p.Engine), http: newHTTPClient(), began: time.Now(),
		secret: signon.Secret(randomHex(16)), rootKey: randomHex(signon.RootKeyLen), random: newRandom(p.Seed, 0),
	}
	if err := w.build(ctx, f); err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

func (w *world) build(ctx context.Context, f *fault) (err error) {
	root, err := hex.DecodeString(w.rootKey)
	if err != nil {
		return err
	}
	if w.keys, err = signon.NewKeyring(root, nil); err != nil {
		return err
	}
	argv := slices.Concat(w.plan.Program, []string{"serve"})
	if f.clock {
		if w.clock, err = newClockFile(filepath.Join(w.dir, "clock")); err != nil {
			return err
		}
		argv = slices.Concat(w.plan.ClockNode, []string{w.clock.path})
	}
	for i := range w.plan.Nodes {
		n, err := newNode(w.dir, i, argv)
		if err != nil {
			return err
		}
		n.env = []string{secretVar + "=" + w.secret.Reveal(), rootKeyVar + "=" + w.rootKey}
		w.nodes = append(w.nodes, n)
	}
	w.publicHost = w.nodes[0].addr
	if err := w.ground.prepare(ctx, w); err != nil {
		return err
	}
	for _, n := range w.nodes {
		text := fmt.Sprintf(configuration, n.addr, w.publicHost, n.dataDir, w.ground.settings(n))
		if err := os.WriteFile(n.config, []byte(text), 0o600); err != nil {
			return fmt.Errorf("write configuration: %w", err)
		}
		if err := n.start(ctx); err != nil {
			return err
		}
	}
	return w.people(ctx)
}

// people makes the clients, each with a customer and a member of its own.
func (w *world) people(ctx context.Context) error {
	var members strings.Builder
	for i := range w.plan.Clients {
		c := &client{world: w, number: i, random: newRandom(w.plan.Seed, uint64(i)+1), member: fmt.Sprint(10_000_000 + i)}
		if err := c.createCustomer(); err != nil {
			return err
		}
		_, _ = fmt.Fprintf(&members, `{"number":%q,"name":"Jo Torture","apps":["01","02"]}`+"\n", c.member)
		w.clients = append(w.clients, c)
	}
	operators, err := operator.Dial(ctx, w.nodes[0].socket())
	if err != nil {
		return fmt.Errorf("import members: %w", err)
	}
	defer operators.Close()
	sum, err := operators.Import(ctx, operator.ImportRequest{Kind: transfer.Members, Format: transfer.JSONL, Tenant: tenantID}, strings.NewReader(members.String()), nil)
	if err != nil || sum.Imported != len(w.clients) {
		return fmt.Errorf("import members: %d of %d, %w", sum.Imported, len(w.clients), err)
	}
	return nil
}

func (c *client) createCustomer() error {
	proof, err := rest.Sign(clientCode, c.world.clientTime(), c.world.secret, "")
	if err != nil {
		return err
	}
	answer, err := c.send(&ask{
		node: c.anyNode(), method: http.MethodPost, path: "/rest/6.0/customers/", header: map[string]string{rest.AuthHeader: proof, "Content-Type": "application/json"},
		body: fmt.Sprintf(`{"FirstName":"Jo","LastName":"Torture","Address1":"1 Main Street","City":"Springfield","Zip":"62704","CountryCode":"us","Email":"jo%d@example.com"}`, c.number),
	})
	if err != nil {
		return fmt.Errorf("create customer: %w", err)
	}
	var id int64
	if err := json.Unmarshal(answer.body, &id); err != nil || id == 0 {
		return fmt.Errorf("create customer: got status %d and no number", answer.status)
	}
	c.customer = fmt.Sprint(id)
	return nil
}

// now counts from the start of the run.
func (w *world) now() time.Duration { return time.Since(w.began) }

// clientTime is what clients of the API tell the time by: the machine's clock.
func (w *world) clientTime() time.Time {
	w.timeline.mu.Lock()
	defer w.timeline.mu.Unlock()
	return time.Now().Add(w.timeline.offset(w.now()))
}

// add begins the history of a token that was issued.
func (w *world) add(t *token) {
	w.mu.Lock()
	defer w.mu.Unlock()
	t.round = w.round
	w.tokens = append(w.tokens, t)
}

// tokensOf returns the tokens for that member whose histories go on.
func (w *world) tokensOf(member string) (all []*token) {
	for _, t := range w.known() {
		if t.member == member {
			all = append(all, t)
		}
	}
	return all
}

// known returns all tokens whose histories go on.
func (w *world) known() []*token {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append(w.tokens[:len(w.tokens):len(w.tokens)], w.old...)
}

// odd notes what no server should do.
func (w *world) odd(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.oddities++; len(w.odds) < maxFailures {
		w.odds = append(w.odds, fmt.Sprintf("round %d: %v", w.round, err))
	}
}

// operate asks a node, as an operator does, to end tokens.
func (w *world) operate(at *node, what operator.RevokeRequest) (*operator.Revoked, error) {
	ctx, cancel := context.WithTimeout(context.Background(), answerWithin)
	defer cancel()
	c, err := operator.Dial(ctx, at.socket())
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return c.Revoke(ctx, what)
}

// verifyAudit checks the audit log of the first node's database.
func (w *world) verifyAudit(ctx context.Context) (operator.Verdict, error) {
	c, err := operator.Dial(ctx, w.nodes[0].socket())
	if err != nil {
		return operator.Verdict{}, fmt.Errorf("verify the audit log: %w", err)
	}
	defer c.Close()
	verdict, err := c.VerifyAudit(ctx, nil)
	if err != nil {
		return verdict, fmt.Errorf("verify the audit log: %w", err)
	}
	return verdict, nil
}

// close ends the nodes and gives back what they stood on.
func (w *world) close() error {
	var errs []error
	for _, n := range w.nodes {
		if n.running() {
			_ = n.resume() // or it can't stop
		}
		errs = append(errs, n.stop(), n.log.Close())
	}
	w.http.CloseIdleConnections()
	errs = append(errs, w.ground.close())
	if w.clock != nil {
		errs = append(errs, w.clock.close())
	}
	return errors.Join(errs...)
}

// Ports are taken from below those that systems give to outgoing connections: a
// client must not be given the port of a node that is down for a moment.
const firstPort, ports = 10_000, 10_000

// freeAddr returns an address on loopback that nobody listens on. The seed has no
// part in it: two runs with the same one are not to be in each other's way.
func freeAddr() (string, error) {
	var failed error
	for range 100 {
		var b [2]byte
		_, _ = rand.Read(b[:]) // never fails: the process ends instead
		port := firstPort + int(binary.BigEndian.Uint16(b[:]))%ports
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			return l.Addr().String(), l.Close()
		}
		failed = err
	}
	return "", fmt.Errorf("find a free port: %w", failed)
}

func randomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: the process ends instead
	return hex.EncodeToString(b)
}
