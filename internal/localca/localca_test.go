package localca

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var local = []string{"localhost", "shop.localhost", "127.0.0.1", "::1"}

// place returns a directory that others can't write to, whatever is usual here.
func place(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

// at opens the authority of a directory at that time.
func at(t *testing.T, dir string, now time.Time) *Authority {
	t.Helper()
	a, err := Open(Options{Dir: dir, Hosts: []string{"localhost", "api.vendor.example"}, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func leaf(t *testing.T, a *Authority, name string, hosts ...string) *tls.Certificate {
	t.Helper()
	c, err := a.Leaf(name, hosts...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTheAuthorityStaysTheSame(t *testing.T) {
	dir, now := filepath.Join(place(t), "below", "localca"), time.Now()
	first := at(t, dir, now)
	if !first.New {
		t.Error("the first one: want it to be new")
	}
	text, err := os.ReadFile(first.File())
	if err != nil || strings.Contains(string(text), "PRIVATE") || strings.Count(string(text), "BEGIN CERTIFICATE") != 1 {
		t.Fatalf("the file to trust: got %q, %v, want one certificate and no key", text, err)
	}
	one := leaf(t, first, "local", local...)
	if err := os.Remove(first.File()); err != nil {
		t.Fatal(err)
	}
	second := at(t, dir, now.AddDate(9, 0, 0))
	if second.New || !second.cert.Equal(first.cert) || !second.key.Equal(first.key) {
		t.Error("opened again: want the same one")
	}
	if again, err := os.ReadFile(second.File()); err != nil || string(again) != string(text) {
		t.Errorf("the file to trust was removed: got %v, want it back as it was", err)
	}
	if !strings.HasPrefix(first.Name(), "Latchkey local CA (") || !strings.Contains(first.Name(), "@") || len(first.Name()) > 64 {
		t.Errorf("got the name %q", first.Name())
	}
	if other := leaf(t, at(t, dir, now), "local", local...); !other.Leaf.Equal(one.Leaf) {
		t.Error("a certificate that is good: want it to stay")
	}
}

func TestOneAuthorityIsMadeByManyAtOnce(t *testing.T) {
	dir := place(t)
	var wait sync.WaitGroup
	var mu sync.Mutex
	serials, made := map[string]int{}, 0
	for range 8 {
		wait.Go(func() {
			a, err := Open(Options{Dir: dir, Hosts: []string{"localhost"}})
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			if serials[a.cert.SerialNumber.String()]++; a.New {
				made++
			}
		})
	}
	wait.Wait()
	if len(serials) != 1 || made != 1 {
		t.Errorf("got %d authorities, %d of them new, want one", len(serials), made)
	}
	left, err := filepath.Glob(filepath.Join(dir, ".new-*"))
	if err != nil || left != nil {
		t.Errorf("got %v left over, %v", left, err)
	}
}

func TestTheAuthorityIsForItsHostsAlone(t *testing.T) {
	a := at(t, place(t), time.Now())
	if c := a.cert; !c.IsCA || c.MaxPathLen != 0 || !c.PermittedDNSDomainsCritical || c.KeyUsage != x509.KeyUsageCertSign ||
		c.PublicKeyAlgorithm != x509.ECDSA || a.key.Curve != elliptic.P256() || c.NotAfter.Sub(c.NotBefore) > 3653*24*time.Hour+early {
		t.Errorf("got an authority of %d names that ends on %s, for %v", len(c.PermittedDNSDomains), c.NotAfter, c.KeyUsage)
	}
	for _, host := range []string{"vendor.example", "www.vendor.example", "localhost.example", "127.0.0.1.example", "192.0.2.1", "::2"} {
		if c, err := a.Leaf("stray", host); err == nil {
			t.Errorf("%s: got a certificate that is good: %v", host, c.Leaf.DNSNames)
		}
	}
	for _, host := range []string{"api.vendor.example", "a.b.localhost", "127.1.2.3", "::1"} {
		leaf(t, a, "good", host)
	}
	// Nor for another authority below it.
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	below := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign, DNSNames: []string{"localhost"},
	}
	der, err := x509.CreateCertificate(rand.Reader, below, a.cert, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	between, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	end := &x509.Certificate{SerialNumber: big.NewInt(2), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"localhost"}}
	if der, err = x509.CreateCertificate(rand.Reader, end, between, &key.PublicKey, key); err != nil {
		t.Fatal(err)
	}
	last, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(between)
	if _, err := last.Verify(x509.VerifyOptions{Roots: a.Pool(), Intermediates: pool, DNSName: "localhost"}); err == nil {
		t.Error("a certificate of an authority below it is good")
	}
}

func TestALeafIsForItsHostsAndNoOthers(t *testing.T) {
	a := at(t, place(t), time.Now())
	c := leaf(t, a, "local", local...)
	for _, host := range local {
		if err := c.Leaf.VerifyHostname(host); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
	for _, host := range []string{"api.vendor.example", "other.localhost", "127.0.0.2", "example.com", ""} {
		if _, err := c.Leaf.Verify(x509.VerifyOptions{Roots: a.Pool(), DNSName: host}); err == nil && host != "" {
			t.Errorf("%s: it is good there", host)
		}
	}
	if days := c.Leaf.NotAfter.Sub(c.Leaf.NotBefore); days > 398*24*time.Hour || days < 390*24*time.Hour {
		t.Errorf("it is valid for %s", days)
	}
	if c.Leaf.IsCA || !slices.Equal(c.Leaf.ExtKeyUsage, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}) {
		t.Error("it is good for more than servers")
	}
}

func TestALeafThatIsNotGoodAnyMoreIsReplaced(t *testing.T) {
	dir, now := place(t), time.Now()
	first := leaf(t, at(t, dir, now), "local", local...).Leaf
	for name, c := range map[string]struct {
		days  int
		hosts []string
		spoil func(path string) error
		want  bool // the same one
	}{
		"a long time before its end":  {360, local, nil, true},
		"near its end":                {370, local, nil, false},
		"after its end":               {500, local, nil, false},
		"before it began":             {-2, local, nil, false},
		"the hosts in another order":  {0, []string{"::1", "127.0.0.1", "shop.localhost", "localhost"}, nil, true},
		"a host more":                 {0, append([]string{"more.localhost"}, local...), nil, false},
		"a host less":                 {0, local[:3], nil, false},
		"a file that others can read": {0, local, func(path string) error { return os.Chmod(path, 0o644) }, runtime.GOOS == "windows"},
		"a file that is broken":       {0, local, func(path string) error { return os.WriteFile(path, []byte("x"), 0o600) }, false},
		"a file that is not there":    {0, local, os.Remove, false},
		"another authority's":         {0, local, foreign(t), false},
	} {
		t.Run(name, func(t *testing.T) {
			copied := place(t)
			if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
				t.Fatal(err)
			}
			for _, file := range []string{"ca-key.pem", "local.pem"} { // copies are readable
				if err := os.Chmod(filepath.Join(copied, file), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if c.spoil != nil {
				if err := c.spoil(filepath.Join(copied, "local.pem")); err != nil {
					t.Fatal(err)
				}
			}
			when := now.AddDate(0, 0, c.days)
			if c.days < 0 { // its authority has not begun either
				a := at(t, dir, now)
				if a.Now = func() time.Time { return when }; a.good(first, local) {
					t.Error("it is good already")
				}
				return
			}
			a := at(t, copied, when)
			got := leaf(t, a, "local", c.hosts...).Leaf
			if got.Equal(first) != c.want {
				t.Errorf("the same one: got %t, want %t", got.Equal(first), c.want)
			}
			if err := a.verify(got, c.hosts); err != nil {
				t.Error(err)
			}
		})
	}
}

// foreign returns what puts another authority's certificate in the place.
func foreign(t *testing.T) func(path string) error {
	t.Helper()
	dir := place(t)
	leaf(t, at(t, dir, time.Now()), "local", local...)
	return func(path string) error {
		text, err := os.ReadFile(filepath.Join(dir, "local.pem"))
		if err != nil {
			return err
		}
		return os.WriteFile(path, text, 0o600)
	}
}

func TestKeysArePrivate(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("SKIPPED: there are no modes of files")
	}
	dir := place(t)
	leaf(t, at(t, dir, time.Now()), "local", local...)
	modes := map[string]fs.FileMode{}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		info, err := f.Info()
		if err != nil {
			t.Fatal(err)
		}
		modes[f.Name()] = info.Mode().Perm()
	}
	if diff := cmp.Diff(map[string]fs.FileMode{"ca.pem": 0o644, "ca-key.pem": 0o600, "local.pem": 0o600}, modes); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if err := os.Chmod(filepath.Join(dir, "ca-key.pem"), 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a key that others can read: got %v, want what to do", err)
	}
}

func TestAnAuthorityThatCantBeUsedSaysWhatToDo(t *testing.T) {
	dir, now := place(t), time.Now()
	a := at(t, dir, now)
	leaf(t, a, "local", local...)
	if _, err := Open(Options{Dir: dir, Now: func() time.Time { return now.AddDate(10, 0, -20) }}); err == nil || !strings.Contains(err.Error(), "remove that directory") {
		t.Errorf("near its end: got %v", err)
	}
	if _, err := a.Leaf("more", "localhost", "api.other.example"); err == nil || !strings.Contains(err.Error(), "remove that directory") {
		t.Errorf("a host that it is not for: got %v", err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "local.pem"))
	if err != nil {
		t.Fatal(err)
	}
	for what, text := range map[string][]byte{"none": []byte("none"), "no authority": text} {
		if err := os.WriteFile(filepath.Join(dir, "ca-key.pem"), text, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(Options{Dir: dir}); err == nil {
			t.Errorf("%s: got no error", what)
		}
	}
	// It ends with its authority.
	late := at(t, place(t), now.AddDate(-9, -6, 0))
	if c := leaf(t, late, "local", local...); c.Leaf.NotAfter.After(late.cert.NotAfter) {
		t.Error("a certificate is valid for longer than its authority")
	}
}

func TestCertificatesAreChosenByTheHostThatIsAskedFor(t *testing.T) {
	a := at(t, place(t), time.Now())
	here, vendor := leaf(t, a, "local", local...), leaf(t, a, "vendors", "api.vendor.example")
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: Chooser(here, vendor)})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_, _ = conn.Read(make([]byte, 1))
			}()
		}
	}()
	for host, good := range map[string]bool{
		"localhost": true, "shop.localhost": true, "127.0.0.1": true, "::1": true, "api.vendor.example": true,
		"www.vendor.example": false, "other.localhost": false, "127.0.0.9": false,
	} {
		raw, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		conn := tls.Client(raw, &tls.Config{ServerName: host, RootCAs: a.Pool(), MinVersion: tls.VersionTLS13})
		if err := conn.Handshake(); (err == nil) != good {
			t.Errorf("%s: got %v, want it to be good: %t", host, err, good)
		}
		conn.Close()
	}
}

