package git

import (
	"container/list"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"

	"sojourn/internal/git/gitproto"
)

// answers keeps on disk what git has answered to fetches of clients that have
// nothing, for those that ask the same of the same version of a repository:
// jobs of one commit, mostly. While git answers, all of them are served by the
// one process. An answer is found by repository, version and request alone, after
// the gate has let the caller in: all who may read a repository see the same of it.
type answers struct {
	dir  string
	max  int64 // bytes of all files; those of answers under way may come to as much again
	size atomic.Int64
	made atomic.Int64   // numbers the files
	live sync.WaitGroup // processes
	ctx  context.Context
	stop context.CancelFunc

	mu    sync.Mutex
	repos map[string]map[answerKey]*answer
	order list.List // of *answer that are whole, used last first
}

type answerKey struct {
	repo    string
	version int64
	request [sha256.Size]byte
}

// Bounds of answers.
const (
	maxAnswerWants = 10_000
	maxAnswers     = 4096
	answerShare    = 8 // one answer's file may be this part of all
)

func newAnswers(dir string, limit int64) *answers {
	as := &answers{dir: dir, max: limit, repos: map[string]map[answerKey]*answer{}}
	as.ctx, as.stop = context.WithCancel(context.Background())
	return as
}

// close ends what is under way and closes the files. No requests may be left.
func (as *answers) close() {
	as.stop()
	as.live.Wait()
	as.mu.Lock()
	defer as.mu.Unlock()
	for as.order.Len() > 0 {
		as.drop(as.order.Back().Value.(*answer))
	}
}

// sharable reports whether others may be sent the answer to a request.
func sharable(q *gitproto.Fetch) bool {
	return q.Version == 2 && !q.Haves && q.Done && len(q.Wants)+len(q.Options) <= maxAnswerWants
}

// maker has git answer a request. It reports whether git did so to the end.
type maker func(ctx context.Context, request []byte, out io.Writer) (whole bool, err error)

// shared answers a request from what is kept, or has the answer made for all who
// ask the same meanwhile.
func (e *Engine) shared(ctx context.Context, s *snapshot, q *gitproto.Fetch, out io.Writer, make maker) error {
	request := q.Append(nil)
	r, fresh := e.answers.join(ctx, answerKey{s.id, s.version, sha256.Sum256(request)}, request, make)
	if r == nil { // no room for another
		_, err := make(ctx, request, out)
		return err
	}
	if !fresh {
		e.stats.sharedAnswers.Add(1)
	}
	return r.copyTo(ctx, out)
}

// join finds an answer or begins it.
func (as *answers) join(ctx context.Context, key answerKey, request []byte, make maker) (r *answerReader, fresh bool) {
	as.mu.Lock()
	defer as.mu.Unlock()
	if a := as.repos[key.repo][key]; a != nil {
		if r := a.read(); r != nil {
			a.users++
			if a.el != nil {
				as.order.MoveToFront(a.el)
			}
			return r, false
		}
	}
	as.trim()
	if as.size.Load() > as.max || as.ctx.Err() != nil {
		return nil, false
	}
	file, err := os.OpenFile(filepath.Join(as.dir, strconv.FormatInt(as.made.Add(1), 10)), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, false
	}
	a := newAnswer(as, key, file)
	a.users = 2 // the process and this reader
	r = a.read()
	ctx, a.cancel = context.WithCancel(context.WithoutCancel(ctx)) // others may want it when this reader has gone
	stop := context.AfterFunc(as.ctx, a.cancel)
	if as.repos[key.repo] == nil {
		as.repos[key.repo] = map[answerKey]*answer{}
	}
	as.repos[key.repo][key] = a
	as.live.Go(func() {
		defer stop()
		whole, err := make(ctx, request, a)
		a.end(err)
		as.settle(a, whole && err == nil)
		a.cancel()
	})
	return r, true
}

// settle keeps an answer that has ended, if it is whole.
func (as *answers) settle(a *answer, whole bool) {
	as.mu.Lock()
	defer as.mu.Unlock()
	if as.repos[a.key.repo][a.key] == a && whole && !a.isOver() {
		a.el = as.order.PushFront(a)
		as.trim()
		return
	}
	as.unlist(a)
	as.release(a)
}

// unlist keeps new readers away.
func (as *answers) unlist(a *answer) {
	of := as.repos[a.key.repo]
	if of[a.key] == a {
		delete(of, a.key)
	}
	if len(of) == 0 {
		delete(as.repos, a.key.repo)
	}
	if a.el != nil {
		as.order.Remove(a.el)
		a.el = nil
	}
}

// release ends one use of an answer's file; the last removes it.
func (as *answers) release(a *answer) {
	if a.users--; a.users > 0 {
		return
	}
	a.file.Close()
	os.Remove(a.file.Name())
	as.size.Add(-a.kept())
}

