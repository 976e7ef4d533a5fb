package wire

import (
	"regexp"
	"regexp/syntax"
	"sort"
	"sync"
)

// Pattern is a constraint on a whole string. Source is the model's spelling,
// which error messages show; Expr, its translation to Go's syntax, is what is
// run. The generator has compiled it; it is compiled again at its first use.
type Pattern struct {
	Source, Expr string

	once  sync.Once
	class *class
	re    *regexp.Regexp
}

// Match reports whether all of s matches.
func (p *Pattern) Match(s string) bool {
	p.once.Do(p.compile)
	if p.class != nil {
		return p.class.match(s)
	}
	return p.re.MatchString(s)
}

func (p *Pattern) compile() {
	if p.class = parseClass(p.Expr); p.class == nil {
		p.re = regexp.MustCompile("^(?:" + p.Expr + ")$")
	}
}

// class is a pattern of the form [set]* or [set]+, which most are: a loop over
// the characters does in nanoseconds what the general machine does in
// milliseconds on a policy document of 128 KiB.
type class struct {
	ranges []rune // pairs, sorted
	ascii  [128]bool
	empty  bool // the empty string matches
}

func parseClass(expr string) *class {
	re, err := syntax.Parse(expr, syntax.Perl)
	if err != nil || (re.Op != syntax.OpStar && re.Op != syntax.OpPlus) || re.Sub[0].Op != syntax.OpCharClass {
		return nil
	}
	c := &class{ranges: re.Sub[0].Rune, empty: re.Op == syntax.OpStar}
	for r := range rune(len(c.ascii)) {
		c.ascii[r] = c.search(r)
	}
	return c
}

func (c *class) match(s string) bool {
	if s == "" {
		return c.empty
	}
	for _, r := range s {
		if r < rune(len(c.ascii)) {
			if !c.ascii[r] {
				return false
			}
		} else if !c.search(r) {
			return false
		}
	}
	return true
}

func (c *class) search(r rune) bool {
	pairs := len(c.ranges) / 2
	i := sort.Search(pairs, func(i int) bool { return c.ranges[2*i+1] >= r })
	return i < pairs && c.ranges[2*i] <= r
}
