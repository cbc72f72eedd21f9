// Package landing is where sign-on links land: redemption, the neutral page for
// every refusal, the hosted cart, and the account area.
//
// Pages are found by the host that the browser names and by path (see
// [signon.Registry.At]); what a page shows of a person is only ever the subject
// of the browser's own session. README.md lists the pages, the cookies and what
// was decided where the contract is silent.
package landing
