package gitproto

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"

	"sojourn/internal/pktline"
	"sojourn/internal/store"
)

// What is understood of a fetch, to the last flag: whether an answer is shared
// depends on it.
func TestFetchIsUnderstood(t *testing.T) {
	want := "want " + oidA
	begin := []string{"command=fetch", "object-format=sha1", "0001"}
	for name, c := range map[string]struct {
		version int
		in      []byte
		want    *Fetch
	}{
		"all":           {2, packets(slices.Concat(begin, []string{"thin-pack\n", "filter blob:none", want + "\n", "want " + oidB, "done\n", "0000"})...), &Fetch{Version: 2, Wants: []string{oidA, oidB}, Options: []string{"thin-pack", "filter blob:none"}, Done: true}},
		"not done":      {2, packets(append(begin, want, "0000")...), &Fetch{Version: 2, Wants: []string{oidA}}},
		"haves":         {2, packets(append(begin, want, "have "+oidB, "done", "0000")...), &Fetch{Version: 2, Wants: []string{oidA}, Haves: true, Done: true}},
		"version 1":     {1, packets(want+" ofs-delta a=b", "want "+oidB, "deepen 1", "0000", "done\n"), &Fetch{Version: 1, Wants: []string{oidA, oidB}, Options: []string{"deepen 1"}, caps: []string{"ofs-delta", "a=b"}, Done: true}},
		"without caps":  {0, packets(want, "0000", "done"), &Fetch{Wants: []string{oidA}, Done: true}},
		"have of none":  {2, packets(append(begin, want, "have main", "0000")...), nil},
		"want of 39":    {2, packets(append(begin, "want "+oidA[1:], "0000")...), nil},
		"want of 41":    {2, packets(append(begin, "want a"+oidA, "0000")...), nil},
		"another verb":  {2, packets(append(begin, want, "packfile-uris https", "0000")...), nil},
		"a wrong end":   {0, packets(want, "0001", "done"), nil},
		"a wrong word":  {0, packets(want, "0000", "more"), nil},
		"no word":       {0, packets(want, "0000", "0000"), nil},
		"no end":        {0, packets(want), nil},
		"one byte more": {2, append(packets(append(begin, want, "0000")...), 'x'), nil},
		"fetch, no end": {2, packets("command=fetch"), nil},
		"ls-refs":       {2, packets("command=ls-refs", "0001", want, "0000"), nil},
		"no command":    {2, packets("agent=x", "0001", want, "0000"), nil},
		"two commands":  {2, packets("command=fetch", "command=ls-refs", "0001", want, "0000"), nil},
	} {
		got, ok := ReadFetch(c.version, c.in)
		if ok != (c.want != nil) || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v %t, want %+v", name, got, ok, c.want)
		}
	}
	f := &Fetch{Version: 2, Wants: []string{oidB, oidA}, Options: []string{"filter blob:none"}, Done: true}
	written := "command=fetch\nobject-format=sha1\ndelim\nfilter blob:none\nwant " + oidB + "\nwant " + oidA + "\ndone\nflush\n"
	if got := lines(t, f.Append(nil)); got != written {
		t.Errorf("written as\n%s\nwant\n%s", got, written)
	}
	if f.Done = false; strings.Contains(lines(t, f.Append(nil)), "done") {
		t.Error("it is done without having said so")
	}
	for option, has := range map[string]bool{"filter": true, "filter blob:none": true, "filtered": false, "filt": false, "": false} {
		if f := (&Fetch{Options: []string{option}}); f.Has("filter") != has {
			t.Errorf("%q has a filter: %t", option, !has)
		}
	}
}

func TestObjectIDs(t *testing.T) {
	for i, c := range []byte("0189abcdef") {
		if id := strings.Repeat("0", i) + string(c) + strings.Repeat("0", 39-i); !isOID(id) {
			t.Errorf("%q is none", id)
		}
	}
	for _, c := range []byte("/:`g@AFG \x00\xff") {
		if id := strings.Repeat("0", 39) + string([]byte{c}); isOID(id) {
			t.Errorf("%q is one", id)
		}
	}
	for _, id := range []string{"", oidA[1:], oidA + "a", oidA + oidA} {
		if isOID(id) {
			t.Errorf("%q is one", id)
		}
	}
}

func push(parts ...[]byte) (*Push, error) {
	return ReadPush(pktline.NewReader(bytes.NewReader(slices.Concat(parts...))))
}

