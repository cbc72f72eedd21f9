package dev

import (
	"fmt"
	"net/netip"
)

// ExampleCall returns a command that asks the demo at that base URL for a link to
// its portal, for a browser at that address.
func ExampleCall(baseURL string, browser netip.Addr) string {
	return fmt.Sprintf("curl -X POST '%s/services/2/generateSSOLoginToken/%d' -u %s:%s \\\n"+
		"  -H 'Content-Type: application/json' -H 'Accept: application/json' \\\n  -d '{\"requestingUserIp\": \"%s\"}'",
		baseURL, UserID, APIUser, APIPassword, browser.Unmap().WithZone(""))
}
