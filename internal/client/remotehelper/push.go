package remotehelper

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"sojourn/internal/version"
)

// A push is two requests with anything between them: a hook that runs tests, an
// hour of packing. Git's own HTTPS helper would send the first one's signature
// with both. So for a push this package speaks git's protocol of remote helpers
// itself (gitremote-helpers(7), "connect"), and signs each request when it is
// sent. Whatever it cannot do, and whatever goes wrong before git has sent
// anything, it leaves to git's own helper, which also has git's own words for it.

// capabilities are "connect" and what git's own helper can do.
const capabilities = "connect\nfetch\noption\npush\ncheck-connectivity\nobject-format\n\n"

// known are the options that git's own helper takes.
const known = " verbosity progress depth deepen-since deepen-not deepen-relative followtags dry-run check-connectivity cas force-if-includes cloning update-shallow" +
	" pushcert push-option family from-promisor refetch filter object-format atomic "

// maxWord is more than any line of the helpers' protocol.
const maxWord = 64 << 10

// pusher is one conversation with a git that pushes.
type pusher struct {
	p       Process
	target  *Target
	program string
	args    []string
	said    []string // options that git has set
	renewed bool     // a kept session was refused, and a new one is used
}

// converse answers git until it pushes or wants something else.
func (h *pusher) converse(ctx context.Context) (int, error) {
	for first := true; ; first = false {
		line, err := readWord(h.p.Stdin)
		switch {
		case errors.Is(err, io.EOF) && first: // nobody speaks: become what git expects
			return h.p.Become(h.program, h.args, environ(h.p.Environ, h.target))
		case errors.Is(err, io.EOF) || err == nil && line == "":
			return 0, nil
		case err != nil:
			return 0, err
		}
		word, rest, _ := strings.Cut(line, " ")
		switch word {
		case "capabilities":
			err = h.say(capabilities)
		case "option":
			err = h.option(line, rest)
		case "connect":
			if rest == "git-receive-pack" {
				if c, refs, err := h.discover(ctx); err == nil {
					return h.push(ctx, c, refs)
				}
			}
			err = h.say("fallback\n")
		default:
			return h.native(ctx, line)
		}
		if err != nil {
			return 0, err
		}
	}
}

func (h *pusher) option(line, rest string) error {
	name, _, _ := strings.Cut(rest, " ")
	if !strings.Contains(known, " "+name+" ") {
		return h.say("unsupported\n")
	}
	h.said = append(h.said, line)
	return h.say("ok\n")
}

func (h *pusher) say(text string) error {
	_, err := io.WriteString(h.p.Stdout, text)
	return err
}

// readWord reads one line, byte by byte: what follows may be for another process.
func readWord(in io.Reader) (string, error) {
	var line []byte
	b := make([]byte, 1)
	for {
		if _, err := io.ReadFull(in, b); err != nil {
			if len(line) > 0 {
				err = io.ErrUnexpectedEOF
			}
			return "", err
		}
		if b[0] == '\n' {
			return string(line), nil
		}
		if line = append(line, b[0]); len(line) > maxWord {
			return "", errors.New("git sent a line that is too long")
		}
	}
}

// native hands the conversation over to git's own helper: what git has said, and all that it will say.
func (h *pusher) native(ctx context.Context, line string) (int, error) {
	said := strings.Join(append(h.said, line), "\n") + "\n"
	in := io.MultiReader(strings.NewReader(said), &nativeWords{in: h.p.Stdin, say: h.say})
	out := &skipLines{to: h.p.Stdout, lines: len(h.said)} // git has had the answers to the options
	return h.p.Spawn(ctx, h.program, h.args, environ(h.p.Environ, h.target), in, out)
}

// nativeWords is what git says to its own helper, which does not know "connect".
type nativeWords struct {
	in   io.Reader
	say  func(string) error
	left []byte
}

func (w *nativeWords) Read(p []byte) (int, error) {
	for len(w.left) == 0 {
		line, err := readWord(w.in)
		if err != nil {
			return 0, err
		}
		if !strings.HasPrefix(line, "connect ") {
			w.left = []byte(line + "\n")
		} else if err := w.say("fallback\n"); err != nil {
			return 0, err
		}
	}
	n := copy(p, w.left)
	w.left = w.left[n:]
	return n, nil
}

// skipLines drops the first lines of what is written.
type skipLines struct {
	to    io.Writer
	lines int
}

