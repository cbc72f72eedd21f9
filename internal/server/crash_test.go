package server_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/dialect/avangate/rest"
)

// The promise under test: whatever the server acknowledged before it was killed
// holds after, and what it did not acknowledge may have happened or not, but
// never twice. Only what clients saw counts.

// kills is how often the server is killed; clients is how many programs and
// browsers are at it meanwhile.
const (
	kills      = 30
	shortKills = 5
	crashers   = 4
	// validity is longer than the test, so that no link may fail by age.
	validity = 600
)

// shopper talks to the server as a shop's back end and as browsers do.
type shopper struct {
	base     string
	customer string
	http     *http.Client
}

var errRefused = errors.New("refused")

// errUncertain: the connection died, or the server said that it does not know.
var errUncertain = errors.New("uncertain")

func newShopper(base string) *shopper {
	return &shopper{base: base, http: &http.Client{
		Timeout:       time.Minute,
		Transport:     &http.Transport{MaxIdleConnsPerHost: crashers},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// reply is an answer that came in whole.
type reply struct {
	status  int
	cookies []*http.Cookie
	text    string
}

// do sends a request with one header of its own. The error is errUncertain
// unless an answer came that says what was done.
func (s *shopper) do(method, address, header, value, body string) (reply, error) {
	r, err := http.NewRequestWithContext(context.Background(), method, address, strings.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	r.Header.Set(header, value)
	answer, err := s.http.Do(r)
	if err != nil {
		return reply{}, fmt.Errorf("%w: %w", errUncertain, err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode >= 500 {
		return reply{}, fmt.Errorf("%w: %d, %w", errUncertain, answer.StatusCode, err)
	}
	return reply{answer.StatusCode, answer.Cookies(), string(text)}, nil
}

// call calls the API.
func (s *shopper) call(method, path, body string, result any) error {
	proof, err := rest.Sign(shopCode, time.Now(), shopKey, "")
	if err != nil {
		return err
	}
	answer, err := s.do(method, s.base+"/rest/6.0/"+path, rest.AuthHeader, proof, body)
	if err != nil {
		return err
	}
	if answer.status != http.StatusOK {
		return fmt.Errorf("%s %s: got %d: %s", method, path, answer.status, answer.text)
	}
	return json.Unmarshal([]byte(answer.text), result)
}

func (s *shopper) createCustomer() error {
	var id int64
	err := s.call(http.MethodPost, "customers/", `{"FirstName":"Jo","LastName":"Crash","Address1":"1 Main Street","City":"Springfield",
		"Zip":"62704","CountryCode":"us","Email":"jo@example.com"}`, &id)
	s.customer = fmt.Sprint(id)
	return err
}

// issue asks for a link.
func (s *shopper) issue() (link string, err error) {
	err = s.call(http.MethodGet, fmt.Sprintf("customers/%s/account/index/?ValidityTime=%d", s.customer, validity), "", &link)
	return link, err
}

// browser is one browser's binding value and, once it is signed in, its session.
type browser struct{ binding, session string }

func newBrowser() *browser {
	b := make([]byte, 16)
	for i := range b {
		b[i] = byte(rand.IntN(256))
	}
	return &browser{binding: base64.RawURLEncoding.EncodeToString(b)}
}

// follow follows the link with the browser's binding value and keeps the
// session. The error is errRefused for a refusal.
func (s *shopper) follow(link string, b *browser) error {
	answer, err := s.do(http.MethodGet, link, "Cookie", "__Host-lk_browser="+b.binding, "")
	if err != nil {
		return err
	}
	switch answer.status {
	case http.StatusForbidden:
		return errRefused
	case http.StatusSeeOther:
		for _, c := range answer.cookies {
			if c.Name == "__Host-lk_account" {
				b.session = c.Value
				return nil
			}
		}
	}
	return fmt.Errorf("follow link: got %d without a session", answer.status)
}

// checkSignedIn returns nil when the browser's session is alive: its account is
// Jo's.
func (s *shopper) checkSignedIn(b *browser) error {
	answer, err := s.do(http.MethodGet, s.base+"/myaccount/", "Cookie", "__Host-lk_account="+b.session, "")
	if err == nil && (answer.status != http.StatusOK || !strings.Contains(answer.text, "Jo Crash")) {
		err = fmt.Errorf("got %d, not Jo's account", answer.status)
	}
	return err
}

// sale is the history of one link, as the clients saw it.
type sale struct {
	link     string
	browsers []*browser // every one that tried the link; one may have got in
}

// winners returns the browsers that were let in.
func (s *sale) winners() (in []*browser) {
	for _, b := range s.browsers {
		if b.session != "" {
			in = append(in, b)
		}
	}
	return in
}

// history collects the sales of all clients.
type history struct {
	mu    sync.Mutex
	sales []*sale
}

func (h *history) add(s *sale) {
	h.mu.Lock()
	h.sales = append(h.sales, s)
	h.mu.Unlock()
}

// await waits until so many more sales were made, but not for long. Kills that come
// after some work, not after some time, hit as much of it on a slow machine.
func (h *history) await(ctx context.Context, more int) {
	made := func() int {
		h.mu.Lock()
		defer h.mu.Unlock()
		return len(h.sales)
	}
	want := made() + more
	for deadline := time.Now().Add(10 * time.Second); made() < want && time.Now().Before(deadline) && ctx.Err() == nil; {
		time.Sleep(time.Millisecond)
	}
}

// shop makes sales until ctx ends. Some links are left for later, some are
// followed by one browser, some by two at the same moment.
func (s *shopper) shop(ctx context.Context, h *history, report func(error)) {
	for ctx.Err() == nil {
		link, err := s.issue()
		if err != nil {
			if !errors.Is(err, errUncertain) {
				report(err)
			}
			continue
		}
		sale := &sale{link: link}
		for range rand.IntN(3) {
			sale.browsers = append(sale.browsers, newBrowser())
		}
		var race sync.WaitGroup
		for _, b := range sale.browsers {
			race.Go(func() {
				if err := s.follow(link, b); err != nil && !errors.Is(err, errUncertain) && !errors.Is(err, errRefused) {
					report(err)
				}
			})
		}
		race.Wait()
		h.add(sale)
		time.Sleep(time.Duration(rand.IntN(5)) * time.Millisecond) // or judging takes longer than the rest
	}
}

// judge checks one sale while the server is up and nobody disturbs it.
func (s *shopper) judge(sale *sale) error {
	acknowledged := sale.winners()
	if len(acknowledged) > 1 {
		return fmt.Errorf("%d browsers were let in", len(acknowledged))
	}
	if len(acknowledged) == 1 {
		before := *acknowledged[0]
		if err := s.checkSignedIn(&before); err != nil {
			return fmt.Errorf("an acknowledged session is lost: %w", err)
		}
		if err := s.follow(sale.link, acknowledged[0]); err != nil {
			return fmt.Errorf("the browser that was let in follows the link again: %w", err)
		}
		if acknowledged[0].session != before.session {
			return errors.New("the browser that was let in got another session when it came again")
		}
	}
	// Whoever tried without an answer may try again: together with one more
	// browser, exactly one is in at the end.
	sale.browsers = append(sale.browsers, newBrowser())
	for _, b := range sale.browsers {
		if err := s.follow(sale.link, b); err != nil && !errors.Is(err, errRefused) {
			return err
		}
	}
	in := sale.winners()
	if len(in) != 1 {
		return fmt.Errorf("%d browsers are in at the end, want 1 (%d acknowledged before)", len(in), len(acknowledged))
	}
	if err := s.checkSignedIn(in[0]); err != nil {
		return fmt.Errorf("the browser that is in is not signed in: %w", err)
	}
	return nil
}

func TestEveryAcknowledgedLinkRedeemsExactlyOnceThoughTheServerIsKilled(t *testing.T) {
	wanted := kills
	if testing.Short() {
		wanted = shortKills
	}
	p := newProgram(t, "limits: {misses: 0, links_per_subject: 0, live_grants: 0, audited_refusals: 0}\n")
	p.start(t)
	s := newShopper(p.base)
	if err := s.createCustomer(); err != nil {
		t.Fatal(err)
	}
	var h history
	ctx, cancel := context.WithCancel(context.Background())
	var shopping sync.WaitGroup
	for range crashers {
		shopping.Go(func() {
			s.shop(ctx, &h, func(err error) {
				t.Error(err)
				cancel()
			})
		})
	}
	killed := 0
	for ; killed < wanted && ctx.Err() == nil; killed++ {
		h.await(ctx, rand.IntN(20))
		time.Sleep(time.Duration(rand.IntN(5)) * time.Millisecond)
		p.kill()
		if rand.IntN(5) == 0 { // once more, while it starts
			p.spawn(t)
			time.Sleep(time.Duration(rand.IntN(15)) * time.Millisecond)
			p.kill()
		}
		p.start(t)
	}
	cancel()
	shopping.Wait()
	judgeAll(t, s, h.sales)
	if out, err := p.stopAndVerify(t); err != nil {
		t.Errorf("the audit log after %d kills: %v: %s", killed, err, out)
	}
	t.Logf("%d kills, %d links", killed, len(h.sales))
	if len(h.sales) < wanted {
		t.Errorf("only %d links were issued: that is no load", len(h.sales))
	}
}

func judgeAll(t *testing.T, s *shopper, sales []*sale) {
	t.Helper()
	var next atomic.Int64
	var judging sync.WaitGroup
	for range crashers {
		judging.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(sales)); i = next.Add(1) - 1 {
				if err := s.judge(sales[i]); err != nil {
					t.Errorf("link %d of %d, %d browsers: %v", i, len(sales), len(sales[i].browsers), err)
				}
			}
		})
	}
	judging.Wait()
}

// stopAndVerify stops the server cleanly and checks its audit log.
func (p *program) stopAndVerify(t *testing.T) (string, error) {
	t.Helper()
	if err := p.stop(t); err != nil {
		return "stop", err
	}
	out, err := p.command("audit", "verify", "--config", "latchkey.yaml").Output()
	return string(out), err
}
