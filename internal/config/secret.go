package config

import (
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// SecretRef says where a secret is. A configuration never holds one itself.
type SecretRef struct {
	// Env is the name of an environment variable that holds it.
	Env string `yaml:"env" env:"ENV"`
	// File is the path of a file that holds it; a line break at its end is ignored.
	File string `yaml:"file" env:"FILE"`
	// Credential is the name of a systemd credential of the service.
	Credential string `yaml:"credential" env:"CREDENTIAL"`

	literal signon.Secret
}

// Literal returns a reference to the secret itself, for demo data in code.
func Literal(secret string) SecretRef { return SecretRef{literal: signon.Secret(secret)} }

// scalarText is what is said of a secret where a reference must be.
func (SecretRef) scalarText() string {
	return "must say where the secret is, as in {env: NAME} or {file: PATH}: secrets don't belong in configuration files"
}

func (s SecretRef) empty() bool { return s == SecretRef{} }

// fault returns what is wrong with the reference, or "".
func (s SecretRef) fault() string {
	given := 0
	for _, where := range []string{s.Env, s.File, s.Credential, s.literal.Reveal()} {
		if where != "" {
			given++
		}
	}
	switch given {
	case 0:
		return "must be given, as in {env: NAME} or {file: PATH}"
	case 1:
		return ""
	}
	return "must name one place only: env, file or credential"
}

// maxSecretLen bounds what is read of a secret's file.
const maxSecretLen = 4096

// read returns the secret. Its error does not hold it.
func (s SecretRef) read(environ map[string]string) (string, error) {
	switch {
	case s.literal != "":
		return s.literal.Reveal(), nil
	case s.Env != "":
		if v := environ[s.Env]; v != "" {
			return v, nil
		}
		return "", fmt.Errorf("is not there: the environment variable %s is not set", s.Env)
	case s.Credential != "":
		dir := environ["CREDENTIALS_DIRECTORY"]
		if dir == "" || s.Credential != filepath.Base(s.Credential) {
			return "", fmt.Errorf("is not there: no systemd credential %q was passed", s.Credential)
		}
		return readSecretFile(filepath.Join(dir, s.Credential))
	}
	return readSecretFile(s.File)
}

func readSecretFile(path string) (string, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("can't be read: %w", err)
	}
	secret := strings.TrimRight(string(b), "\r\n")
	if secret == "" || len(secret) > maxSecretLen {
		return "", fmt.Errorf("in %s must have 1 to %d bytes", path, maxSecretLen)
	}
	return secret, nil
}

// readRootKey returns the bytes of a root key.
func (s SecretRef) readRootKey(environ map[string]string) ([]byte, error) {
	if s.File != "" {
		if err := private(s.File); err != nil {
			return nil, err
		}
	}
	text, err := s.read(environ)
	if err != nil {
		return nil, err
	}
	key, err := hex.DecodeString(text)
	if err != nil || len(key) != signon.RootKeyLen {
		return nil, errors.New("must be 64 hexadecimal digits, as `latchkey keygen` writes them")
	}
	return key, nil
}

// private refuses a file that others than its owner can read or change.
func private(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("can't be read: %w; `latchkey keygen %s` makes a key", err, path)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("in %s must be readable by its owner only: chmod 600 %s", path, path)
	}
	return nil
}

// EncodeRootKey returns a root key as it is written into a file or variable.
func EncodeRootKey(key []byte) string { return hex.EncodeToString(key) }
