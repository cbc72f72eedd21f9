package jwt

import (
	"errors"
	"testing"
	"time"
)

func TestCheckTime(t *testing.T) {
	now := time.Unix(1_700_000_000, 500_000_000)
	for _, c := range []struct {
		claims string
		leeway time.Duration
		want   error
	}{
		{`{"exp":1700000001}`, 0, nil},
		{`{"exp":1700000000}`, 0, ErrExpired},
		{`{"exp":1700000000}`, time.Second, nil},
		{`{"exp":1700000000.5}`, 0, ErrExpired},
		{`{"exp":1700000000.500001}`, 0, nil},
		{`{"exp":1699999970.5}`, 30 * time.Second, ErrExpired},
		{`{"exp":1699999970.6}`, 30 * time.Second, nil},
		{`{"exp":1.7000001e9}`, 0, nil},
		{`{"exp":0}`, 0, ErrExpired},
		{`{"exp":253402300799}`, 0, nil},
		{`{"exp":1800000000,"nbf":1700000000}`, 0, nil},
		{`{"exp":1800000000,"nbf":1700000000.5}`, 0, nil},
		{`{"exp":1800000000,"nbf":1700000000.6}`, 0, ErrNotYetValid},
		{`{"exp":1800000000,"nbf":1700000030}`, 30 * time.Second, nil},
		{`{"exp":1800000000,"nbf":1700000031}`, 30 * time.Second, ErrNotYetValid},
		{`{"exp":1800000000,"iat":1700000001}`, 0, ErrNotYetValid},
		{`{"exp":1800000000,"iat":1700000001}`, time.Second, nil},
		{`{"exp":1600000000,"nbf":1800000000}`, 0, ErrExpired},
		{`{}`, 0, ErrMalformed},
		{`{"iat":1600000000}`, 0, ErrMalformed},
		{`{"EXP":1800000000}`, 0, ErrMalformed},
		{`{"exp":"1800000000"}`, 0, ErrMalformed},
		{`{"exp":null}`, 0, ErrMalformed},
		{`{"exp":true}`, 0, ErrMalformed},
		{`{"exp":[1800000000]}`, 0, ErrMalformed},
		{`{"exp":-1}`, 0, ErrMalformed},
		{`{"exp":1e400}`, 0, ErrMalformed},
		{`{"exp":1e30}`, 0, ErrMalformed},
		{`{"exp":253402300800}`, 0, ErrMalformed},
		{`{"exp":Infinity}`, 0, ErrMalformed},
		{`{"exp":1800000000,"nbf":"x"}`, 0, ErrMalformed},
		{`{"exp":1800000000,"iat":null}`, 0, ErrMalformed},
		{`{"exp":1600000000,"exp":1800000000}`, 0, ErrMalformed},
		{`[1800000000]`, 0, ErrMalformed},
	} {
		if err := CheckTime([]byte(c.claims), now, c.leeway); !errors.Is(err, c.want) {
			t.Errorf("%s with %v: got %v, want %v", c.claims, c.leeway, err, c.want)
		}
	}
}

func TestReadTimesKeepsFractions(t *testing.T) {
	got, err := ReadTimes([]byte(`{"iat":1737362986.756,"exp":1737366586}`))
	if err != nil {
		t.Fatal(err)
	}
	want := Times{IssuedAt: time.UnixMilli(1737362986756).UTC(), ExpiresAt: time.Unix(1737366586, 0).UTC()}
	if got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}
