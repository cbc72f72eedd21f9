package soap_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/dialect/avangate"
	"github.com/latchkey-sso/latchkey/internal/dialect/avangate/soap"
	"github.com/latchkey-sso/latchkey/internal/inbound"
	tool "github.com/latchkey-sso/latchkey/internal/soap"
)

// wsdl is as much of a description as the tests look at.
type wsdl struct {
	TargetNamespace string `xml:"targetNamespace,attr"`
	Types           struct {
		Schema struct {
			Import struct {
				Location string `xml:"schemaLocation,attr"`
			} `xml:"import"`
			Types []struct {
				Name    string `xml:"name,attr"`
				Members []struct {
					Name     string `xml:"name,attr"`
					Nillable string `xml:"nillable,attr"`
					Min      string `xml:"minOccurs,attr"`
				} `xml:"all>element"`
			} `xml:"complexType"`
		} `xml:"schema"`
	} `xml:"types"`
	Messages []struct {
		Name  string `xml:"name,attr"`
		Parts []struct {
			Name string `xml:"name,attr"`
			Type string `xml:"type,attr"`
		} `xml:"part"`
	} `xml:"message"`
	Operations []struct {
		Name string `xml:"name,attr"`
	} `xml:"portType>operation"`
	Binding struct {
		Operations []struct {
			Soap struct {
				Action string `xml:"soapAction,attr"`
			} `xml:"operation"`
		} `xml:"operation"`
	} `xml:"binding"`
	Port struct {
		Address struct {
			Location string `xml:"location,attr"`
		} `xml:"address"`
	} `xml:"service>port"`
}

func (w *world) wsdl(target string) (d wsdl) {
	w.Helper()
	a := w.get(target)
	if err := xml.Unmarshal(a.Body.Bytes(), &d); err != nil || a.Code != http.StatusOK {
		w.Fatalf("%s: got %d %s (%v)", target, a.Code, a.Body, err)
	}
	return d
}

func TestDescriptionDeclaresTheMethodsOfTheTable(t *testing.T) {
	d := newWorld(t).wsdl("/soap/6.0/?wsdl")
	const namespace = "urn:2checkout:soap:6.0"
	if d.TargetNamespace != namespace {
		t.Errorf("got the namespace %s", d.TargetNamespace)
	}
	messages := map[string][]string{}
	for _, m := range d.Messages {
		parts := []string{}
		for _, p := range m.Parts {
			parts = append(parts, p.Name+" "+p.Type)
		}
		messages[m.Name] = parts
	}
	methods := avangate.Methods()
	if len(d.Operations) != len(methods) || len(d.Binding.Operations) != len(methods) {
		t.Fatalf("got %d and %d operations, want %d", len(d.Operations), len(d.Binding.Operations), len(methods))
	}
	for i, m := range methods {
		want := []string{}
		for _, p := range m.Params {
			want = append(want, p.Name+" "+schemaType(p.Type))
		}
		if diff := cmp.Diff(want, messages[m.Name+"Request"]); diff != "" || d.Operations[i].Name != m.Name {
			t.Errorf("%s is declared as %s (-want +got):\n%s", m.Name, d.Operations[i].Name, diff)
		}
		if diff := cmp.Diff([]string{m.Name + "Return " + schemaType(m.Result)}, messages[m.Name+"Response"]); diff != "" {
			t.Errorf("%s returns (-want +got):\n%s", m.Name, diff)
		}
		if got := d.Binding.Operations[i].Soap.Action; got != namespace+"#"+m.Name {
			t.Errorf("%s has the action %s", m.Name, got)
		}
	}
}

func schemaType(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Slice:
		return "tns:ArrayOf" + t.Elem().Name()
	case reflect.Struct:
		return "tns:" + t.Name()
	case reflect.Bool:
		return "xsd:boolean"
	case reflect.Int, reflect.Int64:
		return "xsd:int"
	case reflect.String:
		return "xsd:string"
	}
	return "xsd:anyType"
}

func TestEveryMemberMayBeAbsent(t *testing.T) {
	d := newWorld(t).wsdl("/soap/6.0/?wsdl")
	members := map[string]int{}
	for _, complexType := range d.Types.Schema.Types {
		members[complexType.Name] = len(complexType.Members)
		for _, m := range complexType.Members {
			if m.Nillable != "true" || m.Min != "0" {
				t.Errorf("%s.%s: nillable %q, minOccurs %q; PHP stops when it is left out", complexType.Name, m.Name, m.Nillable, m.Min)
			}
		}
	}
	for name, want := range map[string]int{"Customer": 20, "Subscription": 17, "Card": 6, "Credit": 3} {
		if members[name] != want {
			t.Errorf("%s has %d members, want %d", name, members[name], want)
		}
	}
}

