package transfer

import (
	"regexp"
	"strings"
)

// Spreadsheets run a cell that starts like a formula, and names and addresses
// may come from strangers. So an export puts an apostrophe before such a cell,
// which spreadsheets take for "this is text", and an import takes it off again.
// Plain numbers with a sign, such as telephone numbers, are left as they are.

func guard(cell string) string {
	if runs(cell) {
		return "'" + cell
	}
	return cell
}

// unguard undoes guard. Every other cell stays as it is.
func unguard(cell string) string {
	if rest, ok := strings.CutPrefix(cell, "'"); ok && runs(rest) {
		return rest
	}
	return cell
}

// runs reports whether the cell starts like a formula, apart from apostrophes:
// those that guard puts before it must not hide it from a second guard.
func runs(cell string) bool {
	cell = strings.TrimLeft(cell, "'")
	return formula.MatchString(cell) && !signed.MatchString(cell)
}

var (
	formula = regexp.MustCompile(`^[=+\-@\t\r＝＋－＠]`)
	signed  = regexp.MustCompile(`^[+-][0-9][0-9 ()./-]*$`)
)
