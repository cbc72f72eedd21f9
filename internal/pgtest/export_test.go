package pgtest

// HideDebian makes Find overlook Debian's programs until the function that it
// returns is called.
func HideDebian() (restore func()) {
	before := debian
	debian = "/nowhere/*/bin"
	return func() { debian = before }
}
