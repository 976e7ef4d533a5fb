package seal

import (
	"bytes"
	"testing"

	"github.com/fxamacker/cbor/v2"
)

// Claims sealed with the right key but not in the strict form are refused.
func TestStrictClaims(t *testing.T) {
	good := must(encoding.Marshal(claimsOf(new(session()))))
	nested := any("x")
	for range 9 {
		nested = []any{nested}
	}
	pairs := func(extra string) []byte { // the map's head says one pair more
		b := bytes.Clone(good)
		b[0]++
		return append(b, extra...)
	}
	for name, c := range map[string][]byte{
		"duplicate key":     pairs("\x01\x02"),
		"unknown key":       pairs("\x17\x02"),
		"text key":          pairs("\x61a\x02"),
		"key as byte text":  pairs("\x41\x01\x02"),
		"trailing byte":     append(bytes.Clone(good), 0),
		"cut":               good[:len(good)-1],
		"indefinite map":    append(append([]byte{0xbf}, good[1:]...), 0xff),
		"tag":               append([]byte{0xd9, 0xd9, 0xf7}, good...),
		"array":             must(cbor.Marshal([]int{1, 2})),
		"nested":            must(cbor.Marshal(map[int]any{1: 2, 9: nested})),
		"wrong type":        must(cbor.Marshal(map[int]any{1: "role"})),
		"negative kind":     must(cbor.Marshal(map[int]any{1: -1})),
		"float time":        must(cbor.Marshal(map[int]any{6: 1.5})),
		"text not in UTF-8": pairs("\x05\x61\xff"),
		"empty":             {},
	} {
		if c, err := decodeClaims(c, false); err == nil {
			t.Errorf("%s: %+v", name, c)
		}
	}
	for name, edit := range map[string]func(*claims){
		"kind 0":     func(c *claims) { c.Kind = 0 },
		"kind 5":     func(c *claims) { c.Kind = 5 },
		"no account": func(c *claims) { c.Account = "" },
		"backwards":  func(c *claims) { c.Expires = c.Issued },
	} {
		c := claimsOf(new(session()))
		edit(c)
		if s, err := c.session(); err == nil {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

func TestInflateIsBounded(t *testing.T) {
	if _, err := inflate(deflate(make([]byte, maxClaims))); err != nil {
		t.Errorf("at the limit: %v", err)
	}
	if _, err := inflate(deflate(make([]byte, maxClaims+1))); err == nil {
		t.Error("inflated beyond the limit")
	}
	if _, err := inflate(append(deflate([]byte("x")), 0)); err == nil {
		t.Error("inflated with bytes behind the end")
	}
	if _, err := inflate(deflate([]byte("xyz"))[:2]); err == nil {
		t.Error("inflated half a stream")
	}
	if data, err := inflate(deflate([]byte("xyz"))); err != nil || string(data) != "xyz" {
		t.Errorf("after errors: %q, %v", data, err)
	}
}
