package server_test

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/dialect/avangate/rest"
	"github.com/latchkey-sso/latchkey/internal/server"
)

// eventually waits until what is asked for is so.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if so() {
			return
		}
	}
	t.Fatalf("waited in vain: %s", what)
}

func status(t *testing.T, address string) int {
	t.Helper()
	answer, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	return answer.StatusCode
}

func TestHealthAndReadiness(t *testing.T) {
	p := newProgram(t, "")
	p.start(t)
	for _, path := range []string{"/healthz", "/readyz"} {
		if got := status(t, p.base+path); got != http.StatusOK {
			t.Errorf("%s: got %d, want 200", path, got)
		}
	}
	answer, err := http.Post(p.base+"/readyz", "text/plain", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusMethodNotAllowed || answer.Header.Get("Allow") == "" {
		t.Errorf("POST: got %d, want 405 with Allow", answer.StatusCode)
	}
}

// What a server did under a wrong root key could not be undone: it would seal
// and chain what nobody can read under the right one.
func TestAnotherRootKeyIsRefused(t *testing.T) {
	p := newProgram(t, "")
	p.start(t)
	if err := p.stop(t); err != nil {
		t.Fatal(err)
	}
	key := &p.env[len(p.env)-1]
	right := *key
	*key = "LATCHKEY_ROOT_KEY=" + strings.Repeat("1e", 32)
	line, _ := bufio.NewReader(p.spawn(t)).ReadString('\n')
	if line != "" {
		t.Errorf("it says %q", line)
		p.kill()
	}
	if err := p.cmd.Wait(); err == nil || !strings.Contains(p.said(t), "the root key is not the one") {
		t.Errorf("got %v, want the key named as wrong; it said:\n%s", err, p.said(t))
	}
	*key = right
	p.start(t)
	if got := status(t, p.base+"/readyz"); got != http.StatusOK {
		t.Errorf("with the right key again: got %d, want 200", got)
	}
}

const newCustomer = `{"FirstName":"Jo","LastName":"Slow","Address1":"1 Main Street","City":"Springfield","Zip":"62704","CountryCode":"us","Email":"jo@example.com"}`

// A request whose body is half there when the server is told to stop is
// answered, what it did is kept, and nobody new is let in.
func TestStoppingFinishesWhatWasBegun(t *testing.T) {
	p := newProgram(t, "")
	p.start(t)
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	proof, err := rest.Sign(shopCode, time.Now(), shopKey, "")
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "POST /rest/6.0/customers/ HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n%s: %s\r\nContent-Length: %d\r\n\r\n",
		rest.AuthHeader, proof, len(newCustomer))
	in := bufio.NewReader(conn)
	if line, err := in.ReadString('\n'); err != nil || !strings.Contains(line, "100 Continue") {
		t.Fatalf("got %q, %v, want that the handler waits for the body", line, err)
	}
	_, _ = in.ReadString('\n')
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	eventually(t, "new connections are refused", func() bool {
		c, err := net.Dial("tcp", conn.RemoteAddr().String())
		if err == nil {
			c.Close()
		}
		return err != nil
	})
	io.WriteString(conn, newCustomer)
	answer, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatalf("the answer: %v", err)
	}
	defer answer.Body.Close()
	id, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("got %d %q, %v, want 200", answer.StatusCode, id, err)
	}
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("the server ended with %v, want a clean end; it said:\n%s", err, p.said(t))
	}
	p.start(t)
	s := newShopper(p.base)
	var c struct{ LastName string }
	if err := s.call(http.MethodGet, "customers/"+string(id)+"/", "", &c); err != nil || c.LastName != "Slow" {
		t.Errorf("after a restart: got %+v, %v, want the customer", c, err)
	}
}

