package signon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
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
	keepAll  atomic.Bool  // the log was found broken: nothing is removed any more
	sessions atomic.Int64 // the instant, in unix milliseconds, before which nobody looks for sessions that are over
	live     *liveGrants
	counting counting
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
	s.counting.patience, s.counting.page = countPatience, countPage
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

// graceTTL is how long an expired grant is kept, so that operators can still
// see why a late click was refused.
const graceTTL = 10 * time.Minute

// Sweep removes one batch of grants, sessions and audit events that are long over, and
// reports whether there may be more.
func (s *Service) Sweep(ctx context.Context, batch int) (more bool, err error) {
	now := s.store.Now()
	grants, err := s.store.Sweep(ctx, ExpiryKey(now.Add(-graceTTL)), time.Time{}, batch)
	if err != nil {
		return false, fmt.Errorf("sweep: %w", err)
	}
	sessions, err := s.sweepSessions(ctx, now, batch)
	if err != nil {
		return false, fmt.Errorf("sweep: %w", err)
	}
	events, err := s.sweepAudit(ctx, now, batch)
	if err != nil {
		return false, fmt.Errorf("sweep: %w", err)
	}
	return max(grants, sessions, events) >= batch, nil
}

// sweepSessionsEvery is how often sessions are looked through, a part at a time, where
// few are over: however fast grants come to their end.
const sweepSessionsEvery = time.Second

// sweepSessions removes one batch of sessions that are long over, when that is due.
func (s *Service) sweepSessions(ctx context.Context, now time.Time, batch int) (int, error) {
	if now.UnixMilli() < s.sessions.Load() {
		return 0, nil
	}
	n, err := s.store.Sweep(ctx, GrantKey{}, now.Add(-graceTTL), batch)
	if err == nil && n < batch {
		s.sessions.Store(now.Add(sweepSessionsEvery).UnixMilli())
	}
	return n, err
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
