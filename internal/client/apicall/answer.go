package apicall

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"sojourn/internal/wire"
)

// Error is an answer that says no, in the AWS CLI's words.
type Error struct{ Code, Message, Operation string }

func (e *Error) Error() string {
	return fmt.Sprintf("An error occurred (%s) when calling the %s operation: %s", e.Code, e.Operation, e.Message)
}

// Decode turns an answer into the JSON that the AWS CLI prints, indented by
// four spaces and ended by a newline; "" for an answer without members. A
// status other than 200 is an *Error.
func Decode(s *wire.Service, o *wire.Operation, status int, body []byte) (string, error) {
	if s.Protocol == wire.JSON {
		return decodeJSON(o, status, body)
	}
	root, err := parseXML(body)
	if err != nil {
		return "", fmt.Errorf("the server's answer (status %d) is not understood: %w", status, err)
	}
	if status != 200 {
		e := root.child("Error")
		return "", &Error{Code: e.child("Code").text, Message: e.child("Message").text, Operation: o.Name}
	}
	if o.Output == nil || len(o.Output.Members) == 0 {
		return "", nil
	}
	var raw bytes.Buffer
	writeXML(&raw, o.Output, root.child(o.Wrapper))
	return indent(raw.Bytes())
}

func decodeJSON(o *wire.Operation, status int, body []byte) (string, error) {
	if status == 200 {
		if len(body) == 0 || o.Output == nil || len(o.Output.Members) == 0 {
			return "", nil
		}
		return indent(body)
	}
	var e struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
	}
	if err := json.Unmarshal(body, &e); err != nil {
		return "", fmt.Errorf("the server's answer (status %d) is not understood: %w", status, err)
	}
	return "", &Error{Code: e.Type[strings.LastIndexByte(e.Type, '#')+1:], Message: e.Message, Operation: o.Name}
}

func indent(raw []byte) (string, error) {
	var out bytes.Buffer
	if err := json.Indent(&out, raw, "", "    "); err != nil {
		return "", fmt.Errorf("the server's answer is not understood: %w", err)
	}
	return out.String() + "\n", nil
}

// element is a parsed XML element.
type element struct {
	name     string
	text     string
	children []*element
}

// child is the first child of that name, or an empty element.
func (e *element) child(name string) *element {
	for _, c := range e.children {
		if c.name == name {
			return c
		}
	}
	return &element{}
}

// maxDepth is far above what any answer nests.
const maxDepth = 64

func parseXML(body []byte) (*element, error) {
	d := xml.NewDecoder(bytes.NewReader(body))
	stack := []*element{{}}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		top := stack[len(stack)-1]
		switch t := token.(type) {
		case xml.StartElement:
			if len(stack) > maxDepth {
				return nil, errors.New("it is nested too deep")
			}
			e := &element{name: t.Name.Local}
			top.children = append(top.children, e)
			stack = append(stack, e)
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		case xml.CharData:
			top.text += string(t)
		}
	}
	if len(stack[0].children) != 1 {
		return nil, errors.New("it is not one XML document")
	}
	return stack[0].children[0], nil
}

// writeXML writes an element as JSON, members in the order of the shape.
func writeXML(w *bytes.Buffer, s *wire.Shape, e *element) {
	switch s.Kind {
	case wire.Structure:
		writeMembers(w, s, e)
	case wire.List:
		w.WriteByte('[')
		for i, item := range e.children {
			if i > 0 {
				w.WriteByte(',')
			}
			writeXML(w, s.Elem, item)
		}
		w.WriteByte(']')
	case wire.Map:
		w.WriteByte('{')
		for i, pair := range e.children {
			if i > 0 {
				w.WriteByte(',')
			}
			w.Write(quote(pair.child(s.KeyName).text))
			w.WriteByte(':')
			writeXML(w, s.Elem, pair.child(s.ElemName))
		}
		w.WriteByte('}')
	case wire.Integer, wire.Float, wire.Boolean:
		w.WriteString(strings.TrimSpace(e.text))
	default:
		w.Write(scalar(s, e.text))
	}
}

func writeMembers(w *bytes.Buffer, s *wire.Shape, e *element) {
	w.WriteByte('{')
	first := true
	for _, m := range s.Members {
		for _, c := range e.children {
			if c.name != m.Name {
				continue
			}
			if !first {
				w.WriteByte(',')
			}
			first = false
			w.Write(quote(m.Name))
			w.WriteByte(':')
			writeXML(w, m.Shape, c)
			break
		}
	}
	w.WriteByte('}')
}

// scalar is a text; IAM's policy documents come URL-encoded and are shown as
// the JSON that they are.
func scalar(s *wire.Shape, text string) []byte {
	if s.Name == "policyDocumentType" {
		if doc, err := url.PathUnescape(text); err == nil && json.Valid([]byte(doc)) {
			return []byte(doc)
		}
	}
	return quote(text)
}

func quote(s string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.Encode(s) // a string always encodes
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
