package e2e

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"crypto/sha1"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"sojourn/internal/node"
	"sojourn/internal/secret"
	"sojourn/internal/sigv4"
	"sojourn/internal/sojourntest"
)

// attacker signs and sends Git requests that git would not send.
type attacker struct {
	*api
	http *http.Client
}

// besieged is a server with the repositories Target and Other, and its root as
// attacker. When the test ends, the server must be unharmed.
func besieged(t *testing.T) *attacker {
	t.Helper()
	s := sojourntest.Start(t)
	a := &attacker{api: &api{t: t, s: s, cred: s.Root("")}}
	a.http = a.client()
	a.json("CreateRepository", `{"repositoryName":"Target"}`)
	a.json("CreateRepository", `{"repositoryName":"Other"}`)
	t.Cleanup(func() {
		if i := strings.Index(s.Logs.String(), "panic"); i >= 0 {
			t.Errorf("the server panicked: %.2000s", s.Logs.String()[i:])
		}
		if left := a.incoming(); len(left) > 0 {
			t.Errorf("left over: %v", left)
		}
	})
	return a
}

// assume makes a role with a policy and assumes it.
func (a *attacker) assume(role, policy string, more ...string) *attacker {
	a.t.Helper()
	a.role(role, trustAccount(sojourntest.Account), policy)
	cred := credentials(a.asUser(role+"-user").query("sts", append([]string{"Action", "AssumeRole", "RoleSessionName", "attack",
		"RoleArn", "arn:aws:iam::" + sojourntest.Account + ":role/" + role}, more...)...))
	return &attacker{&api{t: a.t, s: a.s, cred: cred}, a.http}
}

func (a *attacker) request(method, repo, rest string, body io.Reader) *http.Request {
	a.t.Helper()
	r, err := http.NewRequestWithContext(a.t.Context(), method, a.s.URL+"/v1/repos/"+repo+rest, body)
	if err != nil {
		a.t.Fatal(err)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-"+rest[1:]+"-request")
	}
	r.SetBasicAuth(sigv4.GitUser(a.cred), sigv4.GitPassword(a.cred.Secret, node.DefaultRegion, a.s.Host(), "/v1/repos/"+repo, a.s.Now()).Reveal())
	return r
}

// answer sends a request. No answer may name the server's files or move a terminal's cursor.
func (a *attacker) answer(r *http.Request) (int, string) {
	a.t.Helper()
	got, err := a.http.Do(r)
	if err != nil {
		return 0, err.Error() // the server broke the connection off
	}
	defer got.Body.Close()
	b, _ := io.ReadAll(got.Body) // what is cut off is short
	if bytes.Contains(b, []byte(a.s.Data)) || bytes.ContainsAny(b, "\x1b") && !bytes.Contains(b, []byte("PACK")) {
		a.t.Errorf("%s: the answer holds a path of the server or an escape: %q", r.URL.Path, b)
	}
	return got.StatusCode, string(b)
}

func (a *attacker) get(repo, service string) (int, string) {
	a.t.Helper()
	return a.answer(a.request(http.MethodGet, repo, "/info/refs?service="+service, nil))
}

// push sends commands and a pack to a repository.
func (a *attacker) push(repo string, pack []byte, caps string, commands ...string) (int, string) {
	a.t.Helper()
	commands[0] += "\x00 report-status " + caps
	return a.answer(a.request(http.MethodPost, repo, "/git-receive-pack", strings.NewReader(pkts(commands...)+"0000"+string(pack))))
}

func pkts(lines ...string) string {
	var b strings.Builder
	for _, l := range lines {
		fmt.Fprintf(&b, "%04x%s", len(l)+4, l)
	}
	return b.String()
}

const zero = "0000000000000000000000000000000000000000"

// object is an entry of a pack: of a kind of its own, or (base) a delta.
type object struct{ kind, base, data string }

func (o object) id() string {
	sum := sha1.Sum([]byte(fmt.Sprintf("%s %d\x00%s", o.kind, len(o.data), o.data)))
	return hex.EncodeToString(sum[:])
}

