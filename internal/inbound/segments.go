package inbound

import (
	"net/url"
	"strings"
)

// MaxSegments is more than any path of an API has.
const MaxSegments = 8

// Segments appends the segments of an escaped path to buf, unescaped. Empty ones are
// left out, so doubled slashes and one at the end make no difference. A path of more
// than MaxSegments, and one that can't be unescaped, is not ok.
func Segments(escaped string, buf []string) (segments []string, ok bool) {
	segments = buf
	for segment := range strings.SplitSeq(escaped, "/") {
		if segment == "" {
			continue
		}
		plain, err := url.PathUnescape(segment)
		if err != nil || len(segments)-len(buf) == MaxSegments {
			return nil, false
		}
		segments = append(segments, plain)
	}
	return segments[len(buf):], true
}
