package landing

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/page"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// personalForm is a person's details as they stand in the form.
type personalForm struct {
	contactForm
	Language string
}

// madeFromField is the name of the mark of the details that the form was made from.
const madeFromField = "made_from"

// detailsPage is the form of the personal details.
type detailsPage struct {
	Notices   page.Notices
	Owner     string
	MadeFrom  string
	Contact   *contactView
	Language  page.Field
	Number    string // the customer's
	Reference string // the shop's own number of the customer, or empty
}

func personalFormOf(c *directory.Customer) *personalForm {
	return &personalForm{contactForm: *formOf(c), Language: c.Language}
}

// readPersonal returns what was typed.
func readPersonal(values url.Values, c *directory.Customer) *personalForm {
	return &personalForm{contactForm: *readForm(values, c), Language: values.Get(directory.FieldLanguage)}
}

// mark tells whether two forms show the same: the fax number is in neither.
func (f *personalForm) mark() string {
	shown := *f
	shown.Billing.Fax, shown.Delivery.Fax = "", ""
	raw, err := json.Marshal(&shown)
	if err != nil {
		panic(err) // only strings and booleans
	}
	sum := sha256.Sum256(raw)
	return base64.RawURLEncoding.EncodeToString(sum[:markLen])
}

// applied returns a copy of the customer with what was typed.
func (f *personalForm) applied(c *directory.Customer) *directory.Customer {
	own := c.Clone()
	own.Billing, own.FiscalCode, own.Language = trimmed(f.Billing), strings.TrimSpace(f.FiscalCode), strings.TrimSpace(f.Language)
	own.Delivery = nil
	if !f.Same && !f.noDelivery() {
		delivery := trimmed(f.Delivery)
		own.Delivery = &delivery
	}
	return own
}

// trimmed returns the contact without blanks around what was typed.
func trimmed(c directory.Contact) directory.Contact {
	for _, field := range contactFields {
		if field.value != nil {
			value := field.value(&c)
			*value = strings.TrimSpace(*value)
		}
	}
	return c
}

func (v *visitor) getDetails() {
	form := personalFormOf(v.customer)
	v.showDetails(http.StatusOK, form, marks{}, v.noted("saved"))
}

// showDetails shows the form, made from what is on record now.
func (v *visitor) showDetails(status int, form *personalForm, m marks, notices page.Notices) {
	stored := personalFormOf(v.customer)
	content := &detailsPage{
		Owner: v.owner(), MadeFrom: stored.mark(), Contact: form.view(v.site, v.language, m),
		Language: v.languageField(form.Language, m.wrong[directory.FieldLanguage]), Number: string(v.customer.Ref()), Reference: v.customer.ExternalRef,
	}
	if m.stored != nil && form.Language != stored.Language {
		content.Language.Note = v.text("details.stored", languageName(stored.Language))
		if stored.Language == "" {
			content.Language.Note = v.text("details.stored_empty")
		}
	}
	notices.Wrong = append(content.Contact.wrong(), faultsOf(content.Language)...)
	content.Notices = notices
	v.open(status, "account-details", "details.title", content, notices.Wrong...)
}

// languageField is the choice of the language in which a person is spoken to:
// those that the pages exist in, and the one that is on record.
func (v *visit) languageField(selected, wrong string) page.Field {
	field := page.Field{
		ID: fieldID(directory.FieldLanguage), Name: directory.FieldLanguage, Label: "field.language", Value: selected, Error: wrong,
		Optional: true, Autocomplete: "language", Width: "half wide",
	}
	codes := v.pages.Languages()
	if selected != "" && !slices.Contains(codes, selected) {
		codes = append(codes, selected)
	}
	field.Options = []page.Option{{Label: v.pages.Text(v.pageLanguage(), "field.no_language"), Selected: selected == ""}}
	for _, code := range codes {
		field.Options = append(field.Options, page.Option{Value: code, Label: languageName(code), Selected: code == selected})
	}
	return field
}

// languageName returns what a language calls itself.
func languageName(code string) string {
	tag, err := language.Parse(code)
	if err != nil {
		return code
	}
	name := display.Self.Name(tag)
	if name == "" {
		return code
	}
	first, size := utf8.DecodeRuneInString(name)
	return string(unicode.ToUpper(first)) + name[size:]
}

// The form of the personal details sends these.
var detailsForm = areaForm{send: (*visitor).postDetails, fields: personalNames(), typed: typedDetails}

// personalNames are the names of all inputs of the form.
func personalNames() []string {
	return append(contactNames(), directory.FieldLanguage, madeFromField)
}

// postDetails saves what was typed, unless the details have changed since the form
// was made: then nothing is overwritten, and the person sees both.
func (v *visitor) postDetails() {
	for range tries {
		form := readPersonal(v.r.PostForm, v.customer)
		stored := personalFormOf(v.customer)
		changed := form.applied(v.customer)
		if *personalFormOf(changed) == *stored {
			v.see(noting(detailsPath, "saved")) // nothing changes, or a first attempt did it
			return
		}
		if v.r.PostForm.Get(madeFromField) != stored.mark() {
			v.showConflict(form, stored)
			return
		}
		if wrong := v.faults(changed); len(wrong) > 0 {
			v.showDetails(http.StatusUnprocessableEntity, form, marks{wrong: wrong}, page.Notices{})
			return
		}
		err := v.Directory.UpdateCustomer(v.r.Context(), changed, v.act(v.who))
		if !conflicts(err) {
			v.saved(form, err)
			return
		}
		now, err := v.visit.customer(v.session)
		if err != nil {
			v.failed("save details", err)
			return
		}
		v.customer = now // it is judged anew whether the form was made from that
	}
	v.saved(readPersonal(v.r.PostForm, v.customer), signon.Unavailable("save details", signon.ErrConflict))
}

// showConflict shows what was typed beside what is stored, after somebody else, or
// another tab, has changed the details.
func (v *visitor) showConflict(form, stored *personalForm) {
	m := marks{stored: &stored.contactForm, wrong: v.faults(form.applied(v.customer))}
	v.showDetails(http.StatusConflict, form, m, page.Notices{Known: []page.Notice{{Kind: "warn", Text: v.text("details.conflict"), Alert: true}}})
}

// faults returns what is wrong with the customer's details, by the directory's names.
func (v *visitor) faults(c *directory.Customer) map[string]string {
	wrong := map[string]string{}
	for _, e := range c.Faults() {
		wrong[e.Argument] = v.faultText(v.language, e)
	}
	return wrong
}

// saved answers an attempt to save. What was typed is never lost.
func (v *visitor) saved(form *personalForm, err error) {
	e := signon.AsError(err)
	switch {
	case err == nil:
		v.see(noting(detailsPath, "saved"))
	case e.Code == signon.CodeUnavailable:
		v.Log.Error("landing: details not saved", v.logged("error", err)...)
		v.w.Header().Set("Retry-After", strconv.Itoa(wholeSeconds(e.RetryAfter)))
		notice := page.Notice{Kind: "warn", Text: v.text("details.unsaved"), Alert: true}
		v.showDetails(http.StatusServiceUnavailable, form, marks{}, page.Notices{Known: []page.Notice{notice}})
	default:
		v.failed("save details", err)
	}
}

// typedDetails returns what was typed into the form, to be copied.
func typedDetails(v *visit, language string) []typedPart {
	form := readPersonal(v.r.PostForm, nobody)
	parts := typedContact(v, language, &form.contactForm)
	field := v.languageField(form.Language, "")
	field.ReadOnly = true
	return append(parts, typedPart{"details.language", []page.Field{field}})
}
