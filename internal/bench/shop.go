package bench

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// shop is what pairs are made with: whose links, for whom, and where to.
type shop struct {
	addr      string   // where the server listens, host:port
	target    *url.URL // the buy link that the cart calls ask a sign-on for
	client    client
	customers []string // their references, taken in turn
	constant  bool     // it is the floor: every link and every session is the same
}

// client is who calls the API.
type client struct{ code, secret string }

// proof is a client's proof of who it is, at a time.
type proof struct{ code, date, hash string }

// prove returns the proof with sha256. Like the clients that are in use, the
// load generator computes it once for many calls.
func (c client) prove(now time.Time) proof {
	date := now.UTC().Format(time.DateTime)
	mac := hmac.New(sha256.New, []byte(c.secret))
	_, _ = fmt.Fprintf(mac, "%d%s%d%s", len(c.code), c.code, len(date), date)
	return proof{c.code, date, hex.EncodeToString(mac.Sum(nil))}
}

// header returns the value of the authentication header of REST.
func (c client) header(now time.Time) string {
	p := c.prove(now)
	return fmt.Sprintf(`code="%s" date="%s" hash="%s" algo="sha256"`, p.code, p.date, p.hash)
}

// What browsers send along when somebody follows a link.
const browserHeaders = "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36\r\n" +
	"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n" +
	"Accept-Encoding: gzip, deflate, br\r\n" +
	"Accept-Language: en-US,en;q=0.9\r\n" +
	"Sec-Fetch-Dest: document\r\n" +
	"Sec-Fetch-Mode: navigate\r\n" +
	"Sec-Fetch-Site: cross-site\r\n" +
	"Upgrade-Insecure-Requests: 1\r\n"

const (
	tokenParam = "&logintoken="
	tokenLen   = 40
)

// visitor is one worker: a back end that asks for links and a browser that
// follows them, over one connection.
type visitor struct {
	shop    *shop
	conn    *conn
	api     string // end of every API call: version and headers
	page    string // end of every browser request, without its cookie
	url     string // the target as a query value
	turn    int    // whose customer's turn it is
	binding string // the browser's binding cookie, name=value
	token   string // of the link issued last
	cookie  string // the session cookie that the last redemption set
	request []byte
	answer  answer
}

// visit connects the worker of that number, of so many in all.
func (s *shop) visit(worker int, header string) (*visitor, error) {
	c, err := dial(s.addr)
	if err != nil {
		return nil, err
	}
	return s.visitOver(c, worker, header), nil
}

// visitOver is visit over a connection.
func (s *shop) visitOver(c *conn, worker int, header string) *visitor {
	return &visitor{
		shop: s, conn: c, turn: worker,
		api:  " HTTP/1.1\r\nHost: " + s.target.Host + "\r\nAccept: application/json\r\nX-Avangate-Authentication: " + header + "\r\n\r\n",
		page: " HTTP/1.1\r\nHost: " + s.target.Host + "\r\n" + browserHeaders,
		url:  url.QueryEscape(s.target.String()),
	}
}

// issue asks for a link for the next customer and keeps its token.
func (v *visitor) issue() error {
	v.request = append(append(append(v.request[:0], "GET /rest/6.0/customers/"...), v.nextCustomer()...), "/cart/?Url="...)
	v.request = append(append(v.request, v.url...), v.api...)
	if err := v.conn.roundTrip(v.request, &v.answer); err != nil {
		return fmt.Errorf("issue a link: %w", err)
	}
	token, err := v.linkToken()
	if err != nil {
		return fmt.Errorf("issue a link: %w", err)
	}
	v.token = token
	return nil
}

func (v *visitor) nextCustomer() string {
	customer := v.shop.customers[v.turn%len(v.shop.customers)]
	v.turn++
	return customer
}

