package wire

import (
	"encoding/base64"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"time"
	"unicode/utf8"
)

// EncodeJSON writes an answer in AWS JSON 1.1: names as the model spells them,
// timestamps as seconds since 1970, blobs in base64. out is a pointer to one of
// the generated structs. The answer's own lists and maps are written even when
// they are nil, as AWS does; anything else that is absent is left out.
func EncodeJSON(out any) ([]byte, error) {
	shaped, ok := out.(Shaped)
	if !ok {
		return nil, fmt.Errorf("encoding an answer: %T is not a generated structure", out)
	}
	v, err := structOf(out, shaped.WireShape())
	if err != nil {
		return nil, fmt.Errorf("encoding an answer: %w", err)
	}
	return jsonStruct(nil, v, shaped.WireShape(), true)
}

// EncodeJSONError writes an error in the JSON protocol's form.
func EncodeJSONError(name, message string) []byte {
	b := appendString([]byte(`{"__type":`), name)
	b = appendString(append(b, `,"message":`...), message)
	return append(b, '}')
}

func jsonStruct(b []byte, v reflect.Value, s *Shape, top bool) ([]byte, error) {
	b = append(b, '{')
	var err error
	first := true
	for i := range s.Members {
		m, f := &s.Members[i], v.Field(i)
		if absent(f) && !((top || m.Required) && (m.Shape.Kind == List || m.Shape.Kind == Map)) {
			continue
		}
		if f.Kind() == reflect.Pointer {
			f = f.Elem()
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = append(appendString(b, m.Name), ':')
		if b, err = jsonValue(b, f, m.Shape); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

func jsonValue(b []byte, v reflect.Value, s *Shape) ([]byte, error) {
	switch s.Kind {
	case Structure:
		return jsonStruct(b, v, s, false)
	case List:
		return jsonList(b, v, s)
	case Map:
		return jsonMap(b, v, s)
	}
	return jsonScalar(b, v, s)
}

func jsonList(b []byte, v reflect.Value, s *Shape) ([]byte, error) {
	b = append(b, '[')
	var err error
	for i := range v.Len() {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = jsonValue(b, v.Index(i), s.Elem); err != nil {
			return nil, err
		}
	}
	return append(b, ']'), nil
}

func jsonMap(b []byte, v reflect.Value, s *Shape) ([]byte, error) {
	b = append(b, '{')
	var err error
	for i, k := range sortedStrings(v) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendString(b, k), ':')
		if b, err = jsonValue(b, v.MapIndex(reflect.ValueOf(k)), s.Elem); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

func jsonScalar(b []byte, v reflect.Value, s *Shape) ([]byte, error) {
	switch s.Kind {
	case Integer:
		return strconv.AppendInt(b, v.Int(), 10), nil
	case Float:
		if math.IsNaN(v.Float()) || math.IsInf(v.Float(), 0) {
			return nil, fmt.Errorf("encoding %s: not a finite number", s.Name)
		}
		return strconv.AppendFloat(b, v.Float(), 'g', -1, 64), nil
	case Boolean:
		return strconv.AppendBool(b, v.Bool()), nil
	case Timestamp:
		t := v.Interface().(time.Time)
		if s.Time == TimeDefault || s.Time == TimeUnix {
			return appendEpoch(b, t), nil
		}
		return appendString(b, string(appendTime(nil, t, s.Time))), nil
	case Blob:
		b = append(b, '"')
		b = base64.StdEncoding.AppendEncode(b, v.Bytes())
		return append(b, '"'), nil
	}
	return appendString(b, v.String()), nil
}

const hexDigits = "0123456789abcdef"

// appendString writes a JSON string. Bytes that are no UTF-8 become U+FFFD.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, `\n`...)
		case r == '\r':
			b = append(b, `\r`...)
		case r == '\t':
			b = append(b, `\t`...)
		case r < ' ' || r == 0x7f:
			b = append(b, `\u00`...)
			b = append(b, hexDigits[r>>4], hexDigits[r&15])
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '"')
}
