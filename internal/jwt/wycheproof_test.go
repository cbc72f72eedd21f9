package jwt

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// vectors are the test vectors of Project Wycheproof for JSON Web Signatures.
type vectors struct {
	Groups []struct {
		Comment string          `json:"comment"`
		Private json.RawMessage `json:"private"`
		Public  json.RawMessage `json:"public"`
		Tests   []struct {
			ID      int    `json:"tcId"`
			Comment string `json:"comment"`
			JWS     string `json:"jws"`
			Result  string `json:"result"`
		} `json:"tests"`
	} `json:"testGroups"`
}

func wycheproof(t *testing.T) vectors {
	t.Helper()
	corpora := os.Getenv("LATCHKEY_CORPORA")
	if corpora == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("LATCHKEY_CORPORA does not name a folder of public test data")
		}
		t.Skip("SKIPPED: LATCHKEY_CORPORA is not set; the vectors of Wycheproof were not tried")
	}
	data, err := os.ReadFile(filepath.Join(corpora, "wycheproof", "json_web_signature_test.json"))
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// misjudged are vectors whose opposite is true for readers as strict as we are.
var misjudged = map[int]string{
	367: "called invalid for its padding, but has none: it is the valid 357",
	370: "likewise",
	372: "called valid with a character in its header that is not of base64url",
	373: "likewise in its payload",
}

func TestVectorsOfWycheproof(t *testing.T) {
	verified, refused := 0, 0
	for _, group := range wycheproof(t).Groups {
		jwk := group.Public
		if jwk == nil {
			jwk = group.Private
		}
		var is struct{ Alg string }
		if err := json.Unmarshal(jwk, &is); err != nil {
			t.Fatal(err)
		}
		key, err := ParseKey(jwk)
		if err != nil && Algorithm(is.Alg).known() {
			t.Errorf("%s: the key of %s was refused", group.Comment, is.Alg)
		}
		for _, test := range group.Tests {
			_, _, err := verify(context.Background(), test.JWS, Set{key})
			valid := !key.IsZero() && (test.Result == "valid") == (misjudged[test.ID] == "")
			if (err == nil) != valid {
				t.Errorf("%s, %d %s: got %v, want valid: %v", group.Comment, test.ID, test.Comment, err, valid)
			}
			if valid {
				verified++
			} else {
				refused++
			}
		}
	}
	if verified != 20 || refused != 381 {
		t.Errorf("got %d valid vectors of our algorithms and %d others, want 20 and 381", verified, refused)
	}
}

// TestVectorsOfWycheproofInASet has the same keys published by somebody else:
// what is for encryption must not verify a signature.
func TestVectorsOfWycheproofInASet(t *testing.T) {
	for _, group := range wycheproof(t).Groups {
		if group.Public == nil {
			continue
		}
		set := []byte(`{"keys":[` + string(group.Public) + `]}`)
		for _, test := range group.Tests {
			accepted := false
			for _, alg := range []Algorithm{RS256, ES256, EdDSA} {
				keys, err := parseSet(set, alg)
				if err != nil {
					t.Fatal(err)
				}
				_, _, err = verify(context.Background(), test.JWS, keys)
				accepted = accepted || err == nil
			}
			if accepted && test.Result != "valid" {
				t.Errorf("%s, %d %s: accepted", group.Comment, test.ID, test.Comment)
			}
		}
	}
}
