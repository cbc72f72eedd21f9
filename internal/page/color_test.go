package page

import (
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func mustColor(t *testing.T, text string) color {
	t.Helper()
	c, err := parseColor(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return c
}

func TestColorsAreSixDigitsAfterAHash(t *testing.T) {
	for text, want := range map[string]string{"#0a7d4f": "#0a7d4f", "#FFFFFF": "#ffffff"} {
		if got, err := parseColor(text); err != nil || got.String() != want {
			t.Errorf("%s: got %s, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "#", "0a7d4f", "#0a7d4", "#0a7d4f0", "#0a7d4f00", "#0a7", "red", "# a b c", "#+a-b+c", "#0a7d4f;", "rgb(1,2,3)"} {
		if got, err := parseColor(text); err == nil {
			t.Errorf("%q: got %s, want an error", text, got)
		}
	}
}

// The figures are those of WCAG's own formula, as published checkers show them.
func TestContrastIsThatOfWCAG(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want float64
	}{
		{"#000000", "#ffffff", 21},
		{"#ffffff", "#ffffff", 1},
		{"#777777", "#ffffff", 4.48},
		{"#767676", "#ffffff", 4.54},
		{"#ff0000", "#ffffff", 4.00},
		{"#0000ff", "#ffffff", 8.59},
		{"#ffff00", "#ffffff", 1.07},
	} {
		got := contrast(mustColor(t, c.b), mustColor(t, c.a))
		if math.Abs(got-c.want) > 0.006 {
			t.Errorf("%s on %s: got %.3f, want %.2f", c.a, c.b, got, c.want)
		}
	}
}

func TestOklabAndBackIsTheSameColor(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		c := color{uint8(random.UintN(256)), uint8(random.UintN(256)), uint8(random.UintN(256))}
		if got, exists := c.oklab().color(); got != c || !exists {
			t.Fatalf("%s: got %s, %v", c, got, exists)
		}
	}
}

// accentColors are all kinds of colours.
func accentColors() []color {
	all := []color{{}, {255, 255, 255}, {128, 128, 128}, {255, 204, 0}, {0, 255, 255}, {255, 0, 255}, {0, 0, 255}}
	random := rand.New(rand.NewPCG(3, 4))
	for range 150 {
		all = append(all, color{uint8(random.UintN(256)), uint8(random.UintN(256)), uint8(random.UintN(256))})
	}
	return all
}

func TestAnyColorHasAnAccentLikeItInBothSchemes(t *testing.T) {
	for _, c := range accentColors() {
		for _, s := range []*scheme{&lightScheme, &darkScheme} {
			for _, ratio := range []float64{readable, s.derived} {
				got := c.reaching(ratio, s.grounds, s.dark())
				if least := got.least(s.grounds); least < ratio {
					t.Errorf("%s for %s pages: %s has a contrast of %.2f, want %.1f", c, s.name, got, least, ratio)
				}
				if got != black && got != white && hueDistance(c, got) > 25 {
					t.Errorf("%s for %s pages: %s has another hue", c, s.name, got)
				}
			}
		}
	}
}

// hueDistance returns how far apart two hues are, in degrees; 0 for greys.
func hueDistance(a, b color) float64 {
	x, y := a.oklab(), b.oklab()
	if math.Hypot(x.a, x.b) < 0.03 || math.Hypot(y.a, y.b) < 0.03 {
		return 0
	}
	d := math.Abs(math.Atan2(x.b, x.a)-math.Atan2(y.b, y.a)) * 180 / math.Pi
	return min(d, 360-d)
}

func TestAnAccentThatCannotBeReadIsRefusedWithItsFigure(t *testing.T) {
	for _, c := range []struct {
		accent string
		dark   bool
		want   string
	}{
		{"#0a7d4f", false, ""},
		{"#4cc38a", true, ""},
		{"#ffcc00", false, "has a contrast of 1.39:1 with light pages, and links need 4.5:1; #"},
		{"#0a7d4f", true, "has a contrast of 3.33:1 with dark pages, and links need 4.5:1; #"},
		{"#777777", false, "has a contrast of 4.13:1 with light pages"},
		{"green", false, "must be a colour of six hexadecimal digits"},
		{"", true, "must be a colour of six hexadecimal digits"},
	} {
		err := CheckAccent(c.accent, c.dark)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s, dark %v: got %v, want %q", c.accent, c.dark, err, c.want)
		}
	}
}

func TestTheColorThatARefusalOffersWouldDo(t *testing.T) {
	offer := regexp.MustCompile(`#[0-9a-f]{6}`)
	refused := 0
	for _, c := range accentColors() {
		for _, dark := range []bool{false, true} {
			err := CheckAccent(c.String(), dark)
			if err == nil {
				continue
			}
			refused++
			if offered := offer.FindString(err.Error()); CheckAccent(offered, dark) != nil {
				t.Errorf("%s: %v, which is refused as well", c, err)
			}
		}
	}
	if refused < 100 {
		t.Errorf("%d refusals: the test tries nothing", refused)
	}
}

// Whatever accent is accepted, all that is drawn in it can be read.
func TestEverythingInAnAccentCanBeRead(t *testing.T) {
	for _, c := range accentColors() {
		for _, s := range []*scheme{&lightScheme, &darkScheme} {
			if CheckAccent(c.String(), s.dark()) != nil {
				c = c.reaching(readable, s.grounds, s.dark()) // just readable
			}
			roles := map[string]color{}
			for _, role := range s.roles(c) {
				roles[role[0]] = mustColor(t, role[1])
			}
			for _, pair := range [][2]string{{"--button-ink", "--button"}, {"--button-ink", "--button-hover"}, {"--accent", "--accent-wash"}} {
				if got := contrast(roles[pair[0]], roles[pair[1]]); got < readable {
					t.Errorf("%s, %s pages: %s on %s has a contrast of %.2f", c, s.name, pair[0], pair[1], got)
				}
			}
			if got := contrast(s.soft, roles["--accent-wash"]); got < readable {
				t.Errorf("%s, %s pages: pale text on the wash has a contrast of %.2f", c, s.name, got)
			}
		}
	}
}

func TestOneAccentMakesTheOther(t *testing.T) {
	for _, c := range []struct{ light, dark string }{{"#0a7d4f", ""}, {"", "#4cc38a"}, {"#000000", ""}, {"", "#ffffff"}, {"#0a7d4f", "#ffcc00"}} {
		light, dark, given, err := accents(c.light, c.dark)
		if err != nil || !given {
			t.Errorf("%+v: got %v, %v", c, given, err)
			continue
		}
		for _, err := range []error{CheckAccent(light.String(), false), CheckAccent(dark.String(), true)} {
			if err != nil {
				t.Errorf("%+v: got %s and %s: %v", c, light, dark, err)
			}
		}
		if c.light != "" && light.String() != c.light || c.dark != "" && dark.String() != c.dark {
			t.Errorf("%+v: got %s and %s", c, light, dark)
		}
	}
	if _, _, given, err := accents("", ""); given || err != nil {
		t.Errorf("no accent: got %v, %v", given, err)
	}
	if _, _, _, err := accents("#0a7d4f", "#0a7d4f"); err == nil || !strings.Contains(err.Error(), "accent #0a7d4f has a contrast") {
		t.Errorf("got %v", err)
	}
}

// What the code knows of page.css is what stands there.
func TestTheSchemesAreThoseOfTheStyleSheet(t *testing.T) {
	raw, err := static.ReadFile("static/page.css")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile(`(?s):root \{(.*?)\}`).FindAllStringSubmatch(string(raw), -1)
	if len(blocks) != 2 {
		t.Fatalf("got %d blocks of custom properties", len(blocks))
	}
	for i, s := range []*scheme{&lightScheme, &darkScheme} {
		properties := map[string]string{}
		for _, m := range regexp.MustCompile(`(--[a-z-]+): (#[0-9a-f]{6});`).FindAllStringSubmatch(blocks[i][1], -1) {
			properties[m[1]] = m[2]
		}
		for _, ground := range []string{"--ground", "--panel", "--sunk"} {
			if c := mustColor(t, properties[ground]); !slices.Contains(s.grounds, c) {
				t.Errorf("%s: %s is %s, which the scheme does not know", s.name, ground, c)
			}
		}
		if properties["--soft"] != s.soft.String() || properties["--panel"] != s.panel.String() {
			t.Errorf("%s: got soft %s, panel %s", s.name, s.soft, s.panel)
		}
		for _, role := range s.roles(white) {
			if properties[role[0]] == "" {
				t.Errorf("%s: %s is no property of the style sheet", s.name, role[0])
			}
		}
		if err := CheckAccent(properties["--accent"], s.dark()); err != nil {
			t.Errorf("the built-in accent of %s pages %v", s.name, err)
		}
	}
}

func TestTheBrandsStyleSheetHoldsPropertiesAlone(t *testing.T) {
	got := string(styleSheet(mustColor(t, "#0a7d4f"), mustColor(t, "#4cc38a")))
	form := regexp.MustCompile(`^:root \{( --[a-z-]+: #[0-9a-f]{6};){5} \}\n@media \(prefers-color-scheme: dark\) \{\n:root \{( --[a-z-]+: #[0-9a-f]{6};){5} \}\n\}\n$`)
	if !form.MatchString(got) || !strings.Contains(got, "--button: #0a7d4f") || !strings.Contains(got, "--button: #4cc38a") {
		t.Errorf("got %s", got)
	}
}
