package landing

import (
	"slices"
	"testing"

	"github.com/latchkey-sso/latchkey/internal/directory"
)

func TestMoneyIsWrittenAsTheLanguageDoes(t *testing.T) {
	s := &site{pages: pages()}
	for _, c := range []struct {
		language, want string
		amount         directory.Money
	}{
		{"en", "€0.05", directory.Money{Hundredths: 5, Currency: "EUR"}},
		{"en", "$999.00", directory.Money{Hundredths: 99900, Currency: "USD"}},
		{"en", "£1,299.00", directory.Money{Hundredths: 129900, Currency: "GBP"}},
		{"en", "12,345,678.90\u00a0CHF", directory.Money{Hundredths: 1234567890, Currency: "CHF"}},
		{"en", "−€1,000.00", directory.Money{Hundredths: -100000, Currency: "EUR"}},
		{"en", "€90,071,992,547,409.91", directory.Money{Hundredths: 1<<53 - 1, Currency: "EUR"}},
		{"de", "1.299,00\u00a0€", directory.Money{Hundredths: 129900, Currency: "EUR"}},
		{"fr", "1\u00a0299,00\u00a0€", directory.Money{Hundredths: 129900, Currency: "EUR"}},
		{"es", "12.990,50\u00a0$", directory.Money{Hundredths: 1299050, Currency: "USD"}},
		{"ro", "1.299,00\u00a0RON", directory.Money{Hundredths: 129900, Currency: "RON"}},
		{"ja", "¥1,299", directory.Money{Hundredths: 129900, Currency: "JPY"}},
		{"ja", "¥1,299.50", directory.Money{Hundredths: 129950, Currency: "JPY"}},
	} {
		if got := s.money(c.language, c.amount); got != c.want {
			t.Errorf("%s: got %q, want %q", c.language, got, c.want)
		}
	}
}

func TestDatesAreWrittenAsTheLanguageDoes(t *testing.T) {
	v := &visit{site: &site{pages: pages()}}
	first, second := directory.Date{Year: 2026, Month: 6, Day: 1}, directory.Date{Year: 2026, Month: 6, Day: 2}
	for language, want := range map[string][2]string{
		"en": {"1 June 2026", "2 June 2026"}, "de": {"1. Juni 2026", "2. Juni 2026"}, "fr": {"1er juin 2026", "2 juin 2026"},
		"es": {"1 de junio de 2026", "2 de junio de 2026"}, "ro": {"1 iunie 2026", "2 iunie 2026"}, "ja": {"2026年6月1日", "2026年6月2日"},
	} {
		if got := [2]string{v.date(language, first), v.date(language, second)}; got != want {
			t.Errorf("%s: got %q, want %q", language, got, want)
		}
	}
}

func TestPlacesAreInTheOrderOfTheirCountry(t *testing.T) {
	for want, c := range map[string]directory.Contact{
		"Springfield, Illinois 62704": {City: "Springfield", State: "Illinois", Zip: "62704", CountryCode: "us"},
		"London SW1A 1AA":             {City: "London", Zip: "SW1A 1AA", CountryCode: "gb"},
		"10115 Berlin":                {City: "Berlin", Zip: "10115", CountryCode: "de"},
		"20121 Milano, MI":            {City: "Milano", State: "MI", Zip: "20121", CountryCode: "it"},
		"Cork":                        {City: "Cork", CountryCode: "ie"},
	} {
		if got := placeLine(&c); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestEveryLanguageIsThere: that each has the same keys and arguments is checked
// when the catalogues are read.
func TestEveryLanguageIsThere(t *testing.T) {
	set := pages()
	for _, code := range []string{"en", "de", "fr", "es", "ro", "ja"} {
		if got := set.Language(code); got != code {
			t.Errorf("%s: got %s", code, got)
		}
		if names := countries(code); len(names) < 200 || !slices.ContainsFunc(names, func(c country) bool { return c.code == "de" && c.name != "DE" }) {
			t.Errorf("%s: got %d countries", code, len(names))
		}
	}
	if a, b := set.Text("de", "refused.title"), set.Text("en", "refused.title"); a == b {
		t.Errorf("got %q in both languages", a)
	}
}

func TestAccountsAreMasked(t *testing.T) {
	for _, c := range []struct {
		contact directory.Contact
		want    account
	}{
		{directory.Contact{FirstName: "John", LastName: "Newman", Email: "john.newman@example.com"}, account{"John N.", "j•••@example.com"}},
		{directory.Contact{FirstName: "Zoë", LastName: "<b>Ö", Email: "z@example.com"}, account{"Zoë b.", "•••@example.com"}},
		{directory.Contact{FirstName: "太郎", LastName: "山田", Email: "+x@example.com"}, account{"太郎 山.", "x•••@example.com"}},
		{directory.Contact{LastName: "Keller", Email: "none"}, account{"K.", ""}},
		{directory.Contact{Email: "anna@example.com"}, account{"", "a•••@example.com"}},
		{directory.Contact{}, account{}},
	} {
		if got := known(&directory.Customer{Billing: c.contact}).masked(); got != c.want {
			t.Errorf("%+v: got %+v, want %+v", c.contact, got, c.want)
		}
	}
}
