package audit

import (
	"fmt"
	"os"
	"time"
)

// retire removes files that are older than the log is kept, the oldest first.
// Only what a digest covers to its end is removed, and first a digest says so:
// it stays, and tells a verifier that nobody else took them away.
func (l *Log) retire() error {
	if l.opt.Retain <= 0 || l.signer == nil {
		return nil
	}
	list, err := segments(l.opt.Dir)
	if err != nil {
		return err
	}
	before := l.opt.Now().UTC().Add(-l.opt.Retain).Format(time.DateOnly)
	var old []segment
	for _, s := range list {
		if s.day >= before || s.compare(l.at) >= 0 {
			break
		}
		old = append(old, s)
	}
	if len(old) == 0 {
		return nil
	}
	last, err := l.covered(old)
	if err != nil {
		return err
	}
	last.Kind = kindRetention
	if err := l.addDigest(last); err != nil {
		return err
	}
	for _, s := range old {
		if err := os.Remove(l.path(s.name())); err != nil {
			return fmt.Errorf("removing an old audit log: %w", err)
		}
	}
	return syncDirectory(l.opt.Dir)
}

// covered is the digest of the last of these files' ends; each must have one.
func (l *Log) covered(old []segment) (last digest, err error) {
	keys, err := ReadPublicKeys(l.opt.Keys)
	if err != nil {
		return last, err
	}
	ends := map[string]digest{}
	err = eachLine(l.path(digestFile), maxDigest, func(_ int, line []byte) error {
		d, err := parseDigest(line, keys)
		ends[d.File] = d
		return err
	})
	if err != nil {
		return last, err
	}
	for _, s := range old {
		info, err := os.Lstat(l.path(s.name()))
		if err != nil {
			return last, fmt.Errorf("removing old audit logs: %w", err)
		}
		d, ok := ends[s.name()]
		if !ok || d.Bytes != info.Size() || !l.holds(d) {
			return last, fmt.Errorf("removing old audit logs: %s is not covered by a digest to its end, so it stays", s.name())
		}
		last = d
	}
	return last, nil
}
