package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"sojourn/internal/client/clienttest"
	"sojourn/internal/client/remotehelper"
)

// The scripts' programs are this test binary.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"sojourn":    main,
		"the-helper": func() { os.Exit(remotehelper.Main(context.Background(), remotehelper.OS())) },
	})
}

// TestScripts runs testdata/*.txtar: the client's commands as a user types
// them. Each begins with an empty home directory and an STS at $STS that takes
// the key AKIDEXAMPLE/secret and logs to sts.log.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata", Setup: func(e *testscript.Env) error {
		sts := clienttest.NewSTS(false)
		e.Defer(sts.Close)
		sts.Keys["AKIDEXAMPLE"] = "secret"
		sts.Log = func(line string) {
			if f, err := os.OpenFile(filepath.Join(e.WorkDir, "sts.log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600); err == nil {
				fmt.Fprintln(f, line)
				f.Close()
			}
		}
		home := filepath.Join(e.WorkDir, "home")
		e.Setenv("HOME", home)
		e.Setenv("USERPROFILE", home)
		e.Setenv("STS", sts.URL)
		return os.MkdirAll(home, 0o700)
	}})
}
