// Package torture puts a running server under fire and judges it by what its
// clients saw. It starts real server processes, has many clients issue, redeem,
// read and revoke tokens, and meanwhile kills and stops the servers, fills their
// disk, steps their clock, or takes their database away. Every answer that a client
// got, or did not get, is an operation in the history of one token; porcupine
// judges whether the history of each token can be explained by a token that lives
// once. docs/reliability.md tells how, and what came of it.
package torture
