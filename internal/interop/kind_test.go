package interop

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// npm is where scripts/setup puts packages from npm.
var npm = filepath.Join("..", "..", "bin", "npm", "node_modules")

// kind is a client in one of the ways in which it is used.
type kind struct {
	name   string
	tool   func(*testing.T) []string // the start of its command line
	script []string                  // the rest: the driver and its arguments

	// rpc says that it speaks JSON-RPC, not SOAP.
	rpc bool
	// described says that the client knows the service by its WSDL.
	described bool
	// noSHA3 says that the client's language alone can't make that proof.
	noSHA3 bool
	// noObjects says that the client can't pass objects.
	noObjects bool
	// converts says that the client makes of an argument what its description
	// says, and so a zero of an empty text.
	converts bool
	// untyped says that the client has texts for numbers and truths.
	untyped bool
	// blankIsNull says that the client has null for an empty text.
	blankIsNull bool
}

// kinds are the clients. All paths of the service have one that uses it.
var kinds = []kind{
	{name: "PHP SoapClient by WSDL", tool: php, script: soapPHP("/soap/6.0/", "wsdl"), described: true, converts: true},
	{name: "PHP SoapClient by WSDL with Maps and gzip", tool: php, script: soapPHP("/soap/3.0/", "wsdl", "maps", "gzip"), described: true, converts: true},
	{name: "PHP SoapClient by WSDL in Latin-1", tool: php, script: soapPHP("/soap/4.0", "wsdl", "latin1"), described: true, converts: true},
	{name: "PHP SoapClient by location", tool: php, script: soapPHP("/soap/6.0", "location")},
	{name: "PHP SoapClient by location with Maps and gzip", tool: php, script: soapPHP("/soap/5.0/", "location", "maps", "gzip")},
	{name: "PHP SoapClient by location with named SoapVars in reverse order", tool: php, script: soapPHP("/soap/6.0/?wsdl", "location", "named", "vars")},
	{name: "PHP SoapClient by location in Latin-1", tool: php, script: soapPHP("/soap/6.0/", "location", "latin1")},
	{name: "Python zeep", tool: python, script: []string{"testdata/python/soap.py"}, described: true, blankIsNull: true},
	{name: "npm soap", tool: node, script: []string{"testdata/node/soap.js"}, described: true, blankIsNull: true},
	{name: "SOAP Lite by WSDL", tool: perl, script: []string{"testdata/perl/soap.pl", "wsdl"}, described: true, untyped: true, noObjects: true, noSHA3: true},
	{name: "SOAP Lite by proxy and uri", tool: perl, script: []string{"testdata/perl/soap.pl", "proxy"}, untyped: true, noSHA3: true},
	{name: "SOAP Lite by proxy and uri in Latin-1", tool: perl, script: []string{"testdata/perl/soap.pl", "proxy", "latin1"}, untyped: true, noSHA3: true},
	{name: "JSON-RPC from PHP over HTTP 1.0", tool: php, script: []string{"testdata/php/rpc.php", "/rpc/6.0/"}, rpc: true},
	{name: "JSON-RPC from PHP over HTTP 1.0 with named arguments", tool: php, script: []string{"testdata/php/rpc.php", "/rpc/3.0", "named"}, rpc: true},
	{name: "JSON-RPC from Node", tool: node, script: []string{"testdata/node/rpc.js", "/rpc/6.0"}, rpc: true},
	{name: "JSON-RPC from Node in batches with notifications", tool: node, script: []string{"testdata/node/rpc.js", "/rpc/5.0/", "batch"}, rpc: true},
}

func soapPHP(how ...string) []string { return append([]string{"testdata/php/soap.php"}, how...) }

// faultStatus returns the HTTP status of a fault.
func (k *kind) faultStatus() int {
	if k.rpc {
		return http.StatusOK
	}
	return http.StatusInternalServerError
}

func php(t *testing.T) []string {
	t.Helper()
	return installed(t, "PHP with SOAP (php-cli, php-soap)", "-r", `exit((int) !extension_loaded("soap"));`, "php")
}

func python(t *testing.T) []string {
	t.Helper()
	// Debian's packages are for Debian's Python, which need not be the first one.
	return installed(t, "zeep for Python (python3-zeep)", "-c", "import importlib.util, sys; sys.exit(importlib.util.find_spec('zeep') is None)", "python3", "/usr/bin/python3")
}

func perl(t *testing.T) []string {
	t.Helper()
	return installed(t, "SOAP::Lite for Perl (libsoap-lite-perl)", "-MSOAP::Lite", "-e1", "perl")
}

func node(t *testing.T) []string {
	t.Helper()
	if _, err := os.Stat(filepath.Join(npm, "soap", "package.json")); err != nil {
		missing(t, "soap from npm (scripts/setup, which needs npm)")
	}
	return installed(t, "Node 20 or later", "-e", "process.exit(+(parseInt(process.versions.node) < 20))", "node")
}

// installed returns the first command that succeeds with those two arguments.
func installed(t *testing.T, what, flag, probe string, commands ...string) []string {
	t.Helper()
	for _, name := range commands {
		if exec.Command(name, flag, probe).Run() == nil {
			return []string{name}
		}
	}
	missing(t, what)
	return nil
}

// missing skips the test, but never where the outcome counts.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("there is no %s here: run scripts/setup", what)
	}
	t.Skipf("SKIPPED: there is no %s here, so nothing is known of this client (scripts/setup)", what)
}
