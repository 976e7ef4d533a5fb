// Package gitexec is the one place that starts git. What may be run is a short
// list of constructors (see command.go), each with its flags fixed here: no
// value from outside ever becomes an argument, a variable or a setting; object
// ids and packs go through standard input.
//
// Each process runs in a closed environment, in its own process group, and is
// gone with all its children when Run returns. How many run at a time is
// bounded. The package does not know what git's answers mean.
package gitexec

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// ErrBusy says that no place for a process came free in time.
var ErrBusy = errors.New("too many git processes are running")

// Options for New.
type Options struct {
	Path string // of git; "" looks it up in PATH
	Dir  string // a private directory that New may fill

	// Streams bounds the processes that a client's connection feeds or drains;
	// 0 is two for each processor, at least 8. Those that only compute have as
	// many places of their own, so that slow clients do not hold them up.
	Streams int
	// Wait bounds the time in the queue for a place; 0 is two minutes.
	Wait time.Duration
	// Queue bounds how many wait, of each class; 0 is 256. One principal may be a
	// quarter of them.
	Queue int

	// Memory bounds the data of each process in bytes, 0 is 4 GiB; packs that it
	// maps do not count. Only Linux keeps it. CPU bounds its processor time, 0 is
	// an hour; what keeps repositories up has a day.
	Memory int64
	CPU    time.Duration
}

// Runner starts git.
type Runner struct {
	path  string
	home  string
	empty string // a bare repository with nothing in it
	env   []string
	wait  time.Duration

	queues  [upkeep + 1]*queue
	memory  int64
	cpu     time.Duration
	killed  atomic.Int64 // for what a limit ended
	started [upkeep + 1]atomic.Int64
	refused [upkeep + 1]atomic.Int64
}

// New finds git, checks that it is new enough, and prepares the directories
// that keep its environment closed.
func New(ctx context.Context, opt Options) (*Runner, error) {
	path, err := findGit(opt.Path)
	if err != nil {
		return nil, err
	}
	if opt.Streams == 0 {
		opt.Streams = max(8, 2*runtime.GOMAXPROCS(0))
	}
	if opt.Wait == 0 {
		opt.Wait = 2 * time.Minute
	}
	if opt.Queue == 0 {
		opt.Queue = 256
	}
	if opt.Memory == 0 {
		opt.Memory = 4 << 30
	}
	if opt.CPU == 0 {
		opt.CPU = time.Hour
	}
	r := &Runner{
		path: path, home: filepath.Join(opt.Dir, "home"), empty: filepath.Join(opt.Dir, "empty.git"), wait: opt.Wait,
		memory: opt.Memory, cpu: opt.CPU,
	}
	for class, places := range [...]int{task: opt.Streams, stream: opt.Streams, upkeep: 1} {
		r.queues[class] = newQueue(places, opt.Queue)
	}
	r.env = environment(path, r.home)
	if err := r.prepare(); err != nil {
		return nil, fmt.Errorf("preparing a directory for git: %w", err)
	}
	return r, r.checkVersion(ctx)
}

func findGit(path string) (string, error) {
	if path == "" {
		path = "git"
	}
	found, err := exec.LookPath(path)
	if err != nil {
		return "", fmt.Errorf("git %s or newer is needed: %w", minVersion, err)
	}
	return filepath.Abs(found)
}

func (r *Runner) prepare() error {
	if err := os.MkdirAll(r.home, 0o700); err != nil {
		return err
	}
	return MakeRepository(r.empty, "refs/heads/main")
}

// MakeRepository writes the least that git takes for a bare repository. Its
// objects are named by each Command, so it has none of its own.
func MakeRepository(dir, head string) error {
	if err := os.MkdirAll(filepath.Join(dir, "refs"), 0o700); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(dir, "objects"), 0o700); err != nil {
		return err
	}
	config := "[core]\n\trepositoryformatversion = 0\n\tbare = true\n"
	if err := os.WriteFile(filepath.Join(dir, "config"), []byte(config), 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "HEAD"), []byte("ref: "+head+"\n"), 0o600)
}

const minVersion = "2.39"

func (r *Runner) checkVersion(ctx context.Context) error {
	var out bytes.Buffer
	if err := r.Run(ctx, Command{name: "version"}, IO{Stdout: &out}); err != nil {
		return fmt.Errorf("asking git for its version: %w", err)
	}
	if !atLeast(out.String(), 2, 39) {
		return fmt.Errorf("git %s or newer is needed; %s is %q", minVersion, r.path, strings.TrimSpace(out.String()))
	}
	return nil
}

func atLeast(version string, major, minor int) bool {
	parts := strings.SplitN(strings.TrimPrefix(version, "git version "), ".", 3)
	if len(parts) < 2 {
		return false
	}
	ma, err1 := strconv.Atoi(parts[0])
	mi, err2 := strconv.Atoi(parts[1])
	return err1 == nil && err2 == nil && (ma > major || ma == major && mi >= minor)
}

// IO connects a process. Stdin is read to its end even when the process ends
// before, so that a client that is still sending gets to read the answer.
type IO struct {
	Stdin  io.Reader
	Stdout io.Writer
	// Stderr is called with each line (ended by a newline or a carriage return,
	// which is left on), from another goroutine.
	Stderr func(line []byte)
}

