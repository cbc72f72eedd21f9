package sandbox

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// canary is a secret that is no word of a call's own.
const canary = "S3cr-Canary"

// card is a number that checks, and none of the demo's.
const card = "4929939187355598"

func newCall(contentType, body string) *Call {
	return &Call{
		Request:  Request{Method: "POST", URL: "/x", Host: "localhost", Header: http.Header{"Content-Type": {contentType}}, Body: Body{Text: body}},
		Response: Response{Header: http.Header{}},
	}
}

func TestSecretsAreHiddenHoweverTheyAreWritten(t *testing.T) {
	basic := func(pair string) string { return base64.StdEncoding.EncodeToString([]byte(pair)) }
	long := strings.Repeat(" ", 250)
	for _, c := range []struct{ contentType, in string }{
		{"application/json", `{"name":"password","value":"S"}`},
		{"application/json", `{"value":"S","name":"password"}`},
		{"application/json", `{"value":"S{","name":"password"}`},
		{"application/json", `{"value":"{\"S","name":"password"}`},
		{"application/json", `{"value":"S","x":{},"name":"password"}`},
		{"application/json", `{"value":{"a":"S"},"name":"password"}`},
		{"application/json", `[{"key":"a","value":"b"},{"key":"client_secret","value":"S"}]`},
		{"application/json", `{"x":"[{\"key\":\"client_secret\",\"value\":\"S\"}]"}`},
		{"application/json", `{"name":"pass\u0077ord","value":"S"}`},
		{"application/json", `{"password"` + long + `:"S"}`},
		{"application/json", `{"password":` + long + `"S"}`},
		{"application/json", `{"password` + long + `":"S"}`},
		{"application/json", `{"x":"{\"\\u0070assword\":\"S\"}"}`},
		{"application/json", `{"x":"{\"a\":\"{\\\"\\\\u0070assword\\\":\\\"S\\\"}\"}"}`},
		{"application/json", `{"user_pass":"S","newPass":"S","access_key":"S","cardCvv":"S","cvc":"S","CCID":"S","pin_code":"S","password2":"S"}`},
		{"application/json", `{"h":"Basic ` + basic("ann:S") + `"}`},
		{"application/json", `{"h":"basic  ` + basic("ann:S") + `"}`},
		{"application/json", `{"h":"Basic ` + basic("S:") + `"}`},
		{"application/json", `{"h":"Basic ` + strings.TrimRight(basic("annx:S"), "=") + `"}`},
		{"application/json", `{"msg":"password: abc,S"}`},
		{"application/json", `{"msg":"password: ab\"c S"}`},
		{"application/json", `{"x":"\u0026lt;password>S\u0026lt;/password>"}`},
		{"application/json", `{"x":"<input name=\"password\" value=\"S\">"}`},
		{"text/xml", `<param name="password">S</param>`},
		{"text/xml", `<param name="password"><value>S</value></param>`},
		{"text/xml", `<param value="S" name="pass&#119;ord"/>`},
		{"text/xml", `<item><key>password</key><value>S</value></item>`},
		{"text/xml", `<item><value>S</value><key>password</key></item>`},
		{"text/xml", `<item><value>S</value><type>x</type><key>password</key></item>`},
		{"text/xml", `<item><key>password</key><type>x</type><value>S</value></item>`},
		{"text/xml", `<item><key><![CDATA[password]]></key><value><![CDATA[S]]></value></item>`},
		{"text/xml", `<item><value><![CDATA[S]]></value><key><![CDATA[password]]></key></item>`},
		{"text/xml", `<item><KEY>pass&#119;ord</KEY><value>S</value></item>`},
		{"text/xml", `<password><!--</password>-->S</password>`},
		{"text/xml", `<password><![CDATA[a</password>S]]></password>`},
		{"text/xml", `<password><b>a</b><![CDATA[</password>]]>S</password>`},
		{"text/xml", `<password><password>a</password>S</password>`},
		{"text/xml", `<x><![CDATA[<password>S</password>]]></x>`},
		{"text/xml", `<!DOCTYPE a [<!ENTITY p "S">]><a><password>&p;</password></a>`},
		{"text/xml", `<!DOCTYPE a SYSTEM "S"><a/>`},
		{"text/html", `<input value="S" name="password">`},
		{"text/html", `<INPUT VALUE='S' NAME=PassWord>`},
		{"text/html", `<input name=password value=S>`},
		{"text/html", `<input name="password" value="S`},
		{"text/html", `<textarea name="secret">S</textarea>`},
		{"text/plain", `password: abc,S`},
		{"text/plain", `password=abc S`},
		{"text/plain", `password: a"b <c> S`},
		{"text/plain", `[password] => S`},
		{"application/x-www-form-urlencoded", `a=%zz&password=S%&x=%`},
		{"application/x-www-form-urlencoded", `x=%zz%7B%22password%22%3A%22S%22%7D`},
		{"application/x-www-form-urlencoded", `x=%257B%2522password%2522%253A%2522S%2522%257D`},
		{"Application/X-WWW-Form-URLencoded", `user=<b> "&password=a b, "S`},
		{"multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; Name=\"password\"\r\n\r\nS\r\n--x--"},
		{"Multipart/Form-Data; Boundary=x", "--x\r\nContent-Disposition: form-data; name*=utf-8''pass%77ord\r\n\r\nS\r\n--x--"},
		{"multipart/form-data; boundary=x", "--x\r\nX: " + strings.Repeat("y", 1000) + "\r\nContent-Disposition: form-data; name=password\r\nX: " + strings.Repeat("y", 1000) + "\r\n\r\nS\r\n--x--"},
		{"multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\na\r\n--b S\r\n--x--"},
		{"multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"a\"\r\nContent-Type: application/json\r\n\r\n{\"password\":\"S\"}\r\n--x--"},
		{"multipart/form-data", "--x\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\nS\r\n--x--"},
		{"", "--x\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\nS\r\n--x--"},
	} {
		body := strings.ReplaceAll(c.in, "S", canary)
		for _, pair := range []string{"ann:S", "annx:S", "S:"} {
			for _, written := range []string{basic(pair), strings.TrimRight(basic(pair), "=")} {
				body = strings.ReplaceAll(body, strings.ReplaceAll(written, "S", canary), written)
				body = strings.ReplaceAll(body, written, basic(strings.ReplaceAll(pair, "S", canary)))
			}
		}
		call := kept(t, nil, newCall(c.contentType, body))
		shown := call.Request.Body.Text
		if strings.Contains(shown, canary) || strings.Contains(shown, basic(canary + ":")[:8]) || strings.Contains(shown, basic("ann:" + canary)[6:]) {
			t.Errorf("%s\n%s\nis shown as\n%s", c.contentType, body, shown)
		}
	}
}

