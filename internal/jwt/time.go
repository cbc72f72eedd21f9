package jwt

import (
	"encoding/json"
	"math"
	"strconv"
	"time"
)

// Times are the claims about time. Those that are not there are zero.
type Times struct {
	// ExpiresAt is exp: from then on the token is worth nothing.
	ExpiresAt time.Time
	// NotBefore is nbf: until then it isn't worth anything yet.
	NotBefore time.Time
	// IssuedAt is iat.
	IssuedAt time.Time
}

// ReadTimes reads exp, nbf and iat: seconds since 1970, as a number that may have
// a fraction, kept to the microsecond. Other values are ErrMalformed.
func ReadTimes(claims []byte) (Times, error) {
	members, ok := object(claims)
	if !ok {
		return Times{}, ErrMalformed
	}
	var t Times
	for name, to := range map[string]*time.Time{"exp": &t.ExpiresAt, "nbf": &t.NotBefore, "iat": &t.IssuedAt} {
		raw, there := members[name]
		if !there {
			continue
		}
		if *to, ok = numericDate(raw); !ok {
			return Times{}, ErrMalformed
		}
	}
	return t, nil
}

// maxDate is the last second of the year 9999.
const maxDate = 253402300799

func numericDate(raw json.RawMessage) (time.Time, bool) {
	// A number in JSON starts with a digit or a minus; Go's words for infinity don't.
	seconds, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || raw[0] < '0' || raw[0] > '9' || seconds > maxDate {
		return time.Time{}, false
	}
	whole, fraction := math.Modf(seconds)
	micros := int64(math.Round(fraction * 1e6))
	return time.Unix(int64(whole), micros*int64(time.Microsecond)).UTC(), true
}

// CheckTime returns nil when at that instant the claims are valid: exp is there
// and has not come, nbf and iat, if there, have. leeway allows for clocks that
// differ, on all three. Errors are ErrMalformed, ErrExpired and ErrNotYetValid.
func CheckTime(claims []byte, now time.Time, leeway time.Duration) error {
	t, err := ReadTimes(claims)
	switch {
	case err != nil:
		return err
	case t.ExpiresAt.IsZero():
		return ErrMalformed
	case !now.Before(t.ExpiresAt.Add(leeway)):
		return ErrExpired
	case now.Add(leeway).Before(t.NotBefore), now.Add(leeway).Before(t.IssuedAt):
		return ErrNotYetValid
	}
	return nil
}
