package sandbox

import (
	"bytes"
	"compress/gzip"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// decodeBody returns the beginning of a body as text, as far as it is one. It has a
// little more than is kept, unless that is all.
func decodeBody(raw []byte, size int64, header http.Header) Body {
	b := Body{Size: size, Cut: size > int64(len(raw))}
	if strings.EqualFold(header.Get("Content-Encoding"), "gzip") {
		raw, b.Decoded = inflate(raw), true
		if len(raw) == captureLen+captureTip {
			b.Cut = true
		}
	}
	if b.Cut {
		raw = wholeRunes(raw)
	}
	switch {
	case bytes.IndexByte(raw, 0) >= 0:
		b.Binary = true
	case utf8.Valid(raw):
		b.Text = string(raw)
	case isText(header.Get("Content-Type")):
		widened, err := charmap.Windows1252.NewDecoder().Bytes(raw)
		if err != nil {
			b.Binary = true
			break
		}
		b.Text, b.Decoded = string(widened), true
	default:
		b.Binary = true
	}
	if b.Binary {
		b.Decoded = false
	}
	return b
}

// inflate returns as much of what was compressed as there is to read.
func inflate(raw []byte) []byte {
	r, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		return raw
	}
	var plain bytes.Buffer
	_, _ = io.Copy(&plain, io.LimitReader(r, captureLen+captureTip)) // what is cut off ends early
	return plain.Bytes()
}

// wholeRunes returns the text without a part of a character at its end.
func wholeRunes(raw []byte) []byte {
	for i := 1; i <= utf8.UTFMax && i <= len(raw); i++ {
		if last := raw[len(raw)-i:]; utf8.RuneStart(last[0]) {
			if !utf8.FullRune(last) {
				return raw[:len(raw)-i]
			}
			break
		}
	}
	return raw
}

// isText reports whether a body of that type is text in some encoding.
func isText(contentType string) bool {
	media, _, _ := mime.ParseMediaType(contentType)
	return strings.HasPrefix(media, "text/") || strings.HasSuffix(media, "xml") || strings.HasSuffix(media, "json") || strings.HasSuffix(media, "form-urlencoded")
}

// cut drops the tip of what lacks its end. It is done when secrets are hidden
// already: the tip told where they end.
func (b *Body) cut() {
	if b.Cut {
		b.Text = string(wholeRunes([]byte(b.Text[:max(0, len(b.Text)-captureTip)])))
	}
}
