package torture

import (
	"fmt"

	"github.com/anishathalye/porcupine"
)

// judgement is what is wrong with one token, found in two ways: porcupine's, and
// counted directly, so that a verdict explains itself.
type judgement struct {
	check porcupine.CheckResult
	// lost: acknowledged, refused before it could have expired, and nobody had it.
	lost bool
	// signedOff: a sign-on was acknowledged and is not there.
	signedOff bool
	// double: two browsers or two sessions came of it.
	double bool
	// revived: it was of use after it had expired or was revoked, or its session
	// after that was over.
	revived bool
	// undecided: nobody got an answer that is certain, however often they asked.
	undecided bool
}

// judge judges one token by its history.
func judge(t *token, at *timeline) judgement {
	steps := t.steps(at)
	return judgement{
		check: linearizable(steps), lost: lost(steps), signedOff: signedOff(steps),
		double: double(steps), revived: revived(steps), undecided: undecided(t.kind, steps),
	}
}

// faults names what is wrong, worst first.
func (j *judgement) faults() (all []string) {
	for _, f := range []struct {
		is   bool
		name string
	}{
		{j.double, "redeemed twice"},
		{j.lost, "lost"},
		{j.signedOff, "sign-on lost"},
		{j.revived, "revived"},
		{j.check == porcupine.Illegal, "history not explained by one token"},
		{j.check == porcupine.Unknown, "history not judged in time"},
		{j.undecided, "no certain answer"},
	} {
		if f.is {
			all = append(all, f.name)
		}
	}
	return all
}

func count(steps []step, is func(*step) bool) (n int) {
	for i := range steps {
		if is(&steps[i]) {
			n++
		}
	}
	return n
}

// lost reports whether an acknowledged token was refused though it can't have been
// expired, nobody ended it, and nobody was let in by it.
func lost(steps []step) bool {
	turnedAway := func(s *step) bool {
		return (s.action == redeem || s.action == resolve) && s.outcome == refused && !s.mayBeExpired
	}
	had := func(s *step) bool { return s.action == redeem && s.outcome == done || s.action == revoke }
	return count(steps, turnedAway) > 0 && count(steps, had) == 0 && !perhapsSpent(steps)
}

// perhapsSpent reports whether a browser's last word is that it is not known whether
// it was let in.
func perhapsSpent(steps []step) bool {
	last := map[int]outcome{}
	for i := range steps {
		if steps[i].action == redeem {
			last[steps[i].browser] = steps[i].outcome
		}
	}
	for _, o := range last {
		if o == uncertain {
			return true
		}
	}
	return false
}

// signedOff reports whether a browser that was let in is out, and nobody ended its
// session.
func signedOff(steps []step) bool {
	if count(steps, func(s *step) bool { return s.action == revoke || s.action == signOut }) > 0 {
		return false
	}
	return after(steps,
		func(s *step) bool { return s.action == redeem && s.outcome == done },
		func(first, then *step) bool {
			return then.action == visit && then.outcome == refused && then.session == first.session
		})
}

// double reports whether two browsers were let in by one token, or one by two
// sessions.
func double(steps []step) bool {
	browsers, sessions := map[int]bool{}, map[int]bool{}
	for i := range steps {
		if s := &steps[i]; s.action == redeem && s.outcome == done {
			browsers[s.browser], sessions[s.session] = true, true
		}
	}
	return len(browsers) > 1 || len(sessions) > 1
}

// revived reports whether the token was of use when it was surely over.
func revived(steps []step) bool {
	used := func(s *step) bool { return (s.action == redeem || s.action == resolve) && s.outcome == done }
	if count(steps, func(s *step) bool { return used(s) && s.mustBeExpired }) > 0 {
		return true
	}
	if after(steps, func(s *step) bool { return s.action == revoke && s.outcome != uncertain },
		func(_, then *step) bool { return used(then) || then.action == visit && then.outcome == done }) {
		return true
	}
	return after(steps, func(s *step) bool { return s.action == signOut && s.outcome == done },
		func(first, then *step) bool {
			return then.action == visit && then.outcome == done && then.session == first.session
		})
}

// after reports whether an operation that began when a first one had returned is
// such a one.
func after(steps []step, first func(*step) bool, then func(first, then *step) bool) bool {
	for i := range steps {
		if !first(&steps[i]) {
			continue
		}
		for k := range steps {
			if steps[k].call > steps[i].ret && then(&steps[i], &steps[k]) {
				return true
			}
		}
	}
	return false
}

// undecided reports whether a link was tried and nobody knows what came of it. What
// a back end reads once can't be asked again.
func undecided(k kind, steps []step) bool { return k == link && perhapsSpent(steps) }

// failure is a token that was judged wrong, for people to look at.
func newFailure(t *token, j *judgement) Failure {
	return Failure{Round: t.round, Token: fmt.Sprintf("%s %s", t.kind, t.name), Faults: j.faults(), History: t.print()}
}
