package page

import (
	"bytes"
	"errors"
	"fmt"
	"image/png"
	"math"
)

// MaxLogo is the size of the largest logo, in bytes.
const MaxLogo = 64 << 10

// maxPixels bounds width and height of a PNG: a small file can be a huge picture.
const maxPixels = 2048

// logo is an image that was checked.
type logo struct {
	asset
	ext           string
	width, height int // as it is shown, in CSS pixels
}

// The box that a logo is shown in, in CSS pixels: lower than the head of a page.
const (
	logoWidth  = 208
	logoHeight = 36
)

var pngSignature = []byte("\x89PNG\r\n\x1a\n")

// CheckLogo returns what is wrong with an image as a logo, or nil. It must be a
// PNG, or an SVG of shapes only: nothing that runs, and nothing from elsewhere. The
// error completes a sentence that begins with the logo's setting.
func CheckLogo(body []byte) error {
	_, err := readLogo(body)
	return err
}

func readLogo(body []byte) (*logo, error) {
	switch {
	case len(body) == 0:
		return nil, errors.New("is empty")
	case len(body) > MaxLogo:
		return nil, fmt.Errorf("must be at most %d KiB", MaxLogo>>10)
	case bytes.HasPrefix(body, pngSignature):
		width, height, err := pngSize(body)
		if err != nil {
			return nil, err
		}
		scale := min(logoWidth/width, logoHeight/height, 1) // pixels look bad when enlarged
		return newLogo(body, ".png", width*scale, height*scale), nil
	case bytes.HasPrefix(bytes.TrimSpace(bytes.TrimPrefix(body, byteOrderMark)), []byte("<")):
		width, height, err := svgSize(body)
		if err != nil {
			return nil, err
		}
		scale := min(logoWidth/width, logoHeight/height)
		return newLogo(body, ".svg", width*scale, height*scale), nil
	}
	return nil, errors.New("must be an SVG or a PNG, by its content")
}

func newLogo(body []byte, ext string, width, height float64) *logo {
	return &logo{asset{contentTypes[ext], body}, ext, int(max(1, math.Round(width))), int(max(1, math.Round(height)))}
}

// pngSize returns the size of a PNG that can be decoded and has nothing after
// its end.
func pngSize(body []byte) (width, height float64, err error) {
	head, err := png.DecodeConfig(bytes.NewReader(body))
	switch {
	case err != nil:
		return 0, 0, fmt.Errorf("is no PNG that can be read: %w", err)
	case head.Width > maxPixels || head.Height > maxPixels:
		return 0, 0, fmt.Errorf("must be at most %d pixels wide and high, it is %d × %d", maxPixels, head.Width, head.Height)
	}
	rest := bytes.NewReader(body)
	if _, err := png.Decode(rest); err != nil {
		return 0, 0, fmt.Errorf("is no PNG that can be read: %w", err)
	}
	if rest.Len() > 0 {
		return 0, 0, errors.New("has something after the end of its PNG")
	}
	return float64(head.Width), float64(head.Height), nil
}
