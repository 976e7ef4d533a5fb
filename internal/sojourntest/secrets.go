package sojourntest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sojourn/internal/sojourntest/secretscan"
)

// scan knows the secrets that go about in this test process.
var scan = secretscan.New()

// marker is in the environment of users' commands, which may hold secrets; the
// server's own processes have neither.
const marker = "SOJOURN_TEST_USER"

// Run runs a package's tests, and fails them where a secret stood in a log, a
// trace, an audit record, an error text, a process's arguments, or a file that
// others may read. It is for TestMain: os.Exit(sojourntest.Run(m)).
//
// What servers of Start take and give is known by itself, and what they and
// users of Shell leave behind is looked at. A test tells of secrets that it
// makes up itself, and does not send to such a server, with Secret; of what
// other processes print with Printed.
func Run(m *testing.M) int {
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		scan.Processes(marker, stop)
	}()
	status := m.Run()
	close(stop)
	<-done
	found, summary := scan.Report()
	if testing.Verbose() || len(found) > 0 {
		fmt.Println("secrets:", summary)
	}
	for _, f := range found {
		fmt.Println("LEAK:", f)
		status = max(status, 1)
	}
	return status
}

// Secret makes a secret known: of eight characters and more, or a code of six digits.
func Secret(class, text string) { scan.Know(class, text) }

// Printed looks at what a process has printed where no secret may be.
func Printed(process, text string) { scan.Keep("printed by: "+process, text) }

// Audited looks at what a server on data, which is no server of Start, left there.
func Audited(t testing.TB, data string) {
	t.Helper()
	lookAtServer(t, data)
}

// look looks at what a server leaves behind.
func (s *Server) look() {
	scan.Look("log: of a server", s.Logs.String())
	lookAtServer(s.t, s.Data)
}

func lookAtServer(t testing.TB, data string) {
	t.Helper()
	keys, _ := filepath.Glob(filepath.Join(data, "tls", "*.pem"))
	var errs []error
	for _, k := range append(keys, filepath.Join(data, "keys", "root.json")) {
		errs = append(errs, absent(scan.KnowKeys("key in "+filepath.Base(k), k)))
	}
	errs = append(errs, scan.Files("file of a server", data, secretscan.Rules{
		Holds: func(name string) bool { return strings.HasPrefix(name, "keys/") || strings.HasPrefix(name, "tls/") },
		Open: func(name string) bool {
			return name == "tls/ca.pem" || name == "endpoint" || name == "keys/audit-public.pem"
		}, // what clients and auditors read
	}))
	if err := errors.Join(errs...); err != nil {
		t.Errorf("looking for secrets: %v", err)
	}
}

// lookAtUser looks, at the end, at what a user's commands leave behind: in a home,
// and in a directory of git's traces, which it returns.
func lookAtUser(t testing.TB, home string) (traces string) {
	traces = t.TempDir()
	t.Cleanup(func() {
		own := func(string) bool { return true }
		never := func(string) bool { return false }
		err := errors.Join(scan.Files("file of a user", home, secretscan.Rules{Holds: own, Open: own}),
			scan.Files("trace of git", traces, secretscan.Rules{Holds: never, Open: own}))
		if err != nil {
			t.Errorf("looking for secrets: %v", err)
		}
	})
	return traces
}

// absent takes a file that is not there as no fault.
func absent(err error) error {
	if errors.Is(err, fs.ErrNotExist) || os.IsNotExist(err) {
		return nil
	}
	return err
}
