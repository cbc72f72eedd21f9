package sandbox

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// unsent are the headers that curl sets by itself, that belong to one connection, or
// that browsers send and no server asks for.
var unsent = map[string]bool{
	"Accept-Encoding": true, "Connection": true, "Content-Length": true, "Cookie": true, "Dnt": true, "Expect": true, "Host": true, "Keep-Alive": true,
	"Priority": true, "Proxy-Connection": true, "Te": true, "Trailer": true, "Transfer-Encoding": true, "Upgrade": true,
	"Upgrade-Insecure-Requests": true, "User-Agent": true,
}

// sends reports whether the command has that header. Cookies are hidden, and worth
// nothing without their values.
func sends(name string) bool {
	return !unsent[name] && !strings.HasPrefix(name, "Sec-Fetch-") && !strings.HasPrefix(name, "Sec-Ch-")
}

// CurlCommand returns how a command for bash begins that trusts the authority in that
// file; without one, those of the system.
func CurlCommand(caFile string) string {
	if caFile == "" {
		return "curl"
	}
	return "curl --cacert " + shellWord(caFile)
}

// Curl returns a command for bash that makes the same request of the server at that
// base URL, whose certificates are of the authority in caFile, if any. What was hidden in the request is not in the command either. Where the
// body is not known, or not as it was sent, a comment before it says so.
func (c *Call) Curl(base, caFile string) string {
	r := &c.Request
	var b strings.Builder
	body := c.curlBody(&b)
	b.WriteString(CurlCommand(caFile) + " ")
	switch {
	case r.Method == http.MethodHead:
		b.WriteString("--head ")
	case r.Method == http.MethodPost && body != "", r.Method == http.MethodGet && body == "":
	default:
		b.WriteString("-X " + shellWord(r.Method) + " ")
	}
	b.WriteString("--globoff --path-as-is " + shellWord(strings.TrimSuffix(base, "/")+r.URL))
	if u, err := url.Parse(base); err != nil || !strings.EqualFold(u.Host, r.Host) && r.Host != "" {
		b.WriteString(" \\\n  -H " + shellWord("Host: "+r.Host))
	}
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		if !sends(name) || name == "Content-Encoding" && r.Body.Decoded {
			continue
		}
		for _, value := range r.Header[name] {
			line := name + ": " + value
			if value == "" {
				line = name + ";" // curl's word for a header without a value
			}
			b.WriteString(" \\\n  -H " + shellWord(line))
		}
	}
	if body != "" {
		if len(r.Header["Content-Type"]) == 0 {
			b.WriteString(" \\\n  -H 'Content-Type:'") // or curl says that it is a form
		}
		b.WriteString(" \\\n  " + body)
	}
	return b.String()
}

// curlBody returns the option that sends the body, and writes what there is to say
// of it.
func (c *Call) curlBody(b *strings.Builder) string {
	body := &c.Request.Body
	switch {
	case body.Size == 0:
		return ""
	case body.Binary:
		fmt.Fprintf(b, "# the body had %d bytes that are no text; they have to be in the file body\n", body.Size)
		return "--data-binary @body"
	case body.Cut:
		fmt.Fprintf(b, "# the body had %d bytes, of which this is the beginning\n", body.Size)
	}
	if body.Decoded {
		b.WriteString("# the body was compressed, or in another encoding than here\n")
	}
	return "--data-raw " + shellWord(body.Text) // the same as --data-binary, but that an @ means nothing
}

// shellWord quotes a text for bash so that it is one word with the same bytes.
func shellWord(text string) string {
	if !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' && r != '\n' || r == 0x7f }) {
		return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
	}
	var b strings.Builder
	b.WriteString("$'")
	for i := range len(text) {
		switch c := text[i]; {
		case c == '\\' || c == '\'':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\r':
			b.WriteString(`\r`)
		case c == '\t':
			b.WriteString(`\t`)
		case c < ' ' || c == 0x7f:
			fmt.Fprintf(&b, `\x%02x`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('\'')
	return b.String()
}