func TestHeadersLoseTheirSecretsHoweverTheyAreWritten(t *testing.T) {
	encoded := base64.StdEncoding.EncodeToString([]byte("ann:" + canary))
	for name, values := range map[string][]string{
		"X-Forwarded-Uri":   {"/x?u=%252Fy%253Fpassword%253D" + canary, `{\"\\u0070assword\":\"` + canary + `\"}`},
		"X-Note":            {"password: abc," + canary, `password=a"b ` + canary, "<password>" + canary + "</password>"},
		"X-Cookie":          {"a=" + canary},
		"X-Original-Cookie": {"a=" + canary},
		"X-Authorization":   {"Basic " + encoded},
		"Authorization":     {"Basic " + base64.StdEncoding.EncodeToString([]byte(canary+":")), "basic " + encoded},
		"Location":          {"/x?a=%zz&password=" + canary + "%"},
	} {
		for _, value := range values {
			shown := newHiding().headerValue(name, value)
			if strings.Contains(shown, canary) || strings.Contains(shown, encoded) || strings.HasPrefix(name, "Auth") && shown == value {
				t.Errorf("%s: %s is shown as %s", name, value, shown)
			}
		}
	}
	for _, header := range []http.Header{{"Cookie": {"a=" + canary}}, {"Cookie": {`a="` + canary + `"`}}, {"Authorization": {"Basic " + encoded}}} {
		c := newCall("application/json", `{"echo":"`+canary+`","again":"`+strings.Replace(canary, "S", `\u0053`, 1)+`"}`)
		c.Request.Header = header
		kept(t, nil, c)
		if text := c.Request.Body.Text; strings.Contains(text, "Canary") {
			t.Errorf("%v comes again in %s", header, text)
		}
	}
}

