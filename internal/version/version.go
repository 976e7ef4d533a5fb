// Package version holds what the build says it is.
package version

// Version is set by the linker: a tag, or a commit's short name.
var Version = "unknown"
