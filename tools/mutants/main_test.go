package main

import (
	"path/filepath"
	"testing"
)

// What a bug changes must be in the code as the table has it; whether a test finds
// the bug is shown by running the command.
func TestEveryBugFitsTheCode(t *testing.T) {
	root := filepath.Join("..", "..")
	names := map[string]bool{}
	for _, m := range table {
		if len(m.changes) == 0 || names[m.name] {
			t.Errorf("%s changes nothing, or is there twice", m.name)
		}
		names[m.name] = true
		if _, err := m.overlay(root, t.TempDir()); err != nil {
			t.Errorf("%s: %v", m.name, err)
		}
	}
	if len(table) < 10 {
		t.Errorf("there are %d bugs, want ten or more", len(table))
	}
}
