package bluesnap_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// explained returns the last trace of the last request.
func (w *world) explained() signon.Trace {
	w.Helper()
	found, err := w.signOn.Explain(w.Context(), "TESTCODE00")
	if err != nil || len(found.Traces) == 0 {
		w.Fatalf("no trace: %v", err)
	}
	return found.Traces[len(found.Traces)-1]
}

// why is what a trace says of a refusal.
type why struct {
	operation          signon.Operation
	failed             signon.Check
	expected, received string
}

func TestEvery403AndEvery400ExplainsItself(t *testing.T) {
	w := newWorld(t)
	const issue, call = signon.OpIssue, signon.OpCall
	post, get := http.MethodPost, http.MethodGet
	for _, c := range []struct {
		user                 string
		method, target, body string
		want                 why
	}{
		{"norole", post, loginPath, ownAddress, why{issue, signon.CheckCapability, "a client with the capability principal", "one without"}},
		{"norole", post, loginPath + "?a=1&a=2", "{", why{issue, signon.CheckCapability, "a client with the capability principal", "one without"}},
		{"username", post, loginPath + "?onbehalfofmid=99999", ownAddress, why{issue, signon.CheckActor, "its own tenant, or one that it acts for", "99999"}},
		{"username", post, "generateSSOLoginToken/77", ownAddress, why{issue, signon.CheckSubject, "a user of merchant 1000001", "77"}},
		{"username", post, "generateSSOLoginToken/joe@example.com?onbehalfofmid=23424", ownAddress, why{issue, signon.CheckSubject, "a user of merchant 23424", "no number"}},
		{"username", post, loginPath, `{"requestingUserIp":"62.216"}`, why{issue, signon.CheckArguments, "requestingUserIp must be one IPv4 or IPv6 address", "62.216"}},
		{"username", post, loginPath, `{`, why{issue, signon.CheckArguments, "The body is not valid JSON", ""}},
		{"username", post, loginPath + "?a=1&a=2", ownAddress, why{issue, signon.CheckArguments, "a must not be repeated", ""}},
		{"office", post, loginPath, ownAddress, why{signon.OpPassword, signon.CheckCaller, "a call from 198.51.100.0/24, 2001:db8::1/128", "192.0.2.10"}},
		{"username", get, "tools/auth-token?shopperId=1", "", why{issue, signon.CheckReference, "a shopper of merchant 1000001", "1"}},
		{"username", get, "tools/auth-token?shopperId=joe@example.com", "", why{issue, signon.CheckReference, "a shopper of merchant 1000001", "no number"}},
		{"username", get, "tools/auth-token?shopperId=19363122&expirationInMinutes=0", "", why{issue, signon.CheckArguments, "expirationInMinutes must be a whole number of minutes, 1 to 1440", "0"}},
		{"norole", get, "cp/user/1111001", "", why{call, signon.CheckCapability, "a client with the capability principal", "one without"}},
		{"username", get, "cp/user/1111001?onbehalfofmid=99999", "", why{call, signon.CheckActor, "its own tenant, or one that it acts for", "99999"}},
		{"username", get, "cp/user/77?onbehalfofmid=23424", "", why{call, signon.CheckReference, "a user of merchant 23424", "77"}},
		{"username", post, "cp/user", `{"firstName":"A","lastName":"B","email":"private@"}`, why{call, signon.CheckArguments, "username must be given", ""}},
		{"username", post, "cp/user", `{"firstName":"A","lastName":"B","email":"a@example.com","username":"ADA"}`, why{call, signon.CheckArguments, "username must not be another user's", ""}},
		{"username", post, "cp/user", `{"password":"x"}`, why{call, signon.CheckArguments, "password must have 12 to 128 characters", ""}},
		{"username", get, "nothing", "", why{call, signon.CheckReadable, "a call that can be read", "There is nothing here"}},
		{"username", post, "cp/user/1", "{}", why{call, signon.CheckReadable, "a call that can be read", "Only GET, HEAD, PUT, DELETE can be used here"}},
	} {
		a := w.send(by(c.user, w.request(c.method, c.target, c.body, asJSON)))
		if a.Code < 400 {
			t.Errorf("%s %s: got %d", c.method, c.target, a.Code)
		}
		trace := w.explained()
		if got := (why{trace.Operation, trace.Failed, trace.Expected, trace.Received}); got != c.want {
			t.Errorf("%s by %s:\n got %+v\nwant %+v", c.target, c.user, got, c.want)
		}
	}
}

