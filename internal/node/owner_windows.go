package node

// ownedByAnother refuses nothing: who may read a file is the directory's matter.
func ownedByAnother(string, string) error { return nil }
