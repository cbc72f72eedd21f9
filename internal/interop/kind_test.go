package interop

import "net/http"

// kind is a client in one of the ways in which it is used.
type kind struct {
	name   string
	tool   *tool    // runs the driver
	script []string // the driver and its arguments

	// rpc says that it speaks JSON-RPC, not SOAP.
	rpc bool
	// described says that the client knows the service by its WSDL.
	described bool
	// noSHA3 says that the client's language alone can't make that proof.
	noSHA3 bool
	// noObjects says that the client can't pass objects.
	noObjects bool
	// untyped says that the client has texts for numbers and truths.
	untyped bool
	// blankIsNull says that the client has null for an empty text.
	blankIsNull bool
}

// kinds are the clients. All paths of the service have one that uses it.
var kinds = []kind{
	{name: "PHP SoapClient by WSDL", tool: php, script: soapPHP("/soap/6.0/", "wsdl"), described: true},
	{name: "PHP SoapClient by WSDL with Maps and gzip", tool: php, script: soapPHP("/soap/3.0/", "wsdl", "maps", "gzip"), described: true},
	{name: "PHP SoapClient by WSDL in Latin-1", tool: php, script: soapPHP("/soap/4.0", "wsdl", "latin1"), described: true},
	{name: "PHP SoapClient by location", tool: php, script: soapPHP("/soap/6.0", "location")},
	{name: "PHP SoapClient by location with Maps and gzip", tool: php, script: soapPHP("/soap/5.0/", "location", "maps", "gzip")},
	{name: "PHP SoapClient by location with named SoapVars in reverse order", tool: php, script: soapPHP("/soap/6.0/?wsdl", "location", "named", "vars")},
	{name: "PHP SoapClient by location in Latin-1", tool: php, script: soapPHP("/soap/6.0/", "location", "latin1")},
	{name: "Python zeep", tool: python, script: []string{"testdata/python/soap.py"}, described: true, blankIsNull: true},
	{name: "npm soap", tool: npmSoap, script: []string{"testdata/node/soap.js"}, described: true, blankIsNull: true},
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
