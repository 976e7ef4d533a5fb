// Package chaos kills servers with SIGKILL at random moments and at each point
// of a push while git clients work against them, and then proves from what the
// clients saw and from the log of refs that nothing acknowledged was lost and
// nothing read was stale. It plants bugs too, to prove that it would notice.
//
// A cluster is some nodes, processes of their own, over one metadata store and
// one object store; only openStores knows which. With the embedded ones the
// nodes share a machine. The checks know nothing of it.
//
//	go test ./internal/e2e/chaos -run TestChaos -timeout 1h -chaos.kills 1000 -v
//
// docs/testing.md has the flags.
package chaos