// linkToken takes the token from an answer that must be a link to the target.
func (v *visitor) linkToken() (string, error) {
	if v.answer.status != 200 {
		return "", fmt.Errorf("got status %d, want 200: %.200s", v.answer.status, v.answer.body)
	}
	link, ok := cutAffixes(bytes.TrimSpace(v.answer.body), `"`, `"`)
	token, found := bytes.CutPrefix(link, []byte(v.shop.target.String()+tokenParam))
	if !ok || !found || len(token) != tokenLen {
		return "", errors.New("the answer is not a link to the target with a token as its last parameter")
	}
	if string(token) == v.token && !v.shop.constant {
		return "", errors.New("the same token was issued twice")
	}
	return string(token), nil
}

// cutAffixes returns what is between prefix and suffix.
func cutAffixes(b []byte, prefix, suffix string) ([]byte, bool) {
	b, ok := bytes.CutPrefix(b, []byte(prefix))
	b, ok2 := bytes.CutSuffix(b, []byte(suffix))
	return b, ok && ok2
}

// follow has the browser follow the link with that token.
func (v *visitor) follow(token string) error {
	v.request = append(append(v.request[:0], "GET "...), v.shop.target.RequestURI()...)
	v.request = append(append(append(v.request, tokenParam...), token...), v.page...)
	if v.binding != "" {
		v.request = append(append(append(v.request, "Cookie: "...), v.binding...), "\r\n"...)
	}
	v.request = append(v.request, "\r\n"...)
	return v.conn.roundTrip(v.request, &v.answer)
}

// redeem follows the link issued last, which must sign the browser in.
func (v *visitor) redeem() error {
	if err := v.follow(v.token); err != nil {
		return fmt.Errorf("redeem a link: %w", err)
	}
	if v.answer.status != 303 {
		return fmt.Errorf("redeem a link: got status %d, want 303: %.200s", v.answer.status, v.answer.body)
	}
	if len(v.answer.location) == 0 || bytes.Contains(v.answer.location, []byte(v.token)) {
		return errors.New("redeem a link: the browser was not sent on to the cart")
	}
	cookie, err := v.sessionCookie()
	if err != nil {
		return fmt.Errorf("redeem a link: %w", err)
	}
	v.cookie = cookie
	return nil
}

// sessionCookie takes the session from an answer that must set a new one.
func (v *visitor) sessionCookie() (string, error) {
	bindingName, _, _ := strings.Cut(v.binding, "=")
	for _, set := range v.answer.cookies {
		pair, _, _ := bytes.Cut(set, []byte(";"))
		name, value, _ := bytes.Cut(pair, []byte("="))
		if string(name) == bindingName || len(value) == 0 {
			continue
		}
		if string(pair) == v.cookie && !v.shop.constant {
			return "", errors.New("two links gave the same session")
		}
		return string(pair), nil
	}
	return "", errors.New("no session cookie was set")
}

// introduce gets the browser its binding cookie, as on its first visit ever: a
// link followed without one is not spent.
func (v *visitor) introduce() error {
	if err := v.issue(); err != nil {
		return err
	}
	if err := v.follow(v.token); err != nil {
		return fmt.Errorf("first visit: %w", err)
	}
	if v.answer.status != 303 || len(v.answer.cookies) == 0 {
		return fmt.Errorf("first visit: got status %d, want 303 and a binding cookie", v.answer.status)
	}
	pair, _, _ := bytes.Cut(v.answer.cookies[0], []byte(";"))
	v.binding = string(pair)
	return nil
}

// pair is one unit of the measurement: a link issued, then redeemed.
func (v *visitor) pair(steps []time.Duration) error {
	start := time.Now()
	if err := v.issue(); err != nil {
		return err
	}
	issued := time.Now()
	if err := v.redeem(); err != nil {
		return err
	}
	steps[0], steps[1] = issued.Sub(start), time.Since(issued)
	return nil
}

// unknownToken returns a well-formed token that was never issued, with an
// expiry that a token issued now might have.
func unknownToken(now time.Time, random func() uint64) string {
	expiry := strconv.FormatInt(now.Unix()+5, 16)
	return fmt.Sprintf("%08s%016x%016x", expiry, random(), random())
}
