package e2e

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sojourn/internal/client/apicall"
	"sojourn/internal/server/iamapi"
)

// TestScriptsUseEveryOperation: what the server answers of IAM is shown with
// the unmodified AWS CLI, with its real output.
func TestScriptsUseEveryOperation(t *testing.T) {
	files, err := filepath.Glob("testdata/*.script")
	if err != nil {
		t.Fatal(err)
	}
	var scripts strings.Builder
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		scripts.Write(text)
	}
	for _, name := range slices.Sorted(maps.Keys(iamapi.New(struct{ iamapi.Domain }{}).Handlers)) {
		if command := " iam " + apicall.Flag(name) + " "; !strings.Contains(strings.ReplaceAll(scripts.String(), "\n", " "), command) {
			t.Errorf("no script calls \"aws%s\"", strings.TrimRight(command, " "))
		}
	}
}
