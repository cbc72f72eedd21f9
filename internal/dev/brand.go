package dev

import (
	_ "embed"

	"github.com/latchkey-sso/latchkey/internal/config"
)

//go:embed brand/mark.svg
var mark []byte

//go:embed brand/mark-dark.svg
var darkMark []byte

// branding is the look of the demo vendor's pages. Its other accent follows from
// this one.
func branding() config.Branding {
	return config.Branding{
		Logo: config.LogoFile{Content: mark}, LogoDark: config.LogoFile{Content: darkMark},
		Accent: "#0b6a75",
	}
}
