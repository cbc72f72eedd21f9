package bench

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// syncLatency measures one write of a page made durable, which no acknowledged
// change can be faster than.
func syncLatency(dir string) (_ Latency, err error) {
	f, err := os.Create(filepath.Join(dir, "sync"))
	if err != nil {
		return Latency{}, fmt.Errorf("measure the disk: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	const pages, times = 256, 1000
	page := make([]byte, 4096)
	if _, err := f.Write(make([]byte, pages*len(page))); err != nil {
		return Latency{}, fmt.Errorf("measure the disk: %w", err)
	}
	seen := newHistogram()
	for i := range times {
		start := time.Now()
		if _, err := f.WriteAt(page, int64(i%pages*len(page))); err != nil {
			return Latency{}, fmt.Errorf("measure the disk: %w", err)
		}
		if err := syncData(f); err != nil {
			return Latency{}, fmt.Errorf("measure the disk: %w", err)
		}
		if err := seen.RecordValue(time.Since(start).Microseconds()); err != nil {
			return Latency{}, fmt.Errorf("measure the disk: %w", err)
		}
	}
	return latency(seen), nil
}
