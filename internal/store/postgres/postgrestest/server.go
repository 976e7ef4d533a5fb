// Package postgrestest runs a PostgreSQL server of Debian's for a test: on
// loopback, with a password, in a directory that goes with it. It can be killed
// and started again on the same data.
package postgrestest

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// Password of the server's user, in case a test looks for it where it must not be.
const Password = "postgrestest-password-31"

// Server is a PostgreSQL server.
type Server struct {
	Addr string // HOST:PORT

	dir, bin string
	settings []string
	user     *syscall.Credential // postgres, where we are root: the server refuses to run as root
	process  *exec.Cmd
	log      *os.File
	made     atomic.Int64
}

// Start makes a server, with further settings NAME=VALUE. It ends with the test.
func Start(t testing.TB, settings ...string) *Server {
	t.Helper()
	s, err := start(settings)
	if err != nil {
		t.Fatalf("PostgreSQL: %v", err)
	}
	t.Cleanup(s.Remove)
	return s
}

// StartForMain is Start for a TestMain, which calls Remove at the end.
func StartForMain(settings ...string) (*Server, error) { return start(settings) }

func start(settings []string) (*Server, error) {
	s := &Server{settings: settings}
	for _, step := range []func() error{s.findPrograms, s.makeDir, s.initialize, s.takePort, s.Run} {
		if err := step(); err != nil {
			s.Remove()
			return nil, err
		}
	}
	return s, nil
}

func (s *Server) findPrograms() error {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if path, err := exec.LookPath("postgres"); err == nil {
		found = append(found, path)
	}
	if len(found) == 0 {
		return fmt.Errorf("it is not installed: \"make parts\" does that")
	}
	slices.Sort(found)
	program, err := filepath.EvalSymlinks(found[len(found)-1]) // to where its tools are
	s.bin = filepath.Dir(program)
	return err
}

// makeDir makes the directory, which the server's user must be able to reach.
func (s *Server) makeDir() (err error) {
	if s.dir, err = os.MkdirTemp("", "sojourn-postgres-"); err != nil {
		return err
	}
	if err := os.Chmod(s.dir, 0o755); err != nil {
		return err
	}
	if s.log, err = os.Create(filepath.Join(s.dir, "log")); err != nil {
		return err
	}
	if os.Getuid() == 0 {
		if s.user, err = postgresUser(); err != nil {
			return err
		}
	}
	for _, dir := range []string{s.data(), s.archive()} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			return err
		}
		if err := s.own(dir); err != nil {
			return err
		}
	}
	return nil
}

// own gives a file to the server's user.
func (s *Server) own(name string) error {
	if s.user == nil {
		return nil
	}
	return os.Chown(name, int(s.user.Uid), int(s.user.Gid))
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// postgresUser is the account that Debian's package makes.
func postgresUser() (*syscall.Credential, error) {
	out, err := exec.Command("id", "-u", "postgres").Output()
	if err != nil {
		return nil, fmt.Errorf("there is no user postgres: %w", err)
	}
	group, err := exec.Command("id", "-g", "postgres").Output()
	if err != nil {
		return nil, err
	}
	uid, err1 := strconv.Atoi(string(bytes.TrimSpace(out)))
	gid, err2 := strconv.Atoi(string(bytes.TrimSpace(group)))
	if err1 != nil || err2 != nil {
		return nil, fmt.Errorf("user postgres is %q, group %q", out, group)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

func (s *Server) command(name string, args ...string) *exec.Cmd {
	c := exec.Command(filepath.Join(s.bin, name), args...)
	c.Dir, c.Env = "/", []string{"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", "TZ=UTC"}
	c.Stdout, c.Stderr = s.log, s.log
	c.SysProcAttr = &syscall.SysProcAttr{Credential: s.user, Setpgid: true}
	return c
}

func (s *Server) initialize() error {
	password := filepath.Join(s.dir, "password")
	if err := os.WriteFile(password, []byte(Password+"\n"), 0o644); err != nil {
		return err
	}
	defer os.Remove(password)
	// The locale is not C, so that a column without COLLATE "C" shows.
	err := s.command("initdb", "-D", s.data(), "-U", "sojourn", "-A", "md5", "--pwfile", password, "--locale", "C.UTF-8", "-E", "UTF8", "--no-sync").Run()
	if err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, s.Log())
	}
	return nil
}

func (s *Server) takePort() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.Addr = l.Addr().String()
	return l.Close()
}

