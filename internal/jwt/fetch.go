package jwt

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// answer is what an issuer said. Its keys are nil only if it said nothing of use.
type answer struct {
	keys Set
	ttl  time.Duration
}

// get asks for the keys. A set without a key for us is an answer and an error: the
// issuer may have withdrawn its keys, and whoever operates this should know.
func (r *Remote) get(ctx context.Context) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.o.URL, nil)
	if err != nil {
		return answer{}, fmt.Errorf("ask for a key set: %w", err)
	}
	req.Header.Set("Accept", "application/jwk-set+json, application/json")
	resp, err := r.client.Do(req)
	if err != nil {
		return answer{}, fmt.Errorf("ask for a key set: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return answer{}, fmt.Errorf("ask for a key set: got status %d, want 200", resp.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxSet+1))
	if err != nil {
		return answer{}, fmt.Errorf("receive a key set: %w", err)
	}
	keys, err := parseSet(body, r.o.Algorithm)
	if err == nil && len(keys) == 0 {
		err = fmt.Errorf("read a key set: none of its keys is for %s and strong enough", r.o.Algorithm)
	}
	return answer{keys: keys, ttl: lifetime(resp.Header)}, err
}

// newClient returns a client that follows no redirect: who may name another
// address may name another key.
func newClient(roots *x509.CertPool) *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
			DisableKeepAlives:      true, // an hour passes until the next request
			DisableCompression:     true,
			MaxResponseHeaderBytes: 16 << 10,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func checkAddress(address string, allowHTTP bool) error {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Hostname() == "" || u.User != nil || u.Fragment != "":
		return errors.New("want an absolute address without user or fragment")
	case u.Scheme == "https":
		return nil
	case u.Scheme != "http" || !allowHTTP:
		return errors.New("want https")
	case !loopback(u.Hostname()):
		return errors.New("want https, or http at a loopback address")
	}
	return nil
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// lifetime returns how long an answer may be kept, within our bounds.
func lifetime(h http.Header) time.Duration {
	ttl := defaultTTL
	for directive := range strings.SplitSeq(strings.Join(h.Values("Cache-Control"), ","), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
		switch strings.ToLower(name) {
		case "no-store", "no-cache":
			return minTTL
		case "max-age":
			ttl = maxAge(strings.Trim(value, `"`))
		}
	}
	return min(max(ttl, minTTL), maxTTL)
}

func maxAge(seconds string) time.Duration {
	n, err := strconv.ParseUint(seconds, 10, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0 // RFC 9111: what can't be read is not fresh
	}
	return time.Duration(min(n, uint64(maxTTL/time.Second))) * time.Second
}
