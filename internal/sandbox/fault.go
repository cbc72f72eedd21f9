package sandbox

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// FaultKind is a way in which calls fail.
type FaultKind string

// The ways in which calls fail.
const (
	// FaultStatus answers with a status and a plain text, as something in front of a
	// service does.
	FaultStatus FaultKind = "status"
	// FaultHang answers nothing for a while, and then cuts the connection.
	FaultHang FaultKind = "hang"
	// FaultCut cuts the connection without an answer.
	FaultCut FaultKind = "cut"
	// FaultError answers as the dialect's vendor documents that error.
	FaultError FaultKind = "error"
)

// FaultLinks is what Fault.Dialect says for links that are followed.
const FaultLinks = "links"

// Fault is a rule by which calls fail. It counts the calls that it is for.
type Fault struct {
	ID int64
	// Dialect is whose calls fail, or FaultLinks; empty means all, links that are
	// followed too.
	Dialect string
	// Contains, unless empty, must be in the call's operation or path, in any case of
	// letters. Without it, descriptions of an API are not counted, as a WSDL: which
	// clients fetch one is chance.
	Contains string
	Kind     FaultKind
	Status   int           // of FaultStatus: 500 to 599; 0 means 503
	Hang     time.Duration // of FaultHang: up to 10 minutes; 0 means 30 seconds
	// Error is what FaultError answers: one of ErrorsOf the dialect.
	Error string
	// After: the call is done first, and what is lost is its answer.
	After bool
	// Every is which of the calls fail: each 1st, 2nd, 3rd … 0 means each. Times
	// bounds how many do; 0 means no bound. So the next call alone is 1 and 1.
	Every, Times int
	// Seen is how many calls it was for, Failed how many of them failed. It is for
	// none any more when as many have failed as shall.
	Seen, Failed int
}

// Spent reports whether as many calls have failed as shall.
func (f *Fault) Spent() bool { return f.Times > 0 && f.Failed >= f.Times }

// Bounds of faults.
const (
	maxFaults       = 100
	maxFaultText    = 200
	maxFaultCount   = 1_000_000
	maxHang         = 10 * time.Minute
	usualHang       = 30 * time.Second
	usualStatus     = 503
	firstFailure    = 500
	lastFailure     = 599
	retryAfterFault = time.Second
)

// faults are the rules that there are.
type faults struct {
	mu   sync.Mutex
	all  []*Fault
	last int64
	// release is closed when those who hang shall go on, and then replaced.
	release chan struct{}
	// paused: no call fails, for a reset waits for all to end.
	paused bool
	// reading are the connections of which a body is read for the sake of a rule.
	reading map[*http.ResponseController]struct{}
}

// AddFault adds a rule and returns it as it stands, with its ID. What its kind has
// no use for is dropped. Errors: CodeInvalid naming the argument, CodeLimit when
// there are too many.
func (s *Sandbox) AddFault(f Fault) (Fault, error) {
	if err := f.check(s.core.Load().Dialects); err != nil {
		return Fault{}, err
	}
	return s.faults.add(f)
}

// Faults returns the rules in the order in which they were added, as they stand.
func (s *Sandbox) Faults() []Fault { return s.faults.list() }

// RemoveFault removes a rule, and reports whether it was there.
func (s *Sandbox) RemoveFault(id int64) bool { return s.faults.remove(id) }

// ClearFaults removes all rules. Calls that hang go on hanging.
func (s *Sandbox) ClearFaults() { s.faults.clear() }

// check refuses a rule that can't be followed, and fills in what is usual.
func (f *Fault) check(dialects []Dialect) *signon.Error {
	names := dialectNames(dialects)
	switch {
	case f.Dialect != "" && !slices.Contains(names, f.Dialect):
		return signon.Invalid("dialect", "must be one of "+strings.Join(names, ", ")+", or empty for all")
	case len(f.Contains) > maxFaultText:
		return signon.Invalid("contains", fmt.Sprintf("must have at most %d bytes", maxFaultText))
	case f.Every < 0 || f.Every > maxFaultCount:
		return signon.Invalid("every", fmt.Sprintf("must be from 1 to %d", maxFaultCount))
	case f.Times < 0 || f.Times > maxFaultCount:
		return signon.Invalid("times", fmt.Sprintf("must be from 1 to %d, or 0 for no bound", maxFaultCount))
	}
	f.Every, f.Seen, f.Failed = max(f.Every, 1), 0, 0
	return f.checkKind()
}

// dialectNames returns what Fault.Dialect can say.
func dialectNames(dialects []Dialect) []string {
	names := []string{FaultLinks}
	for _, d := range dialects {
		names = append(names, d.Name)
	}
	return names
}

