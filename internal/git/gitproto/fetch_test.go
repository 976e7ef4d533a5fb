package gitproto

import (
	"reflect"
	"testing"

	"sojourn/internal/pktline"
)

func TestReadFetch(t *testing.T) {
	v2 := func(args ...string) []byte {
		return packets(append([]string{"command=fetch", "agent=git/2.39.5", "object-format=sha1", "0001"}, args...)...)
	}
	want := "want " + oidA
	for name, c := range map[string]struct {
		version int
		in      []byte
		ok      bool
		shallow bool
		filter  bool
	}{
		"clone":             {2, v2("thin-pack", "ofs-delta", want, "done\n", "0000"), true, false, false},
		"shallow":           {2, v2("deepen 1", want, "done", "0000"), true, true, false},
		"shallow already":   {2, v2("shallow "+oidB, want, "done", "0000"), true, true, false},
		"since":             {2, v2("deepen-since 1", want, "done", "0000"), true, true, false},
		"filter":            {2, v2("filter blob:none", want, "0000"), true, false, true},
		"nothing wanted":    {2, v2("done", "0000"), false, false, false},
		"not an id":         {2, v2("want refs/heads/main", "done", "0000"), false, false, false},
		"unknown argument":  {2, v2(want, "want-ref refs/heads/main", "done", "0000"), false, false, false},
		"cut short":         {2, v2(want, "done"), false, false, false},
		"delimiter":         {2, v2(want, "0001", "0000"), false, false, false},
		"more behind it":    {2, append(v2(want, "done", "0000"), "0000"...), false, false, false},
		"another command":   {2, packets("command=ls-refs", "0001", "0000"), false, false, false},
		"no arguments":      {2, packets("command=fetch", "0000"), false, false, false},
		"version 0":         {0, packets(want+" side-band-64k ofs-delta deepen-since deepen-not filter agent=x", "want "+oidB, "0000", "done"), true, false, true},
		"version 1, depth":  {1, packets(want+" ofs-delta", "deepen 1", "0000", "done"), true, true, false},
		"version 0, haves":  {0, packets(want+" ofs-delta", "0000", "have "+oidB, "0000"), false, false, false},
		"version 0, more":   {0, packets(want+" ofs-delta", "0000", "done", "0000"), false, false, false},
		"version 0, second": {0, packets(want+" ofs-delta", "want "+oidB+" side-band-64k", "0000", "done"), false, false, false},
	} {
		f, ok := ReadFetch(c.version, c.in)
		if ok != c.ok || ok && (f.Shallow() != c.shallow || f.Has("filter") != c.filter || f.Haves) {
			t.Errorf("%s: %+v %t", name, f, ok)
		}
	}
}

// FuzzFetch: a request that is understood is written anew as one that is
// understood the same.
func FuzzFetch(f *testing.F) {
	f.Add(packets("command=fetch", "agent=git/2.39.5", "0001", "deepen 1\n", "want "+oidA, "want "+oidA, "have "+oidB, "done", "0000"))
	f.Add(packets("command=fetch", "0001", "want "+oidA, "filter blob:none", "0000"))
	f.Fuzz(func(t *testing.T, in []byte) {
		a, ok := ReadFetch(2, in)
		ReadFetch(0, in)
		if !ok || a.Haves {
			return
		}
		for _, o := range a.Options {
			if len(o)+1 > pktline.MaxPayload {
				return
			}
		}
		b, ok := ReadFetch(2, a.Append(nil))
		if !ok || !reflect.DeepEqual(a, b) {
			t.Fatalf("read %+v, again %+v", a, b)
		}
	})
}
