package sandbox

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// kept returns what is kept of a call.
func kept(t testing.TB, open []string, c *Call) *Call {
	t.Helper()
	s := newSandbox(t, open...)
	if c.Request.Header == nil {
		c.Request.Header = http.Header{}
	}
	if c.Response.Header == nil {
		c.Response.Header = http.Header{}
	}
	x := &exchange{sandbox: s, call: c}
	if u, err := url.ParseRequestURI(c.Request.URL); err == nil {
		x.url = *u
	}
	x.hide()
	return c
}

func newHiding(open ...string) *hiding {
	h := &hiding{open: map[string]bool{}, from: time.Now().Add(-time.Hour), until: time.Now().Add(time.Hour)}
	for _, secret := range open {
		h.open[secret] = true
	}
	return h
}

func TestSecretsAreHiddenWhereTheyAre(t *testing.T) {
	for _, c := range []struct{ contentType, in, want string }{
		{"application/json", `{"login":"ann","password":"hunter2","n":1}`, `{"login":"ann","password":"(hidden)","n":1}`},
		{"application/json", `{"Pass\u0077ord" : "a\"b\\", "x":"y"}`, `{"Pass\u0077ord" : "(hidden)", "x":"y"}`},
		{"application/json", `{"pin":1234,"clientSecret":["a","]"],"x":{"secret_key":{"a":"}"}}}`, `{"pin":(hidden),"clientSecret":(hidden),"x":{"secret_key":(hidden)}}`},
		{"application/json", `{"password":"cut o`, `{"password":"(hidden)`},
		{"application/json", `{"password":null,"passwordChanged":true,"secret":""}`, `{"password":null,"passwordChanged":true,"secret":""}`},
		{"application/json", `{"body":"{\"password\":\"a\\\"b\",\"x\":1}"}`, `{"body":"{\"password\":\"(hidden)\",\"x\":1}"}`},
		{"application/json", `{"url":"https://shop.example/?password=hunter2&x=1"}`, `{"url":"https://shop.example/?password=(hidden)&x=1"}`},
		{"application/json", `{"url":"https://ann:hunter2@shop.example/"}`, `{"url":"https://ann:(hidden)@shop.example/"}`},
		{"application/json", `{"loginToken":"0123456789abcdef0123456789abcdef01234567"}`, `{"loginToken":"0123456789abcdef0123456789abcdef01234567"}`},
		{"text/plain", `password: hunter2`, `password: (hidden)`},
		{"text/plain", `{"password": "hunter2"}`, `{"password": "(hidden)"}`},
		{"application/x-www-form-urlencoded", `user=ann&pass%77ord=a+b%26c&x=1`, `user=ann&pass%77ord=(hidden)&x=1`},
		{"application/x-www-form-urlencoded", `grant_type=client_credentials&client_secret=s"<e>c r;et`, `grant_type=client_credentials&client_secret=(hidden)`},
		{"application/x-www-form-urlencoded", `json=%7B%22password%22%3A%22hunter2%22%7D`, `json=%7B%22password%22%3A%22(hidden)%22%7D`},
		{"application/x-www-form-urlencoded", `u=https%3A%2F%2Fa.example%2F%3Fsecret%3Dhunter2%26b%3D1`, `u=https%3A%2F%2Fa.example%2F%3Fsecret%3D(hidden)%26b%3D1`},
		{"application/x-www-form-urlencoded", `data[password]=hunter2`, `data[password]=(hidden)`},
		{"", `client_secret=hunter2&a=b`, `client_secret=(hidden)&a=b`},
		{"text/xml", `<a><ns1:Password xsi:type="xsd:string">hunter2</ns1:Password><b>c</b></a>`, `<a><ns1:Password xsi:type="xsd:string">(hidden)</ns1:Password><b>c</b></a>`},
		{"text/xml", `<secret><![CDATA[a<b]]></secret><password/><password></password>`, `<secret>(hidden)</secret><password/><password></password>`},
		{"text/xml", `<password a="x>y">hunter2`, `<password a="x>y">(hidden)`},
		{"text/xml", `<user password="hunter2" secret='x y'/>`, `<user password="(hidden)" secret='(hidden)'/>`},
		{"text/xml", `<item><key xsi:type="xsd:string">password</key> <value xsi:type="xsd:string">hunter2</value></item>`, `<item><key xsi:type="xsd:string">password</key> <value xsi:type="xsd:string">(hidden)</value></item>`},
		{"text/html", `<input type="password" name="password" value="hunter2">`, `<input type="password" name="password" value="(hidden)">`},
		{"multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\nhunter2\r\n--x--", "--x\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\n(hidden)\r\n--x--"},
		{"application/json", `{"card":"4111 1111-1111 1111","x":"a4111111111111111b"}`, `{"card":"(hidden)","x":"a(hidden)b"}`},
		{"application/json", `{"a":"352365983 4111111111111111 12/29"}`, `{"a":"352365983 (hidden) 12/29"}`},
		{"application/x-www-form-urlencoded", `n=4111+1111+1111+1111&m=4111%201111%201111%201111`, `n=(hidden)&m=(hidden)`},
		{"application/json", `{"not":"4111 1111 1111 1112"}`, `{"not":"4111 1111 1111 1112"}`},
	} {
		if got := newHiding().body(c.in, c.contentType); got != c.want {
			t.Errorf("%s: got\n%s\nfrom\n%s\nwant\n%s", c.contentType, got, c.in, c.want)
		}
	}
}

