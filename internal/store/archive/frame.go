package archive

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
)

// maxFrame is the size of the largest frame, in bytes.
const maxFrame = 64 << 10

// frameWriter cuts what is written into frames: a length of 4 bytes and as many
// bytes. It digests all that it writes.
type frameWriter struct {
	dst    io.Writer
	digest hash.Hash
	buf    []byte // a frame that is not full, after room for its length
}

func newFrameWriter(dst io.Writer) *frameWriter {
	return &frameWriter{dst: dst, digest: sha256.New(), buf: make([]byte, 4, 4+maxFrame)}
}

// raw writes bytes that are no frame.
func (f *frameWriter) raw(b []byte) error {
	_, _ = f.digest.Write(b)
	_, err := f.dst.Write(b)
	return err
}

// Write adds to the frame, and writes those that are full.
func (f *frameWriter) Write(p []byte) (written int, err error) {
	for len(p) > 0 {
		n := min(len(p), cap(f.buf)-len(f.buf))
		f.buf, p, written = append(f.buf, p[:n]...), p[n:], written+n
		if len(f.buf) == cap(f.buf) {
			if err := f.flush(); err != nil {
				return written, err
			}
		}
	}
	return written, nil
}

func (f *frameWriter) flush() error {
	if len(f.buf) == 4 {
		return nil
	}
	binary.BigEndian.PutUint32(f.buf, uint32(len(f.buf)-4)) //nolint:gosec // not above maxFrame
	err := f.raw(f.buf)
	f.buf = f.buf[:4]
	return err
}

// end writes the frame that is not full, an empty one, and the digest of everything
// so far, which it returns.
func (f *frameWriter) end() (digest []byte, err error) {
	if err := f.flush(); err != nil {
		return nil, err
	}
	if err := f.raw(make([]byte, 4)); err != nil {
		return nil, err
	}
	digest = f.digest.Sum(nil)
	return digest, f.raw(digest)
}

// frameReader reads what a frameWriter wrote, up to the empty frame.
type frameReader struct {
	src    *bufio.Reader
	digest hash.Hash
	left   int // of the frame
	ended  bool
}

func newFrameReader(src io.Reader) *frameReader {
	return &frameReader{src: bufio.NewReaderSize(src, maxFrame), digest: sha256.New()}
}

// full reads exactly len(p) bytes that are no frame.
func (f *frameReader) full(p []byte) error {
	if _, err := io.ReadFull(f.src, p); err != nil {
		return cut(err)
	}
	_, _ = f.digest.Write(p)
	return nil
}

// cut says what an early end means.
func cut(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: it is cut off", ErrDamaged)
	}
	return &readError{err}
}

// readError is an error of the file that the archive is read from.
type readError struct{ err error }

func (e *readError) Error() string { return "read archive: " + e.err.Error() }
func (e *readError) Unwrap() error { return e.err }

// Read reads from the frames.
func (f *frameReader) Read(p []byte) (int, error) {
	if f.left == 0 && !f.ended {
		if err := f.next(); err != nil {
			return 0, err
		}
	}
	if f.ended {
		return 0, io.EOF
	}
	n, err := f.src.Read(p[:min(len(p), f.left)])
	_, _ = f.digest.Write(p[:n])
	f.left -= n
	if err != nil {
		err = cut(err)
	}
	return n, err
}

func (f *frameReader) next() error {
	var size [4]byte
	if err := f.full(size[:]); err != nil {
		return err
	}
	n := binary.BigEndian.Uint32(size[:])
	if n > maxFrame {
		return fmt.Errorf("%w: a frame is too large", ErrDamaged)
	}
	f.left, f.ended = int(n), n == 0
	return nil
}

// end reads what comes after the last frame and returns the digest, which is right.
func (f *frameReader) end() ([]byte, error) {
	if n, err := f.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: something follows its end", ErrDamaged)
	}
	want := f.digest.Sum(nil)
	got := make([]byte, len(want))
	if err := f.full(got); err != nil {
		return nil, err
	}
	if string(got) != string(want) {
		return nil, fmt.Errorf("%w: its digest is wrong", ErrDamaged)
	}
	return want, nil
}

// rest reads up to limit bytes to the end of the file.
func (f *frameReader) rest(limit int) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(f.src, int64(limit)+1))
	if err != nil {
		return nil, &readError{err}
	}
	if len(b) > limit {
		return nil, fmt.Errorf("%w: something follows its end", ErrDamaged)
	}
	return b, nil
}
