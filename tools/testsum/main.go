// Command testsum reads the output of one or more runs of "go test -json" from
// standard input, writes a readable report to standard error, and closes with
// one line on standard output:
//
//	N passed, N failed, N skipped
//
// A test with subtests is not counted beside them, unless it failed by itself.
// A package that fails without a failed test (it does not build, panics outside
// a test, or never ends) counts as one failure. The exit status is 1 when
// anything failed or no test ran at all.
package main

import (
	"fmt"
	"os"
)

func main() {
	sum := newSummary(os.Stderr)
	if err := sum.read(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "testsum:", err)
		sum.failed++
	}
	fmt.Println(sum)
	if !sum.ok() {
		os.Exit(1)
	}
}
