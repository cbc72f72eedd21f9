package dev

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"

	"github.com/latchkey-sso/latchkey/internal/config"
	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/transfer"
)

// Seeds are what files of one's own add to the demo, beside the tenants that they
// have added to its configuration.
type Seeds struct {
	place     Place
	tenants   []signon.Tenant // theirs
	entries   []*entry
	passwords map[string]string // of API users
}

// entry is a row of a seed.
type entry struct {
	config.SeedRow

	key  string // names it among those of its kind
	find func(context.Context, *directory.Service) error
}

// ReadSeeds adds the tenants of the files to a configuration that ConfigAt has made
// for the place, and returns what else the files have. Its error names every mistake
// of a file with its place; then nothing of that file was added.
func ReadSeeds(c *config.Config, place Place, environ []string, files ...string) (*Seeds, error) {
	s := &Seeds{place: place, passwords: map[string]string{}}
	o := config.SeedOptions{Environ: environ, Base: place.TenantURL}
	for _, kind := range transfer.ImportKinds {
		o.Kinds = append(o.Kinds, config.SeedKind{Name: string(kind), Columns: transfer.Columns(kind)})
	}
	before := len(c.Tenants)
	for _, file := range files {
		o.File = file
		seed, err := c.AddSeed(o)
		if err != nil {
			return nil, err
		}
		if err := s.add(seed); err != nil {
			return nil, err
		}
	}
	enterCardsHere(c, place, before)
	declared, err := c.Declared()
	if err != nil {
		return nil, fmt.Errorf("read seed: %w", err)
	}
	s.tenants = declared[before:]
	return s, nil
}

// enterCardsHere gives the seeds' carts the demo's page for new cards, where they
// have no other and their people come here anyway.
func enterCardsHere(c *config.Config, place Place, before int) {
	for i := range c.Tenants[before:] {
		t := &c.Tenants[before+i]
		base := place.TenantURL(t.ID)
		if cart := t.Destinations.Cart; cart != nil && cart.CardEntryURL == "" && cart.Hosts[0] == base {
			cart.CardEntryURL = base + CardEntryPath
		}
	}
}

// add takes over the rows of a file. The error names every bad one.
func (s *Seeds) add(seed *config.Seed) error {
	var problems []config.Problem
	seen := map[string]bool{}
	for i := range seed.Rows {
		e := &entry{SeedRow: seed.Rows[i]}
		rows := &directory.Rows{}
		if refusal := e.addTo(rows); refusal != nil {
			problems = append(problems, e.Problem(refusal.Column, refusal.Rule))
			continue
		}
		if rule := e.identify(rows); rule != "" {
			problems = append(problems, e.Problem("", rule))
			continue
		}
		if name := e.Tenant + " " + e.Kind + " " + e.key; seen[name] {
			problems = append(problems, e.Problem("", "is there twice"))
		} else {
			seen[name] = true
		}
		s.entries = append(s.entries, e)
	}
	for user, plain := range seed.Passwords {
		s.passwords[user] = plain
	}
	return config.Join(problems)
}

func (e *entry) addTo(rows *directory.Rows) *transfer.Refusal {
	return transfer.Add(rows, transfer.Kind(e.Kind), e.Values)
}

// identify finds out what the row, the only one of those, is about. rule is what it
// breaks, or empty: a seed is loaded at every start, and must know what it has
// loaded before.
func (e *entry) identify(rows *directory.Rows) (rule string) {
	t := signon.TenantID(e.Tenant)
	switch directory.RowKind(e.Kind) {
	case directory.CustomerRows:
		return e.identifyCustomer(t, &rows.Customers[0])
	case directory.SubscriptionRows:
		e.key, rule = rows.Subscriptions[0].Reference, "must have a reference"
		e.find = func(ctx context.Context, dir *directory.Service) error {
			_, err := dir.Subscription(ctx, t, e.key)
			return err
		}
	case directory.ProductRows:
		e.key, rule = rows.Products[0].ID, "must have an id"
		e.find = func(ctx context.Context, dir *directory.Service) error {
			found, err := dir.Products(ctx, t, []string{e.key})
			if err == nil && len(found) == 0 {
				err = signon.ErrNotFound
			}
			return err
		}
	case directory.UserRows:
		id := rows.Users[0].ID
		if rule = "must have an id"; id != 0 {
			e.key = strconv.FormatInt(id, 10)
		}
		e.find = func(ctx context.Context, dir *directory.Service) error {
			_, err := dir.User(ctx, t, id)
			return err
		}
	case directory.MemberRows:
		e.key, rule = rows.Members[0].Number, "must have a number"
		e.find = func(ctx context.Context, dir *directory.Service) error {
			_, err := dir.Member(ctx, t, e.key)
			return err
		}
	}
	if e.key != "" {
		rule = ""
	}
	return rule
}

