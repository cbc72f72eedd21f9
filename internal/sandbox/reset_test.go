package sandbox

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestAResetThatFailsIsToldAndCanBeTriedAgain(t *testing.T) {
	var logged strings.Builder
	s := New(Options{Log: slog.New(slog.NewTextHandler(&logged, nil)), BaseURL: "http://localhost:8080"})
	full := errors.New("the disk is full")
	failing := true
	s.Use(&Core{Reset: func(ctx context.Context) error {
		if ctx.Err() != nil {
			t.Error("it is broken off with who asked for it")
		}
		if failing {
			return full
		}
		return nil
	}})
	if err := s.AdvanceClock(time.Hour); err != nil {
		t.Fatal(err)
	}
	ctx, gone := context.WithCancel(t.Context())
	gone()
	if err := s.Reset(ctx); !errors.Is(err, full) || !strings.Contains(logged.String(), "disk is full") {
		t.Errorf("got %v, and logged %q", err, logged.String())
	}
	a := httptest.NewRecorder()
	s.Around(http.NotFoundHandler()).ServeHTTP(a, fromHere(http.MethodPost, "http://localhost/dev/api/reset"))
	if a.Code != http.StatusInternalServerError || !strings.Contains(a.Body.String(), "disk is full") {
		t.Errorf("got %d %s", a.Code, a.Body)
	}
	failing = false
	if err := s.Reset(t.Context()); err != nil || s.ClockState().Ahead != 0 {
		t.Errorf("again: got %v, and the clock is at %+v", err, s.ClockState())
	}
	if _, err := s.AddFault(Fault{Kind: FaultCut}); err != nil || len(s.Faults()) != 1 {
		t.Errorf("no fault can be added: %v", err)
	}
}
