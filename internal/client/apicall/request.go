package apicall

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"

	"sojourn/internal/wire"
)

// Request is an unsigned POST to the service's root.
type Request struct {
	ContentType string
	Target      string // X-Amz-Target; empty in the query protocol
	Body        []byte
}

// Encode makes the request of an operation.
func Encode(s *wire.Service, o *wire.Operation, in Input) (Request, error) {
	if s.Protocol == wire.JSON {
		body, err := json.Marshal(in)
		if err != nil {
			return Request{}, fmt.Errorf("encoding the request: %w", err)
		}
		return Request{"application/x-amz-json-1.1", s.TargetPrefix + "." + o.Name, body}, nil
	}
	form := url.Values{"Action": {o.Name}, "Version": {s.Version}}
	if err := encodeQuery(form, "", o.Input, map[string]any(in)); err != nil {
		return Request{}, err
	}
	return Request{"application/x-www-form-urlencoded; charset=utf-8", "", []byte(form.Encode())}, nil
}

// encodeQuery spells a tree as the query protocol does: Tags.member.1.Key.
func encodeQuery(form url.Values, path string, s *wire.Shape, v any) error {
	switch v := v.(type) {
	case string:
		form.Set(path, v)
	case json.Number:
		form.Set(path, v.String())
	case bool:
		form.Set(path, strconv.FormatBool(v))
	case []any:
		return encodeList(form, path, s, v)
	case map[string]any:
		return encodeMembers(form, path, s, v)
	default:
		return fmt.Errorf("%s: null cannot be sent", path)
	}
	return nil
}

func encodeList(form url.Values, path string, s *wire.Shape, list []any) error {
	if s.Kind != wire.List {
		return fmt.Errorf("%s: a list where a %s is wanted", path, s.Name)
	}
	if len(list) == 0 {
		form.Set(path, "")
	}
	if !s.Flattened {
		path += "." + s.Item
	}
	for i, v := range list {
		if err := encodeQuery(form, path+"."+strconv.Itoa(i+1), s.Elem, v); err != nil {
			return err
		}
	}
	return nil
}

func encodeMembers(form url.Values, path string, s *wire.Shape, tree map[string]any) error {
	if s.Kind != wire.Structure {
		return fmt.Errorf("%s: an object where a %s is wanted", path, s.Name)
	}
	if path != "" {
		path += "."
	}
	for _, m := range s.Members {
		if v, ok := tree[m.Name]; ok {
			if err := encodeQuery(form, path+m.Name, m.Shape, v); err != nil {
				return err
			}
		}
	}
	return nil
}