func TestHangupReloadsTenantsUnlessThereIsAMistake(t *testing.T) {
	p := newProgram(t, "")
	p.start(t)
	s := newShopper(p.base)
	if err := s.createCustomer(); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(filepath.Join(p.dir, "latchkey.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	path := "customers/" + s.customer + "/account/index/?ValidityTime=7200"
	var link string
	if err := s.call(http.MethodGet, path, "", &link); err == nil {
		t.Fatal("two hours of validity: got a link, want the configured limit of one hour")
	}
	hangup := func(config string) {
		p.write(t, "latchkey.yaml", config)
		if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}
	hangup(strings.ReplaceAll(string(good), "max_ttl: 1h", "max_ttl: 4x"))
	eventually(t, "the mistake is logged", func() bool {
		return strings.Contains(p.said(t), "tenants[0].destinations.account.max_ttl must be a time")
	})
	if err := s.call(http.MethodGet, "customers/"+s.customer+"/account/index/", "", &link); err != nil {
		t.Errorf("after a mistake in the configuration: %v, want it served as before", err)
	}
	hangup(strings.ReplaceAll(string(good), "max_ttl: 1h", "max_ttl: 3h"))
	eventually(t, "the longer validity is accepted", func() bool { return s.call(http.MethodGet, path, "", &link) == nil })
}

func TestSlowAndLargeRequestsAreCutOff(t *testing.T) {
	p := newProgram(t, "limits: {read_header_timeout: 1s, request_timeout: 2s, header_bytes: 4096}\n")
	p.start(t)
	exchange := func(begin string) string {
		conn, err := net.Dial("tcp", strings.TrimPrefix(p.base, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		io.WriteString(conn, begin)
		conn.SetReadDeadline(time.Now().Add(2 * time.Minute))
		got, err := io.ReadAll(conn) // ends when the server hangs up
		if errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%.20q: the server did not hang up", begin)
		}
		return string(got)
	}
	exchange("GET /healthz HTTP/1.1\r\nHost: x\r\n")
	exchange("")
	if got := exchange("GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: " + strings.Repeat("x", 10_000) + "\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 431") {
		t.Errorf("a header too large: got %.40q, want 431", got)
	}
}

func TestConnectionsFromOneAddressAreBounded(t *testing.T) {
	p := newProgram(t, "limits: {connections_per_address: 2}\n")
	p.start(t)
	open := func() bool { // and keeps it open
		conn, err := net.Dial("tcp", strings.TrimPrefix(p.base, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
		conn.SetReadDeadline(time.Now().Add(2 * time.Minute))
		line, _ := bufio.NewReader(conn).ReadString('\n')
		return strings.Contains(line, "200 OK")
	}
	for i, want := range []bool{true, true, false} {
		if got := open(); got != want {
			t.Errorf("connection %d: got served %v, want %v", i+1, got, want)
		}
	}
}

func TestTheOperatorsSocketIsForTheOwnerAlone(t *testing.T) {
	for name, sub := range map[string]string{"in the data directory": "data", "in a short directory": strings.Repeat("long/", 30) + "data"} {
		t.Run(name, func(t *testing.T) {
			p := newProgram(t, "")
			data := filepath.Join(p.dir, sub)
			p.env = append(p.env, "LATCHKEY_DATA_DIR="+data)
			p.start(t)
			socket := server.OperatorSocket(data)
			if runtime.GOOS != "windows" {
				info, err := os.Stat(socket)
				if err != nil {
					t.Fatal(err)
				}
				dir, err := os.Stat(filepath.Dir(socket))
				if err != nil {
					t.Fatal(err)
				}
				if info.Mode().Perm() != 0o600 || dir.Mode().Perm() != 0o700 {
					t.Errorf("got modes %v of the socket and %v of its directory, want 0600 and 0700", info.Mode(), dir.Mode())
				}
			}
			c, err := net.Dial("unix", socket)
			if err != nil {
				t.Fatal(err)
			}
			c.Close()
			p.kill()
			p.start(t) // over the dead socket
			if err := p.stop(t); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(socket); !os.IsNotExist(err) {
				t.Errorf("after the end: got %v, want the socket gone", err)
			}
			if left, _ := filepath.Glob(filepath.Join(data, "operator*")); len(left) > 0 {
				t.Errorf("after the end there is still %v", left)
			}
		})
	}
}

func TestOneServerUsesADataDirectory(t *testing.T) {
	p := newProgram(t, "")
	p.start(t)
	second := p.command("serve", "--listen", "127.0.0.1:0")
	var said bytes.Buffer
	second.Stderr = &said
	if err := second.Run(); err == nil || !strings.Contains(said.String(), "another process is running on it") {
		t.Errorf("got %v, %q, want that another process is running", err, &said)
	}
	if got := status(t, p.base+"/readyz"); got != http.StatusOK {
		t.Errorf("the first server: got %d", got)
	}
}

// certificate writes a certificate for 127.0.0.1 under that name.
func (p *program) certificate(t *testing.T, name string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	p.write(t, "tls.crt", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	p.write(t, "tls.key", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
}

func TestTLSWithACertificateThatIsReplacedWhileItRuns(t *testing.T) {
	p := newProgram(t, "tls_cert: tls.crt\ntls_key: tls.key\n")
	p.base = strings.Replace(p.base, "http:", "https:", 1)
	p.env = append(p.env, "LATCHKEY_PUBLIC_URL="+p.base)
	p.certificate(t, "first")
	p.start(t)
	shown := func() string {
		c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
		answer, err := c.Get(p.base + "/healthz")
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.Header.Get("Strict-Transport-Security") == "" {
			t.Error("no Strict-Transport-Security")
		}
		return answer.TLS.PeerCertificates[0].Subject.CommonName
	}
	if got := shown(); got != "first" {
		t.Errorf("got certificate %q, want first", got)
	}
	p.certificate(t, "second")
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the second certificate is shown", func() bool { return shown() == "second" })
}
