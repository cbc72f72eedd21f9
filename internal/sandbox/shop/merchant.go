package shop

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// tradesAs reports whether an API user's credentials are good for links there.
func (s *Shop) tradesAs(c *Credentials, d *signon.Destination) bool {
	return c.User != "" && (d.Kind == signon.KindPortal || d.Kind == signon.KindEntrance)
}

func (s *Shop) askBlue(ctx context.Context, a *asking) (string, error) {
	if a.dest.Kind == signon.KindPortal {
		return s.askPortal(ctx, a)
	}
	return s.askEntrance(ctx, a)
}

// service returns the path and query of a call.
func (a *asking) service(path string, query url.Values) string {
	if a.OnBehalfOf != "" {
		query.Set("onbehalfofmid", a.OnBehalfOf)
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return "/services/2/" + path
}

// basic returns the headers of a call in JSON.
func (a *asking) basic() http.Header {
	proof := base64.StdEncoding.EncodeToString([]byte(a.User + ":" + a.Password))
	return http.Header{"Authorization": {"Basic " + proof}, "Content-Type": {"application/json"}, "Accept": {"application/json"}}
}

// askPortal asks for a login token, which is good at the address of the browser that
// asked alone.
func (s *Shop) askPortal(ctx context.Context, a *asking) (string, error) {
	body, err := json.Marshal(map[string]string{"requestingUserIp": browser(ctx)})
	if err != nil {
		return "", fmt.Errorf("ask for a login token: %w", err)
	}
	path := a.service("generateSSOLoginToken/"+url.PathEscape(string(a.Person.Ref)), url.Values{})
	status, answer, err := s.call(ctx, path, a.basic(), string(body))
	if err != nil {
		return "", err
	}
	var got struct{ LoginLink string }
	if status != http.StatusOK || json.Unmarshal([]byte(answer), &got) != nil || got.LoginLink == "" {
		return "", refused("ask for a login token", status, answer)
	}
	return got.LoginLink, nil
}

// askEntrance asks for a shopper's token, and makes the link that it is for.
func (s *Shop) askEntrance(ctx context.Context, a *asking) (string, error) {
	shopper, err := s.Shopper(ctx, a.Person)
	if err != nil {
		return "", fmt.Errorf("ask for a shopper's token: %w", err)
	}
	if shopper == 0 {
		return "", errors.New("ask for a shopper's token: this customer is no shopper")
	}
	minutes := max(1, int(a.TTL/time.Minute))
	query := url.Values{"shopperId": {strconv.FormatInt(shopper, 10)}, "expirationInMinutes": {strconv.Itoa(minutes)}}
	header := a.basic()
	header.Del("Content-Type")
	status, answer, err := s.call(ctx, a.service("tools/auth-token", query), header, "")
	if err != nil {
		return "", err
	}
	var got struct{ Token string }
	if status != http.StatusOK || json.Unmarshal([]byte(answer), &got) != nil || got.Token == "" {
		return "", refused("ask for a shopper's token", status, answer)
	}
	return a.entrance() + "&token=" + url.QueryEscape(got.Token), nil
}

// entrance returns the link, but for the token: to the cart with what is sold under
// the contract, or to the account when nothing is.
func (a *asking) entrance() string {
	query, contract := a.Query, cmp.Or(a.Contract, a.Product)
	switch {
	case query != "":
	case contract != "":
		query = "contractId=" + url.QueryEscape(contract) + "&target=step1"
	default:
		query = "target=cp"
	}
	return a.dest.Origins[0].String() + a.dest.Paths[0] + "?" + query
}
