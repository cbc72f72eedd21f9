package config

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// load writes the text into latchkey.yaml in a directory of its own and loads
// it, with variables as in os.Environ.
func load(t *testing.T, text string, environ ...string) (*Config, error) {
	t.Helper()
	t.Chdir(t.TempDir())
	if err := os.WriteFile("latchkey.yaml", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return Load(Source{File: "latchkey.yaml", Environ: environ})
}

// update writes what is found into the files in testdata, for reading over.
var update = flag.Bool("update", false, "rewrite the problems listed in testdata/mistakes")

const small = `
public_url: https://login.example.com
data_dir: data
tenants:
  - id: shop
    clients: [{id: SHOP, secret: {env: SHOP_SECRET}}]
    destinations: {cart: {}, account: {}}
`

func mustLoad(t *testing.T, text string, environ ...string) *Config {
	t.Helper()
	c, err := load(t, text, environ...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestASmallFileMakesACompleteConfiguration(t *testing.T) {
	c := mustLoad(t, small, "SHOP_SECRET=s3cret")
	got, err := c.Declared()
	if err != nil {
		t.Fatal(err)
	}
	here := []signon.Origin{{Scheme: "https", Host: "login.example.com", Port: 443}}
	want := []signon.Tenant{{
		ID: "shop", Name: "shop", Language: "en", Limits: signon.TenantLimits{LiveGrants: 100_000, LinksPerSubject: 50},
		Clients: []signon.Client{{
			Realm: "avangate", ID: "SHOP", Secrets: []signon.Secret{"s3cret"},
			Algorithms: []string{"sha256", "sha3-256", "md5"}, ProofSkew: 10 * time.Minute,
		}},
		Destinations: []signon.Destination{{
			ID: "cart", Kind: signon.KindCart, Origins: here,
			Paths:            []string{"/order/checkout.php", "/order/cart.php", "/order/trial.php", "/order/upgrade.php", "/order/finish.php"},
			UnsupportedPaths: []string{"/checkout/"}, QueryRequired: true, TokenParam: "logintoken",
			DefaultTTL: 10 * time.Second, MaxTTL: 24 * time.Hour, SessionTTL: 2 * time.Hour, AddrPolicy: signon.AddrExact, OnMismatch: signon.MismatchRefuse,
			Settings: map[string]string{},
		}, {
			ID: "account", Kind: signon.KindAccount, Origins: here, Paths: accountPaths, TokenParam: "logintoken",
			DefaultTTL: 10 * time.Second, MaxTTL: 24 * time.Hour, SessionTTL: 8 * time.Hour, IdleTTL: 30 * time.Minute, AddrPolicy: signon.AddrExact, OnMismatch: signon.MismatchRefuse,
			Settings: map[string]string{},
		}},
	}}
	got[0].Clients[0].Tenant = "" // filled in by the registry
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("declared tenants (-want +got):\n%s", diff)
	}
}

func TestLaterSourcesWin(t *testing.T) {
	file := "data_dir: from-file\nlisten: :1111\nlimits: {connections: 7, idle_timeout: 5}\ntrusted_proxies: [10.0.0.1]\nroot_key: {file: a}\n"
	t.Chdir(t.TempDir())
	if err := os.WriteFile("c.yaml", []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(Source{
		File: "c.yaml",
		Environ: []string{
			"LATCHKEY_LISTEN=:2222", "LATCHKEY_LIMITS_CONNECTIONS=8", "LATCHKEY_LOG_ACCESS=false", "LATCHKEY_DATA_DIR=",
			"LATCHKEY_LIMITS_HANDLER_TIMEOUT=3s", "LATCHKEY_TRUSTED_PROXIES=10.1.0.0/16,::1", "LATCHKEY_ROOT_KEY_ENV=B",
		},
		Override: func(c *Config) { c.Listen = ":3333" },
	})
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.DataDir, want.Listen = "from-file", ":3333"
	want.Limits.Connections, want.Limits.IdleTimeout, want.Limits.HandlerTimeout = 8, Duration(5*time.Second), Duration(3*time.Second)
	want.Log.Access = false
	want.RootKey = SecretRef{Env: "B"}
	opts := cmp.Options{cmpopts.IgnoreUnexported(Config{}, SecretRef{}), cmpopts.IgnoreFields(Config{}, "TrustedProxies")}
	if diff := cmp.Diff(want, c, opts); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := c.Proxies(); len(got) != 2 || got[0].String() != "10.1.0.0/16" || got[1].String() != "::1/128" {
		t.Errorf("trusted proxies: got %v", got)
	}
}

// Each file in testdata/mistakes ends with the problems it has, as comments.
func TestEveryMistakeIsNamedWithItsPlace(t *testing.T) {
	files, err := filepath.Glob("testdata/mistakes/*.yaml")
	if err != nil || len(files) < 3 {
		t.Fatalf("got %d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			path, err := filepath.Abs(file)
			if err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var want []string
			for line := range strings.Lines(string(text)) {
				if w, ok := strings.CutPrefix(line, "#= "); ok {
					want = append(want, strings.TrimSpace(w))
				}
			}
			_, err = load(t, string(text))
			if err == nil {
				t.Fatal("got no error")
			}
			got := strings.Split(err.Error(), "\n")
			if *update {
				head, _, _ := strings.Cut(string(text), "#=")
				text = []byte(head + "#= " + strings.Join(got, "\n#= ") + "\n")
				if err := os.WriteFile(path, text, 0o600); err != nil {
					t.Fatal(err)
				}
			} else if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAMistakeInAVariableNamesTheVariable(t *testing.T) {
	_, err := load(t, small, "LATCHKEY_LIMITS_CONNECTIONS=many", "LATCHKEY_LOG_LEVEL=loud", "LATCHKEY_LIMITS_IDLE_TIMEOUT=soon")
	for _, want := range []string{
		"LATCHKEY_LOG_LEVEL: log.level must be debug, info, warn or error",
		"Connections must be a whole number", "IdleTimeout must be a time",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
	}
}

func TestASecretInTheFileIsRefusedAndNotPrinted(t *testing.T) {
	const canary = "canary-7f3a"
	_, err := load(t, strings.ReplaceAll(small, "{env: SHOP_SECRET}", canary)+"root_key: "+canary+"\n")
	if err == nil || !strings.Contains(err.Error(), "latchkey.yaml:6:34: tenants[0].clients[0].secret must say where the secret is") {
		t.Errorf("got %v", err)
	}
	if err != nil && strings.Contains(err.Error(), canary) {
		t.Error("the error holds the secret")
	}
}

func TestASecretThatIsNotThereIsNamedWithItsPlace(t *testing.T) {
	text := strings.ReplaceAll(small, "secret: {env: SHOP_SECRET}", "secret: {env: SHOP_SECRET}, previous_secret: {file: gone}")
	_, err := mustLoad(t, text).Declared()
	want := "latchkey.yaml:6:26: tenants[0].clients[0].secret is not there: the environment variable SHOP_SECRET is not set\n" +
		"latchkey.yaml:6:54: tenants[0].clients[0].previous_secret can't be read: open gone: no such file or directory"
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%v", err, want)
	}
}

func TestSecretsAreReadFromFilesAndCredentials(t *testing.T) {
	text := strings.ReplaceAll(small, "secret: {env: SHOP_SECRET}", "secret: {file: new}, previous_secret: {credential: old}")
	c := mustLoad(t, text, "CREDENTIALS_DIRECTORY=creds")
	if err := os.Mkdir("creds", 0o700); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"new": "newer\n", "creds/old": "older"} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tenants, err := c.Declared()
	if err != nil {
		t.Fatal(err)
	}
	if got := tenants[0].Clients[0].Secrets; len(got) != 2 || got[0].Reveal() != "newer" || got[1].Reveal() != "older" {
		t.Errorf("got %d secrets, or others than newer and older", len(got))
	}
}

func TestRootKeyMustBePrivateAndWhole(t *testing.T) {
	const good = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
	for name, c := range map[string]struct {
		yaml, content string
		mode          os.FileMode
		environ, want string
	}{
		"a private file":           {"root_key: {file: k}", good + "\n", 0o600, "", ""},
		"read-only":                {"root_key: {file: k}", good, 0o400, "", ""},
		"a file others can read":   {"root_key: {file: k}", good, 0o640, "", "must be readable by its owner only: chmod 600 k"},
		"no file":                  {"root_key: {file: none}", "", 0o600, "", "`latchkey keygen none` makes a key"},
		"a short key":              {"root_key: {file: k}", good[2:], 0o600, "", "must be 64 hexadecimal digits"},
		"not hexadecimal":          {"root_key: {file: k}", "x" + good[1:], 0o600, "", "must be 64 hexadecimal digits"},
		"an empty file":            {"root_key: {file: k}", "", 0o600, "", "must have 1 to"},
		"the variable":             {"", "", 0o600, "LATCHKEY_ROOT_KEY=" + good, ""},
		"no variable":              {"", "", 0o600, "", "the environment variable LATCHKEY_ROOT_KEY is not set"},
		"a variable of other name": {"root_key: {env: K}", "", 0o600, "K=" + good, ""},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := mustLoad(t, "data_dir: d\n"+c.yaml, c.environ)
			if err := os.WriteFile("k", []byte(c.content), c.mode); err != nil {
				t.Fatal(err)
			}
			root, previous, err := cfg.RootKeys()
			if c.want == "" {
				if err != nil || len(root) != signon.RootKeyLen || previous != nil {
					t.Errorf("got %d bytes, %v; want a key", len(root), err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q in it", err, c.want)
			}
			if err != nil && len(c.content) > 9 && strings.Contains(err.Error(), c.content[2:9]) {
				t.Error("the error holds the key")
			}
		})
	}
}

func TestTheExampleIsRight(t *testing.T) {
	c, err := Load(Source{File: "../../docs/latchkey.example.yaml", Environ: []string{"LATCHKEY_EXAMPLE_SECRET=x"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Declared(); err != nil {
		t.Error(err)
	}
}

// What the example shows as comments is what happens without it.
func TestTheExamplesCommentsAreTheDefaults(t *testing.T) {
	b, err := os.ReadFile("../../docs/latchkey.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	example := strings.NewReplacer("# log:", "log:", "#   level", "  level", "#   format", "  format", "#   access", "  access",
		"# limits:", "limits:", "#   live", "  live", "#   links", "  links", "#   failed", "  failed", "#   misses", "  misses",
		"# client_ip", "client_ip", "# algorithms", "algorithms", "# skew", "skew", "# hosts", "hosts", "# unsupported", "unsupported",
		"# default_ttl", "default_ttl", "# max_ttl", "max_ttl", "# session_ttl", "session_ttl", "# ip_mismatch", "ip_mismatch").Replace(string(b))
	if strings.Count(example, "#") >= strings.Count(string(b), "#")-12 {
		t.Fatal("the example's comments are not as this test expects them")
	}
	plain, explicit := mustLoad(t, string(b)), mustLoad(t, example)
	if diff := cmp.Diff(plain, explicit, cmpopts.IgnoreUnexported(Config{}, SecretRef{}), cmp.Comparer(func(a, b Network) bool { return a == b })); diff != "" {
		t.Errorf("(-plain +explicit):\n%s", diff)
	}
}

func TestTheReferenceIsCompleteAndUpToDate(t *testing.T) {
	var got bytes.Buffer
	if err := WriteReference(&got); err != nil {
		t.Fatal(err)
	}
	text, err := comments()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range fieldsOf(reflect.ValueOf(*Default()), "", EnvPrefix) {
		doc := text[f.owner+"."+f.name]
		if !strings.HasPrefix(doc, f.name+" ") || !strings.HasSuffix(doc, ".") {
			t.Errorf("%s: the comment %q must begin with the field's name and end with a full stop", f.Path, doc)
		}
	}
	if *update {
		if err := os.WriteFile("../../docs/configuration.md", got.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	page, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(page), got.String()); diff != "" {
		t.Errorf("docs/configuration.md is not what `latchkey config docs` prints (-page +printed):\n%s", diff)
	}
}

func TestDurationPrintsAsItIsRead(t *testing.T) {
	for text, want := range map[string]string{"10": "10s", "1m30s": "1m30s", "60": "1m", "24h": "24h", "0": "0s", "1500ms": "1.5s"} {
		var d Duration
		if err := d.UnmarshalText([]byte(text)); err != nil || d.String() != want {
			t.Errorf("%s: got %s, %v, want %s", text, d, err, want)
		}
	}
	for _, text := range []string{"", "-1s", "-5", "1,5s", "10 s", "99999999999"} {
		if err := new(Duration).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q: got no error", text)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(small)
	f.Add("a: &x [1]\nb: *x\n")
	f.Add("tenants: {}\nlimits: []\n---\n? x\n")
	f.Fuzz(func(t *testing.T, text string) {
		file, err := parse([]byte(text))
		if err != nil {
			return
		}
		decode(Default(), file) // must not panic, nor hang
	})
}
