//go:build unix

package node

import (
	"errors"
	"io/fs"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// ownedByAnother is an *AnotherUsersError where this process is root's, and what a
// server made is not.
func ownedByAnother(data, made string) error {
	info, err := os.Stat(made)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok || os.Geteuid() != 0 || s.Uid == 0 {
		return nil
	}
	name := "#" + strconv.Itoa(int(s.Uid))
	if u, err := user.LookupId(name[1:]); err == nil {
		name = u.Username
	}
	return &AnotherUsersError{Data: data, User: name, UID: int(s.Uid), GID: int(s.Gid)}
}

// Become makes this process, for good, the user's whose directory it is.
func (e *AnotherUsersError) Become() error {
	for _, step := range []func() error{
		func() error { return syscall.Setgroups([]int{e.GID}) },
		func() error { return syscall.Setgid(e.GID) },
		func() error { return syscall.Setuid(e.UID) },
	} {
		if err := step(); err != nil {
			return errors.Join(e, err)
		}
	}
	return nil
}
