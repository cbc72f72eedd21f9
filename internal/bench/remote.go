package bench

import (
	"errors"
	"fmt"
	"net"
	"net/url"
)

// Remote is a server that runs already, with what it takes to get links there.
type Remote struct {
	// Target is the buy link to ask sign-on links for; its host is the server.
	Target string
	// Code and Secret are an API client's merchant code and key.
	Code, Secret string
	// Customers are the references of people known there.
	Customers []string
	// PID is the server's process on this machine; 0 when it runs elsewhere. CPU
	// time and memory are measured only with it.
	PID int
}

// server returns the remote as a server to measure.
func (r *Remote) server() (*server, error) {
	target, err := url.Parse(r.Target)
	if err != nil || target.Scheme != "http" || target.Host == "" || target.RawQuery == "" {
		return nil, errors.New("the buy link must be an absolute http address with a query: pairs are measured without TLS")
	}
	if r.Code == "" || r.Secret == "" || len(r.Customers) == 0 {
		return nil, errors.New("a merchant code, its key and at least one customer are needed")
	}
	addr := target.Host
	if target.Port() == "" {
		addr = net.JoinHostPort(target.Hostname(), "80")
	}
	s := &server{
		shop: &shop{addr: addr, target: target, client: client{r.Code, r.Secret}, customers: r.Customers},
		pid:  r.PID, stop: func() error { return nil },
		cpu: func() (usage, error) { return usage{}, nil },
	}
	if r.PID != 0 {
		s.cpu = func() (usage, error) { return usageOf(r.PID, 0) }
		if _, err := s.cpu(); err != nil {
			return nil, fmt.Errorf("process %d: %w", r.PID, err)
		}
	}
	return s, nil
}
