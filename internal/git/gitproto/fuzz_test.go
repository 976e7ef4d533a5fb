package gitproto

import (
	"bytes"
	"fmt"
	"reflect"
	"sort"
	"strings"
	"testing"

	"sojourn/internal/pktline"
	"sojourn/internal/store"
)

func orZero(oid string) string {
	if oid == "" {
		return ZeroOID
	}
	return oid
}

// encode writes a push as a client would.
func encode(p *Push) []byte {
	var b []byte
	for _, s := range p.Shallow {
		b = pktline.Append(b, "shallow ", s)
	}
	caps := "\x00"
	for name, set := range map[string]bool{"report-status": p.ReportStatus, "report-status-v2": p.ReportStatusV2,
		"side-band-64k": p.SideBand, "atomic": p.Atomic, "quiet": p.Quiet, "push-options": p.Options != nil} {
		if set {
			caps += " " + name
		}
	}
	for i, c := range p.Commands {
		if i > 0 {
			caps = ""
		}
		b = pktline.Append(b, orZero(c.Old), " ", orZero(c.New), " ", c.Ref, caps)
	}
	b = append(b, pktline.FlushPacket...)
	if p.Options != nil && len(p.Commands) > 0 {
		for _, o := range p.Options {
			b = pktline.Append(b, o, "\n")
		}
		b = append(b, pktline.FlushPacket...)
	}
	return b
}

// FuzzCommandList: what is understood is within bounds, one line each, and read
// back the same from what a client would have written for it.
func FuzzCommandList(f *testing.F) {
	f.Add(packets(command(oidA, oidB, "refs/heads/main")+"\x00 report-status side-band-64k push-options\n", "0000", "opt", "0000"))
	f.Add(packets("shallow "+oidC, command(ZeroOID, oidB, "refs/heads/ü"), command(oidA, ZeroOID, "refs/tags/x"), "0000"))
	f.Add([]byte("0000"))
	f.Fuzz(func(t *testing.T, in []byte) {
		p, err := ReadPush(pktline.NewReader(bytes.NewReader(in)))
		if len(p.Commands) > MaxCommands || len(p.Options) > maxPushOptions {
			t.Fatalf("%d commands, %d options", len(p.Commands), len(p.Options))
		}
		if err != nil || len(p.Commands) == 0 {
			return
		}
		var report []RefStatus
		for _, c := range p.Commands {
			report = append(report, RefStatus{c.Ref, "no"})
		}
		if n := strings.Count(lines(t, AppendReport(nil, "", report)), "\n"); n != len(report)+2 {
			t.Fatalf("a report of %d commands has %d lines", len(report), n)
		}
		again, err := ReadPush(pktline.NewReader(bytes.NewReader(encode(p))))
		if err != nil || !reflect.DeepEqual(p, again) {
			t.Fatalf("read %+v, again %+v, %v", p, again, err)
		}
	})
}

// FuzzLsRefs: whatever the arguments, the answer is the refs that match, each
// once and in order, as a plain loop over all refs finds them.
func FuzzLsRefs(f *testing.F) {
	f.Add(packets("command=ls-refs\n", "agent=git/2.39.5", "0001", "peel\n", "symrefs\n", "unborn\n", "ref-prefix refs/heads/\n", "ref-prefix HEAD\n", "0000"), uint8(3))
	f.Add(packets("command=ls-refs", "0001", "ref-prefix refs/h", "ref-prefix refs/heads/b", "ref-prefix ", "0000"), uint8(20))
	f.Fuzz(func(t *testing.T, in []byte, n uint8) {
		r := pktline.NewReader(bytes.NewReader(in))
		q, err := ReadV2(r)
		if err != nil || q.Command != "ls-refs" || !q.HasArgs {
			return
		}
		a, err := ReadLsRefs(r)
		if err != nil {
			return
		}
		refs := make([]store.Ref, n)
		for i := range refs {
			refs[i] = store.Ref{Name: fmt.Sprintf("refs/%s/b%d", []string{"heads", "tags", "x"}[i%3], i), OID: oidA}
		}
		sort.Slice(refs, func(i, j int) bool { return refs[i].Name < refs[j].Name })
		var want strings.Builder
		for _, r := range refs {
			if matches(a.Prefixes, r.Name) {
				fmt.Fprintf(&want, "%s %s\n", r.OID, r.Name)
			}
		}
		want.WriteString("flush\n")
		if got := lines(t, AppendLsRefs(nil, refs, "", a)); got != want.String() {
			t.Fatalf("prefixes %q: got\n%s\nwant\n%s", a.Prefixes, got, want.String())
		}
	})
}

func matches(prefixes []string, name string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return len(prefixes) == 0
}
