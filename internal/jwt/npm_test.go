package jwt

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// task is something for testdata/judge.js to do.
type task struct {
	Task   string          `json:"task"`
	JWK    json.RawMessage `json:"jwk,omitempty"`
	JWKS   json.RawMessage `json:"jwks,omitempty"`
	Claims string          `json:"claims,omitempty"`
	Token  string          `json:"token,omitempty"`
	Now    int64           `json:"now,omitempty"`
	Pool   string          `json:"pool,omitempty"`
	Client string          `json:"client,omitempty"`
}

type verdict struct{ Result, Refused string }

// judge has others sign and verify. Without them the test is skipped, but never
// where the outcome counts.
func judge(t *testing.T, tasks ...task) []verdict {
	t.Helper()
	packages, err := filepath.Abs(filepath.Join("..", "..", "bin", "npm", "node_modules"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	env := append(os.Environ(), "NODE_PATH="+packages)
	probe := exec.CommandContext(ctx, "node", "-e", "require('jsonwebtoken'); require('aws-jwt-verify')")
	probe.Env = env
	if err := probe.Run(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("no jsonwebtoken and aws-jwt-verify from npm: run scripts/setup (%v)", err)
		}
		t.Skip("SKIPPED: no jsonwebtoken and aws-jwt-verify from npm here, so nobody else judges tokens (scripts/setup)")
	}
	input, err := json.Marshal(tasks)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, "node", filepath.Join("testdata", "judge.js"))
	cmd.Env, cmd.Stdin, cmd.Stderr = env, bytes.NewReader(input), os.Stderr
	output, err := cmd.Output()
	if err != nil {
		t.Fatalf("judge.js: %v", err)
	}
	var verdicts []verdict
	if err := json.Unmarshal(output, &verdicts); err != nil || len(verdicts) != len(tasks) {
		t.Fatalf("judge.js: got %d verdicts on %d tasks, %v", len(verdicts), len(tasks), err)
	}
	return verdicts
}

func jwkOf(t *testing.T, key Key) json.RawMessage {
	t.Helper()
	data, err := key.JWK()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// ssoClaims are claims of which the order of the members counts.
type ssoClaims struct {
	Subject string `json:"CIINo"`
	Date    string `json:"Date"`
	iat
	ID string `json:"jti"`
}

type iat struct {
	IssuedAt  int64 `json:"iat"`
	ExpiresAt int64 `json:"exp"`
}

// TestOthersSignTheSameBytes holds whole tokens against those of jsonwebtoken,
// with every kind of character in the claims.
func TestOthersSignTheSameBytes(t *testing.T) {
	key := keyOf(t, HS256)
	subjects := []string{"10001004", "", "<a href=\"x\">&amp;</a>", "\u2028\u2029", `\u2028 \\u2029 \\\u2028`, "\\\u2028", "é€𝄞", "/'`\x7f", "\ufeff\ufffd\uffff"}
	for c := range rune(0x20) {
		subjects = append(subjects, string(c)+"x")
	}
	var ours []string
	var tasks []task
	for _, subject := range subjects {
		text, err := Encode(ssoClaims{Subject: subject, Date: "2025-01-20T08:49:46.756Z", iat: iat{1737362986, 1737366586}, ID: "1737362986756123"})
		if err != nil {
			t.Fatal(err)
		}
		ours = append(ours, sign(t, key, string(text)))
		tasks = append(tasks, task{Task: "sign", JWK: jwkOf(t, key), Claims: string(text)})
	}
	for i, got := range judge(t, tasks...) {
		if got.Result != ours[i] {
			t.Errorf("claims of %q: got %s, theirs is %s%s", subjects[i], ours[i], got.Result, got.Refused)
		}
	}
}

func TestOthersVerifyOursAndWeTheirs(t *testing.T) {
	const claims = `{"CIINo":"10001004","Functionality":"<D>","iat":1737362986,"exp":1737366586}`
	signs := []Algorithm{HS256, RS256, ES256} // jsonwebtoken has no EdDSA
	var tasks []task
	for _, alg := range signs {
		key := keyOf(t, alg)
		ours := sign(t, key, claims)
		tasks = append(tasks,
			task{Task: "sign", JWK: jwkOf(t, key), Claims: claims},
			task{Task: "verify", JWK: jwkOf(t, key), Token: ours, Now: 1737366585},
			task{Task: "verify", JWK: jwkOf(t, key), Token: ours, Now: 1737366586},
			task{Task: "verify", JWK: jwkOf(t, key), Token: ours[:len(ours)-8] + "AAAAAAAA", Now: 1737366585})
	}
	got := judge(t, tasks...)
	for i, alg := range signs {
		theirs, valid, expired, changed := got[4*i].Result, got[4*i+1], got[4*i+2], got[4*i+3]
		if text, _, err := Verify(context.Background(), theirs, Set{keyOf(t, alg)}); err != nil || string(text) != claims {
			t.Errorf("%s: their token %s: got %q, %v", alg, theirs, text, err)
		}
		if valid.Result != claims {
			t.Errorf("%s: they read ours as %q, %s", alg, valid.Result, valid.Refused)
		}
		if err := CheckTime([]byte(claims), time.Unix(1737366585, 999), 0); err != nil {
			t.Errorf("before the end: got %v, want nil", err)
		}
		if expired.Refused != "TokenExpiredError: jwt expired" || CheckTime([]byte(claims), time.Unix(1737366586, 0), 0) == nil {
			t.Errorf("%s: at the end they say %q %q, and so should we", alg, expired.Result, expired.Refused)
		}
		if !strings.HasPrefix(changed.Refused, "JsonWebTokenError: invalid signature") {
			t.Errorf("%s: a changed token: they say %q %q", alg, changed.Result, changed.Refused)
		}
	}
}

// TestAClientOfCognitoAcceptsOurs has a verifier of access tokens read our key set
// and tokens in the shape of Cognito's.
func TestAClientOfCognitoAcceptsOurs(t *testing.T) {
	key, other := keyOf(t, RS256), keyOf(t, ES256)
	at := time.Now().Unix()
	claims, err := json.Marshal(map[string]any{
		"iss": "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Example", "token_use": "access", "client_id": "c1",
		"scope": "sso/issue", "sub": "c1", "version": 2, "jti": "1", "iat": at, "auth_time": at, "exp": at + 3600,
	})
	if err != nil {
		t.Fatal(err)
	}
	cognito := task{
		Task: "cognito", JWKS: published(t, other, key), Token: sign(t, key, string(claims)),
		Pool: "eu-west-1_Example", Client: "c1",
	}
	forged := cognito
	forged.Token = signRaw(t, freshKey(t, HS256), `{"alg":"HS256","kid":"`+key.ID()+`"}`, string(claims))
	got := judge(t, cognito, forged)
	if got[0].Result == "" {
		t.Errorf("they refuse ours: %s", got[0].Refused)
	}
	if got[1].Refused == "" {
		t.Error("they accept a forged one, so they judge nothing")
	}
}
