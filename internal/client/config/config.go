// Package config reads and edits the user's AWS configuration: ~/.aws/config,
// ~/.aws/credentials and the environment variables that name other files or a
// profile. It knows the files' grammar and which profile is meant. What a
// setting means is the business of the packages that use it; nothing here
// opens a network connection or knows a default of AWS's.
package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// Config is both files, read once.
type Config struct {
	ConfigFile, CredentialsFile string // paths, "" when no home directory is known

	profiles map[string]*Profile
	names    []string
	services map[string]*Section
	sso      map[string]*Section
	other    map[string]*Section
}

// Profile is one profile's settings from both files.
type Profile struct {
	Name                string
	Config, Credentials *Section // nil where the file has none
}

// Default is the profile that counts when none is named.
const Default = "default"

// Load reads the files that env names. A missing file is an empty one.
func Load(env Env) (*Config, error) {
	c := &Config{
		ConfigFile:      env.file("AWS_CONFIG_FILE", "config"),
		CredentialsFile: env.file("AWS_SHARED_CREDENTIALS_FILE", "credentials"),
		profiles:        map[string]*Profile{}, services: map[string]*Section{}, sso: map[string]*Section{}, other: map[string]*Section{},
	}
	sections, err := readSections(c.ConfigFile)
	if err != nil {
		return nil, err
	}
	for _, s := range sections {
		c.addConfig(s)
	}
	if sections, err = readSections(c.CredentialsFile); err != nil {
		return nil, err
	}
	for _, s := range sections {
		c.profile(s.Name).Credentials = s
	}
	return c, nil
}

// maxFile is more than anybody's configuration; what is longer is something else.
const maxFile = 16 << 20

func readSections(path string) ([]*Section, error) {
	f, err := readINI(path)
	if err != nil {
		return nil, err
	}
	return f.Sections(), nil
}

func readINI(path string) (*INI, error) {
	if path == "" {
		return &INI{}, nil
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &INI{}, nil
	}
	if err == nil && len(data) > maxFile {
		err = fmt.Errorf("%s is longer than %d bytes", path, maxFile)
	}
	if errors.Is(err, fs.ErrPermission) {
		err = fmt.Errorf("%w; make the file readable for you, or name another with AWS_CONFIG_FILE or AWS_SHARED_CREDENTIALS_FILE", err)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the AWS configuration: %w", err)
	}
	f, err := ParseINI(string(data))
	if err != nil {
		return nil, fmt.Errorf("the AWS configuration file %s cannot be read: %w; correct that line and try again", path, err)
	}
	return f, nil
}

// addConfig files one section of ~/.aws/config under what its header says it is.
func (c *Config) addConfig(s *Section) {
	kind, name := splitHeader(s.Name)
	switch kind {
	case "profile":
		// Two spellings of one name ([profile a], [profile "a"]) are one profile.
		p := c.profile(name)
		p.Config = merge(p.Config, s)
	case "services":
		c.services[name] = merge(c.services[name], s)
	case "sso-session":
		c.sso[name] = merge(c.sso[name], s)
	default:
		c.other[s.Name] = s
	}
}

func merge(a, b *Section) *Section {
	if a == nil {
		return b
	}
	for k, v := range b.values {
		a.values[k] = v
	}
	return a
}

// splitHeader reads a header of ~/.aws/config. "[default]" and "[profile default]" are the same.
func splitHeader(s string) (kind, name string) {
	if s == Default {
		return "profile", Default
	}
	if !strings.HasPrefix(s, "profile") && !strings.HasPrefix(s, "services") && !strings.HasPrefix(s, "sso-session") {
		return "", ""
	}
	words, err := SplitShell(s)
	if err != nil || len(words) != 2 {
		return "", ""
	}
	return words[0], words[1]
}

func (c *Config) profile(name string) *Profile {
	p := c.profiles[name]
	if p == nil {
		p = &Profile{Name: name}
		c.profiles[name] = p
		c.names = append(c.names, name)
	}
	return p
}

// Profile returns a profile that exists in either file.
func (c *Config) Profile(name string) (*Profile, bool) {
	p, ok := c.profiles[name]
	return p, ok
}

// Names lists the profiles in the order of the files, config first.
func (c *Config) Names() []string { return c.names }

// Services returns the section [services NAME].
func (c *Config) Services(name string) (*Section, bool) {
	s, ok := c.services[name]
	return s, ok
}

// SSOSession returns the section [sso-session NAME].
func (c *Config) SSOSession(name string) (*Section, bool) {
	s, ok := c.sso[name]
	return s, ok
}

// Other returns a section of ~/.aws/config that is no profile, such as [plugins].
func (c *Config) Other(name string) *Section { return c.other[name] }

// Get returns a setting; the credentials file is asked first. A nil profile has none.
func (p *Profile) Get(key string) (string, bool) {
	if p == nil {
		return "", false
	}
	if v, ok := p.Credentials.Get(key); ok {
		return v, true
	}
	return p.Config.Get(key)
}

// Value returns a setting, "" when it is absent or empty.
func (p *Profile) Value(key string) string {
	v, _ := p.Get(key)
	return v
}

// True reports whether a setting says "true".
func (p *Profile) True(key string) bool { return strings.EqualFold(p.Value(key), "true") }

// Nested returns one value of a nested block.
func (p *Profile) Nested(key, sub string) (string, bool) {
	if p == nil {
		return "", false
	}
	if v, ok := p.Credentials.Nested(key, sub); ok {
		return v, true
	}
	return p.Config.Nested(key, sub)
}

// Selected returns the profile that the environment names, and the variable
// that does; "" for none. The order is the official helper's and botocore's.
func (e Env) Selected() (name, variable string) {
	variable, name = e.First("AWS_DEFAULT_PROFILE", "AWS_PROFILE")
	return name, variable
}
