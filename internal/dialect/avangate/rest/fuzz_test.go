package rest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/latchkey-sso/latchkey/internal/dialect/avangate"
)

func FuzzCredentials(f *testing.F) {
	for _, header := range []string{
		`code="AVANGATE" date="2010-05-13 12:12:12" hash="bf763db7d333e9c3038698cf59ada3e6" algo="md5"`,
		`code='AVANGATE' date='2010-05-13 12:12:12' hash='29e8'algo='sha256'`, `code="a`, `=""`, `code="" code=""`, `x="'" code='"'`,
	} {
		f.Add(header)
	}
	f.Fuzz(func(t *testing.T, header string) {
		c, ok := parseCredentials(header)
		if !ok {
			return
		}
		for _, value := range []string{c.Code, c.Date, c.Hash, c.Algorithm} {
			if !strings.Contains(header, value) {
				t.Errorf("%q is not in the header", value)
			}
			if strings.Contains(value, `"`) { // it was in single quotes; write it so again
				return
			}
		}
		again, ok := parseCredentials(`code="` + c.Code + `"date="` + c.Date + `"hash="` + c.Hash + `"algo="` + c.Algorithm + `"`)
		if !ok && len(header) < maxHeaderLen/2 || ok && again != c {
			t.Errorf("written anew it reads %+v, want %+v", again, c)
		}
	})
}

func FuzzBody(f *testing.F) {
	for _, body := range []string{`{"FirstName":"Ann","Zip":1}`, `{"a":1,"a":2}`, `[]`, `{"Product":{"ProductId":1,"PriceOptionCodes":[""]},"EndUser":[]}`, `{"DeliveryInfo":{"Codes":{}}}`} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		object, err := decodeBody(body)
		if err != nil {
			if code := avangate.FaultOf(err).Code; code != avangate.RequestInvalid {
				t.Errorf("got %s", code)
			}
			return
		}
		again, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := decodeBody(again); err != nil {
			t.Errorf("refused its own object %s: %v", again, err)
		}
	})
}

func FuzzPath(f *testing.F) {
	for _, path := range []string{"/rest/6.0/customers/1/", "//rest//3.0/subscriptions", "/rest/6.0/customers/a%2Fb/cart", "/rest/6.0/%zz", "/"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, escaped string) {
		var p path
		if !p.split(escaped) {
			return
		}
		for i := range routes {
			if p.match(routes[i].path) && strings.Count(routes[i].path, "/")+1 != len(p.segments) {
				t.Errorf("%q matches %s", escaped, routes[i].path)
			}
		}
	})
}

// TestJSONCorpus sends a public collection of JSON parsing cases through the
// decoder of bodies.
func TestJSONCorpus(t *testing.T) {
	corpora := os.Getenv("LATCHKEY_CORPORA")
	if corpora == "" {
		t.Skip("SKIPPED: LATCHKEY_CORPORA is not set; the JSON parsing cases were not tried")
	}
	files, err := filepath.Glob(filepath.Join(corpora, "json", "test_parsing", "*.json"))
	if err != nil || len(files) < 300 {
		t.Fatalf("got %d cases (%v), want over 300", len(files), err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(file)
		_, err = decodeBody(data)
		refused := err != nil && avangate.FaultOf(err).Rule != "The body must be a JSON object"
		twice := strings.HasPrefix(name, "y_object_duplicated_key")
		if name[0] == 'y' && refused != twice || name[0] == 'n' && !refused {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
