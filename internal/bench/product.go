package bench

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// product is a server of ours, started for the measurement.
type product struct {
	place
	config  string // its configuration file
	argv    []string
	secret  string
	rootKey string
	shop    *shop
	process *process
}

const (
	benchClient = "BENCH"
	benchTarget = "/order/checkout.php?PRODS=4639321&QTY=1&CART=1"
	secretVar   = "BENCH_CLIENT_SECRET"
	rootKeyVar  = "LATCHKEY_ROOT_KEY"
	readyWithin = 2 * time.Minute
)

// benchConfig declares the tenant. The validity asked for is the default one,
// as clients do. Its limits are kept count of, and never reached.
const benchConfig = `listen: %[1]s
public_url: http://%[1]s
data_dir: %[2]s
%[6]slog: {level: error, access: false}
limits: {live_grants: 1000000000, links_per_subject: 1000000000, misses: %[3]d}
tenants:
  - id: bench
    clients:
      - {id: %[4]s, secret: {env: %[5]s}}
    destinations:
      cart: {}
`

// newProduct writes what a server needs into dir, and makes its database. argv runs
// this program; misses is how many refused links a minute an address is allowed, 0
// for any number.
func newProduct(ctx context.Context, e engine, dir string, argv []string, misses int) (*product, error) {
	data := filepath.Join(dir, "data")
	where, err := e.place(ctx, data)
	if err != nil {
		return nil, fmt.Errorf("make a database: %w", err)
	}
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	target, err := url.Parse("http://" + addr + benchTarget)
	if err != nil {
		return nil, err
	}
	p := &product{
		place: *where, config: filepath.Join(dir, "latchkey.yaml"), argv: argv,
		secret: randomHex(16), rootKey: randomHex(32),
	}
	p.shop = &shop{addr: addr, target: target, client: client{benchClient, p.secret}}
	text := fmt.Sprintf(benchConfig, addr, data, misses, benchClient, secretVar, p.settings)
	if err := os.WriteFile(p.config, []byte(text), 0o600); err != nil {
		return nil, fmt.Errorf("write configuration: %w", err)
	}
	return p, nil
}

// freeAddr returns an address on loopback that nobody listens on.
func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	return l.Addr().String(), l.Close()
}

func randomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: the process ends instead
	return hex.EncodeToString(b)
}

// start starts the server and waits until it is ready.
func (p *product) start(ctx context.Context) error {
	env := append([]string{secretVar + "=" + p.secret, rootKeyVar + "=" + p.rootKey}, p.env...)
	child, err := start(ctx, append(p.argv[:len(p.argv):len(p.argv)], "serve", "--config", p.config), env, nil)
	if err != nil {
		return err
	}
	p.process = child
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	for {
		if ready(p.shop.addr) {
			return nil
		}
		select {
		case err := <-child.exited:
			child.exited <- err
			return errors.Join(errors.New("the server ended before it was ready"), child.wait())
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("wait for the server: %w", context.Cause(ctx)), child.stop())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// ready reports whether a server says that its store answers.
func ready(addr string) bool {
	c, err := dial(addr)
	if err != nil {
		return false
	}
	defer c.close()
	c.expire(dialTimeout)
	var a answer
	err = c.roundTrip([]byte("GET /readyz HTTP/1.1\r\nHost: "+addr+"\r\n\r\n"), &a)
	return err == nil && a.status == 200
}

// addCustomers creates customers through the API, for whom links are then
// asked for.
func (p *product) addCustomers(n int) error {
	c, err := dial(p.shop.addr)
	if err != nil {
		return err
	}
	defer c.close()
	c.expire(answerTimeout + time.Duration(n)*10*time.Millisecond)
	header := p.shop.client.header(time.Now())
	for i := range n {
		body := fmt.Sprintf(`{"FirstName":"Jo","LastName":"Bench","Address1":"%d Main Street","City":"Springfield","Zip":"62704","CountryCode":"us","Email":"jo%d@example.com","ExternalCustomerReference":"bench-%d"}`, i, i, i)
		request := fmt.Sprintf("POST /rest/6.0/customers/ HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nX-Avangate-Authentication: %s\r\nContent-Length: %d\r\n\r\n%s", p.shop.addr, header, len(body), body)
		var a answer
		if err := c.roundTrip([]byte(request), &a); err != nil {
			return fmt.Errorf("create customer: %w", err)
		}
		if a.status != 200 && a.status != 201 {
			return fmt.Errorf("create customer: got status %d: %.200s", a.status, a.body)
		}
		p.shop.customers = append(p.shop.customers, strings.Trim(string(a.body), "\"\n"))
	}
	return nil
}

func (p *product) stop() error {
	if p.process == nil {
		return nil
	}
	return p.process.stop()
}
