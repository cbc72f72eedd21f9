package soap_test

import (
	"testing"

	"github.com/latchkey-sso/latchkey/internal/soap"
)

func BenchmarkDecode(b *testing.B) {
	for _, name := range []string{"php-without-wsdl", "php-struct-and-map", "node-soap", "php-latin1"} {
		body := envelopes(b)[name]
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := soap.Decode(body, "utf-8"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
