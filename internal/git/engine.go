// Package git is the engine: it serves repositories whose refs and list of
// packs are rows of the metadata store and whose packs are blobs of the object
// store. It answers what is asked about refs itself, and starts git to make,
// index and check packs.
//
// Nothing on this machine's disk is the truth. What git sees is a view: a
// throw-away bare repository of hard links and one packed-refs file, made for
// one version of one repository and never changed. A push goes into a directory
// of its own, is checked there, is stored under a key that is never used again,
// and takes effect in one transaction, which is the only place where refs
// change; only then is it acknowledged.
//
// Service is the way in for doors: its methods take a caller and ask the gate.
// The Engine's exported methods are for other domain packages, which have asked
// already. The package knows no HTTP, no SQL and no policy.
package git

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"time"

	"sojourn/internal/git/gitexec"
	"sojourn/internal/objects"
	"sojourn/internal/store"
)

// HiddenRefs begins the names of refs that are ours: never shown, never pushed
// to, but what they point to is kept.
const HiddenRefs = "refs/sojourn/"

// Options for New. Store, Objects, Dir and Now are required; zero values of the
// others are the defaults.
type Options struct {
	Store   store.Store
	Objects objects.Store
	Dir     string // a cache for this engine alone; what is in it is removed at the start
	Now     func() time.Time
	Log     *slog.Logger

	Git       string        // path of git; "" looks it up
	Processes int           // git processes that serve clients at a time; see gitexec.Options
	QueueWait time.Duration // for such a process; see gitexec.Options
	Queue     int           // requests that wait for one; see gitexec.Options
	Memory    int64         // bytes of data of a process; see gitexec.Options
	CPU       time.Duration // processor time of a process; see gitexec.Options
	MaxPack   int64         // bytes of one push; 10 GiB
	MaxBlob   int64         // bytes of one file; 2 GiB, CodeCommit's limit
	Quota     int64         // bytes that an account's packs may take; no bound when 0
	KeepAlive time.Duration // between signs of life to a client that waits; 5 seconds

	MaxRepositories int   // kept warm; 1,000
	MaxRefBytes     int64 // of memory for refs of warm repositories; 256 MiB
	MaxAnswerBytes  int64 // of disk for answers to fetches; 1 GiB
	MaxPackBytes    int64 // of disk for packs of warm repositories, where Objects copies them; no bound when 0

	// Idle does nothing in the background: for a tool beside servers.
	Idle bool

	// Events are the kinds of store.Event that a change of refs is written as, in
	// its own transaction; none when empty.
	Events []string

	CompactEvery time.Duration // between looks at all repositories' packs; 1 minute

	SweepEvery  time.Duration // 10 minutes
	UploadGrace time.Duration // age at which an upload that was not committed is given up; 1 hour
	TrashGrace  time.Duration // for packs that left the list; 24 hours, the longest that a backup may take

	// Hook is called at each of Failpoints. For tests.
	Hook func(point string)
}

func (o *Options) setDefaults() {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Hook == nil {
		o.Hook = func(string) {}
	}
	orElse(&o.MaxPack, 10<<30)
	orElse(&o.MaxBlob, 2<<30)
	orElse(&o.KeepAlive, 5*time.Second)
	orElse(&o.MaxRepositories, 1000)
	orElse(&o.MaxRefBytes, 256<<20)
	orElse(&o.CompactEvery, time.Minute)
	orElse(&o.MaxAnswerBytes, 1<<30)
	orElse(&o.MaxPackBytes, math.MaxInt64)
	orElse(&o.SweepEvery, 10*time.Minute)
	orElse(&o.UploadGrace, time.Hour)
	orElse(&o.TrashGrace, 24*time.Hour)
}

func orElse[T comparable](p *T, value T) {
	var zero T
	if *p == zero {
		*p = value
	}
}

// Engine serves all repositories of a node.
type Engine struct {
	opt   Options
	store store.Store
	git   *gitexec.Runner
	rows  store.Memo[address, store.Repository]
	warm  *warm
	dirs  atomic.Int64 // numbers the directories that are made

	stats counters

	sweeper *sweeper
	prover  *prover // nil when idle
	answers *answers
	upkeep  *upkeep
}

// New starts an engine. What an earlier one left in opt.Dir is removed; what it
// left in the stores is swept in the background, now and then regularly.
func New(ctx context.Context, opt Options) (*Engine, error) {
	opt.setDefaults()
	dir, err := filepath.Abs(opt.Dir)
	if err != nil {
		return nil, err
	}
	opt.Dir = dir
	if err := prepareDir(dir); err != nil {
		return nil, fmt.Errorf("preparing the cache directory: %w", err)
	}
	runner, err := gitexec.New(ctx, gitexec.Options{Path: opt.Git, Dir: filepath.Join(dir, "git"), Streams: opt.Processes, Wait: opt.QueueWait,
		Queue: opt.Queue, Memory: opt.Memory, CPU: opt.CPU})
	if err != nil {
		return nil, err
	}
	e := &Engine{opt: opt, store: opt.Store, git: runner, warm: newWarm(opt.MaxRepositories, opt.MaxRefBytes, opt.MaxPackBytes),
		answers: newAnswers(filepath.Join(dir, answersDir), opt.MaxAnswerBytes)}
	if !opt.Idle {
		e.upkeep = startUpkeep(e)
		e.prover = startProver(e)
		e.sweeper = startSweeper(e)
	}
	return e, nil
}

// The parts of the cache directory.
const (
	gensDir     = "gens"
	viewsDir    = "views"
	incomingDir = "incoming"
	answersDir  = "answers"
)

// prepareDir empties the parts that are ours and leaves alone what it does not know.
func prepareDir(dir string) error {
	for _, part := range []string{gensDir, viewsDir, incomingDir, answersDir, upkeepDir, "git"} {
		path := filepath.Join(dir, part)
		if err := errors.Join(os.RemoveAll(path), os.MkdirAll(path, 0o700)); err != nil {
			return err
		}
	}
	return nil
}

// newDir makes a directory in a part of the cache.
func (e *Engine) newDir(part string) (string, error) {
	path := filepath.Join(e.opt.Dir, part, strconv.FormatInt(e.dirs.Add(1), 10))
	return path, os.Mkdir(path, 0o700)
}

// Close waits for a sweep that runs, until ctx ends, and drops what is cached.
// Requests must have ended.
func (e *Engine) Close(ctx context.Context) error {
	var err error
	if !e.opt.Idle {
		e.upkeep.stop()
		e.prover.stop()
		err = e.sweeper.stop(ctx)
	}
	e.answers.close()
	e.warm.dropAll()
	return errors.Join(err, prepareDir(e.opt.Dir))
}

// ObjectType returns "commit", "tag", "tree" or "blob", or "" when the
// repository has no such object. An oid that is not 40 hex digits is absent.
func (e *Engine) ObjectType(ctx context.Context, repoID, oid string) (string, error) {
	if !isOID(oid) {
		return "", nil
	}
	r, s, err := e.open(ctx, byID(repoID))
	if err != nil {
		return "", err
	}
	g, err := e.objectsOf(ctx, r, s)
	if err != nil {
		return "", err
	}
	defer g.drop()
	found, err := e.objectTypes(ctx, gitexec.Objects{Dir: g.path}, []string{oid})
	if err != nil {
		return "", err
	}
	return found[oid].kind, nil
}
