package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"sojourn/internal/git/gitexec"
	"sojourn/internal/refname"
)

func isOID(s string) bool { return refname.IsObjectID(s) && strings.ToLower(s) == s }

// object is what an object id stands for.
type object struct {
	kind   string // "" when it is not there
	peeled string // what a tag points to in the end
}

// objectTypes asks git what ids stand for.
func (e *Engine) objectTypes(ctx context.Context, o gitexec.Objects, oids []string) (map[string]object, error) {
	var in, out bytes.Buffer
	for _, oid := range oids {
		fmt.Fprintf(&in, "%s\n%s^{}\n", oid, oid)
	}
	if err := e.git.Run(ctx, gitexec.ObjectTypes(o), gitexec.IO{Stdin: &in, Stdout: &out}); err != nil {
		return nil, err
	}
	answers := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if len(answers) != 2*len(oids) {
		return nil, fmt.Errorf("git cat-file gave %d answers for %d objects", len(answers), len(oids))
	}
	found := make(map[string]object, len(oids))
	for i, oid := range oids {
		kind, _, _ := strings.Cut(answers[2*i], " ")
		if kind == oid { // "<id> missing"
			continue
		}
		ob := object{kind: kind}
		if kind == "tag" {
			target, peeled, _ := strings.Cut(answers[2*i+1], " ")
			if !isOID(peeled) {
				return nil, fmt.Errorf("git cat-file: tag %s: %s %s", oid, target, peeled)
			}
			ob.peeled = peeled
		}
		found[oid] = ob
	}
	return found, nil
}

// verify refuses updates whose new objects are not there whole, or are not of
// the kind that the ref needs. An object that a visible ref points to now is
// known to be whole.
func (e *Engine) verify(ctx context.Context, c *change, o gitexec.Objects) error {
	known := c.known()
	var ask []string
	for _, u := range c.alive() {
		if _, ok := known[u.New]; !ok && u.New != "" {
			ask = append(ask, u.New)
		}
	}
	slices.Sort(ask)
	ask = slices.Compact(ask)
	found, err := e.kinds(ctx, c, o, ask)
	if err != nil {
		return err
	}
	maps.Copy(known, found)
	for _, u := range c.alive() {
		if u.New != "" {
			u.judge(known[u.New])
		}
	}
	return e.connected(ctx, c, o, ask)
}

// kinds finds out what objects are: by a look into the pack that comes with the
// change, which mostly has them, and of the rest by asking git.
func (e *Engine) kinds(ctx context.Context, c *change, o gitexec.Objects, oids []string) (found map[string]object, err error) {
	if c.pack != nil && len(oids) > 0 {
		if found, oids, err = c.pack.kinds(oids); err != nil {
			return nil, err
		}
	}
	if len(oids) == 0 {
		return found, nil
	}
	asked, err := e.objectTypes(ctx, o, oids)
	if err != nil {
		return nil, err
	}
	maps.Copy(asked, found)
	return asked, nil
}

// judge applies the rules for what a ref may point to.
func (u *update) judge(ob object) {
	switch {
	case ob.kind == "":
		u.err = ErrMissing
	case strings.HasPrefix(u.Name, refname.Heads) && ob.kind != "commit":
		u.err = ErrNotCommit
	}
	u.peeled = ob.peeled
}

// known tells what is known of the new objects from refs that point to them.
func (c *change) known() map[string]object {
	wanted := make(map[string]bool, len(c.updates))
	for _, u := range c.updates {
		wanted[u.New] = true
	}
	known := map[string]object{}
	for i := range c.snap.refs {
		r := &c.snap.refs[i]
		switch {
		case !wanted[r.OID]:
		case r.Peeled != "":
			known[r.OID] = object{kind: "tag", peeled: r.Peeled}
		case strings.HasPrefix(r.Name, refname.Heads):
			known[r.OID] = object{kind: "commit"}
		}
	}
	return known
}

// connected refuses updates from whose new objects something is reachable that
// is not there.
func (e *Engine) connected(ctx context.Context, c *change, o gitexec.Objects, oids []string) error {
	if err := e.recheck(ctx, c, o); err != nil {
		return err
	}
	oids, err := c.unproven(oids)
	if err != nil || len(oids) == 0 {
		return err
	}
	ok, err := e.walk(ctx, c, o, oids)
	if err != nil || ok {
		return err
	}
	missing := map[string]bool{}
	for _, oid := range oids {
		// Beyond so many, which of them it is is not worth the walks.
		if ok = false; len(oids) <= 50 {
			if ok, err = e.walk(ctx, c, o, []string{oid}); err != nil {
				return err
			}
		}
		missing[oid] = !ok
	}
	for _, u := range c.alive() {
		if missing[u.New] {
			u.err = ErrMissing
		}
	}
	return nil
}

