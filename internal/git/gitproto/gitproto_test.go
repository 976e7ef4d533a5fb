package gitproto

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"sojourn/internal/pktline"
	"sojourn/internal/store"
)

const (
	oidA = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	oidB = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
	oidC = "cccccccccccccccccccccccccccccccccccccccc"
)

var sample = []store.Ref{
	{Name: "refs/heads/main", OID: oidA},
	{Name: "refs/heads/topic/one", OID: oidB},
	{Name: "refs/tags/v1", OID: oidB, Peeled: oidA},
	{Name: "refs/tags/v2", OID: oidA},
}

// lines decodes packets into text, one a line.
func lines(t *testing.T, b []byte) string {
	t.Helper()
	var out strings.Builder
	src := bytes.NewReader(b)
	r := pktline.NewReader(src)
	for src.Len() > 0 {
		kind, p, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		if kind != pktline.Data {
			p = []byte(kind.String())
		}
		fmt.Fprintf(&out, "%s\n", pktline.Text(p))
	}
	return out.String()
}

func packets(lines ...string) []byte {
	var b []byte
	for _, l := range lines {
		switch l {
		case "0000", "0001", "0002":
			b = append(b, l...)
		default:
			b = pktline.Append(b, l)
		}
	}
	return b
}

func TestUploadAdvert(t *testing.T) {
	got := lines(t, UploadAdvert(0, sample, "refs/heads/main"))
	want := "# service=git-upload-pack\nflush\n" +
		oidA + " HEAD\x00" + uploadCaps + " symref=HEAD:refs/heads/main\n" +
		oidA + " refs/heads/main\n" + oidB + " refs/heads/topic/one\n" +
		oidB + " refs/tags/v1\n" + oidA + " refs/tags/v1^{}\n" + oidA + " refs/tags/v2\nflush\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := lines(t, UploadAdvert(1, sample, "")); !strings.HasPrefix(got, "# service=git-upload-pack\nflush\nversion 1\n"+oidA+" refs/heads/main\x00") {
		t.Errorf("version 1 without a default branch:\n%s", got)
	}
	if got := lines(t, UploadAdvert(0, nil, "refs/heads/main")); got != "# service=git-upload-pack\nflush\n"+ZeroOID+" capabilities^{}\x00"+uploadCaps+"\nflush\n" {
		t.Errorf("empty:\n%s", got)
	}
}

func TestReceiveAdvert(t *testing.T) {
	got := lines(t, ReceiveAdvert(0, sample[:2]))
	want := "# service=git-receive-pack\nflush\n" + oidA + " refs/heads/main\x00" + receiveCaps + "\n" + oidB + " refs/heads/topic/one\nflush\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := lines(t, ReceiveAdvert(1, nil)); got != "# service=git-receive-pack\nflush\nversion 1\n"+ZeroOID+" capabilities^{}\x00"+receiveCaps+"\nflush\n" {
		t.Errorf("empty:\n%s", got)
	}
}

