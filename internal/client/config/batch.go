package config

import (
	"fmt"
	"slices"
	"strings"
)

// Apply changes several settings of a profile: those in unset go, those in set
// come or change. Each of the two files is replaced once, as a whole or not at
// all, and everything else in them stays as it is. A section that is empty
// afterwards and held no comment goes, too.
//
// Keys of AWS credentials go to the credentials file. Where set has any, that
// file must be the user's own.
func (c *Config) Apply(profile string, set []Setting, unset []string) error {
	for _, credentials := range []bool{true, false} {
		if err := c.applyTo(credentials, profile, set, unset); err != nil {
			return err
		}
	}
	return nil
}

func (c *Config) applyTo(credentials bool, profile string, set []Setting, unset []string) error {
	path, is, name := c.ConfigFile, configSection(profile), configHeader(profile)
	if credentials {
		path, is, name = c.CredentialsFile, func(section string) bool { return section == profile }, profile
	}
	f, err := readINI(path)
	if err != nil {
		return err
	}
	before := f.String()
	secrets := false
	for _, s := range set {
		if IsCredential(strings.ToLower(s.Key)) != credentials {
			continue
		}
		secrets = credentials
		if err := f.Set(is, name, s); err != nil {
			return err
		}
	}
	for _, key := range unset {
		if !slices.ContainsFunc(set, func(s Setting) bool { return s.Key == key }) {
			f.Unset(is, key)
		}
	}
	if f.String() == before {
		return nil
	}
	if secrets {
		if err := own(path); err != nil {
			return fmt.Errorf("credentials are not written to %s: %w", path, err)
		}
	}
	after := f.String()
	return update(path, credentials, func(f *INI) error {
		if f.String() != before {
			return fmt.Errorf("%s was changed by another program just now; run the command again", path)
		}
		g, err := ParseINI(after)
		*f = *g
		return err
	})
}

func configSection(profile string) func(string) bool {
	return func(section string) bool {
		kind, name := splitHeader(section)
		return kind == "profile" && name == profile
	}
}

func configHeader(profile string) string {
	if profile == Default {
		return Default
	}
	return "profile " + quoteShell(profile)
}

// Unset removes every option called key under the headers for which is is
// true, and a section that holds nothing more.
func (f *INI) Unset(is func(section string) bool, key string) {
	inside, removed := false, false
	for i := 0; i < len(f.lines); i++ {
		switch l := f.lines[i]; l.kind {
		case header:
			inside = is(l.name)
		case option:
			if inside && l.name == key {
				end := f.blockEnd(i)
				f.lines = append(f.lines[:i:i], f.lines[end:]...)
				removed = true
				i--
			}
		}
	}
	if removed {
		f.dropEmpty(is)
	}
}

// dropEmpty removes headers under which there is nothing but blank lines, with
// the blank line that Set puts in front of a new section.
func (f *INI) dropEmpty(is func(section string) bool) {
	for i := 0; i < len(f.lines); i++ {
		if f.lines[i].kind != header || !is(f.lines[i].name) {
			continue
		}
		end := i + 1
		for end < len(f.lines) && strings.TrimSpace(f.lines[end].text) == "" {
			end++
		}
		if end < len(f.lines) && f.lines[end].kind != header {
			continue // an option, or a comment that somebody wrote
		}
		start, end := i, i+1
		if i > 0 && strings.TrimSpace(f.lines[i-1].text) == "" {
			start--
		}
		f.lines = append(f.lines[:start:start], f.lines[end:]...)
		i = start - 1
	}
}
