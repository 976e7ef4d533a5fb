package logs

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sojourn/internal/server/event"
)

// sink keeps what is written, and counts the writes.
type sink struct {
	mu     sync.Mutex
	b      bytes.Buffer
	writes int
}

func (s *sink) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writes++
	return s.b.Write(p)
}

func (s *sink) read() (text string, writes int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String(), s.writes
}

func request(id string) *Request {
	return &Request{Method: "POST", Path: "/", Status: 200, Bytes: 1200, Took: 61 * time.Microsecond,
		Event: &event.Event{RequestID: id, SourceIP: netip.MustParseAddr("192.0.2.7"), Service: "sts", Operation: "AssumeRole"}}
}

// slow is the line as slog writes it.
func slow(r *Request, json bool, now time.Time) string {
	var b bytes.Buffer
	var h slog.Handler = slog.NewTextHandler(&b, &slog.HandlerOptions{Level: slog.LevelDebug})
	if json {
		h = slog.NewJSONHandler(&b, &slog.HandlerOptions{Level: slog.LevelDebug})
	}
	h.Handle(nil, r.record(now)) //nolint:staticcheck // it has no use for a context
	return b.String()
}

// quickly is the line as quick writes it, "" if it leaves it to slog.
func quickly(r *Request, json bool, now time.Time) string {
	l := New(&sink{}, json, slog.LevelDebug)
	l.quick(r, now)
	l.timer.Stop()
	return string(l.waiting)
}

func compare(t *testing.T, r *Request, now time.Time) (quick bool) {
	t.Helper()
	for _, json := range []bool{false, true} {
		if got := quickly(r, json, now); got != "" {
			quick = true
			if want := slow(r, json, now); got != want {
				t.Errorf("json %v:\n%sslog writes\n%s", json, got, want)
			}
		}
	}
	return quick
}

func TestLinesAreSlogs(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 60_000_000, time.FixedZone("", 2*3600))
	for _, r := range []*Request{
		request("r-1"),
		{Level: slog.LevelDebug, Method: "GET", Path: "/healthz", Status: 200, Event: &event.Event{RequestID: "r", SourceIP: netip.MustParseAddr("2001:db8::1")}},
		{Level: slog.LevelError, Method: "GET", Path: "/v1/repos/a~b/info/refs", Status: 503, Took: 3 * time.Hour, Bytes: 1 << 40,
			Event: &event.Event{RequestID: "r", SourceIP: netip.MustParseAddr("::ffff:192.0.2.1"), Service: "git", Operation: "GitPull",
				Caller: "arn:aws:sts::111122223333:assumed-role/R/a+b,c@d", Resource: "a~b", Error: "ServiceUnavailable"}},
	} {
		for _, at := range []time.Time{now, now.UTC(), now.Truncate(time.Second), now.Add(999_999_999), time.Now()} {
			if !compare(t, r, at) {
				t.Errorf("%+v is left to slog", r)
			}
		}
	}
}

// What needs quotation marks or escapes is slog's, whatever it is.
func FuzzLine(f *testing.F) {
	f.Add("GET", "/a b", "r", "caller", `x"y`, "", int64(1), int64(5), 200)
	f.Add("", "/<&>", "", "\x00", "\\", "é", int64(-1), int64(1e18), 0)
	f.Fuzz(func(t *testing.T, method, path, id, caller, resource, code string, bytes, took int64, status int) {
		compare(t, &Request{Method: method, Path: path, Status: status, Bytes: bytes, Took: time.Duration(took), Event: &event.Event{
			RequestID: id, SourceIP: netip.MustParseAddr("192.0.2.7"), Caller: caller, Resource: resource, Error: code}}, time.Unix(took%1e9, bytes).UTC())
	})
}

func TestTogetherAfterTheDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &sink{}
		l := New(out, false, slog.LevelInfo)
		for range 100 {
			l.Request(request("r"))
		}
		time.Sleep(Delay - time.Millisecond)
		if text, _ := out.read(); text != "" {
			t.Errorf("written at once: %.200s", text)
		}
		time.Sleep(time.Millisecond)
		synctest.Wait()
		if text, writes := out.read(); strings.Count(text, "\n") != 100 || writes != 1 {
			t.Errorf("%d lines in %d writes", strings.Count(text, "\n"), writes)
		}
		l.Request(request("later"))
		time.Sleep(Delay)
		synctest.Wait()
		if text, _ := out.read(); !strings.Contains(text, "later") {
			t.Error("the timer runs only once")
		}
	})
}

