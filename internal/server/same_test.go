package server

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"sojourn/internal/server/event"
)

// door does what a query asks for.
func door(w http.ResponseWriter, r *http.Request) {
	ev := event.From(r.Context())
	ev.Service, ev.Caller = "sts", r.Header.Get("X-Who")
	switch r.URL.Query().Get("do") {
	case "panic":
		panic("boom")
	case "late":
		io.WriteString(w, "half")
		panic("boom")
	case "abort":
		panic(http.ErrAbortHandler)
	case "nothing":
		w.WriteHeader(http.StatusNoContent)
		io.WriteString(w, "x")
	case "same":
		w.WriteHeader(http.StatusNotModified)
	case "fail":
		ev.Error, ev.Cause = "ServiceUnavailable", io.ErrUnexpectedEOF
		w.WriteHeader(http.StatusServiceUnavailable)
		io.WriteString(w, "later")
	case "long":
		w.Write(bytes.Repeat([]byte("x"), 100_000))
	case "unread":
		io.WriteString(w, "refused")
	default:
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1000))
		fmt.Fprintf(w, "%s %q %v", r.Header.Get("X-Who"), body, err)
	}
}

var changes = regexp.MustCompile(`(time|took|request_id|stack)=("(\\.|[^"])*"|\S+)`)

// A request has the same answer, the same line in the log and the same place in
// the metrics, whichever loop served it.
func TestSameLines(t *testing.T) {
	get := func(target string) string { return "GET " + target + " HTTP/1.1\r\nHost: x\r\nX-Who: me\r\n\r\n" }
	post := func(target, body string) string {
		return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: x\r\nX-Who: arn:aws:iam::1:user/a\r\nContent-Length: %d\r\n\r\n%s", target, len(body), body)
	}
	for _, text := range []string{
		get("/"), get("/?a"), post("/", "hello"), post("/?do=unread", strings.Repeat("a", 60_000)), post("/", strings.Repeat("a", 1001)), get("/?do=panic"), get("/?do=late"), get("/?do=abort"),
		get("/?do=nothing"), get("/?do=same"), get("/?do=fail"), get("/?do=long"), get("/v1/repos/a/info/refs?service=git-upload-pack"), get("/v1/repos/a%20%22b/info/refs"),
		get("/v1/repos/../info/refs"), get("/v1/repos//info/refs"), get("/v1/repos/" + strings.Repeat("a", 300) + "/info/refs"), post("/v1/repos/a/info/refs", "x"),
		strings.Replace(get("/?a"), "Host: x", "Host: y", 1), strings.Replace(post("/", "a"), "Host: x", "Host: y:1", 1), strings.Replace(get("/?a"), "X-Who: me", "X-Who: \"a\\ b=c<\"", 1),
		get("/?a") + get("/?b") + post("/", "c") + get("/?do=fail") + get("/?d"),
	} {
		var seen [2]string
		for i, name := range []string{"as it is", "net/http alone"} {
			h := startAs(t, arrangements[name], door, door, func(o *Options) { o.Serves = func(host string) bool { return host == "x" } })
			seen[i] = h.lines(t, text)
		}
		if seen[0] != seen[1] {
			t.Errorf("%.200q\n%s\nand with net/http alone\n%s", text, seen[0], seen[1])
		}
	}
}

// lines sends text and tells what is answered, logged and counted.
func (h *harness) lines(t *testing.T, text string) string {
	t.Helper()
	f := &front{harness: h}
	answers, _ := f.send(t, f.dial(t), text)
	var b strings.Builder
	in := bufio.NewReader(strings.NewReader(answers))
	for {
		a, err := http.ReadResponse(in, nil)
		if err != nil {
			break
		}
		body, err := io.ReadAll(a.Body)
		for _, name := range []string{"Date", "Content-Length", "Connection"} {
			a.Header.Del(name)
		}
		fmt.Fprintf(&b, "%d %v %d bytes %.100q %v\n", a.StatusCode, a.Header, len(body), body, err)
	}
	b.WriteString(changes.ReplaceAllString(h.logs.String(), "$1="))
	_, metrics := getQuietly(h)
	for line := range strings.Lines(metrics) {
		if strings.HasPrefix(line, "sojourn_requests_total") && !strings.Contains(line, `"metrics"`) {
			b.WriteString(line)
		}
	}
	return b.String()
}

