package wire_test

import (
	"encoding/base64"
	"net/url"
	"reflect"
	"strconv"
	"time"

	"sojourn/internal/wire"
)

// encodeQuery writes an input as a client does, to read it back.
func encodeQuery(in wire.Shaped) url.Values {
	form := url.Values{}
	addQuery(form, "", reflect.ValueOf(in).Elem(), in.WireShape())
	return form
}

func join(prefix, name string) string {
	if prefix == "" {
		return name
	}
	return prefix + "." + name
}

func addQuery(form url.Values, name string, v reflect.Value, s *wire.Shape) {
	switch s.Kind {
	case wire.Structure:
		for i, m := range s.Members {
			f := v.Field(i)
			if f.IsNil() {
				continue
			}
			if f.Kind() == reflect.Pointer {
				f = f.Elem()
			}
			addQuery(form, join(name, m.Name), f, m.Shape)
		}
	case wire.List, wire.Map:
		addItems(form, name, v, s)
	default:
		form.Set(name, queryText(v.Interface()))
	}
}

func addItems(form url.Values, name string, v reflect.Value, s *wire.Shape) {
	if v.Len() == 0 {
		form.Set(name, "")
	}
	if !s.Flattened {
		name = join(name, s.Item)
	}
	if s.Kind == wire.List {
		for i := range v.Len() {
			addQuery(form, join(name, strconv.Itoa(i+1)), v.Index(i), s.Elem)
		}
		return
	}
	for i, k := range v.MapKeys() {
		pair := join(name, strconv.Itoa(i+1))
		form.Set(join(pair, s.KeyName), k.String())
		addQuery(form, join(pair, s.ElemName), v.MapIndex(k), s.Elem)
	}
}

func queryText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	case time.Time:
		return v.Format(time.RFC3339Nano)
	case []byte:
		return base64.StdEncoding.EncodeToString(v)
	}
	panic("no such kind")
}
