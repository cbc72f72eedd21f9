package landing

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/page"
)

// textKeys returns every key that templates and code ask for by name.
func textKeys(t *testing.T) map[string]bool {
	t.Helper()
	inTemplate := regexp.MustCompile(`\{?\((?:t|n) "([^"]+)"|\bt "([^"]+)"|\bn "([^"]+)"`)
	inCode := regexp.MustCompile(`"([a-z_]+\.[a-z_]+)"`)
	keys := map[string]bool{}
	collect := func(pattern *regexp.Regexp, name string, suffixes ...string) {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range pattern.FindAllStringSubmatch(string(raw), -1) {
			for _, key := range m[1:] {
				if key != "" {
					keys[key] = true
				}
			}
		}
	}
	for _, pattern := range []string{"template/*.html", "*.go"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			if strings.HasSuffix(name, ".go") {
				collect(inCode, name)
			} else {
				collect(inTemplate, name)
			}
		}
	}
	return keys
}

// TestTextsAndTheirUsesMatch: every text that a page asks for exists, and every
// text that exists is asked for.
func TestTextsAndTheirUsesMatch(t *testing.T) {
	files, err := fs.Sub(texts, "text")
	if err != nil {
		t.Fatal(err)
	}
	catalogue, err := page.ReadTexts(files)
	if err != nil {
		t.Fatal(err)
	}
	have := catalogue[page.FirstLanguage]
	used := textKeys(t)
	for _, name := range []string{"nowhere", "cookies", "foreign", "unreadable", "busy", "fault", "card_elsewhere", "no_order", "signed_off", "signed_out", "signed_out_all", "other_person", "card_unasked", "ask_auto", "ask_confirm", "ask_switch", "portal_off", "portal_over", "portal_unsaved", "portal_other", "portal_out", "portal_forbidden", "portal_missing"} {
		used[name+".title"], used[name+".text"] = true, true
	}
	used["busy.again"], used["fault.again"], used["portal_forbidden.back"], used["portal_missing.back"] = true, true, true, true
	for _, one := range directory.AllPermissions() {
		used[permissionText(one)] = true
	}
	for _, f := range contactFields {
		used["field."+f.name] = true
	}
	for _, topic := range topics {
		used["faq_"+topic.ID+".title"] = true
		for _, q := range topic.Questions {
			used["faq_"+topic.ID+"."+q+"_q"], used["faq_"+topic.ID+"."+q+"_a"] = true, true
		}
	}
	for key := range have {
		base := strings.TrimSuffix(strings.TrimSuffix(key, ".one"), ".other")
		if !used[key] && !used[base] && !strings.HasPrefix(key, "month.") && !strings.HasPrefix(key, "status.") && !strings.HasPrefix(key, "date.") {
			t.Errorf("nothing uses the text %q", key)
		}
	}
	for _, f := range contactFields {
		if have["field."+f.name] == "" {
			t.Errorf("the field %s has no label", f.name)
		}
	}
	for _, status := range []directory.SubscriptionStatus{directory.StatusActive, directory.StatusPastDue, directory.StatusExpired, directory.StatusDisabled} {
		if have["status."+string(status)] == "" {
			t.Errorf("the status %s has no text", status)
		}
	}
	for key := range used {
		_, plain := have[key]
		_, counted := have[key+".other"]
		if !plain && !counted && !strings.HasSuffix(key, ".php") && !strings.HasSuffix(key, ".html") {
			t.Errorf("there is no text %q", key)
		}
	}
}