func TestAPathThatIsNoneIsNamedWithoutWhatMayBePersonal(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct{ method, target, note string }{
		{http.MethodPost, "cp/user/1111001", "POST /services/2/cp/user/*"},
		{http.MethodHead, "tools/auth-token?shopperId=19363122", "HEAD /services/2/tools/auth-token"},
		{http.MethodGet, "joe@example.com/cp/Users", "GET /services/2/*/cp/*"},
		{"BREW", strings.Repeat("x/", 30), "* /services/2/*/*/*/*/*/*/…"},
	} {
		w.send(w.request(c.method, c.target, "", ""))
		if trace := w.explained(); trace.Note != c.note || trace.Failed != signon.CheckReadable {
			t.Errorf("%s %s: got %+v, want the note %q", c.method, c.target, trace, c.note)
		}
	}
}

func TestAPasswordIsTracedWithTheChecksThatThereAre(t *testing.T) {
	w := newWorld(t)
	for plain, failed := range map[string]signon.Check{"password": "", "wrong": signon.CheckProof} {
		w.send(func() *http.Request {
			r := w.request(http.MethodGet, "cp/user/1111001", "", "")
			r.Header.Set("Authorization", basic("username", plain))
			return r
		}())
		trace := w.explained()
		var steps []signon.Check
		for _, step := range trace.Steps() {
			steps = append(steps, step.Check)
		}
		if fmt.Sprint(steps) != "[throttle form client proof caller]" || trace.Failed != failed {
			t.Errorf("%v failed, steps %v", trace.Failed, steps)
		}
	}
	w.signOn.Finish()
	for i := range 5000 { // more than memory holds
		w.signOn.Trace(&signon.Trace{SupportCode: fmt.Sprint("FILL", i), Operation: signon.OpIssue}, nil)
	}
	if trace := w.explained(); trace.Operation != signon.OpPassword || trace.Failed != signon.CheckProof || trace.Expected != "the password of username" {
		t.Errorf("retold as %+v", trace)
	}
}

// What asks for a token and is turned away outlives the memory, without what came:
// that may be personal.
func TestARefusedLoginIsInTheAuditLog(t *testing.T) {
	for _, c := range []struct {
		user, target, body string
		reason             signon.Reason
		tenant             signon.TenantID
	}{
		{"norole", loginPath, ownAddress, signon.ReasonCapability, own},
		{"username", loginPath + "?onbehalfofmid=99999", ownAddress, signon.ReasonNotLinked, own},
		{"username", loginPath + "?onbehalfofmid=23424", `{"requestingUserIp":"62.216"}`, signon.ReasonArgument, linked},
		{"username", "generateSSOLoginToken/77?onbehalfofmid=23424", ownAddress, signon.ReasonSubject, linked},
	} {
		w := newWorld(t)
		w.send(by(c.user, w.request(http.MethodPost, c.target, c.body, asJSON)))
		found, err := w.signOn.Explain(t.Context(), "TESTCODE00")
		if err != nil || len(found.Events) != 1 {
			t.Fatalf("%s: got %d events, %v", c.target, len(found.Events), err)
		}
		e, err := found.Events[0].Event()
		if err != nil || e.Type != signon.EventIssueRefused || e.Reason != c.reason || e.Tenant != c.tenant || e.Client != c.user || e.Destination != "portal" || e.Caller != "192.0.2.10" || strings.Contains(e.Note, "62.216") {
			t.Errorf("%s: got %+v, %v", c.target, e, err)
		}
	}
}

