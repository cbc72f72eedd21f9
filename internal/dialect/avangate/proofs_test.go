package avangate

import (
	"fmt"
	"testing"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

func TestOnlyTheSameProofUnderTheSameSecretIsKnown(t *testing.T) {
	var p proofs
	c := Credentials{Code: "AVANGATE", Date: "2010-05-13 12:12:12", Hash: vectors["sha256"], Algorithm: "sha256"}
	if p.has(&c, "SECRET_KEY") || p.has(&c, "") {
		t.Error("known before it was kept")
	}
	p.keep(&c, "SECRET_KEY")
	if !p.has(&c, "SECRET_KEY") {
		t.Error("not known after it was kept")
	}
	if p.has(&c, "SECRET_KEX") {
		t.Error("known under another secret")
	}
	for name, change := range map[string]func(*Credentials){
		"code": func(c *Credentials) { c.Code = "OTHERSHOP" }, "date": func(c *Credentials) { c.Date = "2010-05-13 12:12:13" },
		"hash": func(c *Credentials) { c.Hash = "3" + c.Hash[1:] }, "algorithm": func(c *Credentials) { c.Algorithm = "" },
	} {
		other := c
		if change(&other); p.has(&other, "SECRET_KEY") {
			t.Errorf("known with another %s", name)
		}
	}
}

func TestOnlySoManyProofsAreKept(t *testing.T) {
	var p proofs
	for i := range maxProofs + 1 {
		p.keep(&Credentials{Code: fmt.Sprint(i)}, signon.Secret("s"))
	}
	if n := len(p.right); n != 1 {
		t.Errorf("got %d proofs, want the one since all were dropped", n)
	}
}
