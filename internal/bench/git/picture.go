package main

import (
	"fmt"
	"html"
	"slices"
	"strings"
)

// picture draws a bar for each peer's median of each scenario's first number.
func (r *results) picture(list []scenario) string {
	const width, labels, bars, row, head = 760, 130, 520, 18, 30
	var b strings.Builder
	y := 10
	for i := range list {
		s := &list[i]
		m := s.metrics[0]
		values := r.Scenarios[s.id][m.name]
		if len(values) == 0 {
			continue
		}
		y += head
		better := "less is better"
		if m.more {
			better = "more is better"
		}
		fmt.Fprintf(&b, `<text class="t" x="10" y="%d">%s: %s</text>`+"\n", y-8, s.id, html.EscapeString(s.title+" – "+m.name+", "+better))
		most := 0.0
		for _, v := range values {
			most = max(most, median(v))
		}
		for _, p := range r.peers {
			if len(values[p]) == 0 {
				continue
			}
			v, class := median(values[p]), "o"
			if p == ours {
				class = "u"
			}
			length := 1.0
			if most > 0 {
				length = max(1, v/most*bars)
			}
			fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="end">%s</text><rect class="%s" x="%d" y="%d" width="%.1f" height="%d"/><text x="%.1f" y="%d">%s</text>`+"\n",
				labels-8, y+12, html.EscapeString(p), class, labels, y+2, length, row-5, labels+length+6, y+12, short(v))
			y += row
		}
	}
	style := `text{font:12px sans-serif;fill:#444}.t{font-weight:bold;fill:#222}.u{fill:#2563eb}.o{fill:#b8bec9}`
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d"><style>%s</style><rect width="100%%" height="100%%" fill="#fff"/>`+"\n%s</svg>\n",
		width, y+10, width, y+10, style, b.String())
}

// replace puts text between two marks of a page.
func replace(page, name, text string) (string, error) {
	begin, end := fmt.Sprintf("<!-- %s -->\n", name), fmt.Sprintf("<!-- end of %s -->", name)
	head, rest, ok := strings.Cut(page, begin)
	_, tail, closed := strings.Cut(rest, end)
	if !ok || !closed {
		return "", fmt.Errorf("the page has no marks %q and %q", begin, end)
	}
	return head + begin + text + end + tail, nil
}

// measured are the scenarios that have results.
func (r *results) measured() []scenario {
	return slices.DeleteFunc(slices.Clone(scenarios), func(s scenario) bool { return r.Scenarios[s.id] == nil })
}
