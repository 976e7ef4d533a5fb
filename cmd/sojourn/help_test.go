package main

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"sojourn/internal/client/apicall"
)

// everyCommand are the command lines that have a page of help.
func everyCommand(t *testing.T) [][]string {
	t.Helper()
	list := [][]string{{}}
	for _, c := range commandList() {
		list = append(list, []string{c.name})
		if s := service(c.name); s != nil {
			for _, name := range apicall.Names(s) {
				list = append(list, []string{c.name, name})
			}
			for verb := range byVerb(s) {
				list = append(list, []string{c.name, verb})
			}
			continue
		}
		a, _, _ := testApp(nil)
		p, _ := a.pageOf(t.Context(), []string{c.name})
		for _, sub := range a.pagesBelow(t.Context(), p) {
			list = append(list, strings.Fields(sub.name()))
		}
	}
	return list
}

// TestHelpFitsAScreen: each page has at most 40 lines of 80 columns and an example.
func TestHelpFitsAScreen(t *testing.T) {
	commands := everyCommand(t)
	if len(commands) < 180 {
		t.Errorf("only %d commands were found", len(commands))
	}
	for _, words := range commands {
		a, out, errOut := testApp(nil)
		if status := a.main(t.Context(), append(slices.Clone(words), "--help")); status != 0 || errOut.Len() > 0 {
			t.Errorf("%q --help: status %d, %s", words, status, errOut)
		}
		lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
		if len(lines) > 40 {
			t.Errorf("%q --help has %d lines", words, len(lines))
		}
		for _, l := range lines {
			if utf8.RuneCountInString(l) > 80 && !strings.HasPrefix(strings.TrimSpace(l), "arn:") {
				t.Errorf("%q --help has a line of %d characters: %s", words, utf8.RuneCountInString(l), l)
			}
		}
		if !strings.Contains(out.String(), "Example:\n  ") || strings.Contains(out.String(), "\t") {
			t.Errorf("%q --help has no example, or tabs:\n%s", words, out)
		}
	}
}

// TestServicePageHidesNothing: what the page has no room for is on another.
func TestServicePageHidesNothing(t *testing.T) {
	for _, name := range []string{"sts", "iam", "ds", "codecommit"} {
		s := service(name)
		p := servicePage(s, "x")
		for _, o := range apicall.Names(s) {
			verb, noun, _ := strings.Cut(o, "-")
			v, _ := verbPage(s, verb)
			if !slices.ContainsFunc(p.words, func(w row2) bool {
				return w.name == o || w.name == verb+"-" && (strings.Contains(w.text, noun) || strings.Contains(w.text, `"sojourn `+name+" "+verb+` --help"`) && slices.Contains(v.words, row2{name: o}))
			}) {
				t.Errorf("%s is on no page", o)
			}
		}
	}
}

func TestSuggestions(t *testing.T) {
	for line, want := range map[string]string{
		"whomi": "did you mean sojourn whoami?", "statsu": `"sojourn help" lists them`, "clone": `"sojourn help" lists them`, "confgure set": "did you mean sojourn configure?",
		"whoami --porfile x": "did you mean --profile?", "login --clientid x": "did you mean --client-id?", "login --zzz": `"sojourn login --help" lists them`,
		"sts get-caller-id": "did you mean sojourn sts get-caller-identity?", "admin accounts list": `did you mean sojourn admin account?`,
		"configure lst": "did you mean sojourn configure list?", "serve --lisen :1": "did you mean --listen?",
		"sts get-caller-identity --porfile x": "takes no flag --porfile", "\x1b[2J": `"sojourn help" lists them`,
	} {
		a, _, errOut := testApp(nil)
		if status := a.main(t.Context(), strings.Split(line, " ")); status != 2 || !strings.Contains(errOut.String(), want) || strings.Contains(errOut.String(), "\x1b") {
			t.Errorf("%q: status %d, %q; want %q", line, status, errOut, want)
		}
	}
}

func TestEditDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"a", "", 1}, {"ab", "ba", 1}, {"login", "logn", 1}, {"abc", "xyz", 3}, {strings.Repeat("a", 65), "a", maxWord}} {
		if got := editDistance(c.a, c.b); got != c.want {
			t.Errorf("%q %q: %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

// TestManual: a page of the manual for each command, with all of its flags, and
// nothing in it that man would take for a command of its own.
func TestManual(t *testing.T) {
	dir := t.TempDir()
	a, _, errOut := testApp(nil)
	if status := a.main(t.Context(), []string{"man", "--all", dir}); status != 0 {
		t.Fatal(status, errOut)
	}
	for _, c := range append([]command{{}}, commandList()...) {
		text, err := a.manual(t.Context(), c.name)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{".TH ", ".SH NAME\n", ".SH SYNOPSIS\n", ".SH DESCRIPTION\n", ".SS Example\n"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %q", c.name, want)
			}
		}
		p, _ := a.pageOf(t.Context(), []string{c.name})
		for _, f := range p.flags {
			if !strings.Contains(text, roff(f.name)) {
				t.Errorf("%s: no %s", c.name, f.name)
			}
		}
		for line := range strings.Lines(text) {
			if strings.HasPrefix(line, ".") && !slices.Contains([]string{".TH", ".SH", ".SS", ".TP", ".PP", ".B", ".BR", ".br", ".nf", ".fi"}, strings.Fields(line)[0]) || strings.HasPrefix(line, "'") {
				t.Errorf("%s: man would run %q", c.name, line)
			}
		}
	}
}

func FuzzComplete(f *testing.F) {
	f.Add("sts assume-role --ro")
	f.Add("admin account ")
	f.Fuzz(func(t *testing.T, line string) {
		a, _, _ := testApp(nil)
		words := strings.Split(line, " ")
		if len(words) > 1 && (words[0] == "serve" || words[0] == "demo") {
			return
		}
		if status := a.main(t.Context(), append([]string{"completion", "--words"}, words...)); status != 0 {
			t.Errorf("%q: status %d", line, status)
		}
	})
}
