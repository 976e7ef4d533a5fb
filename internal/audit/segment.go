package audit

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"sojourn/internal/lazyre"
)

// segment names a file of the log: the day on which it was begun and its number
// on that day, counted from 1.
type segment struct {
	day    string
	number int
}

var segmentForm = lazyre.New(`^([0-9]{4}-[0-9]{2}-[0-9]{2})(?:\.([0-9]{4,9}))?\.jsonl$`)

// name is YYYY-MM-DD.jsonl for the first of a day, YYYY-MM-DD.0002.jsonl for the next.
func (s segment) name() string {
	if s.number == 1 {
		return s.day + ".jsonl"
	}
	return fmt.Sprintf("%s.%04d.jsonl", s.day, s.number)
}

func parseSegment(name string) (s segment, ok bool) {
	m := segmentForm.FindStringSubmatch(name)
	if m == nil {
		return s, false
	}
	s = segment{m[1], 1}
	if m[2] != "" {
		s.number, _ = strconv.Atoi(m[2]) // nine digits fit
	}
	return s, s.name() == name
}

func (s segment) compare(t segment) int {
	return cmp.Or(strings.Compare(s.day, t.day), cmp.Compare(s.number, t.number))
}

// segments lists the files of a log in their order.
func segments(dir string) (list []segment, err error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("listing the audit log: %w", err)
	}
	for _, e := range entries {
		if s, ok := parseSegment(e.Name()); ok {
			list = append(list, s)
		}
	}
	slices.SortFunc(list, segment.compare)
	return list, nil
}

// openRegular opens a file that must be one: not a link to somewhere else, not
// a device.
func openRegular(path string, flag int) (*os.File, error) {
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%q is not a regular file", path)
	}
	f, err := os.OpenFile(path, flag, 0o600)
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		f.Close()
		return nil, errors.Join(err, fmt.Errorf("%q is not a regular file", path))
	}
	return f, nil
}

// privateDir makes dir, and refuses one into which others may write: they could
// put anything in the log's place.
func privateDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("opening the audit log: %w", err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("opening the audit log: %w", err)
	}
	return ownedAlone(dir, info)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if closing := d.Close(); err == nil {
		err = closing
	}
	return err
}

// replace writes a small file as a whole.
func replace(path string, data []byte, durable bool) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if durable {
		err = errors.Join(err, f.Sync())
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
		return err
	}
	if durable {
		return syncDirectory(filepath.Dir(path))
	}
	return nil
}
