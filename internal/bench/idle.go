package bench

import (
	"context"
	"errors"
	"fmt"
)

// idleLoad is how many connections make pairs beside those that are idle.
const idleLoad = 16

// idleStays is how long the servers keep a connection that nothing comes over:
// longer than a measurement takes. The usual minute would end in the midst of it.
const idleStays = "1h"

// Idle is a server with many idle connections, measured in turn with one that
// has none.
type Idle struct {
	// Connections is how many are idle. Each of them has signed somebody in.
	Connections int `json:"connections"`
	// Addresses is how many loopback addresses they come from.
	Addresses int `json:"addresses"`
	// Answered is how many of them answered another request when the pairs had
	// been measured; the server had closed the others.
	Answered int `json:"answered_afterwards"`
	// Load is how many connections made pairs meanwhile.
	Load int `json:"load_connections"`
	// With is the server that has them. Without had as many connections that did
	// the same and were closed then.
	With    Beside `json:"with"`
	Without Beside `json:"without"`
	// Ratio is the CPU time for a pair with them over that without.
	Ratio float64 `json:"ratio_to_without"`
}

// Beside is what a server does beside its idle connections.
type Beside struct {
	Rate
	Pair Latency `json:"pair"`
	// Memory is what it has resident after the pairs, MostMemory what it had at
	// most, with all of its idle connections in use again; in bytes.
	Memory     int64 `json:"memory_bytes"`
	MostMemory int64 `json:"most_memory_bytes"`
}

// host is a server beside whose idle connections pairs are made.
type host struct {
	*server
	crowd  *crowd
	rounds rounds
	Beside
}

// idle measures pairs with and without idle connections.
func (r *run) idle(ctx context.Context) (_ *Idle, err error) {
	if err := enoughFiles(r.Idle); err != nil {
		return nil, err
	}
	var with, without host
	defer func() { err = errors.Join(err, with.leave(), without.leave()) }()
	if err := r.invite(ctx, &without, false); err != nil {
		return nil, err
	}
	if err := r.invite(ctx, &with, true); err != nil {
		return nil, err
	}
	if err := r.inTurn(ctx, &without, &with); err != nil {
		return nil, err
	}
	r.say("idle connections are used again")
	answered, err := with.crowd.wake(ctx)
	if err != nil {
		return nil, err
	}
	for _, h := range []*host{&with, &without} {
		if _, h.MostMemory, err = memory(h.pid); err != nil {
			return nil, err
		}
	}
	return &Idle{
		Connections: r.Idle, Addresses: sources(r.Idle), Answered: answered, Load: idleLoad,
		With: with.Beside, Without: without.Beside, Ratio: with.rounds.ratio(without.rounds),
	}, nil
}

// invite starts a server and opens the connections, each of which signs somebody
// in, and that then stay open or are closed.
func (r *run) invite(ctx context.Context, h *host, stay bool) (err error) {
	name, becomes := "idle-none", "closed"
	if stay {
		name, becomes = "idle", "idle"
	}
	r.say("%d connections that sign somebody in and then are %s", r.Idle, becomes)
	h.server, err = r.startServer(ctx, name, traits{env: []string{
		"LATCHKEY_LIMITS_IDLE_TIMEOUT=" + idleStays, fmt.Sprintf("LATCHKEY_LIMITS_CONNECTIONS=%d", r.Idle+spareFiles),
	}}, liveGrants(fewLive))
	if err != nil {
		return err
	}
	h.crowd = newCrowd(h.shop, r.Idle)
	return h.crowd.come(ctx, stay)
}

// inTurn measures the hosts in every round, another one first each time, and then
// their memory.
func (r *run) inTurn(ctx context.Context, hosts ...*host) error {
	for round := range r.Rounds {
		r.say("%d connections beside idle ones, round %d of %d", idleLoad, round+1, r.Rounds)
		for n := range hosts {
			h := hosts[(n+round)%len(hosts)]
			m, err := r.pairs(ctx, h.shop, h.cpu, idleLoad)
			if err != nil {
				return err
			}
			h.rounds = append(h.rounds, m)
		}
	}
	for _, h := range hosts {
		h.Rate, h.Pair = h.rounds.rate(), latency(h.rounds.total().whole)
		var err error
		if h.Memory, _, err = memory(h.pid); err != nil {
			return err
		}
	}
	return nil
}

// leave closes the idle connections and stops the server.
func (h *host) leave() error {
	if h.crowd != nil {
		h.crowd.close()
	}
	if h.server == nil {
		return nil
	}
	return h.stop()
}

func (t *table) idle(i *Idle) {
	if i == nil {
		return
	}
	t.printf("\n%s idle connections from %s addresses, %d others\n", whole(float64(i.Connections)), whole(float64(i.Addresses)), i.Load)
	t.row("idle", "pairs/s", "CPU µs/pair", "× none", "pair p50", "p99", "memory", "at most")
	t.beside("none", &i.Without, 1)
	t.beside(whole(float64(i.Connections)), &i.With, i.Ratio)
	t.printf("%s of them answered another request afterwards, %s had been closed by the server\n",
		whole(float64(i.Answered)), whole(float64(i.Connections-i.Answered)))
}

func (t *table) beside(name string, b *Beside, times float64) {
	t.row(name, whole(b.PairsPerSecond), cost(b.CPUMicros), ratio(times), ms(b.Pair.P50), ms(b.Pair.P99), mib(b.Memory), mib(b.MostMemory))
}
