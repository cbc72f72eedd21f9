package archive

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/tables"
)

// stock is a store in memory: rows by table.
type stock map[string][]tables.Row

func (s stock) Archive(_ context.Context, do func(tables.Reader, tables.State) error) error {
	return do(s, tables.State{Epoch: 3, At: time.UnixMilli(5).UTC(), End: signon.ChainHead{Seq: 2, Hash: [32]byte{7}}})
}

func table(query string) string {
	_, after, _ := strings.Cut(query, " FROM ")
	name, _, _ := strings.Cut(after, " ")
	return name
}

func (s stock) One(query string, _ ...any) (tables.Row, error) {
	return tables.Row{int64(len(s[table(query)]))}, nil
}

func (s stock) Each(query string, visit func(tables.Row) error, _ ...any) error {
	for _, row := range s[table(query)] {
		if err := visit(row); err != nil {
			return err
		}
	}
	return nil
}

func (s stock) Empty() error { return nil }

func (s stock) Insert(t *tables.Table, rows []tables.Row) error {
	s[t.Name] = append(s[t.Name], rows...)
	return nil
}

// full returns a stock with every type of value, small and large.
func full() stock {
	s := stock{
		"tenants": {{"shop", "{}"}, {"", "ü\x00"}},
		"voided":  {{"shop", "01", int64(-1)}, {"shop", "02", int64(1 << 62)}},
		"replies": {{[]byte{1}, []byte{}, bytes.Repeat([]byte{9}, 3*maxFrame), int64(0), nil, nil, nil}},
	}
	for i := range 2*batchRows + 1 {
		s["products"] = append(s["products"], tables.Row{"shop", fmt.Sprint(i), "{}"})
	}
	return s
}

func testKeys(t testing.TB, fill byte) *signon.Keyring {
	t.Helper()
	keys, err := signon.NewKeyring(bytes.Repeat([]byte{fill}, signon.RootKeyLen), nil)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func written(t testing.TB, s stock, o Options) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := Write(t.Context(), &b, s, o); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// read loads an archive to its end.
func read(src io.Reader, keys *signon.Keyring) (stock, *Header, error) {
	r, err := NewReader(src, keys)
	if err != nil {
		return nil, nil, err
	}
	s := stock{}
	return s, &r.Header, r.Load(context.Background(), s, nil)
}

func TestAnArchiveReadsAsItWasWritten(t *testing.T) {
	t.Parallel()
	keys := testKeys(t, 1)
	for name, plain := range map[string]bool{"compressed": false, "plain": true} {
		want := full()
		got, h, err := read(bytes.NewReader(written(t, want, Options{Keys: keys, Plain: plain})), keys)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", name, diff)
		}
		state := tables.State{Epoch: 3, At: time.UnixMilli(5).UTC(), End: signon.ChainHead{Seq: 2, Hash: [32]byte{7}}}
		if diff := cmp.Diff(state, h.State()); diff != "" || h.Version == "" {
			t.Errorf("%s: version %q, state (-want +got)\n%s", name, h.Version, diff)
		}
	}
}

func TestAFileChangedInAnyByteIsRefused(t *testing.T) {
	t.Parallel()
	keys := testKeys(t, 1)
	small := stock{"tenants": {{"shop", "{}"}}, "replies": {{[]byte{1}, []byte{}, []byte("ab"), int64(0), nil, "user", nil}}}
	for name, plain := range map[string]bool{"compressed": false, "plain": true} {
		file := written(t, small, Options{Keys: keys, Plain: plain})
		for at := range file {
			changed := bytes.Clone(file)
			changed[at] ^= 1 << (at % 8)
			_, _, err := read(bytes.NewReader(changed), keys)
			refused(t, fmt.Sprintf("%s: byte %d of %d changed", name, at, len(file)), err)
			_, _, err = read(bytes.NewReader(file[:at]), keys)
			refused(t, fmt.Sprintf("%s: cut after %d bytes of %d", name, at, len(file)), err)
		}
		_, _, err := read(bytes.NewReader(append(bytes.Clone(file), 0)), keys)
		refused(t, name+": one byte more", err)
	}
}

func refused(t *testing.T, what string, err error) {
	t.Helper()
	for _, known := range []error{ErrDamaged, ErrForeign, ErrNewer, ErrRootKey} {
		if errors.Is(err, known) {
			return
		}
	}
	t.Errorf("%s: got %v, want it refused", what, err)
}

func TestAnArchiveOfAnotherRootKeyIsRefused(t *testing.T) {
	t.Parallel()
	file := written(t, full(), Options{Keys: testKeys(t, 1)})
	if _, _, err := read(bytes.NewReader(file), testKeys(t, 2)); !errors.Is(err, ErrRootKey) {
		t.Errorf("got %v, want ErrRootKey", err)
	}
	after, err := signon.NewKeyring(bytes.Repeat([]byte{2}, signon.RootKeyLen), bytes.Repeat([]byte{1}, signon.RootKeyLen))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := read(bytes.NewReader(file), after); err != nil {
		t.Errorf("with the root key as the previous one: %v", err)
	}
	if _, _, err := read(bytes.NewReader(file), nil); err != nil {
		t.Errorf("without a key: %v", err)
	}
}

