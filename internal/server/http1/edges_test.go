package http1

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// padded is a POST of which head, body and the number of headers are so long.
func padded(head, headers, body int) string {
	text := fmt.Sprintf("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n%sPad: ", body, numbered(headers-3))
	text += strings.Repeat("a", max(0, head-len(text)-len("\r\n\r\n"))) + "\r\n"
	return text + "\r\n" + strings.Repeat("b", body)
}

// At each bound of what is taken the last is taken and the first beyond is
// net/http's, however it comes, and both are served alike.
func TestBounds(t *testing.T) {
	ours, alone := sides(t)
	n := 0
	for name, c := range map[string]struct {
		text  string
		taken bool
	}{
		"the longest head":   {padded(maxHead, 4, 5), true},
		"a longer one":       {padded(maxHead+1, 4, 5), false},
		"all headers":        {padded(0, maxHeaders, 5), true},
		"one more":           {padded(0, maxHeaders+1, 5), false},
		"the longest body":   {padded(0, 3, maxBody), true},
		"a longer body":      {padded(0, 3, maxBody+1), false},
		"all of it":          {padded(maxHead, maxHeaders, maxBody), true},
		"a head of 60 KiB":   {padded(60<<10, 4, 5), false},
		"a head of 100 KiB":  {padded(100<<10, 4, 5), false},
		"behind a long body": {padded(0, 3, maxBody) + padded(maxHead+1, 4, 5), false},
	} {
		for _, piece := range []int{1 << 17, 4096, 1000, 17} {
			n++
			got, codes, quick := ours.send(n, []byte(c.text), piece)
			want, wantCodes, _ := alone.send(n, []byte(c.text), piece)
			if !slices.Equal(got, want) || !slices.Equal(codes, wantCodes) {
				t.Errorf("%s, %d bytes at a time: %d %.80q, net/http %d %.80q", name, piece, codes, got, wantCodes, want)
			}
			if taken := quick == strings.Count(c.text, "POST "); taken != c.taken {
				t.Errorf("%s, %d bytes at a time, is taken: %t", name, piece, taken)
			}
		}
	}
}

// A connection changes hands with whatever has been read of it, over TLS too,
// and also when a body takes longer than a head may.
func TestHandOver(t *testing.T) {
	large := strings.Repeat("0123456789", 20_000)
	texts := []string{plainGet, fmt.Sprintf("POST /rest?%s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", "large", len(large), large), plainGet,
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhelloworld"}
	for name, config := range map[string]*tls.Config{"plain": nil, "TLS": {Certificates: []tls.Certificate{selfSigned(t)}}} {
		for _, wait := range []time.Duration{0, 900 * time.Millisecond} { // beyond the time for a head
			p := start(t, func(p *pair) { p.certificate, p.headerTimeout = config, 600*time.Millisecond })
			c := p.dial(t)
			if config != nil {
				c = tls.Client(c, &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // whose certificate it is does not matter here
			}
			all := strings.Join(texts, "")
			if wait > 0 { // a small one whose body comes late
				all = plainGet + texts[3] + plainGet
			}
			cut := strings.Index(all, "llo")
			if wait == 0 {
				cut = len(plainGet) + 3000
			}
			go func() {
				io.WriteString(c, all[:cut])
				time.Sleep(wait)
				io.WriteString(c, all[cut:])
			}()
			in := bufio.NewReader(c)
			for range strings.Count(all, "HTTP/1.1") {
				a, err := http.ReadResponse(in, nil)
				if err != nil || a.StatusCode != http.StatusOK {
					t.Fatalf("%s, %v: %v %v", name, wait, a, err)
				}
				io.Copy(io.Discard, a.Body)
			}
			quick, rest := p.got()
			if len(quick) != 1 || len(rest) != strings.Count(all, "HTTP/1.1")-1 {
				t.Errorf("%s, %v: %d and %d requests", name, wait, len(quick), len(rest))
			}
			for i, want := range []string{large, "", "helloworld"} {
				if wait > 0 {
					want = []string{"helloworld", "", ""}[i]
				}
				if i < len(rest) && !strings.HasSuffix(rest[i], fmt.Sprintf("body=%q <nil>", want)) {
					t.Errorf("%s, %v: request %d is %.120q", name, wait, i, rest[i])
				}
			}
		}
	}
}

// Who does not read its answer is let go, and its handler with it.
func TestSlowReader(t *testing.T) {
	ended := make(chan error, 1)
	p := start(t, func(p *pair) {
		p.writeTimeout = 300 * time.Millisecond
		p.handle = func(w http.ResponseWriter, _ *http.Request) {
			var err error
			for range 1000 {
				if _, err = w.Write(make([]byte, 1<<20)); err != nil {
					break
				}
			}
			ended <- err
		}
	})
	io.WriteString(p.dial(t), plainGet)
	select {
	case err := <-ended:
		var late net.Error
		if !errors.As(err, &late) || !late.Timeout() {
			t.Errorf("the handler is told %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the handler still writes")
	}
	if err := p.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

// While clients pipeline, the server is told to stop: each request that reached
// a handler is answered, none is handled after the end, and the last answer of a
// connection says that it is the last.
func TestShutdownInThePipeline(t *testing.T) {
	for range 5 {
		var mu sync.Mutex
		handled, stopped := map[string]int{}, false
		busy := make(chan bool, 1)
		p := start(t, func(p *pair) {
			p.pause = 50 * time.Millisecond
			p.handle = func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				if handled[r.URL.RawQuery]++; stopped {
					t.Error("a request is handled after the end")
				}
				mu.Unlock()
				select {
				case busy <- true:
				default:
				}
				io.WriteString(w, "done")
			}
		})
		var wg sync.WaitGroup
		for i := range 8 {
			c := p.dial(t)
			wg.Go(func() {
				name := fmt.Sprint("c", i)
				one := fmt.Sprintf("POST /?%s HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", name)
				go c.Write(bytes.Repeat([]byte(one), 400))
				in, answers, last := bufio.NewReader(c), 0, false
				for {
					a, err := http.ReadResponse(in, nil)
					if err != nil {
						break
					}
					if body, err := io.ReadAll(a.Body); string(body) != "done" || err != nil || last {
						t.Errorf("%s: %q %v behind the last: %t", name, body, err, last)
					}
					answers, last = answers+1, a.Close
				}
				mu.Lock()
				defer mu.Unlock()
				if answers != handled[name] {
					t.Errorf("%s: %d requests were handled, %d answered", name, handled[name], answers)
				}
			})
		}
		<-busy
		if err := p.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		mu.Lock()
		stopped = true
		mu.Unlock()
		wg.Wait()
	}
}