func TestCardNumbersAreHiddenHoweverTheyAreWritten(t *testing.T) {
	grouped := func(by string) string { return strings.Join([]string{card[:4], card[4:8], card[8:12], card[12:]}, by) }
	var pairs []string
	for i := 0; i < len(card); i += 2 {
		pairs = append(pairs, card[i:i+2])
	}
	wide := strings.Map(func(r rune) rune { return r - '0' + '\uff10' }, card)
	for _, c := range []struct{ contentType, in string }{
		{"application/json", `{"cardToken":"` + card + `"}`},
		{"application/json", `{"access_token":"` + grouped("-") + `"}`},
		{"application/json", `{"a":"abcd` + card + `"}`},
		{"application/json", `{"a":"` + strings.Repeat("abcdef01", 3)[:20] + card + `"}`},
		{"application/json", `{"a":"` + card + `1227"}`},
		{"application/json", `{"a":"` + card + `12"}`},
		{"application/json", `{"a":"\u0034` + card[1:] + `"}`},
		{"application/json", `{"a":"&#52;` + card[1:] + `"}`},
		{"application/json", `{"a":"%34%39` + card[2:] + `"}`},
		{"application/json", `{"a":"` + grouped(`\u00a0`) + `"}`},
		{"application/json", `{"a":"` + grouped(`\n`) + `"}`},
		{"application/json", `{"a":[` + grouped(",") + `]}`},
		{"application/json", `{"a":"` + grouped("/") + `"}`},
		{"application/json", `{"a":"` + grouped("\u200b") + `"}`},
		{"application/json", `{"a":"` + wide + `"}`},
		{"text/plain", grouped("\r\n")},
		{"text/plain", grouped(", ")},
		{"text/html", "<p>" + strings.Join(pairs, " ") + "</p>"},
		{"text/xml", "<a>" + grouped("&#160;") + "</a>"},
		{"application/x-www-form-urlencoded", "a=" + url.QueryEscape(wide)},
		{"application/x-www-form-urlencoded", card + "=a"},
		{"multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"" + card + "\"\r\n\r\n" + card + "\r\n--x--"},
	} {
		c := kept(t, nil, newCall(c.contentType, c.in))
		if text := c.Request.Body.Text; !strings.Contains(text, hidden) || strings.Contains(text, card[2:]) || strings.Contains(text, card[8:12]) || strings.Contains(text, wide[3:]) {
			t.Errorf("card number in %s", text)
		}
	}
	c := newCall("", "")
	c.Request.URL, c.Dialect = "/v2/"+card, "generatessotoken"
	c.Request.Header = http.Header{"X-" + card: {"x"}, "Cookie": {card + "=x"}, "Authorization": {"Bearer " + card}, "Set-Cookie": {card + "=x; Path=/"}}
	kept(t, nil, c)
	for _, path := range []string{"/oauth2/" + card, "/lob/01/.well-known/" + wide, "/services/2/a\x1b\n" + wide} {
		c.Request.URL, c.Dialect = (&url.URL{Path: path}).String(), "generatessotoken"
		kept(t, nil, c)
		if strings.ContainsAny(c.Operation, "\x1b\n") || strings.Contains(c.Operation, wide) {
			t.Errorf("operation %q", c.Operation)
		}
	}
	if text := fmt.Sprintf("%+v", *c); strings.Contains(text, card) {
		t.Errorf("card number in %s", text)
	}
}

