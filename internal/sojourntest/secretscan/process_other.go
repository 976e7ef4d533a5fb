//go:build !linux

package secretscan

// Processes needs Linux's /proc.
func (*Scanner) Processes(_ string, stop <-chan struct{}) { <-stop }
