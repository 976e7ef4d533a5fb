package wire

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"reflect"
	"strconv"
	"time"

	"sojourn/internal/awserr"
)

// EncodeXML writes the answer of a query operation; out is a pointer to its
// output struct, or nil for an empty one.
func EncodeXML(s *Service, o *Operation, out any, requestID string) ([]byte, error) {
	return AppendXML(nil, s, o, out, requestID)
}

// AppendXML appends it to b.
func AppendXML(b []byte, s *Service, o *Operation, out any, requestID string) ([]byte, error) {
	e := xmlEncoder{*bytes.NewBuffer(b)}
	e.WriteByte('<')
	e.WriteString(o.Name)
	e.WriteString(`Response xmlns="`)
	e.WriteString(s.Namespace)
	e.WriteString(`">`)
	if o.Wrapper != "" {
		e.open(o.Wrapper)
		if out != nil {
			if err := e.output(out, o); err != nil {
				return nil, err
			}
		}
		e.close(o.Wrapper)
	}
	e.open("ResponseMetadata")
	e.leaf("RequestId", requestID)
	e.close("ResponseMetadata")
	e.WriteString("</")
	e.WriteString(o.Name)
	e.WriteString("Response>")
	return e.Bytes(), nil
}

// EncodeXMLError writes an error in the query protocol's form.
func EncodeXMLError(namespace string, err *awserr.Error, requestID string) []byte {
	e := xmlEncoder{}
	e.WriteString(`<ErrorResponse xmlns="` + namespace + `">`)
	e.open("Error")
	fault := "Sender"
	if err.Status >= 500 {
		fault = "Receiver"
	}
	e.leaf("Type", fault)
	e.leaf("Code", err.Code)
	e.leaf("Message", err.Message)
	e.close("Error")
	e.leaf("RequestId", requestID)
	e.close("ErrorResponse")
	return e.Bytes()
}

type xmlEncoder struct{ bytes.Buffer }

func (e *xmlEncoder) open(name string) {
	e.WriteByte('<')
	e.WriteString(name)
	e.WriteByte('>')
}

func (e *xmlEncoder) close(name string) {
	e.WriteString("</")
	e.WriteString(name)
	e.WriteByte('>')
}

func (e *xmlEncoder) leaf(name, text string) {
	e.open(name)
	e.text(text)
	e.close(name)
}

// text escapes what is not plain. A Buffer takes all.
func (e *xmlEncoder) text(s string) {
	if plainXML(s) {
		e.WriteString(s)
		return
	}
	xml.EscapeText(e, []byte(s))
}

// plainXML reports whether a text stands in XML as it is.
func plainXML(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c < ' ' || c > '~', c == '"', c == '\'', c == '&', c == '<', c == '>':
			return false
		}
	}
	return true
}

func (e *xmlEncoder) output(out any, o *Operation) error {
	v, err := structOf(out, o.Output)
	if err != nil {
		return fmt.Errorf("encoding the answer of %s: %w", o.Name, err)
	}
	e.members(v, o.Output)
	return nil
}

// members writes a structure's members. A required list or map is written even
// when it is nil: clients count on its element.
func (e *xmlEncoder) members(v reflect.Value, s *Shape) {
	for i := range s.Members {
		m, f := &s.Members[i], v.Field(i)
		if absent(f) && !(m.Required && (m.Shape.Kind == List || m.Shape.Kind == Map)) {
			continue
		}
		if f.Kind() == reflect.Pointer {
			f = f.Elem()
		}
		e.value(m.Name, f, m.Shape)
	}
}

// value writes one element; a flattened list or map is its items alone.
func (e *xmlEncoder) value(name string, v reflect.Value, s *Shape) {
	switch {
	case s.Kind == List && s.Flattened:
		e.items(name, v, s)
		return
	case s.Kind == Map && s.Flattened:
		e.pairs(name, v, s)
		return
	}
	e.open(name)
	switch s.Kind {
	case Structure:
		e.members(v, s)
	case List:
		e.items(s.Item, v, s)
	case Map:
		e.pairs(s.Item, v, s)
	default:
		e.scalar(v, s)
	}
	e.close(name)
}

func (e *xmlEncoder) items(name string, v reflect.Value, s *Shape) {
	for i := range v.Len() {
		e.value(name, v.Index(i), s.Elem)
	}
}

func (e *xmlEncoder) pairs(name string, v reflect.Value, s *Shape) {
	for _, k := range sortedStrings(v) {
		e.open(name)
		e.leaf(s.KeyName, k)
		e.value(s.ElemName, v.MapIndex(reflect.ValueOf(k)), s.Elem)
		e.close(name)
	}
}

func (e *xmlEncoder) scalar(v reflect.Value, s *Shape) {
	free := e.AvailableBuffer()
	switch s.Kind {
	case String:
		e.text(v.String())
	case Integer:
		e.Write(strconv.AppendInt(free, v.Int(), 10))
	case Float:
		e.Write(strconv.AppendFloat(free, v.Float(), 'g', -1, 64))
	case Boolean:
		e.Write(strconv.AppendBool(free, v.Bool()))
	case Timestamp:
		e.Write(appendTime(free, v.Interface().(time.Time), s.Time))
	case Blob:
		e.Write(base64.StdEncoding.AppendEncode(free, v.Bytes()))
	}
}
