package soap

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"github.com/latchkey-sso/latchkey/internal/xmltoken"
)

// said returns the text of a node. Where the node's type is base64, as Perl's
// SOAP::Lite writes every text that is not ASCII, that is what it stands for: in
// UTF-8, or else in ISO-8859-1, the two that Perl's texts are in. What is not
// base64, or stands for what XML can't hold, comes as it is written.
func (n *Node) said() string {
	if n.Type != "base64Binary" && n.Type != "base64" {
		return n.Text
	}
	decoded, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(n.Text), ""))
	if err == nil && !utf8.Valid(decoded) {
		decoded, err = charmap.ISO8859_1.NewDecoder().Bytes(decoded)
	}
	if text := string(decoded); err == nil && xmltoken.CheckCharacters(text) == nil {
		return text
	}
	return n.Text
}
