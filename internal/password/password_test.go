package password

import (
	"fmt"
	"strings"
	"testing"
)

// hashOf is the hash of "correct horse", made once.
const hashOf = "$argon2id$v=19$m=19456,t=2,p=1$Auk0NXrRhbnXX4IqexTavw$kpfPt4EoqaEsYvIAjKTQ4WcdcmKCBSlLAlKK9BwesLQ"

func mustHash(t testing.TB, plain string) string {
	t.Helper()
	hash, err := Hash(plain)
	if err != nil {
		t.Fatal(err)
	}
	return hash
}

func TestAHashIsJudgeableAndHasASaltOfItsOwn(t *testing.T) {
	first, second := mustHash(t, "same"), mustHash(t, "same")
	if !strings.HasPrefix(first, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("got a hash of other parameters")
	}
	if first == second {
		t.Error("two hashes of one password are the same: no salt")
	}
	for _, hash := range []string{first, standIn} {
		if err := Check(hash); err != nil {
			t.Errorf("Check: %v", err)
		}
	}
	if _, err := Hash(""); err == nil {
		t.Error("an empty password was hashed")
	}
}

func TestCheckRefusesWhatCannotBeJudgedByAndDoesNotRepeatIt(t *testing.T) {
	const salt, key = "c2FsdHNhbHRzYWx0c2FsdA", "a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2U"
	made := func(params string) string { return "$argon2id$v=19$" + params + "$" + salt + "$" + key }
	const notation = "is no Argon2id hash"
	for hash, want := range map[string]string{
		"":                                                    notation,
		"password":                                            notation,
		made("m=19456,t=2,p=1"):                               "",
		made("m=65536,t=4,p=4"):                               "",
		made("m=7168,t=5,p=1"):                                "",
		made("m=7167,t=6,p=1"):                                "memory is not",
		made("m=65537,t=1,p=1"):                               "memory is not",
		made("m=4294967295,t=1,p=1"):                          "memory is not",
		made("m=4294967296,t=1,p=1"):                          notation,
		made("m=19456,t=1,p=1"):                               "memory times passes is not",
		made("m=19456,t=0,p=1"):                               "memory times passes is not",
		made("m=65536,t=5,p=1"):                               "memory times passes is not",
		made("m=8192,t=4294967295,p=1"):                       "memory times passes is not",
		made("m=19456,t=2,p=0"):                               "parallelism is not",
		made("m=19456,t=2,p=5"):                               "parallelism is not",
		made("m=19456,t=2,p=256"):                             notation,
		made("m=19456,t=2,p=1 "):                              notation,
		made("m=19456,t=2,p=1,x=1"):                           notation,
		made("m=019456,t=2,p=1"):                              notation,
		made("m=+19456,t=2,p=1"):                              notation,
		made("t=2,m=19456,p=1"):                               notation,
		made("m=19456,t=2,p=1") + "=":                         notation,
		made("m=19456,t=2,p=1") + "\n":                        notation,
		made("m=19456,t=2,p=1") + "$":                         notation,
		" " + made("m=19456,t=2,p=1"):                         notation,
		"$argon2i$v=19$m=19456,t=2,p=1$" + salt + "$" + key:   notation,
		"$argon2id$v=16$m=19456,t=2,p=1$" + salt + "$" + key:  notation,
		"$argon2id$v=19x$m=19456,t=2,p=1$" + salt + "$" + key: notation,
		"$argon2id$v=19$m=19456,t=2,p=1$c2Fs\ndHNhbHRzYWx0c2FsdA$" + key:           notation,
		"$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$" + key:                             "salt is not",
		"$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$a2V5":                         "key is not",
		"$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$":                             "key is not",
		"$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$" + strings.Repeat("A", 1000): notation,
		"$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy":             notation,
	} {
		err := Check(hash)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", hash, err, want)
		}
		if err != nil && (strings.Contains(err.Error(), salt) || strings.Contains(err.Error(), key)) {
			t.Errorf("the error repeats the hash: %v", err)
		}
	}
}

func TestAJudgeNeverPrintsWhatItHolds(t *testing.T) {
	j := NewJudge()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		if got := fmt.Sprintf(verb, j); got != "password.Judge" {
			t.Errorf("%s: got %s", verb, got)
		}
	}
}

// What Check lets pass must be computed without panic and without surprise.
func FuzzCheck(f *testing.F) {
	f.Add(hashOf)
	f.Add(standIn)
	f.Add("$argon2id$v=19$m=7168,t=5,p=4$c2FsdHNhbHQ$a2V5a2V5a2V5a2V5a2V5a2V5")
	f.Add("$argon2id$v=19$m=-1,t=0,p=-1$$")
	f.Fuzz(func(t *testing.T, hash string) {
		if Check(hash) != nil {
			return
		}
		if compute(hash, "a password that is not it") {
			t.Errorf("%q: a password is right that can't be", hash)
		}
	})
}