func TestDescriptionIsServedUnderEveryAddress(t *testing.T) {
	w := newWorld(t)
	for _, version := range []string{"3.0", "4.0", "5.0", "6.0"} {
		location := baseURL + "/soap/" + version + "/"
		for _, path := range []string{"/soap/" + version + "/", "/soap/" + version, "//soap//" + version + "//"} {
			for _, query := range []string{"wsdl", "WSDL", "Wsdl=", "wsdl=1", "singleWsdl", "cache=1&wsdl", "wsdl&x=%zz"} {
				r := httptest.NewRequest(http.MethodGet, "http://evil.example"+path+"?"+query, nil)
				r.Header.Set("X-Forwarded-Host", "evil.example")
				a := w.send(r)
				var d wsdl
				if err := xml.Unmarshal(a.Body.Bytes(), &d); err != nil {
					t.Fatalf("%s?%s: got %d %s", path, query, a.Code, a.Body)
				}
				if d.Port.Address.Location != location || d.Types.Schema.Import.Location != location+"soapenc.xsd" {
					t.Errorf("%s?%s: got the address %s and the schema %s", path, query, d.Port.Address.Location, d.Types.Schema.Import.Location)
				}
			}
		}
		if a := w.get("/soap/" + version + "/soapenc.xsd"); a.Code != http.StatusOK || !bytes.Equal(a.Body.Bytes(), tool.EncodingSchema) {
			t.Errorf("%s: the encoding schema is answered with %d", version, a.Code)
		}
	}
}

func TestBaseURLMayEndWithASlash(t *testing.T) {
	w := newWorld(t)
	w.handler = soap.New(soap.Options{API: w.API, Log: w.Logger, BaseURL: baseURL + "/"})
	if got := w.wsdl("/soap/6.0/?wsdl").Port.Address.Location; got != baseURL+"/soap/6.0/" {
		t.Errorf("got %s", got)
	}
}

func TestDescriptionMayBeKept(t *testing.T) {
	w := newWorld(t)
	for _, target := range []string{"/soap/6.0/?wsdl", "/soap/6.0/soapenc.xsd"} {
		first := w.get(target)
		etag := first.Header().Get("ETag")
		if got := first.Header().Get("Cache-Control"); got != "public, max-age=3600" || len(etag) != 18 {
			t.Errorf("%s: Cache-Control %q, ETag %q", target, got, etag)
		}
		again := httptest.NewRequest(http.MethodGet, target, nil)
		again.Header.Set("If-None-Match", etag)
		if a := w.send(again); a.Code != http.StatusNotModified || a.Body.Len() != 0 || a.Header().Get("ETag") != etag {
			t.Errorf("%s: with its tag: got %d, %d bytes", target, a.Code, a.Body.Len())
		}
		again.Header.Set("If-None-Match", `"other"`)
		if a := w.send(again); a.Code != http.StatusOK || !bytes.Equal(a.Body.Bytes(), first.Body.Bytes()) {
			t.Errorf("%s: with another tag: got %d", target, a.Code)
		}
		head := w.send(httptest.NewRequest(http.MethodHead, target, nil))
		if diff := cmp.Diff(first.Header(), head.Header()); diff != "" || head.Code != http.StatusOK {
			t.Errorf("%s: HEAD: got %d (-GET +HEAD):\n%s", target, head.Code, diff)
		}
	}
	if w.get("/soap/6.0/?wsdl").Header().Get("ETag") == w.get("/soap/5.0/?wsdl").Header().Get("ETag") {
		t.Error("two descriptions have one tag")
	}
}

func TestCallsAreAnsweredUnderEveryAddress(t *testing.T) {
	w := newWorld(t)
	body := []byte(envelope("getSubscription", texts(w.login("AVANGATE"), "123D40F123")...))
	want := w.post("/soap/6.0/", body).Body.String()
	for _, target := range []string{
		"/soap/6.0", "/soap/6.0/?wsdl", "/soap/6.0?WSDL", "/soap/6.0/?x=y", "//soap//6.0//", "//soap/6.0", "/soap/5.0/", "/soap/4.0", "/soap/3.0/?wsdl", "http://api.avangate.com/soap/6.0/",
	} {
		for _, contentType := range []string{"text/xml; charset=utf-8", "text/xml", "application/soap+xml", "application/x-www-form-urlencoded", "", ";;", `text/xml; charset="utf-8`} {
			if a := w.post(target, body, "Content-Type", contentType, "SOAPAction", `"urn:nonsense"`); a.Code != http.StatusOK || a.Body.String() != want {
				t.Errorf("%s, %s: got %d %s", target, contentType, a.Code, a.Body)
			}
		}
	}
}

