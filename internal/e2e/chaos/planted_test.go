package chaos

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"sojourn/internal/git"
	"sojourn/internal/store"
)

// The bugs that are planted, each where a part of the design would be missing.
// All of them are put between the engine and its parts, so that the engine has
// no switch for any.
const (
	noCompareAndSwap = "no compare-and-swap" // the commit compares with what the ref was a while ago
	noRowLock        = "no row lock"         // commits read, and write later
	ackBeforeCommit  = "acknowledge before commit"
	noEpoch          = "no epoch"
	noIntent         = "no intent"          // uploads leave no trace before they are committed
	noIntentFence    = "no fence of intent" // a commit takes an upload that was given up
	staleRefs        = "stale refs"         // reads are of a while ago
	noConnectivity   = "no connectivity check"
	noTypes          = "no type check"
)

var bugs = []string{noCompareAndSwap, noRowLock, ackBeforeCommit, noEpoch, noIntent, noIntentFence, staleRefs, noConnectivity, noTypes}

// plant puts a bug into an engine's parts; "" is none.
func plant(bug string, o *git.Options) error {
	switch bug {
	case "":
		return nil
	case noConnectivity, noTypes:
		script, err := writeGit(bug, o.Dir+".git-with-a-bug")
		o.Git = script
		return err
	}
	o.Store = &buggyStore{Store: o.Store, bug: bug, old: map[string]past{}, rows: map[string]staleRow{}}
	return nil
}

// writeGit makes a git that does not check what it is asked to.
func writeGit(bug, path string) (string, error) {
	git, err := exec.LookPath("git")
	if err != nil {
		return "", err
	}
	lie := `rev-list) exec /bin/cat >/dev/null;;
index-pack) a=index-pack; shift; for x; do case $x in --strict*) ;; *) a="$a $x";; esac; done; exec ` + git + ` $a;;`
	if bug == noTypes {
		lie = `cat-file) ` + git + ` "$@" | /bin/sed 's/^tree /commit /'; exit;;`
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return "", err
	}
	path = filepath.Join(path, "git")
	return path, os.WriteFile(path, []byte("#!/bin/sh\ncase $1 in "+lie+"\nesac\nexec "+git+" \"$@\"\n"), 0o700)
}

// lag is how much the past is late.
const lag = 150 * time.Millisecond

// buggyStore does not keep one of the promises of its port.
type buggyStore struct {
	store.Store
	bug string
	lag time.Duration // instead of lag

	mu   sync.Mutex
	old  map[string]past
	rows map[string]staleRow
}

// past is what a ref was, at times.
type past []struct {
	at  time.Time
	ref store.Ref
}

type staleRow struct {
	at   time.Time
	row  store.Repository
	refs []store.Ref
}

func (b *buggyStore) lateness() time.Duration {
	if b.lag > 0 {
		return b.lag
	}
	return lag
}

func (b *buggyStore) View(ctx context.Context, f func(store.Tx) error) error {
	return b.Store.View(ctx, func(tx store.Tx) error { return f(&buggyTx{Tx: tx, b: b}) })
}

func (b *buggyStore) Update(ctx context.Context, f func(store.Tx) error) error {
	if b.bug == noRowLock || b.bug == ackBeforeCommit {
		return b.late(ctx, f)
	}
	var tx *buggyTx
	err := b.Store.Update(ctx, func(real store.Tx) error {
		tx = &buggyTx{Tx: real, b: b, update: true}
		return f(tx)
	})
	if err == nil {
		b.remember(tx.put...)
	}
	return err
}

