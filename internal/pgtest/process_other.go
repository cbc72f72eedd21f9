//go:build !unix

package pgtest

import (
	"errors"
	"os/exec"
)

const locale = "C"

var errSystem = errors.New("PostgreSQL servers of our own: not on this system")

type account struct{}

func serverAccount() (*account, error)         { return nil, errSystem }
func (*account) use(*exec.Cmd)                 {}
func (*account) folder(string) (string, error) { return "", errSystem }
func dieWithUs(*exec.Cmd)                      {}

// Kill does nothing: there are no servers on this system.
func (c *Cluster) Kill() error { return nil }

// Pause fails: there are no servers on this system.
func (c *Cluster) Pause() error { return errSystem }

// Resume does nothing: there are no servers on this system.
func (c *Cluster) Resume() error { return nil }
