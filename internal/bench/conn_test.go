package bench

import (
	"bufio"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func readAnswer(text string) (*answer, error) {
	c := &conn{r: bufio.NewReader(strings.NewReader(text))}
	var a answer
	err := c.read(&a)
	return &a, err
}

func TestReadTakesWhatTheMeasurementNeeds(t *testing.T) {
	text := "HTTP/1.1 303 See Other\r\ncontent-length: 2\r\nLocation: /cart\r\nX-Other: a\r\nSet-Cookie: a=1; Path=/\r\nSet-Cookie: b=2\r\n\r\nhi"
	a, err := readAnswer(text)
	if err != nil {
		t.Fatal(err)
	}
	got := []string{string(a.location), string(a.body)}
	for _, c := range a.cookies {
		got = append(got, string(c))
	}
	if diff := cmp.Diff([]string{"/cart", "hi", "a=1; Path=/", "b=2"}, got); diff != "" || a.status != 303 || a.size != len(text) {
		t.Errorf("status %d, %d of %d bytes; -want +got:\n%s", a.status, a.size, len(text), diff)
	}
}

func TestReadGoesOnAfterEachKindOfBody(t *testing.T) {
	c := &conn{r: bufio.NewReader(strings.NewReader(
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n" +
			"HTTP/1.1 204 No Content\r\n\r\n" +
			"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nend"))}
	for _, want := range []string{"hello world", "", "end"} {
		var a answer
		if err := c.read(&a); err != nil || string(a.body) != want {
			t.Fatalf("got %q, %v, want %q", a.body, err, want)
		}
	}
}

func TestReadRefusesWhatIsNoAnswer(t *testing.T) {
	for name, text := range map[string]string{
		"another protocol":    "SSH-2.0-OpenSSH_9.9\r\n",
		"no status":           "HTTP/1.1 abc OK\r\n\r\n",
		"short status line":   "HTTP/1.1\r\n\r\n",
		"a field without end": "HTTP/1.1 200 OK\r\nNonsense\r\n\r\n",
		"no length":           "HTTP/1.1 200 OK\r\n\r\nhi",
		"bad length":          "HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nhi",
		"huge length":         "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\nhi",
		"cut short":           "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhi",
		"unknown coding":      "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nhi",
		"bad chunk":           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
		"end of head missing": "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n",
	} {
		if a, err := readAnswer(text); err == nil {
			t.Errorf("%s: got %+v, want an error", name, a)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nLocation: /\r\nSet-Cookie: a=b\r\n\r\nhi")
	f.Add("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		a, err := readAnswer(text)
		if err == nil && (a.size > len(text) || a.status < 0 || a.status > 999) {
			t.Errorf("read %d of %d bytes, status %d", a.size, len(text), a.status)
		}
	})
}