// late runs f on what there is, and writes afterwards what it wanted to write.
func (b *buggyStore) late(ctx context.Context, f func(store.Tx) error) error {
	var tx *buggyTx
	run := func(real store.Tx) error {
		tx = &buggyTx{Tx: real, b: b}
		return f(tx)
	}
	err := b.Store.View(ctx, run)
	if !tx.locked { // no push: as it should be
		return b.Store.Update(ctx, f)
	}
	if err != nil {
		return err
	}
	write := func(ctx context.Context) error {
		return b.Store.Update(ctx, func(real store.Tx) error {
			for _, w := range tx.writes {
				if err := w(real); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if b.bug == ackBeforeCommit {
		time.AfterFunc(b.lateness()/5, func() { write(context.WithoutCancel(ctx)) })
		return nil
	}
	return write(ctx)
}

func (b *buggyStore) remember(refs ...store.Ref) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range refs {
		p := b.old[r.Name]
		if len(p) == 0 || p[len(p)-1].ref != r {
			b.old[r.Name] = append(p, struct {
				at  time.Time
				ref store.Ref
			}{time.Now(), r})
		}
	}
}

// before is what a ref was, as this node saw it, when lag had not passed.
func (b *buggyStore) before(now store.Ref) store.Ref {
	b.mu.Lock()
	defer b.mu.Unlock()
	then := time.Now().Add(-b.lateness())
	p := b.old[now.Name]
	if len(p) == 0 {
		return now
	}
	was := p[0].ref
	for _, x := range p {
		if x.at.Before(then) {
			was = x.ref
		}
	}
	return was
}

// buggyTx leaves out what its store's bug is about.
type buggyTx struct {
	store.Tx
	b      *buggyStore
	update bool
	locked bool
	put    []store.Ref
	writes []func(store.Tx) error // nil where they are made at once
}

func (t *buggyTx) is(bug string) bool { return t.b.bug == bug }

// write makes a change now, or keeps it for later.
func (t *buggyTx) write(f func(store.Tx) error) error {
	if t.is(noRowLock) || t.is(ackBeforeCommit) {
		t.writes = append(t.writes, f)
		return nil
	}
	return f(t.Tx)
}

func (t *buggyTx) mask(row store.Repository, err error) (store.Repository, error) {
	if t.is(noEpoch) {
		row.GCEpoch = 0
	}
	if err != nil || !t.is(staleRefs) || t.update {
		return row, err
	}
	s, err := t.stale(row)
	return s.row, err
}

// stale is the row as it was read some time ago, with its refs.
func (t *buggyTx) stale(row store.Repository) (staleRow, error) {
	t.b.mu.Lock()
	defer t.b.mu.Unlock()
	s, ok := t.b.rows[row.ID]
	if ok && time.Since(s.at) < t.b.lateness() {
		return s, nil
	}
	refs, err := t.Tx.Refs(row.ID, store.Page{})
	s = staleRow{time.Now(), row, refs}
	t.b.rows[row.ID] = s
	return s, err
}

func (t *buggyTx) Repository(account, region, name string) (store.Repository, error) {
	return t.mask(t.Tx.Repository(account, region, name))
}

func (t *buggyTx) RepositoryByID(id string) (store.Repository, error) {
	return t.mask(t.Tx.RepositoryByID(id))
}

func (t *buggyTx) LockRepository(id string) (store.Repository, error) {
	t.locked = true
	if t.is(noRowLock) || t.is(ackBeforeCommit) {
		return t.Tx.RepositoryByID(id)
	}
	return t.mask(t.Tx.LockRepository(id))
}

func (t *buggyTx) Refs(repo string, p store.Page) ([]store.Ref, error) {
	if t.is(staleRefs) && !t.update {
		row, err := t.Tx.RepositoryByID(repo)
		if err != nil {
			return nil, err
		}
		s, err := t.stale(row)
		return s.refs, err
	}
	refs, err := t.Tx.Refs(repo, p)
	t.b.remember(refs...)
	return refs, err
}

func (t *buggyTx) RefsNamed(repo string, names []string) (map[string]store.Ref, error) {
	refs, err := t.Tx.RefsNamed(repo, names)
	for name, r := range refs {
		if t.is(noCompareAndSwap) && t.update {
			refs[name] = t.b.before(r)
		} else {
			t.b.remember(r)
		}
	}
	return refs, err
}

func (t *buggyTx) PutRefs(repo string, refs []store.Ref) error {
	t.put = append(t.put, refs...)
	return t.write(func(tx store.Tx) error { return tx.PutRefs(repo, refs) })
}

func (t *buggyTx) DeleteRefs(repo string, names []string) error {
	return t.write(func(tx store.Tx) error { return tx.DeleteRefs(repo, names) })
}

func (t *buggyTx) AppendRefLog(repo string, changes []store.RefChange) error {
	return t.write(func(tx store.Tx) error {
		for i := range changes {
			if t.is(noRowLock) { // the key of the log would be a lock of a kind
				changes[i].Seq += int(time.Now().UnixNano() % 1e9)
			}
		}
		return tx.AppendRefLog(repo, changes)
	})
}

func (t *buggyTx) InsertPack(p store.Pack) error {
	return t.write(func(tx store.Tx) error { return tx.InsertPack(p) })
}

func (t *buggyTx) InsertPush(p store.Push) error {
	return t.write(func(tx store.Tx) error { return tx.InsertPush(p) })
}

func (t *buggyTx) UpdateRepository(row store.Repository) error {
	return t.write(func(tx store.Tx) error {
		if t.is(noEpoch) {
			now, err := tx.RepositoryByID(row.ID)
			if err != nil {
				return err
			}
			row.GCEpoch = now.GCEpoch
		}
		return tx.UpdateRepository(row)
	})
}

func (t *buggyTx) OpenUpload(u store.Upload) error {
	if t.is(noIntent) {
		return nil
	}
	return t.Tx.OpenUpload(u)
}

func (t *buggyTx) ConsumeUpload(repo, pack string) error {
	if t.is(noIntent) {
		return nil
	}
	return t.write(func(tx store.Tx) error {
		err := tx.ConsumeUpload(repo, pack)
		if t.is(noIntentFence) {
			return nil
		}
		return err
	})
}