// A line that does not wait takes those before it along, in order.
func TestAtOnce(t *testing.T) {
	failed, odd := request("failed"), request("odd")
	failed.Level, failed.Status, failed.Event.Cause = slog.LevelError, 500, errors.New("a disk is full")
	odd.Path = "/with a blank"
	for name, say := range map[string]func(l *Log){
		"an error":          func(l *Log) { l.Request(failed) },
		"a line of its own": func(l *Log) { l.Logger().With("a", 1).WithGroup("g").Info("listening") },
		"the end":           func(l *Log) { l.Close() },
	} {
		out := &sink{}
		l := New(out, false, slog.LevelInfo)
		l.Request(request("first"))
		l.Request(odd)
		say(l)
		l.Request(request("second"))
		text, _ := out.read()
		if i, j := strings.Index(text, "first"), strings.Index(text, "odd"); i < 0 || j < i || strings.Contains(text, "second") != (name == "the end") {
			t.Errorf("%s:\n%s", name, text)
		}
		l.Close()
	}
}

func TestLevel(t *testing.T) {
	out := &sink{}
	l := New(out, true, slog.LevelWarn)
	l.Request(request("r"))
	l.Logger().Info("nothing")
	l.Close()
	if text, _ := out.read(); text != "" {
		t.Error(text)
	}
}

// Nothing is lost, nothing is written twice, and lines stay whole, with many at
// once and more than may wait.
func TestNothingIsLost(t *testing.T) {
	out := &sink{}
	l := New(out, false, slog.LevelInfo)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 2000 {
				l.Request(request(fmt.Sprintf("r-%d-%d", i, j)))
			}
		})
	}
	wg.Wait()
	l.Close()
	text, writes := out.read()
	seen := map[string]int{}
	for line := range strings.Lines(text) {
		_, rest, _ := strings.Cut(line, "request_id=")
		id, _, _ := strings.Cut(rest, " ")
		seen[id]++
		if !strings.HasPrefix(line, "time=") || !strings.HasSuffix(line, "operation=AssumeRole\n") {
			t.Fatalf("%q", line)
		}
	}
	if len(seen) != 16000 || strings.Count(text, "\n") != 16000 || writes > 200 {
		t.Errorf("%d ids, %d lines, %d writes", len(seen), strings.Count(text, "\n"), writes)
	}
}

func BenchmarkRequest(b *testing.B) {
	r := request("00000000-0000-4000-8000-000000000000")
	r.Event.Caller = "arn:aws:iam::111122223333:user/u"
	discard := slog.NewTextHandler(&sink{}, nil)
	for name, write := range map[string]func(*Request){"quick": New(&discarded{}, false, slog.LevelInfo).Request, "slog": Handler(discard)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				write(r)
			}
		})
	}
}

type discarded struct{}

func (discarded) Write(p []byte) (int, error) { return len(p), nil }

// full is a disk with room for some bytes.
type full struct {
	sink
	room int
}

func (f *full) Write(p []byte) (int, error) {
	n := min(len(p), f.room)
	f.room -= n
	f.sink.Write(p[:n])
	if n < len(p) {
		return n, errors.New("no space left on device")
	}
	return n, nil
}

// What a full disk has cut off does not become one line with the next.
func TestTornLines(t *testing.T) {
	for _, more := range []int{0, 1, 3} { // bytes of room for the second try
		out := &full{room: 250}
		l := New(out, false, slog.LevelInfo)
		for range 3 {
			l.Request(request("lost"))
		}
		l.Flush()
		out.room = more
		l.Logger().Info("lost too")
		out.room = 1 << 20
		l.Logger().Info("whole")
		l.Logger().Info("another")
		l.Close()
		text, _ := out.read()
		var whole []string
		for line := range strings.Lines(text) {
			if strings.HasPrefix(line, "time=") && strings.HasSuffix(line, "\n") && strings.Count(line, "time=") == 1 {
				whole = append(whole, line)
			}
		}
		if n := len(whole); n < 3 || !strings.HasSuffix(whole[n-2], "msg=whole\n") || !strings.HasSuffix(whole[n-1], "msg=another\n") {
			t.Errorf("%d bytes of room:\n%s", more, text)
		}
	}
}

