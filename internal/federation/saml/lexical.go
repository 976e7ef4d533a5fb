package saml

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	roundtrip "github.com/mattermost/xml-roundtrip-validator"

	"sojourn/internal/lazyre"
)

// limits bound a document before anything is made of it.
type limits struct {
	elements, depth, attrs, prefixes int
	comments                         bool // between elements; metadata has them
	twice                            bool // another parser will read it as well
}

var (
	// goxmldsig walks at most 1,000 elements and counts SignedInfo twice.
	responseLimits = limits{elements: 900, depth: 32, attrs: 32, prefixes: 64, twice: true}
	verifiedLimits = limits{elements: 900, depth: 32, attrs: 32, prefixes: 64}
	metadataLimits = limits{elements: 100_000, depth: 32, attrs: 32, prefixes: 64, comments: true}
)

var (
	ncName      = lazyre.New(`^[A-Za-z_][A-Za-z0-9_.-]*$`)
	absoluteURI = lazyre.New(`^[A-Za-z][A-Za-z0-9+.-]*:[\x21-\x7e]+$`)
	declaration = lazyre.New(`^version=["']1\.0["'](\s+encoding=["'](?i:utf-8)["'])?(\s+standalone=["'](yes|no)["'])?\s*$`)
)

// parse is the one way from bytes to nodes. It refuses whatever two readers of
// XML could see differently; reasons have the lexical stage.
func parse(raw []byte, l limits) (*node, error) {
	if err := checkBytes(raw, l); err != nil {
		return nil, err
	}
	r := &reader{limits: l, raw: raw, tokens: xml.NewDecoder(bytes.NewReader(raw))}
	return r.read()
}

// checkBytes refuses by the raw bytes. Outside comments a "<!" that is no
// markup cannot be in well-formed XML, so that looking for it is exact.
func checkBytes(raw []byte, l limits) error {
	switch {
	case !utf8.Valid(raw):
		return refuse(StageLexical, "not UTF-8")
	case bytes.IndexByte(raw, 0) >= 0:
		return refuse(StageLexical, "a NUL character")
	case bytes.HasPrefix(raw, []byte("\ufeff")):
		return refuse(StageLexical, "a byte order mark")
	case !l.comments && bytes.Contains(raw, []byte("<!")):
		return refuse(StageLexical, "a document type, comment or CDATA section")
	case bytes.Contains(raw, []byte("<![")):
		return refuse(StageLexical, "a CDATA section")
	}
	return nil
}

// reader builds the tree. RawToken neither matches tags nor knows namespaces,
// which leaves both to the code below and so to nobody else.
type reader struct {
	limits
	raw    []byte
	tokens *xml.Decoder
	open   []frame
	root   *node
	count  int
}

// frame is an element that is not closed yet.
type frame struct {
	raw    xml.Name
	node   *node
	text   []byte
	spaces map[string]string // prefix to namespace, "" for the default
}

func (r *reader) read() (*node, error) {
	for first := true; ; first = false {
		start := r.tokens.InputOffset()
		token, err := r.tokens.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, refuse(StageLexical, "not XML: %v", err)
		}
		if _, end := token.(xml.EndElement); r.twice && !end && roundtrip.CheckToken(token) != nil {
			return nil, refuse(StageLexical, "not the same when written again")
		}
		if err := r.take(token, r.raw[start:r.tokens.InputOffset()], first); err != nil {
			return nil, err
		}
	}
	if r.root == nil || len(r.open) > 0 {
		return nil, refuse(StageLexical, "the document ends early")
	}
	return r.root, nil
}

func (r *reader) take(token xml.Token, raw []byte, first bool) error {
	switch t := token.(type) {
	case xml.ProcInst:
		if !first || t.Target != "xml" || !declaration.Match(t.Inst) {
			return refuse(StageLexical, "a processing instruction")
		}
	case xml.StartElement:
		return r.start(t, raw)
	case xml.EndElement:
		return r.end(t)
	case xml.CharData:
		return r.text(t)
	case xml.Comment:
		if len(r.open) > 0 {
			r.top().node.comment = true
		}
	default:
		return refuse(StageLexical, "a document type")
	}
	return nil
}

func (r *reader) top() *frame { return &r.open[len(r.open)-1] }

func (r *reader) start(t xml.StartElement, raw []byte) error {
	r.count++
	switch {
	case r.root != nil && len(r.open) == 0:
		return refuse(StageLexical, "a second root")
	case r.count > r.elements || len(r.open) == r.depth || len(t.Attr) > r.attrs:
		return refuse(StageLexical, "more than %d elements, %d levels or %d attributes", r.elements, r.depth, r.limits.attrs)
	case !r.comments && brokenValue(raw):
		return refuse(StageLexical, "a line break in an attribute of %q", t.Name.Local)
	}
	spaces, err := r.declare(t.Attr)
	if err != nil {
		return err
	}
	n := &node{attrs: make(map[name]string, len(t.Attr))}
	if n.name, err = resolve(t.Name, spaces, spaces[""]); err != nil {
		return err
	}
	if err := n.take(t.Attr, spaces); err != nil {
		return err
	}
	if r.root == nil {
		r.root = n
	} else {
		parent := r.top().node
		parent.children = append(parent.children, n)
	}
	r.open = append(r.open, frame{raw: t.Name, node: n, spaces: spaces})
	return nil
}

// brokenValue reports a literal tab or line break inside quotes, which XML turns
// into a space and encoding/xml does not.
func brokenValue(tag []byte) bool {
	var quote byte
	for _, c := range tag {
		switch {
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case c == quote:
			quote = 0
		case quote != 0 && (c == '\n' || c == '\r' || c == '\t'):
			return true
		}
	}
	return false
}

func (r *reader) end(t xml.EndElement) error {
	if len(r.open) == 0 || r.top().raw != t.Name {
		return refuse(StageLexical, "end of %q, which is not open", t.Name.Local)
	}
	r.top().node.text = string(r.top().text)
	r.open = r.open[:len(r.open)-1]
	return nil
}

func (r *reader) text(t xml.CharData) error {
	if len(r.open) == 0 {
		if trim(string(t)) != "" {
			return refuse(StageLexical, "text outside the root")
		}
		return nil
	}
	r.top().text = append(r.top().text, t...)
	return nil
}

func trim(s string) string { return strings.TrimFunc(s, isSpace) }
