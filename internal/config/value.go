package config

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"time"
)

// Duration is a time written as in "1m30s", or as a number of seconds.
type Duration time.Duration

// UnmarshalText reads either notation; negative times are refused.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	if seconds, notSeconds := strconv.ParseUint(string(text), 10, 31); notSeconds == nil {
		parsed, err = time.Duration(seconds)*time.Second, nil
	}
	if err != nil || parsed < 0 {
		return errors.New("must be a time as in 1m30s, or a number of seconds")
	}
	*d = Duration(parsed)
	return nil
}

// String returns the time as Go writes it, without zero parts: "1h", not "1h0m0s".
func (d Duration) String() string {
	t := time.Duration(d)
	switch {
	case t == 0:
		return "0s"
	case t%time.Hour == 0:
		return fmt.Sprintf("%dh", t/time.Hour)
	case t%time.Minute == 0:
		return fmt.Sprintf("%dm", t/time.Minute)
	}
	return t.String()
}

// Network is an address, or a network as in "10.0.0.0/8".
type Network struct{ netip.Prefix }

// UnmarshalText reads either notation.
func (n *Network) UnmarshalText(text []byte) error {
	if addr, err := netip.ParseAddr(string(text)); err == nil && addr.Zone() == "" {
		addr = addr.Unmap()
		n.Prefix = netip.PrefixFrom(addr, addr.BitLen())
		return nil
	}
	prefix, err := netip.ParsePrefix(string(text))
	if err != nil {
		return errors.New("must be an address or a network, as in 10.0.0.0/8")
	}
	if prefix.Addr().Is4In6() {
		return errors.New("must be an IPv4 network written as one, as in 10.0.0.0/8")
	}
	if prefix != prefix.Masked() {
		return fmt.Errorf("must be a network without bits beyond its prefix: %s", prefix.Masked())
	}
	n.Prefix = prefix
	return nil
}
