package main

import (
	"flag"
	"io"
	"strings"
	"unicode/utf8"
)

// page is what there is to say of one command. It is data, because three want
// it: the terminal, the manual pages and the shells' completion.
type page struct {
	synopsis string // what follows "sojourn "
	about    string // paragraphs; a line that begins with a blank stays as it is
	words    []row2 // the commands below this one
	wordsAre string // what they are, "Commands"
	flags    []row2 // "--name VALUE" and what it says
	more     string // below the flags, as about
	example  string // one command a line
}

// row2 is a name with what there is to say of it.
type row2 struct{ name, text string }

// name is the command without its arguments: "admin account create".
func (p *page) name() string {
	var words []string
	for w := range strings.FieldsSeq(p.synopsis) {
		if c := w[0]; c < 'a' || 'z' < c || strings.ContainsAny(w, "|=:.…") {
			break
		}
		words = append(words, w)
	}
	return strings.Join(words, " ")
}

// show prints a page, or gives it to whoever collects pages.
func (a *app) show(p page) {
	if a.collect != nil {
		a.collect(p)
		return
	}
	io.WriteString(a.stdout, p.text())
}

// Help fits a terminal of the usual size.
const helpWidth = 80

// helpColumns are where a table's texts may begin, at the most. The one that
// takes the fewest lines counts.
var helpColumns = []int{30, 26, 22, 18}

// text is the page for a terminal. One that would not fit a screen has one line a
// flag, and the manual the rest.
func (p *page) text() string {
	whole := p.lay()
	if strings.Count(whole, "\n") <= helpLines || len(p.flags) == 0 {
		return whole
	}
	short := *p
	short.flags = make([]row2, len(p.flags))
	width := helpWidth - min(helpColumns[0], widest(p.flags))
	for i, f := range p.flags {
		short.flags[i] = row2{f.name, clip(f.text, width)}
	}
	short.more = strings.TrimSpace(p.more + "\n\nShortened; \"sojourn man " + strings.Fields(p.name())[0] + " | man -l -\" has the whole text.")
	return short.lay()
}

// widest is what a table's first column takes.
func widest(rows []row2) (width int) {
	for _, r := range rows {
		width = max(width, utf8.RuneCountInString(r.name)+4)
	}
	return width
}

// clip cuts a text behind its first clause, or where the line ends.
func clip(text string, width int) string {
	text, _, _ = strings.Cut(text, "; ")
	if utf8.RuneCountInString(text) <= width {
		return text
	}
	first, _, _ := strings.Cut(hang(text, width-1, ""), "\n")
	return strings.TrimRight(first, " ,(") + "…"
}

func (p *page) lay() string {
	var b strings.Builder
	b.WriteString("Usage: sojourn " + hang(p.synopsis, helpWidth-len("Usage: sojourn "), "               ") + "\n\n")
	b.WriteString(paragraphs(p.about))
	if len(p.words) > 0 {
		b.WriteString("\n" + p.wordsAre + ":\n" + table(p.words))
	}
	if len(p.flags) > 0 {
		b.WriteString("\nFlags:\n" + table(p.flags))
	}
	if p.more != "" {
		b.WriteString("\n" + paragraphs(p.more))
	}
	if p.example != "" {
		b.WriteString("\nExample:\n")
		for line := range strings.SplitSeq(strings.NewReplacer(" \\\n  ", " ", " \\\n", " ").Replace(p.example), "\n") {
			b.WriteString("  " + breakCommand(line, helpWidth-2) + "\n")
		}
	}
	return b.String()
}

// paragraphs fills text; lines that begin with a blank stay as they are.
func paragraphs(text string) string {
	var b, fill strings.Builder
	flush := func() {
		if fill.Len() > 0 {
			b.WriteString(hang(strings.TrimSpace(fill.String()), helpWidth, "") + "\n")
			fill.Reset()
		}
	}
	for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		if line == "" || line[0] == ' ' {
			flush()
			b.WriteString(line + "\n")
			continue
		}
		fill.WriteString(line + " ")
	}
	flush()
	return b.String()
}

func table(rows []row2) (best string) {
	for _, column := range helpColumns {
		if t := tableAt(rows, column); best == "" || strings.Count(t, "\n") < strings.Count(best, "\n") {
			best = t
		}
	}
	return best
}

// tableAt sets rows in two columns; a name that is too wide stands alone. Rows
// without a text are names only, and fill the lines.
func tableAt(rows []row2, column int) string {
	width := 0
	for _, r := range rows {
		if n := utf8.RuneCountInString(r.name) + 4; n <= column {
			width = max(width, n)
		}
	}
	var b strings.Builder
	var names []string
	for _, r := range rows {
		if r.text == "" {
			names = append(names, r.name)
			continue
		}
		name := "  " + r.name
		if n := utf8.RuneCountInString(name); n+2 > width {
			b.WriteString(name + "\n" + strings.Repeat(" ", width))
		} else {
			b.WriteString(name + strings.Repeat(" ", width-n))
		}
		b.WriteString(hang(r.text, helpWidth-width, strings.Repeat(" ", width)) + "\n")
	}
	if len(names) > 0 {
		b.WriteString("  " + hang(strings.Join(names, " "), helpWidth-2, "  ") + "\n")
	}
	return b.String()
}

