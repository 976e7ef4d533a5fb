package main

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sojourn/internal/audit"
)

// auditData is a data directory with a log of a few records, one of them hostile.
func auditData(t *testing.T) string {
	t.Helper()
	data := t.TempDir()
	keys := filepath.Join(data, "keys")
	if err := os.Mkdir(keys, 0o700); err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	l, err := audit.OpenWith(audit.Options{Dir: filepath.Join(data, "audit"), Keys: keys, Now: func() time.Time { return at }})
	if err != nil {
		t.Fatal(err)
	}
	const repo = "arn:aws:codecommit:us-east-1:111122223333:MyDemoRepo"
	for i, r := range []audit.Record{
		{EventName: "GitPull", Decision: "Allow", Identity: audit.Identity{Type: "User", ARN: "arn:aws:iam::111122223333:user/maria", AccessKeyID: "AKIAMARIA"}, SourceIP: "192.0.2.7"},
		{EventName: "GitPull", Decision: "Allow", Identity: audit.Identity{Type: "User", ARN: "arn:aws:iam::111122223333:user/maria", AccessKeyID: "AKIAMARIA"}, SourceIP: "192.0.2.8"},
		{EventName: "GitPull", Decision: "Deny", Identity: audit.Identity{Type: "User", ARN: "arn:aws:iam::111122223333:user/eve", AccessKeyID: "AKIAEVE"}, SourceIP: "198.51.100.1"},
		{EventName: "GitPush", Decision: "Allow", Identity: audit.Identity{Type: "User", ARN: "arn:aws:iam::111122223333:user/bob"}, Params: map[string]string{"reference": "refs/heads/\x1b[31mred"}},
	} {
		r.EventTime, r.EventSource, r.Resource, r.Account, r.RequestID = at.Add(time.Duration(i)*time.Minute), "codecommit.amazonaws.com", repo, "111122223333", "r"+string(rune('0'+i))
		r.UserAgent = "\x1b]0;pwned\x07"
		if err := l.Record(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return data
}

func TestAuditCommands(t *testing.T) {
	data := auditData(t)
	dir, public := filepath.Join(data, "audit"), filepath.Join(data, "keys", "audit-public.pem")
	for _, c := range []struct {
		args   string
		status int
		want   []string // on either output
		never  []string
	}{
		{"verify --data DATA", 0, []string{"records 1 to 4, of 2026-11-24T12:00:00Z to 2026-11-24T12:03:00Z", "--anchor 4:"}, nil},
		{"verify --dir DIR --public-key KEY --json", 0, []string{`"whole": true`, `"last": 4`}, nil},
		{"verify --dir DIR", 2, []string{"public-key: it is missing"}, nil},
		{"verify --data DATA --anchor 4:" + strings.Repeat("ab", 32), 1, []string{"2026-11-24.jsonl line 4", "known from elsewhere"}, nil},
		{"verify --data DATA --anchor nonsense", 2, []string{`anchor "nonsense"`}, nil},
		{"verify --data DATA --max-age 1h", 1, []string{"older copy"}, nil},
		{"search --data DATA --principal MARIA", 0, []string{"ALLOWED", "user/maria", "from=192.0.2.8"}, []string{"eve", "bob"}},
		{"search --data DATA --resource MyDemoRepo --reads --summary", 0, []string{"user/maria  2        0", "user/eve    0        1", "192.0.2.7 192.0.2.8"}, []string{"bob"}},
		{"search --data DATA --resource MyDemoRepo --summary --json", 0, []string{`"principal": "arn:aws:iam::111122223333:user/bob"`}, nil},
		{"search --data DATA --decision deny", 0, []string{"REFUSED", "user/eve", "error=AccessDenied"}, []string{"maria"}},
		{"search --data DATA --access-key AKIAEVE --json", 0, []string{`"accessKeyId":"AKIAEVE"`}, []string{"maria", `"chain"`, "\x1b"}},
		{"search --data DATA --action codecommit:*Push", 0, []string{"bob", "ref=refs/heads/?[31mred"}, []string{"maria", "\x1b"}},
		{"search --data DATA --since 2026-11-24T12:01:00Z --until 2026-11-24T12:02:00Z", 0, []string{"request=r1"}, []string{"r0", "r2", "r3"}},
		{"search --data DATA --resource Other --account 111122223333", 0, nil, []string{"maria"}},
		{"search --data DATA --request-id r3", 0, []string{"bob"}, []string{"maria"}},
		{"search --data DATA --since yesterday", 2, []string{`since "yesterday"`}, nil},
		{"search --data DATA --decision perhaps", 2, []string{`decision "perhaps"`}, nil},
		{"tail --data DATA -n 2", 0, []string{"eve", "bob"}, []string{"maria", "\x1b"}},
		{"tail --data DATA -n -1", 2, []string{"n -1"}, nil},
		{"export --data DATA --format csv", 0, []string{"eventTime,", "user/maria"}, []string{"\x07,"}},
		{"export --data DATA --decision deny", 0, []string{`{"Records":[{"eventVersion"`, "]}"}, []string{"maria"}},
		{"export --data DATA --principal nobody-at-all", 0, []string{`{"Records":[]}`}, nil},
		{"export --data DATA --format xml", 2, []string{`format "xml"`}, nil},
		{"search --data DATA/none", 1, []string{"there is no audit log"}, nil},
		{"search", 2, []string{"data: the directory is missing"}, nil},
		{"nonsense", 2, []string{`no command "nonsense"`}, nil},
	} {
		line := strings.NewReplacer("DATA", data, "DIR", dir, "KEY", public).Replace(c.args)
		a, out, errOut := testApp(nil)
		status := a.main(t.Context(), append([]string{"audit"}, strings.Fields(line)...))
		text := out.String() + errOut.String()
		if status != c.status {
			t.Errorf("audit %s: status %d, want %d\n%s", c.args, status, c.status, text)
		}
		for _, w := range c.want {
			if !strings.Contains(text, w) {
				t.Errorf("audit %s: want %q in\n%s", c.args, w, text)
			}
		}
		for _, n := range c.never {
			if strings.Contains(text, n) {
				t.Errorf("audit %s: %q stands in\n%s", c.args, n, text)
			}
		}
	}
}

// An export is compressed where its name says so, is its owner's only, and goes
// over no file that is there.
func TestAuditExportFile(t *testing.T) {
	data := auditData(t)
	path := filepath.Join(t.TempDir(), "records.json.gz")
	for want := range 2 {
		a, _, errOut := testApp(nil)
		if status := a.main(t.Context(), []string{"audit", "export", "--data", data, "--out", path}); status != want {
			t.Fatalf("status %d, want %d: %s", status, want, errOut)
		}
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v %v", info.Mode(), err)
	}
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Records []map[string]any }
	if err := json.Unmarshal(text, &file); err != nil || len(file.Records) != 4 || file.Records[0]["eventName"] != "GitPull" || file.Records[0]["chain"] != nil {
		t.Errorf("%v %s", err, text)
	}
}
