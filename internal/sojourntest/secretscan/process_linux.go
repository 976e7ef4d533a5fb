package secretscan

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// pause is how often processes are looked at. A process that lives shorter may
// be missed in one test; it runs in hundreds.
const pause = 40 * time.Millisecond

// Processes looks at the arguments of every process that descends from this one,
// and at the environment of those that are the server's own, which have no
// variable of the name marker: users' commands have. It runs until stop is closed.
func (s *Scanner) Processes(marker string, stop <-chan struct{}) {
	seen := map[string]string{}
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
			s.descend("self", marker, seen)
		}
	}
}

// typed are commands of the AWS CLI, and ours by the same names, that take a
// secret as an argument because AWS made them so: whoever types them shows it.
// What sets a directory up for the tests has no other way either, and the tests'
// authenticator stands for a phone.
var typed = regexp.MustCompile(` configure set aws_|--(?:token-code|authentication-code[12])[= ]|samba-tool domain provision|\.test totp `)

// descend looks at the descendants of pid. Seen is what each was when it was last
// looked at: one that still is, is not looked at again.
func (s *Scanner) descend(pid, marker string, seen map[string]string) {
	lists, _ := filepath.Glob("/proc/" + pid + "/task/*/children")
	for _, l := range lists {
		b, _ := os.ReadFile(l) // the process may have ended
		for _, child := range strings.Fields(string(b)) {
			s.process(child, marker, seen)
			s.descend(child, marker, seen)
		}
	}
}

func (s *Scanner) process(pid, marker string, seen map[string]string) {
	arguments, _ := os.ReadFile("/proc/" + pid + "/cmdline")
	if seen[pid] == string(arguments) {
		return
	}
	line := string(bytes.TrimRight(bytes.ReplaceAll(arguments, []byte{0}, []byte{' '}), " "))
	name, _, _ := strings.Cut(line, " ")
	if !typed.MatchString(line) {
		s.Keep("arguments: "+filepath.Base(name), line)
	}
	environment, _ := os.ReadFile("/proc/" + pid + "/environ")
	again, _ := os.ReadFile("/proc/" + pid + "/environ") // of a process that ends, a part is read, and the next time nothing
	if len(environment) == 0 || !bytes.Equal(environment, again) {
		return
	}
	seen[pid] = string(arguments)
	if !bytes.Contains(environment, []byte(marker+"=")) {
		s.Keep("environment: "+filepath.Base(name), string(environment))
	}
}
