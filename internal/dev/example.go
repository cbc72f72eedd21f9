package dev

import (
	"fmt"
	"net/netip"

	"github.com/latchkey-sso/latchkey/internal/sandbox"
)

// ExampleCall returns a command that asks the demo at that base URL for a link to
// its portal, for a browser at that address. caFile is the demo's local authority, or
// empty.
func ExampleCall(baseURL, caFile string, browser netip.Addr) string {
	return fmt.Sprintf("%s -X POST '%s/services/2/generateSSOLoginToken/%d' \\\n  -u %s:%s \\\n"+
		"  -H 'Content-Type: application/json' -H 'Accept: application/json' \\\n  -d '{\"requestingUserIp\": \"%s\"}'",
		sandbox.CurlCommand(caFile), baseURL, UserID, APIUser, APIPassword, browser.Unmap().WithZone(""))
}
