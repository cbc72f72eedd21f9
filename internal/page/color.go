package page

import (
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// color is an sRGB colour, one byte for each of red, green and blue.
type color [3]uint8

var white, black = color{255, 255, 255}, color{}

// parseColor reads "#rrggbb".
func parseColor(text string) (c color, err error) {
	digits, marked := strings.CutPrefix(text, "#")
	channels, err := hex.DecodeString(digits)
	if !marked || err != nil || copy(c[:], channels) != len(channels) || len(channels) != len(c) {
		return color{}, errors.New(`must be a colour of six hexadecimal digits, as in "#0a7d4f"`)
	}
	return c, nil
}

// String returns "#rrggbb".
func (c color) String() string { return fmt.Sprintf("#%02x%02x%02x", c[0], c[1], c[2]) }

// linear returns the channels as amounts of light, from 0 to 1.
func (c color) linear() (channels [3]float64) {
	for i, v := range c {
		s := float64(v) / 255
		if s <= 0.04045 {
			channels[i] = s / 12.92
		} else {
			channels[i] = math.Pow((s+0.055)/1.055, 2.4)
		}
	}
	return channels
}

// fromLinear returns the colour with these amounts of light, and whether there
// is such a colour.
func fromLinear(channels [3]float64) (c color, exists bool) {
	const tolerance = 0.0005 // of rounding; less than a step of a channel
	exists = true
	for i, v := range channels {
		exists = exists && v >= -tolerance && v <= 1+tolerance
		v = min(max(v, 0), 1)
		if v <= 0.0031308 {
			v *= 12.92
		} else {
			v = 1.055*math.Pow(v, 1/2.4) - 0.055
		}
		c[i] = uint8(math.Round(v * 255))
	}
	return c, exists
}

// contrast returns the contrast of two colours by WCAG 2.2, from 1 to 21.
func contrast(a, b color) float64 {
	la, lb := a.luminance(), b.luminance()
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

func (c color) luminance() float64 {
	l := c.linear()
	return 0.2126*l[0] + 0.7152*l[1] + 0.0722*l[2]
}

// least returns the lowest contrast of the colour with any of the others.
func (c color) least(others []color) float64 {
	lowest := math.Inf(1)
	for _, o := range others {
		lowest = min(lowest, contrast(c, o))
	}
	return lowest
}

// mixed returns the colour with a share, from 0 to 1, of another one in it.
func (c color) mixed(other color, share float64) (m color) {
	for i := range c {
		m[i] = uint8(math.Round(float64(c[i])*(1-share) + float64(other[i])*share))
	}
	return m
}

// oklab is a colour by how people see it: lightness from 0 to 1, then how far it
// is from grey towards red or green, and towards yellow or blue
// (https://bottosson.github.io/posts/oklab/).
type oklab struct{ l, a, b float64 }

func (c color) oklab() oklab {
	v := c.linear()
	l := math.Cbrt(0.4122214708*v[0] + 0.5363325363*v[1] + 0.0514459929*v[2])
	m := math.Cbrt(0.2119034982*v[0] + 0.6806995451*v[1] + 0.1073969566*v[2])
	s := math.Cbrt(0.0883024619*v[0] + 0.2817188376*v[1] + 0.6299787005*v[2])
	return oklab{
		0.2104542553*l + 0.7936177850*m - 0.0040720468*s,
		1.9779984951*l - 2.4285922050*m + 0.4505937099*s,
		0.0259040371*l + 0.7827717662*m - 0.8086757660*s,
	}
}

// color returns the nearest colour that a screen can show, and whether it is
// this one.
func (o oklab) color() (c color, exists bool) {
	l := o.l + 0.3963377774*o.a + 0.2158037573*o.b
	m := o.l - 0.1055613458*o.a - 0.0638541728*o.b
	s := o.l - 0.0894841775*o.a - 1.2914855480*o.b
	l, m, s = l*l*l, m*m*m, s*s*s
	return fromLinear([3]float64{
		4.0767416621*l - 3.3077115913*m + 0.2309699292*s,
		-1.2684380046*l + 2.6097574011*m - 0.3413193965*s,
		-0.0041960863*l - 0.7034186147*m + 1.7076147010*s,
	})
}

// withLightness returns the colour with the same hue and that lightness, and as
// much of its strength as a screen can show.
func (o oklab) withLightness(l float64) color {
	if c, exists := (oklab{l, o.a, o.b}).color(); exists {
		return c
	}
	weak, strong := 0.0, 1.0
	for range 16 {
		half := (weak + strong) / 2
		if _, exists := (oklab{l, o.a * half, o.b * half}).color(); exists {
			weak = half
		} else {
			strong = half
		}
	}
	c, _ := oklab{l, o.a * weak, o.b * weak}.color()
	return c
}

// reaching returns the colour of the same hue, nearest in lightness, whose
// contrast with all the others is that ratio at least: lighter than they are, or
// darker. Black or white must reach it.
func (c color) reaching(ratio float64, others []color, lighter bool) color {
	const steps = 512
	seen, levels := c.oklab(), make([]float64, 0, steps+1)
	for i := range steps + 1 {
		levels = append(levels, float64(i)/steps)
	}
	slices.SortStableFunc(levels, func(a, b float64) int {
		return cmp.Compare(math.Abs(a-seen.l), math.Abs(b-seen.l))
	})
	for _, l := range levels {
		found := seen.withLightness(l)
		if (found.luminance() > others[0].luminance()) == lighter && found.least(others) >= ratio {
			return found
		}
	}
	if lighter {
		return white
	}
	return black
}
