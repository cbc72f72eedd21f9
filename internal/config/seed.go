package config

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/caarlos0/env/v11"
	"github.com/goccy/go-yaml/ast"

	"github.com/latchkey-sso/latchkey/internal/password"
)

// A seed is a file of tenants as in a configuration, each with its people. It is for
// trying things out, so secrets may stand in it, and the passwords of API users in
// place of their hashes.

// SeedOptions say which file to read, and how.
type SeedOptions struct {
	File string
	// Environ are variables as in os.Environ, for secrets that are in one.
	Environ []string
	// Base returns the scheme and host of a tenant that lists no hosts.
	Base func(tenant string) string
	// Kinds are the kinds of people and the like that tenants can have.
	Kinds []SeedKind
}

// SeedKind is a kind of rows, and the names of their values.
type SeedKind struct {
	Name    string
	Columns []string
}

// Seed is what a seed has beside its tenants.
type Seed struct {
	// Rows are its people and the like, in their order.
	Rows []SeedRow
	// Passwords are those of API users, by their IDs, as far as they stand in it.
	Passwords map[string]string
}

// SeedRow is one row of a tenant's people.
type SeedRow struct {
	Tenant, Kind string
	// Values are texts, and lists and objects of texts, as JSON.
	Values map[string]json.RawMessage

	place  string // its path
	origin *origin
	tenant *Tenant
}

// Problem returns what is wrong with the value of that name, or with the whole row.
func (r *SeedRow) Problem(column, text string) Problem {
	path := r.place
	if column != "" {
		path = join(path, column)
	}
	return r.origin.problem(path, "%s", text)
}

// Join returns the problems as an error, in the order of their places, or nil when
// there are none.
func Join(problems []Problem) error { return Problems(problems).err() }

// AddSeed adds the tenants of a seed to those there are, and returns what else it
// has. The values of its rows are not checked yet. Its error is Problems when there
// are mistakes in the file; then nothing was added. Secrets are read.
func (c *Config) AddSeed(o SeedOptions) (*Seed, error) {
	text, err := os.ReadFile(o.File)
	if err != nil {
		return nil, fmt.Errorf("read seed: %w", err)
	}
	s := &seed{SeedOptions: o, known: map[string]string{}, origin: origin{file: o.File, environ: env.ToMap(o.Environ)}}
	doc, err := parse(text)
	if err != nil {
		return nil, Problems{s.origin.syntax(err)}
	}
	problems := s.decode(doc)
	next := *c
	next.Tenants, next.origin = slices.Concat(c.Tenants, s.Tenants), s.origin
	k := newChecker(&next, problems)
	k.before, k.seed = len(c.Tenants), true
	for i := k.before; i < len(next.Tenants); i++ {
		t := &next.Tenants[i]
		next.completeTenant(t, k.path(i), o.base(t.ID, i-k.before))
	}
	k.tenants()
	k.literals()
	if err := append(problems, k.problems...).err(); err != nil {
		return nil, err
	}
	c.Tenants = next.Tenants
	return &Seed{Rows: s.rows, Passwords: s.known}, nil
}

// base returns where a tenant is. One whose ID can't be used, which is a mistake of
// its own, gets a place, too.
func (o *SeedOptions) base(id string, index int) string {
	if !isHostName(id + ".localhost") {
		id = fmt.Sprintf("seed-%d", index)
	}
	return o.Base(id)
}

// literals puts the secrets of the seed's clients in the place of the references.
func (k *checker) literals() {
	for i := k.before; i < len(k.Tenants); i++ {
		clients := k.Tenants[i].Clients
		for j := range clients {
			for _, s := range clients[j].secrets(fmt.Sprintf("%s.clients[%d]", k.path(i), j)) {
				if s.fault() != "" {
					continue
				}
				secret, err := s.read(k.origin.environ)
				if err != nil {
					k.fail(s.path, "%s", err)
					continue
				}
				*s.SecretRef = Literal(secret)
			}
		}
	}
}

// seed is one that is being read.
type seed struct {
	SeedOptions

	Tenants   []Tenant `yaml:"tenants"`
	origin    origin
	rows      []SeedRow
	passwords []seedPassword
	known     map[string]string // passwords that can be used
	decoder   *decoder
}

// seedPassword is what an API user has in place of its hash.
type seedPassword struct {
	client      *Client
	plain, path string
}

// decode reads the file.
func (s *seed) decode(file *ast.File) Problems {
	s.decoder = &decoder{origin: &s.origin, literal: true, extra: map[reflect.Type]extras{
		reflect.TypeFor[Tenant](): {"people": s.people},
		reflect.TypeFor[Client](): {"password": s.password},
	}}
	s.decoder.file(file, reflect.ValueOf(s).Elem())
	for i := range s.rows {
		s.rows[i].Tenant = s.rows[i].tenant.ID
	}
	problems := slices.Concat(s.decoder.problems, s.hashes())
	if len(s.Tenants) == 0 && problems == nil {
		problems = append(problems, s.origin.problem("tenants", "must name one at least"))
	}
	return problems
}

