package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// demoShell runs commands as a user with a home of their own would type them.
type demoShell struct {
	ctx  context.Context
	a    *app
	home string
	env  map[string]string
}

func newDemoShell(ctx context.Context, a *app, home, programs string) *demoShell {
	s := &demoShell{ctx: ctx, a: a, home: home, env: map[string]string{}}
	for _, kept := range []string{"TMPDIR", "SYSTEMROOT", "TERM", "LANG", "LD_LIBRARY_PATH"} {
		if v := a.getenv(kept); v != "" {
			s.set(kept, v)
		}
	}
	s.set("HOME", home)
	s.set("PATH", programs+string(os.PathListSeparator)+a.getenv("PATH"))
	s.set("GIT_CONFIG_NOSYSTEM", "1")
	s.set("GIT_TERMINAL_PROMPT", "0")
	s.set("AWS_EC2_METADATA_DISABLED", "true")
	return s
}

func (s *demoShell) set(name, value string) { s.env[name] = value }

func (s *demoShell) environ() (env []string) {
	for name, value := range s.env {
		env = append(env, name+"="+value)
	}
	return env
}

func (s *demoShell) title(text string) { fmt.Fprintf(s.a.stdout, "\n== %s\n", text) }
func (s *demoShell) shown(line string) { fmt.Fprintf(s.a.stdout, "$ %s\n", line) }
func (s *demoShell) say(format string, args ...any) {
	fmt.Fprintf(s.a.stdout, "# "+format+"\n", args...)
}

// file writes a file below the home, for the user alone.
func (s *demoShell) file(name, text string) error {
	path := filepath.Join(s.home, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(text), 0o600)
}

func (s *demoShell) command(dir, line string) *exec.Cmd {
	c := exec.CommandContext(s.ctx, "sh", "-c", line)
	c.Dir, c.Env = dir, s.environ()
	return c
}

// all shows and runs each line; the first that fails ends it.
func (s *demoShell) all(lines ...string) error {
	for _, line := range lines {
		s.shown(line)
		c := s.command(s.home, line)
		c.Stdout, c.Stderr = s.a.stdout, s.a.stdout
		if err := c.Run(); err != nil {
			return fmt.Errorf("%q: %w", line, err)
		}
	}
	return nil
}

// refused shows and runs a line that must fail and say want.
func (s *demoShell) refused(line, want string) error {
	s.shown(line)
	var out bytes.Buffer
	c := s.command(s.home, line)
	c.Stdout = io.MultiWriter(s.a.stdout, &out)
	c.Stderr = c.Stdout
	switch err := c.Run(); {
	case err == nil:
		return fmt.Errorf("%q was not refused", line)
	case !strings.Contains(out.String(), want):
		return fmt.Errorf("%q was refused without the words %q", line, want)
	}
	return nil
}

// quiet runs a line that the user need not see and returns its output, trimmed.
func (s *demoShell) quiet(dir, line string) (string, error) {
	c := s.command(dir, line)
	var errOut bytes.Buffer
	c.Stderr = &errOut
	out, err := c.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w", strings.TrimSpace(errOut.String()), err)
	}
	return strings.TrimSpace(string(out)), nil
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

func lines(s string) int { return strings.Count(s, "\n") + 1 }

// demoServer is "sojourn serve" as a process of its own.
type demoServer struct {
	cmd *exec.Cmd
	url string
	log string
}

// startDemoServer waits until the server says where it listens.
func startDemoServer(s *demoShell, dir string, args ...string) (*demoServer, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	s.shown("sojourn " + strings.ReplaceAll(strings.Join(args, " "), s.env["DATA"], "$DATA") + " &")
	log, err := os.OpenFile(filepath.Join(dir, "server.log"), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	d := &demoServer{cmd: exec.Command(program, args...), log: log.Name()}
	d.cmd.Env, d.cmd.Stderr = s.environ(), log
	out, err := d.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := d.cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	url, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if err != nil || !ok {
		why, _ := os.ReadFile(d.log)
		return nil, errors.Join(fmt.Errorf("the server did not start: %s", bytes.TrimSpace(why)), d.stop())
	}
	d.url = url
	fmt.Fprint(s.a.stdout, line)
	return d, nil
}

// stop ends the server as a service manager would.
func (d *demoServer) stop() error {
	if err := d.cmd.Process.Signal(os.Interrupt); err != nil {
		d.cmd.Process.Kill() // Windows has no signals
	}
	done := make(chan error, 1)
	go func() { done <- d.cmd.Wait() }()
	select {
	case err := <-done:
		return err
	case <-time.After(time.Minute):
		d.cmd.Process.Kill()
		return errors.New("the server did not stop in a minute")
	}
}

// remove stops what runs and deletes the demonstration's directory.
func (d *demo) remove() error {
	var errs []error
	if d.server != nil {
		errs = append(errs, d.server.stop())
	}
	if d.idp != nil {
		errs = append(errs, d.idp.Close())
	}
	return errors.Join(append(errs, os.RemoveAll(d.dir))...)
}

// printLog shows the end of the server's log after a failure.
func (d *demo) printLog() {
	if d.server == nil {
		return
	}
	b, _ := os.ReadFile(d.server.log) // what cannot be read is not shown
	tail := strings.Split(strings.TrimSpace(string(b)), "\n")
	fmt.Fprintf(d.a.stderr, "the server's log ends:\n%s\n", strings.Join(tail[max(0, len(tail)-20):], "\n"))
}

// printKeep says how to go on by hand, and how to end it.
func (d *demo) printKeep() {
	fmt.Fprintf(d.a.stdout, "\nThe server runs on. In a shell of its own:\n\n")
	for _, name := range []string{"HOME", "PATH", "DATA", "AWS_ENDPOINT_URL", "AWS_CA_BUNDLE", "GIT_CONFIG_NOSYSTEM"} {
		fmt.Fprintf(d.a.stdout, "export %s=%s\n", name, quote(d.shell.env[name]))
	}
	fmt.Fprintf(d.a.stdout, "cd\ngit clone codecommit://CodeAccess@MyDemoRepo again\n\nTo end it: kill %d; rm -r %s\n", d.server.cmd.Process.Pid, quote(d.dir))
	d.idp.Close()
}
