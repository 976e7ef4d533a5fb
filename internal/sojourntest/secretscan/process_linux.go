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
// and at the environment of those that are the server's own: users' commands have
// a variable of the name marker, and what they start is theirs too, whatever it
// keeps of the environment. It runs until stop is closed.
func (s *Scanner) Processes(marker string, stop <-chan struct{}) {
	p := processes{Scanner: s, marker: []byte(marker + "="), seen: map[string]string{}, users: map[string]bool{}}
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
			p.descend("self", false)
		}
	}
}

// typed are commands of the AWS CLI, and ours by the same names, that take a
// secret as an argument because AWS made them so: whoever types them shows it.
// What sets a directory up for the tests has no other way either, and the tests'
// authenticator stands for a phone.
var typed = regexp.MustCompile(` configure set aws_|--(?:token-code|authentication-code[12])[= ]|samba-tool domain provision|\.test totp `)

type processes struct {
	*Scanner
	marker []byte
	seen   map[string]string // by process id, what it was when it was last looked at: one that still is, is not looked at again
	users  map[string]bool   // by process id: those with the marker
}

// descend looks at the descendants of pid, which are a user's if it is.
func (p *processes) descend(pid string, user bool) {
	lists, _ := filepath.Glob("/proc/" + pid + "/task/*/children")
	for _, l := range lists {
		b, _ := os.ReadFile(l) // the process may have ended
		for _, child := range strings.Fields(string(b)) {
			p.process(child, user)
			p.descend(child, user || p.users[child])
		}
	}
}

func (p *processes) process(pid string, user bool) {
	arguments, _ := os.ReadFile("/proc/" + pid + "/cmdline")
	if p.seen[pid] == string(arguments) {
		return
	}
	line := string(bytes.TrimRight(bytes.ReplaceAll(arguments, []byte{0}, []byte{' '}), " "))
	name, _, _ := strings.Cut(line, " ")
	if !typed.MatchString(line) {
		p.Keep("arguments: "+filepath.Base(name), line)
	}
	environment, _ := os.ReadFile("/proc/" + pid + "/environ")
	again, _ := os.ReadFile("/proc/" + pid + "/environ") // of a process that ends, a part is read, and the next time nothing
	if len(environment) == 0 || !bytes.Equal(environment, again) {
		return
	}
	p.seen[pid] = string(arguments)
	if p.users[pid] = bytes.Contains(environment, p.marker); !p.users[pid] && !user {
		p.Keep("environment: "+filepath.Base(name), string(environment))
	}
}