func TestOtherFilesAreNamedAsWhatTheyAre(t *testing.T) {
	t.Parallel()
	keys := testKeys(t, 1)
	file := written(t, stock{}, Options{Keys: keys})
	for name, c := range map[string]struct {
		src  io.Reader
		want error
	}{
		"a database":     {strings.NewReader("SQLite format 3\x00 and more of it"), ErrForeign},
		"nothing":        {strings.NewReader(""), ErrForeign},
		"a newer format": {io.MultiReader(strings.NewReader("latchkey archive 2\n"), bytes.NewReader(file[len(magic):])), ErrNewer},
	} {
		if _, _, err := read(c.src, keys); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}

func TestAFileThatCanNotBeReadIsNotCalledDamaged(t *testing.T) {
	t.Parallel()
	keys := testKeys(t, 1)
	file := written(t, full(), Options{Keys: keys, Plain: true})
	broken := errors.New("the disk is broken")
	for _, at := range []int{3, 40, 1000, len(file) - 1} {
		_, _, err := read(io.MultiReader(bytes.NewReader(file[:at]), failing{broken}), keys)
		if !errors.Is(err, broken) || errors.Is(err, ErrDamaged) {
			t.Errorf("after %d bytes: got %v", at, err)
		}
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// FuzzRead: whatever the file holds, reading it ends, and what is read to its end is
// an archive.
func FuzzRead(f *testing.F) {
	keys := testKeys(f, 1)
	small := stock{"tenants": {{"shop", "{}"}}, "replies": {{[]byte{1}, []byte{}, []byte("ab"), int64(0), nil, "user", nil}}}
	f.Add(written(f, small, Options{Keys: keys, Plain: true}))
	f.Add(written(f, small, Options{Keys: keys}))
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, file []byte) {
		r, err := NewReader(bytes.NewReader(file), nil)
		if err == nil {
			err = r.Check(nil)
		}
		if err == nil && (!bytes.HasPrefix(file, []byte(magic)) || r.rows != r.Header.Rows()) {
			t.Error("a foreign file was taken")
		}
		if err != nil {
			refused(t, "this file", err)
		}
	})
}

// A length that is claimed takes no memory before the bytes are there.
func TestALengthThatIsOnlyClaimedTakesNoMemory(t *testing.T) {
	claimed := binary.AppendUvarint(nil, maxRow)
	r := &Reader{in: bufio.NewReader(bytes.NewReader(claimed))}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := r.bytes(maxRow)
	runtime.ReadMemStats(&after)
	refused(t, "a length without its bytes", err)
	if took := after.TotalAlloc - before.TotalAlloc; took > 1<<20 {
		t.Errorf("it took %d bytes of memory", took)
	}
}

// made is a file that somebody made up, of one row of customers: its values are
// zeros, which take no room in a file.
func made(t *testing.T, keys *signon.Keyring, size int) []byte {
	t.Helper()
	o := Options{Keys: keys}
	i := slices.IndexFunc(tables.Schema, func(t tables.Table) bool { return t.Name == "customers" })
	customers := tables.Schema[i]
	var file bytes.Buffer
	w, err := newWriter(&file, newHeader(&tables.State{}, map[string]int64{"customers": 1}), &o)
	if err != nil {
		t.Fatal(err)
	}
	b := appendBytes([]byte{nextTable}, customers.Name)
	b = binary.AppendUvarint(b, uint64(len(customers.Columns)))
	for _, c := range customers.Columns {
		b = appendBytes(b, c)
	}
	b = append(b, nextRow)
	for range customers.Columns {
		b = appendBytes(append(b, valueText), make([]byte, size))
	}
	w.rows = 1
	if err := errors.Join(w.put(b), w.end()); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func TestASmallFileTakesLittleMemory(t *testing.T) {
	keys := testKeys(t, 1)
	file := made(t, keys, 8<<20)
	if len(file) > 1<<20 {
		t.Fatalf("the file has %d bytes", len(file))
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, _, err := read(bytes.NewReader(file), keys)
	runtime.ReadMemStats(&after)
	refused(t, "a row of 100 MiB", err)
	if took := after.TotalAlloc - before.TotalAlloc; took > 8*maxRow {
		t.Errorf("it took %d bytes of memory", took)
	}
}

func TestWhatCouldNotBeReadIsNotWritten(t *testing.T) {
	t.Parallel()
	keys := testKeys(t, 1)
	most := maxRow - 16
	for size, fits := range map[int]bool{most: true, most + 16: false} {
		s := stock{"tenants": {{"shop", strings.Repeat("x", size)}}}
		var b bytes.Buffer
		_, err := Write(t.Context(), &b, s, Options{Keys: keys})
		if (err == nil) != fits {
			t.Errorf("%d bytes: got %v", size, err)
		}
		if err == nil {
			if _, _, err := read(&b, keys); err != nil {
				t.Errorf("%d bytes were written and can't be read: %v", size, err)
			}
		}
	}
}

// The header stands before everything that is believed for its sake.
func TestAHeaderThatWasChangedIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	keys := testKeys(t, 1)
	file := written(t, full(), Options{Keys: keys, Plain: true})
	for _, part := range []string{`"epoch":3`, `"tenants":2`} {
		at := bytes.Index(file, []byte(part))
		if at < 0 {
			t.Fatalf("no %s in the header", part)
		}
		changed := bytes.Clone(file)
		changed[at+len(part)-1] = '9'
		if _, err := NewReader(bytes.NewReader(changed), keys); !errors.Is(err, ErrRootKey) {
			t.Errorf("%s changed: got %v, want ErrRootKey", part, err)
		}
	}
}
