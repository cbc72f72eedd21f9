package server

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// The operator's socket in the data directory, and the file that says where it
// is when its path would be too long there.
const (
	socketName  = "operator.sock"
	pointerName = "operator.sock.path"
)

// maxSocketPath is the longest path that every system takes for a socket.
const maxSocketPath = 100

// OperatorSocket returns the path of the socket on which a server that uses the
// data directory takes operators' commands.
func OperatorSocket(dataDir string) string {
	if pointer, err := os.ReadFile(filepath.Join(dataDir, pointerName)); err == nil {
		return strings.TrimSpace(string(pointer))
	}
	return filepath.Join(dataDir, socketName)
}

// operatorSocket listens for operators until it is closed.
type operatorSocket struct {
	net.Listener
	remove []string // files and directories to remove in the end
}

// listenOperator makes the socket, for the owner's eyes only. A socket that is there
// and does not answer is a dead server's.
func listenOperator(dataDir string) (*operatorSocket, error) {
	s := &operatorSocket{}
	path, err := s.place(dataDir)
	if err != nil {
		return nil, fmt.Errorf("listen for operators: %w", err)
	}
	if c, err := net.DialTimeout("unix", path, time.Second); err == nil { // nodes that share a database have no lock
		return nil, errors.Join(fmt.Errorf("listen for operators: another server is running on %s", dataDir), c.Close())
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("listen for operators: %w", err)
	}
	// The directory lets nobody else in, so nobody connects before the mode is set.
	if s.Listener, err = net.Listen("unix", path); err != nil {
		return nil, fmt.Errorf("listen for operators: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("listen for operators: %w", err), s.Close())
	}
	return s, nil
}

// place returns where the socket shall be: in the data directory, or in a short
// directory of its own that a pointer in the data directory names.
func (s *operatorSocket) place(dataDir string) (string, error) {
	dataDir, err := filepath.Abs(dataDir)
	if err != nil {
		return "", err
	}
	pointer := filepath.Join(dataDir, pointerName)
	if err := os.Remove(pointer); err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	if path := filepath.Join(dataDir, socketName); len(path) <= maxSocketPath {
		return path, os.Chmod(dataDir, 0o700) //nolint:gosec // a directory
	}
	dir, err := runtimeDir(dataDir)
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, socketName)
	s.remove = []string{pointer, dir}
	return path, os.WriteFile(pointer, []byte(path+"\n"), 0o600)
}

// runtimeDir makes a directory with a short path for the data directory.
func runtimeDir(dataDir string) (string, error) {
	base := os.Getenv("XDG_RUNTIME_DIR")
	if base == "" || len(base) > maxSocketPath/2 {
		base = os.TempDir()
	}
	name := sha256.Sum256([]byte(dataDir))
	dir := filepath.Join(base, "latchkey-"+hex.EncodeToString(name[:8]))
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) { //nolint:gosec // where the environment says
		return "", err
	}
	info, err := os.Lstat(dir) //nolint:gosec // where the environment says
	if err != nil {
		return "", err
	}
	if !ownAlone(info) { // anybody could have been first
		return "", fmt.Errorf("%s is there already and not this user's alone; remove it", dir)
	}
	return dir, nil
}

// Close stops listening and removes the socket.
func (s *operatorSocket) Close() error {
	err := s.Listener.Close() // removes the socket itself
	if errors.Is(err, net.ErrClosed) {
		err = nil // closed by the server that used it
	}
	for _, path := range s.remove {
		if e := os.Remove(path); e != nil && !errors.Is(e, os.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}
	return err
}