// checkKind is check for what depends on the kind.
func (f *Fault) checkKind() *signon.Error {
	status, hang, code := f.Status, f.Hang, f.Error
	f.Status, f.Hang, f.Error = 0, 0, ""
	switch f.Kind {
	case FaultStatus:
		if f.Status = status; status == 0 {
			f.Status = usualStatus
		}
		if f.Status < firstFailure || f.Status > lastFailure {
			return signon.Invalid("status", fmt.Sprintf("must be from %d to %d", firstFailure, lastFailure))
		}
	case FaultHang:
		if f.Hang = hang; hang == 0 {
			f.Hang = usualHang
		}
		if f.Hang < 0 || f.Hang > maxHang {
			return signon.Invalid("hang", "must be above zero and at most "+maxHang.String())
		}
	case FaultError:
		offered := ErrorsOf(f.Dialect)
		if len(offered) == 0 {
			return signon.Invalid("dialect", "must be that of an API, for its errors")
		}
		if f.Error = code; !slices.Contains(offered, code) {
			return signon.Invalid("error", "must be one of "+strings.Join(offered, ", "))
		}
	case FaultCut:
	default:
		return signon.Invalid("kind", "must be one of status, hang, cut, error")
	}
	return nil
}

func (s *faults) add(f Fault) (Fault, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.all) >= maxFaults {
		spent := slices.IndexFunc(s.all, (*Fault).Spent)
		if spent < 0 {
			return Fault{}, &signon.Error{Code: signon.CodeLimit, Rule: fmt.Sprintf("there are %d faults already", maxFaults)}
		}
		s.all = slices.Delete(s.all, spent, spent+1)
	}
	s.last++
	f.ID = s.last
	s.all = append(s.all, &f)
	return f, nil
}

func (s *faults) list() []Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Fault, len(s.all))
	for i, f := range s.all {
		all[i] = *f
	}
	return all
}

func (s *faults) remove(id int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := len(s.all)
	s.all = slices.DeleteFunc(s.all, func(f *Fault) bool { return f.ID == id })
	return len(s.all) < before
}

func (s *faults) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = nil
}

// pause removes all rules, whose numbers begin anew, lets go on what hangs, and has
// no call fail until resume.
func (s *faults) pause() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all, s.last, s.paused = nil, 0, true
	if s.release != nil {
		close(s.release)
		s.release = nil
	}
	for connection := range s.reading {
		_ = connection.SetReadDeadline(time.Now()) // where there is none, nobody is slow
	}
}

// read has a body read for the sake of a rule. Who sends it may be slow, or never
// send it: a reset does not wait for that.
func (s *faults) read(connection *http.ResponseController, body func()) {
	s.mu.Lock()
	if s.paused {
		_ = connection.SetReadDeadline(time.Now())
	}
	if s.reading == nil {
		s.reading = map[*http.ResponseController]struct{}{}
	}
	s.reading[connection] = struct{}{}
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.reading, connection)
	}()
	body()
}

// resume ends a pause. Rules that were added meanwhile are gone, as if they had
// been there before.
func (s *faults) resume() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all, s.last, s.paused = nil, 0, false
}

// wantsOperation reports whether a rule has to know what the call calls.
func (s *faults) wantsOperation() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.all, func(f *Fault) bool { return f.Contains != "" && !f.Spent() })
}

// take counts the call with all rules that are for it, and returns the first one by
// which it fails, as it stands, with what ends its hanging; nil when it does not
// fail.
func (s *faults) take(c *Call) (due *Fault, release <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.paused {
		return nil, nil
	}
	for _, f := range s.all {
		if f.Spent() || !f.isFor(c) {
			continue
		}
		f.Seen++
		if due == nil && f.Seen%f.Every == 0 {
			f.Failed++
			own := *f
			due = &own
		}
	}
	if due != nil && s.release == nil {
		s.release = make(chan struct{})
	}
	return due, s.release
}

// isFor reports whether the rule is for that call.
func (f *Fault) isFor(c *Call) bool {
	switch {
	case c.Kind != KindCall && c.Kind != KindLink:
		return false
	case f.Dialect == FaultLinks && c.Kind != KindLink:
		return false
	case f.Dialect != "" && f.Dialect != FaultLinks && (c.Kind != KindCall || f.Dialect != c.Dialect):
		return false
	case f.Contains == "":
		return !c.describes()
	}
	wanted := strings.ToLower(f.Contains)
	return strings.Contains(strings.ToLower(c.Operation), wanted) || strings.Contains(strings.ToLower(c.path()), wanted)
}

// describes reports whether the call fetches what describes an API.
func (c *Call) describes() bool {
	path := c.path()
	return c.Kind == KindCall && c.Request.Method != "POST" && (strings.HasPrefix(path, "/soap/") || strings.Contains(path, "/.well-known/"))
}

// path returns the path of the call's URL, as it came.
func (c *Call) path() string {
	path, _, _ := strings.Cut(c.Request.URL, "?")
	if plain, err := url.PathUnescape(path); err == nil {
		return plain
	}
	return path
}

// describe says what the rule did to a call.
func (f *Fault) describe() string {
	var what string
	switch f.Kind {
	case FaultStatus:
		what = fmt.Sprintf("answered %d", f.Status)
	case FaultHang:
		what = "not answered, for " + shortDuration(f.Hang)
	case FaultCut:
		what = "connection cut"
	case FaultError:
		what = "refused with " + f.Error
	}
	if f.After {
		what += ", after it was done"
	}
	return fmt.Sprintf("%s, by fault %d", what, f.ID)
}

// shortDuration writes a duration without the units that are zero, as in "25m".
func shortDuration(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = text[:len(text)-2]
	}
	if strings.HasSuffix(text, "h0m") {
		text = text[:len(text)-2]
	}
	return text
}
