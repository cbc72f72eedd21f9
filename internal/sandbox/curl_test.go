package sandbox

import (
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// arrived is what of a request must be the same when it is made again.
type arrived struct {
	Method, URI, Host, Body string
	Header                  http.Header
}

func needBash(t *testing.T) {
	t.Helper()
	for _, program := range []string{"bash", "curl"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(program + " is not installed")
		}
	}
}

func TestACommandMakesTheSameRequest(t *testing.T) {
	needBash(t)
	requests := make(chan arrived, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		a := arrived{Method: r.Method, URI: r.RequestURI, Host: r.Host, Body: string(body), Header: r.Header}
		for name := range a.Header {
			if !sends(name) || name == "Accept" && r.Header.Get(name) == "*/*" {
				delete(a.Header, name)
			}
		}
		requests <- a
	}))
	t.Cleanup(server.Close)
	host := strings.TrimPrefix(server.URL, "http://")
	every := ""
	for b := 1; b < 128; b++ {
		every += string(rune(b))
	}
	for name, r := range map[string]Request{
		"get":            {Method: "GET", URL: "/rest/6.0/customers/?a=b&c=%20d"},
		"odd paths":      {Method: "GET", URL: "/a/../b/./c//d?x[]={1,2}&y='\"$HOME`id`!"},
		"head":           {Method: "HEAD", URL: "/x"},
		"delete":         {Method: "DELETE", URL: "/x"},
		"put":            {Method: "PUT", URL: "/x", Body: Body{Text: `{"a":"it's $1 \n !"}`}},
		"post":           {Method: "POST", URL: "/x", Header: http.Header{"Content-Type": {"application/json"}}, Body: Body{Text: "{\n  \"a\": 1\r\n}"}},
		"post of none":   {Method: "POST", URL: "/x"},
		"no type":        {Method: "POST", URL: "/x", Body: Body{Text: "a=b"}},
		"at":             {Method: "POST", URL: "/x", Body: Body{Text: "@/etc/hostname"}},
		"every byte":     {Method: "POST", URL: "/x", Body: Body{Text: every + "üñ€😀'\\'"}},
		"get with body":  {Method: "GET", URL: "/x", Body: Body{Text: "x"}},
		"headers":        {Method: "GET", URL: "/x", Header: http.Header{"X-A": {"it's", "two \"words\" \\ $x"}, "X-Empty": {""}, "Accept": {"application/xml"}}},
		"another host":   {Method: "GET", URL: "/x", Host: "shop.example:8080"},
		"what is unsent": {Method: "GET", URL: "/x", Header: http.Header{"Cookie": {"a=(hidden)"}, "Sec-Fetch-Mode": {"navigate"}, "User-Agent": {"x"}, "Connection": {"close"}}},
	} {
		t.Run(name, func(t *testing.T) {
			if r.Host == "" {
				r.Host = host
			}
			r.Body.Size = int64(len(r.Body.Text))
			command := (&Call{Request: r}).Curl(server.URL+"/", "")
			if out, err := exec.CommandContext(t.Context(), "bash", "-c", command+" -sS").CombinedOutput(); err != nil {
				t.Fatalf("%s: %v\n%s", command, err, out)
			}
			want := arrived{Method: r.Method, URI: r.URL, Host: r.Host, Body: r.Body.Text, Header: http.Header{}}
			for name, values := range r.Header {
				if sends(name) {
					want.Header[name] = values
				}
			}
			if diff := cmp.Diff(want, <-requests); diff != "" {
				t.Errorf("%s\n(-want +got):\n%s", command, diff)
			}
		})
	}
}

func TestACommandTellsWhatIsMissing(t *testing.T) {
	for want, body := range map[string]Body{
		"# the body had 70000 bytes, of which this is the beginning\ncurl ":                {Text: "abc", Size: 70000, Cut: true},
		"# the body had 6 bytes that are no text; they have to be in the file body\ncurl ": {Size: 6, Binary: true},
		"# the body was compressed, or in another encoding than here\ncurl ":               {Text: "abc", Size: 30, Decoded: true},
	} {
		c := &Call{Request: Request{Method: "POST", URL: "/x", Header: http.Header{"Content-Encoding": {"gzip"}}, Body: body}}
		got := c.Curl("http://localhost:8080", "")
		if !strings.HasPrefix(got, want) {
			t.Errorf("got %q, want %q first", got, want)
		}
		if body.Decoded == strings.Contains(got, "Content-Encoding") {
			t.Errorf("got %q", got)
		}
	}
}

func TestACommandTrustsTheAuthorityOfTheServer(t *testing.T) {
	needBash(t)
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "trusted") }))
	t.Cleanup(server.Close)
	file := filepath.Join(t.TempDir(), "it's an authority.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	c := &Call{Request: Request{Method: "GET", URL: "/", Host: strings.TrimPrefix(server.URL, "https://")}}
	command := c.Curl(server.URL, file)
	out, err := exec.CommandContext(t.Context(), "bash", "-c", command+" -sS").CombinedOutput()
	if err != nil || string(out) != "trusted" {
		t.Errorf("%s: %v\n%s", command, err, out)
	}
}
