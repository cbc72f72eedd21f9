package soap_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
)

// TestArgumentsAreFoundByNameThenByPosition issues the same link from each form
// in which clients write a call.
func TestArgumentsAreFoundByNameThenByPosition(t *testing.T) {
	w := newWorld(t)
	session := w.login("AVANGATE")
	buy := escape(buyLink)
	for name, args := range map[string]string{
		"named":         `<sessionID>S</sessionID><idCustomer>352365983</idCustomer><customerType>AvangateCustomerReference</customerType><url>U</url><validityTime>50</validityTime><validationIp/>`,
		"typed":         `<sessionID xsi:type="xsd:string">S</sessionID><idCustomer xsi:type="xsd:int">352365983</idCustomer><customerType xsi:type="xsd:string">AvangateCustomerReference</customerType><url xsi:type="xsd:anyURI">U</url><validityTime xsi:type="xsd:int">50</validityTime><validationIp xsi:type="xsd:string"></validationIp>`,
		"any case":      `<SESSIONID>S</SESSIONID><idcustomer>352365983</idcustomer><CustomerType>AvangateCustomerReference</CustomerType><URL>U</URL>`,
		"any order":     `<url>U</url><customerType>AvangateCustomerReference</customerType><idCustomer>352365983</idCustomer><sessionID>S</sessionID>`,
		"namespace":     `<ns1:sessionID>S</ns1:sessionID><ns1:idCustomer>352365983</ns1:idCustomer><x:customerType xmlns:x="urn:x">AvangateCustomerReference</x:customerType><url xmlns="urn:y">U</url>`,
		"param0":        `<param0>S</param0><param1>352365983</param1><param2>AvangateCustomerReference</param2><param3>U</param3><param4 xsi:nil="true"/>`,
		"gensym":        `<c-gensym3>S</c-gensym3><c-gensym5>352365983</c-gensym5><c-gensym7>AvangateCustomerReference</c-gensym7><c-gensym9>U</c-gensym9>`,
		"one name":      `<a>S</a><a>352365983</a><a>AvangateCustomerReference</a><a>U</a>`,
		"mixed":         `<a>S</a><idCustomer>352365983</idCustomer><b>AvangateCustomerReference</b><url>U</url>`,
		"nil":           `<a>S</a><b>352365983</b><c>AvangateCustomerReference</c><d>U</d><e xsi:nil="true"/><f xsi:nil="1"/>`,
		"empty":         `<a>S</a><b>352365983</b><c>AvangateCustomerReference</c><d>U</d><e></e><f/>`,
		"too many":      `<a>S</a><b>352365983</b><c>AvangateCustomerReference</c><d>U</d><e/><f/><g>h</g><h><i>j</i></h>`,
		"unknown names": `<sessionID>S</sessionID><idCustomer>352365983</idCustomer><customerType>AvangateCustomerReference</customerType><url>U</url><validityTime/><validationIp/><languageCode>de</languageCode>`,
		"CDATA":         `<a><![CDATA[S]]></a><b>3523<!-- a comment -->65983</b><c>AvangateCustomerReference</c><d><![CDATA[` + buyLink + `]]></d>`,
		"references":    `<a>S</a><b>&#51;52365983</b><c>AvangateCustomerReference</c><d>U</d>`,
		"blanks":        "\n\t<a>S</a>\n\t<b>352365983</b>\r\n<c>AvangateCustomerReference</c> <d>U</d>\n",
	} {
		args = strings.NewReplacer(">S<", ">"+session+"<", "[S]", "["+session+"]", ">U<", ">"+buy+"<").Replace(args)
		a := w.call("getSingleSignOnInCart", args)
		if a.Code != http.StatusOK || !strings.Contains(a.Body.String(), buy+"&amp;logintoken=") {
			t.Errorf("%s: got %d %s", name, a.Code, a.Body)
		}
	}
}

