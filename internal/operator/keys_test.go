package operator_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/jwt"
	"github.com/latchkey-sso/latchkey/internal/operator"
	"github.com/latchkey-sso/latchkey/internal/signingkey"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// group declares a group with an issuer and two applications, one of which has a
// key that can be printed, beside another tenant.
func group(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	app := func(id, algorithm string) signon.Destination {
		return signon.Destination{
			ID: id, Kind: signon.KindApp, DefaultTTL: time.Hour, MaxTTL: time.Hour, Settings: map[string]string{signingkey.SettingAlgorithm: algorithm},
		}
	}
	declared := []signon.Tenant{
		{ID: "group", Issuers: []signon.Issuer{{URL: "https://group.example/oauth2", Own: true}}, Destinations: []signon.Destination{app("01", "HS256"), app("02", "ES256")}},
		{ID: "other", Destinations: []signon.Destination{{ID: "01", Kind: signon.KindCart}}},
	}
	if err := w.store.ApplyTenants(t.Context(), declared, &signon.Event{Type: signon.EventTenantsApplied}); err != nil {
		t.Fatal(err)
	}
	for i, number := range []string{"10001004", "10001005"} {
		m := &directory.Member{Tenant: "group", Number: number, Apps: []string{"01"}, PrivacyKey: signon.PrivacyKey{byte(i), 5}}
		if err := w.store.CreateMember(t.Context(), m, &signon.Event{Type: signon.EventMemberCreated}); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

func TestKeysAreRotatedAndListed(t *testing.T) {
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			w := group(t)
			c := way(t, w.handler(w.store))
			if list, err := c.SigningKeys(t.Context(), operator.KeyQuery{}); err != nil || len(list) != 0 {
				t.Fatalf("at first: got %+v, %v", list, err)
			}
			one := operator.KeyQuery{Tenant: "group", App: "01"}
			first, err := c.RotateKey(t.Context(), operator.RotateRequest{KeyQuery: one})
			if err != nil {
				t.Fatal(err)
			}
			secret, err := base64.StdEncoding.DecodeString(first.Secret)
			if err != nil || len(secret) != 32 || first.Algorithm != "HS256" || first.State != operator.KeySigns || first.Declared != "" || first.RetiresAt != nil {
				t.Errorf("got %+v, %v", first.Key, err)
			}
			planned, err := c.RotateKey(t.Context(), operator.RotateRequest{KeyQuery: one, Algorithm: "EdDSA", After: time.Hour})
			if err != nil {
				t.Fatal(err)
			}
			if planned.State != operator.KeyWaits || planned.Secret != "" || planned.Declared != "HS256" || !planned.SignsFrom.Equal(fixedClock{}.Now().Add(time.Hour)) ||
				len(planned.Others) != 1 || planned.Others[0].ID != first.ID || planned.Others[0].RetiresAt == nil {
				t.Errorf("planned: got %+v", planned)
			}
			for _, q := range []operator.KeyQuery{{App: "02"}, {Issuer: true}} {
				q.Tenant = "group"
				if got, err := c.RotateKey(t.Context(), operator.RotateRequest{KeyQuery: q}); err != nil || got.Secret != "" || got.Declared != "" {
					t.Errorf("%+v: got %+v, %v", q, got, err)
				}
			}
			for want, q := range map[string]operator.KeyQuery{
				"issuer RS256 signs, app 01 EdDSA waits, app 01 HS256 signs, app 02 ES256 signs": {},
				"app 01 EdDSA waits, app 01 HS256 signs":                                         one,
				"issuer RS256 signs":                                                             {Tenant: "group", Issuer: true},
				"":                                                                               {Tenant: "other"},
			} {
				list, err := c.SigningKeys(t.Context(), q)
				var got []string
				for _, k := range list {
					got = append(got, fmt.Sprint(k.Owner, " ", k.Algorithm, " ", k.State))
				}
				if shuffled(strings.Join(got, ", ")) != shuffled(want) || err != nil {
					t.Errorf("%+v: got %q, %v, want %q", q, got, err, want)
				}
			}
			now, err := c.RotateKey(t.Context(), operator.RotateRequest{KeyQuery: one, RetireNow: true})
			if err != nil || len(now.Others) != 0 || now.State != operator.KeySigns {
				t.Errorf("retiring the others: got %+v, %v", now, err)
			}
			if strings.Contains(w.log.String(), first.Secret) || strings.Contains(w.log.String(), `"k"`) {
				t.Error("the log has a key")
			}
			events := 0
			if err := c.Events(t.Context(), operator.EventQuery{SupportCode: now.SupportCode}, func(e *operator.Event) {
				if events++; e.Type != "key.added" || e.Note != "app 01, key "+now.ID {
					t.Errorf("recorded as %+v", e)
				}
			}); err != nil || events != 1 {
				t.Errorf("got %d events, %v, want one", events, err)
			}
		})
	}
}

