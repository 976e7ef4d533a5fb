package git

import (
	"bytes"
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync/atomic"

	"sojourn/internal/git/gitexec"
	"sojourn/internal/refname"
	"sojourn/internal/store"
)

// proof says that the stretches of packs it names have, each once, exactly the
// objects that the visible refs of one version reach. So a client that asks for
// all of these refs and has nothing may be sent these bytes as they are. It is
// never stored: each node proves it for itself, from the packs and refs as they are.
type proof struct {
	gen     *generation // held; has the packs
	version int64
	epoch   int64
	tips    map[string]bool // what the visible refs point to; true where one is a branch
	parts   []part
	objects int64
	// trailer ends the one pack that the stretches become; nil until it was sent once.
	trailer atomic.Pointer[oidBytes]
}

// part is the beginning of a stored pack, behind its header. What lies after it
// is in earlier parts too: bases that index-pack has appended. Deltas of a part
// lean on objects of it or of earlier ones.
type part struct {
	pack    string
	to      int64 // where it ends
	objects int64
	whole   bool // the pack has nothing but it and its trailer
}

// errUnproven says why packs cannot be sent as they are. That is no fault.
var errUnproven = errors.New("the packs are not exactly what the refs reach")

func unproven(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{errUnproven}, args...)...)
}

func (p *proof) is(s *snapshot) bool { return p.version == s.version && p.epoch == s.gcEpoch }

// covers reports whether the visible refs reach all that is wanted.
func (p *proof) covers(wants []string) bool {
	for _, oid := range wants {
		if _, ok := p.tips[oid]; !ok {
			return false
		}
	}
	return true
}

func tipsOf(refs []store.Ref) map[string]bool {
	tips := make(map[string]bool, len(refs))
	for i := range refs {
		tips[refs[i].OID] = tips[refs[i].OID] || len(refs[i].Name) > len(refname.Heads) && refs[i].Name[:len(refname.Heads)] == refname.Heads
	}
	return tips
}

// table is the index of a pack in a proof that is being made.
type table struct {
	*indexMap
	part
	seen []uint64 // places that the walk has met
}

// tables are in an order in which each pack leans on those before it only.
type tables []*table

func (ts tables) close() {
	for _, t := range ts {
		t.unmap()
	}
}

// find returns where an object is in a part.
func (ts tables) find(id *oidBytes) (t *table, place int, ok bool) {
	for _, t := range ts {
		if i, ok := t.indexMap.find(id); ok && t.offset(i) < t.to {
			return t, i, true
		}
	}
	return nil, 0, false
}

// sendable are the packs of a repository that may be in a proof, in their order:
// a base has no delta that leans on another pack, nor has a compacted pack; a
// pushed one leans on what was there before it.
func sendable(packs []store.Pack) []store.Pack {
	rank := map[string]int{baseKind: 0, compactKind: 1}
	packs = slices.DeleteFunc(slices.Clone(packs), func(p store.Pack) bool { return p.Kind == unreachableKind })
	slices.SortStableFunc(packs, func(a, b store.Pack) int {
		at := func(p store.Pack) int {
			if r, ok := rank[p.Kind]; ok {
				return r
			}
			return 2
		}
		return cmp.Compare(at(a), at(b))
	})
	return packs
}

// open maps the indexes of packs and finds the stretches. Known are parts of an
// earlier proof, which begin with the same packs.
func openTables(g *generation, packs []store.Pack, known []part) (ts tables, err error) {
	defer func() {
		if err != nil {
			ts.close()
		}
	}()
	for i := range packs {
		x, err := mapIndex(g.file(packs[i].ID, ".idx"))
		if err != nil {
			return ts, err
		}
		t := &table{indexMap: x, part: part{pack: packs[i].ID}}
		if i < len(known) {
			t.part = known[i]
		} else if err := t.cut(ts, packs[i].Size); err != nil {
			return append(ts, t), err
		}
		ts = append(ts, t)
	}
	return ts, nil
}

// cut finds the beginning of the pack that has what no earlier one has.
func (t *table) cut(before tables, size int64) error {
	end := size - int64(len(oidBytes{}))
	last, repeated := int64(-1), int64(-1) // the last object that is new; the first that is not
	n := 0
	for i := range t.indexMap.objects {
		off := t.offset(i)
		if off < packHeaderLen || off >= end {
			return fmt.Errorf("the index of pack %s has an offset of %d in %d bytes", t.pack, off, size)
		}
		id := oidBytes(t.name(i))
		if _, _, ok := before.find(&id); !ok {
			last = max(last, off)
			n++
		} else if repeated < 0 || off < repeated {
			repeated = off
		}
	}
	if repeated >= 0 {
		if repeated < last {
			return unproven("pack %s has objects that another has too", t.pack)
		}
		end = repeated
	}
	t.to, t.part.objects, t.whole = end, int64(n), repeated < 0
	return nil
}

// met notes that the walk has met an object; false where no part has it.
func (ts tables) met(id *oidBytes) bool {
	t, place, ok := ts.find(id)
	if ok {
		if t.seen == nil {
			t.seen = make([]uint64, (t.indexMap.objects+63)/64)
		}
		t.seen[place/64] |= 1 << (place % 64)
	}
	return ok
}

// unmet is an error if a part has an object that the walk has not met.
func (ts tables) unmet() error {
	for _, t := range ts {
		for i := range t.indexMap.objects {
			if t.offset(i) < t.to && (t.seen == nil || t.seen[i/64]>>(i%64)&1 == 0) {
				return unproven("nothing refers to object %x of pack %s", t.name(i), t.pack)
			}
		}
	}
	return nil
}