func packOf(objects ...object) []byte {
	b := binary.BigEndian.AppendUint32([]byte("PACK\x00\x00\x00\x02"), uint32(len(objects)))
	for _, o := range objects {
		n := len(o.data)
		c := byte(map[string]int{"commit": 1, "tree": 2, "blob": 3, "delta": 7}[o.kind]<<4 | n&15)
		for n >>= 4; n > 0; n >>= 7 {
			b, c = append(b, c|0x80), byte(n&0x7f)
		}
		base, _ := hex.DecodeString(o.base)
		b = append(append(b, c), base...)
		var z bytes.Buffer
		w := zlib.NewWriter(&z)
		io.WriteString(w, o.data)
		w.Close()
		b = append(b, z.Bytes()...)
	}
	sum := sha1.Sum(b)
	return append(b, sum[:]...)
}

func treeOf(mode, name string, o object) object {
	raw, _ := hex.DecodeString(o.id())
	return object{kind: "tree", data: mode + " " + name + "\x00" + string(raw)}
}

func commitOf(tree object, parent, message string) object {
	if parent != "" {
		parent = "parent " + parent + "\n"
	}
	const who = "A <a@b.c> 1700000000 +0000\n"
	return object{kind: "commit", data: "tree " + tree.id() + "\n" + parent + "author " + who + "committer " + who + "\n" + message + "\n"}
}

var ( // one small history that the tests push
	aBlob   = object{kind: "blob", data: "x"}
	aTree   = treeOf("100644", "a", aBlob)
	aCommit = commitOf(aTree, "", "m")
	noTree  = object{kind: "tree"}
)

func (a *attacker) seed(repo string) {
	a.t.Helper()
	if _, out := a.push(repo, packOf(aBlob, aTree, aCommit), "", zero+" "+aCommit.id()+" refs/heads/main"); !strings.Contains(out, "ok refs/heads/main") {
		a.t.Fatal(out)
	}
}

func TestAttackPasswords(t *testing.T) {
	root := besieged(t)
	key := root.user("maria")
	session := root.assume("Dev", allow("codecommit:*")).cred
	other := root.assume("Dev2", allow("codecommit:*")).cred
	gone := root.user("gone")
	root.s.CreateAccount("444455556666")
	foreign := (&api{t: t, s: root.s, cred: root.s.Root("444455556666")}).user("mallory")
	host, path, now := root.s.Host(), "/v1/repos/Target", root.s.Now()
	try := func(user string, c sigv4.Credentials, region, host, path string, at time.Time) (int, string) {
		r := root.request(http.MethodGet, "Target", "/info/refs?service=git-upload-pack", nil)
		r.SetBasicAuth(user, sigv4.GitPassword(c.Secret, region, host, path, at).Reveal())
		return root.answer(r)
	}
	su, ku := sigv4.GitUser(session), key.AccessKeyID
	for user, cred := range map[string]sigv4.Credentials{su: session, ku: key, gone.AccessKeyID: gone} {
		if code, out := try(user, cred, "us-east-1", host, path, now); code != http.StatusOK {
			t.Fatal(code, out)
		}
	}
	for _, k := range [][]string{{"DeleteAccessKey", "AccessKeyId", gone.AccessKeyID}, {"DeleteUserPolicy", "PolicyName", "inline"}, {"DeleteUser"}} {
		root.query("iam", append([]string{"Action", k[0], "UserName", "gone"}, k[1:]...)...)
	}
	type attack struct {
		name, user         string
		with               sigv4.Credentials
		region, host, path string
		ago                time.Duration
	}
	for _, c := range []attack{
		{"made for another region", su, session, "us-east-2", host, path, 0},
		{"made for another host", su, session, "us-east-1", "x" + host, path, 0},
		{"made for another repository", su, session, "us-east-1", host, "/v1/repos/Other", 0},
		{"16 minutes old", su, session, "us-east-1", host, path, 16 * time.Minute},
		{"from the future", su, session, "us-east-1", host, path, -6 * time.Minute},
		{"session without its token", session.AccessKeyID, session, "us-east-1", host, path, 0},
		{"session with another's token", session.AccessKeyID + "%" + other.Token, session, "us-east-1", host, path, 0},
		{"another's id on the token", other.AccessKeyID + "%" + session.Token, session, "us-east-1", host, path, 0},
		{"long-term key with a token", ku + "%" + session.Token, key, "us-east-1", host, path, 0},
		{"long-term key named like a session", "ASIA" + ku[4:], key, "us-east-1", host, path, 0},
		{"empty secret", su, sigv4.Credentials{Secret: secret.New("")}, "us-east-1", host, path, 0},
		{"the decoy", "AKIAAAAAAAAAAAAAAAAA", sigv4.Credentials{Secret: secret.New("")}, "us-east-1", host, path, 0},
		{"deleted user", gone.AccessKeyID, gone, "us-east-1", host, path, 0},
	} {
		if code, out := try(c.user, c.with, c.region, c.host, c.path, now.Add(-c.ago)); code != http.StatusForbidden || strings.Contains(out, c.user) {
			t.Errorf("%s: %d %s", c.name, code, out)
		}
	}
	if code, out := try(foreign.AccessKeyID, foreign, "us-east-1", host, path, now); code != http.StatusNotFound {
		t.Errorf("another account's repository: %d %s", code, out) // hers are others of the same name
	}
}

