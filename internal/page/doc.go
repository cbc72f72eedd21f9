// Package page is what all of Latchkey's pages share: the layout, the style
// sheet, form parts, security headers, assets with names that change with their
// content, and texts kept apart from templates. It knows HTML and HTTP, and
// nothing of sign-on.
//
// The pages need no JavaScript and fetch nothing from anywhere else. What script
// there is only presses a button that people can press themselves.
package page