// ExitError is a process that ended with another status than 0, or by a signal (Code -1).
type ExitError struct {
	Subcommand string
	Code       int
	Stderr     string // its beginning; for the log, for it may name paths of ours
	Input      error  // what cut its input short, if anything did
}

func (e *ExitError) Error() string {
	s := fmt.Sprintf("git %s: exit status %d", e.Subcommand, e.Code)
	if e.Input != nil {
		s += ": its input: " + e.Input.Error()
	}
	if e.Stderr != "" {
		s += ": " + strings.TrimSpace(e.Stderr)
	}
	return s
}

func (e *ExitError) Unwrap() error { return e.Input }

// Run waits for a place, runs c and returns when it and its children are gone.
// When ctx ends they are killed. The error is ErrBusy, an *ExitError, ctx's, or
// that of a Stdout that failed.
func (r *Runner) Run(ctx context.Context, c Command, s IO) error {
	release, err := r.place(ctx, &c)
	if err != nil {
		return err
	}
	defer release()
	ctx, cancel := context.WithTimeoutCause(ctx, r.patience(&c), errTooLong)
	defer cancel()
	slow := &pace{}
	if c.class == stream {
		s.Stdin, s.Stdout = slow.reader(s.Stdin), slow.writer(s.Stdout)
	}
	stderr := &lineWriter{each: s.Stderr}
	cmd := r.command(ctx, c)
	cmd.Stdout, cmd.Stderr = s.Stdout, stderr
	input := newFeeder(s.Stdin)
	if s.Stdin != nil {
		if input.pipe, err = cmd.StdinPipe(); err != nil {
			return fmt.Errorf("starting git %s: %w", c.name, err)
		}
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting git %s: %w", c.name, err)
	}
	r.limit(cmd.Process.Pid, &c)
	r.started[c.class].Add(1)
	go input.run()
	endGroup(cmd.Process.Pid)
	waitErr := cmd.Wait()
	<-input.done
	stderr.flush()
	if errors.Is(context.Cause(ctx), errTooLong) || overLimit(cmd.ProcessState) {
		r.killed.Add(1)
	}
	return outcome(ctx, c, waitErr, stderr, input)
}

// errTooLong ends a process that only computes, and does so for too long.
var errTooLong = errors.New("it took longer than a git process may")

// patience bounds the time of a process. How long a client takes is for its pace
// and the door's; see pace.
func (r *Runner) patience(c *Command) time.Duration {
	switch c.class {
	case task:
		return 2 * r.cpu
	case upkeep:
		return upkeepTime
	}
	return streamTime
}

// Bounds of the time that one process may take, whatever it waits for.
const (
	upkeepTime = 24 * time.Hour
	streamTime = 24 * time.Hour
)

// limit bounds what a process that has just started may take.
func (r *Runner) limit(pid int, c *Command) {
	memory, cpu := r.memory, r.cpu
	if c.class == upkeep {
		memory, cpu = 2*memory, upkeepTime
	}
	limitProcess(pid, memory, cpu)
}

func (r *Runner) command(ctx context.Context, c Command) *exec.Cmd {
	cmd := exec.CommandContext(ctx, r.path, append([]string{c.name}, c.args...)...)
	cmd.Dir = r.home
	cmd.Env = append(append([]string(nil), r.env...), c.environment(r.empty)...)
	ownGroup(cmd)
	cmd.Cancel = func() error { return killGroup(cmd.Process.Pid) }
	return cmd
}

func outcome(ctx context.Context, c Command, err error, stderr *lineWriter, in *feeder) error {
	exit, ok := errors.AsType[*exec.ExitError](err)
	switch {
	case err == nil && in.readErr == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("running git %s: %w", c.name, context.Cause(ctx))
	case ok:
		return &ExitError{Subcommand: c.name, Code: exit.ExitCode(), Stderr: stderr.head.String(), Input: in.readErr}
	case in.readErr != nil:
		return &ExitError{Subcommand: c.name, Input: in.readErr}
	}
	return fmt.Errorf("running git %s: %w", c.name, err)
}

// place takes a place in the class of c.
func (r *Runner) place(ctx context.Context, c *Command) (release func(), err error) {
	wait := r.wait
	if c.class == upkeep {
		wait = upkeepTime
	}
	release, err = r.queues[c.class].take(ctx, ownerOf(ctx, c), wait, c.name)
	if errors.Is(err, ErrBusy) {
		r.refused[c.class].Add(1)
	}
	return release, err
}

// Busy tells who is about to send a long request whether it would be refused.
func (r *Runner) Busy(ctx context.Context) error {
	if busy := r.queues[stream].full(ownerOf(ctx, &Command{})); busy != nil {
		r.refused[stream].Add(1)
		return busy
	}
	return nil
}

// Load is how much of one class there is.
type Load struct {
	Class            string // stream, task or upkeep
	Running, Waiting int
	Started, Refused int64
}

// Loads tells of each class, and how many processes a limit has ended.
func (r *Runner) Loads() (loads []Load, killed int64) {
	for class, q := range r.queues {
		l := Load{Class: classNames[class], Started: r.started[class].Load(), Refused: r.refused[class].Load()}
		l.Running, l.Waiting = q.counts()
		loads = append(loads, l)
	}
	return loads, r.killed.Load()
}
