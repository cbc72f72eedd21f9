package landing_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// TestBrowserBrand: brands as a browser shows them, on light and dark pages.
func TestBrowserBrand(t *testing.T) {
	t.Parallel()
	parent := chromium(t)
	for name, test := range map[string]func(*testing.T, *tab){
		"AMarkStandsBesideTheName":       browserMark,
		"AWordmarkStandsForTheName":      browserWordmark,
		"APNGStandsOnAPlateOnDarkPages":  browserPlate,
		"APictureOpenedAloneHasNoOrigin": browserOpensPicture,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newTab(parent, t, true))
		})
	}
}

func brandedSite(t *testing.T, brand signon.Brand) *site {
	t.Helper()
	s := newSite(t, branded(brand, signon.Brand{}))
	s.clock.now = time.Now().UTC() // the browser's own cookies and pages live in real time
	return s
}

// shown is what a browser makes of a brand.
type shown struct {
	Accent, Button, Ink string
	Logo                string // the path of the picture that was chosen
	Width, Height, Head float64
	Loaded              bool
	Name                string // of the brand, to assistive technology
	Plate               string
}

func (b *tab) brand() shown {
	b.t.Helper()
	return script[shown](b, `(() => {
		const style = (selector, property) => { const e = document.querySelector(selector); return e ? getComputedStyle(e)[property] : ""; };
		const img = document.querySelector(".brand img"), box = img?.getBoundingClientRect();
		return {
			Accent: getComputedStyle(document.documentElement).getPropertyValue("--accent"), Button: style("button.big", "backgroundColor"),
			Ink: style("button.big", "color"),
			Logo: img ? new URL(img.currentSrc).pathname : "", Loaded: !!img && img.complete && img.naturalWidth > 0,
			Width: box?.width ?? 0, Height: box?.height ?? 0, Head: document.querySelector(".top").getBoundingClientRect().height,
			Name: img && img.alt || document.querySelector(".brand").innerText.trim(), Plate: style(".brand .plate", "backgroundColor"),
		};
	})()`)
}

// browserMark looks at the demo's own brand.
func browserMark(t *testing.T, b *tab) {
	s := newSite(t)
	s.clock.now = time.Now().UTC()
	complaints := b.complaints()
	b.open(s.cartLink(john, "PRODS=4639321"))
	light := b.brand()
	if !light.Loaded || light.Width != 36 || light.Height != 36 || light.Head > 70 || light.Name != "Avangate Demo" {
		t.Errorf("got %+v", light)
	}
	if light.Button != "rgb(11, 106, 117)" || light.Ink != "rgb(255, 255, 255)" {
		t.Errorf("got button %s, %s", light.Button, light.Ink)
	}
	b.wear(looks[1])
	b.await(func() bool { got := b.brand(); return got.Logo != light.Logo && got.Loaded })
	dark := b.brand()
	if dark.Head > 70 || dark.Accent == light.Accent || dark.Button == light.Button || dark.Ink != "rgb(0, 0, 0)" || dark.Plate != "" {
		t.Errorf("got %+v on dark pages", dark)
	}
	b.variant("brand-mark")
	b.open(s.base + "/nowhere")
	if got := script[bool](b, `!document.querySelector(".brand")`); !got {
		t.Error("the page for what is not there names somebody")
	}
	for _, text := range complaints() {
		if !strings.Contains(text, "404") {
			t.Errorf("the browser complains: %s", text)
		}
	}
}

func browserWordmark(t *testing.T, b *tab) {
	word := func(ink string) []byte {
		return drawn(200, `<style>path { fill: none; stroke: `+ink+`; stroke-width: 5 }</style><path d="M4 34 20 6l16 28M46 6l14 28L74 6M88 34 104 6l16 28M130 34V6l26 28V6M196 12a15 15 0 1 0 0 16h-12"/>`)
	}
	s := brandedSite(t, signon.Brand{Logo: word("#7a2048"), LogoDark: word("#f0a8c4"), Accent: "#7a2048", AccentDark: "#f0a8c4"})
	for _, address := range []string{"/order/checkout.php?logintoken=x", "/order/checkout.php?PRODS=4639321"} {
		b.open(s.base + address)
		got := b.brand()
		if !got.Loaded || got.Width != 180 || got.Height != 36 || got.Name != "Avangate Demo" {
			t.Errorf("%s: got %+v", address, got)
		}
	}
	b.open(s.link(john, signon.KindAccount, "/myaccount/", time.Minute))
	b.glance("brand-wordmark")
	b.wear(looks[2])
	if got := b.brand(); !got.Loaded || got.Width != 140 || got.Height != 28 || got.Head > 76 {
		t.Errorf("on a phone: got %+v", got)
	}
	b.wear(look{name: "narrow", width: 320, height: 700, dark: true})
	if what := b.tooWide(); what != "" {
		t.Errorf("wider than a window of 320 pixels: %s", what)
	}
}

// stripes returns a PNG that was drawn for light pages.
func stripes(t *testing.T) []byte {
	t.Helper()
	m := image.NewNRGBA(image.Rect(0, 0, 320, 80))
	for x := range 320 {
		for y := range 80 {
			if (x+y)/16%3 == 0 {
				m.Set(x, y, color.NRGBA{20, 22, 60, 255})
			}
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, m); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func browserPlate(t *testing.T, b *tab) {
	s := brandedSite(t, signon.Brand{Logo: stripes(t), Accent: "#14163c"})
	b.open(s.link(john, signon.KindAccount, "/myaccount/", time.Minute))
	if got := b.brand(); !got.Loaded || got.Width != 144 || got.Plate != "rgba(0, 0, 0, 0)" {
		t.Errorf("got %+v", got)
	}
	b.wear(looks[1])
	if got := b.brand(); !got.Loaded || got.Plate != "rgb(255, 255, 255)" || got.Head > 70 {
		t.Errorf("got %+v on dark pages", got)
	}
	b.variant("brand-plate")
	b.wear(looks[3])
	if got := b.brand(); !got.Loaded || got.Width != 112 || got.Height != 28 || got.Head > 76 {
		t.Errorf("on a phone: got %+v", got)
	}
}

// browserOpensPicture: a logo that is opened as a page of its own has no origin,
// so nothing in it could reach what belongs to the site.
func browserOpensPicture(t *testing.T, b *tab) {
	s := brandedSite(t, signon.Brand{Logo: drawn(40, `<circle cx="20" cy="20" r="19"/>`)})
	logo := s.browser().get("/order/cart.php").own()[0]
	if status := b.open(s.base + logo); status != http.StatusOK {
		t.Fatalf("got status %d", status)
	}
	if origin := script[string](b, `self.origin`); origin != "null" {
		t.Errorf("the picture's origin is %s, want none", origin)
	}
}
