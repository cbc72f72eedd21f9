package sandbox

import (
	"log/slog"
	"testing"
)

func newSandbox(t testing.TB, open ...string) *Sandbox {
	t.Helper()
	return New(Options{Log: slog.New(slog.DiscardHandler), BaseURL: "http://localhost:8080", Open: open})
}
