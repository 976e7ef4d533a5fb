package gitproto

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"sort"
	"strings"

	"sojourn/internal/pktline"
	"sojourn/internal/store"
)

// Bounds of a version 2 request, as far as it is read here.
const (
	maxV2Header = 256     // lines before the arguments
	maxArgBytes = 8 << 20 // of ls-refs
	maxPrefixes = 65536   // of ls-refs; beyond, git too shows all refs
)

// V2Request is the beginning of a version 2 request.
type V2Request struct {
	Command string // "" for a request that only ends the exchange
	HasArgs bool   // arguments follow
}

// ReadV2 reads a request up to its arguments.
func ReadV2(r *pktline.Reader) (V2Request, error) {
	var q V2Request
	for range maxV2Header {
		kind, line, err := r.Next()
		switch {
		case errors.Is(err, io.EOF) && q.Command == "":
			return q, nil
		case err != nil:
			return q, broken(err)
		case kind == pktline.Flush:
			return q, nil
		case kind == pktline.Delim:
			q.HasArgs = true
			return q, nil
		case kind != pktline.Data:
			return q, errorf("unexpected %s packet in a request", kind)
		}
		if err := q.line(string(pktline.Text(line))); err != nil {
			return q, err
		}
	}
	return q, errorf("a request may have %d lines before its arguments", maxV2Header)
}

func (q *V2Request) line(s string) error {
	key, value, _ := strings.Cut(s, "=")
	switch key {
	case "command":
		if q.Command != "" {
			return errorf("a request has one command")
		}
		if value != "ls-refs" && value != "fetch" {
			return errorf("unknown command %q", cut(value))
		}
		q.Command = value
	case "object-format":
		if value != "sha1" {
			return errorf("object format %q is not supported, only sha1", cut(value))
		}
	case "agent", "server-option", "session-id":
	default:
		return errorf("unknown capability %q", cut(key))
	}
	return nil
}

// broken words what a reader of pkt-lines returned.
func broken(err error) error {
	if _, ok := errors.AsType[*pktline.SyntaxError](err); ok {
		return errorf("%v", err)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errorf("the request ends in the middle")
	}
	return err
}

func cut(s string) string { return s[:min(len(s), 100)] }

// LsRefs are the arguments of ls-refs.
type LsRefs struct {
	Symrefs, Peel, Unborn bool
	// Prefixes select refs; none selects all. They are sorted and none begins with another.
	Prefixes []string
}

// ReadLsRefs reads the arguments of ls-refs and the end of the request.
func ReadLsRefs(r *pktline.Reader) (LsRefs, error) {
	var a LsRefs
	total, all := 0, false
	for {
		kind, line, err := r.Next()
		if err != nil {
			return a, broken(err)
		}
		if kind == pktline.Flush {
			break
		}
		if total += len(line) + pktline.HeaderLen; kind != pktline.Data || total > maxArgBytes {
			return a, errorf("unexpected end of the arguments of ls-refs")
		}
		switch s := string(pktline.Text(line)); {
		case s == "symrefs":
			a.Symrefs = true
		case s == "peel":
			a.Peel = true
		case s == "unborn":
			a.Unborn = true
		case strings.HasPrefix(s, "ref-prefix "):
			if all = all || len(a.Prefixes) == maxPrefixes; !all {
				a.Prefixes = append(a.Prefixes, strings.TrimPrefix(s, "ref-prefix "))
			}
		default:
			return a, errorf("unexpected argument of ls-refs: %q", cut(s))
		}
	}
	if all {
		a.Prefixes = nil
	}
	a.Prefixes = reduce(a.Prefixes)
	return a, nil
}

// reduce sorts prefixes and drops those that another one covers.
func reduce(prefixes []string) []string {
	slices.Sort(prefixes)
	out := prefixes[:0]
	for _, p := range prefixes {
		if len(out) == 0 || !strings.HasPrefix(p, out[len(out)-1]) {
			out = append(out, p)
		}
	}
	return out
}

// AppendLsRefs appends the answer to ls-refs.
func AppendLsRefs(b []byte, refs []store.Ref, head string, a LsRefs) []byte {
	prefixes := a.Prefixes
	if len(prefixes) == 0 {
		prefixes = []string{""}
	}
	if slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix("HEAD", p) }) {
		b = appendHead(b, refs, head, a)
	}
	for _, p := range prefixes {
		from := sort.Search(len(refs), func(i int) bool { return refs[i].Name >= p })
		for i := from; i < len(refs) && strings.HasPrefix(refs[i].Name, p); i++ {
			b = appendRef(b, &refs[i], a.Peel)
		}
	}
	return append(b, pktline.FlushPacket...)
}

func appendHead(b []byte, refs []store.Ref, head string, a LsRefs) []byte {
	if head == "" {
		return b
	}
	target := ""
	if a.Symrefs {
		target = " symref-target:" + head
	}
	if at, ok := find(refs, head); ok {
		return pktline.Append(b, at.OID, " HEAD", target, "\n")
	}
	if a.Unborn && a.Symrefs {
		return pktline.Append(b, "unborn HEAD", target, "\n")
	}
	return b
}

func appendRef(b []byte, r *store.Ref, peel bool) []byte {
	if peel && r.Peeled != "" {
		return pktline.Append(b, r.OID, " ", r.Name, " peeled:", r.Peeled, "\n")
	}
	return pktline.Append(b, r.OID, " ", r.Name, "\n")
}

// Bounds of a filter. git takes memory and time by the square of a filter's
// length where filters are nested.
const (
	maxFilter  = 4096
	maxFilters = 16
)

// CheckFilters refuses a fetch, of any version, with a filter that is too large.
// Whatever else is wrong with it is left to git.
func CheckFilters(request []byte) error {
	r := pktline.NewReader(bytes.NewReader(request))
	for {
		_, line, err := r.Next()
		if err != nil {
			return nil
		}
		if spec, ok := bytes.CutPrefix(line, []byte("filter ")); ok && (len(spec) > maxFilter || bytes.Count(spec, []byte("combine:"))+bytes.Count(spec, []byte("+")) > maxFilters) {
			return errorf("a filter may have %d bytes and %d parts", maxFilter, maxFilters)
		}
	}
}
