package transfer

import (
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/latchkey-sso/latchkey/internal/directory"
)

var manyDigits = regexp.MustCompile(`[0-9]{13}`)

// readAll reads a file as an import does, but for the directory, and checks what
// holds for every file: it comes to an end, lines are named in order, and no
// refusal repeats a long number.
func readAll(t *testing.T, format Format, text string) {
	r, err := open(strings.NewReader(text), format, Columns(Customers))
	last := 0
	for err == nil {
		var rec *record
		var refusal *Refusal
		if rec, refusal, err = r.read(); err != nil {
			break
		}
		if rec != nil {
			refusal = fillAll(t, rec)
		}
		if refusal == nil {
			continue
		}
		if refusal.Line <= last || refusal.Rule == "" {
			t.Fatalf("line %d is refused after line %d: %s", refusal.Line, last, refusal)
		}
		last = refusal.Line
		if manyDigits.MatchString(refusal.String()) {
			t.Fatalf("the refusal repeats a number: %s", refusal)
		}
	}
	var file *FileError
	if !errors.Is(err, io.EOF) && !errors.As(err, &file) {
		t.Fatalf("got %v", err)
	}
	if manyDigits.MatchString(err.Error()) {
		t.Fatalf("the error repeats a number: %v", err)
	}
}

// fillAll reads the record as a row of every kind.
func fillAll(t *testing.T, rec *record) *Refusal {
	err := customerTable.fill(&directory.Customer{}, rec)
	_ = subscriptionTable.fill(&directory.Subscription{}, rec)
	_ = productTable.fill(&directory.Product{}, rec)
	_ = userTable.fill(&directory.User{}, rec)
	_ = memberTable.fill(&directory.Member{}, rec)
	if err == nil {
		return nil
	}
	refusal := refusalOf(rec.line, err)
	if refusal.Column == "" || refusal.Rule == "" {
		t.Fatalf("got %v, want a refusal with its column", err)
	}
	return &refusal
}

func FuzzCSV(f *testing.F) {
	f.Add(lines(customerHeader, john, maria))
	f.Add("\ufeff" + strings.ReplaceAll(lines(customerHeader, john), "\n", "\r\n"))
	f.Add("id;phone\n1;\"2\n3\"\n\"4;5\n")
	f.Add("id,cards\n1,\"visa 1111 12/2029 | a\\|b | c; x\\\n")
	f.Add("4111111111111111\n")
	f.Fuzz(func(t *testing.T, text string) { readAll(t, CSV, text) })
}

func FuzzJSONL(f *testing.F) {
	f.Add(`{"id":1,"phone":"2","cards":[{"type":"visa","last_digits":"1111","expiration_month":12}]}` + "\r\n\n{")
	f.Add("\ufeff{\"id\":null,\"4111111111111111\":1}\n[]\n{\"id\":1,\"id\":1}\n{\"fax\":\"\\ud800\"}")
	f.Add(`{"credit_limit":1e3,"cards":null}` + "\n" + `{"cards":[[[[1]]]]}`)
	f.Fuzz(func(t *testing.T, text string) { readAll(t, JSONL, text) })
}

func FuzzList(f *testing.F) {
	f.Add(`visa 1111 12/2029 | John | tok; mastercard 4444 03/2028`)
	f.Add(`a\;b|c\\|d;;|`)
	f.Fuzz(func(t *testing.T, text string) {
		for _, s := range []*shape{cardShape, priceShape, optionShape, codeShape, permissionShape} {
			items, err := s.parseList(text)
			if err != nil {
				continue
			}
			again, err := s.parseList(s.formatList(items))
			if err != nil || len(again) > len(items) {
				t.Fatalf("%q was read as %q, and that written and read again as %q, %v", text, items, again, err)
			}
		}
	})
}
