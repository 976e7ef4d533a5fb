package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Filter chooses records. What is empty chooses all; what is given must all be so.
type Filter struct {
	Principal string    // part of an ARN, an id or a name of who asked, or of the session that was issued
	AccessKey string    // an access key id that signed, or that was issued
	Action    string    // SERVICE:NAME or NAME, with * for any text
	Resource  string    // an ARN, with * for any text, or a repository's name
	Account   string    // of who asked, or that owns the resource
	Decision  string    // Allow or Deny
	RequestID string    // of one request
	Since     time.Time // not before
	Until     time.Time // before
	Reads     bool      // what only reads
}

// Match reports whether a filter chooses a record.
func (f *Filter) Match(r *Record) bool {
	return (f.Decision == "" || strings.EqualFold(f.Decision, r.Decision)) &&
		(f.RequestID == "" || f.RequestID == r.RequestID) &&
		(f.AccessKey == "" || f.AccessKey == r.Identity.AccessKeyID || r.Issued != nil && f.AccessKey == r.Issued.AccessKeyID) &&
		(f.Account == "" || f.Account == r.Account || f.Account == r.Identity.Account) &&
		(f.Since.IsZero() || !r.EventTime.Before(f.Since)) && (f.Until.IsZero() || r.EventTime.Before(f.Until)) &&
		(!f.Reads || readOnly(r.EventName)) && f.matchAction(r) && f.matchResource(r) && f.matchPrincipal(r)
}

func (f *Filter) matchAction(r *Record) bool {
	service, _, _ := strings.Cut(r.EventSource, ".")
	return f.Action == "" || like(f.Action, r.EventName) || like(f.Action, service+":"+r.EventName)
}

func (f *Filter) matchResource(r *Record) bool {
	return f.Resource == "" || like(f.Resource, r.Resource) || like(f.Resource, r.Params["repositoryName"]) ||
		!strings.Contains(f.Resource, ":") && like("*:"+f.Resource, r.Resource)
}

func (f *Filter) matchPrincipal(r *Record) bool {
	if f.Principal == "" {
		return true
	}
	id := &r.Identity
	names := []string{id.ARN, id.PrincipalID, id.UserName, id.Provider, id.SourceIdent, id.Issuer.ARN, r.Params["subject"], r.Params["subjectFromWebIdentityToken"]}
	if r.Issued != nil {
		names = append(names, r.Issued.ARN)
	}
	want := strings.ToLower(f.Principal)
	for _, n := range names {
		if strings.Contains(strings.ToLower(n), want) {
			return true
		}
	}
	return false
}

// like compares without regard to case; * stands for any text.
func like(pattern, text string) bool {
	parts := strings.Split(strings.ToLower(pattern), "*")
	text = strings.ToLower(text)
	if len(parts) == 1 {
		return parts[0] == text
	}
	text, ok := strings.CutPrefix(text, parts[0])
	if !ok {
		return false
	}
	last := parts[len(parts)-1]
	for _, p := range parts[1 : len(parts)-1] {
		at := strings.Index(text, p)
		if at < 0 {
			return false
		}
		text = text[at+len(p):]
	}
	return strings.HasSuffix(text, last)
}

// literal is a text that the line of each chosen record holds, so that others
// need not be read. What JSON might write otherwise is none.
func (f *Filter) literal() []byte {
	for _, s := range []string{f.RequestID, f.AccessKey} {
		if s != "" && plain(s) {
			return []byte(s)
		}
	}
	return nil
}

// Search calls found for each chosen record, in the log's order, until it fails.
// Raw is the record's JSON without its place in the chain; it is valid during
// the call. Lines that are no records are passed over: Verify finds them.
func Search(ctx context.Context, dir string, f Filter, found func(r *Record, raw []byte) error) error {
	files, err := segments(dir)
	if err != nil {
		return err
	}
	for _, s := range files {
		if !f.Since.IsZero() && s.day < f.Since.UTC().AddDate(0, 0, -1).Format(time.DateOnly) {
			continue // a file has no record of a later day than its own
		}
		c := &cursor{dir: dir, filter: f, at: s}
		if err := c.read(ctx, found); err != nil {
			return err
		}
	}
	return nil
}

// cursor reads a file of the log from where it last stopped.
type cursor struct {
	dir    string
	filter Filter
	at     segment
	offset int64
}

// read calls found for the chosen records that are there by now.
func (c *cursor) read(ctx context.Context, found func(*Record, []byte) error) error {
	literal := c.filter.literal()
	return c.lines(ctx, func(line []byte) error {
		var r Record
		if !bytes.Contains(line, literal) || r.UnmarshalJSON(line) != nil || !c.filter.Match(&r) {
			return nil
		}
		return found(&r, unlinked(line))
	})
}

// lines calls f for each whole line that is there by now and was not before.
func (c *cursor) lines(ctx context.Context, f func(line []byte) error) error {
	file, err := openRegular(filepath.Join(c.dir, c.at.name()), os.O_RDONLY)
	if errors.Is(err, os.ErrNotExist) {
		return nil // it was removed as too old
	}
	if err != nil {
		return fmt.Errorf("reading the audit log: %w", err)
	}
	defer file.Close()
	if _, err := file.Seek(c.offset, io.SeekStart); err != nil {
		return fmt.Errorf("reading the audit log: %w", err)
	}
	lines := newLineReader(file, maxLine)
	for ctx.Err() == nil {
		line, n, err := lines.nextShort()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading the audit log: %w", err)
		}
		if len(line) > 0 && line[len(line)-1] != '\n' {
			return nil // it is being written
		}
		c.offset += n
		if err := f(line); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// Follow calls found for chosen records as they come, from the last few that are
// there on, until ctx ends. Wait returns when it is time to look again.
func Follow(ctx context.Context, dir string, f Filter, last int, wait func(context.Context), found func(r *Record, raw []byte) error) error {
	c, err := startFollowing(ctx, dir, f, last, found)
	if err != nil || wait == nil {
		return err
	}
	for ctx.Err() == nil {
		if err := c.read(ctx, found); err != nil {
			return err
		}
		moved, err := c.advance()
		if err != nil {
			return err
		}
		if !moved {
			wait(ctx)
		}
	}
	return ctx.Err()
}

// startFollowing shows the last few records, and stands behind them.
func startFollowing(ctx context.Context, dir string, f Filter, last int, found func(*Record, []byte) error) (*cursor, error) {
	type one struct {
		r   Record
		raw []byte
	}
	var kept []one
	files, err := segments(dir)
	if err != nil {
		return nil, err
	}
	end := &cursor{dir: dir, filter: f}
	for i := len(files) - 1; i >= 0; i-- {
		c := &cursor{dir: dir, filter: f, at: files[i]}
		var here []one
		if err := c.read(ctx, func(r *Record, raw []byte) error {
			if here = append(here, one{*r, bytes.Clone(raw)}); len(here) > 2*last {
				here = append(here[:0], here[len(here)-last:]...)
			}
			return nil
		}); err != nil {
			return nil, err
		}
		kept = append(here, kept...)
		if i == len(files)-1 {
			end = c
		}
		if len(kept) >= last {
			break
		}
	}
	for _, k := range kept[max(0, len(kept)-last):] {
		if err := found(&k.r, k.raw); err != nil {
			return nil, err
		}
	}
	return end, nil
}

// advance goes to the file behind this one, once there is one.
func (c *cursor) advance() (bool, error) {
	files, err := segments(c.dir)
	if err != nil {
		return false, err
	}
	for _, s := range files {
		if s.compare(c.at) > 0 {
			c.at, c.offset = s, 0
			return true, nil
		}
	}
	return false, nil
}
