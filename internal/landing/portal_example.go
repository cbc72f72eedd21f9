package landing

import (
	"net/netip"
	"strings"
)

// example returns a command that asks for a link for the user who looks at the
// page, at the address that the page is looked at from. The password is asked for
// by curl itself.
func (w *worker) example(client string) string {
	return strings.Join([]string{
		"curl -X POST " + shellWord(w.origin.String()+userBaseURL+"/generateSSOLoginToken/"+string(w.user.Ref())),
		"-u " + shellWord(client),
		"-H 'Content-Type: application/json' -H 'Accept: application/json'",
		"-d " + shellWord(`{"requestingUserIp":"`+w.info.Addr.Unmap().WithZone("").String()+`"}`),
	}, " \\\n  ")
}

// shellWord returns the text as one word of a shell.
func shellWord(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// networkText returns a network as people write it: a single address without its
// length.
func networkText(n netip.Prefix) string {
	if n.IsSingleIP() {
		return n.Addr().String()
	}
	return n.String()
}
