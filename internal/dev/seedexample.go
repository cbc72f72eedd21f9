package dev

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// ExampleName is what a seed is called when nobody names it.
const ExampleName = "latchkey-dev.yaml"

//go:embed example/latchkey-dev.yaml
var example []byte

// WriteExample writes a seed to start from. It replaces no file.
func WriteExample(path string) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there already, and stays as it is; another file: latchkey dev --init FILE", path)
	}
	if err != nil {
		return fmt.Errorf("write example: %w", err)
	}
	_, err = f.Write(example)
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write example: %w", err)
	}
	return nil
}
