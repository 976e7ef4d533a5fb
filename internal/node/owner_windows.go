package node

// ownedByAnother is nil: who may read a file is the directory's matter.
func ownedByAnother(string, string) error { return nil }

// Become has nothing to do.
func (e *AnotherUsersError) Become() error { return e }
