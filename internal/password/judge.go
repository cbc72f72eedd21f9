package password

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"

	"github.com/alexedwards/argon2id"
	lru "github.com/hashicorp/golang-lru/v2"
)

// Verdict is what a judge finds.
type Verdict int

// The verdicts.
const (
	Wrong Verdict = iota
	Right
	// Busy: too much is being judged already, of that address or in all. Nothing is
	// known of the password.
	Busy
)

// RememberedFor is how long a judge remembers, since it was last asked, that a
// password is right. It is remembered by what can't be turned back into it.
const RememberedFor = time.Minute

// remembered is how many right passwords a judge remembers.
const remembered = 1000

// standIn is what passwords of strangers are judged by: a hash of the standard
// parameters whose password nobody knows.
const standIn = "$argon2id$v=19$m=19456,t=2,p=1$c3RhbmRzIGluIGZvciBhbA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// Judge says whether passwords are right. It computes two at a time, for each
// address and in all, lets a bounded number wait, and remembers those that were
// right. It is safe for concurrent use.
type Judge struct {
	gate    *gate
	key     [sha256.Size]byte
	right   *lru.Cache[digest, time.Time] // until when
	now     func() time.Time
	compute func(hash, plain string) bool
}

// digest is a hash and a password, under a key that this process alone has.
type digest [sha256.Size]byte

// NewJudge returns a judge that remembers nothing yet.
func NewJudge() *Judge {
	j := &Judge{gate: newGate(), now: time.Now, compute: compute}
	if _, err := rand.Read(j.key[:]); err != nil {
		panic(err) // crypto/rand does not fail
	}
	var err error
	if j.right, err = lru.New[digest, time.Time](remembered); err != nil {
		panic(err) // only for a size below one
	}
	return j
}

func compute(hash, plain string) bool {
	right, err := argon2id.ComparePasswordAndHash(plain, hash)
	return err == nil && right
}

// Judge says whether the password is that of the hash. from is who asks. What is
// no hash by the rules of [Check] is judged as long as one would be, and is Wrong:
// so a stranger costs what a client costs.
func (j *Judge) Judge(from netip.Addr, hash, plain string) Verdict {
	d := j.digest(hash, plain)
	if j.remembers(d) {
		return Right
	}
	leave, entered := j.gate.enter(from)
	if !entered {
		return Busy
	}
	defer leave()
	if j.remembers(d) { // judged while this one waited
		return Right
	}
	known := Check(hash) == nil
	if !known {
		hash = standIn
	}
	if right := j.compute(hash, plain); !right || !known {
		return Wrong
	}
	j.right.Add(d, j.now().Add(RememberedFor))
	return Right
}

// Remembers reports whether the password was found right a short while ago, so
// that judging it costs next to nothing. Where somebody has two hashes, asking this
// of both first saves judging by the wrong one.
func (j *Judge) Remembers(hash, plain string) bool { return j.remembers(j.digest(hash, plain)) }

// remembers prolongs what it finds: a password that was right stays so, and one in
// steady use is not to be computed every minute.
func (j *Judge) remembers(d digest) bool {
	until, found := j.right.Get(d)
	now := j.now()
	if !found {
		return false
	}
	if !now.Before(until) {
		j.right.Remove(d)
		return false
	}
	j.right.Add(d, now.Add(RememberedFor))
	return true
}

func (j *Judge) digest(hash, plain string) (d digest) {
	h := hmac.New(sha256.New, j.key[:])
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(hash))))
	h.Write([]byte(hash))
	h.Write([]byte(plain))
	h.Sum(d[:0])
	return d
}

// Format writes a placeholder whatever the verb.
func (*Judge) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("password.Judge")) }
