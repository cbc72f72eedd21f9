//go:build unix

package sandbox

import (
	"strings"
	"syscall"
	"testing"
	"time"
)

// The bodies are longer than any that is looked at. Work that grows with the square of
// the length takes sixteen times as long for one that is four times as long.
func TestWorkGrowsNoFasterThanBodiesDo(t *testing.T) {
	for _, unit := range []string{
		`<a"`, `<a '"`, `<a "'"`, `name="password"`, `<input name="password" `, `"name":"password",`, `{"name":"password",`, `<password>`, `<key>password</key>`,
		`<![CDATA[`, `<!--`, `<a><!--`, `://`, `password=`, `"password":`, `"password":[`, "4 ", "4929939187355598 ", `\u0034`, "%25", `\\`, `&amp;`, " :", `"`, "--x\n",
		"0f", "Basic YTpi ",
	} {
		look := func(length int) {
			body := strings.Repeat(unit, length/len(unit))
			kept(t, nil, newCall("text/xml", body))
			kept(t, nil, newCall("multipart/form-data; boundary=x", "--x\n"+body))
		}
		if short, long, ok := growsLikeLength(look, 4*captureLen); !ok {
			t.Errorf("%q: a quarter took %v, and the whole %v", unit, short, long)
		}
	}
}

// growsLikeLength reports whether work takes about four times as long for length as
// for a quarter of it. What takes hardly any time is not judged. It goes by the time
// of the processor, which others on the machine hardly change.
func growsLikeLength(work func(length int), length int) (short, long time.Duration, ok bool) {
	const (
		judged = 300 * time.Millisecond
		most   = 9
		tries  = 3
	)
	took := func(length int) time.Duration {
		began := processorTime()
		work(length)
		return processorTime() - began
	}
	for range tries {
		if long = took(length); long < judged {
			return 0, long, true
		}
		if short = min(took(length/4), took(length/4)); long < most*short {
			return short, long, true
		}
	}
	return short, long, false
}

// processorTime is what this process has had of the processor.
func processorTime() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
