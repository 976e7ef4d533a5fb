package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Set writes one setting of a profile: keys of AWS credentials into the
// credentials file, all else into ~/.aws/config, where the AWS CLI puts them.
func (c *Config) Set(profile string, s Setting) error {
	if IsCredential(s.Key) {
		is := func(section string) bool { return section == profile }
		return update(c.CredentialsFile, true, func(f *INI) error { return f.Set(is, profile, s) })
	}
	is := func(section string) bool {
		kind, name := splitHeader(section)
		return kind == "profile" && name == profile
	}
	name := "profile " + quoteShell(profile)
	if profile == Default {
		name = Default
	}
	return update(c.ConfigFile, false, func(f *INI) error { return f.Set(is, name, s) })
}

// SetOther writes into a section of ~/.aws/config that is no profile, such as [plugins].
func (c *Config) SetOther(section string, s Setting) error {
	is := func(name string) bool { return name == section }
	return update(c.ConfigFile, false, func(f *INI) error { return f.Set(is, section, s) })
}

// IsCredential reports whether a setting belongs into the credentials file.
func IsCredential(key string) bool {
	return key == "aws_access_key_id" || key == "aws_secret_access_key" || key == "aws_session_token"
}

// update edits the file at path as a whole or not at all. A symbolic link is
// followed, so that a file kept elsewhere stays there.
func update(path string, secret bool, edit func(*INI) error) error {
	if path == "" {
		return errors.New("no home directory is known; set HOME, or name the files with AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE")
	}
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	} else if target, err := os.Readlink(path); err == nil { // what it names is not there yet
		if !filepath.IsAbs(target) {
			target = filepath.Join(filepath.Dir(path), target)
		}
		path = target
	}
	f, err := readINI(path)
	if err != nil {
		return err
	}
	if err := edit(f); err != nil {
		return err
	}
	return replace(path, modeFor(path, secret), []byte(f.String()))
}

// modeFor keeps a file's mode; a new file, and always the credentials file, is the user's alone.
func modeFor(path string, secret bool) fs.FileMode {
	if info, err := os.Stat(path); err == nil && !secret {
		return info.Mode().Perm()
	}
	return 0o600
}

// replace writes data beside path and renames it into place.
func replace(path string, mode fs.FileMode, data []byte) (err error) {
	dir := filepath.Dir(path)
	var tmp *os.File
	if err = os.MkdirAll(dir, 0o700); err == nil {
		tmp, err = os.CreateTemp(dir, ".sojourn-*")
	}
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("writing the AWS configuration: you may make no file in %s; change that, or name other files with AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE", dir)
	}
	if err != nil {
		return fmt.Errorf("writing the AWS configuration: %w", err)
	}
	defer func() {
		if err != nil {
			os.Remove(tmp.Name())
			err = fmt.Errorf("writing the AWS configuration: %w", err)
		}
	}()
	_, err = tmp.Write(data)
	err = errors.Join(err, tmp.Chmod(mode), tmp.Sync(), tmp.Close())
	if err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}
