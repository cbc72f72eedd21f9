package sandbox

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/latchkey-sso/latchkey/internal/page"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// controlsView is the page of the clock, faults and the reset.
type controlsView struct {
	Notices     page.Notices
	Clock       clockView
	Steps       []page.Option
	By, ByError string
	Faults      []faultView
	Fields      []faultField
	After       bool
	Curl        string
	Script      string
}

type clockView struct {
	Time, Date, Datetime, Ahead string
	Millis                      int64
}

// faultView is a fault that there is.
type faultView struct {
	ID                int64
	What, When, Count string
	Over              bool
}

// faultField is one input of the form of faults.
type faultField struct {
	ID, Name, Label, Value, Width string
	Options                       []page.Option
	Groups                        []optionGroup // of errors: each API's own
	Hint, Placeholder, InputMode  string
	Error                         string
	For                           string // the kind of fault that it is for, or empty
}

// optionGroup are choices that belong together.
type optionGroup struct {
	Label   string
	Options []page.Option
}

// steps are by how much a button moves the clock.
var steps = []page.Option{{Value: "1m", Label: "+1 min"}, {Value: "30m", Label: "+30 min"}, {Value: "1h", Label: "+1 h"}, {Value: "24h", Label: "+1 day"}}

func (p *pages) showControls(w http.ResponseWriter, r *http.Request) error {
	form := &faultForm{Fault: Fault{Kind: FaultStatus}, every: "1", times: "1"}
	return p.writeControls(w, r, http.StatusOK, &controlsView{Notices: told(r.URL.Query())}, form)
}

// writeControls fills in the rest of the page, and answers with it.
func (p *pages) writeControls(w http.ResponseWriter, r *http.Request, status int, v *controlsView, form *faultForm) error {
	c := p.ClockState()
	v.Clock = clockView{Time: c.Now.Format(time.TimeOnly), Date: c.Now.Format("Monday, 2 January 2006"), Datetime: c.Now.Format(time.RFC3339), Millis: c.Now.UnixMilli()}
	if c.Ahead > 0 {
		v.Clock.Ahead = spell(c.Ahead)
	}
	for _, f := range p.Faults() {
		v.Faults = append(v.Faults, p.faultView(&f))
	}
	v.Steps, v.Script, v.After = steps, p.script, form.After
	v.Fields = form.fields(p.core.Load().Dialects)
	v.Curl = fmt.Sprintf("%s -X POST '%s/dev/api/clock' \\\n  -H 'Content-Type: application/json' \\\n  -d '{\"advance\": \"30m\"}'", CurlCommand(p.CAFile), p.BaseURL)
	return p.write(w, r, status, "controls", "Controls", v)
}

// activeFaults counts the faults by which calls still fail.
func (p *pages) activeFaults() (n int) {
	for _, f := range p.Faults() {
		if !f.Spent() {
			n++
		}
	}
	return n
}

var days = regexp.MustCompile(`^(\d+)d`)

// readDuration reads "90s", "2h30m", "7d" or "1d12h".
func readDuration(text string) (time.Duration, error) {
	text = strings.ReplaceAll(strings.ToLower(strings.TrimSpace(text)), " ", "")
	var whole time.Duration
	if m := days.FindStringSubmatch(text); m != nil {
		n, err := strconv.Atoi(m[1])
		if err != nil || n > 100_000 {
			return 0, fmt.Errorf("too long")
		}
		whole = time.Duration(n) * 24 * time.Hour
		if text = text[len(m[0]):]; text == "" {
			return whole, nil
		}
	}
	d, err := time.ParseDuration(text)
	return whole + d, err
}

func (p *pages) moveClock(w http.ResponseWriter, r *http.Request) error {
	text := r.PostFormValue("step")
	v := &controlsView{}
	if text == "" {
		text = r.PostFormValue("by")
		v.By = text
	}
	by, err := readDuration(text)
	if err != nil {
		v.ByError = "Enter a time as in 90s, 2h30m or 7d"
	} else if err = p.AdvanceClock(by); err != nil {
		v.ByError = capital(strings.TrimPrefix(sentence(err), "by "))
	}
	if err != nil {
		v.Notices.Wrong = []page.Fault{{ID: "by", Text: v.ByError}}
		return p.writeControls(w, r, http.StatusUnprocessableEntity, v, &faultForm{Fault: Fault{Kind: FaultStatus}, every: "1", times: "1"})
	}
	return seeOther(w, "/dev/controls?done=moved&by="+strconv.FormatInt(int64(by/time.Second), 10))
}

