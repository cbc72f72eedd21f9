package soap_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/soap"
)

var update = flag.Bool("update-calls", false, "write what testdata/decode holds anew; then read it")

// envelopes returns the calls in testdata/decode by name, each as a client of
// that kind sends it.
func envelopes(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("testdata/decode/*.xml")
	if err != nil || len(files) < 15 {
		t.Fatalf("only %d envelopes: %v", len(files), err)
	}
	found := map[string][]byte{}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found[strings.TrimSuffix(filepath.Base(file), ".xml")] = body
	}
	return found
}

func TestDecodeReadsWhatClientsSend(t *testing.T) {
	for name, body := range envelopes(t) {
		call, err := soap.Decode(body, "")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		file := filepath.Join("testdata", "decode", name+".txt")
		got := outline(call)
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// outline returns a call with a line for each element: its name, then what is
// known of it.
func outline(call *soap.Call) string {
	var b strings.Builder
	b.WriteString(call.Method + "\n")
	var write func(indent string, nodes []soap.Node)
	write = func(indent string, nodes []soap.Node) {
		for _, n := range nodes {
			b.WriteString(indent + n.Name)
			if n.Type != "" {
				b.WriteString(" type=" + n.Type)
			}
			if n.Array {
				b.WriteString(" array")
			}
			if n.Nil {
				b.WriteString(" nil")
			}
			if n.Text != "" || len(n.Nodes) == 0 {
				fmt.Fprintf(&b, " %q", n.Text)
			}
			b.WriteString("\n")
			write(indent+"\t", n.Nodes)
		}
	}
	write("\t", call.Args)
	return b.String()
}

// wantFault fails the test unless the body is refused with that code.
func wantFault(t *testing.T, name string, body []byte, charset, code string) *soap.Fault {
	t.Helper()
	call, err := soap.Decode(body, charset)
	if err == nil {
		t.Errorf("%s: accepted as %+v, want %s", name, call, code)
		return nil
	}
	var fault *soap.Fault
	if !errors.As(err, &fault) || fault.Code != code || fault.Message == "" {
		t.Errorf("%s: got %v, want %s", name, err, code)
		return nil
	}
	return fault
}
