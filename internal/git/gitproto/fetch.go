package gitproto

import (
	"bytes"
	"slices"
	"strings"

	"sojourn/internal/pktline"
)

// Fetch is a request for a pack, as far as it can be read without objects.
type Fetch struct {
	Version int
	Wants   []string // in the client's order: git's answer may depend on it
	// Options are the other lines: "ofs-delta", "deepen 1", "filter blob:none". In
	// version 0 and 1 some of them are capabilities.
	Options, caps []string
	Haves         bool // the client has some of the history
	Done          bool // and waits for the pack at once
}

// Has reports whether one of the options is name, alone or with a value.
func (f *Fetch) Has(name string) bool {
	return slices.Contains(f.caps, name) || slices.ContainsFunc(f.Options, func(o string) bool {
		rest, ok := strings.CutPrefix(o, name)
		return ok && (rest == "" || rest[0] == ' ')
	})
}

// Shallow reports whether the client's history is to end somewhere, or does.
func (f *Fetch) Shallow() bool {
	return slices.ContainsFunc(f.Options, func(o string) bool {
		return strings.HasPrefix(o, "deepen") || strings.HasPrefix(o, "shallow")
	})
}

// Append appends the request in version 2, without what tells clients apart that
// ask for the same.
func (f *Fetch) Append(b []byte) []byte {
	b = append(pktline.Append(pktline.Append(b, "command=fetch"), "object-format=sha1"), pktline.DelimPacket...)
	for _, o := range f.Options {
		b = pktline.Append(b, o, "\n")
	}
	for _, oid := range f.Wants {
		b = pktline.Append(b, "want ", oid, "\n")
	}
	if f.Done {
		b = pktline.Append(b, "done\n")
	}
	return append(b, pktline.FlushPacket...)
}

// ReadFetch reads a whole request. It is false for one that is anything but a
// well-formed fetch of this version, which is git's to answer.
func ReadFetch(version int, request []byte) (*Fetch, bool) {
	f := &Fetch{Version: version}
	src := bytes.NewReader(request)
	r := pktline.NewReader(src)
	read := f.readV0
	if version == 2 {
		if q, err := ReadV2(r); err != nil || q.Command != "fetch" || !q.HasArgs {
			return nil, false
		}
		read = f.readV2
	}
	if !read(r) || src.Len() > 0 || len(f.Wants) == 0 {
		return nil, false
	}
	return f, true
}

func (f *Fetch) readV2(r *pktline.Reader) bool {
	for {
		kind, line, err := r.Next()
		if err != nil || kind != pktline.Data {
			return err == nil && kind == pktline.Flush
		}
		if !f.line(string(pktline.Text(line))) {
			return false
		}
	}
}

// readV0 reads wants, a flush and "done", which is all that a clone has to say.
func (f *Fetch) readV0(r *pktline.Reader) bool {
	for first := true; ; first = false {
		kind, line, err := r.Next()
		if err != nil || kind != pktline.Data {
			if err != nil || kind != pktline.Flush {
				return false
			}
			break
		}
		text := string(pktline.Text(line))
		if first {
			var caps string
			const end = len("want ") + len(ZeroOID)
			if len(text) > end {
				text, caps = text[:end], text[end:]
			}
			for c := range strings.FieldsSeq(caps) {
				f.caps = append(f.caps, c)
			}
		}
		if !f.line(text) {
			return false
		}
	}
	kind, line, err := r.Next()
	f.Done = err == nil && kind == pktline.Data && string(pktline.Text(line)) == "done"
	return f.Done
}

func (f *Fetch) line(s string) bool {
	switch verb, value, _ := strings.Cut(s, " "); verb {
	case "want":
		f.Wants = append(f.Wants, value)
		return isOID(value)
	case "have":
		f.Haves = true
		return isOID(value)
	case "done":
		f.Done = true
	case "thin-pack", "no-progress", "include-tag", "ofs-delta", "shallow", "deepen", "deepen-since", "deepen-not", "deepen-relative", "filter", "wait-for-done":
		f.Options = append(f.Options, s)
	default:
		return false
	}
	return true
}