// faultForm is a fault as it was typed.
type faultForm struct {
	Fault

	status, hang, every, times string
	wrong                      map[string]string // by the name of the input
}

func readFault(r *http.Request) *faultForm {
	f := &faultForm{
		Fault: Fault{
			Dialect: r.PostFormValue("dialect"), Contains: strings.TrimSpace(r.PostFormValue("contains")), Kind: FaultKind(r.PostFormValue("kind")),
			After: r.PostFormValue("after") != "",
		},
		status: r.PostFormValue("status"), hang: r.PostFormValue("hang"), every: r.PostFormValue("every"), times: r.PostFormValue("times"), wrong: map[string]string{},
	}
	number := func(name, text string, to *int) {
		if text = strings.TrimSpace(text); text == "" {
			return
		}
		n, err := strconv.Atoi(text)
		if err != nil {
			f.wrong[name] = "Enter a number"
		}
		*to = n
	}
	number("every", f.every, &f.Every)
	number("times", f.times, &f.Times)
	switch f.Kind {
	case FaultStatus:
		number("status", f.status, &f.Status)
	case FaultHang:
		var err error
		if f.hang != "" {
			if f.Hang, err = readDuration(f.hang); err != nil {
				f.wrong["hang"] = "Enter a time as in 30s"
			}
		}
	case FaultError:
		f.readError(r.PostFormValue("error"))
	case FaultCut:
	}
	return f
}

// readError reads DIALECT/CODE. Which API fails is said by the error when nothing
// else says it.
func (f *faultForm) readError(text string) {
	dialect, code, ok := strings.Cut(text, "/")
	if !ok {
		dialect, code = "", text
	}
	if f.Error = code; f.Dialect == "" {
		f.Dialect = dialect
	}
}

func (p *pages) addFault(w http.ResponseWriter, r *http.Request) error {
	form := readFault(r)
	if len(form.wrong) == 0 {
		_, err := p.AddFault(form.Fault)
		if err == nil {
			return seeOther(w, "/dev/controls?done=fault")
		}
		e := signon.AsError(err)
		if e == nil {
			return err
		}
		form.wrong[e.Argument] = capital(e.Rule)
	}
	v := &controlsView{}
	fields := form.fields(p.core.Load().Dialects)
	for i := range fields {
		if fields[i].Error != "" {
			v.Notices.Wrong = append(v.Notices.Wrong, page.Fault{ID: fields[i].ID, Text: fields[i].Label + ": " + fields[i].Error})
		}
	}
	if text := form.wrong[""]; text != "" {
		v.Notices.Known = []page.Notice{{Kind: "bad", Text: text, Alert: true}}
	}
	return p.writeControls(w, r, http.StatusUnprocessableEntity, v, form)
}

