package sandbox

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/latchkey-sso/latchkey/internal/inbound"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// place finds out what the request is to the sandbox.
func (x *exchange) place(r *http.Request) {
	c := x.call
	c.Kind = KindPage
	if x.core == nil {
		return
	}
	path := r.URL.EscapedPath()
	for i := range x.core.Dialects {
		if d := &x.core.Dialects[i]; d.serves(path) {
			c.Kind, c.Dialect = KindCall, d.Name
			c.Operation = operation(c, r.URL, "")
			return
		}
	}
	if below(path, "/lob") {
		c.Kind, x.token = KindLink, r.URL.Query().Get("TokenRefNo")
		return
	}
	if x.core.SignOn != nil {
		x.follow(x.core.SignOn.Registry(), r)
	}
}

// follow finds out whether the request follows a link to a destination.
func (x *exchange) follow(registry *signon.Registry, r *http.Request) {
	if r.URL.RawQuery == "" {
		return
	}
	query := r.URL.Query()
	for _, kind := range []signon.DestinationKind{signon.KindCart, signon.KindAccount, signon.KindPortal, signon.KindEntrance} {
		_, dest, ok := registry.At(r.Host, kind)
		if ok && query.Has(dest.TokenParam) && leadsTo(dest, r.URL.Path) {
			x.call.Kind, x.token = KindLink, query.Get(dest.TokenParam)
			return
		}
	}
}

// leadsTo reports whether links to the destination may have that path.
func leadsTo(d *signon.Destination, path string) bool {
	return slices.ContainsFunc(d.Paths, func(p string) bool {
		start, wild := strings.CutSuffix(p, "*")
		return path == p || wild && strings.HasPrefix(path, start)
	})
}

// serves reports whether the dialect has that path.
func (d *Dialect) serves(path string) bool {
	return slices.ContainsFunc(d.Paths, func(base string) bool { return below(path, base) })
}

// below reports whether the path is the base or below it, segment by segment. Empty
// segments make no difference, and a star stands for any.
func below(path, base string) bool {
	segments := segmentsOf(path)
	for want := range strings.SplitSeq(strings.Trim(base, "/"), "/") {
		if len(segments) == 0 || want != "*" && want != segments[0] {
			return false
		}
		segments = segments[1:]
	}
	return true
}

func segmentsOf(path string) []string {
	segments := make([]string, 0, inbound.MaxSegments)
	for segment := range strings.SplitSeq(path, "/") {
		if segment != "" && len(segments) < inbound.MaxSegments {
			segments = append(segments, segment)
		}
	}
	return segments
}

// operation returns what is called, in the dialect's own words, as far as the
// request tells; empty where nothing but the path does.
func operation(c *Call, u *url.URL, body string) string {
	segments := segmentsOf(u.Path)
	switch c.Dialect {
	case "2checkout-soap":
		if c.Request.Method == http.MethodPost {
			return soapMethod(body)
		}
		if strings.Contains(strings.ToLower(u.RawQuery), "wsdl") {
			return "wsdl"
		}
	case "2checkout-jsonrpc":
		return rpcMethods(body)
	case "bluesnap":
		return endpoint(segments, 2)
	case "generatessotoken":
		switch {
		case len(segments) == 0:
		case segments[0] == "v2":
			return endpoint(segments, 1)
		default: // token, jwks.json, openid-configuration
			return shortWord(segments[len(segments)-1])
		}
	}
	return ""
}

// endpoint returns the words of a path after so many segments: a segment with
// digits is somebody's name.
func endpoint(segments []string, after int) string {
	if len(segments) <= after {
		return ""
	}
	words := segments[after:]
	if i := slices.IndexFunc(words, func(w string) bool { return strings.ContainsAny(w, "0123456789%@") }); i >= 0 {
		words = words[:i]
	}
	return shortWord(strings.Join(words[:min(2, len(words))], "/"))
}

// shortWord bounds what strangers call an operation.
func shortWord(word string) string {
	const most = 64
	word = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, word)
	if len(word) > most {
		return strings.ToValidUTF8(word[:most], "") + "…"
	}
	return word
}

// soapMethod returns the name of the first element in the body of an envelope.
func soapMethod(text string) string {
	inBody := false
	for at := next(text, 0); at >= 0; {
		if skipped, ok := strings.CutPrefix(text[at:], "<!--"); ok {
			end := strings.Index(skipped, "-->")
			if end < 0 {
				return ""
			}
			at = next(text, at+4+end)
			continue
		}
		t, _ := startTag(text, at)
		local := t.local()
		switch {
		case inBody && !t.broken && isWord(local):
			return shortWord(local)
		case local == "Body":
			inBody = true
		}
		at = next(text, at+1)
	}
	return ""
}

func isWord(name string) bool {
	return name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") == ""
}

// rpcMethods returns the method of a JSON-RPC call, or those of a batch's first
// ones.
func rpcMethods(text string) string {
	const most = 3
	var methods []string
	for at := 0; ; {
		i := strings.Index(text[at:], `"method"`)
		if i < 0 {
			return strings.Join(methods, ", ")
		}
		at += i + len(`"method"`)
		colon := at + len(text[at:]) - len(strings.TrimLeft(text[at:], " \t\r\n"))
		if colon == len(text) || text[colon] != ':' {
			continue
		}
		start, end, ok := valueAfter(text, colon)
		if !ok || !isWord(text[start:end]) {
			continue
		}
		if len(methods) == most {
			return strings.Join(methods, ", ") + ", …"
		}
		methods = append(methods, shortWord(text[start:end]))
	}
}
