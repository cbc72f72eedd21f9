package lob_test

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/latchkey-sso/latchkey/internal/jwt"
)

// keyFor makes a key once: they cost time.
var keyFor = func() func(name string, alg jwt.Algorithm) jwt.Key {
	var mu sync.Mutex
	made := map[string]jwt.Key{}
	return func(name string, alg jwt.Algorithm) jwt.Key {
		mu.Lock()
		defer mu.Unlock()
		if _, ok := made[name]; !ok {
			key, err := jwt.Generate(alg)
			if err != nil {
				panic(err)
			}
			made[name] = key
		}
		return made[name]
	}
}()

// demoKey is the key of line of business 01.
const demoKey = "latchkey-demo-lob-01-key-32bytes"

func secretKey(text string) jwt.Key {
	key, err := jwt.Secret([]byte(text))
	if err != nil {
		panic(err)
	}
	return key
}

// foreign is an issuer that is not ours.
type foreign struct {
	*httptest.Server

	mu   sync.Mutex
	keys jwt.Set
	down bool
	got  int
}

func newForeign(tb testing.TB, keys ...jwt.Key) *foreign {
	tb.Helper()
	f := &foreign{keys: keys}
	f.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.got++
		if f.down {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		data, _ := f.keys.PublicJWKS()
		_, _ = w.Write(data)
	}))
	tb.Cleanup(f.Close)
	return f
}

func (f *foreign) set(down bool, keys ...jwt.Key) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.down, f.keys = down, keys
}

func (f *foreign) asked() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.got
}
