package jsonrpc_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/latchkey-sso/latchkey/internal/avangatetest"
	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// answerTo posts the body and returns what it is answered.
func (w *world) answerTo(body string) string {
	w.Helper()
	a := w.post(body)
	if a.Code != http.StatusOK && (a.Code != http.StatusNoContent || a.Body.Len() > 0) {
		w.Fatalf("%s: got %d %s", body, a.Code, a.Body)
	}
	return a.Body.String()
}

func standard(number, message, id string) string {
	return `{"jsonrpc":"2.0","error":{"code":` + number + `,"message":"` + message + `","data":{"error_code":"REQUEST_INVALID"}},"id":` + id + `}`
}

// The examples of the JSON-RPC 2.0 specification, section 7, with methods that
// exist here in the place of those that work.
func TestExamplesOfTheSpecification(t *testing.T) {
	w := newWorld(t)
	session := w.login("AVANGATE")
	var (
		works     = func(id string) string { return `{"jsonrpc":"2.0","result":[],"id":` + id + `}` }
		invalid   = standard("-32600", "Invalid Request: a call must be an object", "null")
		noMethod  = standard("-32600", "Invalid Request: method must be a text", "null")
		notFound  = standard("-32601", "Method not found", `"5"`)
		broken    = standard("-32700", "Parse error: the body is not valid JSON", "null")
		list      = "getCustomerSubscriptions"
		customer  = `"352365985"`
		byPlace   = `["` + session + `", ` + customer + `]`
		emptyList = standard("-32600", "Invalid Request: a batch must have 1 to 50 calls", "null")
	)
	for _, c := range []struct{ name, sent, want string }{
		{"positional", `{"jsonrpc": "2.0", "method": "` + list + `", "params": ` + byPlace + `, "id": 1}`, works("1")},
		{"by name", `{"jsonrpc": "2.0", "method": "` + list + `", "params": {"customerReference": ` + customer + `, "sessionID": "` + session + `"}, "id": 3}`, works("3")},
		{"by name, the other way", `{"jsonrpc": "2.0", "method": "` + list + `", "params": {"sessionID": "` + session + `", "customerReference": ` + customer + `}, "id": 4}`, works("4")},
		{"a notification", `{"jsonrpc": "2.0", "method": "` + list + `", "params": ` + byPlace + `}`, ""},
		{"a notification of no method", `{"jsonrpc": "2.0", "method": "foobar"}`, ""},
		{"no method", `{"jsonrpc": "2.0", "method": "foobar", "id": "5"}`, notFound},
		{"invalid JSON", `{"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz]`, broken},
		{"invalid request", `{"jsonrpc": "2.0", "method": 1, "params": "bar"}`, noMethod},
		{"a batch that is invalid JSON", `[ {"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"}, {"jsonrpc": "2.0", "method" ]`, broken},
		{"an empty batch", `[]`, emptyList},
		{"a batch of one that is no call", `[1]`, "[" + invalid + "]"},
		{"a batch of none that is a call", `[1,2,3]`, "[" + invalid + "," + invalid + "," + invalid + "]"},
		{
			"a batch of all kinds", `[
				{"jsonrpc": "2.0", "method": "` + list + `", "params": ` + byPlace + `, "id": "1"},
				{"jsonrpc": "2.0", "method": "` + list + `", "params": ` + byPlace + `},
				{"jsonrpc": "2.0", "method": "` + list + `", "params": ` + byPlace + `, "id": "2"},
				{"foo": "boo"},
				{"jsonrpc": "2.0", "method": "foo.get", "params": {"name": "myself"}, "id": "5"},
				{"jsonrpc": "2.0", "method": "` + list + `", "params": ` + byPlace + `, "id": "9"}
			]`,
			"[" + works(`"1"`) + "," + works(`"2"`) + "," + standard("-32600", `Invalid Request: jsonrpc must be \"2.0\"`, "null") + "," + notFound + "," + works(`"9"`) + "]",
		},
		{"a batch of notifications", `[{"jsonrpc": "2.0", "method": "` + list + `", "params": ` + byPlace + `}, {"jsonrpc": "2.0", "method": "foobar", "params": [7]}]`, ""},
	} {
		if got := w.answerTo(c.sent); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}

func TestIDsComeBackByteForByte(t *testing.T) {
	w := newWorld(t)
	session := w.login("AVANGATE")
	for _, id := range []string{
		`0`, `-0`, `1`, `1.0`, `1e3`, `1E+03`, `123456789012345678901234567890`, `1e999`, `null`, `""`, `"0"`, `"a\u0062\/\ud83d\ude00"`, `"<&>é😀` + "\u2028\x7f" + `"`,
		`true`, `false`, `[]`, `{}`, `[1, 2]`, `{"a":{"b":[1e0]},"a ":"<\/>"}`,
	} {
		for sent, want := range map[string]string{
			`{"id":` + id + `,"jsonrpc":"2.0","method":"getCustomerSubscriptions","params":["` + session + `",352365985]}`: `{"jsonrpc":"2.0","result":[],"id":` + id + `}`,
			"{\"id\" : \t" + id + "\r\n,\"jsonrpc\":\"2.0\",\"method\":\"nothing\"}":                                       standard("-32601", "Method not found", id),
			`{"id":` + id + `,"jsonrpc":"1.0","method":"login"}`:                                                           standard("-32600", `Invalid Request: jsonrpc must be \"2.0\"`, id),
		} {
			if got := w.answerTo(sent); got != want {
				t.Errorf("%s:\n got %s\nwant %s", sent, got, want)
			}
			if got := w.answerTo(" [ " + sent + " ] "); got != "["+want+"]" {
				t.Errorf("[%s]:\n got %s\nwant [%s]", sent, got, want)
			}
		}
	}
}

func TestWhatIsNoCallIsRefused(t *testing.T) {
	w := newWorld(t)
	const (
		parse   = "Parse error: the body "
		object  = "Invalid Request: a call must be an object"
		version = `Invalid Request: jsonrpc must be \"2.0\"`
		method  = "Invalid Request: method must be a text"
		params  = "Invalid params: params must be an array or an object"
	)
	for _, c := range []struct{ sent, number, message, id string }{
		{``, "-32700", parse + "is not valid JSON", "null"},
		{`{"jsonrpc":"2.0","method":"login","id":1} {}`, "-32700", parse + "is not valid JSON", "null"},
		{"\xef\xbb\xbf{}", "-32700", parse + "is not valid JSON", "null"},
		{`method=login&id=1`, "-32700", parse + "is not valid JSON", "null"},
		{`{"jsonrpc":"2.0","method":"login","id":1,"id":2}`, "-32700", parse + "names a member twice", "null"},
		{`{"jsonrpc":"2.0","method":"login","params":{"hash":"","h\u0061sh":""},"id":1}`, "-32700", parse + "names a member twice", "null"},
		{"{\"jsonrpc\":\"2.0\",\"method\":\"\xe9\",\"id\":1}", "-32700", parse + "holds text that is not Unicode", "null"},
		{`{"jsonrpc":"2.0","method":"login","id":"\ud800"}`, "-32700", parse + "holds text that is not Unicode", "null"},
		{`{"x":` + strings.Repeat("[", 16) + strings.Repeat("]", 16) + `}`, "-32700", parse + "is nested too deeply", "null"},
		{`{"x":` + strings.Repeat("[", 15) + strings.Repeat("]", 15) + `,"id":1}`, "-32600", version, "1"},
		{`null`, "-32600", object, "null"},
		{`"login"`, "-32600", object, "null"},
		{`7`, "-32600", object, "null"},
		{`{}`, "-32600", version, "null"},
		{`{"method":"login","id":1}`, "-32600", version, "1"},
		{`{"jsonrpc":2.0,"method":"login","id":1}`, "-32600", version, "1"},
		{`{"JSONRPC":"2.0","method":"login","id":1}`, "-32600", version, "1"},
		{`{"jsonrpc":"2.0","id":1}`, "-32600", method, "1"},
		{`{"jsonrpc":"2.0","method":null,"id":1}`, "-32600", method, "1"},
		{`{"jsonrpc":"2.0","method":["login"],"id":1}`, "-32600", method, "1"},
		{`{"jsonrpc":"2.0","method":"Login","id":1}`, "-32601", "Method not found", "1"},
		{`{"jsonrpc":"2.0","method":" login","id":1}`, "-32601", "Method not found", "1"},
		{`{"jsonrpc":"2.0","method":"","id":1}`, "-32601", "Method not found", "1"},
		{`{"jsonrpc":"2.0","method":"login","params":"x","id":1}`, "-32602", params, "1"},
		{`{"jsonrpc":"2.0","method":"login","params":0,"id":1}`, "-32602", params, "1"},
		{`{"jsonrpc":"2.0","method":"login","params":false,"id":1}`, "-32602", params, "1"},
		{`{"jsonrpc":"2.0","method":"login","params":{"hash":"a","HASH":"b"},"id":1}`, "-32602", "hash must not be given twice", "1"},
	} {
		if got, want := w.answerTo(c.sent), standard(c.number, c.message, c.id); got != want {
			t.Errorf("%s:\n got %s\nwant %s", c.sent, got, want)
		}
	}
}

func TestArgumentsComeInManyForms(t *testing.T) {
	w := newWorld(t)
	s := `"` + w.login("AVANGATE") + `"`
	want := string(w.result("getCustomerInformation", strings.Trim(s, `"`), "352365983"))
	for name, params := range map[string]string{
		"texts":                  `[` + s + `,"352365983","",""]`,
		"a number and a flag":    `[` + s + `,352365983,null,false]`,
		"too many":               `[` + s + `,352365983,null,false,1,{},"x",8,9,10]`,
		"the other reference":    `[` + s + `,null,"HotTalks1Customer123"]`,
		"by name":                `{"sessionID":` + s + `,"customerReference":352365983}`,
		"in any case of letters": `{"SESSIONID":` + s + `,"Customerreference":352365983}`,
		"in any order":           `{"includePaymentData":"NO","externalCustomerReference":"HotTalks1Customer123","sessionID":` + s + `}`,
		"beside others":          `{"includePaymentDatas":true,"a":{},"sessionID":` + s + `,"b":["x"],"customerReference":352365983,"":1}`,
	} {
		got := w.answerTo(`{"jsonrpc":"2.0","method":"getCustomerInformation","params":` + params + `,"id":0}`)
		if got != `{"jsonrpc":"2.0","result":`+want+`,"id":0}` {
			t.Errorf("%s: got %s", name, got)
		}
	}
	for name, params := range map[string]string{"none": ``, "null": `,"params":null`, "an empty array": `,"params":[]`, "an empty object": `,"params":{}`} {
		got := w.answerTo(`{"jsonrpc":"2.0","method":"getCustomerInformation"` + params + `,"id":7}`)
		if got != refusal("10000", "Invalid hash provided or session expired", "FORBIDDEN") {
			t.Errorf("%s: got %s", name, got)
		}
	}
}

func TestANotificationIsMadeAndNotAnswered(t *testing.T) {
	w := newWorld(t)
	s := w.login("AVANGATE")
	a := w.post(`{"jsonrpc":"2.0","method":"updateCustomerInformation","params":["` + s + `",{"AvangateCustomerReference":352365984,"FirstName":"Marie"}]}`)
	if a.Code != http.StatusNoContent || a.Body.Len() != 0 || a.Header().Get("Cache-Control") != "no-store" || a.Header().Get("Content-Type") != "" {
		t.Errorf("got %d %v %s", a.Code, a.Header(), a.Body)
	}
	if got := w.result("getCustomerInformation", s, 352365984); !strings.Contains(string(got), `"FirstName":"Marie"`) {
		t.Errorf("the call was not made: %s", got)
	}
	for _, body := range []string{
		`{"jsonrpc":"2.0","method":"getSubscription","params":["` + s + `","nothing"]}`, `{"jsonrpc":"2.0","method":"getSubscription","params":7}`,
	} {
		if a := w.post(body); a.Code != http.StatusNoContent || a.Body.Len() != 0 {
			t.Errorf("%s: got %d %s", body, a.Code, a.Body)
		}
	}
}

// A call of a batch finds what those before it did.
func TestABatchIsMadeInItsOrder(t *testing.T) {
	w := newWorld(t)
	s := w.login("AVANGATE")
	read := `{"jsonrpc":"2.0","method":"getCustomerInformation","params":["` + s + `",352365984],"id":%}`
	write := `{"jsonrpc":"2.0","method":"updateCustomerInformation","params":["` + s + `",{"AvangateCustomerReference":352365984,"FirstName":"#"}],"id":%}`
	var calls []string
	for i, name := range []string{"", "Ann", "", "Bob", "", "Cid", ""} {
		call := read
		if name != "" {
			call = strings.ReplaceAll(write, "#", name)
		}
		calls = append(calls, strings.ReplaceAll(call, "%", string(rune('0'+i))))
	}
	got := w.answerTo("[" + strings.Join(calls, ",") + "]")
	at := 0
	for _, want := range []string{
		`"FirstName":"Maria"`, `"id":0}`, `"result":true,"id":1}`, `"FirstName":"Ann"`, `"id":2}`, `"id":3}`, `"FirstName":"Bob"`, `"id":4}`, `"id":5}`, `"FirstName":"Cid"`, `"id":6}]`,
	} {
		next := strings.Index(got[at:], want)
		if next < 0 {
			t.Fatalf("%s is not where it should be in %s", want, got)
		}
		at += next
	}
}

func TestEachCallOfABatchHasItsOwnCaller(t *testing.T) {
	w := newWorld(t)
	mine, other := w.login("AVANGATE"), w.login("OTHERSHOP")
	get := func(session, subscription, id string) string {
		return `{"jsonrpc":"2.0","method":"getSubscription","params":["` + session + `","` + subscription + `"],"id":` + id + `}`
	}
	got := w.answerTo("[" + get(mine, "123D40F123", "1") + "," + get(other, "123D40F123", "2") + "," + get("", "123D40F123", "3") + "," + get(other, "0AE5000001", "4") + "]")
	for _, want := range []string{
		`[{"jsonrpc":"2.0","result":{"SubscriptionReference":"123D40F123",`, `"error_code":"SUBSCRIPTION_NOT_FOUND"}},"id":2}`,
		`"error_code":"FORBIDDEN"}},"id":3}`, `"result":{"SubscriptionReference":"0AE5000001",`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is not in %s", want, got)
		}
	}
}

