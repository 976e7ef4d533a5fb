package sojourntest

import (
	"errors"
	"fmt"
	"net/http"
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

// Process is for a server on data in a process of its own, to which it gives what
// this process is to print its log into. At the end the log and the data are looked
// at, also with what users of Shell keep of the sessions that it gave them.
func Process(t testing.TB, data string) *Logs {
	logs := &Logs{}
	t.Cleanup(func() {
		lookAtServer(t, data) // first, for it learns the keys
		scan.Look("log: of a server in a process of its own", logs.String())
	})
	return logs
}

// Transport learns the secrets that go over a test's own connections.
func Transport(base http.RoundTripper) http.RoundTripper { return scan.Transport(base) }

// look looks at what a server leaves behind.
func (s *Server) look() {
	lookAtServer(s.t, s.Data) // first, for it learns the keys
	scan.Look("log: of a server", s.Logs.String())
}

func lookAtServer(t testing.TB, data string) {
	t.Helper()
	if err := scan.Server(data); err != nil {
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
		err := errors.Join(scan.KnowHome(home), scan.Files("file of a user", home, secretscan.Rules{Holds: own, Open: own}),
			scan.Files("trace of git", traces, secretscan.Rules{Holds: never, Open: own}))
		if err != nil {
			t.Errorf("looking for secrets: %v", err)
		}
	})
	return traces
}
