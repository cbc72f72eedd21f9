package dev

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/latchkey-sso/latchkey/internal/config"
	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/jwt"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// The demo's group of lines of business, whose members are known at all of them by
// one number.
const groupTenant signon.TenantID = "abc-group"

// The clients of the demo's issuer and their secrets, which are public: one that
// may sign members on, one with another scope that may not, and one that is a line
// of business and nothing else.
const (
	LOBBearer      = "demo-lob-client" //nolint:gosec // public
	LOBSecret      = "demo-lob-secret" //nolint:gosec // public
	LOBWeakBearer  = "demo-lob-weak"   //nolint:gosec // public
	LOBWeakSecret  = "demo-lob-weak"   //nolint:gosec // public
	LOBThirdBearer = "demo-lob-03"     //nolint:gosec // public
	LOBThirdSecret = "demo-lob-03"     //nolint:gosec // public
	LOBScope       = "sso/generate"
	lobWeakScope   = "profile/read"
	LOBClient      = "1RrLMyLrZGA=" // issues for FirstLOB and ThirdLOB, and is FirstLOB
	LOBThirdClient = "TE9CMDM="     // is ThirdLOB
	FirstLOB       = "01"
	ThirdLOB       = "03"
	MemberNumber   = "10001004" // linked to both
	memberOfOneLOB = "10001005" // linked to ThirdLOB
	demoLOBKey     = "latchkey-demo-lob-%s-key-32bytes"
)

// lobs are the group's lines of business, in the order of their IDs.
var lobs = []struct{ id, name, description string }{
	{FirstLOB, "ABC Funds", "Mutual funds and savings plans"},
	{"02", "ABC Life", "Life insurance"},
	{ThirdLOB, "ABC Finance", "Loans for people and small companies"},
	{"04", "ABC Housing", "Home loans"},
	{"05", "ABC Health", "Health insurance"},
	{"06", "ABC Broking", "Shares and bonds"},
	{"07", "ABC Pension", "Pension funds"},
}

// group returns the group's tenant for a server in that place.
func group(place Place) config.Tenant {
	g := config.DefaultTenant(string(groupTenant))
	g.Name = "ABC Group Demo"
	g.Domains = []string{place.HostPort("localhost"), place.HostPort("127.0.0.1")}
	g.Issuers = []config.Issuer{config.OwnIssuer(LOBScope)}
	g.Clients = groupClients()
	g.Destinations = config.Destinations{}
	api := place.URL("localhost")
	for _, lob := range lobs {
		app := config.DefaultApp(lob.id, lob.name)
		app.Description = lob.description
		switch lob.id {
		case FirstLOB:
			app.Page = &config.AppPage{Client: LOBClient, Bearer: LOBBearer, API: api}
		case ThirdLOB:
			app.Page = &config.AppPage{Client: LOBThirdClient, Bearer: LOBThirdBearer, API: api}
		}
		g.Destinations.Apps = append(g.Destinations.Apps, app)
	}
	return g
}

func groupClients() []config.Client {
	bearer := func(id, secret, scope string) config.Client {
		c := config.DefaultOAuthClient(id, config.Literal(secret))
		c.Scopes = []string{scope}
		return c
	}
	first := config.DefaultLOBClient(LOBClient)
	first.Name, first.Bearers = "ABC App", []string{LOBBearer, LOBWeakBearer}
	first.IssuesFor, first.Is = []string{FirstLOB, ThirdLOB}, []string{FirstLOB}
	third := config.DefaultLOBClient(LOBThirdClient)
	third.Name, third.Bearers, third.Is = "ABC Finance", []string{LOBThirdBearer}, []string{ThirdLOB}
	return []config.Client{
		first, third,
		bearer(LOBBearer, LOBSecret, LOBScope), bearer(LOBWeakBearer, LOBWeakSecret, lobWeakScope), bearer(LOBThirdBearer, LOBThirdSecret, LOBScope),
	}
}

func members() []*directory.Member {
	member := func(number, name, mobile string, linked ...string) *directory.Member {
		email := strings.ToLower(strings.ReplaceAll(name, " ", ".")) + "@example.com"
		return &directory.Member{Tenant: groupTenant, Number: number, Name: name, Email: email, Mobile: mobile, Apps: linked}
	}
	return []*directory.Member{
		member(MemberNumber, "Asha Menon", "9000010004", FirstLOB, ThirdLOB),
		member(memberOfOneLOB, "Ravi Kapoor", "9000010005", ThirdLOB),
	}
}

// seedMembers adds those of the group's members who are not there.
func seedMembers(ctx context.Context, dir *directory.Service) error {
	absent, err := absent(members(), func(m *directory.Member) error {
		_, err := dir.Member(ctx, groupTenant, m.Number)
		return err
	})
	if err != nil {
		return err
	}
	for _, m := range absent {
		if err := dir.CreateMember(ctx, m, directory.Act{}); err != nil && !errors.Is(err, signon.ErrConflict) {
			return err
		}
	}
	return nil
}

// SeedKeys gives those of the demo's lines of business a key that have none: a
// published one, so that tests can verify tokens and make wrong ones. The server
// makes those that are missing then.
func SeedKeys(ctx context.Context, signOn *signon.Service) error {
	for _, lob := range lobs {
		owner := signon.AppOwner(lob.id)
		keys, err := signOn.SigningKeys(ctx, groupTenant, owner)
		if err != nil {
			return fmt.Errorf("load demo keys: %w", err)
		}
		if len(keys.Accepted) > 0 {
			continue
		}
		key, err := jwt.Secret(fmt.Appendf(nil, demoLOBKey, lob.id))
		if err != nil {
			return fmt.Errorf("load demo keys: %w", err)
		}
		jwk, err := key.JWK()
		if err != nil {
			return fmt.Errorf("load demo keys: %w", err)
		}
		_, err = signOn.RotateKey(ctx, &signon.Rotation{
			Tenant: groupTenant, Owner: owner, ID: "demo", Secret: signon.Secret(jwk), Longest: time.Hour,
		})
		if err != nil && !errors.Is(err, signon.ErrConflict) {
			return fmt.Errorf("load demo keys: %w", err)
		}
	}
	return nil
}
