package metrics

import (
	"net/http/httptest"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// Dashboards and alerts are written for the names of Prometheus's own library (client_golang 1.25, its default collectors).
func TestNamesAreTheLibrarys(t *testing.T) {
	want, err := os.ReadFile("testdata/client_golang.txt")
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for line := range strings.Lines(New().String()) {
		if rest, ok := strings.CutPrefix(line, "# TYPE "); ok {
			got.WriteString(rest)
		}
	}
	if got.String() != string(want) {
		t.Errorf("there are\n%s\nwant\n%s", got.String(), want)
	}
}

// Each line is of the format, each family has one head, and what a running process must have is not 0.
func TestFormat(t *testing.T) {
	r := New(Func{Gauge, "b", "with a \\ and\na line", []Label{{"z", "1"}, {"a", "q\"\\\n"}}, func() float64 { return 0.5 }},
		Func{Counter, "a", "first", nil, func() float64 { return 1e21 }}, Func{Gauge, "b", "", []Label{{"a", "2"}}, func() float64 { return -1 }})
	r.Counters("unseen", "has no value yet", "x")
	w := httptest.NewRecorder()
	r.ServeHTTP(w, nil)
	text := w.Body.String()
	if got := w.Header().Get("Content-Type"); got != "text/plain; version=0.0.4; charset=utf-8" {
		t.Error(got)
	}
	const want = "# HELP a first\n# TYPE a counter\na 1e+21\n# HELP b with a \\\\ and\\na line\n# TYPE b gauge\nb{a=\"q\\\"\\\\\\n\",z=\"1\"} 0.5\nb{a=\"2\"} -1\n"
	if !strings.HasPrefix(text, want) || strings.Contains(text, "unseen") {
		t.Errorf("begins\n%.300s\nwant\n%s", text, want)
	}
	line := regexp.MustCompile(`^(# (HELP|TYPE) [a-z_]+ .+|([a-z_]+)(\{[a-z]+="([^"\\\n]|\\["\\n])*"(,[a-z]+="([^"\\\n]|\\["\\n])*")*\})? (\S+))\n$`)
	for l := range strings.Lines(text) {
		m := line.FindStringSubmatch(l)
		if m == nil {
			t.Errorf("not of the format: %q", l)
			continue
		}
		if strings.HasPrefix(m[3], "process_") && !strings.Contains(m[3], "network") && !strings.Contains(m[3], "cpu") || m[3] == "go_threads" || m[3] == "go_memstats_sys_bytes" {
			if v, err := strconv.ParseFloat(m[8], 64); err != nil || v <= 0 {
				t.Errorf("%s", l)
			}
		}
	}
}

func TestVectors(t *testing.T) {
	r := New()
	c := r.Counters("c_total", "counts", "route", "class")
	h := r.Histograms("h_seconds", "takes", []float64{.125, 1}, "route")
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			c.Inc("git", "2xx")
			h.Observe(.125, "git") // a bound belongs to its bucket
			h.Observe(2, "git")
			_ = r.String()
		})
	}
	all.Wait()
	c.Inc("api", "4xx")
	text := r.String()
	for _, want := range []string{
		"# TYPE c_total counter\nc_total{class=\"4xx\",route=\"api\"} 1\nc_total{class=\"2xx\",route=\"git\"} 8\n",
		"# TYPE h_seconds histogram\nh_seconds_bucket{route=\"git\",le=\"0.125\"} 8\nh_seconds_bucket{route=\"git\",le=\"1\"} 8\nh_seconds_bucket{route=\"git\",le=\"+Inf\"} 16\n" +
			"h_seconds_sum{route=\"git\"} 17\nh_seconds_count{route=\"git\"} 16\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("want\n%s\nin\n%s", want, text[strings.Index(text, "# HELP c_"):])
		}
	}
}
