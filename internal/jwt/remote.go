package jwt

import (
	"context"
	"crypto/x509"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// How long fetched keys are kept, and how often they are asked for.
const (
	minTTL     = 5 * time.Minute
	maxTTL     = 24 * time.Hour
	defaultTTL = time.Hour
	// Between fetches for keys that nobody knows, lest forged tokens buy requests.
	unknownEvery = time.Minute
	// Between attempts while the issuer is down.
	retryEvery = 10 * time.Second
	// Part of the time after which keys are fetched again, while the old ones serve.
	early = 0.8

	defaultTimeout = 5 * time.Second
)

// RemoteOptions are what a remote key set needs to know.
type RemoteOptions struct {
	// URL is where the issuer publishes its keys: https, from the configuration and
	// never from a token.
	URL string
	// AllowHTTP allows http as well, for loopback addresses.
	AllowHTTP bool
	// Algorithm is the one that the issuer signs with; it can't be HS256.
	Algorithm Algorithm
	// Timeout bounds one fetch and so the wait of whoever needs it; 0 means 5 s.
	Timeout time.Duration
	// Now tells the time; nil means the machine's.
	Now func() time.Time
	// Outage, if not nil, is called with the reason when fetches begin to fail, once,
	// and with nil when they succeed again. It must not call the set.
	Outage func(reason error)
	// Roots are the authorities that may vouch for the issuer's server; nil means
	// the system's.
	Roots *x509.CertPool
}

// Remote is the key set of an issuer, fetched when it is needed and kept as long
// as the issuer's Cache-Control says, but from 5 minutes to 24 hours, and an hour
// when it says nothing. It is fetched again in the background before that time is
// over, and at most once a minute for the sake of an unknown key. While the issuer
// can't be reached the last keys stay in use, however old.
//
// It is safe for concurrent use. There is one fetch at a time and no other
// goroutine, so there is nothing to close.
type Remote struct {
	o      RemoteOptions
	client *http.Client

	mu        sync.Mutex
	keys      Set           // nil until there was a first answer
	fetchedAt time.Time     // the last answer came
	ttl       time.Duration // of that answer
	failing   bool          // the last attempt
	triedAt   time.Time     // the last attempt ended
	unknownAt time.Time     // the last fetch for an unknown key began
	flight    chan struct{} // closed when the fetch under way ends; nil when none is
}

// NewRemote returns the key set at an address, without asking for it yet.
func NewRemote(o RemoteOptions) (*Remote, error) {
	if err := checkAddress(o.URL, o.AllowHTTP); err != nil {
		return nil, fmt.Errorf("address of a key set: %w", err)
	}
	if !o.Algorithm.known() || o.Algorithm == HS256 {
		return nil, fmt.Errorf("key set with algorithm %q: want %s, %s or %s", o.Algorithm, RS256, ES256, EdDSA)
	}
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Outage == nil {
		o.Outage = func(error) {}
	}
	return &Remote{o: o, client: newClient(o.Roots)}, nil
}

// Find returns the issuer's keys of that ID, or all of them for none. It waits for
// a fetch when there are no keys yet, when their time is over, and when none has
// that ID: as long as a fetch may take, or until ctx ends, whose error it returns.
// Without any answer of the issuer so far the error is ErrUnavailable.
func (r *Remote) Find(ctx context.Context, kid string) ([]Key, error) {
	found, wait := r.look(kid)
	if wait != nil {
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for a key set: %w", ctx.Err())
		}
		found = r.known(kid)
	}
	if found == nil {
		return nil, ErrUnavailable
	}
	return found, nil
}

// known returns what there is: nil when there was no answer yet.
func (r *Remote) known(kid string) []Key {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.pick(kid)
}

func (r *Remote) pick(kid string) []Key {
	if r.keys == nil {
		return nil
	}
	return append([]Key{}, r.keys.find(kid)...)
}

// look returns what there is, and what to wait for if that isn't good enough.
func (r *Remote) look(kid string) (found []Key, wait <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.o.Now()
	found = r.pick(kid)
	switch {
	case r.keys == nil:
		return nil, r.fetch(now)
	case passed(now, r.fetchedAt, r.ttl):
		flight := r.fetch(now)
		if r.failing && len(found) > 0 {
			return found, nil // known to be down: nobody waits for it again
		}
		return found, flight
	case len(found) == 0:
		return found, r.fetchUnknown(now)
	case passed(now, r.fetchedAt, time.Duration(early*float64(r.ttl))):
		r.fetch(now)
	}
	return found, nil
}

// fetchUnknown joins the fetch under way, or begins one if it is time for another.
func (r *Remote) fetchUnknown(now time.Time) <-chan struct{} {
	if r.flight != nil {
		return r.flight
	}
	if !passed(now, r.unknownAt, unknownEvery) {
		return nil
	}
	flight := r.fetch(now)
	if flight != nil {
		r.unknownAt = now
	}
	return flight
}

// fetch joins the fetch under way or begins one, unless the last one failed just
// now: then there is nothing to wait for.
func (r *Remote) fetch(now time.Time) <-chan struct{} {
	if r.flight != nil {
		return r.flight
	}
	if r.failing && !passed(now, r.triedAt, retryEvery) {
		return nil
	}
	r.flight = make(chan struct{})
	go r.fly()
	return r.flight
}

// passed reports whether that time is over. A clock that was set back has passed
// everything: better a fetch too many than keys that stay forever.
func passed(now, since time.Time, d time.Duration) bool {
	elapsed := now.Sub(since)
	return elapsed >= d || elapsed < 0
}

// fly fetches the keys. It is nobody's request, so that whoever gives up waiting
// does not end it for the others.
func (r *Remote) fly() {
	ctx, cancel := context.WithTimeout(context.Background(), r.o.Timeout)
	defer cancel()
	a, err := r.get(ctx)
	if began, ended := r.note(a, err); began || ended {
		r.o.Outage(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	close(r.flight)
	r.flight = nil
}

// note keeps an answer or a failure, and says whether an outage begins or ends
// with it.
func (r *Remote) note(a answer, err error) (began, ended bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.o.Now()
	if a.keys != nil {
		r.keys, r.ttl, r.fetchedAt = a.keys, a.ttl, now
	}
	was := r.failing
	r.failing, r.triedAt = err != nil, now
	return r.failing && !was, was && !r.failing
}