func TestArgumentGivenTwiceIsRefused(t *testing.T) {
	w := newWorld(t)
	session := w.login("AVANGATE")
	for _, second := range []string{`<url>https://evil.example</url>`, `<URL/>`, `<x:url xmlns:x="urn:x" xsi:nil="true"/>`} {
		a := w.call("getSingleSignOnInCart", texts(session, "352365983", "AvangateCustomerReference")[0],
			"<idCustomer>352365983</idCustomer><customerType>AvangateCustomerReference</customerType><url>"+escape(buyLink)+"</url>", second)
		w.wantFault(a, "REQUEST_INVALID", "url must not be given twice")
	}
}

// TestObjectsInEveryForm stores the same customer from each form in which
// clients write an object.
func TestObjectsInEveryForm(t *testing.T) {
	item := func(key, value string) string {
		return `<item><key xsi:type="xsd:string">` + key + `</key><value>` + value + `</value></item>`
	}
	members := []string{"FirstName", "Jürgen", "LastName", "O&apos;Hara", "Address1", "1 &lt;High&gt; Street", "City", "Köln", "Zip", "50667", "CountryCode", "DE", "Email", "j@example.com"}
	var plain, pairs strings.Builder
	for i := 0; i < len(members); i += 2 {
		plain.WriteString("<" + members[i] + ">" + members[i+1] + "</" + members[i] + ">")
		pairs.WriteString(item(members[i], members[i+1]))
	}
	for name, object := range map[string]string{
		"typed":       `<Customer xsi:type="ns1:Customer">` + plain.String() + `</Customer>`,
		"untyped":     `<Customer>` + plain.String() + `</Customer>`,
		"struct":      `<param1 xsi:type="SOAP-ENC:Struct">` + plain.String() + `</param1>`,
		"map":         `<param1 xsi:type="ns2:Map">` + pairs.String() + `</param1>`,
		"lower-case":  `<customer>` + strings.NewReplacer("FirstName", "firstname", "Zip", "ZIP").Replace(plain.String()) + `</customer>`,
		"with cards":  `<Customer>` + plain.String() + `<ExistingCards SOAP-ENC:arrayType="ns1:Card[0]" xsi:type="SOAP-ENC:Array"/></Customer>`,
		"with nils":   `<Customer>` + plain.String() + `<Company xsi:nil="true"/><Credit xsi:nil="true"/><Phone/></Customer>`,
		"with others": `<Customer>` + plain.String() + `<Nickname>J</Nickname></Customer>`,
	} {
		w := newWorld(t)
		session := w.login("AVANGATE")
		reference := w.text(w.call("createCustomer", texts(session)[0], object))
		got := w.call("getCustomerInformation", texts(session, reference)...).Body.String()
		const want = `<FirstName>Jürgen</FirstName><LastName>O'Hara</LastName><Company></Company><FiscalCode></FiscalCode><Address1>1 &lt;High&gt; Street</Address1><Address2></Address2><City>Köln</City><State></State><Zip>50667</Zip><CountryCode>de</CountryCode><Phone></Phone><Fax></Fax><Email>j@example.com</Email><ExistingCards SOAP-ENC:arrayType="ns1:Card[0]" xsi:type="SOAP-ENC:Array"></ExistingCards>`
		if !strings.Contains(got, want) {
			t.Errorf("%s: got %s", name, got)
		}
	}
	w := newWorld(t)
	w.wantFault(w.call("createCustomer", texts(w.login("AVANGATE"))[0], `<Customer>`+plain.String()+`<City>Bonn</City></Customer>`), "CUSTOMER_INVALID", "City must be text")
}

