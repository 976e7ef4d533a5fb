package repogen

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
)

// history is the plan of a repository: which commits there are and what each
// changes. Contents are made when it is written.
type history struct {
	rnd     *rand.Rand
	files   []file
	commits []commit
	tags    int // annotated
	refs    int // all
	head    int // the main line's last commit
}

type file struct {
	path     string
	picture  bool
	versions int
}

// commit changes files to versions of them.
type commit struct {
	branch  int // 0 is the main line, others are places for topics
	parent  int // -1: none
	merged  int // -1: none
	changes []change
}

type change struct{ file, version int }

const topics = 12 // that are worked on at one time

// plan makes commits until there are enough objects.
func plan(s Spec) *history {
	h := &history{rnd: rand.New(rand.NewPCG(s.Seed, 0x50_4a_4f_55_52_4e)), refs: s.Refs}
	h.tags = min((s.Refs-1)/2, s.Objects/100)
	h.plantFiles(max(20, s.Objects/90))
	open := make([]topic, topics)
	for made := h.tags; made < s.Objects; {
		slot := &open[h.rnd.IntN(topics)]
		switch {
		case len(h.commits) == 0 || h.rnd.IntN(4) == 0:
			made += h.commit(0, h.head, nil)
			h.head = len(h.commits) - 1
		case slot.left > 0 || slot.changes == nil:
			made += h.work(slot, 1+indexOf(open, slot))
		default:
			made += h.merge(slot)
		}
	}
	for i := range open {
		if open[i].changes != nil {
			h.merge(&open[i])
		}
	}
	return h
}

// topic is a branch that someone works on.
type topic struct {
	tip, left int
	changes   map[int]int // file to version
	order     []int       // files, as they were first changed
}

func indexOf(all []topic, one *topic) int {
	for i := range all {
		if &all[i] == one {
			return i
		}
	}
	return -1
}

// work adds a commit to a topic, or begins one from the main line.
func (h *history) work(t *topic, branch int) int {
	parent := t.tip
	if t.changes == nil {
		*t = topic{left: 1 + int(h.rnd.ExpFloat64()*4), changes: map[int]int{}}
		parent = h.head
	}
	made := h.commit(branch, parent, t)
	t.tip = len(h.commits) - 1
	t.left--
	return made
}

// merge takes a topic into the main line.
func (h *history) merge(t *topic) int {
	c := commit{parent: h.head, merged: t.tip}
	for _, f := range t.order {
		c.changes = append(c.changes, change{f, t.changes[f]})
	}
	h.commits = append(h.commits, c)
	h.head = len(h.commits) - 1
	*t = topic{}
	return 2 // the commit and the root's tree; others may be the topic's own
}

// commit changes some files and returns how many objects that made.
func (h *history) commit(branch, parent int, t *topic) int {
	c := commit{branch: branch, parent: parent, merged: -1}
	if len(h.commits) == 0 {
		c.parent = -1
	}
	made := 2 // commit, root
	dirs := map[string]bool{}
	seen := map[int]bool{}
	for range 1 + int(h.rnd.ExpFloat64()*1.9) {
		i := h.popular(len(h.files))
		if seen[i] {
			continue
		}
		seen[i] = true
		f := &h.files[i]
		c.changes = append(c.changes, change{i, f.versions})
		if t != nil {
			if _, known := t.changes[i]; !known {
				t.order = append(t.order, i)
			}
			t.changes[i] = f.versions
		}
		f.versions++
		made++
		for dir := f.path; ; {
			dir = dir[:max(0, strings.LastIndexByte(dir, '/'))]
			if dir == "" || dirs[dir] {
				break
			}
			dirs[dir] = true
			made++
		}
	}
	h.commits = append(h.commits, c)
	return made
}

// popular is one of n; the first ones come up far more often.
func (h *history) popular(n int) int {
	return int(float64(n) * math.Pow(h.rnd.Float64(), 3))
}

// plantFiles names the files and where they are.
func (h *history) plantFiles(n int) {
	dirs := []string{""}
	for len(dirs) < 2+n/30 {
		up := dirs[h.popular(len(dirs))]
		if strings.Count(up, "/") < 2 {
			dirs = append(dirs, up+h.word()+fmt.Sprint(len(dirs))+"/")
		}
	}
	for i := range n {
		dir := dirs[h.popular(len(dirs))]
		f := file{path: fmt.Sprintf("%s%s_%d.c", dir, h.word(), i)}
		if i%40 == 39 {
			f.picture = true
			f.path = strings.TrimSuffix(f.path, "c") + "png"
		}
		h.files = append(h.files, f)
	}
}
