package s3

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"sojourn/internal/secret"
	"sojourn/internal/sigv4"
)

// keys finds the credentials that sign. They may be temporary: whoever renews
// them writes a new file.
type keys struct {
	getenv func(string) string

	mu    sync.Mutex
	path  string
	stamp time.Time
	size  int64
	last  sigv4.Credentials
}

func newKeys(getenv func(string) string) *keys { return &keys{getenv: getenv} }

// get returns the credentials of now.
func (k *keys) get() (sigv4.Credentials, error) {
	if id := k.getenv("AWS_ACCESS_KEY_ID"); id != "" {
		word := k.getenv("AWS_SECRET_ACCESS_KEY")
		if word == "" {
			return sigv4.Credentials{}, errors.New("AWS_ACCESS_KEY_ID is set without AWS_SECRET_ACCESS_KEY")
		}
		return sigv4.Credentials{AccessKeyID: id, Secret: secret.New(word), Token: k.getenv("AWS_SESSION_TOKEN")}, nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	c, err := k.fromFile()
	if err != nil {
		return c, fmt.Errorf("credentials of the object store: %w; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a file with AWS_SHARED_CREDENTIALS_FILE", err)
	}
	return c, nil
}

func (k *keys) fromFile() (sigv4.Credentials, error) {
	path := k.getenv("AWS_SHARED_CREDENTIALS_FILE")
	if path == "" {
		path = filepath.Join(k.getenv("HOME"), ".aws", "credentials")
	}
	info, err := os.Stat(path)
	if err != nil {
		return sigv4.Credentials{}, err
	}
	if k.path == path && k.stamp.Equal(info.ModTime()) && k.size == info.Size() {
		return k.last, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return sigv4.Credentials{}, err
	}
	profile := k.getenv("AWS_PROFILE")
	if profile == "" {
		profile = "default"
	}
	c, err := readProfile(string(text), profile)
	if err != nil {
		return c, fmt.Errorf("%s: %w", path, err)
	}
	k.path, k.stamp, k.size, k.last = path, info.ModTime(), info.Size(), c
	return c, nil
}

// readProfile reads the three keys of a profile in a shared credentials file.
func readProfile(text, profile string) (c sigv4.Credentials, err error) {
	within := false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			within = strings.TrimSpace(strings.Trim(line, "[]")) == profile
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		if !within || !ok {
			continue
		}
		value = strings.TrimSpace(value)
		switch strings.TrimSpace(name) {
		case "aws_access_key_id":
			c.AccessKeyID = value
		case "aws_secret_access_key":
			c.Secret = secret.New(value)
		case "aws_session_token":
			c.Token = value
		}
	}
	if c.AccessKeyID == "" || c.Secret.Reveal() == "" {
		return sigv4.Credentials{}, fmt.Errorf("profile %q has no access key id and secret access key", profile)
	}
	return c, nil
}
