// Command latchkey signs people in by link.
package main

import (
	"os"

	"github.com/latchkey-sso/latchkey/internal/cli"
)

func main() { os.Exit(cli.Main()) }
