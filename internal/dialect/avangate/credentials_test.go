package avangate

import (
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

var signedAt = time.Date(2010, 5, 13, 12, 12, 12, 0, time.UTC)

// The vectors of the vendor's documentation.
var vectors = map[string]string{
	"md5":      "bf763db7d333e9c3038698cf59ada3e6",
	"sha256":   "29e85dbf92ce0113e7755c31c0438a7db98a4de9f910bf0a527e005f35e43739",
	"sha3-256": "0c7e9c0c96148e5bf8e199a0a0e27977edc099ff0b27794e761853b96e04c7fb",
}

func vendor(algorithms ...string) *signon.Client {
	return &signon.Client{Algorithms: algorithms, ProofSkew: 10 * time.Minute}
}

func TestSignMatchesThePublishedVectors(t *testing.T) {
	for name, want := range vectors {
		for _, spelling := range []string{name, strings.ToUpper(name)} {
			got, err := Sign("AVANGATE", signedAt, "SECRET_KEY", spelling)
			if err != nil {
				t.Fatal(err)
			}
			if want := (Credentials{Code: "AVANGATE", Date: "2010-05-13 12:12:12", Hash: want, Algorithm: name}); got != want {
				t.Errorf("%s: got %+v, want %+v", spelling, got, want)
			}
		}
	}
}

func TestSignUsesSHA256UnlessToldOtherwise(t *testing.T) {
	got, err := Sign("AVANGATE", signedAt.In(time.FixedZone("", 7200)), "SECRET_KEY", "")
	if err != nil || got.Hash != vectors["sha256"] {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestSignRefusesWhatCanNotBeVerified(t *testing.T) {
	for _, c := range []struct{ code, algorithm string }{{"", "md5"}, {"A B", "md5"}, {"AVANGATE", "sha1"}, {"AVANGATE", "none"}} {
		if _, err := Sign(c.code, signedAt, "SECRET_KEY", c.algorithm); err == nil {
			t.Errorf("signed %q with %q", c.code, c.algorithm)
		}
	}
}

func TestValidCode(t *testing.T) {
	for code, want := range map[string]bool{
		"AVANGATE": true, "250111206876": true, "a-b_c.d": true, strings.Repeat("A", 64): true,
		"": false, strings.Repeat("A", 65): false, "A B": false, "Ä": false, "A\x00": false, `A"`: false, "A/B": false,
	} {
		if got := ValidCode(code); got != want {
			t.Errorf("ValidCode(%q): got %v, want %v", code, got, want)
		}
	}
}

func TestVerifyJudgesEveryPart(t *testing.T) {
	good := func(name string) Credentials {
		return Credentials{Code: "AVANGATE", Date: "2010-05-13 12:12:12", Hash: vectors[name], Algorithm: name}
	}
	with := func(c Credentials, change func(*Credentials)) Credentials { change(&c); return c }
	all := vendor(Algorithms()...)
	var known proofs
	for _, c := range []struct {
		name   string
		given  Credentials
		client *signon.Client
		secret signon.Secret
		after  time.Duration
		want   signon.Reason
	}{
		{"md5", good("md5"), all, "SECRET_KEY", 0, ""},
		{"sha256", good("sha256"), all, "SECRET_KEY", 0, ""},
		{"sha3-256", good("sha3-256"), all, "SECRET_KEY", 0, ""},
		{"upper-case name", with(good("sha3-256"), func(c *Credentials) { c.Algorithm = "SHA3-256" }), all, "SECRET_KEY", 0, ""},
		{"upper-case digits", with(good("sha256"), func(c *Credentials) { c.Hash = strings.ToUpper(c.Hash) }), all, "SECRET_KEY", 0, ""},
		{"32 digits without a name", with(good("md5"), func(c *Credentials) { c.Algorithm = "" }), all, "SECRET_KEY", 0, ""},
		{"64 digits without a name", with(good("sha256"), func(c *Credentials) { c.Algorithm = "" }), all, "SECRET_KEY", 0, ""},
		{"sha3 without a name", with(good("sha3-256"), func(c *Credentials) { c.Algorithm = "" }), all, "SECRET_KEY", 0, signon.ReasonBadProof},
		{"10 minutes late", good("sha256"), all, "SECRET_KEY", 10 * time.Minute, ""},
		{"10 minutes early", good("sha256"), all, "SECRET_KEY", -10 * time.Minute, ""},
		{"over 10 minutes late", good("sha256"), all, "SECRET_KEY", 10*time.Minute + time.Second, signon.ReasonStaleProof},
		{"over 10 minutes early", good("sha256"), all, "SECRET_KEY", -10*time.Minute - time.Second, signon.ReasonStaleProof},
		{"400 years late", good("sha256"), all, "SECRET_KEY", 1<<63 - 1, signon.ReasonStaleProof},
		{"other secret", good("sha256"), all, "SECRET_KEX", 0, signon.ReasonBadProof},
		{"other code", with(good("sha256"), func(c *Credentials) { c.Code = "AVANGATF" }), all, "SECRET_KEY", 0, signon.ReasonBadProof},
		{"other date", with(good("sha256"), func(c *Credentials) { c.Date = "2010-05-13 12:12:13" }), all, "SECRET_KEY", 0, signon.ReasonBadProof},
		{"name of another algorithm", with(good("sha256"), func(c *Credentials) { c.Algorithm = "sha3-256" }), all, "SECRET_KEY", 0, signon.ReasonBadProof},
		{"md5 switched off", good("md5"), vendor("sha256"), "SECRET_KEY", 0, signon.ReasonBadAlgorithm},
		{"md5 switched off, no name", with(good("md5"), func(c *Credentials) { c.Algorithm = "" }), vendor("sha256"), "SECRET_KEY", 0, signon.ReasonBadAlgorithm},
	} {
		p, ok := c.given.proof()
		if !ok {
			t.Errorf("%s: taken for malformed", c.name)
			continue
		}
		for _, time := range []string{"first", "second"} { // all cases share what is remembered
			if got := p.verify(c.client, c.secret, signedAt.Add(c.after), &known); got != c.want {
				t.Errorf("%s, %s time: got reason %q, want %q", c.name, time, got, c.want)
			}
		}
	}
}

func TestProofRefusesOtherForms(t *testing.T) {
	good := Credentials{Code: "AVANGATE", Date: "2010-05-13 12:12:12", Hash: vectors["sha256"], Algorithm: "sha256"}
	for name, change := range map[string]func(*Credentials){
		"unknown algorithm":      func(c *Credentials) { c.Algorithm = "sha512" },
		"hash too short":         func(c *Credentials) { c.Hash = c.Hash[1:] },
		"hash too long":          func(c *Credentials) { c.Hash += "0" },
		"hash of another length": func(c *Credentials) { c.Hash = vectors["md5"] },
		"no hash":                func(c *Credentials) { c.Hash = "" },
		"no hash, no algorithm":  func(c *Credentials) { c.Hash, c.Algorithm = "", "" },
		"hash not hexadecimal":   func(c *Credentials) { c.Hash = "g" + c.Hash[1:] },
		"no date":                func(c *Credentials) { c.Date = "" },
		"date without seconds":   func(c *Credentials) { c.Date = "2010-05-13 12:12" },
		"date with fraction":     func(c *Credentials) { c.Date = "2010-05-13 12:12:12.5" },
		"date with T":            func(c *Credentials) { c.Date = "2010-05-13T12:12:12" },
		"date with zone":         func(c *Credentials) { c.Date = "2010-05-13 12:12:12Z" },
		"date with blank":        func(c *Credentials) { c.Date = "2010-05-13  2:12:12" },
		"31 February":            func(c *Credentials) { c.Date = "2010-02-31 12:12:12" },
		"second 60":              func(c *Credentials) { c.Date = "2010-05-13 12:12:60" },
		"hour 24":                func(c *Credentials) { c.Date = "2010-05-13 24:12:12" },
		"month 0":                func(c *Credentials) { c.Date = "2010-00-13 12:12:12" },
		"sign in the year":       func(c *Credentials) { c.Date = "+010-05-13 12:12:12" },
	} {
		c := good
		change(&c)
		if _, ok := c.proof(); ok {
			t.Errorf("%s: accepted %+v", name, c)
		}
	}
}

func TestSignedStringIsUnambiguous(t *testing.T) {
	// The lengths run into the code; the fixed form of the date keeps them apart.
	a := findAlgorithm("sha256", 0)
	seen := map[string]string{}
	for _, code := range []string{"1", "11", "111", "1111111111", "11111111111", "9111111111", "A", "AA"} {
		sum := hex.EncodeToString(a.digest(code, "2010-05-13 12:12:12", "k"))
		if other, ok := seen[sum]; ok {
			t.Errorf("%q and %q sign the same", code, other)
		}
		seen[sum] = code
	}
}

// TestHMACVectors holds the algorithms against Project Wycheproof.
func TestHMACVectors(t *testing.T) {
	corpora := os.Getenv("LATCHKEY_CORPORA")
	if corpora == "" {
		t.Skip("SKIPPED: LATCHKEY_CORPORA is not set; the HMAC vectors were not tried")
	}
	for name, file := range map[string]string{"sha256": "hmac_sha256_test.json", "sha3-256": "hmac_sha3_256_test.json"} {
		data, err := os.ReadFile(filepath.Join(corpora, "wycheproof", file))
		if err != nil {
			t.Fatal(err)
		}
		var doc struct {
			TestGroups []struct {
				TagSize int
				Tests   []struct {
					TcID                   int
					Key, Msg, Tag, Comment string
					Result                 string
				}
			}
		}
		if err := json.Unmarshal(data, &doc); err != nil {
			t.Fatal(err)
		}
		a, tried := findAlgorithm(name, 0), 0
		for _, group := range doc.TestGroups {
			for _, test := range group.Tests {
				key, _ := hex.DecodeString(test.Key)
				message, _ := hex.DecodeString(test.Msg)
				tag, _ := hex.DecodeString(test.Tag)
				right := subtle.ConstantTimeCompare(a.sum(message, key)[:group.TagSize/8], tag) == 1
				if right != (test.Result == "valid") {
					t.Errorf("%s %d (%s): got %v, want %s", file, test.TcID, test.Comment, right, test.Result)
				}
				tried++
			}
		}
		if tried < 100 {
			t.Errorf("%s: only %d vectors", file, tried)
		}
	}
}

func TestAlgorithmsAreLowerCase(t *testing.T) {
	if got := Algorithms(); !slices.Equal(got, []string{"md5", "sha256", "sha3-256"}) {
		t.Errorf("got %q", got)
	}
}
