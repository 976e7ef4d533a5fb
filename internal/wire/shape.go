package wire

import (
	"fmt"
	"net/http"
	"reflect"

	"sojourn/internal/awserr"
)

// Kind is the type of a shape.
type Kind uint8

// The kinds that the models use.
const (
	String Kind = iota
	Integer
	Float
	Boolean
	Timestamp
	Blob
	List
	Map
	Structure
)

// Shape describes one type of an API model. Descriptors are generated, shared
// and never changed.
type Shape struct {
	Name string
	Kind Kind

	// Min and Max bound the length of strings (in characters), blobs (in
	// bytes), lists and maps, and the value of numbers. Nil is unbounded.
	Min, Max  *int64
	Pattern   *Pattern
	Enum      []string
	Sensitive bool // the value never appears in an error

	// Time is a timestamp's format where it differs from the protocol's own.
	Time TimeFormat

	// Members of a structure: the i-th is the i-th field of its Go struct.
	Members []Member

	// Elem is the element of a list or the value of a map, Key a map's key.
	Key, Elem *Shape
	// Item is the name of one list element ("member"), or of a map's pair ("entry").
	Item string
	// KeyName and ElemName are the names inside a map's pair ("key", "value").
	KeyName, ElemName string
	// Flattened lists and maps have no element of their own around their items.
	Flattened bool
}

// Member is one member of a structure.
type Member struct {
	Name     string // as it is spelled on the wire
	Label    string // as AWS's validation messages spell it
	Shape    *Shape
	Required bool
	InQuery  bool // a parameter of the query string, in REST
	InBody   bool // and may stand in the body instead
	InPath   bool // a segment of the path, in REST

	// Missing and Invalid are the operation's own errors for this member;
	// empty where the protocol's validation error is the answer.
	Missing, Invalid string
}

// TimeFormat is a textual form of a timestamp.
type TimeFormat uint8

// The formats that the models name.
const (
	TimeDefault TimeFormat = iota // ISO 8601 in query, epoch seconds in JSON
	TimeISO8601
	TimeUnix
)

// Protocol is how a service is spoken to.
type Protocol uint8

// The protocols.
const (
	Query Protocol = iota // form in, XML out
	JSON                  // AWS JSON 1.1
	REST                  // method and path, query parameters, JSON in and out
)

// Service is one API as generated from its model.
type Service struct {
	Name         string // signing name: "sts"
	Version      string // "2011-06-15"
	Protocol     Protocol
	Namespace    string // of the XML answers; empty in JSON
	TargetPrefix string // of X-Amz-Target; empty in query
	Operations   map[string]*Operation
}

// Operation is one operation of a service.
type Operation struct {
	Name          string
	Input, Output *Shape
	// NewInput returns a pointer to an empty input struct.
	NewInput func() any
	// Method and Path are the operation's address in REST. A segment {name} of
	// the path is the member of that name.
	Method, Path string
	// Status is that of REST's answer where it is not 200.
	Status int
	// Wrapper is the element around an XML answer's members, empty for an
	// operation whose answer has none.
	Wrapper string
	// Errors are the operation's modelled error codes and their HTTP statuses.
	Errors map[string]int
}

// Shaped is implemented by every generated struct.
type Shaped interface{ WireShape() *Shape }

func (s *Shape) member(name string) int {
	for i := range s.Members {
		if s.Members[i].Name == name {
			return i
		}
	}
	return -1
}

// modelled makes one of the operation's own errors, whose status the model gives.
func (o *Operation) modelled(code, format string, args ...any) *awserr.Error {
	status, ok := o.Errors[code]
	if !ok {
		status = http.StatusBadRequest
	}
	return awserr.New(code, status, format, args...)
}

// structOf returns the generated struct behind v, which must be of shape s.
func structOf(v any, s *Shape) (reflect.Value, error) {
	shaped, ok := v.(Shaped)
	if !ok || shaped.WireShape() != s || reflect.ValueOf(v).IsNil() {
		return reflect.Value{}, fmt.Errorf("%T is no %s", v, s.Name)
	}
	return reflect.ValueOf(v).Elem(), nil
}
