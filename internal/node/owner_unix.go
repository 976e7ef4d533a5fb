//go:build unix

package node

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// ownedByAnother refuses root what a server of another user made: that server
// could not read what root leaves there.
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
	return fmt.Errorf("data %q: its server runs as user %s, who could not read what root leaves there: run this as that user (sudo -u %s …)", data, name, name)
}