func TestACallIsTracedOnce(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		r    *http.Request
		want string
	}{
		{w.request(http.MethodPost, loginPath, ownAddress, asJSON), "[password issue]"},
		{w.request(http.MethodPost, "generateSSOLoginToken/77", ownAddress, asJSON), "[password issue]"},
		{w.request(http.MethodPost, loginPath, "{}", asJSON), "[password issue]"},
		{w.request(http.MethodGet, "cp/user/77", "", asJSON), "[password call]"},
		{w.request(http.MethodGet, "cp/user/1111001", "", asJSON), "[password]"},
		{w.keyed("k1", ownAddress), "[password issue]"},
		{w.keyed("k1", ownAddress), "[password issue]"},
		{by("nobody", w.request(http.MethodGet, "cp/user/1111001", "", asJSON)), "[password]"},
		{w.request(http.MethodGet, "nothing", "", asJSON), "[call]"},
	} {
		before := len(w.signOn.Traces("TESTCODE00"))
		w.send(c.r)
		var got []signon.Operation
		for _, trace := range w.signOn.Traces("TESTCODE00")[before:] {
			got = append(got, trace.Operation)
		}
		if fmt.Sprint(got) != c.want {
			t.Errorf("%s %s: got %v, want %s", c.r.Method, c.r.URL, got, c.want)
		}
	}
	w.send(w.keyed("k1", ownAddress))
	if trace := w.explained(); trace.Failed != "" || !strings.Contains(trace.Note, "Idempotency-Key") {
		t.Errorf("a repeat: got %+v", trace)
	}
}

// TestNothingSecretIsLoggedOrTraced sends canaries through every call, in every
// place that a request has.
func TestNothingSecretIsLoggedOrTraced(t *testing.T) {
	w := newWorld(t)
	found := map[string]string{"token": tokenOf(t, w.send(w.keyed("canary-key", ownAddress)))}
	for _, e := range []error{nil, fmt.Errorf("broken")} {
		w.store.err = e
		for _, c := range calls(1111001) {
			for _, body := range []string{c.body, `{"requestingUserIp":"canary","password":"Canary-Password-1","firstName":"Canary","lastName":"Canary","email":"canary@example.com","username":"canary"}`, `{"password":"canary"}`, "canary"} {
				w.caller = w.caller.Next()
				for _, user := range []string{"username", "nobody"} {
					if user == "nobody" && body != "canary" {
						continue // the body of a stranger is not read, and judging passwords is slow
					}
					separator := "?"
					if strings.Contains(c.target, "?") {
						separator = "&"
					}
					r := by(user, w.request(c.method, c.target+separator+"canary=canary&onbehalfofmid=&x="+found["token"], body, asJSON))
					r.Header.Set("Idempotency-Key", "canary-"+fmt.Sprint(len(body)))
					w.send(r)
				}
			}
			r := w.request(c.method, c.target, c.body, asJSON)
			r.Header.Set("Authorization", "canary "+basic("username", "canary"))
			w.send(r)
			r.Header.Set("Authorization", basic("username", "Canary-Password-1"))
			w.send(r)
		}
	}
	w.signOn.Finish()
	text := w.logged.String()
	if !strings.Contains(text, "level=ERROR") {
		t.Fatal("nothing was logged")
	}
	for _, trace := range w.signOn.Traces("TESTCODE00") {
		if trace.Received == "canary" && strings.HasPrefix(trace.Expected, "requestingUserIp ") {
			trace.Received = "" // no address, which is what was to be told
		}
		text += fmt.Sprintf("%+v\n", trace)
	}
	found["password"], found["hash"], found["credentials"], found["name"] = "Canary-Password", "argon2id", basic("username", "password")[6:], "anary"
	for what, secret := range found {
		for line := range strings.Lines(text) {
			if strings.Contains(line, secret) {
				t.Errorf("%s: is in %s", what, line)
				break
			}
		}
	}
}
