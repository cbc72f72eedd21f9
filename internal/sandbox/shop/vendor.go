package shop

import (
	"cmp"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/latchkey-sso/latchkey/internal/dialect/avangate"
	"github.com/latchkey-sso/latchkey/internal/dialect/avangate/rest"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// sells reports whether a vendor's credentials are good for links there.
func (s *Shop) sells(c *Credentials, d *signon.Destination) bool {
	return c.MerchantCode != "" && (d.Kind == signon.KindCart || d.Kind == signon.KindAccount)
}

// buyLink returns the URL that a link to the cart leads to.
func (a *asking) buyLink() string {
	path := "/order/checkout.php"
	if !slices.Contains(a.dest.Paths, path) {
		path = a.dest.Paths[0]
	}
	query := a.Query
	if query == "" {
		query = "PRODS=" + url.QueryEscape(cmp.Or(a.Product, "1")) + "&QTY=1&CART=1"
	}
	return a.dest.Origins[0].String() + path + "?" + query
}

func (a *asking) seconds() int { return int(a.TTL / time.Second) }

func (s *Shop) askREST(ctx context.Context, a *asking) (string, error) {
	proof, err := rest.Sign(a.MerchantCode, time.Now(), signon.Secret(a.SecretKey), "")
	if err != nil {
		return "", fmt.Errorf("ask by REST: %w", err)
	}
	path := "/rest/6.0/customers/" + url.PathEscape(string(a.Person.Ref))
	query := url.Values{"ValidityTime": {strconv.Itoa(a.seconds())}}
	if a.dest.Kind == signon.KindCart {
		path, query["Url"] = path+"/cart/", []string{a.buyLink()}
	} else {
		path += "/account/index/"
	}
	status, answer, err := s.call(ctx, path+"?"+query.Encode(), http.Header{rest.AuthHeader: {proof}, "Accept": {"application/json"}}, "")
	if err != nil {
		return "", err
	}
	var link string
	if status != http.StatusOK || json.Unmarshal([]byte(answer), &link) != nil {
		return "", refused("ask by REST", status, answer)
	}
	return link, nil
}

// arg is an argument of a method. Its value is a string, an int, or nil.
type arg struct {
	name  string
	value any
}

// method returns what is called for a link, but for the session.
func (a *asking) method() (name string, args []arg) {
	args = []arg{{"idCustomer", string(a.Person.Ref)}, {"customerType", "AvangateCustomerReference"}}
	if a.dest.Kind == signon.KindCart {
		return "getSingleSignOnInCart", append(args, arg{"url", a.buyLink()}, arg{"validityTime", a.seconds()}, arg{"validationIp", nil})
	}
	return "getSingleSignOnByCustomer", append(args,
		arg{"page", "index"}, arg{"request", nil}, arg{"validityTime", a.seconds()}, arg{"validationIp", nil}, arg{"languageCode", nil})
}

// viaSession logs in and asks for a link, by something that calls methods.
func (a *asking) viaSession(call func(method string, args []arg) (string, error)) (string, error) {
	proof, err := avangate.Sign(a.MerchantCode, time.Now(), signon.Secret(a.SecretKey), "")
	if err != nil {
		return "", fmt.Errorf("log in: %w", err)
	}
	session, err := call("login", []arg{{"merchantCode", proof.Code}, {"date", proof.Date}, {"hash", proof.Hash}, {"algo", proof.Algorithm}})
	if err != nil {
		return "", err
	}
	name, args := a.method()
	return call(name, append([]arg{{"sessionID", session}}, args...))
}

func (s *Shop) askRPC(ctx context.Context, a *asking) (string, error) {
	id := 0
	return a.viaSession(func(method string, args []arg) (string, error) {
		id++
		params := make([]any, len(args))
		for i := range args {
			params[i] = args[i].value
		}
		body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": id, "method": method, "params": params})
		if err != nil {
			return "", fmt.Errorf("call %s: %w", method, err)
		}
		status, answer, err := s.call(ctx, "/rpc/6.0/", http.Header{"Content-Type": {"application/json"}}, string(body))
		if err != nil {
			return "", err
		}
		var got struct{ Result *string }
		if status != http.StatusOK || json.Unmarshal([]byte(answer), &got) != nil || got.Result == nil {
			return "", refused("call "+method, status, answer)
		}
		return *got.Result, nil
	})
}

// envelope is what PHP's client sends that has read the service's description.
const envelope = `<?xml version="1.0" encoding="UTF-8"?>
<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/" xmlns:ns1="urn:2checkout:soap:6.0" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:SOAP-ENC="http://schemas.xmlsoap.org/soap/encoding/" SOAP-ENV:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><SOAP-ENV:Body><ns1:%[1]s>%[2]s</ns1:%[1]s></SOAP-ENV:Body></SOAP-ENV:Envelope>
`

func (s *Shop) askSOAP(ctx context.Context, a *asking) (string, error) {
	return a.viaSession(func(method string, args []arg) (string, error) {
		var inside strings.Builder
		for _, v := range args {
			writeArg(&inside, v)
		}
		header := http.Header{"Content-Type": {"text/xml; charset=utf-8"}, "Soapaction": {`"urn:2checkout:soap:6.0#` + method + `"`}}
		status, answer, err := s.call(ctx, "/soap/6.0/", header, fmt.Sprintf(envelope, method, inside.String()))
		if err != nil {
			return "", err
		}
		result, err := element(answer, method+"Return")
		if status != http.StatusOK || err != nil {
			return "", refused("call "+method, status, answer)
		}
		return result, nil
	})
}

func writeArg(b *strings.Builder, a arg) {
	switch v := a.value.(type) {
	case nil:
		fmt.Fprintf(b, `<%s xsi:nil="true"/>`, a.name)
	case int:
		fmt.Fprintf(b, `<%s xsi:type="xsd:int">%d</%[1]s>`, a.name, v)
	case string:
		fmt.Fprintf(b, `<%s xsi:type="xsd:string">`, a.name)
		_ = xml.EscapeText(b, []byte(v)) // of a builder, which takes all
		fmt.Fprintf(b, "</%s>", a.name)
	}
}

// element returns the text of the first element of that name.
func element(document, name string) (string, error) {
	for d := xml.NewDecoder(strings.NewReader(document)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return "", fmt.Errorf("read an answer: there is no %s", name)
		}
		if err != nil {
			return "", fmt.Errorf("read an answer: %w", err)
		}
		start, ok := token.(xml.StartElement)
		if !ok || start.Name.Local != name {
			continue
		}
		var text string
		if err := d.DecodeElement(&text, &start); err != nil {
			return "", fmt.Errorf("read an answer: %w", err)
		}
		return text, nil
	}
}
