//go:build !windows

package credentials

import "sojourn/internal/client/config"

// splitCommand splits as the AWS CLI does: a shell's words, without a shell.
func splitCommand(s string) ([]string, error) { return config.SplitShell(s) }
