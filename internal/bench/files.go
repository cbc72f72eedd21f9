package bench

import "fmt"

// spareFiles is how many files a process has open beside its idle connections,
// at most.
const spareFiles = 200

// enoughFiles returns an error when so many connections can't be open at once,
// which would otherwise show as a strange fault on either side.
func enoughFiles(connections int) error {
	allowed, err := openFiles()
	if err != nil {
		return err
	}
	if needed := uint64(connections) + spareFiles; allowed < needed { //nolint:gosec // not negative
		return fmt.Errorf("%d idle connections need %d open files, here and in the server, and %d are allowed: raise the limit (ulimit -Hn)", connections, needed, allowed)
	}
	return nil
}
