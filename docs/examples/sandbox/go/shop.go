// Package shop is a pretend shop's back end: it signs its customers on in the cart,
// by JSON-RPC.
package shop

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

const tries = 3

// ErrUnavailable is the error of calls that failed as often as they were tried.
var ErrUnavailable = errors.New("the API is unavailable")

// Shop asks for links. It is for one goroutine at a time.
type Shop struct {
	URL, Code, Key string

	session string
}

// CartLink returns a link that takes the customer into the cart, signed in. It works
// once, for a minute.
func (s *Shop) CartLink(ctx context.Context, customer, buyLink string) (string, error) {
	return s.call(ctx, "getSingleSignOnInCart", customer, "AvangateCustomerReference", buyLink, 60, nil)
}

// apiError is what the API refuses a call with.
type apiError struct {
	Message string
	Data    struct {
		Code string `json:"error_code"`
	}
}

func (e *apiError) Error() string { return e.Data.Code + ": " + e.Message }

// call calls a method that is safe to repeat.
func (s *Shop) call(ctx context.Context, method string, args ...any) (string, error) {
	for try := 1; ; try++ {
		result, err := s.inSession(ctx, method, args)
		if err == nil || ctx.Err() != nil {
			return result, err
		}
		var refused *apiError
		if errors.As(err, &refused) { // else that was no answer of the API
			switch refused.Data.Code {
			case "FORBIDDEN":
				s.session = "" // it is over: log in again
			case "UNAVAILABLE":
			default:
				return "", err // our own mistake
			}
		}
		if try == tries {
			return "", fmt.Errorf("%w: %s: %w", ErrUnavailable, method, err)
		}
	}
}

func (s *Shop) inSession(ctx context.Context, method string, args []any) (string, error) {
	if s.session == "" {
		date := time.Now().UTC().Format("2006-01-02 15:04:05")
		proof := hmac.New(sha256.New, []byte(s.Key))
		fmt.Fprintf(proof, "%d%s%d%s", len(s.Code), s.Code, len(date), date)
		session, err := s.post(ctx, "login", []any{s.Code, date, hex.EncodeToString(proof.Sum(nil)), "sha256"})
		if err != nil {
			return "", err
		}
		s.session = session
	}
	return s.post(ctx, method, append([]any{s.session}, args...))
}

func (s *Shop) post(ctx context.Context, method string, params []any) (string, error) {
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
	if err != nil {
		return "", err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+"/rpc/6.0/", bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	r.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return "", errors.New(response.Status)
	}
	var answer struct {
		Result string
		Error  *apiError
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return "", err
	}
	if answer.Error != nil {
		return "", answer.Error
	}
	return answer.Result, nil
}
