package sts

import (
	"os/exec"
	"strings"
	"testing"
)

// The SDK is a client of the tests. No binary carries any of it.
func TestNothingOfTheSDKReachesABinary(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "sojourn/cmd/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for path := range strings.Lines(string(out)) {
		if strings.HasPrefix(path, "github.com/aws/") {
			t.Errorf("a binary imports %s", path)
		}
	}
	if !strings.Contains(string(out), "sojourn/internal/sts\n") {
		t.Errorf("not the list of imports:\n%s", out)
	}
}
