package node

import "fmt"

// AnotherUsersError is what root is told of a directory whose server runs as another
// user: that server could not read what root leaves there.
type AnotherUsersError struct {
	Data, User string
	UID, GID   int
}

func (e *AnotherUsersError) Error() string {
	return fmt.Sprintf("data %q: its server runs as user %s, who could not read what root leaves there: run this as that user (sudo -u %s …)", e.Data, e.User, e.User)
}
