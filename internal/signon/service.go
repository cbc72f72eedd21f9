package signon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// Service signs people in. It is safe for concurrent use.
type Service struct {
	store    Store
	keys     *Keyring
	people   People
	misses   Throttle
	failures Throttle
	refusals Throttle
	random   io.Reader
	log      *slog.Logger
	clients  Clock
	local    bool
	keep     time.Duration
	keepAll  atomic.Bool // the log was found broken: nothing is removed any more
	live     *liveGrants
	counting sync.Mutex   // held while others' changes are counted, or all anew
	counted  atomic.Int64 // the epoch of what is counted
	registry atomic.Pointer[Registry]
	late     lateEvents
	traces   traces

	signingKeys keyCache
}

// Options are what a Service is made of. All but Random, ClientClock,
// AuditKeep and Local are required.
type Options struct {
	Store  Store
	Keys   *Keyring
	People People
	// Misses bounds refused redemptions by browser address.
	Misses Throttle
	// Failures bounds failed authentications by client id and caller address.
	Failures Throttle
	// Refusals bounds how many refusals and repeats are written to the audit log,
	// by tenant and type of event; what is above is logged only.
	Refusals Throttle
	// Log receives what is not an answer to anybody.
	Log *slog.Logger
	// Random is the source of tokens; nil means crypto/rand.
	Random io.Reader
	// ClientClock is what clients tell the time by when they prove themselves; nil
	// means the store's time. It differs where the store's is moved.
	ClientClock Clock
	// AuditKeep is how long events of the audit log are kept; 0 means forever.
	AuditKeep time.Duration
	// Local: browsers and programs are on this machine, whose addresses count as one,
	// in whatever way "localhost" was looked up.
	Local bool
}

// New returns a service with an empty registry: call Load or Apply next.
func New(o Options) *Service {
	s := &Service{
		store: o.Store, keys: o.Keys, people: o.People, misses: o.Misses, failures: o.Failures, refusals: o.Refusals,
		random: o.Random, log: o.Log, clients: o.ClientClock, local: o.Local, keep: o.AuditKeep, live: newLiveGrants(),
	}
	if s.clients == nil {
		s.clients = o.Store
	}
	_, s.live.shared = o.Store.(SharedStore)
	s.registry.Store(&Registry{})
	return s
}

// Registry returns what is declared now.
func (s *Service) Registry() *Registry { return s.registry.Load() }

// Now returns the store's time, which judges expiry.
func (s *Service) Now() time.Time { return s.store.Now() }

// ClientNow returns the time that dates in clients' proofs are compared with.
func (s *Service) ClientNow() time.Time { return s.clients.Now() }