func (e *entry) identifyCustomer(t signon.TenantID, row *directory.CustomerRow) (rule string) {
	switch {
	case row.ID != 0:
		e.key = strconv.FormatInt(row.ID, 10)
	case row.ExternalRef != "":
		e.key = "reference " + row.ExternalRef
	default:
		return "must have an id or an external_reference"
	}
	e.find = func(ctx context.Context, dir *directory.Service) (err error) {
		if row.ID != 0 {
			_, err = dir.CustomerByID(ctx, t, row.ID)
		} else {
			_, err = dir.CustomerByExternalRef(ctx, t, row.ExternalRef)
		}
		return err
	}
	return ""
}

// Load stores the seeds' people and the like, as far as they are not there, as Seed
// does. When some of them can't be stored, the error names each with its place, and
// nothing is.
func (s *Seeds) Load(ctx context.Context, dir *directory.Service) error {
	var parts []*part
	var problems []config.Problem
	missing, err := absent(s.entries, func(e *entry) error { return e.find(ctx, dir) })
	if err != nil {
		return fmt.Errorf("load seed: %w", err)
	}
	for i := range s.tenants {
		p := partOf(s.tenants[i].ID, missing)
		parts = append(parts, p)
		if err := p.number(ctx, dir); err != nil {
			return fmt.Errorf("load seed: %w", err)
		}
		wrong, err := p.check(ctx, dir)
		if err != nil {
			return fmt.Errorf("load seed: %w", err)
		}
		problems = append(problems, wrong...)
	}
	if err := config.Join(problems); err != nil {
		return err
	}
	for _, p := range parts {
		if err := p.write(ctx, dir); err != nil {
			return fmt.Errorf("load seed: %w", err)
		}
	}
	return nil
}

// part is what seeds have of one tenant.
type part struct {
	tenant  signon.TenantID
	rows    directory.Rows
	entries map[directory.RowKind][]*entry // in the order of the rows
}

func partOf(tenant signon.TenantID, entries []*entry) *part {
	p := &part{tenant: tenant, entries: map[directory.RowKind][]*entry{}}
	for _, e := range entries {
		if e.Tenant == string(tenant) && e.addTo(&p.rows) == nil {
			kind := directory.RowKind(e.Kind)
			p.entries[kind] = append(p.entries[kind], e)
		}
	}
	return p
}

// number gives those of the customers an ID that have none: made of the external
// reference, so that it is the same at every start and after every reset.
func (p *part) number(ctx context.Context, dir *directory.Service) error {
	taken := map[string]bool{}
	for _, row := range p.rows.Customers {
		taken[strconv.FormatInt(row.ID, 10)], taken[row.ExternalRef] = true, true
	}
	for i := range p.rows.Customers {
		row := &p.rows.Customers[i]
		for id := idOf(p.tenant, row.ExternalRef); row.ID == 0; id++ {
			text := strconv.FormatInt(id, 10)
			if taken[text] {
				continue
			}
			switch _, err := dir.CustomerByRef(ctx, p.tenant, text); {
			case errors.Is(err, signon.ErrNotFound):
				row.ID, taken[text] = id, true
			case err != nil:
				return err
			}
		}
	}
	return nil
}

// idOf returns the ID that a customer with that external reference gets: nine digits,
// as those have that the directory gives.
func idOf(tenant signon.TenantID, externalRef string) int64 {
	sum := sha256.Sum256([]byte(string(tenant) + "\x00" + externalRef))
	return 100_000_000 + int64(binary.BigEndian.Uint32(sum[:])%900_000_000)
}

// check returns what is wrong with the rows, as the directory sees it.
func (p *part) check(ctx context.Context, dir *directory.Service) (problems []config.Problem, err error) {
	err = dir.Check(ctx, p.tenant, &p.rows)
	var refused directory.RowErrors
	if !errors.As(err, &refused) {
		return nil, err
	}
	for _, r := range refused {
		e := p.entries[r.Kind][r.Index]
		named := map[string]bool{}
		for _, fault := range append(p.faults(r), r.Err) {
			if why := transfer.RefusalOf(fault); !named[why.Column] {
				named[why.Column] = true
				problems = append(problems, e.Problem(why.Column, why.Rule))
			}
		}
	}
	return problems, nil
}

// faults returns all that is wrong with a customer's own details; of others it is the
// first mistake that is named.
func (p *part) faults(r *directory.RowError) (faults []error) {
	if r.Kind != directory.CustomerRows {
		return nil
	}
	c := &directory.Customer{}
	if err := p.rows.Customers[r.Index].Fill(c); err != nil {
		return nil
	}
	for _, fault := range c.Faults() {
		faults = append(faults, fault)
	}
	return faults
}

// write stores the rows. A user who was deleted stays deleted, as the directory
// gives no user's number away again.
func (p *part) write(ctx context.Context, dir *directory.Service) error {
	rows := p.rows
	rows.Users = nil
	if _, err := dir.Merge(ctx, p.tenant, &rows, directory.Act{}); err != nil {
		return err
	}
	for _, row := range p.rows.Users {
		u := &directory.User{Tenant: p.tenant, ID: row.ID}
		if err := row.Fill(u); err != nil {
			return err
		}
		if err := dir.AddUser(ctx, u, directory.Act{}); err != nil && !errors.Is(err, signon.ErrConflict) {
			return err
		}
	}
	return nil
}