func TestAnAuthorityForNoHostsIsNotMade(t *testing.T) {
	for _, hosts := range [][]string{nil, {}, {""}, {"localhost", ""}} {
		dir := filepath.Join(place(t), "below")
		if a, err := Open(Options{Dir: dir, Hosts: hosts}); err == nil {
			t.Errorf("%q: got one for %q", hosts, a.cert.PermittedDNSDomains)
		}
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("%q: there is a directory", hosts)
		}
	}
	if _, err := at(t, place(t), time.Now()).Leaf("none"); err == nil {
		t.Error("got a certificate for no hosts")
	}
}

func TestADirectoryOfOthersIsRefused(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("SKIPPED: there are no modes of files")
	}
	for _, made := range []bool{false, true} {
		for _, mode := range []fs.FileMode{0o777, 0o775, 0o757, fs.ModeSticky | 0o777} {
			dir := place(t)
			if made {
				at(t, dir, time.Now())
			}
			if err := os.Chmod(dir, mode); err != nil {
				t.Fatal(err)
			}
			if _, err := Open(Options{Dir: dir, Hosts: local[:1]}); err == nil || !strings.Contains(err.Error(), "chmod go-w") {
				t.Errorf("%s: got %v, want what to do", mode, err)
			}
		}
	}
	others := "/"
	if os.Geteuid() == 0 {
		others = place(t)
		if err := os.Chown(others, 65534, 65534); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Open(Options{Dir: others, Hosts: local[:1]}); err == nil || !strings.Contains(err.Error(), "another user") {
		t.Errorf("another user's: got %v", err)
	}
}

func TestCertificatesStayInTheirDirectory(t *testing.T) {
	a := at(t, place(t), time.Now())
	for _, name := range []string{"../stray", "/stray", "below/stray", "..", ""} {
		if _, err := a.Leaf(name, "localhost"); err == nil {
			t.Errorf("%q: got a certificate", name)
		}
	}
}
