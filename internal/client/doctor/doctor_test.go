package doctor

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"sojourn/internal/client/session"
)

// A clock is told before the servers refuse what it signs, with the command of the system at hand.
func TestClock(t *testing.T) {
	there := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		off    time.Duration
		goos   string
		status Status
		text   string
		fix    string
	}{
		{0, "linux", OK, "within 1s of the server's", ""},
		{59 * time.Second, "linux", OK, "within 59s of the server's", ""},
		{61 * time.Second, "linux", Warning, "this machine's clock is 1m1s ahead of the server's", "set the clock: timedatectl set-ntp true"},
		{-2 * time.Minute, "darwin", Warning, "this machine's clock is 2m0s behind the server's", "set the clock: sudo sntp -sS time.apple.com"},
		{-6 * time.Minute, "windows", Problem, "this machine's clock is 6m0s behind the server's; signatures that are more than 5 minutes off are refused", "set the clock: w32tm /resync"},
		{24 * time.Hour, "linux", Problem, "this machine's clock is 24h0m0s ahead of the server's; signatures that are more than 5 minutes off are refused", "set the clock: timedatectl set-ntp true"},
	} {
		d := &Doctor{GOOS: c.goos}
		d.clock(there.Format(http.TimeFormat), there.Add(c.off+500*time.Millisecond))
		if want := (Finding{"clock", c.status, c.text, c.fix}); len(d.list) != 1 || d.list[0] != want {
			t.Errorf("%v: %+v, want %+v", c.off, d.list, want)
		}
	}
	d := &Doctor{}
	if d.clock("soon", there); d.list[0].Status != Skipped {
		t.Errorf("%+v", d.list)
	}
}

// What a server or a file says does not move the terminal's cursor.
func TestClean(t *testing.T) {
	if got := clean("a\x1b[2J\nb\tc\u009b\x7f"); got != "a?[2J b c??" {
		t.Errorf("%q", got)
	}
}

// A repository is asked for as a clone would ask, and each refusal has its own way on.
func TestRepository(t *testing.T) {
	for status, want := range map[int]Finding{
		200: {"repository", OK, "URL/v1/repos/r can be read", ""},
		403: {"repository", Problem, "URL/v1/repos/r: status 403: said", "sojourn explain --action codecommit:GitPull --resource ARN tells which policy decides"},
		404: {"repository", Problem, "URL/v1/repos/r: status 404: said", "sojourn codecommit list-repositories --profile default lists those of this account and region"},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if user, _, _ := r.BasicAuth(); user != "AKID" || r.URL.RequestURI() != "/v1/repos/r/info/refs?service=git-upload-pack" {
				t.Errorf("%s by %q", r.URL, user)
			}
			http.Error(w, "said", status)
		}))
		defer server.Close()
		env := map[string]string{"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "s", "AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": server.URL}
		d := &Doctor{Env: func(k string) (string, bool) { v, ok := env[k]; return v, ok }, Now: time.Now, Remote: "codecommit://r"}
		var err error
		if d.session, err = session.Open(session.Options{Env: d.Env, Now: d.Now}); err != nil {
			t.Fatal(err)
		}
		d.repository(t.Context())
		want.Text = strings.Replace(want.Text, "URL", server.URL, 1)
		if len(d.list) != 1 || d.list[0] != want {
			t.Errorf("%d: %+v, want %+v", status, d.list, want)
		}
	}
}
