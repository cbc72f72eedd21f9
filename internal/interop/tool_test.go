package interop

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/dev"
)

// patience is how long a client may take for all it is asked. It ends hangs
// only.
const patience = 10 * time.Minute

// tool is a language with the client that is driven in it.
type tool struct {
	what     string   // and where it comes from
	commands []string // of which the first is taken with which the probe succeeds
	probe    []string

	once sync.Once
	path string
}

var (
	php = &tool{
		what: "PHP with SOAP (php-cli, php-soap)", commands: []string{"php"},
		probe: []string{"-r", `exit((int) !extension_loaded("soap"));`},
	}
	// Debian's packages are for Debian's Python, which need not be the first one.
	python = &tool{
		what: "zeep for Python (python3-zeep)", commands: []string{"python3", "/usr/bin/python3"},
		probe: []string{"-c", "import importlib.util, sys; sys.exit(importlib.util.find_spec('zeep') is None)"},
	}
	perl = &tool{
		what: "SOAP::Lite for Perl (libsoap-lite-perl)", commands: []string{"perl"},
		probe: []string{"-MSOAP::Lite", "-e1"},
	}
	node = &tool{
		what: "Node 20 or later", commands: []string{"node"},
		probe: []string{"-e", "process.exit(+(parseInt(process.versions.node) < 20))"},
	}
	npmSoap = &tool{
		what: "soap from npm with Node 20 or later", commands: node.commands,
		probe: []string{"-e", "require.resolve('soap'); process.exit(+(parseInt(process.versions.node) < 20))"},
	}
)

// command returns a command of the tool, which knows the demo from its
// environment. Without the tool the test is skipped, but never where the outcome
// counts.
func (l *tool) command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	home := t.TempDir()
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "TMPDIR=" + home, "LANG=C.UTF-8", "NODE_PATH=" + npmPackages(t)}
	if l.once.Do(func() { l.find(env) }); l.path == "" {
		if os.Getenv("CI") == "true" {
			t.Fatalf("there is no %s here: run scripts/setup", l.what)
		}
		t.Skipf("SKIPPED: there is no %s here, so nothing is known of this client (scripts/setup)", l.what)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, l.path, args...)
	cmd.Env = slices.Concat(env, []string{"LATCHKEY_URL=" + demo.url(t), "MERCHANT_CODE=" + dev.MerchantCode, "SECRET_KEY=" + dev.SecretKey})
	return cmd
}

func (l *tool) find(env []string) {
	for _, name := range l.commands {
		probe := exec.Command(name, l.probe...)
		if probe.Env = env; probe.Run() == nil {
			l.path = name
			return
		}
	}
}

// npmPackages returns where scripts/setup puts packages from npm.
func npmPackages(t *testing.T) string { return absolute(t, "../../bin/npm/node_modules") }

func absolute(t *testing.T, path string) string {
	t.Helper()
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return path
}