// place returns the address that stands for that one in bindings.
func (s *Service) place(addr netip.Addr) netip.Addr {
	if s.local && addr.Unmap().IsLoopback() {
		return netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	return addr
}

// Apply checks the declared tenants, stores them and makes them current. When
// it fails, what was declared before stays in force.
func (s *Service) Apply(ctx context.Context, tenants []Tenant) error {
	r, err := NewRegistry(tenants)
	if err != nil {
		return err
	}
	note := fmt.Sprintf("%d tenants, %d clients", len(r.tenants), len(r.clients))
	if err := s.store.ApplyTenants(ctx, tenants, &Event{Type: EventTenantsApplied, Note: note}); err != nil {
		return fmt.Errorf("apply tenants: %w", err)
	}
	before := s.registry.Swap(r)
	if r.newlyLimited(before) {
		return s.CountLive(ctx)
	}
	return nil
}

// newlyLimited reports whether a tenant has limits that had none before, so
// that its grants have not been counted.
func (r *Registry) newlyLimited(before *Registry) bool {
	for id, t := range r.tenants {
		old, ok := before.tenants[id]
		if t.Limits != (TenantLimits{}) && (!ok || old.Limits == (TenantLimits{})) {
			return true
		}
	}
	return false
}

// Load makes the tenants current that were applied last, and counts their live
// grants.
func (s *Service) Load(ctx context.Context) error {
	tenants, err := s.store.Tenants(ctx)
	if err != nil {
		return fmt.Errorf("load tenants: %w", err)
	}
	r, err := NewRegistry(tenants)
	if err != nil {
		return fmt.Errorf("load tenants: %w", err)
	}
	s.registry.Store(r)
	return s.CountLive(ctx)
}

// CountLive counts the live grants of tenants with limits anew, after a start.
// Grants made or spent while it runs may be miscounted until they expire.
func (s *Service) CountLive(ctx context.Context) error {
	s.counting.Lock()
	defer s.counting.Unlock()
	return s.countLive(ctx)
}

// uncounted is in the place of the epoch of what is counted where that is to be
// counted anew.
const uncounted = -1

func (s *Service) countLive(ctx context.Context) error {
	epoch := s.store.Epoch()
	s.counted.Store(uncounted) // until it is known
	if err := s.recount(ctx, epoch); err != nil {
		return fmt.Errorf("count live grants: %w", err)
	}
	s.counted.Store(epoch)
	return nil
}

func (s *Service) recount(ctx context.Context, epoch int64) error {
	limited := map[TenantID]TenantLimits{}
	for id, t := range s.Registry().tenants {
		if t.Limits != (TenantLimits{}) {
			limited[id] = TenantLimits{LiveGrants: maxInt} // count all, refuse none
		}
	}
	if len(limited) == 0 {
		return nil
	}
	if shared, ok := s.store.(SharedStore); ok { // what others do from now on is counted later
		if err := shared.SkipForeign(ctx); err != nil {
			return err
		}
	}
	const page = 1000
	live, now, voids := newLiveGrants(), s.store.Now(), newVoids(s.store)
	for after := ExpiryKey(now); ; {
		grants, err := s.store.Grants(ctx, after, page)
		if err != nil {
			return err
		}
		for i := range grants {
			g := &grants[i]
			limits, ok := limited[g.Tenant]
			if !ok || g.Standing(now, epoch) != StandingLive { // by its key alone a numbered one lives for a day
				continue
			}
			void, err := voids.void(ctx, g)
			if err != nil {
				return err
			}
			if !void {
				live.add(g.Tenant, limits, g.person(), g.ExpiresAt, now)
			}
		}
		if len(grants) < page {
			break
		}
		after = grants[len(grants)-1].Key
	}
	s.live.mu.Lock()
	s.live.tenants = live.tenants
	s.live.mu.Unlock()
	return nil
}

const maxInt = int(^uint(0) >> 1)

// graceTTL is how long an expired grant is kept, so that operators can still
// see why a late click was refused.
const graceTTL = 10 * time.Minute

// Sweep removes one batch of grants, sessions and audit events that are long over, and
// reports whether there may be more.
func (s *Service) Sweep(ctx context.Context, batch int) (more bool, err error) {
	now := s.store.Now()
	below := ExpiryKey(now.Add(-graceTTL))
	n, err := s.store.Sweep(ctx, below, now.Add(-graceTTL), batch)
	if err != nil {
		return false, fmt.Errorf("sweep: %w", err)
	}
	events, err := s.sweepAudit(ctx, now, batch)
	if err != nil {
		return false, fmt.Errorf("sweep: %w", err)
	}
	return n >= batch || events >= batch, nil
}

// sweepAudit removes one batch of events that were kept for long enough. Nothing is
// removed from a log that was changed.
func (s *Service) sweepAudit(ctx context.Context, now time.Time, batch int) (int, error) {
	if s.keep == 0 || s.keepAll.Load() {
		return 0, nil
	}
	n, err := s.store.SweepAudit(ctx, now.Add(-s.keep), batch)
	var broken *BrokenChain
	if errors.As(err, &broken) || errors.Is(err, ErrSealed) {
		s.keepAll.Store(true)
		s.log.Error("the audit log is broken: its events are kept from now on, however old", "error", err)
		return 0, nil
	}
	return n, err
}

// subject asks the directory for a person. A person who does not exist is
// CodeSubjectUnknown.
func (s *Service) subject(ctx context.Context, tenant TenantID, kind SubjectKind, ref SubjectRef) (Subject, error) {
	subject, err := s.people.Subject(ctx, tenant, kind, ref)
	if errors.Is(err, ErrNotFound) {
		return subject, &Error{Code: CodeSubjectUnknown, Reason: ReasonSubject}
	}
	return subject, err
}
