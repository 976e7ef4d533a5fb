package git

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"sojourn/internal/git/gitexec"
	"sojourn/internal/store"
)

// view is a bare repository for git to read: the refs of one snapshot over the
// objects of a generation.
type view struct {
	held
	path string
	gen  *generation // held
	snap *snapshot
}

// viewOf returns the view of the snapshot, held.
func (e *Engine) viewOf(ctx context.Context, r *repo, s *snapshot) (*view, error) {
	g, err := e.objectsOf(ctx, r, s)
	if err != nil {
		return nil, err
	}
	defer g.drop()
	if v := r.viewFor(s); v != nil {
		return v, nil
	}
	if err := r.lockBuild(ctx); err != nil {
		return nil, err
	}
	defer r.unlockBuild()
	if v := r.viewFor(s); v != nil {
		return v, nil
	}
	v, err := e.newView(g, s)
	if err != nil {
		return nil, fmt.Errorf("making a view of repository %s: %w", r.id, err)
	}
	r.keepView(v)
	return v, nil
}

func (r *repo) viewFor(s *snapshot) *view {
	r.mu.Lock()
	defer r.mu.Unlock()
	v := r.view
	if v == nil || v.snap.version != s.version || v.snap.head != s.head || v.snap.packGen != s.packGen {
		return nil
	}
	v.hold()
	return v
}

// keepView keeps v for the next request, unless it is of an older version.
func (r *repo) keepView(v *view) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cold || r.view != nil && r.view.snap.version > v.snap.version {
		return
	}
	if r.view != nil {
		r.view.drop()
	}
	v.hold()
	r.view = v
}

func (e *Engine) newView(g *generation, s *snapshot) (*view, error) {
	path, err := e.newDir(viewsDir)
	if err != nil {
		return nil, err
	}
	g.hold()
	v := &view{path: path, gen: g, snap: s}
	e.stats.views.Add(1)
	v.remove = func() {
		e.stats.views.Add(-1)
		os.RemoveAll(path)
		g.drop()
	}
	v.hold()
	head := s.head
	if head == "" {
		head = "refs/heads/main" // git wants one; it need not exist
	}
	err = gitexec.MakeRepository(path, head)
	if err == nil {
		err = os.WriteFile(filepath.Join(path, "packed-refs"), packedRefs(s.refs), 0o600)
	}
	if err != nil {
		v.drop()
		return nil, err
	}
	return v, nil
}

func packedRefs(refs []store.Ref) []byte {
	b := make([]byte, 0, 64+100*len(refs))
	b = append(b, "# pack-refs with: peeled fully-peeled sorted \n"...)
	for i := range refs {
		b = append(append(append(append(b, refs[i].OID...), ' '), refs[i].Name...), '\n')
		if refs[i].Peeled != "" {
			b = append(append(append(b, '^'), refs[i].Peeled...), '\n')
		}
	}
	return b
}
