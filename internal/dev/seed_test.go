package dev

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/config"
	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/sandbox/shop"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

var here = Place{Port: 8080}

// read reads seeds with those texts, seed-0.yaml and so on.
func read(t *testing.T, c *config.Config, place Place, texts ...string) (*Seeds, error) {
	t.Helper()
	t.Chdir(t.TempDir())
	var files []string
	for i, text := range texts {
		files = append(files, "seed-"+string(rune('0'+i))+".yaml")
		if err := os.WriteFile(files[i], []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return ReadSeeds(c, place, nil, files...)
}

func mustRead(t *testing.T, texts ...string) *Seeds {
	t.Helper()
	s, err := read(t, Config(8080), here, texts...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// wantLines checks an error line by line.
func wantLines(t *testing.T, err error, want ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("got no error")
	}
	if diff := cmp.Diff(want, strings.Split(err.Error(), "\n")); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

const people = `
tenants:
  - id: acme
    people:
      subscriptions:
        - {reference: A0B1C2D3E4, customer_external_reference: ann, product_id: p, quantity: 1, start_date: 2026-01-01, expiration_date: 2036-01-01}
      customers:
        - &ann {external_reference: ann, first_name: Ann, last_name: Lee, address1: 1 Main Street, city: Springfield, zip: 62704, country_code: us, email: ann@example.com}
        - {id: 5, first_name: Bob, last_name: Lee, address1: 1 Main Street, city: Springfield, zip: 62704, country_code: us, email: bob@example.com}
      products: [{id: p, name: P}]
      users: [{id: 7, username: omar, first_name: Omar, last_name: Haddad, email: omar@example.com}]
      members: [{number: 900, apps: [01]}]
`

func TestASeedIsLoadedWholeAndWhatIsThereStays(t *testing.T) {
	dir, store := openDirectory(t)
	ctx := t.Context()
	s := mustRead(t, people)
	if err := s.Load(ctx, dir); err != nil {
		t.Fatal(err)
	}
	ann, err := dir.CustomerByRef(ctx, "acme", "ann")
	if err != nil {
		t.Fatal(err)
	}
	if sub, err := dir.Subscription(ctx, "acme", "A0B1C2D3E4"); err != nil || sub.CustomerID != ann.ID {
		t.Errorf("the subscription: got %+v, %v, want Ann's", sub, err)
	}
	if m, err := dir.Member(ctx, "acme", "900"); err != nil || !slices.Equal(m.Apps, []string{"01"}) {
		t.Errorf("the member: got %+v, %v", m, err)
	}
	changed := ann.Clone()
	changed.Billing.City = "Moved"
	if err := dir.UpdateCustomer(ctx, changed, directory.Act{}); err != nil {
		t.Fatal(err)
	}
	if err := dir.DeleteUser(ctx, "acme", 7, directory.Act{}); err != nil {
		t.Fatal(err)
	}
	before, err := store.Events(ctx, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Load(ctx, dir); err != nil {
		t.Fatal(err)
	}
	if after, err := store.Events(ctx, 0, 100); err != nil || len(after) != len(before) {
		t.Errorf("loaded again: got %d events, %v, want the %d from before", len(after), err, len(before))
	}
	if ann, err = dir.CustomerByRef(ctx, "acme", "ann"); err != nil || ann.Billing.City != "Moved" {
		t.Errorf("loaded again: got %+v, %v, want the change to stay", ann, err)
	}
	if _, err := dir.User(ctx, "acme", 7); !errors.Is(err, signon.ErrNotFound) {
		t.Errorf("loaded again: got %v, want the user to stay deleted", err)
	}
}

func TestACustomerOfASeedHasTheSameIDAtEveryStart(t *testing.T) {
	const text = `
tenants:
  - id: acme
    people:
      customers:
        - {external_reference: ann, first_name: Ann, last_name: Lee, address1: 1 Main Street, city: Springfield, zip: 62704, country_code: us, email: ann@example.com}
        - {external_reference: cid, first_name: Cid, last_name: Lee, address1: 1 Main Street, city: Springfield, zip: 62704, country_code: us, email: cid@example.com}
`
	const annsID = 677806112
	ids := func(dir *directory.Service, text string) (ann, cid int64) {
		t.Helper()
		if err := mustRead(t, text).Load(t.Context(), dir); err != nil {
			t.Fatal(err)
		}
		for ref, id := range map[string]*int64{"ann": &ann, "cid": &cid} {
			c, err := dir.CustomerByExternalRef(t.Context(), "acme", ref)
			if err != nil {
				t.Fatal(err)
			}
			*id = c.ID
		}
		return ann, cid
	}
	dir, _ := openDirectory(t)
	ann, cid := ids(dir, text)
	if ann != annsID || cid == ann || cid < 100_000_000 || cid > 999_999_999 {
		t.Errorf("got the IDs %d and %d, want %d and another of nine digits", ann, cid, annsID)
	}
	other, _ := openDirectory(t)
	if again, _ := ids(other, text); again != ann {
		t.Errorf("in another directory: got %d, want %d", again, ann)
	}
	// Whoever is there already stays who he is.
	taken, _ := openDirectory(t)
	bob := &directory.Customer{Tenant: "acme", ExternalRef: strconv.Itoa(annsID), Billing: directory.Contact{
		FirstName: "Bob", LastName: "Lee", Address1: "1 Main Street", City: "Springfield", Zip: "62704", CountryCode: "us", Email: "bob@example.com",
	}}
	if _, err := taken.CreateCustomer(t.Context(), bob, directory.Act{}); err != nil {
		t.Fatal(err)
	}
	if next, _ := ids(taken, text); next != annsID+1 {
		t.Errorf("where the ID is taken: got %d, want %d", next, annsID+1)
	}
}

func TestWhatThePeopleOfASeedLackIsNamedWithItsPlace(t *testing.T) {
	_, err := read(t, Config(8080), here, `
tenants:
  - id: acme
    people:
      customers:
        - id: none
          zip: 1
        - first_name: Nobody
        - {id: 5}
        - {id: 5}
        - id: 6
          cards: [{colour: red}]
      subscriptions: [{product_id: p}]
      products: [{name: P}]
      users:
        - username: omar
        - {id: 1, permissions: [everything]}
      members: [{name: Nobody}]
`)
	wantLines(t, err,
		"seed-0.yaml:6:11: tenants[0].people.customers[0].id must be a whole number from 1 to 2147483647",
		"seed-0.yaml:8:11: tenants[0].people.customers[1] must have an id or an external_reference",
		"seed-0.yaml:10:12: tenants[0].people.customers[3] is there twice",
		"seed-0.yaml:12:11: tenants[0].people.customers[4].cards must each have no members but type, last_digits, expiration_month, expiration_year, cardholder, token",
		"seed-0.yaml:13:24: tenants[0].people.subscriptions[0] must have a reference",
		"seed-0.yaml:14:19: tenants[0].people.products[0] must have an id",
		"seed-0.yaml:16:11: tenants[0].people.users[0] must have an id",
		"seed-0.yaml:17:19: tenants[0].people.users[1].permissions must be among "+permissionNames(),
		"seed-0.yaml:18:18: tenants[0].people.members[0] must have a number",
	)
}

func permissionNames() string {
	var names []string
	for _, p := range directory.AllPermissions() {
		names = append(names, string(p))
	}
	return strings.Join(names, ", ")
}

func TestNothingOfASeedIsLoadedWhenTheDirectoryRefusesAnyOfIt(t *testing.T) {
	dir, _ := openDirectory(t)
	s := mustRead(t, people, `
tenants:
  - id: other
    people:
      products: [{id: "a,b", name: P}]
      customers:
        - id: 5
          first_name: Bob
          email: nope
      subscriptions:
        - {reference: A0B1C2D3E5, product_id: p, start_date: 2026-01-01, quantity: 1,
           customer_external_reference: ann, lifetime: yes}
      members: [{number: 4111111111111111}]
`)
	wantLines(t, s.Load(t.Context(), dir),
		"seed-1.yaml:5:19: tenants[0].people.products[0].id must be given, without commas, blanks and &",
		"seed-1.yaml:7:11: tenants[0].people.customers[0].last_name must be given",
		"seed-1.yaml:7:11: tenants[0].people.customers[0].address1 must be given",
		"seed-1.yaml:7:11: tenants[0].people.customers[0].city must be given",
		"seed-1.yaml:7:11: tenants[0].people.customers[0].zip must be given",
		"seed-1.yaml:7:11: tenants[0].people.customers[0].country_code must be given",
		"seed-1.yaml:9:11: tenants[0].people.customers[0].email must be an e-mail address",
		"seed-1.yaml:12:12: tenants[0].people.subscriptions[0].customer_external_reference must be that of a customer who exists",
		"seed-1.yaml:13:18: tenants[0].people.members[0].number looks like a card number, which is never stored",
	)
	if _, err := dir.CustomerByRef(t.Context(), "acme", "ann"); !errors.Is(err, signon.ErrNotFound) {
		t.Errorf("a person of the other file: got %v, want nobody loaded", err)
	}
}

func TestASeedTakesNothingOfTheDemos(t *testing.T) {
	for text, want := range map[string]string{
		"id: avangate":                                  "seed-0.yaml:2:5: tenants[0].id is the same as id of the tenant avangate, which is there already",
		"{id: a, number: 1000001}":                      "seed-0.yaml:2:13: tenants[0].number is the same as number of the tenant avangate, which is there already",
		"{id: a, clients: [{id: AVANGATE, secret: x}]}": "seed-0.yaml:2:24: tenants[0].clients[0].id is the same as clients[0].id of the tenant avangate, which is there already",
		`{id: a, destinations: {cart: {hosts: ["http://localhost:8080"]}}}`: "seed-0.yaml:2:43: tenants[0].destinations.cart.hosts[0] is the same as destinations.cart.hosts[0] of the tenant avangate, which is there already",
		`{id: a, domains: ["localhost:8080"]}`:                              "seed-0.yaml:2:23: tenants[0].domains[0] is the same as domains[0] of the tenant abc-group, which is there already",
	} {
		c := Config(8080)
		_, err := read(t, c, here, "tenants:\n  - "+text+"\n")
		wantLines(t, err, want)
		if len(c.Tenants) != len(Config(8080).Tenants) {
			t.Errorf("%s: a tenant was added all the same", text)
		}
	}
	_, err := read(t, Config(8080), here, "tenants: [{id: a}]", "tenants: [{id: a}]")
	wantLines(t, err, "seed-1.yaml:1:12: tenants[0].id is the same as id of the tenant a, which is there already")
}

func TestTheExampleIsASeedOfEveryDialect(t *testing.T) {
	dir, _ := openDirectory(t)
	path := filepath.Join(t.TempDir(), ExampleName)
	if err := WriteExample(path); err != nil {
		t.Fatal(err)
	}
	if err := WriteExample(path); err == nil || !strings.Contains(err.Error(), "is there already") {
		t.Errorf("written again: got %v, want it refused", err)
	}
	c := ConfigAt(Place{Port: 443, TLS: true})
	s, err := ReadSeeds(c, Place{Port: 443, TLS: true}, nil, path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(Seed(t.Context(), dir), s.Load(t.Context(), dir)); err != nil {
		t.Fatal(err)
	}
	want := []shop.Credentials{
		{Tenant: "acme", LOBClient: "YWNtZQ==", Bearer: "acme-app", BearerSecret: "acme-app-secret", API: "https://acme.localhost"},
		{Tenant: "acme", MerchantCode: "ACME", SecretKey: "acme-secret-key", User: "acme-api", Password: "acme-password", Product: "drill-01"},
	}
	if diff := cmp.Diff(want, s.Credentials()); diff != "" {
		t.Errorf("credentials (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"localhost", "127.0.0.1", "::1", "acme.localhost"}, s.LocalHosts()); diff != "" {
		t.Errorf("hosts (-want +got):\n%s", diff)
	}
	if cart := c.Tenants[len(c.Tenants)-1].Destinations.Cart; cart.CardEntryURL != "https://acme.localhost/dev/card" {
		t.Errorf("new cards are entered at %q", cart.CardEntryURL)
	}
}

func TestTheSeedThatTheDocumentsShowCanBeLoaded(t *testing.T) {
	text, err := os.ReadFile("../../docs/sandbox.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "```yaml\n")
	shown, _, ok := strings.Cut(rest, "```\n")
	if !ok {
		t.Fatal("no seed is shown")
	}
	dir, _ := openDirectory(t)
	if err := mustRead(t, shown).Load(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	if _, err := dir.CustomerByExternalRef(t.Context(), "acme", "jane"); err != nil {
		t.Error(err)
	}
}

func TestADemoByTLSIsAtHTTPSAddressesAlone(t *testing.T) {
	for place, want := range map[Place][2]string{
		{Port: 8443, TLS: true}: {"https://localhost:8443", "localhost:8443"},
		{Port: 443, TLS: true}:  {"https://localhost", "localhost"},
		{Port: 80}:              {"http://localhost", "localhost"},
		{Port: 443}:             {"http://localhost:443", "localhost:443"},
	} {
		c := ConfigAt(place)
		tenants, err := c.Declared()
		if err != nil {
			t.Fatal(err)
		}
		if c.PublicURL != want[0] || c.Tenants[len(c.Tenants)-1].Domains[0] != want[1] {
			t.Errorf("%v: got %s, %s", place, c.PublicURL, c.Tenants[len(c.Tenants)-1].Domains[0])
		}
		for i := range tenants {
			for _, d := range tenants[i].Destinations {
				for _, o := range d.Origins {
					if place.TLS && o.Scheme != "https" {
						t.Errorf("%v: %s is at %s", place, d.ID, o)
					}
				}
				for name, value := range d.Settings {
					if place.TLS && strings.HasPrefix(value, "http:") {
						t.Errorf("%v: %s of %s is %s", place, name, d.ID, value)
					}
				}
			}
		}
	}
}