func TestHeadersLoseTheirSecrets(t *testing.T) {
	basic := func(pair string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(pair)) }
	for _, c := range []struct{ name, in, want string }{
		{"Cookie", "a=b; c=; d", "a=(hidden); c=; (hidden)"},
		{"Set-Cookie", "__Host-x=abc; Path=/; HttpOnly", "__Host-x=(hidden); Path=/; HttpOnly"},
		{"Authorization", basic("username:password"), basic("username:password")},
		{"Authorization", basic("ann:hunter2"), "Basic ann:(hidden)"},
		{"Authorization", "Basic hunter2", "Basic (hidden)"},
		{"Authorization", "Bearer abc.def", "Bearer abc.def"},
		{"Authorization", "Digest username=x, response=y", "Digest (hidden)"},
		{"Authorization", "hunter2", "(hidden)"},
		{"Proxy-Authorization", basic("ann:hunter2"), "Basic ann:(hidden)"},
		{"X-Api-Key", "hunter2", "(hidden)"},
		{"Location", "https://a.example/?password=a;b&token=c", "https://a.example/?password=(hidden)&token=c"},
		{"Referer", "https://ann:hunter2@a.example/", "https://ann:(hidden)@a.example/"},
		{"X-Avangate-Authentication", `code="AVANGATE" date="2026-11-22 04:41:15" hash="ab"`, `code="AVANGATE" date="2026-11-22 04:41:15" hash="ab"`},
		{"X-Anything", "card 4111111111111111", "card (hidden)"},
	} {
		if got := newHiding("password").headerValue(c.name, c.in); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

// The number of a token for an application starts with milliseconds, and one in ten
// checks like a card's.
func TestWhatOnlyLooksLikeACardStays(t *testing.T) {
	h := newHiding("4242424242424242")
	number := ""
	for ms := time.Now().UnixMilli(); number == ""; ms++ {
		if text := fmt.Sprintf("%d123", ms); directory.Luhn([]byte(text)) {
			number = text
		}
	}
	for _, text := range []string{
		`{"TokenRefNo":"` + number + `"}`,
		"token=41111111111111110a000000000000000000beef&x=1",
		"550e8400-e29b-41d4-a716-446655440000",
		"4242 4242 4242 4242",
		"+49 30 1234567",
	} {
		if got := h.text(text); got != text {
			t.Errorf("got %q, want %q", got, text)
		}
	}
}

func TestASecretIsHiddenWhereverItComesAgain(t *testing.T) {
	c := kept(t, nil, &Call{
		Request: Request{
			Method: "POST", URL: "/x?note=correct-horse", Host: "localhost",
			Body: Body{Text: `{"password":"correct-horse","name":"ann"}`},
		},
		Response:  Response{Header: http.Header{"X-Echo": {"correct-horse"}}, Body: Body{Text: "no correct-horse here"}},
		Decisions: []signon.Trace{{Received: "correct-horse"}},
	})
	if text := fmt.Sprintf("%+v", *c); strings.Contains(text, "correct-horse") {
		t.Errorf("got %s, want the password nowhere", text)
	}
}

// places are where a client can put a secret, given in the place's own writing.
var places = map[string]func(c *Call, secret string){
	"cookie":     func(c *Call, s string) { c.Request.Header.Set("Cookie", "a=b; session="+url.QueryEscape(s)) },
	"set-cookie": func(c *Call, s string) { c.Response.Header.Set("Set-Cookie", "session="+url.QueryEscape(s)+"; Path=/") },
	"basic": func(c *Call, s string) {
		c.Request.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("ann:"+s)))
	},
	"json": func(c *Call, s string) {
		text, _ := json.Marshal(map[string]any{"a": 1, "newPassword": s, "deep": []any{map[string]string{"client_secret": s}}})
		c.Request.Body.Text = string(text)
		c.Request.Header.Set("Content-Type", "application/json")
	},
	"json in json": func(c *Call, s string) {
		inner, _ := json.Marshal(map[string]string{"password": s, "z": "z"})
		text, _ := json.Marshal(map[string]string{"params": string(inner)})
		c.Request.Body.Text = string(text)
	},
	"answer": func(c *Call, s string) {
		text, _ := json.MarshalIndent(map[string]string{"secretKey": s}, "", "  ")
		c.Response.Body.Text = string(text)
	},
	"form": func(c *Call, s string) {
		c.Request.Body.Text = url.Values{"user": {"ann"}, "password": {s}, "x": {"y"}}.Encode()
		c.Request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	},
	"form without a type": func(c *Call, s string) { c.Request.Body.Text = "client_secret=" + url.QueryEscape(s) + "&grant_type=x" },
	"xml": func(c *Call, s string) {
		c.Request.Body.Text = "<e:Envelope><e:Body><m:login><password>" + html.EscapeString(s) + "</password></m:login></e:Body></e:Envelope>"
		c.Request.Header.Set("Content-Type", "text/xml")
		c.Dialect, c.Request.Method = "2checkout-soap", "POST"
	},
	"soap map": func(c *Call, s string) {
		c.Request.Body.Text = "<item><key>secret</key><value>" + html.EscapeString(s) + "</value></item>"
	},
	"soap map in the other order": func(c *Call, s string) {
		c.Request.Body.Text = "<item><value>" + html.EscapeString(s) + "</value><key>secret</key></item>"
	},
	"pair": func(c *Call, s string) {
		text, _ := json.Marshal(map[string]string{"name": "password", "value": s})
		c.Request.Body.Text = string(text)
	},
	"param": func(c *Call, s string) {
		c.Request.Body.Text = `<param name="password">` + html.EscapeString(s) + "</param>"
	},
	"input": func(c *Call, s string) {
		c.Request.Body.Text = `<INPUT value="` + html.EscapeString(s) + `" NAME="password">`
	},
	"line of text": func(c *Call, s string) { c.Request.Body.Text = "password: " + s + "\nx" },
	"basic in json": func(c *Call, s string) {
		c.Request.Body.Text = `{"authorization":"Basic ` + base64.StdEncoding.EncodeToString([]byte("ann:"+s)) + `"}`
	},
	"part of a form": func(c *Call, s string) {
		c.Request.Body.Text = "--x\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\n" + s + "\r\n--x--"
		c.Request.Header.Set("Content-Type", "multipart/form-data; boundary=x")
	},
	"query": func(c *Call, s string) { c.Request.URL = "/rest/6.0/x/?a=b&api_key=" + url.QueryEscape(s) },
	"nested query": func(c *Call, s string) {
		c.Request.URL = "/x?u=" + url.QueryEscape("https://a.example/?pwd="+url.QueryEscape(s))
	},
	"location": func(c *Call, s string) { c.Response.Header.Set("Location", "/x?password="+url.QueryEscape(s)) },
	"header":   func(c *Call, s string) { c.Request.Header.Set("X-Client-Secret", s) },
}

