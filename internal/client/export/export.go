// Package export writes credentials in the forms that other programs and shells
// take them in: those of "aws configure export-credentials", byte for byte, and
// a few more. It does not find credentials.
//
// What a credential_process printed may be anything. Text that a shell would
// take for more than a word is quoted, so that "eval" of the output sets
// variables and does nothing else; what a form cannot hold is refused.
package export

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode"

	"sojourn/internal/client/credentials"
)

// DefaultFormat is the AWS CLI's.
const DefaultFormat = "process"

// variable is one environment variable to set.
type variable struct{ name, value string }

// format is one form: a line for each variable, or a text of its own.
type format struct {
	name, about string
	line        func(variable) (string, error)
	text        func(credentials.Snapshot) (string, error)
}

var formats = []format{
	{name: "process", about: "JSON, as credential_process in a profile wants it", text: process},
	{name: "env", about: "export lines for sh, bash and zsh", line: func(v variable) (string, error) { return "export " + v.name + "=" + posix(v.value), nil }},
	{name: "env-no-export", about: "NAME=VALUE lines for sh, bash and zsh", line: func(v variable) (string, error) { return v.name + "=" + posix(v.value), nil }},
	{name: "powershell", about: "for PowerShell", line: func(v variable) (string, error) { return "$Env:" + v.name + "=" + powershell(v.value), nil }},
	{name: "windows-cmd", about: "for cmd.exe", line: windowsCmd},
	{name: "fish", about: "for fish", line: func(v variable) (string, error) { return "set -gx " + v.name + " " + fish(v.value), nil }},
	{name: "csh", about: "for csh and tcsh", line: csh},
	{name: "nushell", about: "for Nushell: sojourn export-credentials --format nushell | from json | load-env", text: nushell},
	{name: "env-file", about: "NAME=VALUE without quoting, for docker run --env-file and systemd", line: envFile},
}

// Formats are the names of the forms with what each is for.
func Formats() (list [][2]string) {
	for _, f := range formats {
		list = append(list, [2]string{f.name, f.about})
	}
	return list
}

// Format writes credentials in the form called name.
func Format(name string, s credentials.Snapshot) (string, error) {
	for _, f := range formats {
		if f.name != name {
			continue
		}
		if err := check(s); err != nil {
			return "", err
		}
		if f.text != nil {
			return f.text(s)
		}
		var b strings.Builder
		for _, v := range variables(s) {
			line, err := f.line(v)
			if err != nil {
				return "", err
			}
			b.WriteString(line + "\n")
		}
		return b.String(), nil
	}
	return "", fmt.Errorf("there is no format %q", name)
}

// check refuses what no variable of an environment is known to hold well.
func check(s credentials.Snapshot) error {
	for _, v := range variables(s) {
		if strings.ContainsFunc(v.value, unicode.IsControl) {
			return fmt.Errorf("%s has control characters in it; no credentials of AWS's have, so they are not exported", v.name)
		}
	}
	return nil
}

func variables(s credentials.Snapshot) []variable {
	list := []variable{{"AWS_ACCESS_KEY_ID", s.AccessKeyID}, {"AWS_SECRET_ACCESS_KEY", s.Secret.Reveal()}}
	if s.Token != "" {
		list = append(list, variable{"AWS_SESSION_TOKEN", s.Token})
	}
	if !s.Expires.IsZero() {
		list = append(list, variable{"AWS_CREDENTIAL_EXPIRATION", expiration(s)})
	}
	return list
}

// expiration is spelled as Python's isoformat does, which is what the AWS CLI prints.
func expiration(s credentials.Snapshot) string {
	return s.Expires.UTC().Format("2006-01-02T15:04:05") + "+00:00"
}

func process(s credentials.Snapshot) (string, error) {
	out, err := json.MarshalIndent(struct {
		Version         int
		AccessKeyId     string
		SecretAccessKey string
		SessionToken    string `json:",omitempty"`
		Expiration      string `json:",omitempty"`
	}{1, s.AccessKeyID, s.Secret.Reveal(), s.Token, orNone(s.Expires, expiration(s))}, "", "  ")
	return string(out) + "\n", err
}

func orNone(t time.Time, text string) string {
	if t.IsZero() {
		return ""
	}
	return text
}

func nushell(s credentials.Snapshot) (string, error) {
	record := map[string]string{}
	for _, v := range variables(s) {
		record[v.name] = v.value
	}
	out, err := json.Marshal(record)
	return string(out) + "\n", err
}

// word reports whether every shell takes s for one plain word.
func word(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || 'z' < r) && (r < 'A' || 'Z' < r) && (r < '0' || '9' < r) && !strings.ContainsRune("/+=_-.:,@%", r)
	})
}

func posix(s string) string {
	if word(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// powershell has no variables or escapes between single quotes, but takes typographic quotes for quotes.
func powershell(s string) string {
	if word(s) {
		return `"` + s + `"`
	}
	for _, q := range []string{"'", "‘", "’", "‚", "‛"} {
		s = strings.ReplaceAll(s, q, q+q)
	}
	return "'" + s + "'"
}

func fish(s string) string {
	if word(s) {
		return s
	}
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(s) + "'"
}

func csh(v variable) (string, error) {
	value := v.value
	if !word(value) {
		value = "'" + strings.NewReplacer("'", `'\''`, "!", `'\!'`).Replace(value) + "'"
	}
	return "setenv " + v.name + " " + value, nil
}

// windowsCmd: cmd.exe has no quoting that holds for everything.
func windowsCmd(v variable) (string, error) {
	if !word(v.value) || strings.Contains(v.value, "%") {
		return "", fmt.Errorf("%s has characters in it that cmd.exe would not take for themselves; use --format powershell", v.name)
	}
	return "set " + v.name + "=" + v.value, nil
}

func envFile(v variable) (string, error) { return v.name + "=" + v.value, nil }
