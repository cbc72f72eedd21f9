// Package transfer reads and writes customers, subscriptions, products, users
// and orders as files: CSV with a header row, or JSON Lines. Both have the same
// columns (see [Columns]), and an import reads what an export writes.
//
// A row says what it is about, and fills in the columns that its file has: what
// a file does not mention stays as it is stored. Every refused line is named
// with its column and the rule that it breaks, never with what is in it: a file
// may hold what must not be repeated, such as card numbers.
package transfer
