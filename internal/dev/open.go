package dev

// OpenSecrets are all secrets of the demo, and the numbers of its test cards: they
// are public, so that a sandbox may show them.
func OpenSecrets() []string {
	open := []string{SecretKey, OtherSecretKey, APIPassword, WeakPassword, LOBSecret, LOBWeakSecret, LOBThirdSecret}
	for _, card := range testCards {
		open = append(open, card.Number)
	}
	return open
}
