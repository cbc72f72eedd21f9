package directory_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// asha returns a member with everything in it.
func asha() *directory.Member {
	return &directory.Member{
		Tenant: shop, Number: "10001004", Name: "Asha Menon", Email: "asha@example.com", Mobile: "+91 90000 10004", Apps: []string{"01", "03"},
	}
}

func createMember(t testing.TB, s *directory.Service, m *directory.Member) *directory.Member {
	t.Helper()
	if err := s.CreateMember(t.Context(), m, directory.Act{}); err != nil {
		t.Fatalf("create member: %v", err)
	}
	return m
}

func TestANewMemberIsKnownByTheNumber(t *testing.T) {
	s, store, c := newService(t)
	m := createMember(t, s, asha())
	if m.PrivacyKey == (signon.PrivacyKey{}) || m.Version != 1 || !m.CreatedAt.Equal(c.Now()) || !m.ChangedAt.Equal(c.Now()) {
		t.Errorf("got %+v", m)
	}
	got, err := s.Member(t.Context(), shop, "10001004")
	if diff := cmp.Diff(m, got); err != nil || diff != "" {
		t.Errorf("error %v (-want +got):\n%s", err, diff)
	}
	if err := s.CreateMember(t.Context(), asha(), directory.Act{}); !errors.Is(err, signon.ErrConflict) {
		t.Errorf("created again: got %v, want a conflict", err)
	}
	for _, number := range []string{"10001005", "", "1000 1004", "10001004 ", "10001004\x00"} {
		if _, err := s.Member(t.Context(), shop, number); !errors.Is(err, signon.ErrNotFound) {
			t.Errorf("%q: got %v, want not found", number, err)
		}
	}
	// The log does not name the person.
	if diff := cmp.Diff([]string{""}, events(t, store, signon.EventMemberCreated)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestAMemberNeedsNothingButANumber(t *testing.T) {
	s, _, _ := newService(t)
	for _, number := range []string{"1", "A", strings.Repeat("9a", 16), "00012"} {
		createMember(t, s, &directory.Member{Tenant: shop, Number: number})
	}
	var numbers []string
	list, err := s.Members(t.Context(), shop, "", 10)
	for i := range list {
		numbers = append(numbers, list[i].Number)
	}
	if diff := cmp.Diff([]string{"00012", "1", strings.Repeat("9a", 16), "A"}, numbers); err != nil || diff != "" {
		t.Errorf("error %v (-want +got):\n%s", err, diff)
	}
}

func TestTheRulesOfAMemberNameTheField(t *testing.T) {
	s, _, _ := newService(t)
	for name, c := range map[string]struct {
		change func(*directory.Member)
		field  string
	}{
		"no number":                   {func(m *directory.Member) { m.Number = "" }, "number"},
		"a blank in the number":       {func(m *directory.Member) { m.Number = "1 2" }, "number"},
		"a hyphen in the number":      {func(m *directory.Member) { m.Number = "1-2" }, "number"},
		"a number of another script":  {func(m *directory.Member) { m.Number = "١٢" }, "number"},
		"a letter that lowers":        {func(m *directory.Member) { m.Number = "\u212A1" }, "number"}, // the Kelvin sign
		"a long number":               {func(m *directory.Member) { m.Number = strings.Repeat("1a", 17) }, "number"},
		"a card number as number":     {func(m *directory.Member) { m.Number = visa }, "number"},
		"a long name":                 {func(m *directory.Member) { m.Name = strings.Repeat("x", 256) }, "name"},
		"control characters":          {func(m *directory.Member) { m.Name = "A\x00sha" }, "name"},
		"a card number":               {func(m *directory.Member) { m.Name = visa }, "name"},
		"no address":                  {func(m *directory.Member) { m.Email = "asha" }, "email"},
		"a long mobile number":        {func(m *directory.Member) { m.Mobile = strings.Repeat("1a", 40) }, "mobile"},
		"an application without id":   {func(m *directory.Member) { m.Apps = []string{"01", ""} }, "apps"},
		"an application with a blank": {func(m *directory.Member) { m.Apps = []string{"0 1"} }, "apps"},
		"an application that lowers":  {func(m *directory.Member) { m.Apps = []string{"\u212A"} }, "apps"},
		"a long application":          {func(m *directory.Member) { m.Apps = []string{strings.Repeat("1", 17)} }, "apps"},
		"many applications": {func(m *directory.Member) {
			for i := range 101 {
				m.Apps = append(m.Apps, fmt.Sprint(i))
			}
		}, "apps"},
	} {
		t.Run(name, func(t *testing.T) {
			m := asha()
			c.change(m)
			wantRefused(t, s.CreateMember(t.Context(), m, directory.Act{}), signon.CodeInvalid, c.field)
		})
	}
}

func TestAppsAreSortedAndEachOnce(t *testing.T) {
	s, _, _ := newService(t)
	m := asha()
	m.Apps = []string{"03", "01", "03", "A"}
	createMember(t, s, m)
	if diff := cmp.Diff([]string{"01", "03", "A"}, m.Apps); diff != "" || !m.Linked("03") || m.Linked("02") || m.Linked("") {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestLinkingAMember(t *testing.T) {
	s, store, c := newService(t)
	createMember(t, s, asha())
	c.advance(time.Hour)
	for range 2 { // the second time it is so already
		if err := s.LinkMember(t.Context(), shop, "10001004", "02", directory.Act{}); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Member(t.Context(), shop, "10001004")
	if err != nil || got.Version != 2 || !got.ChangedAt.Equal(c.Now()) || cmp.Diff([]string{"01", "02", "03"}, got.Apps) != "" {
		t.Errorf("got %+v, %v", got, err)
	}
	if diff := cmp.Diff([]string{"linked to 02"}, events(t, store, signon.EventMemberChanged)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if err := s.LinkMember(t.Context(), shop, "1", "02", directory.Act{}); !errors.Is(err, signon.ErrNotFound) {
		t.Errorf("nobody: got %v, want not found", err)
	}
	wantRefused(t, s.LinkMember(t.Context(), shop, "10001004", "0 2", directory.Act{}), signon.CodeInvalid, "apps")
}

func TestLinksMadeAtOnceAreAllMade(t *testing.T) {
	s, _, _ := newService(t)
	createMember(t, s, asha())
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			if err := s.LinkMember(t.Context(), shop, "10001004", fmt.Sprint("1", i), directory.Act{}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	got, err := s.Member(t.Context(), shop, "10001004")
	if err != nil || cmp.Diff([]string{"01", "03", "10", "11", "12", "13"}, got.Apps) != "" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestTheCoreKnowsAMemberAsASubject(t *testing.T) {
	s, store, _ := newService(t)
	m := createMember(t, s, asha())
	subject, err := s.Subject(t.Context(), shop, signon.SubjectMember, "10001004")
	want := signon.Subject{Kind: signon.SubjectMember, Ref: "10001004", PrivacyKey: m.PrivacyKey, Apps: []string{"01", "03"}}
	if diff := cmp.Diff(want, subject); err != nil || diff != "" {
		t.Errorf("error %v (-want +got):\n%s", err, diff)
	}
	for kind, ref := range map[signon.SubjectKind]signon.SubjectRef{signon.SubjectMember: "1", signon.SubjectCustomer: "10001004", signon.SubjectUser: "10001004"} {
		if _, err := s.Subject(t.Context(), shop, kind, ref); !errors.Is(err, signon.ErrNotFound) {
			t.Errorf("%s %s: got %v, want not found", kind, ref, err)
		}
	}
	now := store.Now()
	if err := s.SignOut(t.Context(), shop, signon.SubjectMember, "10001004", &signon.Event{Type: signon.EventSignedOutEverywhere}); err != nil {
		t.Fatal(err)
	}
	if subject, err = s.Subject(t.Context(), shop, signon.SubjectMember, "10001004"); err != nil || !subject.SignedOutBefore.After(now) {
		t.Errorf("signed out before %v, %v, want it after %v", subject.SignedOutBefore, err, now)
	}
	if err := s.SignOut(t.Context(), shop, signon.SubjectMember, "1", &signon.Event{}); !errors.Is(err, signon.ErrNotFound) {
		t.Errorf("nobody: got %v, want not found", err)
	}
}

// memberRow returns a row about a member that calls change.
func memberRow(number string, change func(*directory.Member)) directory.MemberRow {
	return directory.MemberRow{Number: number, Fill: func(m *directory.Member) error { change(m); return nil }}
}

func TestImportFindsMembersByNumber(t *testing.T) {
	s, store, c := newService(t)
	before := createMember(t, s, asha())
	c.advance(time.Hour)
	named := func(name string) func(*directory.Member) {
		return func(m *directory.Member) {
			m.Name = name
			m.Number, m.Version, m.PrivacyKey, m.SignedOutBefore = "other", 99, signon.PrivacyKey{9}, c.Now() // no business of a row
		}
	}
	done, err := s.Merge(t.Context(), shop, &directory.Rows{Members: []directory.MemberRow{
		memberRow(" 10001004", named("1")), memberRow("7", named("2")), memberRow("10001004", func(m *directory.Member) { m.Apps = nil }),
	}}, directory.Act{})
	if want := (directory.Imported{Created: 1, Updated: 2}); err != nil || done != want {
		t.Fatalf("got %+v, %v, want %+v", done, err, want)
	}
	want := before.Clone()
	want.Name, want.Apps, want.Version, want.ChangedAt = "1", nil, 3, c.Now()
	var all []*directory.Member
	for m, err := range s.AllMembers(t.Context(), shop) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, m)
	}
	if len(all) != 2 || cmp.Diff(want, all[0]) != "" || all[1].Number != "7" || all[1].PrivacyKey == (signon.PrivacyKey{}) || !all[1].CreatedAt.Equal(c.Now()) {
		t.Errorf("got %+v; the first (-want +got):\n%s", all, cmp.Diff(want, all[0]))
	}
	if diff := cmp.Diff([]string{"0 customers, 0 subscriptions, 0 products, 0 users, 3 members: 1 new"}, events(t, store, signon.EventImported)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	whole := asha()
	whole.Name = "whole"
	if done, err := s.Import(t.Context(), shop, &directory.Batch{Members: []*directory.Member{whole}}, directory.Act{}); err != nil || done.Updated != 1 {
		t.Errorf("a complete row: got %+v, %v", done, err)
	}
}

func TestImportRefusesMembersByTheRules(t *testing.T) {
	s, _, _ := newService(t)
	_, err := s.Merge(t.Context(), shop, &directory.Rows{Members: []directory.MemberRow{
		memberRow("1", func(*directory.Member) {}), memberRow("", func(*directory.Member) {}), memberRow("2", func(m *directory.Member) { m.Email = "x" }),
	}}, directory.Act{})
	var refused directory.RowErrors
	if !errors.As(err, &refused) || len(refused) != 2 || refused[0].Index != 1 || refused[1].Index != 2 {
		t.Fatalf("got %v, want the second and third row refused", err)
	}
	wantRefused(t, refused[0].Err, signon.CodeInvalid, "number")
	wantRefused(t, refused[1].Err, signon.CodeInvalid, "email")
	if _, err := s.Member(t.Context(), shop, "1"); !errors.Is(err, signon.ErrNotFound) {
		t.Errorf("a good row was written beside refused ones: %v", err)
	}
}
