package wire

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
)

// display is a value as an error shows it, quoted and bounded; nothing of a
// sensitive one or of bytes.
func display(v reflect.Value, s *Shape) string {
	if s.Sensitive || s.Kind == Blob {
		return ""
	}
	var b strings.Builder
	show(&b, v, s)
	return "'" + clip(b.String()) + "'"
}

// show writes a value as AWS's servers print theirs: [a, b], {key=value},
// Name(member=value). It stops once there is more than an error shows.
func show(b *strings.Builder, v reflect.Value, s *Shape) {
	switch {
	case b.Len() > maxShown:
	case s.Sensitive || s.Kind == Blob:
		b.WriteString("***")
	case s.Kind == String:
		b.WriteString(v.String())
	case s.Kind == Timestamp:
		b.WriteString(v.Interface().(time.Time).UTC().Format(iso8601))
	case s.Kind == List:
		b.WriteString("[")
		for i := range min(v.Len(), maxShown) {
			separate(b, i)
			show(b, v.Index(i), s.Elem)
		}
		b.WriteString("]")
	case s.Kind == Map:
		b.WriteString("{")
		for i, k := range sortedStrings(v) {
			separate(b, i)
			b.WriteString(clip(k) + "=")
			show(b, v.MapIndex(reflect.ValueOf(k)), s.Elem)
		}
		b.WriteString("}")
	case s.Kind == Structure:
		showStruct(b, v, s)
	default:
		fmt.Fprint(b, v.Interface())
	}
}

func showStruct(b *strings.Builder, v reflect.Value, s *Shape) {
	b.WriteString(s.Name + "(")
	shown := 0
	for i := range s.Members {
		f := v.Field(i)
		if absent(f) {
			continue
		}
		separate(b, shown)
		shown++
		b.WriteString(s.Members[i].Label + "=")
		if f.Kind() == reflect.Pointer {
			f = f.Elem()
		}
		show(b, f, s.Members[i].Shape)
	}
	b.WriteString(")")
}

func separate(b *strings.Builder, i int) {
	if i > 0 {
		b.WriteString(", ")
	}
}

// sortedStrings are the keys of the map v.
func sortedStrings(v reflect.Value) []string {
	keys := make([]string, 0, v.Len())
	for _, k := range v.MapKeys() {
		keys = append(keys, k.String())
	}
	slices.Sort(keys)
	return keys
}