// shuffled makes lists equal that were made in one instant, where the order of keys
// is that of their IDs.
func shuffled(list string) string {
	counts := map[string]int{}
	for one := range strings.SplitSeq(list, ", ") {
		counts[one]++
	}
	return fmt.Sprint(counts)
}

func TestTheSecretOfANewKeyIsTheOneThatSigns(t *testing.T) {
	w := group(t)
	c := inProcess(t, w.handler(w.store))
	made, err := c.RotateKey(t.Context(), operator.RotateRequest{KeyQuery: operator.KeyQuery{Tenant: "group", App: "01"}})
	if err != nil {
		t.Fatal(err)
	}
	kept, err := w.store.SigningKeys(t.Context(), "group", signon.AppOwner("01"))
	if err != nil || len(kept) != 1 {
		t.Fatalf("got %d keys, %v", len(kept), err)
	}
	signer, err := signingkey.Parse(&kept[0])
	if err != nil {
		t.Fatal(err)
	}
	token, err := jwt.Sign(signer, []byte(`{"a":1}`))
	if err != nil {
		t.Fatal(err)
	}
	secret, _ := base64.StdEncoding.DecodeString(made.Secret)
	shown, err := jwt.Secret(secret)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := jwt.Verify(t.Context(), token, jwt.Set{shown}); err != nil {
		t.Errorf("what the key signs is not what the secret verifies: %v", err)
	}
}