// prove makes the proof for the repository's packs as they are in the snapshot:
// the walk from all tips meets nothing that the parts do not have, and every
// object in them.
func (e *Engine) prove(ctx context.Context, g *generation, s *snapshot, packs []store.Pack) (*proof, error) {
	ts, err := openTables(g, sendable(packs), nil)
	if err != nil {
		return nil, err
	}
	defer ts.close()
	tips := tipsOf(s.visible)
	if err := e.meet(ctx, g, s, ts, tips, nil); err != nil {
		return nil, err
	}
	if err := ts.unmet(); err != nil {
		return nil, err
	}
	return newProof(g, s, tips, ts), nil
}

// meet walks from some objects to others, of which everything is in the parts.
func (e *Engine) meet(ctx context.Context, g *generation, s *snapshot, ts tables, from, to map[string]bool) error {
	walk := &oidLines{each: func(id *oidBytes) error {
		if !ts.met(id) {
			return unproven("object %x is in none of the packs that may be sent", id[:])
		}
		return nil
	}}
	c := gitexec.Reachable(gitexec.Objects{Dir: g.path}).For(s.account)
	err := e.git.Run(ctx, c, gitexec.IO{Stdin: tipLines(from, to), Stdout: walk})
	return cmp.Or(walk.err, err, walk.end())
}

// extend makes a proof from an earlier one and what has changed since: the refs
// of then are still reached, and the packs that came have exactly what the walk
// from the new tips meets, or what was there.
func (e *Engine) extend(ctx context.Context, old *proof, g *generation, s *snapshot, packs []store.Pack) (*proof, error) {
	packs = sendable(packs)
	for i, p := range old.parts {
		if i >= len(packs) || packs[i].ID != p.pack {
			return nil, unproven("packs have left the list")
		}
	}
	ts, err := openTables(g, packs, old.parts)
	if err != nil {
		return nil, err
	}
	defer ts.close()
	tips := tipsOf(s.visible)
	gone, came := difference(old.tips, tips), difference(tips, old.tips)
	if err := e.stillReached(ctx, g, s, gone, came); err != nil {
		return nil, err
	}
	stop := old.tips
	if len(stop) > fewTips {
		stop = gone
		if head := s.ref(s.head).OID; old.tips[head] {
			stop[head] = true
		}
	}
	if len(came) > 0 {
		if err := e.meet(ctx, g, s, ts, came, stop); err != nil {
			return nil, err
		}
	}
	if err := ts[len(old.parts):].unmet(); err != nil {
		return nil, err
	}
	return newProof(g, s, tips, ts), nil
}

func difference(a, b map[string]bool) map[string]bool {
	d := map[string]bool{}
	for oid, branch := range a {
		if _, ok := b[oid]; !ok {
			d[oid] = branch
		}
	}
	return d
}

// stillReached makes sure that commits which refs no longer point to are in the
// history of those that they point to now.
func (e *Engine) stillReached(ctx context.Context, g *generation, s *snapshot, gone, from map[string]bool) error {
	if len(gone) == 0 {
		return nil
	}
	for oid, branch := range gone {
		if !branch {
			return unproven("nothing points to %s any more", oid)
		}
	}
	if len(from) == 0 {
		return unproven("branches were deleted")
	}
	walk := &oidLines{each: func(id *oidBytes) error { return unproven("commit %x is no longer reached", id[:]) }}
	err := e.git.Run(ctx, gitexec.Beyond(gitexec.Objects{Dir: g.path}).For(s.account), gitexec.IO{Stdin: tipLines(gone, from), Stdout: walk})
	return cmp.Or(walk.err, err, walk.end())
}

func newProof(g *generation, s *snapshot, tips map[string]bool, ts tables) *proof {
	p := &proof{gen: g, version: s.version, epoch: s.gcEpoch, tips: tips}
	for _, t := range ts {
		p.parts = append(p.parts, t.part)
		p.objects += t.part.objects
	}
	return p
}

// tipLines are what rev-list reads: from some objects, not beyond others.
func tipLines(from, to map[string]bool) io.Reader {
	var r bytes.Buffer
	for oid := range from {
		r.WriteString(oid + "\n")
	}
	for oid := range to {
		r.WriteString("^" + oid + "\n")
	}
	return &r
}

// oidLines reads object ids, one a line.
type oidLines struct {
	each func(*oidBytes) error
	rest []byte
	err  error
}

func (l *oidLines) Write(b []byte) (int, error) {
	const line = 2*len(oidBytes{}) + 1
	n := len(b)
	if len(l.rest) > 0 {
		take := min(line-len(l.rest), len(b))
		l.rest = append(l.rest, b[:take]...)
		if b = b[take:]; len(l.rest) == line {
			l.one(l.rest)
			l.rest = l.rest[:0]
		}
	}
	for len(b) >= line && l.err == nil {
		l.one(b[:line])
		b = b[line:]
	}
	if l.err != nil {
		return 0, l.err
	}
	l.rest = append(l.rest, b...)
	return n, nil
}

func (l *oidLines) one(line []byte) {
	var id oidBytes
	if _, err := hex.Decode(id[:], line[:2*len(id)]); err != nil || line[2*len(id)] != '\n' {
		l.err = fmt.Errorf("git rev-list printed %q", line)
		return
	}
	l.err = cmp.Or(l.err, l.each(&id))
}

func (l *oidLines) end() error {
	if len(l.rest) > 0 {
		return fmt.Errorf("git rev-list ended with %q", l.rest)
	}
	return nil
}
