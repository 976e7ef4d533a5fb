package secretscan

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestProcesses: arguments of every descendant, the environment of those that are no user's.
func TestProcesses(t *testing.T) {
	for name, c := range map[string]struct {
		env, args []string
		want      []string
	}{
		"argument":            {[]string{"MARK=1"}, []string{"-c", "sleep 60; : " + key}, []string{"key in arguments: sh"}},
		"environment":         {[]string{"S=" + key}, []string{"-c", "sleep 60; :"}, []string{"key in environment: sh", "key in environment: sleep"}},
		"a user's":            {[]string{"MARK=1", "S=" + key}, []string{"-c", "sleep 60; :"}, nil},
		"what a user starts":  {[]string{"MARK=1", "S=" + key}, []string{"-c", "unset MARK; sleep 60; :"}, nil},
		"what a user types":   {[]string{"MARK=1"}, []string{"-c", "sleep 60; : aws configure set aws_secret_access_key " + key}, nil},
		"of a child's child":  {[]string{"MARK=1"}, []string{"-c", "sh -c 'sleep 60; : " + key + "'; :"}, []string{"key in arguments: sh"}},
		"a command like that": {[]string{"MARK=1"}, []string{"-c", "sleep 60; : configure set " + key}, []string{"key in arguments: sh"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := New()
			s.Know("key", key)
			cmd := exec.Command("sh", c.args...)
			cmd.Env = append(c.env, "PATH="+os.Getenv("PATH"))
			cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			stop, done := make(chan struct{}), make(chan struct{})
			go func() { s.Processes("MARK", stop); close(done) }()
			deadline := time.Now().Add(10 * time.Second)
			for time.Now().Before(deadline) {
				time.Sleep(pause)
				if found, _ := s.Report(); len(c.want) > 0 && slices.Equal(found, c.want) || len(c.want) == 0 && s.seen("sleep") {
					break
				}
			}
			close(stop)
			<-done
			syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
			cmd.Wait()
			if found, _ := s.Report(); !slices.Equal(found, c.want) {
				t.Errorf("found %q, want %q", found, c.want)
			}
		})
	}
}

// seen reports whether a process's arguments were looked at.
func (s *Scanner) seen(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for text := range s.later {
		if strings.HasPrefix(text, name) {
			return true
		}
	}
	return false
}