func TestOnlyPublicPartsAreExported(t *testing.T) {
	w := group(t)
	c := inProcess(t, w.handler(w.store))
	two := operator.KeyQuery{Tenant: "group", App: "02"}
	for _, algorithm := range []string{"HS256", "EdDSA", "RS256", ""} {
		if _, err := c.RotateKey(t.Context(), operator.RotateRequest{KeyQuery: two, Algorithm: algorithm}); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := c.ExportKeys(t.Context(), two)
	if err != nil {
		t.Fatal(err)
	}
	var set struct {
		Keys []map[string]any `json:"keys"`
	}
	if err := json.Unmarshal(raw, &set); err != nil || len(set.Keys) != 3 {
		t.Fatalf("got %s, %v, want three keys", raw, err)
	}
	for _, key := range set.Keys {
		for _, private := range []string{"d", "p", "q", "k", "dp", "dq", "qi"} {
			if key[private] != nil {
				t.Errorf("a key of %v has its %s", key["kty"], private)
			}
		}
	}
	one := operator.KeyQuery{Tenant: "group", App: "01"}
	if raw, err := c.ExportKeys(t.Context(), one); err != nil || string(raw) != `{"keys":[]}` {
		t.Errorf("without a key: got %s, %v", raw, err)
	}
	if _, err := c.RotateKey(t.Context(), operator.RotateRequest{KeyQuery: one}); err != nil {
		t.Fatal(err)
	}
	want := "app 01 of tenant group has shared secrets, which have no public part: each is shown once, when it is made"
	if _, err := c.ExportKeys(t.Context(), one); text(err) != want {
		t.Errorf("got %q, want %q", text(err), want)
	}
}

func TestRotatingNeedsToKnowWhose(t *testing.T) {
	w := group(t)
	c := inProcess(t, w.handler(w.store))
	one := operator.KeyQuery{Tenant: "group", App: "01"}
	for want, req := range map[string]operator.RotateRequest{
		"name an app or the issuer: one of them":                     {KeyQuery: operator.KeyQuery{Tenant: "group"}},
		"which tenant? declared are group, other":                    {KeyQuery: operator.KeyQuery{App: "01"}},
		`tenant other has no application "01"`:                       {KeyQuery: operator.KeyQuery{Tenant: "other", App: "01"}},
		"tenant other does not use the built-in issuer":              {KeyQuery: operator.KeyQuery{Tenant: "other", Issuer: true}},
		`"md5" is not one of HS256, RS256, ES256, EdDSA`:             {KeyQuery: one, Algorithm: "md5"},
		"the built-in issuer signs with RS256 alone":                 {KeyQuery: operator.KeyQuery{Tenant: "group", Issuer: true}, Algorithm: "ES256"},
		"after must be a duration of 0 to 720h":                      {KeyQuery: one, After: 721 * time.Hour},
		"keys that are retired now leave nobody to sign until later": {KeyQuery: one, After: time.Hour, RetireNow: true},
	} {
		if _, err := c.RotateKey(t.Context(), req); text(err) != want {
			t.Errorf("got %q, want %q", text(err), want)
		}
	}
	if list, err := c.SigningKeys(t.Context(), operator.KeyQuery{}); err != nil || len(list) != 0 {
		t.Errorf("made all the same: %+v, %v", list, err)
	}
	for range signon.MaxKeys {
		if _, err := c.RotateKey(t.Context(), operator.RotateRequest{KeyQuery: one}); err != nil {
			t.Fatal(err)
		}
	}
	want := "app 01 of tenant group has 4 keys that are accepted: one of them has to retire first, in 24h0m2s, or all with --retire-now"
	if _, err := c.RotateKey(t.Context(), operator.RotateRequest{KeyQuery: one}); text(err) != want {
		t.Errorf("got %q, want %q", text(err), want)
	}
}

func TestTokensOfAnAppOrAMemberAreMadeVoidTogether(t *testing.T) {
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			w := group(t)
			c := way(t, w.handler(w.store))
			token := func(n byte, app string, member signon.SubjectRef) {
				now := fixedClock{}.Now()
				g := &signon.Grant{
					Key: signon.ExpiryKey(now.Add(signon.MaxNumberedTTL)), Tenant: "group", Client: "C", Destination: app, Subject: member, SubjectKind: signon.SubjectMember,
					IssuedAt: now, ExpiresAt: now.Add(time.Hour),
				}
				g.Key[5] = n
				if err := w.store.CreateGrant(t.Context(), g, &signon.Event{Type: signon.EventIssued}, nil); err != nil {
					t.Fatal(err)
				}
			}
			token(1, "01", "10001004")
			token(2, "01", "10001005")
			token(3, "02", "10001004")
			token(4, "02", "10001005")
			if diff := cmp.Diff([]string{"10001004 live", "10001004 live"}, w.grants(t, c, operator.GrantQuery{Tenant: "group", Member: "10001004"})); diff != "" {
				t.Errorf("of a member (-want +got):\n%s", diff)
			}
			done, err := c.Revoke(t.Context(), operator.RevokeRequest{Tenant: "group", App: "01"})
			if err != nil || done.Void != "app 01" || done.Tenant != "group" || done.Ended != 0 {
				t.Errorf("got %+v, %v", done, err)
			}
			if diff := cmp.Diff([]string{"10001004 revoked", "10001005 revoked", "10001004 live", "10001005 live"}, w.grants(t, c, operator.GrantQuery{})); diff != "" {
				t.Errorf("after the app (-want +got):\n%s", diff)
			}
			if done, err = c.Revoke(t.Context(), operator.RevokeRequest{Tenant: "group", Member: "10001004"}); err != nil || done.Void != "member 10001004" {
				t.Errorf("got %+v, %v", done, err)
			}
			if diff := cmp.Diff([]string{"10001005 live"}, w.grants(t, c, operator.GrantQuery{State: "live"})); diff != "" {
				t.Errorf("after the member (-want +got):\n%s", diff)
			}
			if got, err := c.Explain(t.Context(), done.SupportCode); err != nil || len(got.Events) != 1 || got.Events[0].Person == nil || got.Events[0].Person.Subject != "10001004" || got.Events[0].Caller != "" {
				t.Errorf("explained as %+v, %v", got, err)
			}
			for want, req := range map[string]operator.RevokeRequest{
				`tenant group has no application "09"`:                                                    {Tenant: "group", App: "09"},
				`tenant other has no application "01"`:                                                    {Tenant: "other", App: "01"}, // it has a cart of that id
				`tenant group has no member "1"`:                                                          {Tenant: "group", Member: "1"},
				"name a reference, a customer, a user, a member, an app or a client: exactly one of them": {Tenant: "group", Member: "10001004", App: "01"},
			} {
				if _, err := c.Revoke(t.Context(), req); text(err) != want {
					t.Errorf("got %q, want %q", text(err), want)
				}
			}
		})
	}
}
