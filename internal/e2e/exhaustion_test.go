package e2e

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sojourn/internal/node"
	"sojourn/internal/sigv4"
	"sojourn/internal/sojourntest"
)

// A push that is held up does not outlive its session, its permission or its
// role: it is decided again when the pack is here.
func TestAttackSlowPush(t *testing.T) {
	for name, change := range map[string]func(*attacker){
		"session": func(a *attacker) { a.s.Turn(2 * time.Hour) },
		"revocation": func(a *attacker) {
			a.s.Shell(bin).Run("sojourn", "admin", "revoke", "--data", a.s.Data, "--role", "Dev")
		},
		"revoked account": func(a *attacker) {
			a.s.Shell(bin).Run("sojourn", "admin", "revoke", "--data", a.s.Data, "--account", sojourntest.Account)
		},
		"permission": func(a *attacker) {
			a.s.Turn(time.Minute)
			a.query("iam", "Action", "DeleteRolePolicy", "RoleName", "Dev", "PolicyName", "inline")
		},
		"role": func(a *attacker) {
			a.s.Turn(time.Minute)
			a.query("iam", "Action", "DeleteRolePolicy", "RoleName", "Dev", "PolicyName", "inline")
			a.query("iam", "Action", "DeleteRole", "RoleName", "Dev")
		},
		"name": func(a *attacker) {
			a.s.Turn(time.Minute)
			a.json("UpdateRepositoryName", `{"oldName":"Target","newName":"Renamed"}`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			root := besieged(t)
			a := root.assume("Dev", allow("codecommit:*"))
			pack := packOf(aBlob, aTree, aCommit)
			body, send := io.Pipe()
			r := a.request(http.MethodPost, "Target", "/git-receive-pack", body)
			done := make(chan string)
			go func() {
				status, out := a.answer(r)
				done <- fmt.Sprint(status, " ", out)
			}()
			io.WriteString(send, pkts(zero+" "+aCommit.id()+" refs/heads/main\x00 report-status")+"0000")
			send.Write(pack[:20])
			time.Sleep(200 * time.Millisecond) // the server has taken the commands
			change(root)
			send.Write(pack[20:])
			send.Close()
			if out := <-done; strings.Contains(out, "ok refs/heads/main") {
				t.Errorf("it went through: %q", out)
			}
			again := &attacker{&api{t: t, s: root.s, cred: root.s.Root("")}, root.http}
			if status, out := again.get("Target", "git-upload-pack"); strings.Contains(out, aCommit.id()) || name != "name" && status != http.StatusOK {
				t.Errorf("the refs are %d %q", status, out)
			}
		})
	}
}

// The record of a push is not longer than the push for what a client may choose.
func TestAttackAuditLog(t *testing.T) {
	a := besieged(t)
	commands := make([]string, 4000)
	for i := range commands {
		commands[i] = fmt.Sprintf("%s %s refs/heads/x%d", zero, strings.Repeat("1", 40), i)
	}
	commands[0] += "\x00 report-status"
	r := a.request(http.MethodPost, "Target", "/git-receive-pack", strings.NewReader(pkts(commands...)+"0000"))
	r.Header.Set("User-Agent", strings.Repeat("u", 60_000))
	a.answer(r)
	var total int64
	logs, err := filepath.Glob(filepath.Join(a.s.Data, "audit", "*"))
	if err != nil || len(logs) == 0 {
		t.Fatal("no audit log", err)
	}
	for _, l := range logs {
		info, err := os.Stat(l)
		if err != nil {
			t.Fatal(err)
		}
		total += info.Size()
	}
	if total > 16<<20 {
		t.Errorf("4,000 refs wrote %d bytes of audit log", total)
	}
}

// A signature for another server's name opens nothing here.
func TestAttackForeignHost(t *testing.T) {
	a := besieged(t)
	r := a.request(http.MethodGet, "Target", "/info/refs?service=git-upload-pack", nil)
	r.Host = "git.evil.example"
	r.SetBasicAuth(sigv4.GitUser(a.cred), sigv4.GitPassword(a.cred.Secret, node.DefaultRegion, r.Host, "/v1/repos/Target", a.s.Now()).Reveal())
	if status, out := a.answer(r); status != http.StatusMisdirectedRequest {
		t.Errorf("%d %s", status, out)
	}
}

// A commit is taken whole into memory, and compresses a thousand times.
func TestAttackCommitBomb(t *testing.T) {
	a := besieged(t)
	bomb := commitOf(noTree, "", strings.Repeat("a", 520<<20))
	if _, out := a.push("Target", packOf(noTree, bomb), "", zero+" "+bomb.id()+" refs/heads/main"); !strings.Contains(out, "ng refs/heads/main") {
		t.Errorf("%.200q", out)
	}
}

// Fetches that say half of what they want keep no place from another account.
func TestAttackSlowFetches(t *testing.T) {
	a := besieged(t)
	a.seed("Target")
	a.s.CreateAccount("444455556666")
	evil := &attacker{&api{t: t, s: a.s, cred: a.s.Root("444455556666")}, a.client()}
	evil.json("CreateRepository", `{"repositoryName":"Theirs"}`)
	for range 20 {
		body, send := io.Pipe()
		r := evil.request(http.MethodPost, "Theirs", "/git-upload-pack", body)
		go evil.http.Do(r) // ends with the test
		go func() {
			io.WriteString(send, pkts("want "+aCommit.id()+"\n"))
			<-t.Context().Done()
			send.Close()
		}()
	}
	time.Sleep(500 * time.Millisecond)
	done := make(chan string, 1)
	go func() {
		_, out := a.answer(a.request(http.MethodPost, "Target", "/git-upload-pack", strings.NewReader(pkts("want "+aCommit.id()+"\n")+"0000"+pkts("done\n"))))
		done <- out
	}()
	select {
	case out := <-done:
		if !strings.Contains(out, "PACK") {
			t.Errorf("%.100q", out)
		}
	case <-time.After(20 * time.Second):
		t.Error("another account waits")
	}
}

// A request that is refused before its body came does not hold its connection.
func TestAttackHeldConnection(t *testing.T) {
	t.Parallel()
	a := besieged(t)
	conn, err := tls.Dial("tcp", a.s.Host(), &tls.Config{InsecureSkipVerify: true}) // who attacks does not mind
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST /v1/repos/Target/git-upload-pack HTTP/1.1\r\nHost: %s\r\nContent-Type: application/x-git-upload-pack-request\r\nContent-Length: 1000\r\n\r\n", a.s.Host())
	conn.SetDeadline(time.Now().Add(30 * time.Second))
	answer, err := io.ReadAll(bufio.NewReader(conn))
	if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 401 ") {
		t.Errorf("%v after %q", err, answer)
	}
}

// Bytes behind a pack are the client's fault, and said so.
func TestAttackJunkBehindPack(t *testing.T) {
	a := besieged(t)
	status, out := a.push("Target", append(packOf(aBlob, aTree, aCommit), "junk"...), "", zero+" "+aCommit.id()+" refs/heads/main")
	if status != http.StatusOK || !strings.Contains(out, "junk at its end") || strings.Contains(out, "ok refs/heads/main") {
		t.Errorf("%d %q", status, out)
	}
}
