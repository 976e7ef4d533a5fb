package sqlstore

import (
	"database/sql"
	"slices"
	"strings"

	"sojourn/internal/store"
)

const selectRef = "SELECT name, oid, peeled FROM refs"

func scanRef(rows *sql.Rows, r *store.Ref) error { return rows.Scan(&r.Name, &r.OID, &r.Peeled) }

// Refs implements store.RefTx.
func (t *Tx) Refs(repo string, p store.Page) ([]store.Ref, error) {
	where, args := pageOf(" WHERE repo = ?", "name", p, []any{repo})
	refs, err := all(t, "refs of repository", repo, scanRef,
		selectRef+where+" ORDER BY name LIMIT ?", append(args, limit(p.Limit))...)
	// A ref's name need not be UTF-8, and the range's end is: it can let others through.
	return slices.DeleteFunc(refs, func(r store.Ref) bool { return !strings.HasPrefix(r.Name, p.Prefix) }), err
}

// RefsNamed implements store.RefTx.
func (t *Tx) RefsNamed(repo string, names []string) (map[string]store.Ref, error) {
	found := make(map[string]store.Ref, len(names))
	err := sets(names, func(part []string) error {
		return t.query(func(rows *sql.Rows) error {
			var r store.Ref
			err := scanRef(rows, &r)
			found[r.Name] = r
			return err
		}, selectRef+" WHERE repo = ? AND name IN ("+markers("?", len(part))+")", repoAnd(repo, part)...)
	})
	if err != nil {
		return nil, about(err, "refs of repository", repo)
	}
	return found, nil
}

// PutRefs implements store.RefTx.
func (t *Tx) PutRefs(repo string, refs []store.Ref) error {
	return batches(refs, func(part []store.Ref) error {
		args := make([]any, 0, 4*len(part))
		for _, r := range part {
			args = append(args, repo, r.Name, r.OID, r.Peeled)
		}
		return t.run("refs of repository", repo,
			"INSERT INTO refs (repo, name, oid, peeled) VALUES "+markers("(?, ?, ?, ?)", len(part))+
				" ON CONFLICT (repo, name) DO UPDATE SET oid = excluded.oid, peeled = excluded.peeled", args...)
	})
}

// DeleteRefs implements store.RefTx.
func (t *Tx) DeleteRefs(repo string, names []string) error {
	return sets(names, func(part []string) error {
		return t.run("refs of repository", repo,
			"DELETE FROM refs WHERE repo = ? AND name IN ("+markers("?", len(part))+")", repoAnd(repo, part)...)
	})
}

func repoAnd(repo string, names []string) []any {
	args := make([]any, 1, 1+len(names))
	args[0] = repo
	for _, n := range names {
		args = append(args, n)
	}
	return args
}

// ConflictingRefs implements store.RefTx.
func (t *Tx) ConflictingRefs(repo, name string) ([]string, error) {
	above, err := t.RefsNamed(repo, directories(name))
	if err != nil {
		return nil, err
	}
	below, err := t.Refs(repo, store.Page{Prefix: name + "/"})
	if err != nil {
		return nil, err
	}
	var names []string
	for n := range above {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, r := range below {
		names = append(names, r.Name)
	}
	return names, nil
}

// directories are the names that would have to be directories for name to
// exist: "a" and "a/b" for "a/b/c".
func directories(name string) []string {
	var out []string
	for i := range len(name) {
		if name[i] == '/' {
			out = append(out, name[:i])
		}
	}
	return out
}

// AppendRefLog implements store.RefTx.
func (t *Tx) AppendRefLog(repo string, changes []store.RefChange) error {
	return batches(changes, func(part []store.RefChange) error {
		args := make([]any, 0, 7*len(part))
		for _, c := range part {
			args = append(args, repo, c.Version, c.Seq, c.Ref, c.Old, c.New, c.Push)
		}
		n, err := t.exec("INSERT INTO ref_log (repo, version, seq, ref, old_oid, new_oid, push_id) VALUES "+
			markers("(?, ?, ?, ?, ?, ?, ?)", len(part))+" ON CONFLICT DO NOTHING", args...)
		if err == nil && n != int64(len(part)) {
			err = store.ErrExists
		}
		return about(err, "ref log of repository", repo)
	})
}

// RefLogSince implements store.RefTx.
func (t *Tx) RefLogSince(repo string, version int64) ([]store.RefChange, error) {
	scan := func(rows *sql.Rows, c *store.RefChange) error {
		return rows.Scan(&c.Version, &c.Seq, &c.Ref, &c.Old, &c.New, &c.Push)
	}
	return all(t, "ref log of repository", repo, scan,
		"SELECT version, seq, ref, old_oid, new_oid, push_id FROM ref_log WHERE repo = ? AND version > ? ORDER BY version, seq",
		repo, version)
}

// InsertPush implements store.RefTx.
func (t *Tx) InsertPush(p store.Push) error {
	return t.insert("push", p.ID, "INSERT INTO pushes (id, repo, version, actor, at, result) VALUES (?, ?, ?, ?, ?, ?)",
		p.ID, p.Repo, p.Version, p.Actor, micros(p.At), p.Result)
}

// Push implements store.RefTx.
func (t *Tx) Push(id string) (store.Push, error) {
	scan := func(rows *sql.Rows, p *store.Push) error {
		return rows.Scan(&p.ID, &p.Repo, &p.Version, &p.Actor, instant{&p.At}, &p.Result)
	}
	return one(t, "push", id, scan, "SELECT id, repo, version, actor, at, result FROM pushes WHERE id = ?", id)
}
