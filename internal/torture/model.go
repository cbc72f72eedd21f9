package torture

import (
	"time"

	"github.com/anishathalye/porcupine"
)

// A token's life, as porcupine knows it. Expiry is no operation: an operation that
// began when the token was surely expired must find it so, one that ended before it
// can have been must not, and in between both are right.

// phase is where a token stands.
type phase uint8

const (
	absent phase = iota
	live
	spent   // by a browser
	expired // as a client was told: it stays so
	ended   // revoked
)

// life is the state of one token.
type life struct {
	phase   phase
	browser int
	// session is the number of its session; 0 before anybody was told which it is.
	session int
	over    bool // the session has ended
}

// step is an operation with what is known of the time.
type step struct {
	operation
	mayBeExpired  bool // when it ended
	mustBeExpired bool // when it began
}

// model returns porcupine's view of a token.
func model() porcupine.Model {
	return porcupine.Model{
		Init: func() any { return life{} },
		Step: func(state, input, _ any) (bool, any) {
			l, _ := state.(life)
			s, _ := input.(step)
			legal := l.take(&s)
			return legal, l
		},
	}
}

// take changes the state as the operation does, and reports whether its outcome is
// possible.
func (l *life) take(s *step) bool {
	switch s.action {
	case issue:
		l.phase = live
		return true
	case redeem:
		return l.redeem(s)
	case resolve:
		return l.resolve(s)
	case visit:
		return l.visit(s)
	case signOut:
		l.over = l.over || l.phase == spent && l.browser == s.browser
		return true
	case revoke:
		return l.revoke(s)
	case reset:
		l.end()
		return true
	}
	return false
}

func (l *life) redeem(s *step) bool {
	mine := l.phase == spent && l.browser == s.browser && !l.over
	switch s.outcome {
	case done:
		if s.mustBeExpired {
			return false
		}
		if l.phase == live {
			*l = life{phase: spent, browser: s.browser, session: s.session}
			return true
		}
		return mine && l.show(s.session)
	case refused:
		if l.phase == live && s.mayBeExpired {
			l.phase = expired
		}
		return l.phase != live && (!mine || s.mayBeExpired)
	}
	if l.phase == live && !s.mustBeExpired {
		*l = life{phase: spent, browser: s.browser}
	}
	return true
}

// show reports whether a session can be the one that there is.
func (l *life) show(session int) bool {
	if l.session == 0 {
		l.session = session
	}
	return l.session == session
}

func (l *life) resolve(s *step) bool {
	switch s.outcome {
	case done:
		return l.phase == live && !s.mustBeExpired
	case refused:
		if l.phase == live && s.mayBeExpired {
			l.phase = expired
		}
		return l.phase != live
	}
	return true
}

func (l *life) visit(s *step) bool {
	alive := l.phase == spent && !l.over
	switch s.outcome {
	case done:
		return alive && l.show(s.session)
	case refused:
		return !alive || l.session != 0 && l.session != s.session
	}
	return true
}

func (l *life) revoke(s *step) bool {
	was := *l
	l.end()
	switch s.outcome {
	case done:
		return s.whole || was.phase != ended // also one that has expired a moment ago
	case refused:
		return was.phase == ended || was.phase == expired || s.mayBeExpired || was.over
	}
	return true
}

func (l *life) end() { *l = life{phase: ended, browser: l.browser, session: l.session, over: true} }

// steps returns the history with what is known of the time.
func (t *token) steps(at *timeline) []step {
	ops := t.history()
	steps := make([]step, len(ops))
	var earliest, latest time.Duration // of its expiry, by the servers' clock
	for _, o := range ops {
		if o.action == issue {
			earliest, latest = at.low(o.call)+t.ttl, at.high(o.ret)+t.ttl
		}
	}
	for i, o := range ops {
		steps[i] = step{operation: o, mayBeExpired: at.high(o.ret) >= earliest, mustBeExpired: at.low(o.call) > latest}
	}
	return steps
}

// patience bounds how long porcupine may think about one token.
const patience = 10 * time.Second

// linearizable asks porcupine whether one token explains the history.
func linearizable(steps []step) porcupine.CheckResult {
	ops := make([]porcupine.Operation, len(steps))
	for i := range steps {
		ops[i] = porcupine.Operation{
			ClientId: steps[i].client, Input: steps[i], Call: int64(steps[i].call), Return: int64(steps[i].end()),
		}
	}
	return porcupine.CheckOperationsTimeout(model(), ops, patience)
}
