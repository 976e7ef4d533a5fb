// Package soak runs "sojourn serve" under 50 mixed clients for long and looks
// whether anything grows: memory, descriptors, threads, goroutines, child
// processes, files, rows. It plants leaks too, to prove that it would notice.
//
// Load comes in rounds. Behind each all clients rest, and what the server holds
// then is compared with what it held at rest before: a leak is what is left. What
// may grow (acknowledged pushes, packs that wait in the trash, the audit log) is
// counted by the clients and must be there exactly.
//
//	go test ./internal/e2e/soak -run TestSoak$ -soak.time 30m -timeout 1h -v
//
// docs/testing.md has the flags. It reads /proc, and so runs on Linux alone.
package soak
