// Package signon is the core of Latchkey: how a person is signed in by link.
//
// A [Client] that already knows a [Subject] asks [Service.Issue] for a [Grant]:
// permission to sign on once, at one [Destination], for a short while. The grant
// is handed out as a [Token] inside a link; only a keyed digest of the token is
// kept. [Service.Redeem] spends the token for a [BrowserSession],
// [Service.Resolve] reads who it stands for without spending it, and
// [Service.Revoke] ends it early. Every decision about a grant or a client that
// exists is recorded as an [Event] in a chained audit log.
//
// The rules live here and nowhere else: validity, address binding, one use,
// which targets a link may point at, limits. A store ([Store]) keeps rows and
// promises atomicity; a dialect translates between a wire format and one call
// of the [Service]; pages translate between a browser and the same calls.
// The package imports the standard library only.
package signon
