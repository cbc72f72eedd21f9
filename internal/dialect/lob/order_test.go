package lob_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// rule is one that a request can break, and the answer that it gets then.
type rule struct {
	name   string
	breaks func(w *world, d *draft)
	status int
	body   string
}

// draft is a request that is being made.
type draft struct {
	method, path, host string
	header             map[string]string
	fields             map[string]string // as JSON
	raw                string            // in the place of the fields
}

func newDraft(w *world) *draft {
	return &draft{
		method: http.MethodPost, path: "/v2/get_sso_token", host: ownHost,
		header: map[string]string{"X-Api-Version": "1.0.0", "X-Lob-Client-Id": group, "Content-Type": "application/json", "Authorization": "Bearer " + w.bearer("demo")},
		fields: map[string]string{"CIINo": `"10001004"`, "LOBId": `"01"`, "Functionality": `"D"`},
	}
}

func (d *draft) request() *http.Request {
	body := d.raw
	if body == "" {
		var members []string
		for name, value := range d.fields {
			members = append(members, fmt.Sprintf("%q:%s", name, value))
		}
		body = "{" + strings.Join(members, ",") + "}"
	}
	r := httptest.NewRequest(d.method, d.path, strings.NewReader(body))
	r.Host = d.host
	for name, value := range d.header {
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	return r
}

func header(name, value string) func(*world, *draft) {
	return func(_ *world, d *draft) { d.header[name] = value }
}

func field(name, value string) func(*world, *draft) {
	return func(_ *world, d *draft) { d.fields[name] = value }
}

func raw(body string) func(*world, *draft) {
	return func(_ *world, d *draft) { d.raw = body }
}

func code(code, text string) string {
	return fmt.Sprintf(`{"ReturnCode":%q,"ReturnMessage":%q}`, code, text)
}

const notAcceptable = `{"message":"Not Acceptable"}`

// rules are those of the contract, in its order.
var rules = []rule{
	{"host", func(_ *world, d *draft) { d.host = "elsewhere.example" }, 406, notAcceptable},
	{"caller", func(w *world, _ *draft) { w.caller = netip.MustParseAddr("198.51.100.1") }, 406, notAcceptable},
	{"path", func(_ *world, d *draft) { d.path = "/v2/nothing" }, 404, `{"message":"Not Found"}`},
	{"method", func(_ *world, d *draft) { d.method = http.MethodGet }, 405, `{"message":"Method Not Allowed"}`},
	{"bearer missing", header("Authorization", ""), 401, unauthorized},
	{"bearer expired", func(w *world, d *draft) {
		d.header["Authorization"] = w.bearer("demo")
		w.clock.advance(time.Hour)
	}, 401, `{"message":"The incoming token has expired"}`},
	{"scope", func(w *world, d *draft) { d.header["Authorization"] = w.bearer("weak") }, 403, forbidden},
	{"client", header("X-Lob-Client-Id", "unknown"), 403, forbidden},
	{"not that client's", header("X-Lob-Client-Id", third), 403, forbidden},
	{"headers missing", header("X-Api-Version", ""), 400, `{"message":"Missing required request parameters: [x-api-version]"}`},
	{"version", header("X-Api-Version", "2.0.0"), 400, `{"message":"Invalid request parameters: [x-api-version]"}`},
	{"media type", header("Content-Type", "text/plain"), 415, `{"message":"Unsupported Media Type"}`},
	{"length", raw(strings.Repeat(" ", 16<<10+1)), 413, `{"message":"Request Too Long"}`},
	{"no JSON", raw("{"), 400, `{"message":"The body is not valid JSON"}`},
	{"wrong type", field("Functionality", "[]"), 400, `{"message":"Functionality must be a text"}`},
	{"no member number", field("CIINo", `""`), 200, code("V1", "Please provide valid CII number.")},
	{"no line of business", field("LOBId", "null"), 200, code("V3", "Please provide LOB Id.")},
	{"functionality", field("Functionality", `"123456"`), 200, code("V5", "Please provide Functionality.")},
	{"line of business", field("LOBId", `"99"`), 403, forbidden},
	{"unknown member", field("CIINo", `"1"`), 200, code("13", "Please provide valid CII number.")},
	{"not linked", field("CIINo", `"10001005"`), 200, code("V8", "No LOB Mapped with the given CII Number")},
}

// TestTheEarlierRuleDecides breaks every rule, and every two, of which the answer
// to the earlier one has to come.
func TestTheEarlierRuleDecides(t *testing.T) {
	w := newWorld(t)
	start := w.caller
	for i, first := range rules {
		for j := i; j < len(rules); j++ {
			w.caller = start
			d := newDraft(w)
			rules[j].breaks(w, d)
			if i != j {
				first.breaks(w, d) // last, so that it holds where both are about one thing
			}
			w.is(first.name+", "+rules[j].name, w.send(d.request()), first.status, first.body)
		}
	}
	w.caller = start
	tokenOf(t, w.send(newDraft(w).request()))
}
