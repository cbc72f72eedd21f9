package soap_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
)

// endless is a body that never ends, and costs nothing.
type endless byte

func (e endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(e)
	}
	return len(p), nil
}

// TestHostileBodiesGetAFaultWithFlatMemory also bounds what each refusal
// allocates in all: however much is sent, no more than a few times as much as
// the longest body has.
func TestHostileBodiesGetAFaultWithFlatMemory(t *testing.T) {
	w := newWorld(t)
	const head = `<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>`
	const tail = `</e:Body></e:Envelope>`
	attributes := strings.Builder{}
	for i := range 5000 {
		attributes.WriteString(" a" + strings.Repeat("b", i%7) + `="1"`)
	}
	const huge = 10 << 20
	for _, c := range []struct {
		name   string
		body   io.Reader
		coding string
		status int
	}{
		{"document type", strings.NewReader(`<!DOCTYPE x>` + head + `<login/>` + tail), "", 500},
		{"entities", strings.NewReader(`<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>` + head + `<login>&b;</login>` + tail), "", 500},
		{"external entity", strings.NewReader(`<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>` + head + `<login><a>&a;</a></login>` + tail), "", 500},
		{"undeclared entity", strings.NewReader(head + `<login><a>&a;</a></login>` + tail), "", 500},
		{"depth 10,000", strings.NewReader(head + strings.Repeat("<a>", 10_000) + strings.Repeat("</a>", 4_000) + tail), "", 500},
		{"depth 10,000 in gzip", bytes.NewReader(gzipped(head + strings.Repeat("<a>", 10_000) + tail)), "gzip", 500},
		{"elements", strings.NewReader(head + `<login>` + strings.Repeat("<a/>", 10_000) + `</login>` + tail), "", 500},
		{"attributes", strings.NewReader(head + `<login` + attributes.String() + `/>` + tail), "", 500},
		{"duplicate attributes", strings.NewReader(head + `<login a="1" a="2"/>` + tail), "", 500},
		{"duplicate attributes by namespace", strings.NewReader(head + `<login xmlns:p="urn:x" xmlns:q="urn:x" p:a="1" q:a="2"/>` + tail), "", 500},
		{"two Bodies", strings.NewReader(head + `<login/></e:Body><e:Body><getOrder/>` + tail), "", 500},
		{"two calls", strings.NewReader(head + `<login/><getOrder/>` + tail), "", 500},
		{"two Envelopes", strings.NewReader(head + `<login/>` + tail + head + `<login/>` + tail), "", 500},
		{"something behind", strings.NewReader(head + `<login/>` + tail + `x`), "", 500},
		{"processing instruction", strings.NewReader(head + `<?php echo 1 ?><login/>` + tail), "", 500},
		{"style sheet", strings.NewReader(`<?xml version="1.0"?><?xml-stylesheet href="x"?>` + head + `<login/>` + tail), "", 500},
		{"zero bytes", io.LimitReader(endless(0), 64<<10), "", 500},
		{"long text", io.MultiReader(strings.NewReader(head+"<login><a>"), io.LimitReader(endless('x'), 64<<10-200), strings.NewReader("</a></login>"+tail)), "", 500},
		{"long name", io.MultiReader(strings.NewReader(head+"<"), io.LimitReader(endless('x'), 64<<10-200), strings.NewReader("/>"+tail)), "", 500},
		{"references", strings.NewReader(head + "<login><a>" + strings.Repeat("&#38;", 13_000) + "</a></login>" + tail), "", 500},
		{"multi-reference", strings.NewReader(head + `<login><a href="#1"/></login>` + tail), "", 500},
		{"10 MB", io.LimitReader(endless(' '), huge), "", 413},
		{"10 MB of XML", io.MultiReader(strings.NewReader(head+"<login><a>"), io.LimitReader(endless('x'), huge)), "", 413},
		{"10 MB said to be gzip", io.LimitReader(endless(' '), huge), "gzip", 413},
		{"gzip bomb", bytes.NewReader(gzipped(strings.Repeat(" ", huge))), "gzip", 413},
		{"gzip bomb of elements", bytes.NewReader(gzipped(head + strings.Repeat("<a/>", huge/4))), "gzip", 413},
		{"deflate bomb", bytes.NewReader(deflated(strings.Repeat(" ", huge))), "deflate", 413},
		{"gzip header that has no end", io.MultiReader(bytes.NewReader([]byte{0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 0}), io.LimitReader(endless('x'), 60_000)), "gzip", 500},
		{"gzip header with 64 KiB of extra", io.MultiReader(bytes.NewReader([]byte{0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0, 0xff, 0xff}), io.LimitReader(endless('x'), 50_000)), "gzip", 500},
	} {
		r := httptest.NewRequest(http.MethodPost, "/soap/6.0/", c.body)
		r.Header.Set("Content-Encoding", c.coding)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		a := w.send(r)
		runtime.ReadMemStats(&after)
		if got := faultOf(t, a); got.Status != c.status {
			t.Errorf("%s: got %+v, want %d", c.name, got, c.status)
		}
		const bound = 1 << 20 // twice what is needed, for -race
		if spent := after.TotalAlloc - before.TotalAlloc; spent > bound {
			t.Errorf("%s: allocated %d bytes, want at most %d", c.name, spent, bound)
		} else {
			t.Logf("%s: %d bytes", c.name, spent)
		}
	}
}

func TestCallCutOffAnywhereIsRefused(t *testing.T) {
	w := newWorld(t)
	call := strings.TrimSpace(envelope("getSingleSignOnInCart", texts(w.login("AVANGATE"), "352365983", "AvangateCustomerReference", buyLink, "50", "")...))
	for length := range call {
		if got := faultOf(t, w.post("/soap/6.0/", []byte(call[:length]))); got != (fault{500, "SOAP-ENV:Client", "Bad Request"}) {
			t.Fatalf("cut off at %d: got %+v", length, got)
		}
	}
	if a := w.post("/soap/6.0/", []byte(call)); a.Code != http.StatusOK {
		t.Errorf("whole: got %d %s", a.Code, a.Body)
	}
}
