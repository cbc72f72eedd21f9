package bluesnap

import (
	"encoding/base64"
	"strings"
	"testing"
	"unicode/utf8"
)

func encoded(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

func TestBasicCredentialsHaveOneForm(t *testing.T) {
	for header, want := range map[string]credentials{
		"Basic dXNlcm5hbWU6cGFzc3dvcmQ=":       {"username", "password"},
		"basic " + encoded("a:b"):              {"a", "b"},
		"BASIC " + encoded("a:b"):              {"a", "b"},
		"Basic " + encoded("a:b:c:"):           {"a", "b:c:"},
		"Basic " + encoded("a:"):               {"a", ""},
		"Basic " + encoded("API user@x:Pä ss"): {"API user@x", "Pä ss"},
	} {
		if got, unreadable := parseBasic([]string{header}); got != want || unreadable != "" {
			t.Errorf("%s: got %+v, %s", header, got, unreadable)
		}
	}
	fine := encoded("username:password!") // of 24 digits, without padding
	for _, headers := range [][]string{
		{},
		{""},
		{"Basic"},
		{"Basic "},
		{"Basic  " + fine},
		{" Basic " + fine},
		{"Basic\t" + fine},
		{"Basic " + fine + " "},
		{"Basic " + fine + "\n"},
		{"Basic " + fine[:8] + "\r\n" + fine[8:]},
		{"Bearer " + fine},
		{"Basic:" + fine},
		{"Basic" + fine},
		{fine},
		{"Basic " + fine, "Basic " + fine},
		{"Basic " + fine + ", Basic " + fine},
		{"Basic " + fine[:23]},
		{"Basic " + fine + "="},
		{"Basic dXNlcm5hbWU6cGFzc3dvcmQ"},
		{"Basic dXNlcm5hbWU6cGFzc3dvcmR="},
		{"Basic " + strings.ReplaceAll(encoded("a?>:b?>"), "/", "_")},
		{"Basic " + encoded("username")},
		{"Basic " + encoded(":password")},
		{"Basic " + encoded(" a:b")},
		{"Basic " + encoded("a\x00:b")},
		{"Basic " + encoded("ä:b")},
		{"Basic " + encoded("a:\xff")},
		{"Basic " + encoded(strings.Repeat("a", 65)+":b")},
		{"Basic " + encoded("a:"+strings.Repeat("b", 2000))},
		{`Basic realm="x"`},
	} {
		got, unreadable := parseBasic(headers)
		if unreadable == "" {
			t.Errorf("%q: got %+v", headers, got)
		}
		if strings.Contains(unreadable, "sername") {
			t.Errorf("%q: %s repeats the name", headers, unreadable)
		}
	}
}

func FuzzAuthorization(f *testing.F) {
	for _, header := range []string{"Basic dXNlcm5hbWU6cGFzc3dvcmQ=", "Basic  YTpi", "basic YTo=", "Basic YTpi\n", "Bearer x", ""} {
		f.Add(header)
	}
	f.Fuzz(func(t *testing.T, header string) {
		got, unreadable := parseBasic([]string{header})
		if unreadable != "" {
			if !strings.Contains(unreadable, "header") && !strings.Contains(unreadable, "base64") && !strings.Contains(unreadable, "credentials") && !strings.Contains(unreadable, "name") {
				t.Errorf("%q: %s", header, unreadable)
			}
			return
		}
		if header[len("Basic "):] != encoded(got.user+":"+got.password) {
			t.Errorf("%q is not what its credentials are written as", header)
		}
		if got.user == "" || strings.Contains(got.user, ":") || !utf8.ValidString(got.password) {
			t.Errorf("%q: got %+v", header, got)
		}
	})
}

func FuzzBody(f *testing.F) {
	for _, body := range []string{
		`{"requestingUserIp":" 62.216.234.216"}`, `{"firstName":"a","userfirstName":"b"}`, `{"admin":"true","username":1,"userName":1}`, `{"a":[]}`, `[]`, `{"a":1,"a":2}`,
		`<a xmlns="http://ws.plimus.com"><first-name>x</first-name><admin>true</admin></a>`, `<a><b/><b/></a>`,
	} {
		f.Add([]byte(body), false)
		f.Add([]byte(body), true)
	}
	f.Fuzz(func(t *testing.T, body []byte, asXML bool) {
		m := media{format: inJSON}
		if asXML {
			m.format = inXML
		}
		f, err := decode(body, m)
		if err != nil {
			if fault := (&call{}).faultOf(err); fault.status != 400 || !utf8.ValidString(fault.description) || len(fault.description) > 300 {
				t.Errorf("got %+v", fault)
			}
			return
		}
		for name, values := range f {
			if name != fold(name) {
				t.Errorf("%q is not folded", name)
			}
			for i := range values {
				if _, ok := values[i].(string); asXML && !ok {
					t.Errorf("%q: got %T", name, values[i])
				}
			}
			_, _, _ = f.text("x", name, "other")
			_, _, _ = f.flag(name, "other")
		}
	})
}