func FuzzNoSecretSurvives(f *testing.F) {
	for _, s := range []string{"hunter2hunter2", `a"b\c'd<e>f&g=h;i j`, "päss wörd %41+", "\u2028x{y}[z],", `\"`, "4111111111111111", "]]>", "<!--", "{", "&lt;", `\u0022`, "--x", ":"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, secret string) {
		secret = strings.ToValidUTF8(secret, "")
		if strings.ContainsFunc(secret, func(r rune) bool { return r < ' ' || r == '\ufffd' }) {
			t.Skip()
		}
		secret = "Canary" + secret + "Canary" // so that it is no word of the call's own
		for name, put := range places {
			c := &Call{Request: Request{Method: "GET", URL: "/x", Host: "localhost", Header: http.Header{}}, Response: Response{Header: http.Header{}}}
			put(c, secret)
			kept(t, nil, c)
			if text := fmt.Sprintf("%+v", *c); strings.Contains(text, "Canary") {
				t.Errorf("%s: %q survives in %s", name, secret, text)
			}
			open := &Call{Request: Request{Method: "GET", URL: "/x", Host: "localhost", Header: http.Header{}}, Response: Response{Header: http.Header{}}}
			put(open, "SECRET_KEY")
			kept(t, []string{"SECRET_KEY"}, open)
			basic := base64.StdEncoding.EncodeToString([]byte("ann:SECRET_KEY"))
			if text := fmt.Sprintf("%+v", *open); !strings.Contains(name, "cookie") && !strings.Contains(text, "SECRET_KEY") && !strings.Contains(text, basic) {
				t.Errorf("%s: the demo's own secret is hidden in %s", name, text)
			}
		}
	})
}

