package main

import (
	"context"
	"embed"
	"fmt"
	"io"
	"slices"
	"strings"

	"sojourn/internal/client/config"
	"sojourn/internal/client/export"
	"sojourn/internal/wire"
	"sojourn/internal/wire/codecommitwire"
	"sojourn/internal/wire/dswire"
	"sojourn/internal/wire/iamwire"
	"sojourn/internal/wire/stswire"
)

// completions are the scripts that ask "sojourn completion --words" for what may come next.
//
//go:embed completions
var completions embed.FS

var shells = []string{"bash", "zsh", "fish", "powershell"}

func runCompletion(ctx context.Context, a *app, args []string) error {
	if len(args) > 0 && args[0] == "--words" {
		return a.complete(ctx, args[1:])
	}
	flags := newFlags(a, "completion bash|zsh|fish|powershell",
		"Prints the script that teaches a shell to complete commands, flags and profiles. \"make install\" puts it where the shell looks; by hand, write it to\n"+
			"  bash   ~/.local/share/bash-completion/completions/sojourn\n"+
			"  zsh    _sojourn, in a directory of $fpath\n"+
			"  fish   ~/.config/fish/completions/sojourn.fish\n"+
			"or, in PowerShell's $PROFILE:\n"+
			"  sojourn completion powershell | Out-String | Invoke-Expression",
		"source <(sojourn completion bash)")
	if err := parseFlags(flags, args); err != nil {
		return err
	}
	if flags.NArg() != 1 || !slices.Contains(shells, flags.Arg(0)) {
		return usagef("completion: want bash, zsh, fish or powershell")
	}
	script, err := completions.ReadFile("completions/" + flags.Arg(0))
	if err != nil {
		return err
	}
	_, err = a.stdout.Write(script)
	return err
}

// complete prints what the last of words may become: a candidate a line, and
// behind a tab what it is. What is not known is left to the shell: file names.
func (a *app) complete(ctx context.Context, words []string) error {
	if len(words) == 0 {
		words = []string{""}
	}
	current := words[len(words)-1]
	for _, r := range a.candidates(ctx, words[:len(words)-1], current) {
		if strings.HasPrefix(r.name, current) {
			fmt.Fprintf(a.stdout, "%s\t%s\n", r.name, r.text)
		}
	}
	return nil
}

func (a *app) candidates(ctx context.Context, before []string, current string) []row2 {
	if len(before) == 0 {
		return append(topPage().words, row2{"help", "show a command's help"})
	}
	p, depth := a.pageOf(ctx, before)
	if strings.HasPrefix(current, "-") {
		var flags []row2
		for _, f := range append(slices.Clone(p.flags), clientFlagRows(before[0])...) {
			if name := strings.Trim(strings.Fields(f.name)[0], "[]"); strings.HasPrefix(name, "--") {
				flags = append(flags, row2{name, f.text})
			}
		}
		return append(flags, row2{"--help", "show flags and an example"})
	}
	if values := a.flagValues(before[len(before)-1]); values != nil {
		return values
	}
	switch before[0] {
	case "help", "man":
		return topPage().words
	case "completion":
		return names(shells...)
	case "credential-helper":
		return names("get", "store", "erase")
	}
	if s := service(before[0]); s != nil && len(before) == 1 {
		return operationNames(s)
	}
	return below(p.words, before[depth:])
}

// below are the words of a command that may follow those that stand there.
func below(words []row2, given []string) []row2 {
	var rows []row2
	for _, w := range words {
		parts := strings.Fields(w.name)
		if len(parts) > len(given) && slices.Equal(parts[:len(given)], given) {
			rows = append(rows, row2{parts[len(given)], w.text})
		}
	}
	return rows
}

func names(list ...string) (rows []row2) {
	for _, n := range list {
		rows = append(rows, row2{name: n})
	}
	return rows
}

func service(name string) *wire.Service {
	for _, s := range []*wire.Service{stswire.Service(), iamwire.Service(), dswire.Service(), codecommitwire.Service()} {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// clientFlagRows are the flags of a service's operations, which their page tells in a sentence.
func clientFlagRows(command string) []row2 {
	if service(command) == nil {
		return nil
	}
	var c clientFlags
	f := newFlags(&app{}, "", "", "")
	c.registerServer(f)
	return flagRows(f)
}

// flagValues are the values of a flag that are known here.
func (a *app) flagValues(flag string) []row2 {
	switch flag {
	case "--profile":
		if cfg, err := config.Load(a.env()); err == nil {
			return append([]row2{}, names(cfg.Names()...)...)
		}
	case "--format":
		rows := []row2{{"text", ""}, {"json", ""}}
		for _, f := range export.Formats() {
			rows = append(rows, row2{f[0], f[1]})
		}
		return rows
	case "--output":
		return names("json")
	}
	return nil
}

// pageOf is the help of the deepest command that words name, and how many of them do.
func (a *app) pageOf(ctx context.Context, words []string) (page, int) {
	for n := len(words); n > 0; n-- {
		if slices.ContainsFunc(words[:n], func(w string) bool { return strings.HasPrefix(w, "-") }) {
			continue
		}
		var found []page
		b := &app{stdin: strings.NewReader(""), stdout: io.Discard, stderr: io.Discard, getenv: a.getenv, collect: func(p page) { found = append(found, p) }}
		if err := b.dispatch(ctx, append(slices.Clone(words[:n]), "--help")); (err == nil || err == errHelp) && len(found) == 1 && len(strings.Fields(found[0].name())) >= n { //nolint:errorlint // ours, unwrapped
			return found[0], n
		}
	}
	return page{}, 0
}
