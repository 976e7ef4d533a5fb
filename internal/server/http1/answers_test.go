package http1

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// play answers as a script says: two bytes are a step and its argument. It does
// what a handler may do, also in a wrong order.
func play(w http.ResponseWriter, script []byte) {
	for len(script) > 1 {
		do, n := script[0], int(script[1])
		script = script[2:]
		switch do % 10 {
		case 0:
			w.Write(bytes.Repeat([]byte{'a' + do%26}, n))
		case 1:
			w.Write(bytes.Repeat([]byte("0123456789"), n*n))
		case 2:
			w.WriteHeader([...]int{200, 201, 204, 304, 400, 403, 421, 500, 503}[n%9])
		case 3:
			w.Header().Set("Content-Length", strconv.Itoa(n))
		case 4:
			w.Header().Set([...]string{"X-A", "Content-Type", "X B", "x-c", "X:D", "", "Content-Encoding", "x-content-type-options"}[n%8],
				[...]string{"1", "text/plain", "a\r\nX-Evil: 1", "a\nb", " c ", "", "\x00"}[n/8%7])
		case 5:
			w.Header().Add("X-Many", strconv.Itoa(n))
		case 6:
			http.NewResponseController(w).Flush()
		case 7:
			w.Header().Set("Connection", [...]string{"close", "keep-alive"}[n%2])
		case 8:
			if n > 200 {
				panic(http.ErrAbortHandler)
			}
		case 9:
			w.Header()[[...]string{"Date", "Content-Type", "X-A"}[n%3]] = [][]string{nil, {}, {"1", "2"}}[n/3%3]
		}
	}
}

// told is what a client is told by one answer. How its end is told is for the
// server to choose.
func told(in *bufio.Reader) (text string, whole bool) {
	a, err := http.ReadResponse(in, &http.Request{Method: http.MethodPost})
	if err != nil {
		return "nothing whole", false
	}
	body, err := io.ReadAll(a.Body)
	if err != nil {
		return "nothing whole", false
	}
	if a.Header.Get("Date") != "" {
		a.Header.Set("Date", "a date")
	}
	a.Header.Del("Content-Length")
	a.Header.Del("Connection") // a.Close is what it comes to
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(a.Header)) {
		lines = append(lines, fmt.Sprintf("%s=%q", name, a.Header[name]))
	}
	return fmt.Sprintf("%d %q close=%v %d bytes %.20q", a.StatusCode, lines, a.Close, len(body), body), true
}

// FuzzAnswersAsNetHTTP: whatever a handler does, a client is told the same by
// ours and by net/http, and the next request is answered by both or by neither.
func FuzzAnswersAsNetHTTP(f *testing.F) {
	for _, script := range []string{"", "\x00\x05", "\x01\x28", "\x01\xff\x00\x01", "\x02\x02\x00\x05", "\x03\x05\x00\x05", "\x03\x05\x00\x04", "\x03\x05\x00\x06", "\x03\x05\x02\x02",
		"\x04\x10\x04\x02\x04\x03\x04\x04\x04\x05\x04\x28", "\x05\x01\x05\x02", "\x06\x00\x00\x05", "\x00\x05\x06\x00\x00\x05", "\x07\x00\x00\x05", "\x00\x05\x07\x00", "\x08\xff", "\x00\x05\x08\xff",
		"\x00\x05\x06\x00\x08\xff", "\x09\x00\x00\x05", "\x09\x01\x00\x05", "\x04\x06\x00\x05", "\x02\x03\x06\x00", "\x02\x05\x02\x00\x04\x00\x00\x05", "\x03\x05\x06\x00\x00\x05\x00\x05", "\x06\x00\x03\x02\x00\x01", "\x04\x07\x00\x01", "1Xz0"} {
		f.Add([]byte(script))
	}
	ours, alone := sides(f)
	n := 0
	f.Fuzz(func(t *testing.T, script []byte) {
		if len(script) > 64 {
			return
		}
		n++
		text := fmt.Sprintf("POST /?play HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(script), script) + plainGet
		got, want := ours.told(n, text), alone.told(n, text)
		if !slices.Equal(got, want) {
			t.Errorf("%q\ntold     %s\nnet/http %s", script, strings.Join(got, "\n         "), strings.Join(want, "\n         "))
		}
	})
}

func (s *side) told(n int, text string) (all []string) {
	in := bufio.NewReader(bytes.NewReader(s.exchange(n, []byte(text), 1<<16)))
	for {
		text, whole := told(in)
		if all = append(all, text); !whole {
			return all
		}
	}
}
