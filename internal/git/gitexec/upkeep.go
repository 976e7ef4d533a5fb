package gitexec

// repackConfig has the reason for each setting.
var repackConfig = [][2]string{
	{"pack.threads", "1"},               // leave the processors to requests
	{"pack.deltaCacheSize", "64m"},      // bounds memory
	{"pack.writeReverseIndex", "false"}, // is not stored; git makes it in memory
	{"pack.writeBitmapLookupTable", "true"},
	{"repack.updateServerInfo", "false"}, // is for the dumb protocol
	{"repack.packKeptObjects", "false"},
	{"repack.writeBitmaps", "false"}, // where it is wanted, it is said
	{"gc.cruftPacks", "false"},
}

// RepackGeometric joins small packs of the private repository into fewer, until
// each is at least twice the next. It loses no object, reachable or not.
func RepackGeometric(repo string) Command {
	return Command{name: "repack", class: upkeep, repo: repo, config: repackConfig,
		args: []string{"-d", "-q", "--geometric=2"}}
}

// RepackBase joins all packs of the private repository into one and writes its
// bitmap. With keep, objects that no ref reaches go into a second pack, beside
// which a file ending in ".mtimes" lies; without it they are dropped.
func RepackBase(repo string, keep bool) Command {
	c := Command{name: "repack", class: upkeep, repo: repo, config: repackConfig,
		args: []string{"-a", "-d", "-q", "--write-bitmap-index"}}
	if keep {
		c.args = append(c.args, "--cruft")
	}
	return c
}

// CommitGraph writes the graph of all history that refs of the private
// repository reach.
func CommitGraph(repo string) Command {
	return Command{name: "commit-graph", class: upkeep, repo: repo,
		config: [][2]string{{"core.commitGraph", "true"}},
		args:   []string{"write", "--reachable", "--no-progress"}}
}

// Fsck checks every object of the private repository, and that whatever its
// refs reach is there.
func Fsck(repo string) Command {
	return Command{name: "fsck", class: upkeep, repo: repo, config: fsckConfig,
		args: []string{"--full", "--strict", "--no-dangling", "--no-progress", "--no-reflogs"}}
}

// fsckConfig lets pass what IndexPack lets pass.
var fsckConfig = [][2]string{
	{"fsck.badTimezone", "ignore"}, {"fsck.missingSpaceBeforeDate", "ignore"}, {"fsck.zeroPaddedFilemode", "ignore"},
}
