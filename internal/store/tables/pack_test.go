package tables

import (
	"testing"
	"testing/quick"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

func TestPackedDescriptionReadsBack(t *testing.T) {
	t.Parallel()
	err := quick.Check(func(tenant, client, destination, kind, subject, target, language string) bool {
		a := about{signon.TenantID(tenant), client, destination, signon.SubjectKind(kind), signon.SubjectRef(subject), target, language}
		got, err := unpackAbout(a.pack())
		return err == nil && got == a
	}, nil)
	if err != nil {
		t.Error(err)
	}
}

func FuzzUnpackAbout(f *testing.F) {
	a := about{tenant: "t", target: "https://example.com/"}
	f.Add(a.pack())
	f.Add([]byte{aboutVersion, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		if a, err := unpackAbout(b); err == nil {
			if again, err := unpackAbout(a.pack()); err != nil || again != a {
				t.Errorf("%x reads as %+v, which reads back as %+v, %v", b, a, again, err)
			}
		}
	})
}
