package server

import (
	"crypto/tls"
	"fmt"
	"sync/atomic"

	"github.com/latchkey-sso/latchkey/internal/config"
)

// certificate is the one the server shows; it can be replaced while it runs.
type certificate struct {
	current atomic.Pointer[tls.Certificate]
	// choose, if not nil, chooses one for a connection instead.
	choose func(*tls.ClientHelloInfo) (*tls.Certificate, error)
}

// readCertificate reads the files that the configuration names.
func readCertificate(cfg *config.Config) (*tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(cfg.TLSCert, cfg.TLSKey)
	if err != nil {
		return nil, fmt.Errorf("load certificate: %w", err)
	}
	return &pair, nil
}

// config returns how TLS is spoken.
func (c *certificate) config() *tls.Config {
	choose := c.choose
	if choose == nil {
		choose = func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.current.Load(), nil }
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: choose}
}
