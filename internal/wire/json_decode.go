package wire

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"unicode/utf8"

	"sojourn/internal/awserr"
)

// maxDepth bounds how deep a JSON document may nest; the models need less than ten.
const maxDepth = 32

const serialization = "SerializationException"

// DecodeJSON reads the operation's input from a JSON object and checks it
// against the model. Names are compared exactly; unknown members are ignored,
// as AWS does; null is absent. A name given twice anywhere, a value of another
// type than the model's, a document that is no JSON or nests too deep are
// refused. An empty body is an empty object. The error is an *awserr.Error with
// AWS's text.
func (o *Operation) DecodeJSON(body []byte) (any, error) { return o.DecodeREST(nil, nil, body) }

// DecodeREST is DecodeJSON where some members are segments of the path or
// parameters of the query string; the body does not set those, unless a
// parameter may stand in either, and then in one of them. Unknown parameters are
// ignored.
func (o *Operation) DecodeREST(path map[string]string, query url.Values, body []byte) (any, error) {
	in := o.NewInput()
	if err := o.readJSON(in, body); err != nil {
		return nil, err
	}
	v := reflect.ValueOf(in).Elem()
	for i := range o.Input.Members {
		m, f := &o.Input.Members[i], v.Field(i)
		var values []string
		switch {
		case m.InPath:
			values = []string{path[m.Name]}
		case m.InQuery:
			values = query[m.Name]
		default:
			continue
		}
		if m.InBody && !absent(f) {
			if len(values) > 0 {
				return nil, badJSON("The parameter " + brief(m.Name) + " is in the query string and in the body.")
			}
			continue
		}
		f.SetZero()
		if !setTexts(f, m.Shape, values) {
			return nil, badJSON("The parameter " + brief(m.Name) + " can not be converted to " + jsonKind(m.Shape.Kind))
		}
	}
	if err := o.Validate(in); err != nil {
		return nil, err
	}
	return in, nil
}

// setTexts stores what a parameter was given as: once, but for a list.
func setTexts(v reflect.Value, s *Shape, values []string) bool {
	switch {
	case len(values) == 0:
		return true
	case s.Kind != List:
		return len(values) == 1 && setText(v, s, values[0])
	case len(values) > maxItems:
		return false
	}
	v.Set(reflect.MakeSlice(v.Type(), len(values), len(values)))
	for i, text := range values {
		if !setText(v.Index(i), s.Elem, text) {
			return false
		}
	}
	return true
}

func (o *Operation) readJSON(in any, body []byte) error {
	if len(body) == 0 {
		return nil
	}
	if !utf8.Valid(body) || !json.Valid(body) {
		return badJSON("The request body is not a valid JSON document.")
	}
	d := jsonReader{dec: json.NewDecoder(bytes.NewReader(body))}
	d.dec.UseNumber()
	return d.value(reflect.ValueOf(in).Elem(), o.Input, maxDepth)
}

func badJSON(message string) *awserr.Error {
	return awserr.New(serialization, http.StatusBadRequest, "%s", message)
}

// jsonReader walks a document whose syntax has been checked.
type jsonReader struct{ dec *json.Decoder }

func (d *jsonReader) next() (json.Token, error) {
	t, err := d.dec.Token()
	if err != nil {
		return nil, badJSON("The request body is not a valid JSON document.")
	}
	return t, nil
}

// value reads the next value into v, which is of shape s; a nil s reads over it.
func (d *jsonReader) value(v reflect.Value, s *Shape, depth int) error {
	t, err := d.next()
	if err != nil {
		return err
	}
	switch t {
	case json.Delim('{'):
		return d.object(v, s, depth)
	case json.Delim('['):
		return d.array(v, s, depth)
	case nil:
		return d.null(v, s)
	}
	if s == nil {
		return nil
	}
	return setJSON(v, s, t)
}

// null leaves a member absent. A list's or a map's element has no such state.
func (d *jsonReader) null(v reflect.Value, s *Shape) error {
	if s == nil || absent(v) {
		return nil
	}
	return badJSON("NULL_VALUE can not be converted to " + jsonKind(s.Kind))
}

