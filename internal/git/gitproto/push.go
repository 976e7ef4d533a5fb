package gitproto

import (
	"errors"
	"strings"

	"sojourn/internal/pktline"
)

// Bounds of a push, before its pack.
const (
	MaxCommands     = 4000 // CodeCommit's quota of refs in one push
	maxCommandBytes = 4 << 20
	maxRefName      = 4096
	maxPushOptions  = 1000
)

// Command is one line of a push: a ref is to change from Old to New. "" stands
// for no object. Ref is not checked, but is one line of text.
type Command struct{ Old, New, Ref string }

// Push is what a client says before its pack.
type Push struct {
	Commands []Command // none for a probe
	Shallow  []string  // the client's own history ends at these
	Options  []string

	ReportStatus, ReportStatusV2, SideBand, Atomic, Quiet bool
}

// ErrTooManyCommands comes with a Push whose capabilities are known, so that
// the client can be told.
var ErrTooManyCommands = errors.New("too many reference update commands: one push may change at most 4000 refs")

// Report says whether the client wants to know what came of its commands.
func (p *Push) Report() bool { return p.ReportStatus || p.ReportStatusV2 }

// ReadPush reads a push up to its pack. The error is an *Error, ErrTooManyCommands,
// or that of the source.
func ReadPush(r *pktline.Reader) (*Push, error) {
	p := &Push{}
	wantOptions, err := p.readCommands(r)
	if err != nil {
		return p, err
	}
	if wantOptions && len(p.Commands) > 0 {
		return p, p.readOptions(r)
	}
	return p, nil
}

func (p *Push) readCommands(r *pktline.Reader) (options bool, err error) {
	total := 0
	for {
		kind, line, err := r.Next()
		if err != nil {
			return false, broken(err)
		}
		if kind == pktline.Flush {
			return options, nil
		}
		if kind != pktline.Data {
			return false, errorf("unexpected %s packet in a push", kind)
		}
		if total += len(line); total > maxCommandBytes || len(p.Commands) == MaxCommands {
			return false, ErrTooManyCommands
		}
		text, caps, hasCaps := strings.Cut(string(pktline.Text(line)), "\x00")
		if hasCaps {
			wants, err := p.capabilities(strings.TrimSuffix(caps, "\n"))
			if err != nil {
				return false, err
			}
			options = options || wants
		}
		if err := p.line(strings.TrimSuffix(text, "\n")); err != nil {
			return false, err
		}
	}
}

func (p *Push) line(s string) error {
	if oid, ok := strings.CutPrefix(s, "shallow "); ok {
		if !isOID(oid) {
			return errorf("bad shallow line")
		}
		p.Shallow = append(p.Shallow, oid)
		return nil
	}
	if s == "push-cert" {
		return errorf("signed pushes are not supported")
	}
	const n = len(ZeroOID)
	if len(s) < 2*n+3 || s[n] != ' ' || s[2*n+1] != ' ' || !isOID(s[:n]) || !isOID(s[n+1:2*n+1]) {
		return errorf("bad reference update command")
	}
	name := s[2*n+2:]
	if len(name) > maxRefName || strings.ContainsFunc(name, func(c rune) bool { return c < ' ' || c == 0x7f }) {
		return errorf("bad ref name in a reference update command")
	}
	p.Commands = append(p.Commands, Command{Old: orNone(s[:n]), New: orNone(s[n+1 : 2*n+1]), Ref: name})
	return nil
}

func orNone(oid string) string {
	if oid == ZeroOID {
		return ""
	}
	return oid
}

func (p *Push) capabilities(list string) (options bool, err error) {
	for c := range strings.FieldsSeq(list) {
		switch {
		case c == "report-status":
			p.ReportStatus = true
		case c == "report-status-v2":
			p.ReportStatusV2 = true
		case c == "side-band-64k":
			p.SideBand = true
		case c == "atomic":
			p.Atomic = true
		case c == "quiet":
			p.Quiet = true
		case c == "push-options":
			options = true
		case strings.HasPrefix(c, "object-format=") && c != "object-format=sha1":
			return false, errorf("object format %q is not supported, only sha1", cut(strings.TrimPrefix(c, "object-format=")))
		}
	}
	return options, nil
}

func (p *Push) readOptions(r *pktline.Reader) error {
	for {
		kind, line, err := r.Next()
		if err != nil {
			return broken(err)
		}
		if kind == pktline.Flush {
			return nil
		}
		if kind != pktline.Data || len(p.Options) == maxPushOptions || len(line) > maxRefName {
			return errorf("bad or too many push options")
		}
		p.Options = append(p.Options, string(pktline.Text(line)))
	}
}

// RefStatus is what came of one command; Reason is "" when it was done.
type RefStatus struct{ Ref, Reason string }

// AppendReport appends the report of a push (report-status and, with nothing to
// add to it, report-status-v2). Unpack is "" when the pack was accepted.
func AppendReport(b []byte, unpack string, refs []RefStatus) []byte {
	if unpack == "" {
		unpack = "ok"
	}
	b = pktline.Append(b, "unpack ", oneLine(unpack), "\n")
	for _, r := range refs {
		if r.Reason == "" {
			b = pktline.Append(b, "ok ", r.Ref, "\n")
		} else {
			b = pktline.Append(b, "ng ", r.Ref, " ", oneLine(r.Reason), "\n")
		}
	}
	return append(b, pktline.FlushPacket...)
}

// AppendError appends a line that ends any exchange; git shows its text.
func AppendError(b []byte, text string) []byte {
	return pktline.Append(b, "ERR ", oneLine(text), "\n")
}

// oneLine keeps text from ending its line, from being obeyed by a terminal, and short.
func oneLine(s string) string {
	s = strings.Map(func(c rune) rune {
		if c < ' ' || 0x7f <= c && c < 0xa0 {
			return ' '
		}
		return c
	}, s)
	return s[:min(len(s), 1000)]
}
