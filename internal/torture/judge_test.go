package torture

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

// history makes the history of a token whose operations follow one another, a tenth
// of a second each, unless they say when they were.
func newHistory(k kind, ops ...operation) *token {
	t := &token{kind: k, name: "6b0187ca9d0976cf36c70eed", secret: "the secret", ttl: longTTL}
	now := time.Second
	for _, o := range ops {
		if o.ret == 0 {
			o.call, o.ret = now, now+100*time.Millisecond
		}
		now = o.ret + 100*time.Millisecond
		t.ops = append(t.ops, o)
	}
	return t
}

// at says when the operation was, in seconds.
func (o operation) at(call, ret float64) operation {
	o.call, o.ret = time.Duration(call*float64(time.Second)), time.Duration(ret*float64(time.Second))
	return o
}

func issues() operation { return operation{action: issue, outcome: done} }

// gets is a redemption by a browser that was let in, by that session.
func gets(browser, session int) operation {
	return operation{action: redeem, outcome: done, browser: browser, session: session}
}

func isRefused(browser int) operation {
	return operation{action: redeem, outcome: refused, browser: browser}
}

func hearsNothing(browser int) operation { return operation{action: redeem, browser: browser} }

func sees(browser, session int, o outcome) operation {
	return operation{action: visit, outcome: o, browser: browser, session: session}
}

func leaves(browser int, o outcome) operation {
	return operation{action: signOut, outcome: o, browser: browser, session: 1}
}

func revokes(o outcome) operation { return operation{action: revoke, outcome: o} }

func reads(o outcome) operation { return operation{action: resolve, outcome: o} }

func TestJudgeAcceptsWhatATokenCanGoThrough(t *testing.T) {
	t.Parallel()
	for name, ops := range map[string][]operation{
		"nobody came":                        {issues()},
		"one browser, again and again":       {issues(), gets(0, 1), gets(0, 1), isRefused(1), sees(0, 1, done)},
		"signed out":                         {issues(), gets(0, 1), leaves(0, done), sees(0, 1, refused), isRefused(0)},
		"let in without hearing of it":       {issues(), hearsNothing(0), isRefused(1), gets(0, 1)},
		"not let in without hearing of it":   {issues(), hearsNothing(0), gets(1, 1), isRefused(0)},
		"an answer that comes much later":    {issues(), hearsNothing(0), hearsNothing(1), gets(1, 1), isRefused(0), isRefused(2)},
		"revoked while a browser was let in": {issues(), gets(0, 1).at(2, 3), revokes(done).at(2.5, 2.6), isRefused(0), sees(0, 1, refused)},
		"revoked, or not":                    {issues(), revokes(uncertain), gets(0, 1)},
		"revoked, or not, and gone":          {issues(), revokes(uncertain), isRefused(0)},
		"signed out, or not":                 {issues(), gets(0, 1), leaves(0, uncertain), sees(0, 1, done), gets(0, 1)},
		"expired":                            {issues(), isRefused(0).at(700, 701)},
		"expired with a session":             {issues(), gets(0, 1), isRefused(0).at(700, 701), sees(0, 1, done)},
		"close to its expiry":                {issues(), gets(0, 1).at(600.8, 601)},
	} {
		if j := judge(newHistory(link, ops...), &timeline{}); len(j.faults()) > 0 {
			t.Errorf("%s: got %q", name, j.faults())
		}
	}
	for name, ops := range map[string][]operation{
		"read many times": {issues(), reads(done), reads(uncertain), reads(done)},
		"ended":           {issues(), reads(done), {action: revoke, outcome: done, whole: true}, reads(refused), {action: revoke, outcome: done, whole: true}},
		"expired":         {issues(), reads(done), reads(refused).at(700, 701)},
	} {
		if j := judge(newHistory(reusable, ops...), &timeline{}); len(j.faults()) > 0 {
			t.Errorf("an application's token, %s: got %q", name, j.faults())
		}
	}
	if j := judge(newHistory(once, issues(), hearsNothing(0), isRefused(1)), &timeline{}); len(j.faults()) > 0 {
		t.Errorf("read once, perhaps: got %q", j.faults())
	}
}

func TestLossThatIsAllowedIsCountedAndNoDoubleRedemption(t *testing.T) {
	t.Parallel()
	j := judge(newHistory(link, issues(), gets(0, 1), operation{action: reset}, sees(0, 1, refused), isRefused(0)), &timeline{})
	if j.check != porcupine.Ok || !j.signedOff || j.double {
		t.Errorf("a sign-on that was lost: got %+v", j)
	}
	j = judge(newHistory(link, issues(), gets(0, 1), operation{action: reset}, gets(1, 2)), &timeline{})
	if j.check != porcupine.Illegal || !j.double {
		t.Errorf("a token that came back: got %+v", j)
	}
}

