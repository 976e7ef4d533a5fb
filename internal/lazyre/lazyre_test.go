package lazyre

import "testing"

func TestRegexp(t *testing.T) {
	bad := New("(") // no panic before it is used
	r := New("^a{1,3}$")
	if !r.MatchString("aa") || r.MatchString("b") || !r.Match([]byte("a")) || len(New("(b)c").FindStringSubmatch("abc")) != 2 {
		t.Error("it matches otherwise")
	}
	defer func() {
		if recover() == nil {
			t.Error("a bad expression was used")
		}
	}()
	bad.MatchString("")
}
