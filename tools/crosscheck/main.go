// Command crosscheck reports what keeps the packages that it is given from
// compiling for other systems, in the module of the working directory:
//
//	crosscheck GOOS/GOARCH[,GOOS/GOARCH...] PACKAGES
//
// It parses and type-checks them with all that they import, standard library
// included, and generates no code: that finds what differs between systems, for
// a tenth of a compiler's time. The exit status is 1 when anything was found.
package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/tools/go/packages"
)

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: crosscheck GOOS/GOARCH[,GOOS/GOARCH...] PACKAGES")
		os.Exit(2)
	}
	ok := true
	for target := range strings.SplitSeq(os.Args[1], ",") {
		found, err := check(os.Stdout, ".", target, os.Args[2:]...)
		if err != nil {
			fmt.Fprintln(os.Stderr, "crosscheck:", err)
		}
		ok = ok && found == 0 && err == nil
	}
	if !ok {
		os.Exit(1)
	}
}

// everything is what type-checking from source takes, of a package and of all that
// it imports.
const everything = packages.NeedName | packages.NeedCompiledGoFiles | packages.NeedImports | packages.NeedDeps |
	packages.NeedTypes | packages.NeedTypesSizes | packages.NeedSyntax

// check writes a line for each error in the packages and in what they import, as
// they are for the target, and returns how many there are.
func check(w io.Writer, dir, target string, patterns ...string) (found int, err error) {
	system, processor, _ := strings.Cut(target, "/")
	loaded, err := packages.Load(&packages.Config{
		Mode: everything,
		Dir:  dir,
		Env:  append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system, "GOARCH="+processor),
	}, patterns...)
	if err != nil {
		return 0, fmt.Errorf("load for %s: %w", target, err)
	}
	seen := 0
	packages.Visit(loaded, nil, func(p *packages.Package) {
		seen++
		for _, e := range p.Errors {
			found++
			fmt.Fprintf(w, "%s: %v\n", target, e)
		}
	})
	fmt.Fprintf(w, "   %s: %d packages\n", target, seen)
	return found, nil
}
