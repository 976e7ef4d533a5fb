package config

// own accepts every file: on Windows a home directory's access list keeps others out.
func own(string) error { return nil }