// password reads the password of an API user.
func (s *seed) password(node ast.Node, v reflect.Value, path string) {
	p := seedPassword{client: v.Addr().Interface().(*Client), path: path} //nolint:errcheck,forcetypeassert // it is registered for that
	if node = s.decoder.resolve(node, path); node == nil {
		return
	}
	text, ok := textOf(node)
	if !ok || text == "" {
		s.decoder.fail(node, path, "must be the password of an API user")
		return
	}
	p.plain = text
	s.passwords = append(s.passwords, p)
}

// hashes puts the hashes of the passwords in their place.
func (s *seed) hashes() (problems Problems) {
	for _, p := range s.passwords {
		switch {
		case p.client.Kind != kindBlueSnap:
			problems = append(problems, s.origin.problem(p.path, "is for clients of the kind bluesnap; others have a secret"))
			continue
		case !p.client.Secret.empty():
			problems = append(problems, s.origin.problem(p.path, "must not be given together with a secret, which is its hash"))
			continue
		}
		hash, err := password.Hash(p.plain)
		if err != nil {
			problems = append(problems, s.origin.problem(p.path, "can't be used: %s", err))
			continue
		}
		p.client.Secret = Literal(hash)
		s.known[p.client.ID] = p.plain
	}
	return problems
}

// people reads a tenant's people: lists of rows by kind.
func (s *seed) people(node ast.Node, v reflect.Value, path string) {
	tenant := v.Addr().Interface().(*Tenant) //nolint:errcheck,forcetypeassert // it is registered for that
	for _, e := range s.entries(node, path) {
		name := e.Key.GetToken().Value
		at := join(path, name)
		i := slices.IndexFunc(s.Kinds, func(k SeedKind) bool { return k.Name == name })
		if i < 0 {
			s.decoder.fail(e.Key, path, "%q is not a key here; those are %s", name, strings.Join(s.kindNames(), ", "))
			continue
		}
		for j, item := range s.items(e.Value, at) {
			at := fmt.Sprintf("%s[%d]", at, j)
			s.origin.places[at] = position(item)
			row := SeedRow{Kind: name, Values: map[string]json.RawMessage{}, place: at, origin: &s.origin, tenant: tenant}
			s.fill(&row, item, s.Kinds[i].Columns)
			s.rows = append(s.rows, row)
		}
	}
}

func (s *seed) kindNames() []string {
	var names []string
	for _, k := range s.Kinds {
		names = append(names, k.Name)
	}
	return names
}

// fill reads the values of a row.
func (s *seed) fill(row *SeedRow, node ast.Node, columns []string) {
	for _, e := range s.entries(node, row.place) {
		name := e.Key.GetToken().Value
		if !slices.Contains(columns, name) {
			s.decoder.fail(e.Key, row.place, "%q is not a key here; those are %s", name, strings.Join(columns, ", "))
			continue
		}
		at := join(row.place, name)
		s.origin.places[at] = position(e.Key)
		row.Values[name] = s.json(e.Value, at, 0)
	}
}

// entries returns the entries of a mapping. A null has none.
func (s *seed) entries(node ast.Node, path string) []*ast.MappingValueNode {
	node = s.decoder.resolve(node, path)
	if node == nil || node.Type() == ast.NullType {
		return nil
	}
	entries, ok := mappingEntries(node)
	if !ok {
		s.decoder.fail(node, path, "must be a mapping of keys to values")
	}
	return entries
}

// items returns the items of a list. A null has none.
func (s *seed) items(node ast.Node, path string) []ast.Node {
	node = s.decoder.resolve(node, path)
	if node == nil || node.Type() == ast.NullType {
		return nil
	}
	list, ok := node.(*ast.SequenceNode)
	if !ok {
		s.decoder.fail(node, path, "must be a list")
		return nil
	}
	return list.Values
}

// maxDepth is how deeply a value is nested: a list of objects of texts.
const maxDepth = 2

// json returns a value as JSON, in which all single values are texts: who reads it
// knows what they have to be. depth is how deep it is already.
func (s *seed) json(node ast.Node, path string, depth int) json.RawMessage {
	node = s.decoder.resolve(node, path)
	if node == nil || node.Type() == ast.NullType {
		return json.RawMessage("null")
	}
	text, single := textOf(node)
	if !single && depth == maxDepth { // or an alias that is in itself
		s.decoder.fail(node, path, "must not be nested so deeply")
		return json.RawMessage("null")
	}
	var value any = text
	if entries, ok := mappingEntries(node); ok {
		object := map[string]json.RawMessage{}
		for _, e := range entries {
			object[e.Key.GetToken().Value] = s.json(e.Value, path, depth+1)
		}
		value = object
	}
	if list, ok := node.(*ast.SequenceNode); ok {
		array := []json.RawMessage{}
		for _, item := range list.Values {
			array = append(array, s.json(item, path, depth+1))
		}
		value = array
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		panic(err) // texts, and what was encoded before
	}
	return encoded
}
