package main

import (
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os"
	"strings"
)

// settings reads flags that can also come from the environment and from a
// file. Order: flag, environment, file, default. Every mistake is reported.
//
// A flag --listen is SOJOURN_LISTEN in the environment and a line
// "listen = VALUE" in the file; "#" begins a comment. A flag that may be
// repeated takes a comma-separated list in both.
//
// What few need is in more: in the environment and in the file only.
type settings struct {
	flags, more *flag.FlagSet
	lists       map[string]bool
}

// all calls f for each setting.
func (s *settings) all(f func(*flag.Flag)) {
	s.flags.VisitAll(f)
	s.more.VisitAll(f)
}

func (s *settings) lookup(name string) (set *flag.FlagSet, known bool) {
	if s.more.Lookup(name) != nil {
		return s.more, true
	}
	return s.flags, s.flags.Lookup(name) != nil
}

func envName(flagName string) string {
	return "SOJOURN_" + strings.ToUpper(strings.ReplaceAll(flagName, "-", "_"))
}

// load parses args and fills what they leave open.
func (s *settings) load(a *app, args []string) error {
	if err := parseFlags(s.flags, args); err != nil {
		return err
	}
	if s.flags.NArg() > 0 {
		return usagef("unexpected argument %q", s.flags.Arg(0))
	}
	given := map[string]bool{}
	var errs []error
	s.flags.Visit(func(f *flag.Flag) {
		given[f.Name] = true
		errs = append(errs, noPassword(f))
	})
	fromFile, err := s.readFile(a, given)
	errs = append(errs, err)
	s.all(func(f *flag.Flag) {
		if given[f.Name] || f.Name == "config" {
			return
		}
		if v := a.getenv(envName(f.Name)); v != "" {
			errs = append(errs, s.set(f.Name, v, envName(f.Name)))
		} else if v, ok := fromFile[f.Name]; ok {
			errs = append(errs, s.set(f.Name, v, f.Name))
		}
	})
	if err := errors.Join(errs...); err != nil {
		return usageError{strings.ReplaceAll(err.Error(), "\n", "; ")}
	}
	return nil
}

// noPassword refuses an address with a password as an argument, which every
// user of the machine can see.
func noPassword(f *flag.Flag) error {
	u, err := url.Parse(f.Value.String())
	if err != nil && strings.Contains(f.Value.String(), "://") {
		return fmt.Errorf("%s: it is no URL", f.Name) // of which the error would print all
	}
	if err != nil {
		return nil
	}
	if _, has := u.User.Password(); has || u.Query().Has("password") {
		return fmt.Errorf("%s: a password in an argument can be seen by every user of this machine: give the whole address as %s or in the file of --config, or the password as PGPASSWORD or in a file that PGPASSFILE names",
			f.Name, envName(f.Name))
	}
	return nil
}

func (s *settings) set(name, value, where string) error {
	flags, _ := s.lookup(name)
	values := []string{value}
	if s.lists[name] {
		values = strings.Split(value, ",")
	}
	for _, v := range values {
		if err := flags.Set(name, strings.TrimSpace(v)); err != nil {
			return fmt.Errorf("%s: %w", where, err)
		}
	}
	return nil
}

// readFile reads the file that --config or SOJOURN_CONFIG names, if any.
func (s *settings) readFile(a *app, given map[string]bool) (map[string]string, error) {
	path := s.flags.Lookup("config").Value.String()
	if !given["config"] {
		path = a.getenv(envName("config"))
	}
	if path == "" {
		return nil, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	found := map[string]string{}
	var errs []error
	for i, line := range strings.Split(string(data), "\n") {
		if err := s.parseLine(line, found); err != nil {
			errs = append(errs, fmt.Errorf("%s line %d: %w", path, i+1, err))
		}
	}
	return found, errors.Join(errs...)
}

func (s *settings) parseLine(line string, found map[string]string) error {
	line = strings.TrimSpace(line)
	if line == "" || line[0] == '#' {
		return nil
	}
	key, value, ok := strings.Cut(line, "=")
	key, value = strings.TrimSpace(key), strings.TrimSpace(value)
	_, known := s.lookup(key)
	switch {
	case !ok:
		return fmt.Errorf("%q is not of the form KEY = VALUE", line)
	case key == "config" || !known:
		return fmt.Errorf("unknown key %q", key)
	}
	if _, twice := found[key]; twice {
		return fmt.Errorf("key %q stands there twice", key)
	}
	found[key] = value
	return nil
}

// flagError turns the flag package's answers into ours.
func flagError(err error) error {
	if errors.Is(err, flag.ErrHelp) {
		return errHelp
	}
	return usageError{err.Error()}
}
