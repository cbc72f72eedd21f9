package landing

import "net/http"

// everywherePage asks before the person is signed out in every browser.
type everywherePage struct{ Owner, Shop string }

var everywhereForm = areaForm{send: (*visitor).postEverywhere}

func (v *visitor) getEverywhere() {
	v.open(http.StatusOK, "account-everywhere", "everywhere.title", &everywherePage{v.owner(), v.tenant.Name})
}

// postEverywhere signs the person out in every browser, this one included.
func (v *visitor) postEverywhere() {
	if err := v.SignOn.SignOutEverywhere(v.r.Context(), v.session, v.info.SupportCode); err != nil {
		v.fail("sign out everywhere", err)
		return
	}
	for _, kind := range customerKinds {
		v.forgetSession(kind)
	}
	v.forgetPerson()
	v.see(noting(accountSignedOutPath, noteEverywhere))
}
