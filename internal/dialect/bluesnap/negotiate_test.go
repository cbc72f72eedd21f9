package bluesnap

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestTheTypeIsNegotiated(t *testing.T) {
	const get, post = http.MethodGet, http.MethodPost
	for _, c := range []struct {
		method, accept, contentType string
		said, out                   format
		refused                     bool
	}{
		{get, "", "", "", inJSON, false},
		{get, "", "application/xml", inXML, inXML, false},
		{get, "", "text/plain", "", inJSON, false}, // of what is not read
		{get, "*/*", "", "", inJSON, false},
		{get, "*/*", "application/xml", inXML, inXML, false},
		{get, "*/*", "application/json", inJSON, inJSON, false},
		{get, "application/*", "text/xml; charset=utf-8", inXML, inXML, false},
		{get, "application/json", "application/xml", inXML, inJSON, false},
		{get, "application/xml", "application/json", inJSON, inXML, false},
		{get, "text/xml", "", "", inXML, false},
		{get, "Application/XML;charset=UTF-8", "", "", inXML, false},
		{get, "application/xml, */*", "", "", inXML, false},
		{get, "*/*, application/xml", "application/json", inJSON, inXML, false},
		{get, "application/xml, application/json", "", "", inJSON, false},
		{get, "application/xml, application/json", "application/xml", inXML, inXML, false},
		{get, "application/xml;q=0.9, application/json;q=0.8", "application/json", inJSON, inXML, false},
		{get, "application/xml;q=0.1, */*;q=0.8", "application/xml", inXML, inJSON, false},
		{get, "application/json;q=0, */*", "", "", inXML, false},
		{get, "text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8", "", "", inXML, false}, // a browser
		{get, "text/html, application/json;q=x, application/xml;q=0.2", "", "", inXML, false},
		{get, "text/html, application/json;q=2, application/xml;q=NaN, */*;q=0.1", "", "", inJSON, false},
		{get, "text/html", "application/json", inJSON, inJSON, true},
		{get, "application/json;q=0", "", "", inJSON, true},
		{get, "*/*;q=0", "application/xml", inXML, inJSON, true},
		{get, "nonsense,,;", "", "", inJSON, true},
		{get, "application/jsonp", "", "", inJSON, true},
		{post, "", "", inJSON, inJSON, false},
		{post, "application/xml", "", inXML, inXML, false},
		{post, "*/*", "application/xml; charset=iso-8859-1", inXML, inXML, false},
		{post, "application/xml", "application/json", inJSON, inXML, false},
		{post, "", "text/json;charset=UTF-8", inJSON, inJSON, false},
		{post, "", "text/plain", "", inJSON, true},
		{post, "application/xml", "application/x-www-form-urlencoded", "", inXML, true},
		{post, "application/xml", ";", "", inXML, true},
		{post, "", "application/json; charset=utf-16", inJSON, inJSON, true},
		{http.MethodPut, "", "text/plain", "", inJSON, true},
		{http.MethodDelete, "", "text/plain", "", inJSON, false},
	} {
		r := httptest.NewRequest(c.method, "/", nil)
		for name, value := range map[string]string{"Accept": c.accept, "Content-Type": c.contentType} {
			if value != "" {
				r.Header.Set(name, value)
			}
		}
		said, out, err := negotiate(r)
		if said.format != c.said || out != c.out || (err != nil) != c.refused {
			t.Errorf("%s, Accept %q, Content-Type %q: got %q, %q, %v; want %+v", c.method, c.accept, c.contentType, said.format, out, err, c)
		}
	}
	r := httptest.NewRequest(get, "/", nil)
	r.Header["Accept"] = []string{"text/html", "application/xml"}
	if _, out, err := negotiate(r); out != inXML || err != nil {
		t.Errorf("in two headers: got %q, %v", out, err)
	}
	r = httptest.NewRequest(post, "/", nil)
	r.Header.Set("Content-Encoding", "gzip")
	if _, _, err := negotiate(r); err == nil {
		t.Error("took a compressed body")
	}
}