// The last that is taken, and the first that is not.
func TestPushAtItsBounds(t *testing.T) {
	line := func(name string) []byte { return packets(command(oidA, oidB, name)) }
	end, first := packets("0000"), packets(command(oidA, oidB, "refs/heads/a")+"\x00push-options")
	for name, c := range map[string]struct {
		in  [][]byte
		err error // an Error where it is nil and not ok
		ok  bool
	}{
		"a name of one letter": {[][]byte{line("a"), end}, nil, true},
		"a longest name":       {[][]byte{line(strings.Repeat("a", maxRefName)), end}, nil, true},
		"a longer one":         {[][]byte{line(strings.Repeat("a", maxRefName+1)), end}, nil, false},
		"a space in a name":    {[][]byte{line("refs/heads/a b"), end}, nil, true}, // refname refuses it, and says so
		"a tilde":              {[][]byte{line("refs/heads/a~"), end}, nil, true},
		"a delete":             {[][]byte{line("refs/heads/a\x7f"), end}, nil, false},
		"a unit separator":     {[][]byte{line("refs/heads/a\x1f"), end}, nil, false},
		"no space behind old":  {[][]byte{packets(oidA + "x" + oidB + " refs/heads/a"), end}, nil, false},
		"no space behind new":  {[][]byte{packets(oidA + " " + oidB + "xrefs/heads/a"), end}, nil, false},
		"a bad new id":         {[][]byte{packets(oidA + " " + strings.Repeat("g", 40) + " refs/heads/a"), end}, nil, false},
		"a response end":       {[][]byte{line("refs/heads/a"), packets("0002")}, nil, false},
		"many shallow lines":   {[][]byte{bytes.Repeat(packets("shallow "+oidC), 1000), line("a"), end}, nil, true},
		"as many bytes":        {[][]byte{bytes.Repeat(packets("shallow "+oidC), maxCommandBytes/48+1), end}, ErrTooManyCommands, false},
		"all options":          {[][]byte{first, end, bytes.Repeat(packets("x"), maxPushOptions), end}, nil, true},
		"one more":             {[][]byte{first, end, bytes.Repeat(packets("x"), maxPushOptions+1), end}, nil, false},
		"a longest option":     {[][]byte{first, end, packets(strings.Repeat("x", maxRefName)), end}, nil, true},
		"a longer option":      {[][]byte{first, end, packets(strings.Repeat("x", maxRefName+1)), end}, nil, false},
		"a wrong end":          {[][]byte{first, end, packets("x", "0001")}, nil, false},
		"options of a probe":   {[][]byte{packets("shallow " + oidC + "\x00push-options"), end}, nil, true},
		"a certificate":        {[][]byte{packets("push-cert\x00report-status"), end}, nil, false},
	} {
		p, err := push(c.in...)
		_, protocol := errors.AsType[*Error](err)
		if (err == nil) != c.ok || c.err != nil && !errors.Is(err, c.err) || c.err == nil && !c.ok && !protocol {
			t.Errorf("%s: %v", name, err)
		}
		if len(p.Commands) > MaxCommands || len(p.Options) > maxPushOptions {
			t.Errorf("%s: %d commands and %d options are kept", name, len(p.Commands), len(p.Options))
		}
	}
	if _, err := push(packets("push-cert\x00report-status")); err == nil || !strings.Contains(err.Error(), "signed pushes") {
		t.Errorf("a certificate: %v", err)
	}
	p, err := push(packets(command(oidA, oidB, "a"), command(oidA, oidB, "b")+"\x00push-options", "0000", "x\n", "0000"))
	if err != nil || !slices.Equal(p.Options, []string{"x"}) {
		t.Errorf("options that the second line asks for: %v, %q", err, p.Options)
	}
	broken := errors.New("input/output error")
	if _, err := ReadPush(pktline.NewReader(io.MultiReader(bytes.NewReader(first), failing{broken}))); !errors.Is(err, broken) {
		t.Errorf("a source that breaks: %v", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestV2AtItsBounds(t *testing.T) {
	read := func(in []byte) (V2Request, error) { return ReadV2(pktline.NewReader(bytes.NewReader(in))) }
	begin, end := packets("command=fetch"), packets("0001")
	if q, err := read(slices.Concat(begin, bytes.Repeat(packets("agent=x"), maxV2Header-2), end)); err != nil || q.Command != "fetch" || !q.HasArgs {
		t.Errorf("the longest head: %+v %v", q, err)
	}
	if _, err := read(slices.Concat(begin, bytes.Repeat(packets("agent=x"), maxV2Header), end)); err == nil || !strings.Contains(err.Error(), "256 lines") {
		t.Errorf("a longer one: %v", err)
	}
	if _, err := read(packets("command=fetch", "0002")); err == nil || !strings.Contains(err.Error(), "response-end") {
		t.Errorf("a response end: %v", err)
	}
	args := func(in ...[]byte) (LsRefs, error) {
		return ReadLsRefs(pktline.NewReader(bytes.NewReader(slices.Concat(in...))))
	}
	one := packets("ref-prefix " + strings.Repeat("x", 1013)) // 1,028 bytes
	if _, err := args(bytes.Repeat(one, maxArgBytes/len(one)), packets("0000")); err != nil {
		t.Errorf("8 MiB of arguments: %v", err)
	}
	if _, err := args(bytes.Repeat(one, maxArgBytes/len(one)+1), packets("0000")); err == nil {
		t.Error("more than 8 MiB of arguments were read")
	}
	if a, err := args(bytes.Repeat(packets("ref-prefix x"), maxPrefixes), packets("0000")); err != nil || !slices.Equal(a.Prefixes, []string{"x"}) {
		t.Errorf("as many prefixes as git takes: %q %v", a.Prefixes, err)
	}
	if _, err := args(packets("peel", "0001", "0000")); err == nil || !strings.Contains(err.Error(), "unexpected end") {
		t.Errorf("a delimiter: %v", err)
	}
	got := lines(t, V2Advert())
	if want := "version 2\nagent=sojourn\nls-refs=unborn\nfetch=shallow wait-for-done filter\nserver-option\nobject-format=sha1\nflush\n"; got != want {
		t.Errorf("the advertisement is\n%s", got)
	}
}

// A filter costs git the square of its length.
func TestCheckFilters(t *testing.T) {
	request := func(filter string) []byte {
		return packets("command=fetch", "0001", "want "+oidA, filter, "done", "0000")
	}
	for name, c := range map[string]struct {
		in []byte
		ok bool
	}{
		"none":              {packets("command=fetch", "0000"), true},
		"nothing":           {nil, true},
		"no pkt-line":       {[]byte("zzzz"), true},
		"a plain one":       {request("filter blob:none"), true},
		"the longest":       {request("filter " + strings.Repeat("x", maxFilter)), true},
		"a longer one":      {request("filter " + strings.Repeat("x", maxFilter+1)), false},
		"all parts":         {request("filter combine:" + strings.Repeat("tree:1+", maxFilters-1) + "tree:1"), true},
		"one part more":     {request("filter combine:" + strings.Repeat("tree:1+", maxFilters) + "tree:1"), false},
		"nested":            {request("filter " + strings.Repeat("combine:", maxFilters)), true},
		"nested deeper":     {request("filter " + strings.Repeat("combine:", maxFilters+1)), false},
		"another option":    {request("deepen-not " + strings.Repeat("+", 100)), true},
		"the second filter": {packets("want "+oidA, "filter blob:none", "filter "+strings.Repeat("+", maxFilters+1), "0000", "done"), false},
		"behind a flush":    {packets("want "+oidA, "0000", "filter "+strings.Repeat("+", maxFilters+1)), false},
	} {
		err := CheckFilters(c.in)
		if (err == nil) != c.ok || err != nil && err.Error() != "a filter may have 4096 bytes and 16 parts" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Text in answers is one line, harmless to terminals, and short.
func TestOneLine(t *testing.T) {
	for in, want := range map[string]string{"a b~": "a b~", "\x1f\x00\n": "   ", "\x7f": " ", "\u0080\u009f": "  ", "\u00a0ü": "\u00a0ü", strings.Repeat("x", 1001): strings.Repeat("x", 1000)} {
		if got := oneLine(in); got != want {
			t.Errorf("%.20q is %.20q", in, got)
		}
	}
	report := AppendReport(nil, "", []RefStatus{{"a", ""}, {"b", "no"}})
	if want := "000eunpack ok\n0009ok a\n000cng b no\n0000"; string(report) != want {
		t.Errorf("%q", report)
	}
	if got := string(AppendError(nil, "no")); got != "000bERR no\n" {
		t.Errorf("%q", got)
	}
	refs := []store.Ref{{Name: "refs/heads/a", OID: oidA}, {Name: "refs/tags/b", OID: oidA, Peeled: oidB}}
	want := fmt.Sprintf("0032%s HEAD\n003a%s refs/heads/a\n0069%s refs/tags/b peeled:%s\n0000", oidA, oidA, oidA, oidB)
	if got := string(AppendLsRefs(nil, refs, "refs/heads/a", LsRefs{Peel: true})); got != want {
		t.Errorf("%q, want\n%q", got, want)
	}
}
