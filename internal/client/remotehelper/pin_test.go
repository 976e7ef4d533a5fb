package remotehelper

import "testing"

func TestAccountOf(t *testing.T) {
	for id, want := range map[string]string{
		"ASIAQNZGKIQY56JQ7WML": "029608264753", // https://awsteele.com/blog/2020/09/26/aws-access-key-format.html
		"AKIAIOSFODNN7EXAMPLE": "", "ASIAQNZGKIQY56JQ7WM": "", "AROAQNZGKIQY56JQ7WML": "", "ASIAQ1ZGKIQY56JQ7WML": "", "": "",
	} {
		if got, ok := accountOf(id); ok != (want != "") || ok && got != want {
			t.Errorf("%s: %s, %v; want %q", id, got, ok, want)
		}
	}
}
