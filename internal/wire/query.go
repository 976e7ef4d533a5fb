package wire

import (
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"unicode/utf8"

	"sojourn/internal/awserr"
)

// MaxParameters bounds a query request.
const MaxParameters = 5000

// maxItems bounds one list or map, in JSON too.
const maxItems = 1000

// Codes that the query protocol alone has.
const (
	malformedInput = "MalformedInput"
	malformedQuery = "MalformedQueryString"
)

// DecodeQuery reads the operation's input from a form and checks it against the
// model. Parameters that the operation does not know are ignored, as AWS does;
// a parameter given twice, a malformed value and a parameter that goes on below
// a known one in a way that its type does not have are refused. The error is an
// *awserr.Error with AWS's text.
func (o *Operation) DecodeQuery(form url.Values) (any, error) {
	if len(form) > MaxParameters {
		return nil, badQuery("The request has more than %d parameters.", MaxParameters)
	}
	in := o.NewInput()
	root := node{}
	for name, values := range form {
		if len(values) != 1 {
			return nil, badQuery("The parameter %s is given more than once.", brief(name))
		}
		if !utf8.ValidString(values[0]) {
			return nil, badQuery("The value of the parameter %s is not UTF-8.", brief(name))
		}
		if err := root.insert(o.Input, name, values[0]); err != nil {
			return nil, err
		}
	}
	if err := root.fill(reflect.ValueOf(in).Elem(), o.Input); err != nil {
		return nil, err
	}
	if err := o.Validate(in); err != nil {
		return nil, err
	}
	return in, nil
}

func badQuery(format string, args ...any) *awserr.Error {
	return awserr.New(malformedQuery, http.StatusBadRequest, format, args...)
}

func badInput(format string, args ...any) *awserr.Error {
	return awserr.New(malformedInput, http.StatusBadRequest, format, args...)
}

// node is one level of a form's dotted names: its own value and what is below.
// Its depth is that of the shape, whatever the names say.
type node struct {
	text  string
	set   bool
	named map[string]*node // members of a structure; the two halves of a map's pair
	items map[int]*node    // elements of a list, pairs of a map
}

// insert files the value of the parameter name, which is relative to s.
func (n *node) insert(s *Shape, name, value string) error {
	if name == "" {
		n.text, n.set = value, true
		return nil
	}
	head, rest, _ := strings.Cut(name, ".")
	switch s.Kind {
	case Structure:
		if i := s.member(head); i >= 0 {
			return n.child(head).insert(s.Members[i].Shape, rest, value)
		}
		return nil
	case List, Map:
		if !s.Flattened {
			if head != s.Item {
				return badInput("The parameter name %s is not that of a list element.", brief(name))
			}
			head, rest, _ = strings.Cut(rest, ".")
		}
		return n.insertItem(s, head, rest, value)
	}
	return badInput("The parameter %s goes on below a plain value.", brief(name))
}

// insertItem files a value below the list element or map pair that index numbers.
func (n *node) insertItem(s *Shape, index, rest, value string) error {
	i, ok := parseIndex(index)
	if !ok {
		return badInput("%s is not the number of a list element.", brief(index))
	}
	item, ok := n.items[i]
	if !ok {
		if len(n.items) >= maxItems {
			return badInput("A list has more than %d elements.", maxItems)
		}
		if n.items == nil {
			n.items = map[int]*node{}
		}
		item = &node{}
		n.items[i] = item
	}
	if s.Kind == List {
		return item.insert(s.Elem, rest, value)
	}
	half, rest, _ := strings.Cut(rest, ".")
	switch half {
	case s.KeyName:
		return item.child(half).insert(s.Key, rest, value)
	case s.ElemName:
		return item.child(half).insert(s.Elem, rest, value)
	}
	return badInput("%s is neither the key nor the value of a map's entry.", brief(half))
}

func (n *node) child(name string) *node {
	c, ok := n.named[name]
	if !ok {
		if n.named == nil {
			n.named = map[string]*node{}
		}
		c = &node{}
		n.named[name] = c
	}
	return c
}

// parseIndex reads a number from 1 that has one spelling only: "01" beside "1"
// would be the same element twice.
func parseIndex(s string) (int, bool) {
	if len(s) == 0 || len(s) > 6 || s[0] == '0' {
		return 0, false
	}
	n := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n, true
}

// fill stores what n holds into v.
func (n *node) fill(v reflect.Value, s *Shape) error {
	switch s.Kind {
	case Structure:
		return n.fillStruct(v, s)
	case List:
		return n.fillList(v, s)
	case Map:
		return n.fillMap(v, s)
	}
	if !setText(v, s, n.text) {
		return badInput("The value %s is not a valid %s.", shown(s, n.text), kindName(s.Kind))
	}
	return nil
}

func (n *node) fillStruct(v reflect.Value, s *Shape) error {
	if n.set {
		return badInput("A plain value stands where a structure is expected.")
	}
	if v.Kind() == reflect.Pointer {
		v = target(v)
	}
	for i := range s.Members {
		m := &s.Members[i]
		if c, ok := n.named[m.Name]; ok {
			if err := c.fill(v.Field(i), m.Shape); err != nil {
				return err
			}
		}
	}
	return nil
}

// fillList closes gaps between the numbers. An empty value is how clients write
// an empty list.
func (n *node) fillList(v reflect.Value, s *Shape) error {
	if n.set && (n.text != "" || len(n.items) > 0) {
		return badInput("A plain value stands where a list is expected.")
	}
	order := sortedKeys(n.items)
	list := reflect.MakeSlice(v.Type(), len(order), len(order))
	for at, i := range order {
		if err := n.items[i].fill(list.Index(at), s.Elem); err != nil {
			return err
		}
	}
	v.Set(list)
	return nil
}

func (n *node) fillMap(v reflect.Value, s *Shape) error {
	if n.set && (n.text != "" || len(n.items) > 0) {
		return badInput("A plain value stands where a map is expected.")
	}
	v.Set(reflect.MakeMapWithSize(v.Type(), len(n.items)))
	for _, i := range sortedKeys(n.items) {
		pair := n.items[i]
		key, value := pair.named[s.KeyName], pair.named[s.ElemName]
		if key == nil || !key.set || value == nil {
			return badInput("A map's entry lacks its key or its value.")
		}
		k := reflect.ValueOf(key.text)
		if v.MapIndex(k).IsValid() {
			return badInput("A map's key is given more than once.")
		}
		elem := reflect.New(v.Type().Elem()).Elem()
		if err := value.fill(elem, s.Elem); err != nil {
			return err
		}
		v.SetMapIndex(k, elem)
	}
	return nil
}