// Run starts the server that Kill has ended.
func (s *Server) Run() error {
	_, port, _ := net.SplitHostPort(s.Addr)
	_ = os.Remove(filepath.Join(s.data(), "postmaster.pid")) // of one that was killed
	args := []string{"-D", s.data()}
	for _, setting := range append([]string{"listen_addresses=127.0.0.1", "port=" + port, "unix_socket_directories=", "fsync=on", "synchronous_commit=on",
		"max_connections=300", "shared_buffers=64MB", "max_wal_size=256MB"}, s.settings...) {
		args = append(args, "-c", setting)
	}
	s.process = s.command("postgres", args...)
	if err := s.process.Start(); err != nil {
		return err
	}
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		err := s.admin("SELECT 1")
		if err == nil {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("it does not answer: %w\n%s", err, s.Log())
		}
	}
}

// Kill ends the server and what it has started at once, as a crash of the machine
// would: a backend that outlived it could still answer, and write to the data that
// the next server uses.
func (s *Server) Kill() {
	if s.process == nil || s.process.Process == nil {
		return
	}
	pid := s.process.Process.Pid
	_ = syscall.Kill(pid, syscall.SIGSTOP) // it starts no more
	children := childrenOf(pid)
	for _, child := range children {
		_ = syscall.Kill(child, syscall.SIGKILL)
	}
	_ = syscall.Kill(pid, syscall.SIGKILL)
	_ = s.process.Wait()
	s.process = nil
	// A new server refuses to start beside one that still has the shared memory.
	for end := time.Now().Add(10 * time.Second); slices.ContainsFunc(children, isAlive) && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
}

// isAlive reports whether a process has not ended; one that nobody has waited for has.
func isAlive(pid int) bool {
	state, _, ok := stat(pid)
	return ok && state != "Z" && state != "X"
}

// stat reads a process's state and its parent. "PID (NAME) STATE PARENT ...": a
// name may hold spaces and parentheses.
func stat(pid int) (state string, parent int, ok bool) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", 0, false // it has ended
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 2 {
		return "", 0, false
	}
	parent, err = strconv.Atoi(fields[1])
	return fields[0], parent, err == nil
}

// childrenOf are the processes that pid has started and that still are.
func childrenOf(pid int) (children []int) {
	all, _ := filepath.Glob("/proc/[0-9]*")
	for _, path := range all {
		child, err := strconv.Atoi(filepath.Base(path))
		if err != nil {
			continue
		}
		if _, parent, ok := stat(child); ok && parent == pid {
			children = append(children, child)
		}
	}
	return children
}

// Remove ends the server and removes its data.
func (s *Server) Remove() {
	if s.process != nil && s.process.Process != nil {
		_ = s.process.Process.Signal(syscall.SIGQUIT)
		_ = s.process.Wait()
		s.process = nil
	}
	if s.log != nil {
		s.log.Close()
	}
	if s.dir != "" {
		_ = os.RemoveAll(s.dir)
	}
}

// Log is what the server has printed.
func (s *Server) Log() string {
	b, _ := os.ReadFile(filepath.Join(s.dir, "log"))
	return string(b)
}

// URL names a database on the server, with the password.
func (s *Server) URL(database string) string {
	return "postgres://sojourn:" + Password + "@" + s.Addr + "/" + database
}

// Database makes a new database and returns its URL.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("test%d", s.made.Add(1))
	if err := s.admin("CREATE DATABASE " + name); err != nil {
		t.Fatalf("PostgreSQL: %v", err)
	}
	return s.URL(name)
}

func (s *Server) admin(statement string) error { return Exec(s.URL("postgres"), statement) }

// Exec runs a statement in a database.
func Exec(url, statement string) error {
	db, err := sql.Open("pgx", url)
	if err != nil {
		return err
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_, err = db.ExecContext(ctx, statement)
	return err
}
