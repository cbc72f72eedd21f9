package torture

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/operator"
)

// The applications: one whose tokens are read once, one whose tokens can be read
// again and again.
var apps = map[kind]string{once: "01", reusable: "02"}

// appAnswer is what the API of applications answers.
type appAnswer struct {
	ReturnCode    any    `json:"ReturnCode"`
	TokenRefNo    string `json:"TokenRefNo"`
	TokenNo       string `json:"TokenNo"`
	IsValidToken  bool   `json:"IsValidToken"`
	AccessToken   string `json:"access_token"`
	ReturnMessage string `json:"ReturnMessage"`
}

// callApp calls the API of applications.
func (c *client) callApp(at *node, path string, question map[string]string) (*appAnswer, error) {
	body, err := json.Marshal(question)
	if err != nil {
		return nil, err
	}
	return c.appReply(&ask{node: at, method: http.MethodPost, path: path, body: string(body), header: map[string]string{
		"Authorization": c.world.bearer, "Content-Type": "application/json", "X-Api-Version": "1.0.0", "X-Lob-Client-Id": appClient,
	}})
}

func (c *client) appReply(a *ask) (*appAnswer, error) {
	r, err := c.send(a)
	if err != nil {
		return nil, err
	}
	var answer appAnswer
	if r.status != http.StatusOK {
		return nil, unexpected(r)
	}
	if err := json.Unmarshal(r.body, &answer); err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	return &answer, nil
}

// logIn gets an access token for the API of applications.
func (c *client) logIn(at *node) (string, error) {
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {appBearer}, "client_secret": {c.world.secret.Reveal()}}
	answer, err := c.appReply(&ask{
		node: at, method: http.MethodPost, path: "/oauth2/token", body: form.Encode(),
		header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"},
	})
	if err != nil {
		return "", fmt.Errorf("get an access token: %w", err)
	}
	return answer.AccessToken, nil
}

// issueAppToken asks for a token of that kind. It returns nil when none came.
func (c *client) issueAppToken(k kind, at *node) *token {
	t := &token{kind: k, ttl: appTTL, member: c.member}
	return c.issued(t, at, func() error {
		answer, err := c.callApp(at, "/v2/get_sso_token", map[string]string{"CIINo": c.member, "LOBId": apps[k], "Functionality": "D"})
		if err != nil {
			return err
		}
		if answer.TokenNo == "" {
			return fmt.Errorf("no token came: %s", answer.ReturnMessage)
		}
		t.name, t.secret = answer.TokenRefNo, answer.TokenNo
		return nil
	})
}

// validate reads a token as its application's back end does. Every reading counts as
// a browser of its own: it answers once, if it is read once.
func (c *client) validate(t *token, at *node) outcome {
	o := operation{action: resolve}
	if t.kind == once {
		o = operation{action: redeem, browser: t.addBrowser().number}
	}
	return c.perform(t, o, at, func(o *operation) error {
		answer, err := c.callApp(at, "/v2/validate_sso_token", map[string]string{"TokenRefNo": t.name, "TokenNo": t.secret})
		switch {
		case err != nil:
			return err
		case answer.IsValidToken:
			o.outcome = done
		case strings.HasPrefix(answer.ReturnMessage, "Token is not valid"):
			o.outcome = refused
		default:
			return fmt.Errorf("the answer is %q", answer.ReturnMessage)
		}
		return nil
	})
}

// revokeMember makes void all tokens of the client's member: an operation on each
// of them.
func (c *client) revokeMember(at *node) {
	all := c.world.tokensOf(c.member)
	o := operation{action: revoke, whole: true, client: c.number, node: at.number, call: c.world.now()}
	if _, err := c.world.operate(at, operator.RevokeRequest{Tenant: tenantID, Member: c.member}); err == nil {
		o.outcome = done
	}
	o.ret = c.world.now()
	for _, t := range all {
		t.add(&o)
	}
}