func (s *skipLines) Write(p []byte) (int, error) {
	rest := p
	for s.lines > 0 && len(rest) > 0 {
		i := bytes.IndexByte(rest, '\n')
		if i < 0 {
			return len(p), nil
		}
		rest, s.lines = rest[i+1:], s.lines-1
	}
	if len(rest) > 0 {
		if _, err := s.to.Write(rest); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

// connection is the way to the server.
type connection struct {
	http  *http.Client
	agent string
	used  time.Time
	now   func() time.Time
}

// dialTimeout bounds the way to the server; how long the server takes is its own affair, as with git.
const dialTimeout = 30 * time.Second

func (h *pusher) connect(ctx context.Context) (*connection, error) {
	git, err := findGit(h.p.Env)
	if err != nil {
		return nil, err
	}
	s, err := h.p.readHTTPSettings(ctx, git, h.target.URL)
	if err != nil {
		return nil, err
	}
	t := &http.Transport{Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: dialTimeout}).DialContext, TLSHandshakeTimeout: dialTimeout,
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: s.noVerify}} // the user's own http.sslVerify
	if s.direct {
		t.Proxy = nil
	}
	if s.proxy != "" {
		u, err := url.Parse(s.proxy)
		if err != nil || u.Host == "" || u.User != nil {
			return nil, errNative // a password may have to be asked for
		}
		t.Proxy = http.ProxyURL(u)
	}
	if h.target.CABundle != "" {
		s.caFile = h.target.CABundle
	}
	if s.caFile != "" {
		pem, err := os.ReadFile(s.caFile)
		pool := x509.NewCertPool()
		if err != nil || !pool.AppendCertsFromPEM(pem) {
			return nil, errNative
		}
		t.TLSClientConfig.RootCAs = pool
	}
	c := &connection{now: h.p.Now, agent: s.agent, http: &http.Client{Transport: t,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}} // a signature is for one server
	if c.agent == "" {
		c.agent = "git/sojourn-" + version.Version
	}
	return c, nil
}

// idle is how long a connection is trusted to be still open at the other end.
const idle = 5 * time.Second

func (c *connection) do(ctx context.Context, t *Target, method, path, kind string, body io.Reader, length int64) (*http.Response, error) {
	if c.now().Sub(c.used) > idle {
		c.http.CloseIdleConnections()
	}
	q, err := http.NewRequestWithContext(ctx, method, t.URL+path, body)
	if err != nil {
		return nil, err
	}
	q.ContentLength = length
	q.Header.Set("User-Agent", c.agent)
	q.Header.Set("Cache-Control", "no-cache")
	if kind != "" {
		q.Header.Set("Content-Type", "application/x-git-receive-pack-"+kind)
	}
	q.SetBasicAuth(t.User, t.Password.Reveal())
	answer, err := c.http.Do(q)
	c.used = c.now()
	if err != nil {
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err
		}
		return nil, fmt.Errorf("unable to access '%s/': %w", t.URL, err)
	}
	return answer, nil
}

// discover asks the server for its refs. An error means that git's own helper shall try.
func (h *pusher) discover(ctx context.Context) (*connection, *http.Response, error) {
	c, err := h.connect(ctx)
	if err != nil {
		return nil, nil, err
	}
	answer, err := c.do(ctx, h.target, http.MethodGet, "/info/refs?service=git-receive-pack", "", nil, 0)
	if err != nil {
		return nil, nil, err
	}
	if refused := answer.StatusCode == http.StatusForbidden || answer.StatusCode == http.StatusUnauthorized; refused && h.target.Drop != nil && !h.renewed {
		answer.Body.Close()
		h.renewed = true
		h.target.Drop() // it may have been revoked
		t, err := h.target.Again(ctx)
		if err != nil {
			return nil, nil, err
		}
		h.target = t
		return h.discover(ctx)
	}
	if answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") != "application/x-git-receive-pack-advertisement" {
		answer.Body.Close()
		return nil, nil, errNative
	}
	const head = "001f# service=git-receive-pack\n0000"
	got := make([]byte, len(head))
	if _, err := io.ReadFull(answer.Body, got); err != nil || string(got) != head {
		answer.Body.Close()
		return nil, nil, errNative
	}
	return c, answer, nil
}

// postBuffer is how much is sent in one piece, as git's http.postBuffer.
const postBuffer = 1 << 20

func (h *pusher) push(ctx context.Context, c *connection, refs *http.Response) (int, error) {
	err := h.say("\n")
	if err == nil {
		_, err = io.Copy(h.p.Stdout, refs.Body)
	}
	refs.Body.Close()
	if err != nil {
		return 0, fmt.Errorf("passing the server's refs on to git: %w", err)
	}
	request := newPushRequest(h.p.Stdin)
	var body io.Reader = bufio.NewReaderSize(request, postBuffer)
	head, err := body.(*bufio.Reader).Peek(postBuffer)
	length := int64(-1)
	switch {
	case errors.Is(err, io.EOF):
		length, body = int64(len(head)), bytes.NewReader(head)
	case err != nil:
		return 0, err
	}
	if request.empty {
		return 0, nil
	}
	// Now, and not before, it is sent: the signature and, if need be, the session are of now.
	if h.target, err = h.target.Again(ctx); err != nil {
		return 0, err
	}
	answer, err := c.do(ctx, h.target, http.MethodPost, "/git-receive-pack", "request", body, length)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") != "application/x-git-receive-pack-result" {
		return 0, refusal(h.target, answer)
	}
	if _, err := io.Copy(h.p.Stdout, answer.Body); err != nil {
		return 0, fmt.Errorf("passing the server's answer on to git: %w", err)
	}
	return 0, nil
}

// maxReason bounds what is shown of a refusal.
const maxReason = 1 << 10

// refusal is the server's reason, and git's words for it.
func refusal(t *Target, answer *http.Response) error {
	text, _ := io.ReadAll(io.LimitReader(answer.Body, maxReason))
	reason := strings.TrimSpace(string(text))
	if !strings.HasPrefix(answer.Header.Get("Content-Type"), "text/plain") || reason == "" {
		return fmt.Errorf("unable to access '%s/': The requested URL returned error: %d", t.URL, answer.StatusCode)
	}
	return fmt.Errorf("unable to access '%s/': The requested URL returned error: %d: %s", t.URL, answer.StatusCode, reason)
}
