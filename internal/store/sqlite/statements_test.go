package sqlite

import "strings"

// How statements begin that tests make fail.
const (
	insertGrant    = "INSERT INTO grants"
	insertUser     = "INSERT INTO users"
	insertEvent    = "INSERT INTO audit"
	insertActivity = "INSERT INTO activity"
	putReply       = "INSERT INTO replies"
	deleteUser     = "UPDATE users SET username = NULL"
)

// isOne reports whether the query begins so.
func isOne(query, beginning string) bool { return strings.HasPrefix(query, beginning) }
