// Package operator is what operators' commands ask of a running server: imports,
// exports, the audit log, grants, why a request was refused, its state. The server answers on a socket that only
// its own user can open; that is the whole of its access control.
//
//	POST /import/{kind}?tenant=&format=&all_or_nothing=   a file in, messages out while it comes in
//	GET  /export/{kind}?tenant=&format=                   a file out; the trailer tells whether it is complete
//	GET  /backup                                          an archive out; the trailer tells whether it is complete
//	GET  /audit/verify                                    messages out, the last one with the verdict
//	GET  /audit/events?after=&last=&limit=&tenant=&type=&support_code=
//	GET  /status
//	GET  /explain/{code}                                  what is known of a request by its support code
//	GET  /grants?tenant=&customer=|user=&client=&destination=&state=&since=&until=&limit=
//	POST /revoke?tenant=&reference=|customer=|user=|client=   ends links and sessions
//	GET  /destinations/check?url=&tenant=&destination=    whether links may point there
//
// Messages are JSON Lines. When no server runs, a command serves the same
// handler to itself, over a store that it has opened: see [InProcess].
package operator
