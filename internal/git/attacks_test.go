package git_test

import (
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"sojourn/internal/git"
	"sojourn/internal/pktline"
)

// Bounds of what one attack may cost.
const (
	attackMemory = 700 << 20 // of a git process: one allocation of 512 MiB, and itself
	attackTime   = time.Minute
)

// arena is a server under attack. Its git processes are measured.
type arena struct {
	*server
	w                                clone
	main, first, blob, tree, foreign string // object ids
	memory                           string // file with the memory of each git process
}

// measure runs git in place of a git whose memory is to be known.
func measure(git, file string) {
	cmd := exec.Command(git, os.Args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Run()
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil || cmd.ProcessState == nil {
		os.Exit(200)
	}
	fmt.Fprintln(f, maxMemory(cmd.ProcessState))
	os.Exit(max(cmd.ProcessState.ExitCode(), 0))
}

func newArena(t *testing.T) *arena {
	real, err := exec.LookPath("git")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	a := &arena{memory: filepath.Join(dir, "memory")}
	script := fmt.Sprintf("#!/bin/sh\nSOJOURN_MEASURED_GIT=%s SOJOURN_MEASURES=%s exec %s \"$@\"\n", real, a.memory, os.Args[0])
	if err := os.WriteFile(filepath.Join(dir, "git"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	silence = 2 * time.Second
	t.Cleanup(func() { silence = 0 })
	a.server = start(t, func(o *git.Options) {
		o.Git, o.MaxPack, o.MaxBlob = filepath.Join(dir, "git"), 8<<20, 32<<20
		o.SweepEvery, o.CompactEvery = time.Hour, time.Hour
	})
	a.createRepository("other", "other-id")
	a.w = a.work("work")
	a.first = a.w.git("rev-parse", "main")
	a.main = a.w.commit("two", strings.Repeat("text\n", 100))
	a.w.git("push", "-q", "origin", "main")
	a.blob, a.tree = a.w.git("rev-parse", "main:two"), a.w.git("rev-parse", "main^{tree}")
	o := a.work("foreign")
	o.commit("secret", "of another repository\n")
	o.git("push", "-q", strings.Replace(a.url, "/demo", "/other", 1), "main")
	a.foreign = o.git("rev-parse", "main")
	return a
}

// largest is the most memory that a git process took since the last call.
func (a *arena) largest() (n int64) {
	text, _ := os.ReadFile(a.memory)
	os.Remove(a.memory)
	for line := range strings.Lines(string(text)) {
		one, _ := strconv.ParseInt(strings.TrimSpace(line), 10, 64)
		n = max(n, one)
	}
	return n
}

// ask sends a request by a path below the server, and returns status and body.
func (a *arena) ask(method, path string, body io.Reader, header ...string) string {
	a.t.Helper()
	u, err := url.Parse(a.url)
	if err != nil {
		a.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(a.t.Context(), method, "http://"+u.Host+path, body)
	if err != nil {
		a.t.Fatal(err)
	}
	r.SetBasicAuth("user", "password")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := once.RoundTrip(r)
	if err != nil {
		return "broken: " + err.Error()
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return fmt.Sprintf("%d broken: %s", res.StatusCode, b)
	}
	return fmt.Sprintf("%d %s", res.StatusCode, b)
}

// once uses no connection twice: some attacks end theirs.
var once = &http.Transport{DisableKeepAlives: true}

func (a *arena) post(service string, body io.Reader, header ...string) string {
	return a.ask("POST", "/v1/repos/demo/"+service, body, append([]string{"Content-Type", "application/x-" + service + "-request"}, header...)...)
}

// raw sends bytes as they are and returns what comes back in a while.
func (a *arena) raw(text string) string {
	u, _ := url.Parse(a.url)
	c, err := net.Dial("tcp", u.Host)
	if err != nil {
		return err.Error()
	}
	defer c.Close()
	io.WriteString(c, text)
	c.SetReadDeadline(time.Now().Add(10 * time.Second))
	b, err := io.ReadAll(c)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Sprintf("left open: %s", b)
	}
	return string(b)
}

// attack is one way to harm the server or its users through Git. Its answer
// must have want in it, where ways stand behind "|".
type attack struct {
	name, want string
	do         func(a *arena) string
}

func path(method, p string, header ...string) func(*arena) string {
	return func(a *arena) string { return a.ask(method, p, nil, header...) }
}

// list is a push of lines without a pack; $M is main, $F the first commit, $Z no object.
func list(caps string, lines ...string) func(*arena) string {
	return func(a *arena) string {
		var all []string
		for _, l := range lines {
			all = append(all, a.ids().Replace(l))
		}
		return a.post("git-receive-pack", strings.NewReader(commands(caps, all...)+emptyPack))
	}
}

func (a *arena) ids() *strings.Replacer {
	return strings.NewReplacer("$M", a.main, "$F", a.first, "$Z", zero, "$B", a.blob, "$T", a.tree, "$X", a.foreign)
}

func body(service, text string, header ...string) func(*arena) string {
	return func(a *arena) string { return a.post(service, strings.NewReader(a.ids().Replace(text)), header...) }
}

// pack pushes a pack of entries to a new branch; what it points to does not matter.
func pack(entries ...string) func(*arena) string { return packText(packOf(entries...)) }

func packText(text string) func(*arena) string {
	return func(a *arena) string {
		return a.post("git-receive-pack", strings.NewReader(commands("", zero+" "+a.main+" refs/heads/x")+text))
	}
}

func small(s string) io.Reader { return strings.NewReader(s) }

func zeroBytes(n int64) io.Reader { return io.LimitReader(zeros{}, n) }

// delta is a delta's instructions behind the sizes of its base and its result.
func delta(base, result uint64, ops string) string {
	size := func(n uint64) (b []byte) {
		for ; n >= 0x80; n >>= 7 {
			b = append(b, byte(n)|0x80)
		}
		return append(b, byte(n))
	}
	return string(size(base)) + string(size(result)) + ops
}

func id(hexes string) string {
	b, _ := hex.DecodeString(hexes)
	return string(b)
}

// treeWith pushes a commit whose tree has one more entry.
func treeWith(mode, name string) func(*arena) string {
	return func(a *arena) string {
		w := a.w
		if mode == "40000" {
			return a.pushObject(w.raw("commit", commitText(w.raw("tree", entry(mode, name, a.tree)), someone)))
		}
		return a.pushObject(w.raw("commit", commitText(w.raw("tree", entry(mode, name, a.blob)), someone)))
	}
}

const someone = "A <a@example.com> 1700000000 +0000"

func modules(text string) func(*arena) string {
	return func(a *arena) string {
		w := a.w
		return a.pushObject(w.raw("commit", commitText(w.raw("tree", entry("100644", ".gitmodules", w.raw("blob", text))), someone)))
	}
}

func object(kind byte, text string) func(*arena) string {
	return func(a *arena) string {
		text := a.ids().Replace(text)
		return pack(packed(kind, uint64(len(text)), "", small(text)))(a)
	}
}

func (a *arena) pushObject(id string) string {
	ref := "refs/tags/x"
	return a.post("git-receive-pack", strings.NewReader(commands("", zero+" "+id+" "+ref)+a.w.pack(id, "^"+a.main)))
}

// v2 is a request of version 2; "|" ends a line, "#" is a delimiter, "$" of ids as in list.
func v2(lines string) func(*arena) string {
	return func(a *arena) string {
		return a.post("git-upload-pack", bytes.NewReader(packetsOf(a.ids().Replace(lines))), "Git-Protocol", "version=2")
	}
}

func v0(lines string) func(*arena) string {
	return func(a *arena) string {
		return a.post("git-upload-pack", bytes.NewReader(packetsOf(a.ids().Replace(lines))))
	}
}

func packetsOf(lines string) (b []byte) {
	for line := range strings.SplitSeq(lines, "|") {
		switch line {
		case "#":
			b = append(b, pktline.DelimPacket...)
		case "":
			b = append(b, pktline.FlushPacket...)
		default:
			b = pktline.Append(b, line, "\n")
		}
	}
	return b
}

func gzipped(r io.Reader) io.Reader {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	io.Copy(z, r)
	z.Close()
	return &b
}

var gz = []string{"Content-Encoding", "gzip"}

// attacks are the ways.
func attacks() []attack {
	big := strings.Repeat("x", 60000)
	flood := func(n int, line string) string { return strings.Repeat(line+"|", n) }
	return slices.Concat([]attack{
		// Paths and headers.
		{"name goes up", "404 ", path("GET", "/v1/repos/..%2fdemo/info/refs?service=git-upload-pack")},
		{"name is dots", "404 ", path("GET", "/v1/repos/%2e%2e/info/refs?service=git-upload-pack")},
		{"name with NUL", "404 ", path("GET", "/v1/repos/demo%00/info/refs?service=git-upload-pack")},
		{"name with slash", "404 ", path("GET", "/v1/repos/a%2fdemo/info/refs?service=git-upload-pack")},
		{"name with .git", "404 ", path("GET", "/v1/repos/demo.git/info/refs?service=git-upload-pack")},
		{"name is an option", "404 ", path("GET", "/v1/repos/--upload-pack=id/info/refs?service=git-upload-pack")},
		{"file of the repository", "404 ", path("GET", "/v1/repos/demo/config")},
		{"objects as files", "404 ", path("GET", "/v1/repos/demo/objects/info/packs")},
		{"path below", "404 ", path("GET", "/v1/repos/demo/info/refs/../../other/info/refs?service=git-upload-pack")},
		{"dumb protocol", "403 ", path("GET", "/v1/repos/demo/info/refs")},
		{"archive service", "403 ", path("GET", "/v1/repos/demo/info/refs?service=git-upload-archive")},
		{"service is an option", "403 ", path("GET", "/v1/repos/demo/info/refs?service=--help")},
		{"get for post", "405 ", path("GET", "/v1/repos/demo/git-receive-pack")},
		{"no content type", "415 ", path("POST", "/v1/repos/demo/git-receive-pack")},
		{"content type of a form", "415 ", path("POST", "/v1/repos/demo/git-receive-pack", "Content-Type", "application/x-www-form-urlencoded")},
		{"content type of the other", "415 ", path("POST", "/v1/repos/demo/git-receive-pack", "Content-Type", "application/x-git-upload-pack-request")},
		{"content type with more", "415 ", path("POST", "/v1/repos/demo/git-receive-pack", "Content-Type", "application/x-git-receive-pack-request; x=y")},
		{"encoding unknown", "415 ", body("git-receive-pack", "0000", "Content-Encoding", "deflate")},
		{"encoding twice", "415 ", body("git-receive-pack", "0000", "Content-Encoding", "gzip, gzip")},
		{"gzip that is none", "400 ", body("git-receive-pack", "0000", gz...)},
		{"gzip cut off", "400 ", func(a *arena) string {
			b, _ := io.ReadAll(gzipped(strings.NewReader(commands("", zero+" "+a.main+" refs/heads/x") + noise(1000))))
			return a.post("git-receive-pack", bytes.NewReader(b[:len(b)-50]), gz...)
		}},
		{"gzip bomb in a push", "413 ", func(a *arena) string {
			return a.post("git-receive-pack", gzipped(io.MultiReader(strings.NewReader(commands("", zero+" "+a.main+" refs/heads/x")), zeroBytes(200<<20))), gz...)
		}},
		{"gzip bomb in a fetch", "413 ", func(a *arena) string {
			return a.post("git-upload-pack", gzipped(io.MultiReader(strings.NewReader("0032want "+a.main+"\n"), zeroBytes(200<<20))), gz...)
		}},
		{"chunk of a wrong length", "400", func(a *arena) string {
			return a.raw("POST /v1/repos/demo/git-receive-pack HTTP/1.1\r\nHost: x\r\nAuthorization: Basic dTpw\r\nContent-Type: application/x-git-receive-pack-request\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFF\r\n0000\r\n")
		}},
		{"two lengths", "400", func(a *arena) string {
			return a.raw("POST /v1/repos/demo/git-receive-pack HTTP/1.1\r\nHost: x\r\nAuthorization: Basic dTpw\r\nContent-Type: application/x-git-receive-pack-request\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\n00000")
		}},
		{"body that stands still", "408", func(a *arena) string {
			return a.raw("POST /v1/repos/demo/git-receive-pack HTTP/1.1\r\nHost: x\r\nAuthorization: Basic dTpw\r\nContent-Type: application/x-git-receive-pack-request\r\nContent-Length: 400\r\n\r\n00")
		}},
		{"body that never comes", "404", func(a *arena) string {
			return a.raw("POST /v1/repos/none/git-receive-pack HTTP/1.1\r\nHost: x\r\nAuthorization: Basic dTpw\r\nContent-Type: application/x-git-receive-pack-request\r\nContent-Length: 400\r\n\r\n")
		}},

		// Packets and the command list.
		{"packet of no length", "ERR bad pkt-line length", body("git-receive-pack", "0003")},
		{"packet of letters", "ERR bad pkt-line length", body("git-receive-pack", "+00a")},
		{"packet too long", "ERR bad pkt-line length", body("git-receive-pack", "ffff"+big+big)},
		{"packet cut off", "ERR the request ends in the middle", body("git-receive-pack", "00a0$Z")},
		{"delimiter in a push", "ERR unexpected", body("git-receive-pack", "0001")},
		{"command is none", "ERR bad reference update command", list("", "nonsense")},
		{"command with upper-case id", "ERR bad reference update command", list("", "$Z "+strings.Repeat("A", 40)+" refs/heads/x")},
		{"symbolic ref for an id", "ERR bad reference update command", list("", "$Z ref: refs/heads/main"+strings.Repeat(" ", 17)+" refs/heads/x")},
		{"certificate", "ERR signed pushes are not supported", list("", "push-cert")},
		{"another hash", "ERR object format", list("object-format=sha256", "$Z $M refs/heads/x")},
		{"too many commands", "ERR too many reference", func(a *arena) string {
			return a.post("git-receive-pack", strings.NewReader(commands("", slices.Repeat([]string{zero + " " + a.main + " refs/heads/x"}, 4001)...)))
		}},
		{"too many shallow lines", "ERR too many reference", func(a *arena) string {
			return a.post("git-receive-pack", strings.NewReader(commands("", slices.Repeat([]string{"shallow " + a.main}, 100_002)...)))
		}},
		{"too many options", "ERR bad or too many push options", func(a *arena) string {
			return a.post("git-receive-pack", strings.NewReader(commands("push-options", zero+" "+a.main+" refs/heads/x")+strings.Repeat("0005x", 1001)+"0000"))
		}},
		{"option too long", "ERR bad or too many push options", func(a *arena) string {
			return a.post("git-receive-pack", strings.NewReader(commands("push-options", zero+" "+a.main+" refs/heads/x")+string(pktline.Append(nil, big))+"0000"))
		}},
		{"name too long", "ERR bad ref name", list("", "$Z $M refs/heads/"+big[:5000])},
		{"name with a line's end", "ERR bad ref name", list("", "$Z $M refs/heads/x\nok refs/heads/main")},
		{"name for a terminal", "ERR bad ref name", list("", "$Z $M refs/heads/x\x1b]0;title\x07")},
		{"name with DEL", "ERR bad ref name", list("", "$Z $M refs/heads/x\x7f")},
		{"name that goes up", "ng refs/heads/../../config invalid ref name", list("", "$Z $M refs/heads/../../config")},
		{"name outside refs", "ng HEAD invalid ref name", list("", "$Z $M HEAD")},
		{"name of a file", "ng config invalid ref name", list("", "$Z $M config")},
		{"absolute name", "ng /etc/passwd invalid ref name", list("", "$Z $M /etc/passwd")},
		{"lock's name", "invalid ref name", list("", "$Z $M refs/heads/x.lock")},
		{"reflog's name", "invalid ref name", list("", "$Z $M refs/heads/x@{1}")},
		{"name with backslash", "invalid ref name", list("", "$Z $M refs/heads/..\\x")},
		{"name with two slashes", "invalid ref name", list("", "$Z $M refs/heads//x")},
		{"name is not UTF-8", "invalid ref name", list("", "$Z $M refs/heads/\xff\xfe")},
		{"name that is an id", "invalid ref name", list("", "$Z $M refs/heads/"+strings.Repeat("a", 40))},
		{"reserved name", "ng refs/sojourn/pull/1 this ref is reserved", list("", "$Z $M refs/sojourn/pull/1")},
		{"one ref twice", "named more than once", list("", "$Z $M refs/heads/x", "$Z $F refs/heads/x")},
		{"name below a ref", "conflicts with another", list("", "$Z $M refs/heads/main/x")},
		{"names below each other", "conflicts with another", list("atomic", "$Z $M refs/heads/y", "$Z $M refs/heads/y/x")},
		{"old value forged", "the ref has changed meanwhile", list("", "$F $X refs/heads/main")},
		{"default branch deleted", "the default branch cannot be deleted", list("", "$M $Z refs/heads/main")},
		{"atomic with one bad", "atomic push failure", list("atomic", "$Z $M refs/heads/y", "$Z $M refs/heads/..")},
		{"branch to a tree", "a branch must point to a commit", list("", "$Z $T refs/heads/x")},
		{"branch to a blob", "a branch must point to a commit", list("", "$Z $B refs/heads/x")},
		{"another repository's object", "missing necessary objects", list("", "$Z $X refs/heads/x")},
		{"thin pack on another repository's object", "remote unpack|unresolved delta|did not receive|unpacker error", func(a *arena) string {
			text := delta(10, 5, "\x05hello")
			return a.post("git-receive-pack", strings.NewReader(commands("", zero+" "+a.main+" refs/heads/x")+packOf(packed(7, uint64(len(text)), id(a.foreign), small(text)))))
		}},

		// Packs.
		{"pack is text", "pack signature mismatch", packText(strings.Repeat("text ", 20))},
		{"pack of a later version", "pack version 9", packText("PACK\x00\x00\x00\x09\x00\x00\x00\x01" + strings.Repeat("x", 40))},
		{"four thousand million objects", "unpacker error", packText("PACK\x00\x00\x00\x02\xff\xff\xff\xff" + strings.Repeat("x", 40))},
		{"two objects of three", "early EOF|unpacker error", packText("PACK\x00\x00\x00\x02\x00\x00\x00\x03" + packed(3, 1, "", small("a")) + packed(3, 1, "", small("b")))},
		{"wrong checksum", "pack is corrupted", packText(packOf(packed(3, 1, "", small("a")))[:12] + packed(3, 1, "", small("a")) + strings.Repeat("x", 20))},
		{"more behind the pack", "junk", packText(packOf(packed(3, 1, "", small("a"))) + "more")},
		{"kind 0", "unknown object type|bad object", pack(packed(0, 1, "", small("a")))},
		{"kind 5", "unknown object type|bad object", pack(packed(5, 1, "", small("a")))},
		{"less than declared", "inflate", pack(packed(3, 100, "", small("a")))},
		{"more than declared", "inflate", pack(packed(3, 1, "", small("aaaaaaaaaaaaaaaa")))},
		{"2^60 bytes declared", "unpacker error", pack(packed(3, 1<<60, "", small("a")))},
		{"commit of 2^60 bytes", "attempting to allocate", pack(packed(1, 1<<60, "", small("a")))},
		{"commit bomb", "attempting to allocate", func(a *arena) string { return pack(packed(1, 600<<20, "", zeroBytes(600<<20)))(a) }},
		{"tree bomb", "attempting to allocate", func(a *arena) string { return pack(packed(2, 600<<20, "", zeroBytes(1<<20)))(a) }},
		{"tag bomb", "attempting to allocate", func(a *arena) string { return pack(packed(4, 600<<20, "", zeroBytes(1<<20)))(a) }},
		{"blob bomb", "a file may have 33554432 (32.0 MiB)", func(a *arena) string { return pack(packed(3, 200<<20, "", zeroBytes(200<<20)))(a) }},
		{"pack too large", "exceeds maximum allowed size", func(a *arena) string { return pack(packed(3, 9<<20, "", small(incompressible(9<<20))))(a) }},
		{"delta on itself", "out of bound", pack(packed(6, 4, "\x00", small("abcd")))},
		{"delta on what is before the pack", "out of bound", pack(packed(6, 4, "\x7f", small("abcd")))},
		{"delta into an object's middle", "unpacker error", pack(packed(3, 20, "", small("aaaaaaaaaaaaaaaaaaaa")), packed(6, uint64(len(delta(20, 5, "\x05hello"))), "\x03", small(delta(20, 5, "\x05hello"))))},
		{"deltas on each other", "unpacker error", pack(packed(7, 8, id(strings.Repeat("1", 40)), small(delta(5, 5, "\x05hello"))), packed(7, 8, id(strings.Repeat("2", 40)), small(delta(5, 5, "\x05hello"))))},
		{"delta beyond its base", "failed to apply delta", deltaOn(delta(10, 20, "\x91\x05\x14"))},
		{"delta's result of 2^40 bytes", "unpacker error", deltaOn(delta(10, 1<<40, "\x05hello"))},
		{"delta bomb", "unpacker error", func(a *arena) string {
			base := packed(3, 16<<20-1, "", zeroBytes(16<<20-1))
			text := delta(16<<20-1, 60*(16<<20-1), strings.Repeat("\xf0\xff\xff\xff", 60))
			off := len(base) // below 2^21, of three digits
			return pack(base, packed(6, uint64(len(text)), offset(off), small(text)))(a)
		}},
		{"delta of nothing", "failed to apply delta|unpacker error", deltaOn(delta(10, 5, ""))},
		{"delta with the reserved instruction", "failed to apply delta", deltaOn(delta(10, 5, "\x00\x00\x00"))},
		{"objects that lack others", "did not receive|missing necessary objects", object(1, commitText(strings.Repeat("1", 40), someone))},

		// What content may not be.
		{".git", "hasDotgit", treeWith("40000", ".git")},
		{".GIT", "hasDotgit", treeWith("40000", ".GIT")},
		{".git in HFS+", "hasDotgit", treeWith("40000", ".g\u200cit")},
		{".git in HFS+ otherwise", "hasDotgit", treeWith("40000", "\ufeff.git")},
		{".git in NTFS, short", "hasDotgit", treeWith("40000", "GIT~1")},
		{".git in NTFS, with a space", "hasDotgit", treeWith("40000", ".git ")},
		{".git in NTFS, with a dot", "hasDotgit", treeWith("40000", ".git.")},
		{".git in NTFS, as a stream", "hasDotgit", treeWith("40000", ".git::$INDEX_ALLOCATION")},
		{".git behind a backslash", "hasDotgit", treeWith("40000", "a\\.git")},
		{"dot dot", "hasDotdot", treeWith("40000", "..")},
		{"dot", "hasDot", treeWith("40000", ".")},
		{"slash in an entry", "fullPathname", treeWith("100644", "a/../../x")},
		{"entry without a name", "badTree|emptyName", object(2, entry("100644", "", strings.Repeat("1", 40)))},
		{".gitmodules is a link", "gitmodulesSymlink", treeWith("120000", ".gitmodules")},
		{".gitmodules is a link in NTFS", "gitmodulesSymlink", treeWith("120000", "gitmod~1")},
		{"submodule's URL is an option", "gitmodulesUrl", modules("[submodule \"x\"]\n\tpath = x\n\turl = -uid\n")},
		{"submodule's URL has a line's end", "gitmodulesUrl", modules("[submodule \"x\"]\n\tpath = x\n\turl = https://a%0ahost=b/\n")},
		{"submodule's path is an option", "gitmodulesPath", modules("[submodule \"x\"]\n\tpath = -x\n\turl = https://a/\n")},
		{"submodule's name goes up", "gitmodulesName", modules("[submodule \"../../hooks\"]\n\tpath = x\n\turl = https://a/\n")},
		{"submodule's update is a command", "gitmodulesUpdate", modules("[submodule \"x\"]\n\tpath = x\n\turl = https://a/\n\tupdate = !id\n")},
		{"commit with NUL", "nulInHeader|nulInCommit", object(1, "tree $T\nauthor A\x00 <a@b> 1 +0000\ncommitter "+someone+"\n\nm\n")},
		{"commit of two authors", "multipleAuthors", object(1, "tree $T\nauthor "+someone+"\nauthor "+someone+"\ncommitter "+someone+"\n\nm\n")},
		{"commit's date of 2^64", "badDate", object(1, "tree $T\nauthor A <a@b> 99999999999999999999 +0000\ncommitter "+someone+"\n\nm\n")},
		{"commit whose tree is a commit", "unpacker error", object(1, "tree $M\nauthor "+someone+"\ncommitter "+someone+"\n\nm\n")},
		{"tag without an object", "invalid tag|missingObject", object(4, "type commit\ntag x\ntagger "+someone+"\n\nm\n")},
		{"tag of a wrong kind", "unpacker error", object(4, "object $B\ntype commit\ntag x\ntagger "+someone+"\n\nm\n")},

		// Fetches.
		{"want of another repository's object", "not our ref", v2("command=fetch|#|want $X|done|")},
		{"want of another repository's object, version 0", "not our ref", v0("want $X side-band-64k||done")},
		{"want that is an option", "ERR ", v2("command=fetch|#|want --upload-pack=id|done|")},
		{"want of a name", "ERR ", v2("command=fetch|#|want-ref refs/heads/main|done|")},
		{"unknown command", "ERR unknown command", v2("command=object-info|#|oid $M|")},
		{"command is an option", "ERR unknown command", v2("command=--help|")},
		{"command with a line's end", "ERR unknown command", v2("command=fetch\ncommand=x|#|")},
		{"two commands", "ERR a request has one command", v2("command=ls-refs|command=fetch|#|")},
		{"unknown capability", "ERR unknown capability", v2("command=fetch|upload-pack=id|#|")},
		{"another hash in a fetch", "ERR object format", v2("command=fetch|object-format=sha256|#|")},
		{"too many capabilities", "ERR a request may have", v2("command=fetch|" + flood(300, "agent=x") + "#|")},
		{"unknown argument", "ERR ", v2("command=fetch|#|want $M|packfile https|done|")},
		{"too many prefixes", "ERR unexpected end|broken: ", v2("command=ls-refs|#|" + flood(160, "ref-prefix "+big[:55000]))},
		{"argument of ls-refs", "ERR unexpected argument", v2("command=ls-refs|#|--exec=id|")},
		{"filter by path", "ERR ", v2("command=fetch|#|want $M|filter sparse:path=/etc/passwd|done|")},
		{"filter by another repository's object", "ERR |unable to parse sparse", v2("command=fetch|#|want $M|filter sparse:oid=$X|done|")},
		{"filter unknown", "ERR ", v2("command=fetch|#|want $M|filter exec:id|done|")},
		{"filter of depth 2^70", "ERR ", v2("command=fetch|#|want $M|filter tree:1180591620717411303424|done|")},
		{"filter in filter in filter", "ERR a filter may have", v2("command=fetch|#|want $M|filter combine:" + strings.Repeat("combine:", 7000) + "blob:none|done|")},
		{"depth below nothing", "ERR ", v2("command=fetch|#|want $M|deepen -1|done|")},
		{"depth that is none", "ERR ", v2("command=fetch|#|want $M|deepen --exec|done|")},
		{"since a date that is none", "ERR ", v2("command=fetch|#|want $M|deepen-since x|done|")},
		{"depth up to a ref that is none", "ERR ", v2("command=fetch|#|want $M|deepen-not ../../etc/passwd|done|")},
		{"two kinds of depth", "200 0011shallow-info\n", v2("command=fetch|#|want $M|deepen 1|deepen-since 1|deepen-not refs/heads/main|done|")},
		{"shallow at what is none", "ERR ", v2("command=fetch|#|want $M|shallow --exec|done|")},
		{"too long a fetch", "413 |broken: ", func(a *arena) string {
			return a.post("git-upload-pack", io.MultiReader(bytes.NewReader(packetsOf("command=fetch|#|want "+a.main)), io.LimitReader(repeating("0032have "+strings.Repeat("1", 40)+"\n"), 70<<20)), "Git-Protocol", "version=2")
		}},
		{"version 0 with an option", "ERR ", v0("want --exec=id||done")},
		{"packet of letters in a fetch", "ERR ", body("git-upload-pack", "00zzwant")},
	})
}

// deltaOn pushes a delta on a blob of ten bytes in the same pack.
func deltaOn(text string) func(*arena) string {
	base := packed(3, 10, "", small("0123456789"))
	return pack(base, packed(6, uint64(len(text)), offset(len(base)), small(text)))
}

// offset is how a delta names its base (gitformat-pack).
func offset(n int) string {
	b := []byte{byte(n & 0x7f)}
	for n >>= 7; n > 0; n >>= 7 {
		n--
		b = append([]byte{0x80 | byte(n&0x7f)}, b...)
	}
	return string(b)
}

func incompressible(n int) string {
	b := make([]byte, n)
	x := uint32(1)
	for i := range b {
		x = x*1664525 + 1013904223
		b[i] = byte(x >> 24)
	}
	return string(b)
}

// repeating is a text over and over.
type repeating string

func (r repeating) Read(p []byte) (int, error) {
	n := 0
	for n+len(r) <= len(p) {
		n += copy(p[n:], r)
	}
	return n, nil
}

// TestAttacks: each attack is refused, in bounded memory and time, and leaves
// nothing behind; the server serves as before.
func TestAttacks(t *testing.T) {
	a := newArena(t)
	a.largest()
	version, blobs := a.row().Version, len(files(t, a.dir+"/objects"))
	all := attacks()
	if len(all) < 40 {
		t.Errorf("%d attacks", len(all))
	}
	for _, attack := range all {
		t.Run(attack.name, func(t *testing.T) {
			a.server.t = t
			begin := time.Now()
			got := attack.do(a)
			took, memory := time.Since(begin), a.largest()
			t.Logf("%v, %d MiB: %.150q", took.Round(time.Millisecond), memory>>20, got)
			if !slices.ContainsFunc(strings.Split(attack.want, "|"), func(want string) bool { return strings.Contains(got, want) }) {
				t.Errorf("the answer is %.500q, want %q", got, attack.want)
			}
			if strings.Contains(got, a.dir) || strings.Contains(got, "\x1b") || strings.Contains(got, "left open") || strings.Contains(got, "ok refs/") || strings.Contains(got, "PACK") {
				t.Errorf("the answer is %.500q", got)
			}
			if took > attackTime || memory > attackMemory {
				t.Errorf("it took %v and %d MiB", took, memory>>20)
			}
			if now := a.row().Version; now != version {
				t.Errorf("the version was %d, is %d", version, now)
				version = now
			}
			a.noIntents()
			if now := len(files(t, a.dir+"/objects")); now != blobs {
				t.Errorf("there were %d blobs, there are %d", blobs, now)
				blobs = now
			}
		})
	}
	a.server.t = t
	a.w.pushes(0, 1)
	a.same(a.w, a.mirror("after"), "main")
}
