// Package password hashes passwords that people chose, with Argon2id, and judges
// them without letting callers buy more computing than is set aside for it.
package password

import (
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/alexedwards/argon2id"
	"golang.org/x/crypto/argon2"
)

// standard is what new hashes are made with: 19 MiB, two passes, one lane, which
// takes some 60 ms of a core.
var standard = argon2id.Params{Memory: 19 << 10, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// The bounds of hashes that were made elsewhere. Work is memory times passes: the
// least of what is recommended for Argon2id, and some seven times the standard.
const (
	leastMemory, mostMemory = 7 << 10, 64 << 10 // KiB
	leastWork, mostWork     = 35 << 10, 256 << 10
	mostLanes               = 4
	leastSalt, mostSalt     = 8, 64  // bytes
	leastKey, mostKey       = 16, 64 // bytes
	mostLength              = 256    // of the whole text; what the rest allows is shorter
)

// Hash returns the Argon2id hash of a password, in PHC notation and with a salt of
// its own. An empty password is an error.
func Hash(plain string) (string, error) {
	if plain == "" {
		return "", errors.New("hash password: it is empty")
	}
	hash, err := argon2id.CreateHash(plain, &standard)
	if err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	return hash, nil
}

// Check returns an error when the text is no hash that passwords can be judged by:
// Argon2id in PHC notation, in its one spelling, of 7 to 64 MiB and a bounded
// number of passes. The error does not hold the text.
func Check(hash string) error {
	if len(hash) > mostLength {
		return errNotation
	}
	p, salt, key, err := argon2id.DecodeHash(hash)
	if err != nil || !spelled(hash, p, salt, key) {
		return errNotation
	}
	work := uint64(p.Memory) * uint64(p.Iterations)
	switch {
	case p.Memory < leastMemory || p.Memory > mostMemory:
		return outside("memory", "KiB", leastMemory, mostMemory)
	case work < leastWork || work > mostWork:
		return outside("memory times passes", "KiB", leastWork, mostWork)
	case p.Parallelism < 1 || p.Parallelism > mostLanes:
		return outside("parallelism", "lanes", 1, mostLanes)
	case p.SaltLength < leastSalt || p.SaltLength > mostSalt:
		return outside("salt", "bytes", leastSalt, mostSalt)
	case p.KeyLength < leastKey || p.KeyLength > mostKey:
		return outside("key", "bytes", leastKey, mostKey)
	}
	return nil
}

var errNotation = errors.New("is no Argon2id hash, as in $argon2id$v=19$m=19456,t=2,p=1$SALT$KEY")

func outside(what, unit string, least, most int) error {
	return fmt.Errorf("is an Argon2id hash whose %s is not %d to %d %s", what, least, most, unit)
}

// spelled reports whether the hash is written as what was read of it is: the
// decoder passes over what follows a number, and over line breaks.
func spelled(hash string, p *argon2id.Params, salt, key []byte) bool {
	b64 := base64.RawStdEncoding
	return hash == fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		p.Memory, p.Iterations, p.Parallelism, b64.EncodeToString(salt), b64.EncodeToString(key))
}
