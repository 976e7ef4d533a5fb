package main

import (
	"fmt"
	"html"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// fill puts text between the marks of a page in a directory.
func fill(dir, mark, text string) error {
	path := filepath.Join(dir, "benchmarks.md")
	page, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	filled, err := replace(string(page), mark, text+"\n")
	if err != nil {
		return err
	}
	return os.WriteFile(path, []byte(filled), 0o644)
}

// compared are the worlds with what each is compared to.
func compared(all []*world) (pairs [][2]*world) {
	var first *world
	for _, w := range all {
		if w.first {
			first = w
		}
		pairs = append(pairs, [2]*world{w, first})
	}
	return pairs
}

// flatTable has a line for each world: medians of time and processor time, and
// the median of the rounds' ratios to the world with the least.
func (r *results) flatTable(w io.Writer, all []*world) {
	fmt.Fprint(w, "\n| |")
	for _, request := range flatRequests {
		fmt.Fprintf(w, " %s: ms, CPU ms |", request.title)
	}
	fmt.Fprintf(w, "\n|---|%s\n", strings.Repeat("---|", len(flatRequests)))
	for _, pair := range compared(all) {
		name, first := pair[0].name(), pair[1].name()
		fmt.Fprintf(w, "| %s |", name)
		for _, request := range flatRequests {
			var cells []string
			for _, metric := range []string{flatTime, flatCPU} {
				cell := short(median(r.Scenarios[request.id][metric][name]))
				if ratio, ok := r.ratioTo(request.id, metric, name, first); ok && !pair[0].first {
					cell += " (×" + fmt.Sprintf("%.2f", ratio) + ")"
				}
				cells = append(cells, cell)
			}
			fmt.Fprintf(w, " %s |", strings.Join(cells, ", "))
		}
		fmt.Fprintln(w)
	}
}

// flatPicture draws, for each request, the processor time in each world to that in the world with the least.
func (r *results) flatPicture(all []*world) string {
	const width, labels, bars, row, head, most = 760, 150, 520, 18, 30, 2.0
	var b strings.Builder
	y := 10
	for _, request := range flatRequests {
		y += head
		fmt.Fprintf(&b, `<text class="t" x="10" y="%d">%s</text>`+"\n", y-8, html.EscapeString(request.title+": server CPU, to the least of the kind"))
		top := y
		for _, pair := range compared(all) {
			ratio, ok := r.ratioTo(request.id, flatCPU, pair[0].name(), pair[1].name())
			if !ok {
				continue
			}
			class := "u"
			if pair[0].first {
				class = "o"
			}
			length := min(ratio, most) / most * bars
			fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="end">%s</text><rect class="%s" x="%d" y="%d" width="%.1f" height="%d"/><text x="%.1f" y="%d">×%.2f</text>`+"\n",
				labels-8, y+12, html.EscapeString(pair[0].name()), class, labels, y+2, length, row-5, labels+length+6, y+12, ratio)
			y += row
		}
		fmt.Fprintf(&b, `<path class="l" d="M%.1f %dV%d"/>`+"\n", labels+1.1/most*bars, top, y)
	}
	style := `text{font:12px sans-serif;fill:#444}.t{font-weight:bold;fill:#222}.u{fill:#2563eb}.o{fill:#b8bec9}.l{stroke:#d33;stroke-dasharray:3 3}`
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d"><style>%s</style><rect width="100%%" height="100%%" fill="#fff"/>`+"\n%s</svg>\n",
		width, y+10, width, y+10, style, b.String())
}
