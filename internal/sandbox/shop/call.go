package shop

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/inbound"
)

// maxAnswer is how much is read of an answer, in bytes.
const maxAnswer = 64 << 10

// call makes one call and returns the answer, whatever its status. A body makes it
// a POST.
func (s *Shop) call(ctx context.Context, path string, header http.Header, body string) (status int, answer string, err error) {
	method, content := http.MethodGet, io.Reader(nil)
	if body != "" {
		method, content = http.MethodPost, strings.NewReader(body)
	}
	r, err := http.NewRequestWithContext(ctx, method, s.BaseURL+path, content)
	if err != nil {
		return 0, "", fmt.Errorf("call %s: %w", path, err)
	}
	r.Header = header
	r.Header.Set("User-Agent", "latchkey-sandbox")
	a, err := s.HTTP.Do(r)
	if err != nil {
		return 0, "", fmt.Errorf("call %s: %w", path, err)
	}
	defer a.Body.Close()
	text, err := io.ReadAll(io.LimitReader(a.Body, maxAnswer))
	if err != nil {
		return 0, "", fmt.Errorf("read the answer of %s: %w", path, err)
	}
	return a.StatusCode, string(text), nil
}

// browser returns the address of whoever's browser asked for the link, which it is
// bound to where the dialect binds links.
func browser(ctx context.Context) string {
	addr := inbound.From(ctx).Addr
	if !addr.IsValid() {
		return "127.0.0.1"
	}
	return addr.Unmap().WithZone("").String()
}

// refused is the error of a call that was answered with something else than a
// link. What the answer says is not secret: it has no token.
func refused(what string, status int, answer string) error {
	const most = 300
	answer = strings.TrimSpace(answer)
	if len(answer) > most {
		answer = strings.ToValidUTF8(answer[:most], "") + " …"
	}
	return fmt.Errorf("%s: got status %d: %s", what, status, answer)
}
