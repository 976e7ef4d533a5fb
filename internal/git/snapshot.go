package git

import (
	"context"
	"errors"
	"slices"
	"sort"
	"strings"
	"sync"

	"sojourn/internal/git/gitproto"
	"sojourn/internal/store"
)

// snapshot is a repository's refs at one version. It does not change.
type snapshot struct {
	id, account, head         string
	version, gcEpoch, packGen int64

	refs    []store.Ref // by name
	visible []store.Ref // without HiddenRefs

	adverts [4]struct { // by service and version
		once sync.Once
		body []byte
	}
}

func newSnapshot(row *store.Repository, refs []store.Ref) *snapshot {
	return &snapshot{
		id: row.ID, account: row.Account, head: row.Head, version: row.Version, gcEpoch: row.GCEpoch, packGen: row.PackGen,
		refs: refs, visible: withoutHidden(refs),
	}
}

// is reports whether the snapshot shows what row says.
func (s *snapshot) is(row *store.Repository) bool {
	return s != nil && s.version == row.Version && s.head == row.Head && s.gcEpoch == row.GCEpoch && s.packGen == row.PackGen
}

func withoutHidden(refs []store.Ref) []store.Ref {
	from, to := prefixRange(refs, HiddenRefs)
	if from == to {
		return refs
	}
	return slices.Concat(refs[:from], refs[to:])
}

// prefixRange finds the refs whose names begin with prefix.
func prefixRange(refs []store.Ref, prefix string) (from, to int) {
	from = sort.Search(len(refs), func(i int) bool { return refs[i].Name >= prefix })
	to = from
	for to < len(refs) && strings.HasPrefix(refs[to].Name, prefix) {
		to++
	}
	return from, to
}

// ref returns the ref of a name; its OID is "" when there is none.
func (s *snapshot) ref(name string) store.Ref {
	i, ok := slices.BinarySearchFunc(s.refs, name, func(r store.Ref, name string) int { return strings.Compare(r.Name, name) })
	if !ok {
		return store.Ref{}
	}
	return s.refs[i]
}

// advert returns the ref advertisement of version 0 or 1, which must not be changed.
func (s *snapshot) advert(service gitproto.Service, version int) []byte {
	i := version
	if service == gitproto.ReceivePack {
		i += 2
	}
	a := &s.adverts[i]
	a.once.Do(func() {
		if service == gitproto.ReceivePack {
			a.body = gitproto.ReceiveAdvert(version, s.visible)
		} else {
			a.body = gitproto.UploadAdvert(version, s.visible, s.head)
		}
	})
	return a.body
}

// cost estimates the bytes of memory that the snapshot and its advertisements take.
func (s *snapshot) cost() int64 {
	const perRef = 48 + 2*40 + 40 + 2*100 // record, ids, name, a line in two adverts
	return 1024 + perRef*int64(len(s.refs))
}

// address is how a repository is asked for: by its id, or by account, region and name.
type address struct{ id, account, region, name string }

func byID(id string) address { return address{id: id} }

func byName(account, region, name string) address {
	return address{account: account, region: region, name: name}
}

// Own returns it without the rest of the request.
func (a address) Own() address {
	return address{strings.Clone(a.id), strings.Clone(a.account), strings.Clone(a.region), strings.Clone(a.name)}
}

func (a address) row(tx store.Tx) (store.Repository, error) {
	if a.id != "" {
		return tx.RepositoryByID(a.id)
	}
	return tx.Repository(a.account, a.region, a.name)
}

// find returns a repository's row as it is now: what every request begins with.
// It is shared, and only read.
func (e *Engine) find(ctx context.Context, a address) (store.Repository, error) {
	row, err := e.rows.ReadNow(ctx, e.store, a, a.row)
	if errors.Is(err, store.ErrNotFound) {
		return row, ErrNoRepository
	}
	return row, err
}

// open finds a repository and its refs.
func (e *Engine) open(ctx context.Context, a address) (*repo, *snapshot, error) {
	row, err := e.find(ctx, a)
	if err != nil {
		return nil, nil, err
	}
	return e.refsOf(ctx, &row)
}

// refsOf returns the snapshot of a row that was just read, or of a later state.
func (e *Engine) refsOf(ctx context.Context, row *store.Repository) (*repo, *snapshot, error) {
	r := e.warm.repo(row.ID)
	if s := r.snapshot(); s.is(row) {
		return r, s, nil
	}
	if err := r.lockBuild(ctx); err != nil {
		return nil, nil, err
	}
	defer r.unlockBuild()
	old := r.snapshot()
	if old.is(row) {
		return r, old, nil
	}
	var s *snapshot
	err := e.store.View(ctx, func(tx store.Tx) error {
		now, err := tx.RepositoryByID(row.ID)
		if err == nil {
			s, err = load(tx, &now, old)
		}
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil, ErrNoRepository
	}
	if err != nil {
		return nil, nil, err
	}
	return r, e.keep(r, s), nil
}

// keep makes s what is known of the repository, unless something newer is.
func (e *Engine) keep(r *repo, s *snapshot) *snapshot {
	if r.setSnapshot(s) {
		e.answers.forget(r.id, s.version)
		e.warm.charge(r, s.cost())
	}
	return s
}

// load reads the refs of row, or only what has changed since old.
func load(tx store.Tx, row *store.Repository, old *snapshot) (*snapshot, error) {
	if old == nil || old.version > row.Version {
		return loadAll(tx, row)
	}
	if old.version == row.Version {
		return newSnapshot(row, old.refs), nil
	}
	changes, err := tx.RefLogSince(row.ID, old.version)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(changes))
	for i, c := range changes {
		names[i] = c.Ref
	}
	slices.Sort(names)
	names = slices.Compact(names)
	if len(names) > 1000+len(old.refs)/4 {
		return loadAll(tx, row)
	}
	now, err := tx.RefsNamed(row.ID, names)
	if err != nil {
		return nil, err
	}
	return newSnapshot(row, merge(old.refs, names, now)), nil
}

func loadAll(tx store.Tx, row *store.Repository) (*snapshot, error) {
	refs, err := tx.Refs(row.ID, store.Page{})
	if err != nil {
		return nil, err
	}
	byName := func(a, b store.Ref) int { return strings.Compare(a.Name, b.Name) }
	if !slices.IsSortedFunc(refs, byName) {
		slices.SortFunc(refs, byName)
	}
	return newSnapshot(row, refs), nil
}

// merge returns refs with those named set to what they are now; absent ones go.
// Refs and names are sorted.
func merge(refs []store.Ref, names []string, now map[string]store.Ref) []store.Ref {
	out := make([]store.Ref, 0, len(refs)+len(now))
	for _, name := range names {
		i := sort.Search(len(refs), func(i int) bool { return refs[i].Name >= name })
		out = append(out, refs[:i]...)
		refs = refs[i:]
		if len(refs) > 0 && refs[0].Name == name {
			refs = refs[1:]
		}
		if r, ok := now[name]; ok {
			out = append(out, r)
		}
	}
	return append(out, refs...)
}