// Dates, lists of numbers, digests and drawings have rows of digits, too.
func TestWhatIsNoCardIsShown(t *testing.T) {
	var texts []string
	for day := 1; day < 29; day++ {
		texts = append(texts, fmt.Sprintf("2026-11-%02d 2026-12-%02d 12:00", day, day), fmt.Sprintf("%02d.11.2026 - %02d.12.2026", day, day))
		texts = append(texts, fmt.Sprintf("4639%03d,4639%03d,4639%03d", day, day+1, day+2), fmt.Sprintf("1932%05d/1932%05d", day, day+2))
		texts = append(texts, fmt.Sprintf(`<svg><path d="M12 34 56 78.90 12 34 56 %02d 90"/></svg>`, day))
		texts = append(texts, fmt.Sprintf("?token%%3D%038dab", 4929939187355500+day), fmt.Sprintf("550e8400-e29b-41d4-a716-4466554400%02d", day))
	}
	for _, text := range texts {
		if got := newHiding().text(text); got != text {
			t.Errorf("%s is shown as %s", text, got)
		}
	}
}

// What the APIs themselves say stays readable.
func TestUsualTrafficStaysReadable(t *testing.T) {
	token := strings.Repeat("0f", 20)
	for contentType, bodies := range map[string][]string{
		"application/json": {
			`{"error_code":"AUTHENTICATION_ERROR","message":"Authentication needed for this resource"}`,
			`{"jsonrpc":"2.0","method":"login","params":["AVLRNG","2026-11-22 04:41:15","` + token + `"],"id":1}`,
			`{"message":[{"errorName":"USER_NOT_AUTHORIZED","code":"14016","description":"Not allowed. Check the \"role\" & the address."}]}`,
			`{"loginLink":"https:\/\/cp.example\/jsp\/developer_login.jsp?ref=` + strings.Repeat("0f", 52) + `\u0026target=A"}`,
			`{"Url":"https://a.example/order/checkout.php?PRODS=4639321&QTY=1&loginToken=` + token + `"}`,
			`{"items":[{"name":"Ann","value":"b"},{"key":"colour","value":"red"}]}`,
		},
		"text/xml": {
			`<?xml version="1.0"?><!-- a --><e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><m:a><item><key xsi:type="xsd:string">Email</key><value xsi:type="xsd:string">ann@a.example</value></item></m:a></e:Body></e:Envelope>`,
			`<e:Fault><faultcode>AUTH_ERROR</faultcode><faultstring>The password &amp; login don&apos;t match</faultstring></e:Fault>`,
		},
		"text/html; charset=utf-8": {
			`<!doctype html><html lang="en"><head><meta name="viewport" content="width=device-width"><title>A &amp; B</title></head><body><form><label for="password">Password</label><input type="hidden" name="ticket" value="MTIzNDU2Nzg"><p>Basic authentication, Basic plan</p></form></body></html>`,
		},
		"application/x-www-form-urlencoded": {"grant_type=client_credentials&scope=a+b%20c&u=https%3A%2F%2Fa.example%2F%3Fb%3D1"},
	} {
		for _, body := range bodies {
			if got := newHiding().body(body, contentType); got != body {
				t.Errorf("%s\nis shown as\n%s", body, got)
			}
		}
	}
}

func TestOfTooManySecretsNothingIsShown(t *testing.T) {
	var b strings.Builder
	for i := range 2 * maxTaken {
		fmt.Fprintf(&b, `{"password":"%s-%d"},`, canary, i)
	}
	c := newCall("application/json", "["+b.String()+"0]")
	c.Response.Body.Text = fmt.Sprintf("%s-%d", canary, 2*maxTaken-1)
	kept(t, nil, c)
	if text := fmt.Sprintf("%+v", *c); strings.Contains(text, canary) {
		t.Errorf("%d bytes: %.200s", len(text), text)
	}
}
