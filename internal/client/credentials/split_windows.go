package credentials

import "golang.org/x/sys/windows"

// splitCommand splits as Windows programs split their command lines.
func splitCommand(s string) ([]string, error) { return windows.DecomposeCommandLine(s) }
