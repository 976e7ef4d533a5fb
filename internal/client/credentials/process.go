package credentials

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"sojourn/internal/secret"
	"sojourn/internal/sigv4"
)

// process is a program that prints credentials.
type process struct {
	profile, command string
	now              func() time.Time
}

const (
	processTime = time.Minute
	waitDelay   = time.Second // for what it started and left running
	maxOutput   = 64 << 10
	maxSaid     = 400 // bytes of its standard error that a message quotes
)

func (p *process) identity() (string, error) { return "process " + p.profile + " " + p.command, nil }

// fetch runs the program once, without standard input, which may be git's.
func (p *process) fetch(ctx context.Context) (Snapshot, error) {
	s, err := p.run(ctx)
	if err != nil {
		return Snapshot{}, fmt.Errorf("the credential_process of profile %q %w", p.profile, err)
	}
	return s, nil
}

func (p *process) run(ctx context.Context) (Snapshot, error) {
	out, err := run(ctx, p.command, maxOutput)
	if err != nil {
		return Snapshot{}, err
	}
	return p.parse(out)
}

// parse reads what the program printed and never quotes it.
func (p *process) parse(text []byte) (Snapshot, error) {
	var v struct {
		Version                                                int
		AccessKeyId, SecretAccessKey, SessionToken, Expiration string
	}
	if err := json.Unmarshal(text, &v); err != nil {
		return Snapshot{}, errors.New("did not print the JSON that the AWS CLI documents for it; run it by hand to see")
	}
	if v.Version != 1 {
		return Snapshot{}, fmt.Errorf("printed Version %d; only 1 is known", v.Version)
	}
	if v.AccessKeyId == "" || v.SecretAccessKey == "" {
		return Snapshot{}, errors.New("printed no AccessKeyId or no SecretAccessKey")
	}
	s := Snapshot{Method: "custom-process",
		Credentials: sigv4.Credentials{AccessKeyID: v.AccessKeyId, Secret: secret.New(v.SecretAccessKey), Token: v.SessionToken}}
	if v.Expiration != "" {
		end, err := time.Parse(time.RFC3339, v.Expiration)
		if err != nil {
			return Snapshot{}, errors.New("printed an Expiration that is no time such as 2026-11-23T12:00:00Z")
		}
		if !p.now().Before(end) {
			return Snapshot{}, fmt.Errorf("printed credentials that expired at %s; sign in again", v.Expiration)
		}
		s.Expires = end
	}
	return s, nil
}

// run runs a command line once, without standard input, which may be git's, and returns what it printed.
func run(ctx context.Context, command string, limit int) ([]byte, error) {
	words, err := splitCommand(command)
	if err == nil && (len(words) == 0 || words[0] == "") {
		err = errors.New("it is empty")
	}
	if err != nil {
		return nil, fmt.Errorf("is not a command: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, processTime)
	defer cancel()
	c := exec.CommandContext(ctx, words[0], words[1:]...)
	out, said := bounded{limit: limit}, bounded{limit: maxSaid}
	c.Stdout, c.Stderr, c.WaitDelay = &out, &said, waitDelay
	if err := c.Run(); err != nil {
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			err = fmt.Errorf("did not end in %v", processTime)
		} else {
			err = fmt.Errorf("failed: %w", err)
		}
		if text := strings.TrimSpace(string(said.kept)); text != "" {
			err = fmt.Errorf("%w; it said %q", err, text)
		}
		return nil, err
	}
	return out.kept, nil
}

// bounded keeps the first limit bytes and takes the rest without keeping it.
type bounded struct {
	kept  []byte
	limit int
}

func (b *bounded) Write(p []byte) (int, error) {
	b.kept = append(b.kept, p[:min(len(p), b.limit-len(b.kept))]...)
	return len(p), nil
}