func TestOtherPathsAre404(t *testing.T) {
	w := newWorld(t)
	for _, target := range []string{
		"/soap/", "/soap", "/soap/7.0/", "/soap/7.0/?wsdl", "/soap/6/", "/soap/6.0/x", "/soap/6.0/x?wsdl", "/soap/6.0/soapenc.xsd/x", "/Soap/6.0/", "/soap/../soap/6.0/",
		"/soap/6.0/SOAPENC.XSD", "/rest/6.0/", "/", "/x/soap/6.0/",
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
			a := w.send(httptest.NewRequest(method, target, nil))
			if got := faultOf(t, a); got != (fault{404, "SOAP-ENV:Client", "There is nothing here; https://sso.example/soap/6.0/?wsdl describes what there is"}) {
				t.Errorf("%s %s: got %+v", method, target, got)
			}
		}
	}
}

func TestOtherMethodsAre405WithAllow(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct{ target, allow, methods string }{
		{"/soap/5.0/", "POST", "GET HEAD PUT DELETE PATCH OPTIONS TRACE post"},
		{"/soap/5.0/?wsdlx", "POST", "GET"},
		{"/soap/5.0/?x=wsdl", "POST", "GET"},
		{"/soap/5.0?wsdl", "GET, HEAD, POST", "PUT DELETE PATCH OPTIONS get"},
		{"/soap/5.0/soapenc.xsd", "GET, HEAD", "POST PUT DELETE"},
	} {
		for method := range strings.FieldsSeq(c.methods) {
			a := w.send(httptest.NewRequest(method, c.target, strings.NewReader("x")))
			if a.Code != http.StatusMethodNotAllowed || a.Header().Get("Allow") != c.allow {
				t.Errorf("%s %s: got %d, Allow %q; want 405, %q", method, c.target, a.Code, a.Header().Get("Allow"), c.allow)
			}
			if method == http.MethodHead {
				continue
			}
			if got := faultOf(t, a); got != (fault{405, "SOAP-ENV:Client", "Calls are sent by POST; https://sso.example/soap/5.0/?wsdl describes them"}) {
				t.Errorf("%s %s: got %+v", method, c.target, got)
			}
		}
	}
}

// TestOverARealConnection shows that nothing redirects, that answers are whole
// and that long bodies are refused through net/http.
func TestOverARealConnection(t *testing.T) {
	w := newWorld(t)
	server := httptest.NewServer(w.handler)
	defer server.Close()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return errors.New("redirected") }}
	send := func(method, target, body string) (int, string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, server.URL+target, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		a, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Body.Close()
		data, err := io.ReadAll(a.Body)
		if err != nil || len(a.Header.Get(inbound.Header)) != 10 {
			t.Errorf("%s %s: support code %q, %v", method, target, a.Header.Get(inbound.Header), err)
		}
		return a.StatusCode, string(data)
	}
	for _, target := range []string{"/soap/6.0", "//soap/6.0//", "/soap/6.0?wsdl"} {
		if status, body := send(http.MethodPost, target, envelope("getOrder")); status != http.StatusInternalServerError || !strings.Contains(body, "Procedure 'getOrder' not present") {
			t.Errorf("%s: got %d %s", target, status, body)
		}
	}
	if status, body := send(http.MethodGet, "/soap/6.0?wsdl", ""); status != http.StatusOK || !strings.HasSuffix(body, "</definitions>\n") {
		t.Errorf("the description: got %d", status)
	}
	if status, body := send(http.MethodPost, "/soap/6.0/", strings.Repeat("x", 100<<10)); status != http.StatusRequestEntityTooLarge || !strings.Contains(body, "<SOAP-ENV:Fault>") {
		t.Errorf("a long body: got %d %s", status, body)
	}
}

func TestHTTP10IsAnswered(t *testing.T) {
	w := newWorld(t)
	server := httptest.NewServer(w.handler)
	defer server.Close()
	c, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, _ = io.WriteString(c, "GET /soap/6.0/?wsdl HTTP/1.0\r\n\r\n")
	answer, err := io.ReadAll(c)
	if err != nil || !bytes.HasPrefix(answer, []byte("HTTP/1.0 200 OK\r\n")) || !bytes.Contains(answer, []byte("getSingleSignOnInCart")) {
		t.Errorf("got %v %s", err, answer)
	}
}

func TestSupportCodeIsMadeUpOnlyWhenThereIsNone(t *testing.T) {
	w := newWorld(t)
	a := httptest.NewRecorder()
	w.handler.ServeHTTP(a, httptest.NewRequest(http.MethodGet, "/soap/6.0/", nil))
	if got := a.Header().Get(inbound.Header); len(got) != 10 {
		t.Errorf("without one: got %q", got)
	}
	if got := w.get("/soap/6.0/").Header()[inbound.Header]; len(got) != 1 || got[0] != "TESTCODE00" {
		t.Errorf("with one: got %q", got)
	}
}
