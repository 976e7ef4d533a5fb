package e2e

import (
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sojourn/internal/events"
	"sojourn/internal/secret"
	"sojourn/internal/sojourntest"
)

// eventReceiver is a server that events are posted to.
type eventReceiver struct {
	t   *testing.T
	key secret.String

	mu   sync.Mutex
	seen []string // "EVENT REF COMMIT", as they came
	ids  map[string]bool
}

func (e *eventReceiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	id, at := r.Header.Get("Webhook-Id"), r.Header.Get("Webhook-Timestamp")
	if err != nil || r.Header.Get("Webhook-Signature") != events.Sign(e.key, id, at, body) {
		e.t.Errorf("an event with signature %q, %v", r.Header.Get("Webhook-Signature"), err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.ids[id] { // at least once
		e.seen = append(e.seen, told(e.t, body))
	}
	e.ids[id] = true
}

func told(t *testing.T, body []byte) string {
	var m struct {
		Detail struct{ Event, ReferenceFullName, CommitID, CallerUserARN string }
	}
	if err := json.Unmarshal(body, &m); err != nil || m.Detail.CallerUserARN == "" {
		t.Errorf("event %s: %v", body, err)
	}
	return m.Detail.Event + " " + m.Detail.ReferenceFullName + " " + m.Detail.CommitID
}

func (e *eventReceiver) has() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.seen)
}

// The receiver is away and the server is killed: what was pushed before is told
// all the same, in its order, when both are back.
func TestEventsOfKilledServer(t *testing.T) {
	home := t.TempDir()
	raw := strings.Repeat("k", 32)
	put := func(name string, data []byte) string {
		path := filepath.Join(home, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	away := l.Addr().String()
	l.Close()
	to := &eventReceiver{t: t, key: secret.New(raw), ids: map[string]bool{}}
	front := httptest.NewUnstartedServer(to)
	front.StartTLS()
	ca := put("ca.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: front.Certificate().Raw}))
	front.Close()
	sojourntest.Secret("webhook key", base64.StdEncoding.EncodeToString([]byte(raw)))
	log := filepath.Join(home, "events.jsonl")
	p := &process{t: t, data: t.TempDir(), addr: "127.0.0.1:0", more: []string{"--config", put("sojourn.conf", []byte(
		"events-log = "+log+"\nevents-webhook = https://"+away+"/hook\nevents-key-file = "+put("key", []byte(base64.StdEncoding.EncodeToString([]byte(raw))))+
			"\nevents-allow-cidr = 127.0.0.1/32\nevents-ca = "+ca+"\n"))}}
	p.start()
	defer func() { p.kill() }()
	_, work := killedSetup(t, p)
	work.Run("git", "push", "-q", remote, "main", "main:refs/heads/gone", "main:refs/tags/v1")
	work.Run("git", "push", "-q", remote, ":refs/heads/gone")
	head := strings.TrimSpace(work.Run("git", "rev-parse", "HEAD"))
	p.kill()

	front = httptest.NewUnstartedServer(to)
	front.Listener.Close()
	if front.Listener, err = net.Listen("tcp", away); err != nil {
		t.Fatal(err)
	}
	front.StartTLS()
	defer front.Close()
	p.start()
	want := []string{"referenceCreated refs/heads/main " + head, "referenceCreated refs/heads/gone " + head, "referenceCreated refs/tags/v1 " + head, "referenceDeleted refs/heads/gone "}
	for end := time.Now().Add(time.Minute); len(to.has()) < len(want) && time.Now().Before(end); {
		time.Sleep(50 * time.Millisecond)
	}
	if got := to.has(); !slices.Equal(got, want) {
		t.Errorf("the webhook was told\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	var logged []string
	for line := range strings.Lines(string(text)) {
		if one := told(t, []byte(line)); !slices.Contains(logged, one) {
			logged = append(logged, one)
		}
	}
	if !slices.Equal(logged, want) {
		t.Errorf("the log has\n%s", text)
	}
	shown := metricsOf(t, p)
	for _, name := range []string{`sojourn_events_backlog{sink="webhook"} 0`, `sojourn_events_backlog{sink="log"} 0`, `sojourn_git_processes{class="stream"} `, `sojourn_git_queue{class="task"} `,
		`sojourn_git_refused_total{class="stream"} 0`, "sojourn_git_generations ", "sojourn_git_packs ", `sojourn_git_compactions_total{kind="base"} `, "sojourn_git_sweeps_total "} {
		if !strings.Contains(shown, "\n"+name) {
			t.Errorf("/metrics lacks %q", name)
		}
	}
}

// metricsOf is what a server shows of itself once its events are delivered.
func metricsOf(t *testing.T, p *process) (shown string) {
	s := sojourntest.At(t, p.data, "https://"+p.addr)
	c := (&api{t: t, s: s}).client()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		resp, err := c.Get(s.URL + "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if shown = string(text); err != nil || strings.Contains(shown, `sojourn_events_backlog{sink="webhook"} 0`) {
			break
		}
	}
	return shown
}
