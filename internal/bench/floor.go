package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// floorSpec tells a child process which floor to be: exactly one is set.
type floorSpec struct {
	HTTP  *HTTPFloor  `json:"http,omitempty"`
	Store *StoreFloor `json:"store,omitempty"`
}

// ServeFloor is the work of a child process that [Run] starts as a floor. The
// HTTP floor writes its address as one line to out and serves until ctx ends;
// the store floor measures itself and writes its figures.
func ServeFloor(ctx context.Context, spec string, out io.Writer) error {
	var s floorSpec
	if err := json.Unmarshal([]byte(spec), &s); err != nil {
		return fmt.Errorf("read what floor to be: %w", err)
	}
	switch {
	case s.HTTP != nil:
		return s.HTTP.Serve(ctx, func(addr string) { _, _ = fmt.Fprintln(out, addr) })
	case s.Store != nil:
		figures, err := s.Store.Run(ctx)
		if err != nil {
			return err
		}
		return json.NewEncoder(out).Encode(figures)
	}
	return errors.New("no such floor")
}

// floors starts floors as child processes.
type floors struct {
	argv []string // what runs ServeFloor; the specification is appended
	env  []string
}

func (f floors) start(ctx context.Context, spec floorSpec, lines func(string)) (*process, error) {
	text, err := json.Marshal(spec)
	if err != nil {
		return nil, err
	}
	return start(ctx, append(f.argv[:len(f.argv):len(f.argv)], string(text)), f.env, lines)
}

// http starts the HTTP floor with answers of the shop, and returns it as a shop.
// With rows it is the floor of HTTP and store together.
func (f floors) http(ctx context.Context, original *shop, rows *FloorRows) (*shop, *process, error) {
	recorded, err := original.record(original.client.header(time.Now()))
	if err != nil {
		return nil, nil, err
	}
	recorded.Rows = rows
	addr := make(chan string, 1)
	p, err := f.start(ctx, floorSpec{HTTP: recorded}, func(line string) {
		select {
		case addr <- line:
		default:
		}
	})
	if err != nil {
		return nil, nil, err
	}
	select {
	case a := <-addr:
		floor := *original
		floor.addr, floor.constant = a, true
		return &floor, p, nil
	case err := <-p.exited:
		p.exited <- err
		return nil, nil, fmt.Errorf("start the HTTP floor: %w", p.wait())
	}
}

// store runs the store floor and returns what it measured.
func (f floors) store(ctx context.Context, spec StoreFloor) (*StoreFigures, error) {
	var out strings.Builder
	p, err := f.start(ctx, floorSpec{Store: &spec}, func(line string) { out.WriteString(line) })
	if err != nil {
		return nil, err
	}
	if err := p.wait(); err != nil {
		return nil, err
	}
	var figures StoreFigures
	if err := json.Unmarshal([]byte(out.String()), &figures); err != nil {
		return nil, fmt.Errorf("read what the store floor measured: %w", err)
	}
	return &figures, nil
}