func (d *jsonReader) object(v reflect.Value, s *Shape, depth int) error {
	switch {
	case depth == 0:
		return badJSON("The request body nests too deep.")
	case s != nil && s.Kind != Structure && s.Kind != Map:
		return badJSON("Start of structure or map found where not expected.")
	case s != nil && s.Kind == Map:
		v.Set(reflect.MakeMap(v.Type()))
	case s != nil && v.Kind() == reflect.Pointer:
		v = target(v)
	}
	seen := map[string]bool{}
	for d.dec.More() {
		t, err := d.next()
		if err != nil {
			return err
		}
		name, _ := t.(string)
		if seen[name] {
			return badJSON("The name " + brief(name) + " is given more than once.")
		}
		seen[name] = true
		if err := d.entry(v, s, name, depth); err != nil {
			return err
		}
	}
	_, err := d.next()
	return err
}

// entry reads one name's value in an object of shape s.
func (d *jsonReader) entry(v reflect.Value, s *Shape, name string, depth int) error {
	if s == nil {
		return d.value(reflect.Value{}, nil, depth-1)
	}
	if s.Kind == Map {
		if v.Len() >= maxItems {
			return badJSON("A map has too many entries.")
		}
		elem := reflect.New(v.Type().Elem()).Elem()
		if err := d.value(elem, s.Elem, depth-1); err != nil {
			return err
		}
		v.SetMapIndex(reflect.ValueOf(name), elem)
		return nil
	}
	i := s.member(name)
	if i < 0 {
		return d.value(reflect.Value{}, nil, depth-1)
	}
	return d.value(v.Field(i), s.Members[i].Shape, depth-1)
}

func (d *jsonReader) array(v reflect.Value, s *Shape, depth int) error {
	switch {
	case depth == 0:
		return badJSON("The request body nests too deep.")
	case s != nil && s.Kind != List:
		return badJSON("Start of list found where not expected")
	}
	for d.dec.More() {
		if s == nil {
			if err := d.value(reflect.Value{}, nil, depth-1); err != nil {
				return err
			}
			continue
		}
		if v.Len() >= maxItems {
			return badJSON("A list has too many elements.")
		}
		elem := reflect.New(v.Type().Elem()).Elem()
		if err := d.value(elem, s.Elem, depth-1); err != nil {
			return err
		}
		v.Set(reflect.Append(v, elem))
	}
	if s != nil && v.IsNil() {
		v.Set(reflect.MakeSlice(v.Type(), 0, 0))
	}
	_, err := d.next()
	return err
}

// setJSON stores a string, number or boolean.
func setJSON(v reflect.Value, s *Shape, t json.Token) error {
	ok := false
	switch t := t.(type) {
	case string:
		textual := s.Kind == String || s.Kind == Blob || s.Kind == Timestamp && s.Time != TimeDefault && s.Time != TimeUnix
		ok = textual && setText(v, s, t)
	case json.Number:
		text := t.String()
		if s.Kind == Integer {
			text = strings.TrimSuffix(text, ".0")
		}
		ok = (s.Kind == Integer || s.Kind == Float || s.Kind == Timestamp) && setText(v, s, text)
	case bool:
		if ok = s.Kind == Boolean; ok {
			target(v).SetBool(t)
		}
	}
	if !ok {
		return badJSON(jsonToken(t) + " can not be converted to " + jsonKind(s.Kind))
	}
	return nil
}

func jsonToken(t json.Token) string {
	switch t := t.(type) {
	case string:
		return "STRING_VALUE"
	case json.Number:
		return "NUMBER_VALUE"
	case bool:
		if t {
			return "TRUE_VALUE"
		}
	}
	return "FALSE_VALUE"
}

func jsonKind(k Kind) string {
	return [...]string{"a String", "an Integer", "a Double", "a Boolean", "a Timestamp", "a Blob", "a List", "a Map", "a Structure"}[k]
}
