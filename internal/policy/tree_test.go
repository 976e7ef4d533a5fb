package policy

import (
	"strings"
	"testing"
)

func TestKindsOfValues(t *testing.T) {
	root, err := ReadJSON(`{"o":{},"a":[],"s":"x","n":1,"b":true,"z":null}`)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"o": "object", "a": "array", "s": "string scalar", "n": "scalar", "b": "scalar", "z": ""}
	seen := 0
	for name, v := range root.Members() {
		seen++
		var got []string
		for kind, is := range map[string]bool{"object": v.IsObject(), "array": v.IsArray(), "string": v.IsString()} {
			if is {
				got = append(got, kind)
			}
		}
		if v.IsScalar() {
			got = append(got, "scalar")
		}
		if strings.Join(got, " ") != want[name] {
			t.Errorf("%s is %q, want %q", name, got, want[name])
		}
	}
	if seen != len(want) {
		t.Errorf("%d members, want %d", seen, len(want))
	}
	for name := range root.Members() {
		if name != "o" {
			t.Errorf("the first member is %q", name)
		}
		break
	}
}

func TestLocate(t *testing.T) {
	const text = "é\nab"
	for offset, want := range map[int][3]int{0: {1, 0, 0}, 2: {1, 1, 1}, 3: {2, 0, 2}, 4: {2, 1, 3}, 5: {2, 2, 4}} {
		line, column, characters := Locate(text, offset)
		if got := [3]int{line, column, characters}; got != want {
			t.Errorf("offset %d is at %v, want %v", offset, got, want)
		}
	}
}
