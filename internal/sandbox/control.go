package sandbox

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// maxAhead is how far ahead the clock can be: far enough for every validity there
// is, and within what the expiry of a token can say.
const maxAhead = 10 * 365 * 24 * time.Hour

// ClockState is what time it is.
type ClockState struct {
	Now, Machine time.Time     // by the sandbox's clock, and by the machine's
	Ahead        time.Duration // by how much the sandbox's is ahead
}

// ClockState returns what time it is.
func (s *Sandbox) ClockState() ClockState {
	ahead, machine := s.clock.offset(), time.Now().UTC()
	return ClockState{Now: machine.Add(ahead), Machine: machine, Ahead: ahead}
}

// AdvanceClock moves the clock ahead. Only a reset moves it back. Errors:
// CodeInvalid.
func (s *Sandbox) AdvanceClock(by time.Duration) error {
	if by <= 0 {
		return signon.Invalid("by", "must be above zero: only a reset sets the clock back")
	}
	if !s.clock.advance(by, maxAhead) {
		return signon.Invalid("by", "must not bring the clock more than 10 years ahead")
	}
	return nil
}

// AdvanceClockTo moves the clock ahead to an instant. Errors: CodeInvalid.
func (s *Sandbox) AdvanceClockTo(at time.Time) error {
	by := time.Until(at) - s.clock.offset()
	switch {
	case by <= 0:
		return signon.Invalid("to", "must be later than it is: only a reset sets the clock back")
	case !s.clock.advance(by, maxAhead):
		return signon.Invalid("to", "must not bring the clock more than 10 years ahead")
	}
	return nil
}

// Reset empties the store and seeds it again, sets the clock back, and forgets all
// calls and faults. What hangs is let go, what is under way is finished, and nobody
// is served meanwhile. When it fails, the server can't be used; it may be tried
// again.
func (s *Sandbox) Reset(ctx context.Context) error {
	s.resets.Lock()
	defer s.resets.Unlock()
	s.faults.pause()
	defer s.faults.resume()
	s.serving.Lock()
	defer s.serving.Unlock()
	s.clock.reset() // first: a store's time never goes back
	if err := s.core.Load().Reset(context.WithoutCancel(ctx)); err != nil {
		s.Log.Error("the sandbox could not be reset", "error", err)
		return fmt.Errorf("reset: %w", err)
	}
	s.issued.clear()
	s.Clear()
	return nil
}

// PersonRow is somebody whom links can be issued for.
type PersonRow struct {
	Person

	// Name is what people read: a person's name, or the reference where there is
	// none.
	Name string
	// Email may be empty.
	Email string
	// ExternalRef is a customer's external reference, or empty.
	ExternalRef string
}

// maxPeople is how many people are listed.
const maxPeople = 500

// People returns the customers, users and members of all tenants, at most 500, in
// the order of tenants and their references.
func (s *Sandbox) People(ctx context.Context) (rows []PersonRow, err error) {
	err = s.with(func(c *Core) error {
		for _, t := range c.SignOn.Registry().Tenants() {
			for row, err := range peopleOf(ctx, c.Directory, t.ID) {
				if err != nil {
					return fmt.Errorf("list people: %w", err)
				}
				if len(rows) == maxPeople {
					return nil
				}
				rows = append(rows, *row)
			}
		}
		return nil
	})
	return rows, err
}

// peopleOf returns those of one tenant. After an error it ends.
func peopleOf(ctx context.Context, d *directory.Service, tenant signon.TenantID) iter.Seq2[*PersonRow, error] {
	customers := rowsOf(d.AllCustomers(ctx, tenant), func(c *directory.Customer) *PersonRow {
		r := row(tenant, signon.SubjectCustomer, c.Ref(), c.Billing.FirstName+" "+c.Billing.LastName, c.Billing.Email)
		r.ExternalRef = c.ExternalRef
		return r
	})
	users := rowsOf(d.AllUsers(ctx, tenant), func(u *directory.User) *PersonRow {
		return row(tenant, signon.SubjectUser, u.Ref(), u.Name(), u.Email)
	})
	members := rowsOf(d.AllMembers(ctx, tenant), func(m *directory.Member) *PersonRow {
		return row(tenant, signon.SubjectMember, m.Ref(), m.Name, m.Email)
	})
	return func(yield func(*PersonRow, error) bool) {
		for _, kind := range []iter.Seq2[*PersonRow, error]{customers, users, members} {
			for row, err := range kind {
				if !yield(row, err) || err != nil {
					return
				}
			}
		}
	}
}

func row(tenant signon.TenantID, kind signon.SubjectKind, ref signon.SubjectRef, name, email string) *PersonRow {
	if name = strings.TrimSpace(name); name == "" {
		name = string(ref)
	}
	return &PersonRow{Person: Person{Tenant: tenant, Kind: kind, Ref: ref}, Name: name, Email: email}
}

func rowsOf[T any](all iter.Seq2[*T, error], of func(*T) *PersonRow) iter.Seq2[*PersonRow, error] {
	return func(yield func(*PersonRow, error) bool) {
		for one, err := range all {
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(of(one), nil) {
				return
			}
		}
	}
}
