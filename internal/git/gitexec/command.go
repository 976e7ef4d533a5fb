package gitexec

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// Command is one of the invocations of git that exist. Only the constructors
// below make one.
type Command struct {
	name    string
	args    []string
	class   class
	repo    string // the repository, where it is not the empty one
	objects Objects
	config  [][2]string
	extra   []string // environment
	owner   string
}

// class is what a process waits for, and so with whom it waits for a place.
type class int

const (
	task   class = iota // computes, for a request
	stream              // a client's connection feeds or drains it
	upkeep              // keeps a repository up; nobody waits for it
)

var classNames = [...]string{task: "task", stream: "stream", upkeep: "upkeep"}

// Objects says where a process finds objects, and that it writes new ones to Dir.
type Objects struct {
	Dir        string
	Alternates []string // read only
}

// allocLimit bounds each piece of memory that a process that reads a client's
// objects takes: a commit or tree is taken whole, and 600 MiB of one fit into a
// pack of 600 kB. It leaves room for the table of eight million objects.
const allocLimit = "GIT_ALLOC_LIMIT=512m"

// For says on whose behalf a command runs, so that one cannot take all places.
func (c Command) For(owner string) Command {
	c.owner = owner
	return c
}

// UploadPack answers one request of the Git protocol from the repository view.
// Protocol is 0, 1 or 2.
func UploadPack(view string, o Objects, protocol int, hide string) Command {
	return Command{
		name: "upload-pack", class: stream, objects: o,
		args: []string{
			"--stateless-rpc",        // one request, one answer: HTTP
			"--strict",               // view is the repository; look for no other beside it
			"--end-of-options", view, // a path of ours
		},
		config: [][2]string{
			{"uploadpack.allowFilter", "true"}, // partial clones
			// Who may read one ref of a repository may read it all, as on AWS;
			// version 2 serves any object by its definition.
			{"uploadpack.allowAnySHA1InWant", "true"},
			{"transfer.hideRefs", strings.TrimSuffix(hide, "/")},
			{"core.commitGraph", "true"}, // a base pack's; see package git
		},
		extra: []string{"GIT_PROTOCOL=version=" + strconv.Itoa(protocol)},
	}
}

// Quickly makes an UploadPack look for no deltas beyond those there are, and
// compress less: half the work for a fifth more bytes. It is for shallow clones,
// most of whose objects are whole for the first time.
func (c Command) Quickly() Command {
	c.config = append(slices.Clone(c.config), [2]string{"pack.window", "0"}, [2]string{"pack.compression", "1"})
	return c
}

// IndexPack reads a pack from standard input into o.Dir/pack and prints
// "pack\t<hash>". What it wrote need not survive a power loss.
func IndexPack(o Objects, maxInput int64, progress bool) Command {
	args := []string{
		"--stdin",    // complete the pack from the network into the object directory
		"--fix-thin", // append the bases of deltas against objects that we have
		// Check every object as git fsck does, and that whatever an object
		// points to is there. The three exceptions are defects that old versions
		// of git and its relatives wrote into histories which people import; none
		// is of use to an attacker.
		"--strict=badTimezone=ignore,missingSpaceBeforeDate=ignore,zeroPaddedFilemode=ignore",
		"--max-input-size=" + strconv.FormatInt(maxInput, 10),
	}
	if progress {
		args = append(args, "--show-resolving-progress") // what a client cannot count itself
	}
	return Command{
		name: "index-pack", class: stream, objects: o, args: args, extra: []string{allocLimit},
		config: [][2]string{
			{"core.bigFileThreshold", "16m"}, // a blob above this size is hashed as a stream, not held in memory
			{"core.fsync", "none"},           // objects.Store makes the pack durable, or nobody needs it
		},
	}
}

// Connected succeeds if everything reachable from the object ids on standard
// input, down to those with "^" before them, is there.
func Connected(o Objects) Command {
	return Command{
		name: "rev-list", objects: o, extra: []string{allocLimit},
		args: []string{
			"--objects", // trees and blobs too
			"--quiet",   // print nothing; the exit status answers
			"--stdin",   // the ids, so that none is an argument and their number has no bound
		},
	}
}

// Reachable prints the ids of everything that is reachable from the object ids on
// standard input, down to those with "^" before them; perhaps some of what is
// beyond these too, but nothing that is not reachable.
func Reachable(o Objects) Command {
	return Command{
		name: "rev-list", objects: o, extra: []string{allocLimit},
		args: []string{
			"--objects", "--no-object-names", // trees and blobs too; ids alone
			"--use-bitmap-index", // of a base pack, which spares most of the walk
			"--stdin",
		},
		config: [][2]string{{"core.commitGraph", "true"}},
	}
}

