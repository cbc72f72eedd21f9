package bench

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httputil"
	"strconv"
	"time"
)

// conn is one keep-alive HTTP/1.1 connection of the load generator. It writes
// requests that are laid out beforehand and reads answers without allocating,
// because it shares its processors with the server it measures: net/http's
// client costs several times as much.
type conn struct {
	net  net.Conn
	r    *bufio.Reader
	body []byte
}

// answer is what the load generator keeps of an answer. Its slices are valid
// until the next call on the same connection.
type answer struct {
	status   int
	size     int      // bytes on the wire, head and body
	fields   [][]byte // all lines of the head but the first
	location []byte
	cookies  [][]byte // values of Set-Cookie
	body     []byte
}

const (
	dialTimeout   = 5 * time.Second
	answerTimeout = 30 * time.Second
	maxAnswer     = 1 << 20
)

func dial(addr string) (*conn, error) {
	c, err := net.DialTimeout("tcp", addr, dialTimeout)
	if err != nil {
		return nil, fmt.Errorf("connect to the server: %w", err)
	}
	return newConn(c), nil
}

func newConn(c net.Conn) *conn { return &conn{net: c, r: bufio.NewReaderSize(c, 16<<10)} }

func (c *conn) close() { _ = c.net.Close() }

// roundTrip sends one request and reads its answer into a.
func (c *conn) roundTrip(request []byte, a *answer) error {
	if _, err := c.net.Write(request); err != nil {
		return fmt.Errorf("send request: %w", err)
	}
	if err := c.read(a); err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	return nil
}

// expire makes a call that still waits after d fail. It is set once for many
// calls: a deadline for each would cost a timer each.
func (c *conn) expire(d time.Duration) { _ = c.net.SetDeadline(time.Now().Add(d)) }

var errAnswer = errors.New("not an HTTP/1.1 answer that the load generator understands")

func (c *conn) read(a *answer) error {
	*a = answer{cookies: a.cookies[:0], fields: a.fields[:0]}
	c.body = c.body[:0] // holds first the fields, then the body
	line, err := c.line(a)
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) || len(line) < len("HTTP/1.1 200") {
		return errAnswer
	}
	status, err := strconv.ParseUint(string(line[9:12]), 10, 16)
	if err != nil {
		return errAnswer
	}
	a.status = int(status)
	length := unknown
	for {
		if line, err = c.line(a); err != nil {
			return err
		}
		if len(line) == 0 {
			break
		}
		if err := c.field(line, a, &length); err != nil {
			return err
		}
	}
	return c.readBody(a, length)
}

// line reads one line of the head, without its end.
func (c *conn) line(a *answer) ([]byte, error) {
	line, err := c.r.ReadSlice('\n')
	if err != nil {
		return nil, err
	}
	a.size += len(line)
	return bytes.TrimSuffix(line[:len(line)-1], []byte("\r")), nil
}

func (c *conn) field(line []byte, a *answer, length *int) error {
	line = c.keep(line)
	name, value, ok := bytes.Cut(line, []byte(":"))
	if !ok {
		return errAnswer
	}
	a.fields = append(a.fields, line)
	value = bytes.TrimSpace(value)
	switch len(name) {
	case len("Content-Length"):
		if bytes.EqualFold(name, []byte("Content-Length")) {
			n, err := strconv.ParseUint(string(value), 10, 31)
			if err != nil || n > maxAnswer {
				return errAnswer
			}
			*length = int(n)
		}
	case len("Transfer-Encoding"):
		if bytes.EqualFold(name, []byte("Transfer-Encoding")) {
			if string(value) != "chunked" {
				return errAnswer
			}
			*length = chunked
		}
	case len("Location"):
		if bytes.EqualFold(name, []byte("Location")) {
			a.location = value
		}
	case len("Set-Cookie"):
		if bytes.EqualFold(name, []byte("Set-Cookie")) {
			a.cookies = append(a.cookies, value)
		}
	}
	return nil
}

// keep copies a value that must outlive the reader's buffer.
func (c *conn) keep(value []byte) []byte {
	start := len(c.body)
	c.body = append(c.body, value...)
	return c.body[start:len(c.body):len(c.body)]
}

// Lengths of bodies that no Content-Length tells.
const (
	unknown = -1
	chunked = -2
)

func (c *conn) readBody(a *answer, length int) error {
	start := len(c.body)
	switch {
	case length == chunked:
		if err := c.readChunks(); err != nil {
			return err
		}
	case length >= 0:
		c.body = append(c.body, make([]byte, length)...)
		if _, err := io.ReadFull(c.r, c.body[start:]); err != nil {
			return err
		}
	case a.status != 204 && a.status != 304:
		return fmt.Errorf("%w: its length is not given", errAnswer)
	}
	a.body = c.body[start:]
	a.size += len(a.body)
	return nil
}

func (c *conn) readChunks() error {
	chunks := io.LimitReader(httputil.NewChunkedReader(c.r), maxAnswer)
	buf := bytes.NewBuffer(c.body)
	if _, err := buf.ReadFrom(chunks); err != nil {
		return err
	}
	c.body = buf.Bytes()
	end, err := c.r.ReadSlice('\n') // the end of the trailer, which the chunked reader leaves
	if err == nil && len(bytes.TrimSpace(end)) > 0 {
		return errAnswer
	}
	return err
}