func getQuietly(h *harness) (int, string) {
	r, err := http.Get(h.url + "/metrics")
	if err != nil {
		return 0, err.Error()
	}
	defer r.Body.Close()
	text, _ := io.ReadAll(r.Body)
	return r.StatusCode, string(text)
}

// Many clients pipeline over connections that live long, and some change to
// net/http on the way: each answer is the one for its own request, and what a
// handler keeps of a request stays as it was.
func TestNobodyGetsAnothers(t *testing.T) {
	var mu sync.Mutex
	kept := map[string][]string{}
	keep := func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		who, ev := r.Header.Get("X-Who"), event.From(r.Context())
		ev.Caller, ev.Resource = who, r.URL.RawQuery
		mu.Lock()
		kept[who] = append(kept[who], who, r.URL.RawQuery, r.Host, r.RequestURI, string(body))
		mu.Unlock()
		w.Header().Set("X-Who", who)
		fmt.Fprintf(w, "%s %s %s", who, r.URL.RawQuery, body)
	}
	h := start(t, keep, keep)
	const clients, rounds = 8, 40
	var wg sync.WaitGroup
	for i := range clients {
		wg.Go(func() {
			c := (&front{harness: h}).dial(t)
			defer c.Close()
			c.SetDeadline(time.Now().Add(time.Minute))
			in := bufio.NewReader(c)
			for round := range rounds {
				var text strings.Builder
				n := 2 + (round*7+i)%49
				for k := range n {
					who := fmt.Sprintf("%d-%d-%d", i, round, k)
					body := strings.Repeat(who+".", 1+(k*k*(i+1))%400)
					switch {
					case k%3 == 0:
						fmt.Fprintf(&text, "GET /?%s HTTP/1.1\r\nHost: %s\r\nX-Who: %s\r\n\r\n", who, who, who)
					case round == rounds-3 && k == n/2: // from here on it is net/http's
						fmt.Fprintf(&text, "POST /?%s HTTP/1.1\r\nHost: %s\r\nX-Who:\t%s\r\nContent-Length: %d\r\n\r\n%s", who, who, who, len(body), body)
					default:
						fmt.Fprintf(&text, "POST /?%s HTTP/1.1\r\nHost: %s\r\nX-Who: %s\r\nContent-Length: %d\r\n\r\n%s", who, who, who, len(body), body)
					}
				}
				go io.WriteString(c, text.String())
				for k := range n {
					who := fmt.Sprintf("%d-%d-%d", i, round, k)
					body := strings.Repeat(who+".", 1+(k*k*(i+1))%400)
					if k%3 == 0 {
						body = ""
					}
					a, err := http.ReadResponse(in, nil)
					if err != nil {
						t.Errorf("%s: %v", who, err)
						return
					}
					got, err := io.ReadAll(a.Body)
					if want := who + " " + who + " " + body; string(got) != want || err != nil || a.Header.Get("X-Who") != who {
						t.Errorf("%s: %.60q %v %v", who, got, a.Header, err)
						return
					}
				}
			}
		})
	}
	wg.Wait()
	for who, all := range kept {
		for _, text := range all {
			if text != "" && !strings.Contains(text, who) {
				t.Errorf("%s: %.100q", who, text)
			}
		}
	}
	for line := range strings.Lines(h.logs.String()) {
		_, caller, found := strings.Cut(line, "caller=")
		caller, resource, _ := strings.Cut(strings.TrimSpace(caller), " resource=")
		if found && caller != resource {
			t.Errorf("a line of two requests: %s", line)
		}
	}
}
