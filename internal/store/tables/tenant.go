package tables

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// ApplyTenants replaces what is declared. See [signon.TenantStore].
func (s *Tables) ApplyTenants(ctx context.Context, tenants []signon.Tenant, e *signon.Event) error {
	var rows []tenantRow
	for i := range tenants {
		more, err := s.tenantRows(&tenants[i])
		if err != nil {
			return fmt.Errorf("apply tenants: %w", err)
		}
		rows = append(rows, more...)
	}
	return s.engine.WriteAlone(ctx, "apply tenants", func(t Tx) error {
		for _, table := range []string{"tenants", "clients", "destinations"} {
			t.Exec("DELETE FROM " + table)
		}
		for _, r := range rows {
			t.Exec(r.insert, r.args...)
		}
		t.Append(e)
		return nil
	})
}

// tenantRow is a row to insert, made before the writer is asked.
type tenantRow struct {
	insert string
	args   []any
}

func (s *Tables) tenantRows(t *signon.Tenant) ([]tenantRow, error) {
	doc, err := toJSON(newTenantDoc(t))
	if err != nil {
		return nil, err
	}
	id := string(t.ID)
	rows := []tenantRow{{"INSERT INTO tenants (id, doc) VALUES (?, ?)", []any{id, doc}}}
	for i := range t.Clients {
		c := &t.Clients[i]
		doc, err := toJSON(clientDoc{
			Name: c.Name, Algorithms: c.Algorithms, ProofSkew: c.ProofSkew, Capabilities: c.Capabilities, Networks: c.Networks,
			Bearers: c.Bearers, Scopes: c.Scopes, IssuesFor: c.IssuesFor, Is: c.Is,
		})
		if err != nil {
			return nil, err
		}
		secrets, err := s.sealSecrets(c.Secrets, clientPlace(t.ID, c.Realm, c.ID))
		if err != nil {
			return nil, err
		}
		rows = append(rows, tenantRow{
			"INSERT INTO clients (tenant, pos, realm, id, doc, secrets) VALUES (?, ?, ?, ?, ?, ?)",
			[]any{id, int64(i), c.Realm, c.ID, doc, secrets},
		})
	}
	for i := range t.Destinations {
		d := &t.Destinations[i]
		doc, err := toJSON(newDestinationDoc(d))
		if err != nil {
			return nil, err
		}
		rows = append(rows, tenantRow{"INSERT INTO destinations (tenant, pos, id, doc) VALUES (?, ?, ?, ?)", []any{id, int64(i), d.ID, doc}})
	}
	return rows, nil
}

func clientPlace(tenant signon.TenantID, realm, id string) signon.Place {
	return signon.Place{Table: "clients", Column: "secrets", Tenant: tenant, Row: realm + "\x00" + id}
}

// sealSecrets seals a list of secrets as one value.
func (s *Tables) sealSecrets(secrets []signon.Secret, place signon.Place) ([]byte, error) {
	plain := make([]string, len(secrets))
	for i := range secrets {
		plain[i] = secrets[i].Reveal()
	}
	text, err := json.Marshal(plain)
	if err != nil {
		return nil, err
	}
	return s.keys.Seal(text, place), nil
}

func (s *Tables) openSecrets(sealed []byte, place signon.Place) ([]signon.Secret, error) {
	text, err := s.keys.Open(sealed, place)
	if err != nil {
		return nil, err
	}
	var plain []string
	if err := json.Unmarshal(text, &plain); err != nil {
		return nil, err
	}
	secrets := make([]signon.Secret, len(plain))
	for i := range plain {
		secrets[i] = signon.Secret(plain[i])
	}
	return secrets, nil
}

// Tenants returns what was applied last. See [signon.TenantStore].
func (s *Tables) Tenants(ctx context.Context) (tenants []signon.Tenant, err error) {
	err = s.engine.Snapshot(ctx, "read tenants", func(c Reader) error {
		tenants, err = s.readTenants(c)
		return err
	})
	return tenants, err
}

