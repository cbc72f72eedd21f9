package pgtest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// URL returns the address of a database for pgx, which stays the same for as long
// as the files exist.
func (c *Cluster) URL(database string) string { return FailoverURL(database, c) }

// FailoverURL returns an address for pgx under which it finds the one of the
// servers that takes writes.
func FailoverURL(database string, servers ...*Cluster) string {
	hosts, ports := make([]string, len(servers)), make([]string, len(servers))
	for i, c := range servers {
		hosts[i], ports[i] = c.socket, strconv.Itoa(c.port)
		if c.tcp {
			hosts[i] = "127.0.0.1"
		}
	}
	query := url.Values{
		"host": {strings.Join(hosts, ",")}, "port": {strings.Join(ports, ",")},
		"user": {"postgres"}, "sslmode": {"disable"},
	}
	if len(servers) > 1 {
		query.Set("target_session_attrs", "read-write")
	}
	address := url.URL{Scheme: "postgres", Path: "/" + database, RawQuery: query.Encode()}
	return address.String()
}

// Ports are taken from below those that systems give to outgoing connections, or
// a client could be given the port of a server that is down for a moment.
const firstPort, ports = 20000, 10000

func freePort() (int, error) {
	var failed error
	for range 100 {
		port := firstPort + rand.IntN(ports) //nolint:gosec // a port is no secret
		listener, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port))
		if err == nil {
			return port, listener.Close()
		}
		failed = err
	}
	return 0, fmt.Errorf("find a port for PostgreSQL: %w", errors.Unwrap(failed))
}
