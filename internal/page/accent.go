package page

import (
	"fmt"
	"math"
	"strings"
)

// How much texts, and so links, must stand out by WCAG 2.2 AA. What else is drawn
// in an accent (focus rings, marks) would do with 3.
const readable = 4.5

// scheme is one of the two colour schemes of page.css, as far as an accent has
// to fit in. A test compares them.
type scheme struct {
	name    string
	panel   color
	grounds []color // what links and focus rings stand on, panels included
	soft    color   // the palest text
	wash    float64 // how much of an accent tints a ground, at most
	// derived is the contrast of an accent that was made from the other scheme's.
	derived float64
}

var (
	lightScheme = scheme{
		name: "light", panel: color{0xff, 0xff, 0xff}, grounds: []color{{0xf6, 0xf6, 0xf3}, {0xff, 0xff, 0xff}, {0xfa, 0xfa, 0xf8}},
		soft: color{0x56, 0x5b, 0x62}, wash: 0.08, derived: 5.5,
	}
	darkScheme = scheme{
		name: "dark", panel: color{0x19, 0x1b, 0x1e}, grounds: []color{{0x11, 0x12, 0x14}, {0x19, 0x1b, 0x1e}, {0x15, 0x17, 0x1a}},
		soft: color{0xa2, 0xa7, 0xae}, wash: 0.14, derived: 7,
	}
)

// dark reports whether the scheme's accents are lighter than its grounds.
func (s *scheme) dark() bool { return s == &darkScheme }

// CheckAccent returns what is wrong with an accent colour, "#rrggbb", for light
// or for dark pages, or nil. The error completes a sentence that begins with the
// colour's setting.
func CheckAccent(text string, dark bool) error {
	s := &lightScheme
	if dark {
		s = &darkScheme
	}
	c, err := parseColor(text)
	if err != nil {
		return err
	}
	if got := c.least(s.grounds); got < readable {
		return fmt.Errorf("has a contrast of %.2f:1 with %s pages, and links need %.1f:1; %s would do",
			math.Floor(got*100)/100, s.name, readable, c.reaching(readable, s.grounds, s.dark()))
	}
	return nil
}

// accents returns the accents for light and dark pages: those given, and what
// follows from one for the other; none when none is given.
func accents(light, dark string) (forLight, forDark color, given bool, err error) {
	if light == "" && dark == "" {
		return color{}, color{}, false, nil
	}
	for _, a := range []struct {
		text string
		dark bool
		c    *color
	}{{light, false, &forLight}, {dark, true, &forDark}} {
		if a.text == "" {
			continue
		}
		if err := CheckAccent(a.text, a.dark); err != nil {
			return color{}, color{}, false, fmt.Errorf("accent %s %w", a.text, err)
		}
		*a.c, _ = parseColor(a.text)
	}
	switch {
	case light == "":
		forLight = forDark.reaching(lightScheme.derived, lightScheme.grounds, false)
	case dark == "":
		forDark = forLight.reaching(darkScheme.derived, darkScheme.grounds, true)
	}
	return forLight, forDark, true, nil
}

// roles returns the colours of page.css that follow from an accent, by the names
// of their custom properties.
func (s *scheme) roles(accent color) [][2]string {
	ink, away := white, black
	if contrast(accent, black) > contrast(accent, white) {
		ink, away = black, white
	}
	return [][2]string{
		{"--accent", accent.String()},
		{"--accent-wash", s.washOf(accent).String()},
		{"--button", accent.String()},
		{"--button-hover", accent.mixed(away, 0.16).String()}, // away from the ink, so that it reads better still
		{"--button-ink", ink.String()},
	}
}

// washOf returns a ground tinted with the accent, as much as leaves it readable.
func (s *scheme) washOf(accent color) color {
	for share := s.wash; share > 0; share -= 0.01 {
		wash := s.panel.mixed(accent, share)
		if wash.least([]color{accent, s.soft}) >= readable {
			return wash
		}
	}
	return s.panel
}

// styleSheet returns the style sheet that puts accents into page.css: custom
// properties and nothing else.
func styleSheet(forLight, forDark color) []byte {
	var b strings.Builder
	write := func(s *scheme, accent color) {
		b.WriteString(":root {")
		for _, role := range s.roles(accent) {
			fmt.Fprintf(&b, " %s: %s;", role[0], role[1])
		}
		b.WriteString(" }\n")
	}
	write(&lightScheme, forLight)
	b.WriteString("@media (prefers-color-scheme: dark) {\n")
	write(&darkScheme, forDark)
	b.WriteString("}\n")
	return []byte(b.String())
}
