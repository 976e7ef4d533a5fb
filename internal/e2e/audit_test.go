package e2e

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sojourn/internal/audit"
	"sojourn/internal/node"
	"sojourn/internal/principal"
	"sojourn/internal/seal"
	"sojourn/internal/secret"
	"sojourn/internal/sigv4"
	"sojourn/internal/sojourntest"
)

// auditCommand runs "sojourn audit" on a data directory.
func auditCommand(t *testing.T, data string, args ...string) (string, error) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), filepath.Join(bin, "sojourn"), append([]string{"audit", args[0], "--data", data}, args[1:]...)...).CombinedOutput()
	sojourntest.Printed("sojourn audit", string(out))
	return string(out), err
}

// whole asks for a proof and returns it.
func whole(t *testing.T, data string) (p struct {
	Whole, Closed  bool
	Last, Unsigned int
	Notes          []string
}) {
	t.Helper()
	out, err := auditCommand(t, data, "verify", "--json")
	if err == nil {
		err = json.Unmarshal([]byte(out), &p)
	}
	if err != nil || !p.Whole {
		t.Fatalf("verify: %v\n%s", err, out)
	}
	return p
}

// records are the records of a data directory by their requests' ids.
func records(t *testing.T, data string) map[string]audit.Record {
	t.Helper()
	found := map[string]audit.Record{}
	err := audit.Search(t.Context(), node.AuditDir(data), audit.Filter{}, func(r *audit.Record, _ []byte) error {
		found[r.RequestID] = *r
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// The server is killed at random moments while clients act, and administrators
// act beside it. In strict mode each acknowledged act is on record, and after
// each restart the chain is whole.
func TestKilledWithAudit(t *testing.T) {
	const kills = 20
	p := &process{t: t, data: t.TempDir(), addr: "127.0.0.1:0", more: []string{"--audit-mode", "strict", "--audit-file-size", "1"}}
	p.start()
	defer func() { p.kill() }()
	s := sojourntest.At(t, p.data, "https://"+p.addr)
	root := &api{t: t, s: s, cred: s.Root("")}
	client := root.client()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	var mu sync.Mutex
	acked := map[string]bool{}
	for range kills {
		stop := make(chan struct{})
		var wg sync.WaitGroup
		for range 6 {
			wg.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
					}
					if id, ok := whoAmI(client, "https://"+p.addr, root.cred); ok {
						mu.Lock()
						acked[id] = true
						mu.Unlock()
					}
				}
			})
		}
		wg.Go(func() {
			exec.Command(filepath.Join(bin, "sojourn"), "admin", "credentials", "--data", p.data).Run()
		})
		time.Sleep(time.Duration(20+random.IntN(150)) * time.Millisecond) // a moment of the work, any moment
		p.kill()
		close(stop)
		wg.Wait()
		whole(t, p.data)
		p.start()
	}
	there := records(t, p.data)
	for id := range acked {
		if _, ok := there[id]; !ok {
			t.Errorf("the acknowledged request %s is not on record", id)
		}
	}
	if len(acked) < kills {
		t.Errorf("only %d requests were acknowledged", len(acked))
	}
	t.Logf("%d acknowledged, %d on record", len(acked), len(there))
	proof := whole(t, p.data)
	t.Logf("%+v", proof)
}

