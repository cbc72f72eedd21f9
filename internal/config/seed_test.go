package config

import (
	"encoding/json"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/password"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// seeded returns a configuration of one tenant, as code makes it, which a seed can
// be added to.
func seeded() *Config {
	c := Default()
	c.PublicURL = "http://localhost:8080"
	shop := DefaultTenant("shop")
	shop.Number = "1"
	shop.Clients = []Client{DefaultClient("SHOP", Literal("SECRET"))}
	shop.Destinations.Cart.Hosts = []string{"http://localhost:8080"}
	shop.Destinations.Account.Hosts = []string{"http://localhost:8080"}
	c.Tenants = []Tenant{shop}
	return c
}

// addSeed adds the text as a seed.
func addSeed(t *testing.T, c *Config, text string, environ ...string) (*Seed, error) {
	t.Helper()
	t.Chdir(t.TempDir())
	if err := os.WriteFile("seed.yaml", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return c.AddSeed(SeedOptions{
		File: "seed.yaml", Environ: environ,
		Base: func(tenant string) string { return "http://" + tenant + ".localhost:8080" },
		Kinds: []SeedKind{
			{"customers", []string{"id", "external_reference", "zip", "phone", "cards", "company"}},
			{"users", []string{"id"}},
			{"members", []string{"number", "apps"}},
		},
	})
}

func TestASeedsTenantsAreAddedToThoseThereAre(t *testing.T) {
	c := seeded()
	seed, err := addSeed(t, c, `
tenants:
  - id: acme
    number: 2
    acts_for: [shop]
    clients:
      - {id: ACME, secret: literal}
      - {id: ACME-2, secret: {env: ACME_SECRET}, previous_secret: 0123}
      - {kind: bluesnap, id: api, password: pass word, capabilities: [principal]}
    destinations: {cart: {}, account: {hosts: [https://acme.example]}, apps: [{id: "01"}]}
  - id: empty
`, "ACME_SECRET=from outside")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&Seed{Passwords: map[string]string{"api": "pass word"}}, seed); diff != "" {
		t.Errorf("beside its tenants (-want +got):\n%s", diff)
	}
	tenants, err := c.Declared()
	if err != nil {
		t.Fatal(err)
	}
	if len(tenants) != 3 || tenants[0].ID != "shop" || tenants[2].ID != "empty" {
		t.Fatalf("got %d tenants, want the one from before and the two of the seed", len(tenants))
	}
	acme := tenants[1]
	if got := acme.Destinations[0].Origins[0].String(); got != "http://acme.localhost:8080" {
		t.Errorf("the cart without hosts: got %s", got)
	}
	if got := acme.Destinations[1].Origins[0].String(); got != "https://acme.example" {
		t.Errorf("the account with a host: got %s", got)
	}
	if diff := cmp.Diff([]string{"acme.localhost:8080"}, acme.Hosts); diff != "" {
		t.Errorf("domains (-want +got):\n%s", diff)
	}
	var secrets [][]signon.Secret
	for _, cl := range acme.Clients[:2] {
		secrets = append(secrets, cl.Secrets)
	}
	if diff := cmp.Diff([][]signon.Secret{{"literal"}, {"from outside", "0123"}}, secrets); diff != "" {
		t.Errorf("secrets (-want +got):\n%s", diff)
	}
	if password.NewJudge().Judge(netip.Addr{}, acme.Clients[2].Secrets[0].Reveal(), "pass word") != password.Right {
		t.Error("the API user's password is not right")
	}
}

func TestASeedsRowsHoldTextsAsTheyStandThere(t *testing.T) {
	seed, err := addSeed(t, seeded(), `
tenants:
  - people:
      customers:
        - id: 12
          zip: 00704
          phone: +1_200
          company: yes
          external_reference: |
            two
            lines
          cards: [{type: visa, expiration_year: 2030}, null]
        - {}
      users:
      members: [{number: 0x1f, apps: [01, 1.50]}]
    id: acme
`)
	if err != nil {
		t.Fatal(err)
	}
	type row struct{ Tenant, Kind, Values string }
	var got []row
	for _, r := range seed.Rows {
		values, err := json.Marshal(r.Values)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, row{r.Tenant, r.Kind, string(values)})
	}
	want := []row{
		{"acme", "customers", `{"cards":[{"expiration_year":"2030","type":"visa"},null],"company":"yes",` +
			`"external_reference":"two\nlines\n","id":"12","phone":"+1_200","zip":"00704"}`},
		{"acme", "customers", `{}`},
		{"acme", "members", `{"apps":["01","1.50"],"number":"0x1f"}`},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	for column, want := range map[string]string{
		"phone":    "seed.yaml:7:11: tenants[0].people.customers[0].phone is wrong",
		"fax":      "seed.yaml:5:11: tenants[0].people.customers[0].fax is wrong",
		"":         "seed.yaml:5:11: tenants[0].people.customers[0] is wrong",
		"external": "seed.yaml:5:11: tenants[0].people.customers[0].external is wrong",
	} {
		if got := seed.Rows[0].Problem(column, "is wrong").String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestEveryMistakeOfASeedIsNamedAndNothingIsAdded(t *testing.T) {
	path, err := filepath.Abs("testdata/seed/mistakes.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, listed, _ := strings.Cut(string(text), "#= ")
	want := strings.Split(strings.TrimSpace(listed), "\n#= ")
	c := seeded()
	seed, err := addSeed(t, c, string(text))
	var problems Problems
	if !errors.As(err, &problems) || seed != nil || len(c.Tenants) != 1 {
		t.Fatalf("got %v, %d tenants, %v, want problems and nothing added", seed, len(c.Tenants), err)
	}
	got := strings.Split(err.Error(), "\n")
	if *update {
		if err := os.WriteFile(path, []byte(head+"#= "+strings.Join(got, "\n#= ")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	} else if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	for _, secret := range []string{"not-a-hash", "pass\n"} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("%q is repeated in %v", secret, err)
		}
	}
}

func TestSeedsThatCantBeReadAtAll(t *testing.T) {
	for text, want := range map[string]string{
		"tenants: [":                     "seed.yaml:1:10: sequence end token ']' not found",
		"":                               "seed.yaml: tenants must name one at least",
		"tenants: []":                    "seed.yaml:1:1: tenants must name one at least",
		"tenants:\n  - id: a\n    id: b": "seed.yaml:3:5: mapping key \"id\" already defined at [2:5]",
		"tenants:\n  - id: shop":         "seed.yaml:2:5: tenants[0].id is the same as id of the tenant shop, which is there already",
	} {
		if _, err := addSeed(t, seeded(), text); err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
	c := seeded()
	if _, err := c.AddSeed(SeedOptions{File: "nowhere.yaml"}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want that there is no such file", err)
	}
}

func TestAConfigurationTakesNothingThatIsForSeeds(t *testing.T) {
	for text, want := range map[string]string{
		"people: {}": `"people" is not a key here`,
		"clients: [{kind: bluesnap, id: a, password: b}]": `"password" is not a key here`,
		"clients: [{id: a, secret: literal}]":             "secrets don't belong in configuration files",
	} {
		if _, err := load(t, "data_dir: d\ntenants:\n  - id: a\n    "+text+"\n"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q in it", text, err, want)
		}
	}
}