func TestLsRefs(t *testing.T) {
	for _, c := range []struct {
		name, args, head string
		refs             []store.Ref
		want             []string
	}{
		{"all", "", "refs/heads/main", sample, []string{oidA + " HEAD", oidA + " refs/heads/main", oidB + " refs/heads/topic/one", oidB + " refs/tags/v1", oidA + " refs/tags/v2"}},
		{"symrefs and peel", "symrefs,peel,ref-prefix HEAD,ref-prefix refs/tags/", "refs/heads/main", sample,
			[]string{oidA + " HEAD symref-target:refs/heads/main", oidB + " refs/tags/v1 peeled:" + oidA, oidA + " refs/tags/v2"}},
		{"overlapping prefixes", "ref-prefix refs/heads/m,ref-prefix refs/heads/,ref-prefix refs/heads/main", "", sample,
			[]string{oidA + " refs/heads/main", oidB + " refs/heads/topic/one"}},
		{"order of names, not of prefixes", "ref-prefix refs/tags/v2,ref-prefix refs/heads/main", "", sample, []string{oidA + " refs/heads/main", oidA + " refs/tags/v2"}},
		{"none", "ref-prefix refs/x/", "refs/heads/main", sample, nil},
		{"unborn", "symrefs,unborn", "refs/heads/main", nil, []string{"unborn HEAD symref-target:refs/heads/main"}},
		{"unborn not asked for", "symrefs", "refs/heads/main", nil, nil},
		{"no head", "symrefs,unborn", "", nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var in []string
			if c.args != "" {
				in = strings.Split(c.args, ",")
			}
			a, err := ReadLsRefs(pktline.NewReader(bytes.NewReader(packets(append(in, "0000")...))))
			if err != nil {
				t.Fatal(err)
			}
			want := strings.Join(append(c.want, "flush"), "\n") + "\n"
			if got := lines(t, AppendLsRefs(nil, c.refs, c.head, a)); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestReadV2(t *testing.T) {
	for _, c := range []struct {
		in      []byte
		command string
		args    bool
		err     bool
	}{
		{packets("command=ls-refs\n", "agent=git/2.39.5", "object-format=sha1", "0001", "peel\n", "0000"), "ls-refs", true, false},
		{packets("command=fetch", "0000"), "fetch", false, false},
		{packets("0000"), "", false, false},
		{nil, "", false, false},
		{packets("command=object-info", "0001", "0000"), "", false, true},
		{packets("command=ls-refs", "command=fetch", "0000"), "", false, true},
		{packets("command=ls-refs", "object-format=sha256", "0000"), "", false, true},
		{packets("something", "0000"), "", false, true},
		{packets("command=ls-refs"), "", false, true},
		{packets("command=ls-refs", "0002"), "", false, true},
		{[]byte("zzzz"), "", false, true},
		{bytes.Repeat(packets("agent=x"), 1000), "", false, true},
	} {
		q, err := ReadV2(pktline.NewReader(bytes.NewReader(c.in)))
		if (err != nil) != c.err || err == nil && (q.Command != c.command || q.HasArgs != c.args) {
			t.Errorf("%.80q: %+v %v", c.in, q, err)
		}
	}
}

func TestLsRefsBounds(t *testing.T) {
	read := func(in []byte) (LsRefs, error) { return ReadLsRefs(pktline.NewReader(bytes.NewReader(in))) }
	many := bytes.Repeat(packets("ref-prefix x"), maxPrefixes+1)
	if a, err := read(append(many, "0000"...)); err != nil || a.Prefixes != nil {
		t.Errorf("beyond git's own bound of prefixes: %d prefixes, %v; want all refs", len(a.Prefixes), err)
	}
	if _, err := read(bytes.Repeat(packets("ref-prefix "+strings.Repeat("x", 60000)), 200)); err == nil {
		t.Error("12 MB of arguments were read")
	}
	for _, in := range [][]byte{packets("peel", "0001"), packets("nonsense", "0000"), packets("peel")} {
		if _, err := read(in); err == nil {
			t.Errorf("%q: no error", in)
		}
	}
}

func command(old, new, ref string) string { return old + " " + new + " " + ref }

func TestReadPush(t *testing.T) {
	in := packets("shallow "+oidC, command(oidA, oidB, "refs/heads/main")+"\x00 report-status-v2 side-band-64k atomic quiet push-options object-format=sha1 agent=git/2.39.5\n",
		command(ZeroOID, oidB, "refs/heads/new"), command(oidA, ZeroOID, "refs/tags/old")+"\n", "0000", "ci.skip", "0000")
	src := bytes.NewReader(append(in, "PACK"...))
	p, err := ReadPush(pktline.NewReader(src))
	if err != nil {
		t.Fatal(err)
	}
	want := Push{
		Commands: []Command{{oidA, oidB, "refs/heads/main"}, {"", oidB, "refs/heads/new"}, {oidA, "", "refs/tags/old"}},
		Shallow:  []string{oidC}, Options: []string{"ci.skip"},
		ReportStatusV2: true, SideBand: true, Atomic: true, Quiet: true,
	}
	if fmt.Sprintf("%+v", *p) != fmt.Sprintf("%+v", want) || !p.Report() {
		t.Errorf("got %+v", *p)
	}
	if src.Len() != 4 {
		t.Errorf("%d bytes are left, want the pack's 4", src.Len())
	}
	probe, err := ReadPush(pktline.NewReader(strings.NewReader("0000")))
	if err != nil || len(probe.Commands) != 0 {
		t.Errorf("a probe: %+v %v", probe, err)
	}
}

func TestReadPushRefuses(t *testing.T) {
	for name, in := range map[string][]byte{
		"no flush":          packets(command(oidA, oidB, "refs/heads/main")),
		"delim":             packets(command(oidA, oidB, "refs/heads/main"), "0001"),
		"short":             packets("refs/heads/main", "0000"),
		"no name":           packets(oidA+" "+oidB+" ", "0000"),
		"bad id":            packets(command(strings.Repeat("g", 40), oidB, "refs/heads/main"), "0000"),
		"upper case id":     packets(command(strings.ToUpper(oidA), oidB, "refs/heads/main"), "0000"),
		"newline in a name": packets(command(oidA, oidB, "refs/heads/a\nok refs/heads/b"), "0000"),
		"escape in a name":  packets(command(oidA, oidB, "refs/heads/\x1b[31m"), "0000"),
		"long name":         packets(command(oidA, oidB, "refs/heads/"+strings.Repeat("x", 5000)), "0000"),
		"certificate":       packets("push-cert\x00report-status", "0000"),
		"bad shallow":       packets("shallow x", "0000"),
		"sha256":            packets(command(oidA, oidB, "refs/heads/main")+"\x00object-format=sha256", "0000"),
		"options cut short": packets(command(oidA, oidB, "refs/heads/main")+"\x00push-options", "0000", "x"),
		"too many options":  append(packets(command(oidA, oidB, "refs/heads/main")+"\x00push-options", "0000"), bytes.Repeat(packets("x"), 2000)...),
		"bad length":        []byte("zzzz"),
		"nothing":           nil,
	} {
		_, err := ReadPush(pktline.NewReader(bytes.NewReader(in)))
		if _, ok := errors.AsType[*Error](err); !ok {
			t.Errorf("%s: %v, want an Error", name, err)
		}
	}
}

func TestTooManyCommands(t *testing.T) {
	var in []byte
	for i := range MaxCommands + 1 {
		if i == MaxCommands {
			if p, err := ReadPush(pktline.NewReader(bytes.NewReader(append(bytes.Clone(in), "0000"...)))); err != nil || len(p.Commands) != MaxCommands {
				t.Errorf("%d commands: %v", len(p.Commands), err)
			}
		}
		in = append(in, packets(command(ZeroOID, oidA, fmt.Sprintf("refs/heads/b%d", i))+"\x00report-status side-band-64k")...)
	}
	p, err := ReadPush(pktline.NewReader(bytes.NewReader(in)))
	if !errors.Is(err, ErrTooManyCommands) || !p.ReportStatus || !p.SideBand {
		t.Errorf("%v, %+v", err, p.ReportStatus)
	}
	long := bytes.Repeat(packets(command(ZeroOID, oidA, "refs/heads/"+strings.Repeat("x", 4000))), 2000)
	if _, err := ReadPush(pktline.NewReader(bytes.NewReader(long))); !errors.Is(err, ErrTooManyCommands) {
		t.Errorf("8 MB of commands: %v", err)
	}
}

func TestReport(t *testing.T) {
	got := lines(t, AppendReport(nil, "", []RefStatus{{"refs/heads/a", ""}, {"refs/heads/b", "no\nok refs/heads/c\x1b[31m"}}))
	if want := "unpack ok\nok refs/heads/a\nng refs/heads/b no ok refs/heads/c [31m\nflush\n"; got != want {
		t.Errorf("got %q", got)
	}
	if got := lines(t, AppendError(nil, "bad\nthing")); got != "ERR bad thing\n" {
		t.Errorf("got %q", got)
	}
}