// whoAmI returns the id of an acknowledged request.
func whoAmI(client *http.Client, server string, cred sigv4.Credentials) (id string, ok bool) {
	const form = "Action=GetCallerIdentity&Version=2011-06-15"
	r, err := http.NewRequest(http.MethodPost, server+"/", strings.NewReader(form))
	if err != nil {
		return "", false
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	sum := sha256.Sum256([]byte(form))
	sigv4.SignHeader(r, hex.EncodeToString(sum[:]), cred, "sts", node.DefaultRegion, time.Now())
	answer, err := client.Do(r)
	if err != nil {
		return "", false
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil || answer.StatusCode != http.StatusOK {
		return "", false
	}
	return answer.Header.Get("X-Amzn-Requestid"), true
}

// Refusals before any decision are on record, with the error that was answered
// and without what was presented.
func TestRefusedProofsAreRecorded(t *testing.T) {
	s := sojourntest.Start(t)
	root := &api{t: t, s: s, cred: s.Root("")}
	root.json("CreateRepository", `{"repositoryName":"Demo"}`)
	user := root.asUser("maria")
	send := func(how string, change func(*http.Request), cred sigv4.Credentials, form string) audit.Record {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/", strings.NewReader(form))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if cred.AccessKeyID != "" {
			sum := sha256.Sum256([]byte(form))
			sigv4.SignHeader(r, hex.EncodeToString(sum[:]), cred, "sts", node.DefaultRegion, s.Now())
		}
		change(r)
		answer, err := root.client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		return recordOf(t, s, how, answer)
	}
	const whoAmI = "Action=GetCallerIdentity&Version=2011-06-15"
	nothing := func(*http.Request) {}
	wrong, unknown, swapped := user.cred, user.cred, user.cred
	wrong.Secret = secret.New("wrongSecretWrongSecretWrongSecretWrong12")
	unknown.AccessKeyID = "AKIAQQQQQQQQQQQQQQQQ"
	swapped.AccessKeyID = "swappedSecretSwappedSecretSwappedSecret1"
	expired := credentials(user.query("sts", "Action", "GetSessionToken", "DurationSeconds", "900"))
	s.Turn(time.Hour)
	for _, c := range []struct {
		how, code, action, key string
		record                 audit.Record
	}{
		{"a wrong secret", "SignatureDoesNotMatch", "GetCallerIdentity", wrong.AccessKeyID, send("a wrong secret", nothing, wrong, whoAmI)},
		{"an unknown key", "InvalidClientTokenId", "GetCallerIdentity", unknown.AccessKeyID, send("an unknown key", nothing, unknown, whoAmI)},
		{"a secret in the place of the key", "", "", "", send("swapped", nothing, swapped, whoAmI)},
		{"an expired session", "ExpiredToken", "GetCallerIdentity", expired.AccessKeyID, send("an expired session", nothing, expired, whoAmI)},
		{"no signature", "MissingAuthenticationToken", "Unknown", "", send("no signature", nothing, sigv4.Credentials{}, whoAmI)},
		{"a malformed signature", "", "Unknown", "", send("a malformed signature", func(r *http.Request) { r.Header.Set("Authorization", "AWS4-HMAC-SHA256 nonsense") }, user.cred, whoAmI)},
		{"a forged token", "InvalidIdentityToken", "AssumeRoleWithWebIdentity", "", send("a forged token", nothing, sigv4.Credentials{},
			"Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleSessionName=maria&RoleArn="+url.QueryEscape("arn:aws:iam::"+sojourntest.Account+":role/R")+"&WebIdentityToken=forgedTokenForgedToken")},
		{"no role", "ValidationError", "AssumeRole", user.cred.AccessKeyID, send("no role", nothing, user.cred, "Action=AssumeRole&Version=2011-06-15&RoleSessionName=maria&RoleArn=nonsense-that-is-no-arn")},
		{"input that is none", "ValidationError", "AssumeRole", user.cred.AccessKeyID, send("input", nothing, user.cred, "Action=AssumeRole&Version=2011-06-15&RoleSessionName=m")},
	} {
		r := c.record
		if r.Decision != "Deny" || c.code != "" && r.ErrorCode != c.code || c.action != "" && r.EventName != c.action || r.Identity.AccessKeyID != c.key || r.ErrorMessage == "" || r.SourceIP != "127.0.0.1" {
			t.Errorf("%s: recorded %+v", c.how, r)
		}
	}
	at := s.Now()
	for how, password := range map[string]string{
		"a wrong password":   sigv4.GitPassword(wrong.Secret, node.DefaultRegion, s.Host(), "/v1/repos/Demo", at).Reveal(),
		"an old password":    sigv4.GitPassword(user.cred.Secret, node.DefaultRegion, s.Host(), "/v1/repos/Demo", at.Add(-time.Hour)).Reveal(),
		"no password at all": "made-up-password",
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/v1/repos/Demo/info/refs?service=git-receive-pack", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.SetBasicAuth(user.cred.AccessKeyID, password)
		answer, err := root.client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		rec := recordOf(t, s, how, answer)
		if rec.Decision != "Deny" || rec.EventName != "GitPush" || rec.EventSource != "codecommit.amazonaws.com" || rec.Params["repositoryName"] != "Demo" || rec.Identity.AccessKeyID != user.cred.AccessKeyID || rec.ErrorCode == "" {
			t.Errorf("%s: recorded %+v", how, rec)
		}
	}
	filesHold(t, filepath.Join(s.Data, "audit"), map[string]string{"a wrong secret": "wrongSecretWrong", "a secret as a key": "swappedSecret",
		"a token": "forgedToken", "a session's token": expired.Token, "a secret": user.cred.Secret.Reveal()})
	whole(t, s.Data)
}

func recordOf(t *testing.T, s *sojourntest.Server, how string, answer *http.Response) audit.Record {
	t.Helper()
	r, ok := records(t, s.Data)[answer.Header.Get("X-Amzn-Requestid")]
	if !ok {
		t.Errorf("%s: %s %s is not on record", how, answer.Status, answer.Header.Get("X-Amzn-Requestid"))
	}
	return r
}

// A session whose token is made with a stolen root key opens what it names, for
// nothing else is wrong with it; but it raises the alarm, and is refused where
// that is set. Sessions that were issued raise none, also after a restart.
func TestStolenRootKey(t *testing.T) {
	for _, unknown := range []string{"report", "refuse"} {
		s := sojourntest.Start(t, func(c *node.Config) { c.Audit.Unknown = unknown })
		root := &api{t: t, s: s, cred: s.Root("")}
		issued := credentials(root.asUser("maria").query("sts", "Action", "GetSessionToken"))
		s.Restart()
		for _, cred := range []sigv4.Credentials{root.cred, issued} {
			if _, err := (&api{t: t, s: s, cred: cred}).tryQuery("sts", "Action", "GetCallerIdentity"); err != nil {
				t.Error(err)
			}
		}
		if strings.Contains(s.Logs.String(), "may be stolen") {
			t.Error("a false alarm")
		}
		stolen, err := seal.LoadKeyring(filepath.Join(s.Data, "keys", "root.json"))
		if err != nil {
			t.Fatal(err)
		}
		forged, err := stolen.Issue(principal.Session{Kind: principal.Root, Account: sojourntest.Account, ID: sojourntest.Account, Expires: s.Now().Add(time.Hour)}, s.Now())
		if err != nil {
			t.Fatal(err)
		}
		thief := &api{t: t, s: s, cred: sigv4.Credentials{AccessKeyID: forged.AccessKeyID, Secret: forged.Secret, Token: forged.Token}}
		for range 3 {
			_, err = thief.tryQuery("sts", "Action", "GetCallerIdentity")
			if (err != nil) != (unknown == "refuse") {
				t.Errorf("%s: %v", unknown, err)
			}
		}
		alarms := 0
		for _, r := range allRecords(t, s.Data) {
			if r.EventName == "SessionWithoutIssue" {
				if alarms++; r.Identity.AccessKeyID != forged.AccessKeyID || (r.Decision == "Deny") != (unknown == "refuse") {
					t.Errorf("%s: recorded %+v", unknown, r)
				}
			}
		}
		if want := map[string]int{"report": 1, "refuse": 3}[unknown]; alarms != want || !strings.Contains(s.Logs.String(), "may be stolen") {
			t.Errorf("%s: %d alarms, want %d", unknown, alarms, want)
		}
		if got := metric(t, root, "sojourn_audit_unknown_sessions_total"); got != fmt.Sprint(alarms) {
			t.Errorf("%s: the metric says %s", unknown, got)
		}
	}
}

func allRecords(t *testing.T, data string) (list []audit.Record) {
	t.Helper()
	if err := audit.Search(t.Context(), node.AuditDir(data), audit.Filter{}, func(r *audit.Record, _ []byte) error {
		list = append(list, *r)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return list
}

func metric(t *testing.T, a *api, name string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, a.s.URL+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	_, body := a.do(r)
	for line := range strings.Lines(string(body)) {
		if v, ok := strings.CutPrefix(line, name+" "); ok {
			return strings.TrimSpace(v)
		}
	}
	return ""
}
