package interop

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/latchkey-sso/latchkey/internal/dev"
)

// client is a driver that runs: a script which makes the calls that it gets as
// lines of JSON with the client under test, and prints what comes of them.
type client struct {
	kind
	in   io.WriteCloser
	out  *bufio.Reader
	said *lockedBuffer

	answered map[string]bool // methods that have come to a result
}

// request is what a driver is asked: to make a call, or only its proof.
type request struct {
	Method string   `json:"method,omitempty"`
	Args   []any    `json:"args"`
	Names  []string `json:"names"` // of all arguments, of which the last may not be given
	// Sign asks for the date and hash of a login, as the client's own language
	// makes them: merchant code, secret key, algorithm.
	Sign []string `json:"sign,omitempty"`
}

// outcome is what came of a call as the client sees it.
type outcome struct {
	Result any    `json:"result"`
	Fault  *fault `json:"fault"`
	// Status is the HTTP status, 0 where the client does not tell it.
	Status int `json:"status"`
	// Broken is what failed in the client itself.
	Broken string `json:"broken"`
}

type fault struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Number  int    `json:"number"` // of the code, in JSON-RPC
}

// start runs the driver of a kind of client, or skips the test where the
// client is not installed.
func start(t *testing.T, k kind) *client {
	t.Helper()
	cmd := k.tool.command(t, k.script...)
	c := &client{kind: k, said: &lockedBuffer{}, answered: map[string]bool{}}
	cmd.Stderr = c.said
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", k.name, err)
	}
	c.in, c.out = in, bufio.NewReader(out)
	t.Cleanup(func() {
		_ = in.Close()
		err := cmd.Wait()
		if said := c.said.String(); said != "" || err != nil {
			t.Errorf("the client ended with %v and said:\n%s", err, said)
		}
	})
	return c
}

// takes reports whether this client is one of those that show the i-th of many like
// cases. Each case has a quarter of the clients, and all with LATCHKEY_CLIENTS=all.
func (c *client) takes(i int) bool {
	place := slices.IndexFunc(kinds, func(k kind) bool { return k.name == c.name })
	return i%4 == place%4 || os.Getenv("LATCHKEY_CLIENTS") == "all"
}

// ask has the driver do one thing.
func (c *client) ask(t *testing.T, r request) outcome {
	t.Helper()
	r.Args, r.Names = append([]any{}, r.Args...), append([]string{}, r.Names...) // lists, never null
	line, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.in.Write(append(line, '\n')); err != nil {
		t.Fatalf("%s: the client is gone: %v; it said:\n%s", r.Method, err, c.said)
	}
	answer, err := c.out.ReadBytes('\n')
	if err != nil {
		t.Fatalf("%s: the client is gone: %v; it said:\n%s%s", r.Method, err, answer, c.said)
	}
	var o outcome
	d := json.NewDecoder(bytes.NewReader(answer))
	d.UseNumber()
	if err := d.Decode(&o); err != nil {
		t.Fatalf("%s: %v in what the client printed:\n%s", r.Method, err, answer)
	}
	if o.Broken != "" {
		t.Fatalf("%s: the client can't make this call: %s", r.Method, o.Broken)
	}
	return o
}

// call makes a call; trailing arguments may be left out.
func (c *client) call(t *testing.T, method string, args ...any) outcome {
	t.Helper()
	names := methods[method]
	if len(args) > len(names) {
		t.Fatalf("%s has %d arguments, got %d", method, len(names), len(args))
	}
	return c.ask(t, request{Method: method, Args: args, Names: names})
}

// get makes a call that must succeed, and returns its result.
func (c *client) get(t *testing.T, method string, args ...any) any {
	t.Helper()
	o := c.call(t, method, args...)
	if o.Fault != nil {
		t.Fatalf("%s: got fault %s: %s", method, o.Fault.Code, o.Fault.Message)
	}
	if o.Status != http.StatusOK && o.Status != 0 {
		t.Errorf("%s: got HTTP status %d for a result, want 200", method, o.Status)
	}
	c.answered[method] = true
	return o.Result
}

// getText is get for methods whose result is a string.
func (c *client) getText(t *testing.T, method string, args ...any) string {
	t.Helper()
	result := c.get(t, method, args...)
	text, ok := result.(string)
	if !ok {
		t.Fatalf("%s: got %T %v, want a string", method, result, result)
	}
	return text
}

// refused makes a call that must come to that fault.
func (c *client) refused(t *testing.T, code, message string, method string, args ...any) {
	t.Helper()
	o := c.call(t, method, args...)
	if o.Fault == nil {
		t.Errorf("%s: got %v, want fault %s", method, o.Result, code)
		return
	}
	if o.Fault.Code != code || !strings.Contains(o.Fault.Message, message) || o.Fault.Message == "" {
		t.Errorf("%s: got fault %q: %q, want %s with %q", method, o.Fault.Code, o.Fault.Message, code, message)
	}
	if c.rpc && o.Fault.Number != numbers[code] {
		t.Errorf("%s: got number %d for %s, want %d", method, o.Fault.Number, code, numbers[code])
	}
	if o.Status != c.faultStatus() && o.Status != 0 {
		t.Errorf("%s: got HTTP status %d for a fault, want %d", method, o.Status, c.faultStatus())
	}
}

// proof returns the arguments of a login.
func (c *client) proof(t *testing.T, code, key, algorithm string) []any {
	t.Helper()
	o := c.ask(t, request{Sign: []string{code, key, algorithm}})
	signed, ok := o.Result.([]any)
	if !ok || len(signed) != 2 {
		t.Fatalf("got %v, want a date and a hash", o.Result)
	}
	return []any{code, signed[0], signed[1], algorithm}
}

// login opens a session of the demo vendor.
func (c *client) login(t *testing.T) string {
	t.Helper()
	return c.getText(t, "login", c.proof(t, dev.MerchantCode, dev.SecretKey, "sha256")...)
}

// lockedBuffer keeps what a running client says.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
