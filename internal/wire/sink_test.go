package wire_test

import (
	"time"

	"sojourn/internal/wire"
)

// sink is an operation whose shapes have every kind and form that the three
// services' present operations do not happen to use.
type sink struct {
	Name    *string
	Count   *int64
	Ratio   *float64
	On      *bool
	When    *time.Time
	Since   *time.Time
	Data    []byte
	Secret  *string
	Names   []string
	Flat    []string
	Inner   *inner
	Inners  []inner
	Tags    map[string]string
	ByName  map[string]inner
	FlatMap map[string]string
}

type inner struct {
	Key   *string
	Value *string
}

func (*sink) WireShape() *wire.Shape  { return sinkShape }
func (*inner) WireShape() *wire.Shape { return innerShape }

var (
	text   = &wire.Shape{Name: "text", Kind: wire.String}
	short  = &wire.Shape{Name: "short", Kind: wire.String, Min: new(int64(1)), Max: new(int64(4)), Pattern: &wire.Pattern{Source: `[a-z]+`, Expr: `[a-z]+`}}
	count  = &wire.Shape{Name: "count", Kind: wire.Integer, Min: new(int64(-3)), Max: new(int64(9000))}
	ratio  = &wire.Shape{Name: "ratio", Kind: wire.Float}
	on     = &wire.Shape{Name: "on", Kind: wire.Boolean}
	when   = &wire.Shape{Name: "when", Kind: wire.Timestamp}
	since  = &wire.Shape{Name: "since", Kind: wire.Timestamp, Time: wire.TimeISO8601}
	data   = &wire.Shape{Name: "data", Kind: wire.Blob, Max: new(int64(16))}
	hidden = &wire.Shape{Name: "hidden", Kind: wire.String, Max: new(int64(8)), Sensitive: true}
	names  = &wire.Shape{Name: "names", Kind: wire.List, Elem: short, Item: "member", Max: new(int64(3))}
	flat   = &wire.Shape{Name: "flat", Kind: wire.List, Elem: text, Item: "member", Flattened: true}
	inners = &wire.Shape{Name: "inners", Kind: wire.List, Elem: innerShape, Item: "item"}
	tags   = &wire.Shape{Name: "tags", Kind: wire.Map, Key: short, Elem: short, Item: "entry", KeyName: "key", ElemName: "value"}
	byName = &wire.Shape{Name: "byName", Kind: wire.Map, Key: text, Elem: innerShape, Item: "entry", KeyName: "k", ElemName: "v"}
	flatM  = &wire.Shape{Name: "flatMap", Kind: wire.Map, Key: text, Elem: text, Item: "entry", KeyName: "key", ElemName: "value", Flattened: true}

	innerShape = &wire.Shape{Name: "inner", Kind: wire.Structure, Members: []wire.Member{
		{Name: "Key", Label: "key", Shape: short, Required: true},
		{Name: "Value", Label: "value", Shape: text},
	}}
	sinkShape = &wire.Shape{Name: "sink", Kind: wire.Structure, Members: []wire.Member{
		{Name: "Name", Label: "name", Shape: short},
		{Name: "Count", Label: "count", Shape: count},
		{Name: "Ratio", Label: "ratio", Shape: ratio},
		{Name: "On", Label: "on", Shape: on},
		{Name: "When", Label: "when", Shape: when},
		{Name: "Since", Label: "since", Shape: since},
		{Name: "Data", Label: "data", Shape: data},
		{Name: "Secret", Label: "secret", Shape: hidden},
		{Name: "Names", Label: "names", Shape: names},
		{Name: "Flat", Label: "flat", Shape: flat},
		{Name: "Inner", Label: "inner", Shape: innerShape},
		{Name: "Inners", Label: "inners", Shape: inners},
		{Name: "Tags", Label: "tags", Shape: tags},
		{Name: "ByName", Label: "byName", Shape: byName},
		{Name: "FlatMap", Label: "flatMap", Shape: flatM},
	}}
	sinkOp = &wire.Operation{Name: "Sink", Input: sinkShape, Output: sinkShape, Wrapper: "SinkResult",
		NewInput: func() any { return new(sink) }}
	sinkService = &wire.Service{Name: "sink", Namespace: "urn:sink", Operations: map[string]*wire.Operation{"Sink": sinkOp}}
)

// full has every member set.
func full() *sink {
	return &sink{
		Name: new("abc"), Count: new(int64(-2)), Ratio: new(1.5), On: new(true),
		When:   new(time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)),
		Since:  new(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)),
		Data:   []byte{0, 255, 'x'},
		Secret: new("hush"), Names: []string{"a", "b"}, Flat: []string{"x<&>", "ÿ\n"},
		Inner: &inner{Key: new("k")}, Inners: []inner{{Key: new("a"), Value: new("")}, {Key: new("b")}},
		Tags: map[string]string{"x": "y", "z": "w"}, ByName: map[string]inner{"one two": {Key: new("q")}},
		FlatMap: map[string]string{"f": "g"},
	}
}