// trim removes what was not used for the longest time.
func (as *answers) trim() {
	for as.order.Len() > 0 && (as.size.Load() > as.max || as.order.Len() > maxAnswers) {
		as.drop(as.order.Back().Value.(*answer))
	}
}

func (as *answers) drop(a *answer) {
	kept := a.el != nil
	as.unlist(a)
	if kept {
		as.release(a)
	}
}

// forget removes the answers of other versions of a repository than this one.
func (as *answers) forget(repo string, version int64) {
	as.mu.Lock()
	defer as.mu.Unlock()
	for key, a := range as.repos[repo] {
		if key.version != version {
			as.drop(a)
		}
	}
}

// leave ends a reader. When it was the last of an answer that is being made and
// nobody else can come, the process is of no use any more.
func (as *answers) leave(r *answerReader) {
	as.mu.Lock()
	defer as.mu.Unlock()
	if r.a.without(r) {
		as.unlist(r.a)
		r.a.cancel()
	}
	as.release(r.a)
}

// answer is one that git gives or has given.
type answer struct {
	all    *answers
	key    answerKey
	file   *os.File
	cancel context.CancelFunc // of the process

	el    *list.Element // in order; belongs to answers.mu
	users int           // of the file; belongs to answers.mu

	mu      sync.Mutex
	changed sync.Cond
	inFile  int64
	n       int64  // bytes before piece
	piece   []byte // once the file has all that it may have, the readers get the rest from here
	over    bool
	ended   bool
	err     error // of its making
	readers map[*answerReader]bool
}

// answerReader is a client that is sent an answer.
type answerReader struct {
	a  *answer
	at int64 // what it was sent
}

func newAnswer(as *answers, key answerKey, file *os.File) *answer {
	a := &answer{all: as, key: key, file: file, readers: map[*answerReader]bool{}}
	a.changed.L = &a.mu
	return a
}

// read begins to read; nil when it is too late for all of it.
func (a *answer) read() *answerReader {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.over || a.err != nil {
		return nil
	}
	r := &answerReader{a: a}
	a.readers[r] = true
	return r
}

// without removes a reader, and reports whether nobody reads what is being made.
func (a *answer) without(r *answerReader) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.readers, r)
	a.changed.Broadcast()
	return len(a.readers) == 0 && !a.ended
}

func (a *answer) isOver() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.over
}

func (a *answer) kept() int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.inFile
}

func (a *answer) end(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ended, a.err = true, err
	a.changed.Broadcast()
}

// Write takes what git says.
func (a *answer) Write(b []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.over && a.inFile+int64(len(b)) <= a.all.max/answerShare {
		if _, err := a.file.WriteAt(b, a.inFile); err == nil {
			a.inFile += int64(len(b))
			a.n = a.inFile
			a.all.size.Add(int64(len(b)))
			a.changed.Broadcast()
			return len(b), nil
		} // the disk is full, perhaps
	}
	a.over = true
	a.piece = b
	a.changed.Broadcast()
	for a.behind(a.n + int64(len(b))) {
		a.changed.Wait()
	}
	a.n, a.piece = a.n+int64(len(b)), nil
	return len(b), nil
}

// behind reports whether a reader has yet to take something before end.
func (a *answer) behind(end int64) bool {
	for r := range a.readers {
		if r.at < end {
			return true
		}
	}
	return false
}

// copyTo sends the answer.
func (r *answerReader) copyTo(ctx context.Context, out io.Writer) error {
	defer r.a.all.leave(r)
	defer context.AfterFunc(ctx, r.a.wake)()
	p := &prompt{out: out}
	buf := frameBuffers.Get().(*[]byte)
	defer frameBuffers.Put(buf)
	for {
		n, err := r.next(ctx, *buf)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := p.Write((*buf)[:n]); err != nil {
			return err
		}
		r.took(n)
	}
}

func (a *answer) wake() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.changed.Broadcast()
}

// next waits for more and copies it; io.EOF at the end.
func (r *answerReader) next(ctx context.Context, buf []byte) (int, error) {
	a := r.a
	a.mu.Lock()
	for {
		switch {
		case r.at < a.inFile:
			n := min(int64(len(buf)), a.inFile-r.at)
			a.mu.Unlock()
			return io.ReadFull(io.NewSectionReader(a.file, r.at, n), buf[:n])
		case r.at >= a.n && r.at < a.n+int64(len(a.piece)):
			n := copy(buf, a.piece[r.at-a.n:])
			a.mu.Unlock()
			return n, nil
		case a.ended || ctx.Err() != nil:
			err := io.EOF
			if a.err != nil {
				err = a.err
			}
			if !a.ended {
				err = context.Cause(ctx)
			}
			a.mu.Unlock()
			return 0, err
		}
		a.changed.Wait()
	}
}

func (r *answerReader) took(n int) {
	r.a.mu.Lock()
	defer r.a.mu.Unlock()
	r.at += int64(n)
	r.a.changed.Broadcast()
}