// Beyond prints a commit of those on standard input that is in the history of
// none that have "^" before them, if there is one.
func Beyond(o Objects) Command {
	return Command{
		name: "rev-list", objects: o, extra: []string{allocLimit},
		args:   []string{"--max-count=1", "--stdin"},
		config: [][2]string{{"core.commitGraph", "true"}},
	}
}

// ObjectTypes answers each line of standard input, an object id or "<id>^{}",
// with "<type> <id>", or with "<the line> missing".
func ObjectTypes(o Objects) Command {
	return Command{
		name: "cat-file", objects: o, extra: []string{allocLimit},
		args: []string{
			"--batch-check=%(objecttype) %(objectname)", // no contents
			"--buffer", // one write for all answers
		},
	}
}

// environment is the part of the closed environment that all commands share.
// Nothing is inherited.
func environment(git, home string) []string {
	env := []string{
		"PATH=" + filepath.Dir(git), // git's own; hooks, pagers and editors are not found
		"HOME=" + home,              // empty: no user's settings
		"XDG_CONFIG_HOME=" + home,
		"LC_ALL=C",                          // messages are matched
		"GIT_CONFIG_NOSYSTEM=1",             // no system's settings
		"GIT_CONFIG_GLOBAL=" + os.DevNull,   // no user's
		"GIT_ATTR_NOSYSTEM=1",               // nor its attributes
		"GIT_TERMINAL_PROMPT=0",             // never ask
		"GIT_NO_REPLACE_OBJECTS=1",          // refs/replace/ is content that anyone may push
		"GIT_NO_LAZY_FETCH=1",               // never fetch what is missing
		"GIT_OPTIONAL_LOCKS=0",              // readers write nothing
		"GIT_CEILING_DIRECTORIES=" + home,   // never look for a repository above
		"GIT_DISCOVERY_ACROSS_FILESYSTEM=0", // nor on another file system
	}
	if runtime.GOOS == "windows" {
		env = append(env, "SYSTEMROOT="+os.Getenv("SYSTEMROOT")) // its programs do not start without
	}
	return env
}

// sharedConfig has the reason for each setting.
var sharedConfig = [][2]string{
	{"safe.directory", "*"},          // all directories are ours, whoever the process runs as
	{"core.hooksPath", os.DevNull},   // no hooks
	{"core.fsync", "all"},            // what git wrote survives a power loss
	{"core.fsyncMethod", "fsync"},    // and not only when the file system flushes in order
	{"gc.auto", "0"},                 // views are ours to clean up
	{"maintenance.auto", "false"},    // the newer name of the same
	{"protocol.allow", "never"},      // no transport is ever opened
	{"submodule.recurse", "false"},   // a submodule is content, not a repository of ours
	{"core.commitGraph", "false"},    // only what streams history gains by it
	{"core.multiPackIndex", "false"}, // nor this
	{"uploadpack.keepAlive", "5"},    // seconds between signs of life to a waiting client
	{"core.bigFileThreshold", "64m"}, // larger blobs are not searched for deltas: bounds memory
	{"pack.windowMemory", "64m"},     // for each thread of a delta search
}

func (c *Command) environment(empty string) []string {
	settings := append(append([][2]string(nil), sharedConfig...), c.config...)
	env := make([]string, 0, 2*len(settings)+8)
	env = append(env, "GIT_CONFIG_COUNT="+strconv.Itoa(len(settings)))
	for i, s := range settings {
		n := strconv.Itoa(i)
		env = append(env, "GIT_CONFIG_KEY_"+n+"="+s[0], "GIT_CONFIG_VALUE_"+n+"="+s[1])
	}
	switch {
	case c.repo != "":
		env = append(env, "GIT_DIR="+c.repo)
	case c.name != "upload-pack": // which is told its repository
		env = append(env, "GIT_DIR="+empty)
	}
	if c.objects.Dir != "" {
		env = append(env, "GIT_OBJECT_DIRECTORY="+c.objects.Dir)
	}
	if len(c.objects.Alternates) > 0 {
		env = append(env, "GIT_ALTERNATE_OBJECT_DIRECTORIES="+pathList(c.objects.Alternates))
	}
	return append(env, c.extra...)
}

// pathList joins paths as git reads them: quoted, for a path may hold the separator.
func pathList(paths []string) string {
	quoted := make([]string, len(paths))
	for i, p := range paths {
		quoted[i] = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(p) + `"`
	}
	return strings.Join(quoted, string(os.PathListSeparator))
}
