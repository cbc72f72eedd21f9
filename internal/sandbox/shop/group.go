package shop

import (
	"cmp"
	"context"
	"net/url"
	"slices"

	"github.com/latchkey-sso/latchkey/internal/lobpage"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// lobRealm is the namespace of clients of GenerateSSOToken.
const lobRealm = "lob"

// functionality is where in an application a token leads to.
const functionality = "D"

// issuesFor reports whether an app's credentials are good for tokens there.
func (s *Shop) issuesFor(c *Credentials, d *signon.Destination) bool {
	if c.LOBClient == "" || d.Kind != signon.KindApp {
		return false
	}
	client, ok := s.Registry.Client(lobRealm, c.LOBClient)
	return ok && client.Tenant == c.Tenant && slices.Contains(client.IssuesFor, d.ID)
}

func (s *Shop) askLOB(ctx context.Context, a *asking) (string, error) {
	app := lobpage.LOB{API: cmp.Or(a.API, s.BaseURL), Client: a.LOBClient, Bearer: a.Bearer, Secret: a.BearerSecret, Transport: s.HTTP.Transport}
	number, token, err := app.Issue(ctx, string(a.Person.Ref), a.Destination, functionality)
	if err != nil {
		return "", err
	}
	return app.API + "/lob/" + url.PathEscape(a.Destination) + "?" + url.Values{"TokenNo": {token}, "TokenRefNo": {number}}.Encode(), nil
}
