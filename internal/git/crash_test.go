package git_test

func serveUntilKilled(string) {}