func (s *Tables) readTenants(c Reader) (tenants []signon.Tenant, err error) {
	place := map[signon.TenantID]int{}
	err = c.Each("SELECT id, doc FROM tenants ORDER BY id", func(r Row) error {
		var doc tenantDoc
		err := fromJSON(r.Text(1), &doc)
		id := signon.TenantID(r.Text(0))
		place[id] = len(tenants)
		tenants = append(tenants, doc.tenant(id))
		return err
	})
	if err != nil {
		return nil, err
	}
	err = c.Each("SELECT tenant, realm, id, doc, secrets FROM clients ORDER BY tenant, pos", func(r Row) error {
		client, err := s.client(r)
		if err != nil {
			return fmt.Errorf("client %q of tenant %q: %w", r.Text(2), r.Text(0), err)
		}
		owner, err := ownerOf(tenants, place, client.Tenant)
		if err != nil {
			return err
		}
		owner.Clients = append(owner.Clients, client)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return tenants, c.Each("SELECT tenant, id, doc FROM destinations ORDER BY tenant, pos", func(r Row) error {
		var doc destinationDoc
		if err := fromJSON(r.Text(2), &doc); err != nil {
			return err
		}
		owner, err := ownerOf(tenants, place, signon.TenantID(r.Text(0)))
		if err != nil {
			return err
		}
		owner.Destinations = append(owner.Destinations, doc.destination(r.Text(1)))
		return nil
	})
}

// ownerOf returns the tenant with that ID. A row without one, which nothing
// here writes, must not become another tenant's.
func ownerOf(tenants []signon.Tenant, place map[signon.TenantID]int, id signon.TenantID) (*signon.Tenant, error) {
	i, ok := place[id]
	if !ok {
		return nil, fmt.Errorf("there is no tenant %q", id)
	}
	return &tenants[i], nil
}

func (s *Tables) client(r Row) (signon.Client, error) {
	var doc clientDoc
	if err := fromJSON(r.Text(3), &doc); err != nil {
		return signon.Client{}, err
	}
	c := signon.Client{
		Tenant: signon.TenantID(r.Text(0)), Realm: r.Text(1), ID: r.Text(2),
		Name: doc.Name, Algorithms: doc.Algorithms, ProofSkew: doc.ProofSkew, Capabilities: doc.Capabilities, Networks: doc.Networks,
		Bearers: doc.Bearers, Scopes: doc.Scopes, IssuesFor: doc.IssuesFor, Is: doc.Is,
	}
	var err error
	c.Secrets, err = s.openSecrets(r.Blob(4), clientPlace(c.Tenant, c.Realm, c.ID))
	return c, err
}

// What the columns named doc hold. Field names are the database's own: renaming
// a field of the core does not change them.
type (
	tenantDoc struct {
		Name         string            `json:"name,omitempty"`
		Number       string            `json:"number,omitempty"`
		ActsFor      []signon.TenantID `json:"acts_for,omitempty"`
		Hosts        []string          `json:"hosts,omitempty"`
		Networks     []netip.Prefix    `json:"networks,omitempty"`
		Issuers      []issuerDoc       `json:"issuers,omitempty"`
		Language     string            `json:"language,omitempty"`
		SupportURL   string            `json:"support_url,omitempty"`
		SupportEmail string            `json:"support_email,omitempty"`
		Brand        brandDoc          `json:"brand,omitzero"`
		Limits       limitsDoc         `json:"limits,omitzero"`
	}
	issuerDoc struct {
		URL      string   `json:"url"`
		Own      bool     `json:"own,omitempty"`
		KeysURL  string   `json:"keys_url,omitempty"`
		Audience string   `json:"audience,omitempty"`
		Clients  []string `json:"clients,omitempty"`
		Scopes   []string `json:"scopes,omitempty"`
	}
	brandDoc struct {
		Logo       []byte `json:"logo,omitempty"`
		LogoDark   []byte `json:"logo_dark,omitempty"`
		Accent     string `json:"accent,omitempty"`
		AccentDark string `json:"accent_dark,omitempty"`
	}
	limitsDoc struct {
		LiveGrants      int `json:"live_grants,omitempty"`
		LinksPerSubject int `json:"links_per_subject,omitempty"`
	}
	clientDoc struct {
		Name         string              `json:"name,omitempty"`
		Algorithms   []string            `json:"algorithms,omitempty"`
		ProofSkew    time.Duration       `json:"proof_skew_ns,omitempty"`
		Capabilities []signon.Capability `json:"capabilities,omitempty"`
		Networks     []netip.Prefix      `json:"networks,omitempty"`
		Bearers      []string            `json:"bearers,omitempty"`
		Scopes       []string            `json:"scopes,omitempty"`
		IssuesFor    []string            `json:"issues_for,omitempty"`
		Is           []string            `json:"is,omitempty"`
	}
	destinationDoc struct {
		Kind             signon.DestinationKind `json:"kind"`
		Origins          []originDoc            `json:"origins,omitempty"`
		Paths            []string               `json:"paths,omitempty"`
		UnsupportedPaths []string               `json:"unsupported_paths,omitempty"`
		UnsupportedHosts []string               `json:"unsupported_hosts,omitempty"`
		QueryRequired    bool                   `json:"query_required,omitempty"`
		TokenParam       string                 `json:"token_param,omitempty"`
		DefaultTTL       time.Duration          `json:"default_ttl_ns"`
		MaxTTL           time.Duration          `json:"max_ttl_ns"`
		SessionTTL       time.Duration          `json:"session_ttl_ns"`
		IdleTTL          time.Duration          `json:"idle_ttl_ns,omitzero"`
		AddrPolicy       signon.AddrPolicy      `json:"addr_policy,omitempty"`
		OnMismatch       signon.Mismatch        `json:"on_mismatch,omitempty"`
		Policy           signon.Policy          `json:"policy,omitempty"`
		Requires         signon.Capability      `json:"requires,omitempty"`
		Reusable         bool                   `json:"reusable,omitempty"`
		Settings         map[string]string      `json:"settings,omitempty"`
	}
	originDoc struct {
		Scheme string `json:"scheme"`
		Host   string `json:"host"`
		Port   uint16 `json:"port"`
	}
)

func newTenantDoc(t *signon.Tenant) *tenantDoc {
	doc := &tenantDoc{
		Hosts: t.Hosts, Networks: t.Networks,
		Name: t.Name, Number: t.Number, ActsFor: t.ActsFor, Language: t.Language, SupportURL: t.SupportURL, SupportEmail: t.SupportEmail,
		Brand: brandDoc(t.Brand), Limits: limitsDoc(t.Limits),
	}
	for _, i := range t.Issuers {
		doc.Issuers = append(doc.Issuers, issuerDoc(i))
	}
	return doc
}

func (doc *tenantDoc) tenant(id signon.TenantID) signon.Tenant {
	t := signon.Tenant{
		Hosts: doc.Hosts, Networks: doc.Networks,
		ID: id, Name: doc.Name, Number: doc.Number, ActsFor: doc.ActsFor, Language: doc.Language, SupportURL: doc.SupportURL, SupportEmail: doc.SupportEmail,
		Brand: signon.Brand(doc.Brand), Limits: signon.TenantLimits(doc.Limits),
	}
	for _, i := range doc.Issuers {
		t.Issuers = append(t.Issuers, signon.Issuer(i))
	}
	return t
}

func newDestinationDoc(d *signon.Destination) *destinationDoc {
	doc := &destinationDoc{
		Kind: d.Kind, Paths: d.Paths, UnsupportedPaths: d.UnsupportedPaths, UnsupportedHosts: d.UnsupportedHosts,
		QueryRequired: d.QueryRequired, TokenParam: d.TokenParam,
		DefaultTTL: d.DefaultTTL, MaxTTL: d.MaxTTL, SessionTTL: d.SessionTTL, IdleTTL: d.IdleTTL, AddrPolicy: d.AddrPolicy,
		OnMismatch: d.OnMismatch, Policy: d.Policy, Requires: d.Requires, Reusable: d.Reusable, Settings: d.Settings,
	}
	for _, o := range d.Origins {
		doc.Origins = append(doc.Origins, originDoc(o))
	}
	return doc
}

func (doc *destinationDoc) destination(id string) signon.Destination {
	d := signon.Destination{
		ID: id, Kind: doc.Kind, Paths: doc.Paths, UnsupportedPaths: doc.UnsupportedPaths, UnsupportedHosts: doc.UnsupportedHosts,
		QueryRequired: doc.QueryRequired, TokenParam: doc.TokenParam,
		DefaultTTL: doc.DefaultTTL, MaxTTL: doc.MaxTTL, SessionTTL: doc.SessionTTL, IdleTTL: doc.IdleTTL, AddrPolicy: doc.AddrPolicy,
		OnMismatch: doc.OnMismatch, Policy: doc.Policy, Requires: doc.Requires, Reusable: doc.Reusable, Settings: doc.Settings,
	}
	for _, o := range doc.Origins {
		d.Origins = append(d.Origins, signon.Origin(o))
	}
	return d
}

// toJSON returns the value as it is kept in a column named doc.
func toJSON(v any) (string, error) {
	b, err := json.Marshal(v)
	return string(b), err
}

// fromJSON reads a column named doc.
func fromJSON(text string, v any) error { return json.Unmarshal([]byte(text), v) }