// hang breaks text into lines of at most width characters; indent goes in front of all but the first.
func hang(text string, width int, indent string) string {
	var b strings.Builder
	n := 0
	for w := range strings.FieldsSeq(text) {
		l := utf8.RuneCountInString(w)
		switch {
		case n == 0:
		case n+1+l > width:
			b.WriteString("\n" + indent)
			n = 0
		default:
			b.WriteByte(' ')
			n++
		}
		b.WriteString(w)
		n += l
	}
	return b.String()
}

// breakCommand breaks a command line where a shell lets it be broken.
func breakCommand(line string, width int) string {
	var b strings.Builder
	for indent := ""; ; indent = "    " {
		line = indent + line
		if utf8.RuneCountInString(line) <= width {
			b.WriteString(line)
			return b.String()
		}
		at, quote := 0, byte(0)
		for i := len(indent) + 1; i < len(line) && i < width-2; i++ {
			switch c := line[i]; {
			case quote == 0 && (c == '\'' || c == '"'):
				quote = c
			case c == quote:
				quote = 0
			case c == ' ' && quote == 0:
				at = i
			}
		}
		if at == 0 {
			b.WriteString(line)
			return b.String()
		}
		b.WriteString(line[:at] + " \\\n  ")
		line = line[at+1:]
	}
}

// newFlags makes a command's flags; "--help" shows its page.
func newFlags(a *app, synopsis, about, example string) *flag.FlagSet {
	f := flag.NewFlagSet(synopsis, flag.ContinueOnError)
	said := new(strings.Builder) // the flag package's complaint, which comes before the usage
	f.SetOutput(said)
	f.Usage = func() {
		if said.Len() > 0 {
			return
		}
		a.show(page{synopsis: synopsis, about: about, flags: flagRows(f), example: example})
	}
	return f
}

func flagRows(f *flag.FlagSet) []row2 {
	var rows []row2
	f.VisitAll(func(fl *flag.Flag) {
		value, usage := flag.UnquoteUsage(fl)
		if fl.DefValue != "" && fl.DefValue != "false" && fl.DefValue != "0" {
			usage += " (default " + fl.DefValue + ")"
		}
		rows = append(rows, row2{strings.TrimSpace("--" + fl.Name + " " + value), usage})
	})
	return rows
}

// parseFlags reads a command's flags. An unknown one is answered with the nearest.
func parseFlags(f *flag.FlagSet, args []string) error {
	err := f.Parse(args)
	if err == nil {
		return nil
	}
	err = flagError(err)
	const undefined = "flag provided but not defined: -"
	u, ok := err.(usageError) //nolint:errorlint // just made
	if !ok || !strings.HasPrefix(u.text, undefined) {
		return err
	}
	name := u.text[len(undefined):]
	var known []string
	f.VisitAll(func(fl *flag.Flag) { known = append(known, fl.Name) })
	return usagef("there is no flag --%s; %s", plain(name), meant("--", name, known, `"sojourn `+commandOf(f.Name())+` --help" lists them`))
}

func commandOf(synopsis string) string { return (&page{synopsis: synopsis}).name() }

// meant proposes the known name that is nearest to what was written, or else.
func meant(prefix, written string, known []string, otherwise string) string {
	best, distance := "", 2+min(2, utf8.RuneCountInString(written)/5)
	for _, k := range known {
		d := editDistance(written, k)
		if len(written) > 1 && strings.HasPrefix(k, written) {
			d = min(d, 1)
		}
		if d < distance {
			best, distance = k, d
		}
	}
	if best == "" {
		return otherwise
	}
	return "did you mean " + prefix + best + "?"
}

// maxWord bounds what editDistance is given: longer words are no slips.
const maxWord = 64

// editDistance counts insertions, deletions, replacements and swaps of neighbours.
func editDistance(a, b string) int {
	if len(a) > maxWord || len(b) > maxWord {
		return maxWord
	}
	before, last, now := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		now[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			now[j] = min(last[j]+1, now[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				now[j] = min(now[j], before[j-2]+1)
			}
		}
		before, last, now = last, now, before
	}
	return last[len(b)]
}

// noWord refuses a word below a command.
func noWord(command, written string, words []row2) error {
	var known []string
	for _, w := range words {
		first, _, _ := strings.Cut(w.name, " ")
		known = append(known, first)
	}
	return usagef("%s: there is no command %q; %s", command, plain(written),
		meant("sojourn "+command+" ", written, known, `"sojourn `+command+` --help" lists them`))
}