func TestABatchIsBounded(t *testing.T) {
	w := newWorld(t)
	update := `{"jsonrpc":"2.0","method":"updateCustomerInformation","params":["` + w.login("AVANGATE") + `",{"AvangateCustomerReference":352365984,"FirstName":"Marie"}]}`
	calls := func(n int) string {
		return "[" + update + strings.Repeat(`,{"jsonrpc":"2.0","method":"x","id":1}`, n-1) + "]"
	}
	before := w.result("getCustomerInformation", w.login("AVANGATE"), 352365984)
	if got, want := w.answerTo(calls(51)), standard("-32600", "Invalid Request: a batch must have 1 to 50 calls", "null"); got != want {
		t.Errorf("51 calls:\n got %s\nwant %s", got, want)
	}
	if got := w.result("getCustomerInformation", w.login("AVANGATE"), 352365984); string(got) != string(before) {
		t.Error("a call of a batch that is too long was made")
	}
	if got := w.answerTo(calls(50)); strings.Count(got, "Method not found") != 49 {
		t.Errorf("50 calls: got %s", got)
	}
	if got := w.result("getCustomerInformation", w.login("AVANGATE"), 352365984); string(got) == string(before) {
		t.Error("a call of a batch that is not too long was not made")
	}
}

// A batch asks for much with little: 50 lists of 200 subscriptions.
func TestTheAnswersOfABatchAreBounded(t *testing.T) {
	w := newWorld(t)
	var b directory.Batch
	for i := range 200 {
		b.Subscriptions = append(b.Subscriptions, avangatetest.Subscription(avangatetest.Shop, fmt.Sprintf("%010X", i), 352365985, 2027))
	}
	w.Load(avangatetest.Shop, &b)
	s := w.login("AVANGATE")
	list := `{"jsonrpc":"2.0","method":"getCustomerSubscriptions","params":["` + s + `",352365985],"id":1}`
	one := len(w.answerTo(list))
	update := `{"jsonrpc":"2.0","method":"updateCustomerInformation","params":["` + s + `",{"AvangateCustomerReference":352365985,"FirstName":"Marie"}]}`
	a := w.post("[" + strings.Repeat(list+",", 48) + update + "," + list + "]")
	got := a.Body.String()
	made := strings.Count(got, `"result":[`)
	if len(got) > 1<<20+2*one || made < 2 || made != 1<<20/(one+1)+1 {
		t.Errorf("got %d lists of %d bytes in %d bytes", made, one, len(got))
	}
	refused := refusal("42900", "A batch is answered with at most 1 MiB: send this call in another one", "LIMIT_EXCEEDED")
	if n := strings.Count(got, strings.Replace(refused, `"id":7`, `"id":1`, 1)); n != 49-made || !json.Valid([]byte(got)) || a.Header().Get("Retry-After") == "" {
		t.Errorf("%d calls are refused by the limit, want %d; Retry-After %q", n, 49-made, a.Header().Get("Retry-After"))
	}
	traces := w.SignOn.Traces("TESTCODE00")
	if last := traces[len(traces)-1]; last.Failed != signon.CheckLimits || last.Note != fmt.Sprintf("call %d of the batch", made+1) {
		t.Errorf("the last trace is %+v", last)
	}
	if got := w.result("getCustomerInformation", s, 352365985); strings.Contains(string(got), "Marie") {
		t.Error("a notification was made after the limit")
	}
}
