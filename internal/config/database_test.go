package config

import (
	"os"
	"strings"
	"testing"
)

func TestTheDatabaseIsNamedInAFileOrAVariable(t *testing.T) {
	const address, other = "postgres://latchkey:s3cret@db.example.com/latchkey", "postgres://other/latchkey"
	for name, c := range map[string]struct{ yaml, environ, want string }{
		"not at all":                     {"", "", ""},
		"a file":                         {"database: {file: url}", "", address},
		"a variable":                     {"database: {env: DB}", "DB=" + other, other},
		"the variable":                   {"", "LATCHKEY_DATABASE=" + other, other},
		"a file, whatever the variable":  {"database: {file: url}", "LATCHKEY_DATABASE=" + other, address},
		"a variable that names the file": {"database: {env: DB}", "LATCHKEY_DATABASE_FILE=url", address},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := mustLoad(t, "data_dir: d\n"+c.yaml, c.environ)
			if err := os.WriteFile("url", []byte(address+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := cfg.DatabaseURL()
			if err != nil || got.Reveal() != c.want || cfg.Shared() != (c.want != "") {
				t.Errorf("got another address than wanted, or %v", err)
			}
		})
	}
}

func TestAnAddressThatCantBeUsedIsNotRepeated(t *testing.T) {
	for address, want := range map[string]string{
		"mysql://u:s3cret@h/d":                          "must be an address as in postgres://",
		"postgres://u:s3cret%@h/d":                      "must be an address as in postgres://",
		"host=h password=s3cret":                        "must be an address as in postgres://",
		"postgres://u:s3cret@h":                         "must name a database",
		"postgres://u:s3cret@h/d?sslmode=perhaps":       "look at sslmode",
		"postgres://u:s3cret@h:port/d":                  "must be an address as in postgres://",
		"postgres://u:s3cret@h/d?sslrootcert=/nowhere.": "look at sslmode",
		"": "LATCHKEY_DB is not set",
	} {
		cfg := mustLoad(t, "data_dir: d\ndatabase: {env: LATCHKEY_DB}", "LATCHKEY_DB="+address)
		_, err := cfg.DatabaseURL()
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: got %v, want %q and no password", address, err, want)
		}
	}
}

func TestTheAddressItselfIsNoSetting(t *testing.T) {
	_, err := load(t, "data_dir: d\ndatabase: postgres://u:s3cret@h/d")
	if err == nil || !strings.Contains(err.Error(), "must say where the secret is") || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("got %v", err)
	}
}
