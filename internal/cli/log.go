package cli

import (
	"fmt"
	"io"
	"log/slog"

	"github.com/latchkey-sso/latchkey/internal/config"
)

// newLog returns the log that the configuration asks for.
func newLog(w io.Writer, c config.Log) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Level)); err != nil {
		return nil, fmt.Errorf("the log level must be debug, info, warn or error, not %q", c.Level)
	}
	options := &slog.HandlerOptions{Level: level}
	if c.Format == "text" {
		return slog.New(slog.NewTextHandler(w, options)), nil
	}
	return slog.New(slog.NewJSONHandler(w, options)), nil
}