// unproven leaves out objects in the pack that comes with the change. In the
// epoch in which a pack is committed, all that its objects point to is there: so
// index-pack found, or recheck. As no object leaves a repository within an epoch,
// and a purge keeps only what refs reach, that goes for all objects of all packs
// in the list, and so for all that is reachable from one.
func (c *change) unproven(oids []string) ([]string, error) {
	oids = slices.DeleteFunc(slices.Clone(oids), func(oid string) bool {
		return !slices.ContainsFunc(c.updates, func(u *update) bool { return u.err == nil && u.New == oid })
	})
	if c.pack == nil || len(oids) == 0 {
		return oids, nil
	}
	index, err := openPackIndex(c.pack.file + ".idx")
	if err != nil {
		return nil, err
	}
	defer index.Close()
	var left []string
	for _, oid := range oids {
		has, err := index.has(oid)
		if err != nil {
			return nil, err
		}
		if !has {
			left = append(left, oid)
		}
	}
	return left, nil
}

// recheck has a pack checked again where objects were dropped since it was. All
// of it: an object that no ref reaches must not lean on what is gone either, for
// the next push may name it.
func (e *Engine) recheck(ctx context.Context, c *change, o gitexec.Objects) error {
	if c.pack == nil || c.pack.epoch == c.snap.gcEpoch {
		return nil
	}
	src, err := os.Open(c.pack.file + ".pack")
	if err != nil {
		return err
	}
	defer src.Close()
	info, err := src.Stat()
	if err != nil {
		return err
	}
	dir, err := e.newDir(incomingDir)
	if err != nil {
		return err
	}
	defer removeAll(dir)
	again := gitexec.IndexPack(gitexec.Objects{Dir: dir, Alternates: o.Alternates}, info.Size(), false).For(c.snap.account)
	err = e.git.Run(ctx, again, gitexec.IO{Stdin: src, Stdout: io.Discard})
	if exit, ok := errors.AsType[*gitexec.ExitError](err); ok && newUnpackError(exit, room{}).missing {
		e.opt.Log.Info("pack refused", "repository", c.repo, "cause", err)
		refuse(c.alive(), ErrMissing)
		return nil
	}
	if err == nil {
		c.pack.epoch = c.snap.gcEpoch
	}
	return err
}

// Bounds of a walk over history.
const (
	fewTips  = 1000            // reading so many refs' commits costs little
	firstTry = 2 * time.Second // for a walk that is bounded by a few commits only
)

// walk reports whether everything reachable from oids is there. It stops at
// what refs point to: at the old values of the refs in question and of the
// default branch, which is nearly always enough, and for new refs at all of
// them, at once if they are few, else if the first try takes long.
func (e *Engine) walk(ctx context.Context, c *change, o gitexec.Objects, oids []string) (bool, error) {
	near, creates := c.near()
	all := near
	if creates {
		all = c.tips()
	}
	if len(all) <= fewTips {
		return e.walkTo(ctx, o, oids, all)
	}
	short, cancel := context.WithTimeout(ctx, firstTry)
	defer cancel()
	ok, err := e.walkTo(short, o, oids, near)
	if err != nil && short.Err() != nil && ctx.Err() == nil {
		return e.walkTo(ctx, o, oids, all)
	}
	return ok, err
}

func (c *change) near() (oids []string, creates bool) {
	if head := c.snap.ref(c.snap.head); head.OID != "" {
		oids = append(oids, head.OID)
	}
	for _, u := range c.alive() {
		now := c.snap.ref(u.Name)
		if now.OID != "" {
			oids = append(oids, now.OID)
		}
		creates = creates || now.OID == "" && u.New != ""
	}
	return oids, creates
}

func (c *change) tips() []string {
	oids := make([]string, len(c.snap.refs))
	for i := range oids {
		oids[i] = c.snap.refs[i].OID
	}
	slices.Sort(oids)
	return slices.Compact(oids)
}

func (e *Engine) walkTo(ctx context.Context, o gitexec.Objects, oids, stop []string) (bool, error) {
	var in bytes.Buffer
	in.Grow(42 * (len(oids) + len(stop)))
	for _, oid := range oids {
		in.WriteString(oid + "\n")
	}
	for _, oid := range stop {
		in.WriteString("^" + oid + "\n")
	}
	err := e.git.Run(ctx, gitexec.Connected(o), gitexec.IO{Stdin: &in, Stdout: io.Discard})
	if exit, ok := errors.AsType[*gitexec.ExitError](err); ok && exit.Code > 0 {
		e.opt.Log.Debug("history is not whole", "cause", err)
		return false, nil
	}
	return err == nil, err
}