// fields returns the form's inputs.
func (f *faultForm) fields(dialects []Dialect) []faultField {
	whose := []page.Option{{Label: "Every API and links"}, {Value: FaultLinks, Label: "Links that are followed"}}
	var errorCodes []optionGroup
	for _, d := range dialects {
		whose = append(whose, page.Option{Value: d.Name, Label: d.Title})
		if own := errorOptions(d.Name); len(own) > 0 {
			errorCodes = append(errorCodes, optionGroup{d.Title, chosen(own, f.Dialect+"/"+f.Error)})
		}
	}
	kinds := []page.Option{
		{Value: string(FaultStatus), Label: "Answer a status, as a proxy does"},
		{Value: string(FaultError), Label: "Fail as the vendor documents"},
		{Value: string(FaultHang), Label: "Not answer for a while"},
		{Value: string(FaultCut), Label: "Cut the connection"},
	}
	all := []faultField{
		{Name: "dialect", Label: "Whose calls", Width: "half wide", Options: chosen(whose, f.Dialect)},
		{Name: "kind", Label: "What happens", Width: "half wide", Options: chosen(kinds, string(f.Kind))},
		{Name: "status", Label: "Status", Value: f.status, Width: "half", For: string(FaultStatus), InputMode: "numeric", Placeholder: strconv.Itoa(usualStatus), Hint: "500 to 599"},
		{Name: "error", Label: "Error", Width: "half", For: string(FaultError), Groups: errorCodes, Hint: "In the words of that API"},
		{Name: "hang", Label: "For how long", Value: f.hang, Width: "half", For: string(FaultHang), Placeholder: usualHang.String(), Hint: "Then the connection is cut"},
		{Name: "contains", Label: "Only if the operation or path contains", Value: f.Contains, Width: "half", Placeholder: "getSingleSignOn"},
		{Name: "every", Label: "Each n-th call", Value: f.every, Width: "third short", InputMode: "numeric", Placeholder: "1", Hint: "1 is every one"},
		{Name: "times", Label: "How often", Value: f.times, Width: "third short", InputMode: "numeric", Placeholder: "no end", Hint: "Empty: until removed"},
	}
	for i := range all {
		all[i].ID = "fault-" + all[i].Name
		all[i].Error = f.wrong[all[i].Name]
	}
	return all
}

// errorOptions returns the errors of a dialect, as readError reads them.
func errorOptions(dialect string) (options []page.Option) {
	for _, code := range ErrorsOf(dialect) {
		options = append(options, page.Option{Value: dialect + "/" + code, Label: capital(strings.ReplaceAll(code, "_", " "))})
	}
	return options
}

// faultView says what a fault does.
func (p *pages) faultView(f *Fault) faultView {
	v := faultView{ID: f.ID, Over: f.Spent(), Count: "no call yet"}
	if f.Seen > 0 {
		v.Count = fmt.Sprintf("%d of %s failed", f.Failed, count(f.Seen, "call"))
	}
	whose := "Every API and links"
	if f.Dialect == FaultLinks {
		whose = "Links"
	}
	for _, d := range p.core.Load().Dialects {
		if d.Name == f.Dialect {
			whose = d.Title
		}
	}
	switch f.Kind {
	case FaultStatus:
		v.What = whose + ": " + statusLine(f.Status)
	case FaultHang:
		v.What = whose + ": no answer for " + spell(f.Hang)
	case FaultCut:
		v.What = whose + ": connection cut"
	case FaultError:
		v.What = whose + ": " + strings.ReplaceAll(f.Error, "_", " ")
	}
	v.When = f.when()
	return v
}

// when says which calls fail.
func (f *Fault) when() string {
	var text string
	switch {
	case f.Every > 1 && f.Times > 0:
		text = fmt.Sprintf("Each %s call, %s", ordinal(f.Every), count(f.Times, "time"))
	case f.Every > 1:
		text = fmt.Sprintf("Each %s call", ordinal(f.Every))
	case f.Spent():
		text = "Was for " + count(f.Times, "call")
	case f.Times == 1:
		text = "The next call"
	case f.Times > 1:
		text = fmt.Sprintf("The next %d calls", f.Times)
	default:
		text = "Every call"
	}
	if f.Contains != "" {
		text += " that has “" + f.Contains + "”"
	}
	if f.After {
		text += ", after it was done"
	}
	return text
}

// ordinal returns a number as in "3rd".
func ordinal(n int) string {
	suffix := "th"
	if n%100/10 != 1 {
		switch n % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	return strconv.Itoa(n) + suffix
}

func (p *pages) removeFault(w http.ResponseWriter, r *http.Request) error {
	id, err := strconv.ParseInt(r.PostFormValue("fault"), 10, 64)
	if err != nil || !p.RemoveFault(id) {
		return signon.ErrNotFound
	}
	return seeOther(w, "/dev/controls?done=removed")
}

func (p *pages) resetAll(w http.ResponseWriter, r *http.Request) error {
	if err := p.Reset(r.Context()); err != nil {
		return err
	}
	return seeOther(w, "/dev/controls?done=reset")
}
