package apicall

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"

	"sojourn/internal/wire"
)

// paging names the members by which an answer in pages is continued.
type paging struct {
	token string // in the input and in the answer
	more  string // says whether the token counts; empty: any token does
	limit string // a caller who gives it wants one page
}

var pagings = []paging{{token: "Marker", more: "IsTruncated", limit: "MaxItems"}, {token: "nextToken", limit: "maxResults"}}

// pagingOf tells how to go on with a call; nil where there is one answer, or
// the caller asks for one page.
func pagingOf(o *wire.Operation, in Input) *paging {
	for i := range pagings {
		p := &pagings[i]
		if in[p.token] == nil && in[p.limit] == nil && has(o.Input, p.token) && has(o.Output, p.token) {
			return p
		}
	}
	return nil
}

func has(s *wire.Shape, member string) bool {
	if s == nil {
		return false
	}
	for _, m := range s.Members {
		if m.Name == member {
			return true
		}
	}
	return false
}

// Call makes a call with post and returns the answer as the AWS CLI prints it.
// What comes in pages is asked for to the end and returned as one, without the
// members that told of pages. A refusal is an *Error.
func Call(s *wire.Service, o *wire.Operation, in Input, post func(Request) (status int, body []byte, err error)) (string, error) {
	p := pagingOf(o, in)
	if p == nil {
		return once(s, o, in, post)
	}
	in = maps.Clone(in)
	all := map[string]json.RawMessage{}
	for {
		page, err := once(s, o, in, post)
		if err != nil {
			return "", err
		}
		token, err := p.add(all, o.Output, page)
		switch {
		case err != nil:
			return "", fmt.Errorf("the server's answer is not understood: %w", err)
		case token == "":
			return p.print(all, o.Output)
		case in[p.token] == token:
			return "", fmt.Errorf("the server gave a page of %s twice", o.Name)
		}
		in[p.token] = token
	}
}

func once(s *wire.Service, o *wire.Operation, in Input, post func(Request) (int, []byte, error)) (string, error) {
	request, err := Encode(s, o, in)
	if err != nil {
		return "", err
	}
	status, body, err := post(request)
	if err != nil {
		return "", err
	}
	return Decode(s, o, status, body)
}

// add joins the lists of a page to those before it and returns the token of
// the next one, empty at the end.
func (p *paging) add(all map[string]json.RawMessage, s *wire.Shape, page string) (token string, err error) {
	var got map[string]json.RawMessage
	if err := json.Unmarshal([]byte(page), &got); err != nil {
		return "", err
	}
	for _, m := range s.Members {
		switch {
		case got[m.Name] == nil:
		case all[m.Name] == nil:
			all[m.Name] = got[m.Name]
		case m.Shape.Kind == wire.List:
			if all[m.Name], err = join(all[m.Name], got[m.Name]); err != nil {
				return "", err
			}
		}
	}
	if got[p.token] == nil || p.more != "" && string(got[p.more]) != "true" {
		return "", nil
	}
	err = json.Unmarshal(got[p.token], &token)
	return token, err
}

// join is one list of two. Their elements stay as they are written.
func join(lists ...json.RawMessage) (json.RawMessage, error) {
	joined := []byte{'['}
	for _, list := range lists {
		var elements []json.RawMessage
		if err := json.Unmarshal(list, &elements); err != nil {
			return nil, err
		}
		for _, e := range elements {
			if len(joined) > 1 {
				joined = append(joined, ',')
			}
			joined = append(joined, e...)
		}
	}
	return append(joined, ']'), nil
}

// print writes what came in pages before what didn't, as the AWS CLI does.
func (p *paging) print(all map[string]json.RawMessage, s *wire.Shape) (string, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for _, lists := range []bool{true, false} {
		for _, m := range s.Members {
			if all[m.Name] == nil || m.Name == p.token || m.Name == p.more || lists != (m.Shape.Kind == wire.List) {
				continue
			}
			if b.Len() > 1 {
				b.WriteByte(',')
			}
			b.Write(quote(m.Name))
			b.WriteByte(':')
			b.Write(all[m.Name])
		}
	}
	b.WriteByte('}')
	return indent(b.Bytes())
}
