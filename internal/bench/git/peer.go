package main

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// peer is a server that is measured.
type peer struct {
	name string
	url  *url.URL // without a path
	tls  *tls.Config
	tree tree
	path func(repository string) string
	// password is what a repository is opened with; "" for no authentication.
	password func(repository string) string
	// limit marks the canned answers: nothing is pushed to them, and no server can be faster.
	limit bool
	ready time.Duration // from its start until it listened
	stop  func()
	dir   string                // of its repositories, if it has them as such
	again func() (*peer, error) // starts one more, with nothing to do
}

// authorization is the header's value.
func (p *peer) authorization(repository string) string {
	if p.password == nil {
		return ""
	}
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(p.password(repository)))
}

// remote is a repository's URL.
func (p *peer) remote(repository string) string { return p.url.String() + p.path(repository) }

// git is the configuration by which git reaches the peer.
func (p *peer) git(repository string) []string {
	var args []string
	if a := p.authorization(repository); a != "" {
		args = append(args, "-c", "http.extraHeader=Authorization: "+a)
	}
	return args
}

func (p *peer) dial() (net.Conn, error) {
	if p.tls != nil {
		return tls.Dial("tcp", p.url.Host, p.tls)
	}
	return net.Dial("tcp", p.url.Host)
}

// dotGit is where most servers have a repository.
func dotGit(repository string) string { return "/" + repository + ".git" }

// launch starts one of the peer's processes, in a process group of its own,
// which stop ends with the rest.
func (p *peer) launch(c *exec.Cmd) error {
	if p.stop == nil {
		p.tree.group = newCgroup(p.name)
		p.stop = p.tree.group.remove
	}
	p.tree.group.enter(c)
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := c.Start(); err != nil {
		return err
	}
	p.tree.roots = append(p.tree.roots, c.Process.Pid)
	rest := p.stop
	p.stop = func() {
		syscall.Kill(-c.Process.Pid, syscall.SIGTERM)
		c.Wait()
		syscall.Kill(-c.Process.Pid, syscall.SIGKILL) // its children may be slow to notice
		rest()
	}
	return nil
}

// listening starts a server that says on its standard output where it listens.
func (p *peer) listening(c *exec.Cmd) error {
	out, err := c.StdoutPipe()
	if err != nil {
		return err
	}
	start := time.Now()
	if err := p.launch(c); err != nil {
		return err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	p.ready = time.Since(start)
	address, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if err != nil || !ok {
		return errors.Join(fmt.Errorf("%s said %q", p.name, line), err)
	}
	p.url, err = url.Parse(address)
	return err
}

// self is this program again, as another server.
func self(args ...string) (*exec.Cmd, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := exec.Command(program, args...)
	c.Stderr = os.Stderr
	return c, nil
}

// freePort finds one for a server that cannot take any. Another program may
// take it in between.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// until waits for a server that does not say when it listens.
func until(address string, since time.Time) (time.Duration, error) {
	for time.Since(since) < 30*time.Second {
		c, err := net.Dial("tcp", address)
		if err == nil {
			return time.Since(since), c.Close()
		}
		time.Sleep(time.Millisecond)
	}
	return 0, fmt.Errorf("nothing listens on %s", address)
}
