package lobpage

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"
)

// LOB is a line of business, and whom it calls the API as.
type LOB struct {
	ID, Name string
	// API is the scheme and host of the API.
	API string
	// Client is its x-lob-client-id; Bearer and Secret are what it has from the
	// issuer of access tokens.
	Client, Bearer, Secret string
	// Transport makes the calls; nil is the usual one.
	Transport http.RoundTripper
}

// Issue asks for a token that takes a member to the line of business with that id,
// as whoever may issue for it, and returns it and its number.
func (l LOB) Issue(ctx context.Context, member, id, functionality string) (number, token string, err error) {
	var answer struct {
		ReturnMessage, TokenRefNo, TokenNo string
	}
	_, err = (&api{LOB: l}).call(ctx, "/v2/get_sso_token", map[string]string{"CIINo": member, "LOBId": id, "Functionality": functionality}, &answer)
	if err == nil && answer.TokenNo == "" {
		err = fmt.Errorf("ask for a token: %s", answer.ReturnMessage)
	}
	return answer.TokenRefNo, answer.TokenNo, err
}

// tokens are what tokens and their numbers look like: some 300 bytes, and 600 with
// an RSA signature.
var tokens = struct{ number, token *regexp.Regexp }{
	regexp.MustCompile(`^[0-9]{1,32}$`),
	regexp.MustCompile(`^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$`),
}

// maxToken is how long a token may be, in bytes.
const maxToken = 4 << 10

// canBe reports whether these can be a token and its number, whoever made them.
func canBe(number, token string) bool {
	return tokens.number.MatchString(number) && len(token) <= maxToken && tokens.token.MatchString(token)
}

// maxAnswer is how much is read of an answer, in bytes.
const maxAnswer = 64 << 10

// early is how long before its end an access token is not used any more.
const early = time.Minute

// client follows no redirects: the API has none, and an access token must not go
// elsewhere. It waits a little longer than the API takes at most.
func (l LOB) client() *http.Client {
	return &http.Client{
		Transport:     l.Transport,
		Timeout:       30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// errUnauthorized is why a call failed whose access token is not good.
var errUnauthorized = errors.New("got status 401")

// api calls the API as one line of business.
type api struct {
	LOB

	mu     sync.Mutex
	bearer string
	until  time.Time // it is used until then
}

// call makes one call with a JSON body, reads the answer into out, and returns its
// support code, by which the operator of the API finds the call. An access
// token that was kept may be good no more, when the key that signed it was retired:
// then there is one more try, with a new one.
func (a *api) call(ctx context.Context, path string, in, out any) (code string, err error) {
	body, err := json.Marshal(in)
	if err != nil {
		return "", fmt.Errorf("call %s: %w", path, err)
	}
	bearer, err := a.accessToken(ctx)
	if err != nil {
		return "", err
	}
	if code, err = a.callAs(ctx, bearer, path, body, out); !errors.Is(err, errUnauthorized) {
		return code, err
	}
	a.drop(bearer)
	if bearer, err = a.accessToken(ctx); err != nil {
		return "", err
	}
	return a.callAs(ctx, bearer, path, body, out)
}

// drop forgets an access token, unless another has taken its place already.
func (a *api) drop(bearer string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.bearer == bearer {
		a.bearer, a.until = "", time.Time{}
	}
}

func (a *api) callAs(ctx context.Context, bearer, path string, body []byte, out any) (code string, err error) {
	return a.post(ctx, path, bytes.NewReader(body), http.Header{
		"Authorization": {"Bearer " + bearer}, "Content-Type": {"application/json"},
		"X-Api-Version": {"1.0.0"}, "X-Lob-Client-Id": {a.Client},
	}, out)
}

// accessToken returns the access token, a new one when its time is nearly over.
func (a *api) accessToken(ctx context.Context) (string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if time.Now().Before(a.until) {
		return a.bearer, nil
	}
	if err := ctx.Err(); err != nil { // others were waited for
		return "", fmt.Errorf("ask for an access token: %w", err)
	}
	asked := time.Now()
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {a.Bearer}, "client_secret": {a.Secret}}
	var answer struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   int    `json:"expires_in"` // seconds
	}
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	if _, err := a.post(ctx, "/oauth2/token", strings.NewReader(form.Encode()), header, &answer); err != nil {
		return "", err
	}
	a.bearer, a.until = answer.AccessToken, asked.Add(time.Duration(answer.ExpiresIn)*time.Second-early)
	return a.bearer, nil
}

func (a *api) post(ctx context.Context, path string, body io.Reader, header http.Header, out any) (code string, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, a.API+path, body)
	if err != nil {
		return "", fmt.Errorf("call %s: %w", path, err)
	}
	r.Header = header
	answer, err := a.client().Do(r)
	if err != nil {
		return "", fmt.Errorf("call %s: %w", path, err)
	}
	defer answer.Body.Close()
	code = answer.Header.Get("Latchkey-Support-Code")
	switch answer.StatusCode {
	case http.StatusOK:
	case http.StatusUnauthorized:
		return code, fmt.Errorf("call %s: %w, support code %s", path, errUnauthorized, code)
	default:
		return code, fmt.Errorf("call %s: got status %d, support code %s", path, answer.StatusCode, code)
	}
	if err := json.NewDecoder(io.LimitReader(answer.Body, maxAnswer)).Decode(out); err != nil {
		return code, fmt.Errorf("read the answer of %s: %w", path, err)
	}
	return code, nil
}

// apis keeps the access token of each line of business.
type apis struct {
	mu    sync.Mutex
	known map[LOB]*api
}

func (as *apis) of(lob LOB) *api {
	as.mu.Lock()
	defer as.mu.Unlock()
	if as.known[lob] == nil {
		if as.known == nil {
			as.known = map[LOB]*api{}
		}
		as.known[lob] = &api{LOB: lob}
	}
	return as.known[lob]
}
