package lob_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
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
	Token  string          `json:"token"`
	Secret string          `json:"secret,omitempty"`
	Now    int64           `json:"now,omitempty"`
	Issuer string          `json:"issuer,omitempty"`
	Scope  string          `json:"scope,omitempty"`
	JWKS   json.RawMessage `json:"jwks,omitempty"`
}

type verdict struct{ Result, Refused string }

// judge has others sign and verify. Without them the test is skipped, but never
// where the outcome counts.
func judge(t *testing.T, tasks ...task) []verdict {
	t.Helper()
	packages, err := filepath.Abs(filepath.Join("..", "..", "..", "bin", "npm", "node_modules"))
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

// TestOthersSignTheSameBytes has jsonwebtoken verify what the API gave out, and sign
// it anew.
func TestOthersSignTheSameBytes(t *testing.T) {
	w := newWorld(t)
	var tasks []task
	for _, target := range []string{"D", "<&>", `\"'/`, "ä€𝄞", "a\u2028\u2029", "   x"} {
		text, err := json.Marshal(target)
		if err != nil {
			t.Fatal(err)
		}
		a := tokenOf(t, w.send(w.request("get_sso_token", fmt.Sprintf(`{"CIINo":"10001004","LOBId":"01","Functionality":%s}`, text))))
		now := w.clock.Now().Unix()
		tasks = append(tasks,
			task{Task: "resign", Token: a.TokenNo, Secret: demoKey, Now: now}, task{Task: "expiring", Token: a.TokenNo, Secret: demoKey},
			task{Task: "resign", Token: a.TokenNo, Secret: demoKey, Now: now + 3600}, task{Task: "resign", Token: a.TokenNo, Secret: "latchkey-demo-lob-03-key-32bytes", Now: now})
	}
	got := judge(t, tasks...)
	for i := 0; i < len(tasks); i += 4 {
		for _, v := range got[i : i+2] {
			if v.Result != tasks[i].Token {
				t.Errorf("ours   %s\ntheirs %s%s", tasks[i].Token, v.Result, v.Refused)
			}
		}
		if got[i+2].Refused != "TokenExpiredError: jwt expired" || got[i+3].Refused != "JsonWebTokenError: invalid signature" {
			t.Errorf("they refuse it as %q and %q", got[i+2].Refused, got[i+3].Refused)
		}
	}
}

// TestOthersAcceptOurAccessTokens has aws-jwt-verify read the key set and tokens of
// the built-in issuer.
func TestOthersAcceptOurAccessTokens(t *testing.T) {
	w := newWorld(t)
	w.clock.advance(time.Since(w.clock.Now())) // they know no other clock
	token, _ := w.accessOf(w.send(ask("grant_type=client_credentials", "demo:demo-secret")))
	good := task{Task: "access", Token: token, Issuer: base + "/oauth2", Scope: scope, JWKS: json.RawMessage(w.keySet("/oauth2/.well-known/jwks.json"))}
	elsewhere, weak, forged := good, good, good
	elsewhere.Issuer, weak.Scope, forged.Token = base, "profile/read", token[:len(token)-8]+"AAAAAAAA"
	got := judge(t, good, elsewhere, weak, forged)
	if !strings.Contains(got[0].Result, `"client_id":"demo"`) {
		t.Errorf("they refuse ours: %s", got[0].Refused)
	}
	for i, v := range got[1:] {
		if v.Refused == "" {
			t.Errorf("they accept the bad one number %d, so they judge nothing", i+1)
		}
	}
}