// What the directory would refuse as a card number is hidden, however it is
// grouped.
func FuzzNoCardNumberSurvives(f *testing.F) {
	f.Add("4111111111111111", uint32(0), "x")
	f.Add("5555555555554444", uint32(0b1000_1000_1000), "-")
	f.Add("378282246310005", uint32(0b1_0000_0010_000), " ")
	f.Add("6011111111111117", uint32(0xffffffff), " ")
	f.Add("4929939187355598", uint32(0b1010_1010_1010_1010), "-")
	f.Fuzz(func(t *testing.T, number string, gaps uint32, gap string) {
		if len(number) < directory.LeastCardDigits || len(number) > directory.MostCardDigits || strings.Trim(number, "0123456789") != "" || !directory.Luhn([]byte(number)) {
			t.Skip()
		}
		if gap != " " && gap != "-" && gap != "." && gap != "\u00a0" {
			gap = " "
		}
		var b strings.Builder
		for i, digit := range number {
			if i > 0 && gaps>>i&1 == 1 {
				b.WriteString(gap)
			}
			b.WriteRune(digit)
		}
		written := b.String()
		for name, text := range map[string]string{
			"json": `{"a":"` + written + `"}`, "xml": "<a>" + written + "</a>", "form": "a=" + url.QueryEscape(written) + "&b=c", "text": "no. " + written + "!",
		} {
			for _, got := range []string{newHiding().text(text), newHiding().url("/x?" + text)} {
				if plain, err := url.QueryUnescape(got); err == nil && name == "form" {
					got = plain
				}
				if strings.Contains(got, written) || directory.HoldsCardNumber("", got) {
					t.Errorf("%s: %q survives in %q", name, written, got)
				}
			}
		}
	})
}
