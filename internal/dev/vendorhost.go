package dev

import (
	"slices"
	"strings"
)

// VendorHosts are the hosts that vendors' published clients, documents and links
// name: where a client that can't be told another base URL calls.
func VendorHosts() []string {
	return []string{
		"api.2checkout.com", "secure.2checkout.com", "secure.2co.com",
		"api.avangate.com", "secure.avangate.com", "store.avancart.com", "store.yourcustomdomain.com",
		"ws.bluesnap.com", "sandbox.bluesnap.com", "ws.plimus.com",
	}
}

// LocalHosts are the names of this machine by which the demo and the seeds' tenants
// are reached.
func (s *Seeds) LocalHosts() []string {
	hosts := []string{"localhost", "127.0.0.1", "::1"}
	add := func(host string) {
		if strings.HasSuffix(host, ".localhost") && !strings.HasPrefix(host, "*") && !slices.Contains(hosts, host) {
			hosts = append(hosts, host)
		}
	}
	for i := range s.tenants {
		for _, d := range s.tenants[i].Destinations {
			for _, o := range d.Origins {
				add(o.Host)
			}
		}
		for _, domain := range s.tenants[i].Hosts {
			host, _, _ := strings.Cut(domain, ":")
			add(host)
		}
	}
	return hosts
}
