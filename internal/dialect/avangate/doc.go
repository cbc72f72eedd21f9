// Package avangate holds what the 2Checkout (Avangate) dialects share: how a
// vendor proves who it is, the calls themselves, the names of pages, customer
// types and errors, the shape of customers and subscriptions, and the table of
// methods that SOAP and JSON-RPC offer. Each dialect beside it only decodes a
// call, makes it here, and encodes the answer.
package avangate
