package lob

import (
	"mime"
	"strings"
)

// checkHeaders refuses a call without the headers that it must have. They are
// looked at when it is known who calls.
func (c *call) checkHeaders() error {
	var missing []string
	for _, name := range []string{wClient, wContentType, wVersion} {
		if strings.Join(c.request.Header.Values(name), "") == "" {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return unreadable("Missing required request parameters: [" + strings.Join(missing, ", ") + "]")
	}
	if values := c.request.Header[hVersion]; len(values) > 1 || values[0] != version {
		return unreadable("Invalid request parameters: [" + wVersion + "]")
	}
	return nil
}

// checkMedia refuses a body that is no JSON in UTF-8, or compressed.
func (c *call) checkMedia() error {
	h := c.request.Header
	name, params, err := mime.ParseMediaType(h.Get(wContentType))
	charset, given := params["charset"]
	if err != nil || len(h[wContentType]) > 1 || name != asJSON[0] || given && !strings.EqualFold(charset, "utf-8") || compressed(h.Get("Content-Encoding")) {
		return unsupported()
	}
	return nil
}

func compressed(coding string) bool { return coding != "" && !strings.EqualFold(coding, "identity") }
