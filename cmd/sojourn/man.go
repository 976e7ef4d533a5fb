package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"sojourn/internal/version"
)

func runMan(ctx context.Context, a *app, args []string) error {
	flags := newFlags(a, "man [COMMAND] [--all DIR]",
		"Prints the manual page of a command, or of sojourn itself, in the form that man reads. It is made of the same text as the help. "+
			"With --all it writes every page, that of git-remote-codecommit too, into a directory.",
		"sojourn man login | man -l -")
	all := flags.String("all", "", "`DIR` to write all pages to")
	if err := parseFlags(flags, args); err != nil {
		return err
	}
	switch {
	case *all != "":
		return a.writeManual(ctx, *all)
	case flags.NArg() > 1:
		return usagef("man: want one command")
	}
	text, err := a.manual(ctx, flags.Arg(0))
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(a.stdout, text)
	return err
}

func (a *app) writeManual(ctx context.Context, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("making the directory of the manual: %w", err)
	}
	pages := map[string]string{"git-remote-codecommit.1": helperManual()}
	for _, c := range append([]command{{}}, commandList()...) {
		text, err := a.manual(ctx, c.name)
		if err != nil {
			return err
		}
		pages[manualName(c.name)+".1"] = text
	}
	for name, text := range pages {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return fmt.Errorf("writing the manual: %w", err)
		}
	}
	return nil
}

func manualName(command string) string {
	if command == "" {
		return "sojourn"
	}
	return "sojourn-" + command
}

// manual is the page of a command and of those below it; "" is sojourn itself.
func (a *app) manual(ctx context.Context, name string) (string, error) {
	if name == "" {
		top := topPage()
		return manualPage("sojourn", "Git on temporary credentials", []page{top}), nil
	}
	p, n := a.pageOf(ctx, []string{name})
	if n == 0 {
		return "", usagef("man: there is no command %q; \"sojourn help\" lists them", plain(name))
	}
	pages := append([]page{p}, a.pagesBelow(ctx, p)...)
	summary := ""
	for _, c := range commandList() {
		if c.name == name {
			summary = c.summary
		}
	}
	return manualPage(manualName(name), summary, pages), nil
}

// pagesBelow are the pages of the commands below one.
func (a *app) pagesBelow(ctx context.Context, p page) (pages []page) {
	if p.wordsAre != "Commands" {
		return nil
	}
	for _, w := range p.words {
		words := append(strings.Fields(p.name()), strings.Fields(w.name)...)
		if sub, n := a.pageOf(ctx, words); n == len(words) {
			pages = append(append(pages, sub), a.pagesBelow(ctx, sub)...)
		}
	}
	return pages
}

// manualPage sets pages in the language of man(7).
func manualPage(name, summary string, pages []page) string {
	var b strings.Builder
	fmt.Fprintf(&b, ".TH %s 1 \"\" \"sojourn %s\"\n.SH NAME\n%s \\- %s\n.SH SYNOPSIS\n", strings.ToUpper(roff(name)), roff(version.Version), roff(name), roff(summary))
	for i, p := range pages {
		if i > 0 {
			b.WriteString(".br\n")
		}
		b.WriteString(".B sojourn\n" + roffLine(p.synopsis) + "\n")
	}
	for i, p := range pages {
		if i == 0 {
			b.WriteString(".SH DESCRIPTION\n")
		} else {
			b.WriteString(".SH " + strings.ToUpper(roff(p.name())) + "\n")
		}
		roffText(&b, p.about)
		for _, t := range []struct {
			head string
			rows []row2
		}{{p.wordsAre, p.words}, {"Flags", p.flags}} {
			if len(t.rows) > 0 {
				b.WriteString(".SS " + t.head + "\n")
				roffRows(&b, t.rows)
			}
		}
		if p.more != "" {
			b.WriteString(".PP\n")
			roffText(&b, p.more)
		}
		if p.example != "" {
			b.WriteString(".SS Example\n.nf\n" + roffLines(p.example) + ".fi\n")
		}
	}
	if name != "sojourn" {
		b.WriteString(".SH EXIT STATUS\n")
		roffText(&b, strings.TrimPrefix(exitStatuses, "Exit status: "))
	}
	b.WriteString(".SH SEE ALSO\n.BR sojourn (1),\n.BR git-remote-codecommit (1),\n.BR gitremote-helpers (7)\n")
	return b.String()
}

func roffRows(b *strings.Builder, rows []row2) {
	for _, r := range rows {
		if r.text == "" {
			b.WriteString(roffLine(r.name) + "\n.br\n")
			continue
		}
		b.WriteString(".TP\n.B " + roff(r.name) + "\n" + roffLine(r.text) + "\n")
	}
}

// roffText fills text; lines that begin with a blank stay as they are.
func roffText(b *strings.Builder, text string) {
	fixed := false
	for line := range strings.SplitSeq(text, "\n") {
		if f := strings.HasPrefix(line, " "); f != fixed {
			b.WriteString(map[bool]string{true: ".nf\n", false: ".fi\n"}[f])
			fixed = f
		}
		if line == "" {
			line = ".PP"
		} else {
			line = roffLine(line)
		}
		b.WriteString(line + "\n")
	}
	if fixed {
		b.WriteString(".fi\n")
	}
}

func roffLines(text string) string {
	var b strings.Builder
	for line := range strings.SplitSeq(text, "\n") {
		b.WriteString(roffLine(line) + "\n")
	}
	return b.String()
}

// roff keeps man from reading text as its own commands.
func roff(s string) string {
	return strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", "\\`", "^", `\(ha`, "~", `\(ti`, "…", "...").Replace(s)
}

func roffLine(s string) string {
	if s = roff(s); strings.HasPrefix(s, ".") {
		s = `\&` + s
	}
	return s
}

// helperManual is the page of git-remote-codecommit, which git starts.
func helperManual() string {
	text := manualPage("git-remote-codecommit", "git's helper for codecommit:// URLs", []page{{
		synopsis: "", about: "Lets git clone, fetch and push repositories of AWS CodeCommit, or of a server of one's own, with temporary credentials. " +
			"Git starts it for each URL of one of these forms; nobody else need.\n" +
			"  codecommit://REPOSITORY\n  codecommit://PROFILE@REPOSITORY\n  codecommit::REGION://[PROFILE@]REPOSITORY\n" +
			"Profiles, regions, credentials and endpoints are those of the AWS configuration files and variables. It must be in a directory of the PATH. " +
			"\"sojourn setup\" sets git up for it; \"sojourn doctor\" finds out why it does not work.",
		example: "git clone codecommit://CodeAccess@MyDemoRepo",
	}})
	return strings.Replace(text, ".B sojourn\n\n", ".B git clone\n\\fIURL\\fR\n", 1)
}
