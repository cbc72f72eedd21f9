package strictjson_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/strictjson"
)

const depth = 16

func TestCheckRefusesWhatReadersUnderstandDifferently(t *testing.T) {
	for _, c := range []struct {
		text string
		want error
	}{
		{``, strictjson.ErrSyntax},
		{`{"a":1}{"a":1}`, strictjson.ErrSyntax},
		{`{"a":1,}`, strictjson.ErrSyntax},
		{"\ufeff{}", strictjson.ErrSyntax},
		{`{"a":1,"b":2,"a":1}`, strictjson.ErrDuplicate},
		{`{"a":1,"\u0061":2}`, strictjson.ErrDuplicate},
		{`{"":1,"":2}`, strictjson.ErrDuplicate},
		{`[{"x":{"a":[],"a":{}}}]`, strictjson.ErrDuplicate},
		{"\"\xff\"", strictjson.ErrText},
		{`"\ud834"`, strictjson.ErrText},
		{`"\udd1e"`, strictjson.ErrText},
		{`"\ud834\ud834"`, strictjson.ErrText},
		{`"\ud834\n"`, strictjson.ErrText},
		{`{"\udd1e":1}`, strictjson.ErrText},
		{strings.Repeat("[", depth+1) + strings.Repeat("]", depth+1), strictjson.ErrDepth},
		{strings.Repeat(`{"a":`, depth+1) + "1" + strings.Repeat("}", depth+1), strictjson.ErrDepth},
	} {
		if err := strictjson.Check([]byte(c.text), depth); !errors.Is(err, c.want) {
			t.Errorf("Check(%q): got %v, want %v", c.text, err, c.want)
		}
	}
}

func TestCheckAcceptsWhatIsPlain(t *testing.T) {
	for _, text := range []string{
		`null`, ` -1.5e3 `, `""`, "\t{ } \r\n", `[ ]`,
		`{"a":1,"A":2,"":3}`, `[{"a":1},{"a":1}]`, `{"a":{"a":{"a":1}}}`,
		`"\ud834\udd1e\\\"\/"`, `{"\"":1,"\\":2}`,
		strings.Repeat("[", depth) + strings.Repeat("]", depth),
		"[" + strings.Repeat("[],", 100) + "[]]",
	} {
		if err := strictjson.Check([]byte(text), depth); err != nil {
			t.Errorf("Check(%q): got %v, want nil", text, err)
		}
	}
}

func TestDecodeKeepsNumbersAsText(t *testing.T) {
	var got any
	if err := strictjson.Decode([]byte(`{"n": 12345678901234567890.10}`), depth, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]any{"n": json.Number("12345678901234567890.10")}, got); diff != "" {
		t.Errorf("decoded value (-want +got):\n%s", diff)
	}
	if err := strictjson.Decode([]byte(`{"n":1,"n":2}`), depth, &got); !errors.Is(err, strictjson.ErrDuplicate) {
		t.Errorf("got %v, want %v", err, strictjson.ErrDuplicate)
	}
	var number int
	if err := strictjson.Decode([]byte(`"text"`), depth, &number); err == nil {
		t.Error("a string went into an int")
	}
}

// TestCorpus holds Check against a public collection of JSON parsing cases:
// y_ must parse, apart from duplicate members, n_ must not, i_ may.
func TestCorpus(t *testing.T) {
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
		err = strictjson.Check(data, depth)
		switch {
		case strings.HasPrefix(name, "y_object_duplicated_key"):
			if !errors.Is(err, strictjson.ErrDuplicate) {
				t.Errorf("%s: got %v, want %v", name, err, strictjson.ErrDuplicate)
			}
		case name[0] == 'y' && err != nil:
			t.Errorf("%s: got %v, want nil", name, err)
		case name[0] == 'n' && err == nil:
			t.Errorf("%s was accepted", name)
		}
	}
}

func FuzzCheck(f *testing.F) {
	for _, text := range []string{`{"a":[1,"\u0061",{"b":null}]}`, `"\ud834\udd1e"`, `{"a":1,"a":2}`, `[[[]]]`, `{"\\":"\"", "a" : 0.1e-2 }`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if strictjson.Check(data, depth) != nil {
			return
		}
		var v any
		if err := strictjson.Decode(data, depth, &v); err != nil {
			t.Fatalf("accepted what encoding/json refuses: %v", err)
		}
		again, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if err := strictjson.Check(again, depth); err != nil {
			t.Fatalf("refused its own value %s: %v", again, err)
		}
	})
}