func TestAttackRefs(t *testing.T) {
	root := besieged(t)
	root.seed("Target")
	id := aCommit.id()
	a := root.assume("Dev", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"codecommit:*","Resource":"*"},
		{"Effect":"Deny","Action":"codecommit:GitPush","Resource":"*","Condition":{"StringEqualsIfExists":{"codecommit:References":["refs/heads/main"]},"Null":{"codecommit:References":"false"}}}]}`)
	_, before := root.get("Target", "git-upload-pack")
	const denied = "You don't have permission"
	for _, c := range []struct{ attack, caps, refused, commands string }{
		{"delete where denied", "", denied, id + " " + zero + " refs/heads/main"},
		{"a second name behind NUL", "", denied, id + " " + zero + " refs/heads/main\x00refs/heads/free"},
		{"doubled slash", "", "invalid ref name", zero + " " + id + " refs/heads//main"},
		{"not UTF-8", "", "invalid ref name", zero + " " + id + " refs/heads/main\xff"},
		{"C1 control characters", "", "invalid ref name", zero + " " + id + " refs/heads/\u009b31m"},
		{"HEAD", "", "invalid ref name", zero + " " + id + " HEAD"},
		{"below a branch", "", "conflicts", zero + " " + id + " refs/heads/main/x"},
		{"the server's own refs", "", "reserved", zero + " " + id + " refs/sojourn/x"},
		{"one ref twice", "", "more than once", zero + " " + id + " refs/heads/twice\n" + zero + " " + id + " refs/heads/twice"},
		{"all or none", "atomic", "ng refs/heads/free atomic", zero + " " + id + " refs/heads/free\n" + id + " " + zero + " refs/heads/main"},
		{"an object of another repository", "", "missing necessary", zero + " " + strings.Repeat("1", 40) + " refs/heads/foreign"},
	} {
		if code, out := a.push("Target", packOf(), c.caps, strings.Split(c.commands, "\n")...); code != 200 || !strings.Contains(out, c.refused) || strings.Contains(out, "\x0aok ") {
			t.Errorf("%s: %d %q", c.attack, code, out)
		}
	}
	if _, after := root.get("Target", "git-upload-pack"); after != before {
		t.Errorf("refs have changed:\n%q\n%q", before, after)
	}
}

// requestID is the end of a refusal's line: another one for each request.
var requestID = regexp.MustCompile(` \(request [0-9a-f-]{36}\)\.\n$`)

// A verb is decided by itself: who may only pull gets no further by any spelling.
func TestAttackVerbs(t *testing.T) {
	root := besieged(t)
	root.seed("Target")
	a := root.assume("Dev", allow("codecommit:*"), "Policy", allow("codecommit:GitPull"))
	post := func(attack, rest, contentType, protocol string) {
		r := a.request(http.MethodPost, "Target", rest, strings.NewReader(pkts(aCommit.id()+" "+zero+" refs/heads/x\x00report-status")+"0000"))
		r.Header.Set("Content-Type", contentType)
		r.Header.Set("Git-Protocol", protocol)
		if code, out := a.answer(r); code < 400 || code >= 500 {
			t.Errorf("%s: %d %q", attack, code, out)
		}
	}
	const receive = "application/x-git-receive-pack-request"
	post("a push", "/git-receive-pack", receive, "")
	post("a push in version 2", "/git-receive-pack", receive, "version=2")
	post("a push that says it is a fetch", "/git-receive-pack?service=git-upload-pack", receive, "")
	post("a push with a fetch's type", "/git-receive-pack", "application/x-git-upload-pack-request", "")
	post("a fetch with a push's type", "/git-upload-pack", receive, "")
	for _, service := range []string{"git-receive-pack", "git-receive-pack&service=git-upload-pack", "git-upload-pack;x", "Git-Upload-Pack", "upload-pack", "git-upload-pack%00"} {
		if code, out := a.get("Target", service); code != http.StatusForbidden {
			t.Errorf("service %s: %d %q", service, code, out)
		}
	}
	denied := root.assume("None", allow("iam:GetUser"))
	one, there := denied.get("Target", "git-upload-pack")
	two, absent := denied.get("Absent", "git-upload-pack")
	there, absent = requestID.ReplaceAllString(there, ""), requestID.ReplaceAllString(absent, "")
	if one != 403 || two != 403 || strings.ReplaceAll(there, "Target", "Absent") != absent {
		t.Errorf("a refusal tells whether the repository is there:\n%d %s%d %s", one, there, two, absent)
	}
}

func TestAttackStreams(t *testing.T) {
	a := besieged(t)
	a.seed("Other")
	id := aCommit.id()
	bodies := []string{"", "0000", "0001", "0002", "0003", "0004", "fff0", "ffff", "-001", "zzzz", "00", "0005x", pkts("push-cert\x00"), pkts("shallow \x1b[2J"),
		pkts(zero + " " + id + " refs/heads/\x1b[2J"), pkts(zero + " " + id + " refs/heads/a\x00object-format=\x1b[2J"), pkts("command=\x1b[2J") + "0000",
		pkts("command=object-info") + "0000", pkts("command=ls-refs", "command=fetch") + "0000", pkts("command=fetch") + "0001" + pkts("want-ref refs/sojourn/x") + "0000",
		pkts("command=fetch") + "0001" + pkts("filter sparse:path=/etc/passwd", "want "+id, "done") + "0000",
		pkts("command=fetch") + "0001" + pkts("deepen-not --upload-pack=x", "want "+id, "done") + "0000", pkts("want "+strings.Repeat("1", 40)+"\n") + "0000" + pkts("done\n")}
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	for range 600 {
		z.Write(bytes.Repeat([]byte(pkts("have "+id+"\n")), 2<<10))
	}
	z.Close()
	for i, body := range append(bodies, bomb.String()) {
		for _, rest := range []string{"/git-receive-pack", "/git-upload-pack"} {
			for _, version := range []string{"", "version=1", "version=2", "version=9:version=2:version=1"} {
				r := a.request(http.MethodPost, "Other", rest, strings.NewReader(body))
				r.Header.Set("Git-Protocol", version)
				if i == len(bodies) {
					r.Header.Set("Content-Encoding", "gzip")
				}
				if code, out := a.answer(r); code >= 500 || strings.Contains(out, "PACK") || strings.Contains(out, "passwd") {
					t.Errorf("%s %s %.60q: %d %.200q", rest, version, body, code, out)
				}
			}
		}
	}
}

func TestAttackPacks(t *testing.T) {
	a := besieged(t)
	a.seed("Other")
	good := packOf(aBlob, aTree, aCommit)
	modules := object{kind: "blob", data: "[submodule \"x\"]\n\tpath = -a\n\turl = -u./\x1b[31m\n"}
	plain := treeOf("100644", "plain", modules)
	if _, out := a.push("Target", packOf(modules, plain, commitOf(plain, "", "m")), "", zero+" "+commitOf(plain, "", "m").id()+" refs/heads/plain"); !strings.Contains(out, "ok refs") {
		t.Fatal(out)
	}
	type attack struct {
		name string
		pack []byte
		tip  string
	}
	attacks := []attack{
		{"objects of another repository", packOf(), aCommit.id()},
		{"a delta on another repository's object", packOf(aCommit, aTree, object{"delta", aBlob.id(), "\x01\x01\x90\x01"}), aCommit.id()},
		{"deltas in a circle", packOf(object{"delta", aBlob.id(), "\x01\x01\x90\x01"}), aBlob.id()},
		{"a tree that is not there", packOf(aCommit), aCommit.id()},
		{"a branch at a tree", packOf(aBlob, aTree), aTree.id()},
		{"four billion objects", append([]byte("PACK\x00\x00\x00\x02\xff\xff\xff\xff"), good[12:]...), aCommit.id()},
		{"submodule options in a blob pushed before", packOf(treeOf("100644", ".gitmodules", modules), commitOf(treeOf("100644", ".gitmodules", modules), "", "m")),
			commitOf(treeOf("100644", ".gitmodules", modules), "", "m").id()},
	}
	for _, name := range []string{".git", ".GIT", "git~1", ".git ", ".gi\u200ct", ".git::$INDEX_ALLOCATION", "..", "."} {
		tree := treeOf("40000", name, noTree)
		attacks = append(attacks, attack{"a tree with " + name, packOf(noTree, tree, commitOf(tree, "", "m")), commitOf(tree, "", "m").id()})
	}
	for _, c := range attacks {
		if code, out := a.push("Target", c.pack, "", zero+" "+c.tip+" refs/heads/evil"); code != 200 || !strings.Contains(out, "ng refs/heads/evil") {
			t.Errorf("%s: %d %q", c.name, code, out)
		}
	}
	packs, _ := filepath.Glob(filepath.Join(a.s.Data, "objects", "repos", "*", "packs", "*.pack"))
	if len(packs) != 2 { // Other's and the one with plain
		t.Errorf("packs of refused pushes were kept: %v", packs)
	}
}

func TestAttackRaces(t *testing.T) {
	a := besieged(t)
	a.seed("Target")
	won := make(chan string, 12)
	var wg sync.WaitGroup
	for i := range cap(won) {
		wg.Go(func() {
			c := commitOf(noTree, aCommit.id(), fmt.Sprint(i))
			if _, out := a.push("Target", packOf(noTree, c), "", aCommit.id()+" "+c.id()+" refs/heads/main"); strings.Contains(out, "\nok ") || strings.Contains(out, "ok refs/heads/main") {
				won <- c.id()
			}
		})
	}
	wg.Wait()
	if len(won) != 1 {
		t.Fatalf("%d of %d pushes to one ref won", len(won), cap(won))
	}
	if _, out := a.get("Target", "git-receive-pack"); !strings.Contains(out, <-won+" refs/heads/main") {
		t.Errorf("another commit than the winner's is there: %q", out)
	}
	// The repository is deleted, and made anew under its name, while a push is under way.
	c := commitOf(noTree, "", "late")
	pack := packOf(noTree, c)
	r, w := io.Pipe()
	req := a.request(http.MethodPost, "Other", "/git-receive-pack", r)
	done := make(chan int)
	go func() {
		code, _ := a.answer(req)
		done <- code
	}()
	io.WriteString(w, pkts(zero+" "+c.id()+" refs/heads/main\x00report-status")+"0000"+string(pack[:14]))
	for deadline := time.Now().Add(5 * time.Second); len(a.incoming()) == 0 && time.Now().Before(deadline); {
		time.Sleep(5 * time.Millisecond)
	}
	a.json("DeleteRepository", `{"repositoryName":"Other"}`)
	a.json("CreateRepository", `{"repositoryName":"Other"}`)
	w.Write(pack[14:])
	w.Close()
	if code := <-done; code != http.StatusNotFound {
		t.Errorf("a push to a repository that is deleted meanwhile: %d", code)
	}
	if out := a.json("ListBranches", `{"repositoryName":"Other"}`); !strings.Contains(out, `"branches":[]`) {
		t.Errorf("the push went to the new repository: %s", out)
	}
}

// incoming are the packs under way.
func (a *attacker) incoming() []string {
	entries, _ := filepath.Glob(filepath.Join(a.s.Data, "cache", "incoming", "*"))
	return entries
}