// TestListsInEveryForm stores the same subscription from each form in which
// clients write lists.
func TestListsInEveryForm(t *testing.T) {
	for name, product := range map[string]string{
		"arrays":   `<PriceOptionCodes SOAP-ENC:arrayType="xsd:string[2]" xsi:type="SOAP-ENC:Array"><item>a=1</item><item>b=2</item></PriceOptionCodes>`,
		"any item": `<PriceOptionCodes xsi:type="SOAP-ENC:Array"><string>a=1</string><x>b=2</x></PriceOptionCodes>`,
		"untyped":  `<PriceOptionCodes><item>a=1</item><item>b=2</item></PriceOptionCodes>`,
		"repeated": `<PriceOptionCodes>a=1</PriceOptionCodes><PriceOptionCodes>b=2</PriceOptionCodes>`,
		"map":      `<PriceOptionCodes xsi:type="ns2:Map"><item><key>0</key><value>a=1</value></item><item><key>1</key><value>b=2</value></item></PriceOptionCodes>`,
	} {
		w := newWorld(t)
		session := w.login("AVANGATE")
		reference := w.text(w.call("addSubscription", texts(session)[0], `<SubscriptionImport><StartDate>2026-11-01</StartDate>`+
			`<ExpirationDate>2027-11-01</ExpirationDate><ExternalCustomerReference>NoCards1</ExternalCustomerReference><Product><ProductId>1</ProductId>`+product+
			`</Product><DeliveryInfo><Codes><Code>AAA</Code></Codes></DeliveryInfo></SubscriptionImport>`))
		got := w.call("getSubscription", texts(session, reference)...).Body.String()
		for _, want := range []string{
			`<PriceOptionCodes SOAP-ENC:arrayType="xsd:string[2]" xsi:type="SOAP-ENC:Array"><item>a=1</item><item>b=2</item></PriceOptionCodes>`,
			`<Codes SOAP-ENC:arrayType="ns1:DeliveryCode[1]" xsi:type="SOAP-ENC:Array"><item xsi:type="ns1:DeliveryCode"><Code>AAA</Code>`,
		} {
			if !strings.Contains(got, want) {
				t.Errorf("%s: got %s, want %s", name, got, want)
			}
		}
	}
}

func TestOtherEncodings(t *testing.T) {
	w := newWorld(t)
	session := w.login("AVANGATE")
	customer := envelope("updateCustomerInformation", texts(session)[0], "<Customer><AvangateCustomerReference>352365984</AvangateCustomerReference><FirstName>J\xfcrgen</FirstName></Customer>")
	declared := strings.Replace(customer, "UTF-8", "ISO-8859-1", 1)
	_, undeclared, _ := strings.Cut(customer, "?>\n")
	for _, c := range []struct{ name, body, contentType string }{
		{"declared", declared, "text/xml"},
		{"declared otherwise than the header says", declared, "text/xml; charset=utf-8"},
		{"Windows", strings.Replace(customer, "UTF-8", "windows-1252", 1), "text/xml"},
		{"in the header", undeclared, "text/xml; charset=ISO-8859-1"},
		{"in the header, quoted", undeclared, `text/xml; charset="iso-8859-1"`},
		{"UTF-8", strings.Replace(customer, "\xfc", "ü", 1), "text/xml; charset=utf-8"},
		{"byte order mark", "\ufeff" + strings.Replace(customer, "\xfc", "ü", 1), "text/xml"},
	} {
		w.call("updateCustomerInformation", texts(session)[0], "<Customer><AvangateCustomerReference>352365984</AvangateCustomerReference><FirstName>Maria</FirstName></Customer>")
		if a := w.post("/soap/6.0/", []byte(c.body), "Content-Type", c.contentType); a.Code != http.StatusOK {
			t.Errorf("%s: got %d %s", c.name, a.Code, a.Body)
		}
		if got := w.call("getCustomerInformation", texts(session, "352365984")...).Body.Bytes(); !bytes.Contains(got, []byte("<FirstName>Jürgen</FirstName>")) {
			t.Errorf("%s: got %s", c.name, got)
		}
	}
	for _, c := range []struct{ name, body, contentType string }{
		{"Latin-1 taken for UTF-8", undeclared, "text/xml"},
		{"UTF-16", strings.Replace(customer, "UTF-8", "UTF-16", 1), "text/xml"},
		{"UTF-7", undeclared, "text/xml; charset=utf-7"},
	} {
		w.wantFault(w.post("/soap/6.0/", []byte(c.body), "Content-Type", c.contentType), "SOAP-ENV:Client", "Bad Request")
	}
}