// Each byte in each text of a line stands there as slog writes it: none ends the
// line, or begins a field that is not there.
func TestOddBytes(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	quick := map[byte]int{}
	fields := []func(*Request) *string{
		func(r *Request) *string { return &r.Method }, func(r *Request) *string { return &r.Path }, func(r *Request) *string { return &r.Event.RequestID },
		func(r *Request) *string { return &r.Event.Service }, func(r *Request) *string { return &r.Event.Operation }, func(r *Request) *string { return &r.Event.Caller },
		func(r *Request) *string { return &r.Event.Resource }, func(r *Request) *string { return &r.Event.Error },
	}
	for i, field := range fields {
		for b := range 256 {
			r := request("r")
			*field(r) = "a" + string([]byte{byte(b)}) + "b"
			if compare(t, r, now) {
				quick[byte(b)]++
			}
		}
		r := request("r")
		*field(r) = ""
		if compare(t, r, now) != (i > 2) {
			t.Errorf("field %d, empty, is left to slog: %t", i, i > 2)
		}
	}
	for b := byte(0); b < 0xff; b++ {
		want := len(fields)
		if b <= ' ' || b > '~' || strings.IndexByte("\"=\\<>&", b) >= 0 {
			want = 0
		}
		if quick[b] != want {
			t.Errorf("%q is written by hand in %d fields", b, quick[b])
		}
	}
	failed, nowhere := request("r"), request("r")
	failed.Event.Cause, nowhere.Event.SourceIP = errors.New("x"), netip.Addr{}
	if compare(t, failed, now) || compare(t, nowhere, now) {
		t.Error("a line with a cause, or without an address, is written by hand")
	}
}

// What goes to slog alone, and what goes to the log by it, is a whole line of the form that was asked for.
func TestForms(t *testing.T) {
	for _, json := range []bool{false, true} {
		out := &sink{}
		l := New(out, json, slog.LevelInfo)
		odd := request("odd")
		odd.Path = "/with a blank"
		l.Request(request("plain"))
		l.Request(odd)
		l.Logger().Info("listening", "on", "x")
		text, _ := out.read()
		if strings.HasPrefix(text, "{") != json || strings.Count(text, "\n") != 3 || !strings.Contains(text, "/with a blank") || !strings.Contains(text, "listening") {
			t.Errorf("json %t:\n%s", json, text)
		}
		l.Close()
	}
	var b bytes.Buffer
	say := Handler(slog.NewTextHandler(&b, &slog.HandlerOptions{Level: slog.LevelInfo}))
	quiet := request("quiet")
	quiet.Level = slog.LevelDebug
	say(quiet)
	say(request("told"))
	if text := b.String(); strings.Contains(text, "quiet") || !strings.Contains(text, "request_id=told") || strings.Count(text, "\n") != 1 {
		t.Error(text)
	}
}

// A flood goes out as it comes, whoever writes its lines, and leaves no large buffer behind.
func TestFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, path := range []string{"/", "/with a blank"} {
			out := &sink{}
			l := New(out, false, slog.LevelInfo)
			r := request("r")
			r.Path = path
			for range 3 * maxWaiting / 150 {
				l.Request(r)
			}
			if text, writes := out.read(); len(text) < 2*maxWaiting || writes < 2 || writes > 4 {
				t.Errorf("%q: %d bytes in %d writes before the delay", path, len(text), writes)
			}
			r.Path += strings.Repeat("x", 4*maxWaiting)
			l.Request(r)
			l.Request(r)
			if cap(l.spare) > 2*maxWaiting {
				t.Errorf("%q: a buffer of %d bytes is kept", path, cap(l.spare))
			}
			l.Close()
		}
	})
}
