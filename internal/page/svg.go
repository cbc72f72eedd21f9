package page

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

const svgSpace = "http://www.w3.org/2000/svg"

// inertSpaces are what drawing programs note for themselves. Browsers know
// nothing of them.
var inertSpaces = words(`
	http://www.inkscape.org/namespaces/inkscape http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd
	http://www.w3.org/1999/02/22-rdf-syntax-ns# http://creativecommons.org/ns# http://web.resource.org/cc/
	http://purl.org/dc/elements/1.1/`)

// shapes are the elements of SVG that draw, and run and fetch nothing.
var shapes = words(`
	svg g defs symbol use title desc metadata style
	path rect circle ellipse line polyline polygon text tspan textPath
	clipPath mask pattern marker linearGradient radialGradient stop
	filter feBlend feColorMatrix feComponentTransfer feComposite feConvolveMatrix feDiffuseLighting feDisplacementMap
	feDistantLight feDropShadow feFlood feFuncA feFuncB feFuncG feFuncR feGaussianBlur feMerge feMergeNode feMorphology
	feOffset fePointLight feSpecularLighting feSpotLight feTile feTurbulence`)

func words(list string) map[string]bool {
	set := map[string]bool{}
	for _, word := range strings.Fields(list) {
		set[word] = true
	}
	return set
}

var byteOrderMark = []byte("\xef\xbb\xbf")

// svgSize checks that an SVG holds shapes only, and returns its size.
func svgSize(body []byte) (width, height float64, err error) {
	if !utf8.Valid(body) {
		return 0, 0, errors.New("must be an SVG in UTF-8")
	}
	body = bytes.TrimPrefix(body, byteOrderMark)
	c := svgCheck{in: xml.NewDecoder(bytes.NewReader(body))}
	for {
		token, err := c.in.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return 0, 0, fmt.Errorf("is no SVG that can be read: %w", err)
		}
		if fault := c.token(token); fault != "" {
			line, _ := c.in.InputPos()
			return 0, 0, fmt.Errorf("%s (line %d)", fault, line)
		}
	}
	if !c.rooted {
		return 0, 0, errors.New("is no SVG: there is no element in it")
	}
	return c.width, c.height, nil
}

// svgCheck walks the tokens of an SVG.
type svgCheck struct {
	in            *xml.Decoder
	depth         int
	rooted        bool // the outermost element has begun
	style         *strings.Builder
	width, height float64
}

// maxDepth bounds how deep elements lie in each other.
const maxDepth = 64

// token returns what is wrong with the next token, or "".
func (c *svgCheck) token(token xml.Token) string {
	switch t := token.(type) {
	case xml.StartElement:
		return c.start(&t)
	case xml.EndElement:
		c.depth--
		return c.end()
	case xml.CharData:
		if c.style != nil {
			c.style.Write(t)
		}
	case xml.Directive:
		return "must have no DOCTYPE"
	case xml.ProcInst:
		if t.Target != "xml" {
			return "must have no processing instruction: <?" + t.Target + "?>"
		}
	}
	return ""
}

func (c *svgCheck) start(e *xml.StartElement) string {
	if c.depth++; c.depth > maxDepth {
		return fmt.Sprintf("must be at most %d elements deep", maxDepth)
	}
	switch outermost := c.depth == 1; {
	case outermost && c.rooted:
		return "must have one outermost element"
	case outermost && e.Name != xml.Name{Space: svgSpace, Local: "svg"}:
		return `must have <svg xmlns="` + svgSpace + `"> as its outermost element`
	case c.style != nil:
		return "must have nothing but text in <style>"
	case !inertSpaces[e.Name.Space] && (e.Name.Space != svgSpace || !shapes[e.Name.Local]):
		return "must hold shapes only, and no <" + e.Name.Local + ">; a drawing program can save it as plain SVG"
	}
	for _, a := range e.Attr {
		if fault := attributeFault(a); fault != "" {
			return fault
		}
	}
	if e.Name.Local == "style" {
		c.style = &strings.Builder{}
	}
	if c.rooted {
		return ""
	}
	c.rooted = true
	return c.size(e)
}

func (c *svgCheck) end() string {
	if c.style == nil {
		return ""
	}
	css := c.style.String()
	c.style = nil
	if fault := cssFault(css); fault != "" {
		return "must not have " + fault + " in <style>"
	}
	return ""
}

// size reads the viewBox: without one browsers can't scale the picture.
func (c *svgCheck) size(e *xml.StartElement) string {
	i := slices.IndexFunc(e.Attr, func(a xml.Attr) bool { return a.Name == xml.Name{Local: "viewBox"} })
	if i < 0 {
		return `must have a viewBox, as in viewBox="0 0 120 32", or it can't be scaled`
	}
	numbers := strings.FieldsFunc(e.Attr[i].Value, func(r rune) bool { return strings.ContainsRune(" ,\t\r\n", r) })
	if len(numbers) == 4 {
		c.width, c.height = length(numbers[2]), length(numbers[3])
	}
	if c.width == 0 || c.height == 0 {
		return "must have a viewBox of four numbers, the last two of them above zero"
	}
	return ""
}

// length reads a length of a viewBox; 0 for none.
func length(text string) float64 {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(n) || n < 0.01 || n > 1e6 {
		return 0
	}
	return n
}

// attributeFault returns what is wrong with an attribute, or "". Its namespace
// makes no difference: one that is harmless to browsers is named unlike these.
func attributeFault(a xml.Attr) string {
	name := strings.ToLower(a.Name.Local)
	switch {
	case a.Name.Space == "xmlns" || a.Name.Local == "xmlns":
		return ""
	case strings.HasPrefix(name, "on"):
		return "must have no event handlers: " + a.Name.Local
	case name == "href" && !strings.HasPrefix(a.Value, "#"):
		return `must refer to nothing outside itself: href must begin with "#"`
	case name == "src" || name == "base":
		return "must refer to nothing outside itself: " + a.Name.Local
	case a.Name.Space != "":
		return ""
	}
	if fault := cssFault(a.Value); fault != "" {
		return "must not have " + fault + " in the attribute " + a.Name.Local
	}
	return ""
}

var (
	// cssFetch are the functions of CSS that fetch something, unless it is a part
	// of the same picture.
	cssFetch = regexp.MustCompile(`(?i)(url|src|image|image-set|cross-fade|element|expression)\(\s*(["']?)(.?)`)
	cssRule  = regexp.MustCompile(`(?i)@(-?[a-z-]*)`)
)

// cssFault names what a style must not have, or returns "". Escapes could spell
// any of it differently.
func cssFault(css string) string {
	if strings.Contains(css, `\`) {
		return "an escape (\\)"
	}
	for _, m := range cssRule.FindAllStringSubmatch(css, -1) {
		if !strings.EqualFold(m[1], "media") {
			return "the rule @" + m[1]
		}
	}
	for _, m := range cssFetch.FindAllStringSubmatch(css, -1) {
		if !strings.EqualFold(m[1], "url") || m[3] != "#" {
			return m[1] + "() of anything but #id"
		}
	}
	return ""
}