// What must be found, and by which of the two judges.
func TestJudgeRejects(t *testing.T) {
	t.Parallel()
	const illegal = "history not explained by one token"
	for name, c := range map[string]struct {
		kind kind
		ops  []operation
		want []string
	}{
		"two browsers":                      {link, []operation{issues(), gets(0, 1), gets(1, 2)}, []string{"redeemed twice", illegal}},
		"two browsers at the same time":     {link, []operation{issues(), gets(0, 1).at(2, 3), gets(1, 2).at(2, 3)}, []string{"redeemed twice", illegal}},
		"a second one after lost answers":   {link, []operation{issues(), hearsNothing(0), gets(1, 1), hearsNothing(0), gets(0, 2)}, []string{"redeemed twice", illegal}},
		"two sessions for one browser":      {link, []operation{issues(), gets(0, 1), gets(0, 2)}, []string{"redeemed twice", illegal}},
		"lost":                              {link, []operation{issues(), isRefused(0), isRefused(1)}, []string{"lost", illegal}},
		"lost, read by an application":      {reusable, []operation{issues(), reads(refused)}, []string{"lost", illegal}},
		"lost after a lost answer":          {link, []operation{issues(), hearsNothing(0), isRefused(1), isRefused(0)}, []string{"lost", illegal}},
		"the sign-on is lost":               {link, []operation{issues(), gets(0, 1), sees(0, 1, refused)}, []string{"sign-on lost", illegal}},
		"the one who was let in is refused": {link, []operation{issues(), gets(0, 1), isRefused(0)}, []string{illegal}},
		"another session than was given":    {link, []operation{issues(), gets(0, 1), sees(0, 2, done)}, []string{illegal}},
		"redeemed though it was revoked":    {link, []operation{issues(), revokes(done), gets(0, 1)}, []string{"revived", illegal}},
		"seen though it was revoked":        {link, []operation{issues(), gets(0, 1), revokes(done), sees(0, 1, done)}, []string{"revived", illegal}},
		"seen though it was signed out":     {link, []operation{issues(), gets(0, 1), leaves(0, done), sees(0, 1, done)}, []string{"revived", illegal}},
		"read though it was ended":          {reusable, []operation{issues(), revokes(done), reads(done)}, []string{"revived", illegal}},
		"redeemed though it had expired":    {link, []operation{issues(), gets(0, 1).at(700, 701)}, []string{"revived", illegal}},
		"alive again after it had expired":  {link, []operation{issues(), isRefused(0).at(600.9, 601), gets(1, 1).at(601.1, 601.2)}, []string{illegal}},
		"revoked twice":                     {link, []operation{issues(), revokes(done), revokes(done)}, []string{illegal}},
		"nothing to revoke":                 {link, []operation{issues(), revokes(refused)}, []string{illegal}},
		"read twice":                        {once, []operation{issues(), gets(0, 0), gets(1, 0)}, []string{"redeemed twice", illegal}},
		"nobody knows":                      {link, []operation{issues(), hearsNothing(0)}, []string{"no certain answer"}},
	} {
		tok := newHistory(c.kind, c.ops...)
		j := judge(tok, &timeline{})
		if got := j.faults(); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q; porcupine says %s:\n%s", name, got, c.want, j.check, strings.Join(tok.print(), "\n"))
		}
	}
}

func TestHistoriesArePrintedWithoutSecrets(t *testing.T) {
	t.Parallel()
	tok := newHistory(link, issues(), gets(0, 1), gets(1, 2))
	tok.browsers = []*browser{{0, "binding", "session"}, {1, "binding", "session"}}
	j := judge(tok, &timeline{})
	f := newFailure(tok, &j)
	text := f.Token + strings.Join(f.History, "\n")
	for _, secret := range []string{"secret", "binding"} {
		if strings.Contains(text, secret) {
			t.Errorf("%q is in\n%s", secret, text)
		}
	}
	if !strings.Contains(text, tok.name) || !strings.Contains(text, "redeem by browser 1, session 2: done") {
		t.Errorf("got\n%s", text)
	}
}

func TestExpiryIsJudgedByAClockThatIsStepped(t *testing.T) {
	t.Parallel()
	seconds := func(n int) time.Duration { return time.Duration(n) * time.Second }
	forward := &timeline{}
	forward.step(seconds(10), seconds(700)) // the token expires by that
	forward.read(seconds(11), seconds(10))
	back := &timeline{}
	back.step(seconds(10), seconds(700))
	back.read(seconds(11), seconds(10))
	back.step(seconds(20), 0)
	unseen := &timeline{}
	unseen.step(seconds(10), seconds(700))
	unseen.step(seconds(20), 0)
	for name, c := range map[string]struct {
		clock *timeline
		op    operation
		want  porcupine.CheckResult
	}{
		"redeemed after the step":             {forward, gets(0, 1).at(30, 31), porcupine.Illegal},
		"refused after the step":              {forward, isRefused(0).at(30, 31), porcupine.Ok},
		"redeemed after a step back":          {back, gets(0, 1).at(30, 31), porcupine.Illegal},
		"refused after a step back":           {back, isRefused(0).at(30, 31), porcupine.Ok},
		"a step that perhaps no server saw":   {unseen, gets(0, 1).at(30, 31), porcupine.Ok},
		"a step that perhaps some server saw": {unseen, isRefused(0).at(30, 31), porcupine.Ok},
		"refused without a step":              {&timeline{}, isRefused(0).at(30, 31), porcupine.Illegal},
	} {
		if got := judge(newHistory(link, issues(), c.op), c.clock).check; got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
}

func TestTheLatestTimeRunsAtHalfSpeedWhileTheClockIsBehind(t *testing.T) {
	t.Parallel()
	var l timeline
	l.step(10*time.Second, 100*time.Second)
	l.step(20*time.Second, 0)
	for at, want := range map[float64]float64{5: 5, 10: 110, 19: 119, 20: 120, 40: 130, 400: 400} {
		if got := (l.high(time.Duration(at*1e9)) - margin).Seconds(); got != want {
			t.Errorf("after %g s: got %g s, want %g s", at, got, want)
		}
	}
}
