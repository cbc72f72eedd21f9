package jsonrpc_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// FuzzHandler holds every answer against what the standard promises, whatever
// comes.
func FuzzHandler(f *testing.F) {
	w := newWorld(f)
	s := w.login("AVANGATE") // the same in every run: the clock and the root key are
	one := bodyOf(f, "getSingleSignOnInCart", s, 352365983, "AvangateCustomerReference", buyLink, "50", nil)
	for _, body := range []string{
		one, "[" + one + "," + one + "]", "[]", "[[],1,{}]", "null", `{"jsonrpc":"2.0","method":"login","params":{"merchantCode":"AVANGATE","DATE":1,"hash":[]},"id":0}`,
		bodyOf(f, "createCustomer", s, map[string]any{"FirstName": "Ann", "Zip": 1, "Email": []any{}}),
		bodyOf(f, "updateCustomerInformation", s, map[string]any{"AvangateCustomerReference": 352365984, "FirstName": "Ann"}, "YES"),
		bodyOf(f, "addSubscription", s, map[string]any{"Product": map[string]any{"ProductId": 1, "PriceOptionCodes": []any{""}}, "EndUser": []any{}, "DeliveryInfo": map[string]any{"Codes": map[string]any{}}}),
		bodyOf(f, "getSingleSignOnByCustomer", s, 352365983, "2CheckoutCustomerReference", "my_subscription", []any{"code=123D40F123"}, 1e3, "::1", "de"),
		bodyOf(f, "getSingleSignOn", s, "123D40F123", "", 1.5), bodyOf(f, "getCustomerSubscriptions", s, nil, "HotTalks1Customer123"),
		bodyOf(f, "getCustomerInformationBySSOToken", s, strings.Repeat("0", 40)), `{"jsonrpc":"2.0","method":"login","id":"\u0061"}`,
		`{"jsonrpc":"2.0","method":"login"}`, `[{"jsonrpc":"2.0","method":"login","id":1e3},{"id":[]},{"id":null}]`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		w.TB = t // f may not be used in here
		w.Logged.Reset()
		a := w.post(string(body))
		switch a.Code {
		case http.StatusNoContent:
			if a.Body.Len() > 0 {
				t.Fatalf("204 with %s", a.Body)
			}
		case http.StatusRequestEntityTooLarge:
			if len(body) <= 16<<10 {
				t.Fatal("refused a body that is not too long")
			}
			checkAnswer(t, a.Body.Bytes(), nil)
		case http.StatusOK:
			checkAnswers(t, body, a.Body.Bytes())
		default:
			t.Fatalf("got %d %s", a.Code, a.Body)
		}
	})
}

// checkAnswers holds the answers against the calls of a body.
func checkAnswers(t *testing.T, body, answer []byte) {
	t.Helper()
	var answers, calls []json.RawMessage
	if json.Unmarshal(answer, &answers) != nil { // no batch
		id, _ := idOf(body)
		checkAnswer(t, answer, id)
		return
	}
	if err := json.Unmarshal(body, &calls); err != nil {
		t.Fatalf("%s is answered with a batch", body)
	}
	for _, call := range calls {
		id, asks := idOf(call)
		if !asks {
			continue
		}
		if len(answers) == 0 {
			t.Fatalf("an answer is missing: %s", answer)
		}
		checkAnswer(t, answers[0], id)
		answers = answers[1:]
	}
	if len(answers) != 0 {
		t.Fatalf("there are answers to no call: %s", answer)
	}
}

// idOf returns the id of a call, nil for one that can't be read; and whether the
// call wants an answer.
func idOf(call []byte) (id json.RawMessage, asks bool) {
	var c map[string]json.RawMessage
	if json.Unmarshal(call, &c) != nil {
		return nil, true
	}
	id, asks = c["id"]
	var version, method string
	fine := json.Unmarshal(c["jsonrpc"], &version) == nil && version == "2.0" && c["method"] != nil && c["method"][0] == '"' && json.Unmarshal(c["method"], &method) == nil
	return id, asks || !fine
}

// checkAnswer checks one answer. An error of the standard may have lost the id.
func checkAnswer(t *testing.T, answer, id []byte) {
	t.Helper()
	var a map[string]json.RawMessage
	if err := json.Unmarshal(answer, &a); err != nil {
		t.Fatalf("%v: %s", err, answer)
	}
	result, succeeded := a["result"]
	failure, failed := a["error"]
	if len(a) != 3 || string(a["jsonrpc"]) != `"2.0"` || succeeded == failed || string(result) == "null" {
		t.Fatalf("got %s", answer)
	}
	if !failed {
		if !bytes.Equal(a["id"], id) {
			t.Fatalf("id %s became %s", id, a["id"])
		}
		return
	}
	var e struct {
		Code    int
		Message string
		Data    struct {
			ErrorCode string `json:"error_code"`
		}
	}
	if err := json.Unmarshal(failure, &e); err != nil || e.Code == 0 || e.Message == "" || e.Data.ErrorCode == "" || e.Code == 50000 {
		t.Fatalf("got %s, %v", answer, err)
	}
	unread := string(a["id"]) == "null" && (e.Code == -32700 || e.Code == -32600)
	if !unread && !bytes.Equal(a["id"], id) {
		t.Fatalf("id %s became %s", id, a["id"])
	}
}
