package xmltoken

import (
	"bytes"
	"errors"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

var (
	errXMLDeclaration = errors.New("the XML declaration is not one of XML 1.0")
	errCharset        = errors.New("the encoding is not one of UTF-8, US-ASCII, ISO-8859-1 and windows-1252")
	errMark           = errors.New("the byte order mark contradicts the declared encoding")
	errEncoding       = errors.New("the text is not in its encoding")
)

const byteOrderMark = "\ufeff"

// toUTF8 returns what stands behind a byte order mark and the XML declaration,
// in UTF-8 and without characters that XML does not allow anywhere. A charset
// given from outside counts where the document names none.
func toUTF8(body []byte, charset string) (string, error) {
	body, marked := bytes.CutPrefix(body, []byte(byteOrderMark))
	body, declared, err := cutDeclaration(body)
	if err != nil {
		return "", err
	}
	switch {
	case declared != "":
		charset = declared
	case marked || charset == "":
		charset = "utf-8"
	}
	charset = strings.ToLower(charset)
	if marked && charset != "utf-8" && charset != "utf8" {
		return "", errMark
	}
	if body, err = convert(body, charset); err != nil {
		return "", err
	}
	text := string(body)
	return text, CheckCharacters(text)
}

// cutDeclaration returns what stands behind the XML declaration, if there is
// one, and the encoding that it names, if any.
func cutDeclaration(body []byte) (rest []byte, charset string, err error) {
	rest, found := bytes.CutPrefix(body, []byte("<?xml"))
	if !found {
		return body, "", nil
	}
	declaration, rest, found := bytes.Cut(rest, []byte("?>"))
	if !found || bytes.IndexByte(declaration, '&') >= 0 {
		return nil, "", errXMLDeclaration
	}
	says, err := pseudoAttributes(string(declaration))
	if err != nil || len(says) == 0 || says[0] != (Attribute{Name{Local: "version"}, "1.0"}) {
		return nil, "", errXMLDeclaration
	}
	if says = says[1:]; len(says) > 0 && says[0].Name.Local == "encoding" {
		if charset, says = says[0].Value, says[1:]; charset == "" {
			return nil, "", errCharset
		}
	}
	if len(says) > 0 && says[0].Name.Local == "standalone" && (says[0].Value == "yes" || says[0].Value == "no") {
		says = says[1:]
	}
	if len(says) > 0 {
		return nil, "", errXMLDeclaration
	}
	return rest, charset, nil
}

// pseudoAttributes reads what an XML declaration says, in which it is like a
// start tag: at most three things.
func pseudoAttributes(declaration string) ([]Attribute, error) {
	r := Reader{text: declaration}
	for r.blanks() && r.at < len(r.text) && len(r.found) < 3 {
		if err := r.attribute(); err != nil {
			return nil, err
		}
	}
	if r.at < len(r.text) {
		return nil, errXMLDeclaration
	}
	return r.found, nil
}

// convert returns the text in UTF-8. Nothing is replaced.
func convert(body []byte, charset string) ([]byte, error) {
	switch charset {
	case "utf-8", "utf8":
		if !utf8.Valid(body) {
			return nil, errEncoding
		}
		return body, nil
	case "us-ascii", "ascii", "ansi_x3.4-1968", "iso646-us":
		if bytes.ContainsFunc(body, func(r rune) bool { return r >= utf8.RuneSelf }) {
			return nil, errEncoding
		}
		return body, nil
	case "iso-8859-1", "iso8859-1", "iso_8859-1", "latin1", "latin-1", "l1":
		return widen(body, charmap.ISO8859_1), nil
	case "windows-1252", "cp1252", "cp-1252":
		text := widen(body, charmap.Windows1252)
		if bytes.ContainsRune(text, utf8.RuneError) { // five bytes are no characters
			return nil, errEncoding
		}
		return text, nil
	}
	return nil, errCharset
}

// widen returns a text with one byte for each character in UTF-8.
func widen(body []byte, from *charmap.Charmap) []byte {
	size := len(body)
	for _, b := range body {
		if b >= utf8.RuneSelf {
			size += 2 // at most
		}
	}
	text := make([]byte, 0, size)
	for _, b := range body {
		text = utf8.AppendRune(text, from.DecodeByte(b))
	}
	return text
}
