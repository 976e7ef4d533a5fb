package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"sojourn/internal/sigv4"
)

// target is where the load goes.
type target struct {
	url *url.URL
	tls *tls.Config // nil for plain HTTP
}

func (t target) dial() (net.Conn, error) {
	if t.tls != nil {
		return tls.Dial("tcp", t.url.Host, t.tls)
	}
	return net.Dial("tcp", t.url.Host)
}

// signed is a request of the query protocol as its bytes on the wire. It can be
// sent again as long as its signature is good, which is five minutes: what
// signing costs is the client's business.
func signed(t target, by sigv4.Credentials, service, region string, form url.Values, now time.Time) ([]byte, error) {
	body := form.Encode()
	r, err := http.NewRequest(http.MethodPost, t.url.String()+"/", strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("User-Agent", "bench")
	sum := sha256.Sum256([]byte(body))
	sigv4.SignHeader(r, hex.EncodeToString(sum[:]), by, service, region, now)
	var b bytes.Buffer
	err = r.Write(&b)
	return b.Bytes(), err
}

// load is what a run found out.
type load struct {
	took    time.Duration
	each    []time.Duration // sorted
	perCall time.Duration   // of the server's processor time
}

func (l *load) rate() float64 { return float64(len(l.each)) / l.took.Seconds() }

func (l *load) percentile(p int) time.Duration { return l.each[(len(l.each)-1)*p/100] }

// send sends request n times over conns kept-alive connections, each of which
// waits for its answer before it sends again. Any answer but 200 ends it.
func send(t target, request []byte, conns, n int) (*load, error) {
	var (
		wg    sync.WaitGroup
		parts = make([][]time.Duration, conns)
		errs  = make([]error, conns)
	)
	start := time.Now()
	for i := range conns {
		wg.Go(func() { parts[i], errs[i] = sendOn(t, request, n/conns) })
	}
	wg.Wait()
	l := &load{took: time.Since(start), each: slices.Concat(parts...)}
	slices.Sort(l.each)
	return l, errors.Join(errs...)
}

func sendOn(t target, request []byte, n int) ([]time.Duration, error) {
	c, err := t.dial()
	if err != nil {
		return nil, err
	}
	defer c.Close()
	in := bufio.NewReaderSize(c, 16<<10)
	each := make([]time.Duration, n)
	for i := range each {
		start := time.Now()
		if _, err := c.Write(request); err != nil {
			return nil, err
		}
		if err := skipAnswer(in); err != nil {
			return nil, err
		}
		each[i] = time.Since(start)
	}
	return each, nil
}

// skipAnswer reads one answer. It reads no more of HTTP than this server's
// answers need, so that the client costs little beside the server.
func skipAnswer(in *bufio.Reader) error {
	status, err := in.ReadSlice('\n')
	if err != nil {
		return err
	}
	ok := bytes.HasPrefix(status, []byte("HTTP/1.1 200 "))
	line := string(bytes.TrimSpace(status))
	length := -1
	for {
		header, err := in.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(header) <= 2 {
			break
		}
		if v, is := bytes.CutPrefix(header, []byte("Content-Length: ")); is {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(v))); err != nil {
				return err
			}
		}
	}
	if length < 0 {
		return errors.New("an answer without a length")
	}
	if !ok {
		text, _ := io.ReadAll(io.LimitReader(in, int64(min(length, 1000))))
		return fmt.Errorf("%s\n%s", line, text)
	}
	_, err = in.Discard(length)
	return err
}
