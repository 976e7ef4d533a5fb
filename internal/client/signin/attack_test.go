package signin

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestForeignAnswers: what does not belong to the sign-in is turned away, and
// the sign-in goes on to its right end.
func TestForeignAnswers(t *testing.T) {
	for _, c := range []struct {
		name   string
		attack func(t *testing.T, ask url.Values, back string) int
		status int
	}{
		{"another state", func(t *testing.T, _ url.Values, back string) int {
			s, _ := send(t, "GET", back+"?code=stolen&state=guess", nil)
			return s
		}, 400},
		{"no state: a code that an attacker got for himself", func(t *testing.T, _ url.Values, back string) int {
			s, _ := send(t, "GET", back+"?code=stolen", nil)
			return s
		}, 400},
		{"two states", func(t *testing.T, ask url.Values, back string) int {
			s, _ := send(t, "GET", back+"?code=stolen&state="+ask.Get("state")+"&state=x", nil)
			return s
		}, 400},
		{"an error without the state ends nothing", func(t *testing.T, _ url.Values, back string) int {
			s, _ := send(t, "GET", back+"?error=access_denied", nil)
			return s
		}, 400},
		{"another origin's post", func(t *testing.T, ask url.Values, back string) int {
			s, _ := send(t, "POST", back, url.Values{"code": {"stolen"}, "state": {ask.Get("state")}}, "Origin", "https://evil.example")
			return s
		}, 405},
		{"DNS rebinding", func(t *testing.T, ask url.Values, back string) int {
			s, _ := send(t, "GET", back+"?code=stolen&state="+ask.Get("state"), nil, "Host", "evil.example:80")
			return s
		}, 421},
		{"an image of some page", func(t *testing.T, ask url.Values, back string) int {
			s, _ := send(t, "GET", back+"?code=stolen&state="+ask.Get("state"), nil, "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "image")
			return s
		}, 403},
		{"a frame of some page", func(t *testing.T, ask url.Values, back string) int {
			s, _ := send(t, "GET", back+"?code=stolen&state="+ask.Get("state"), nil, "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe")
			return s
		}, 403},
		{"another path", func(t *testing.T, ask url.Values, back string) int {
			s, _ := send(t, "GET", strings.Replace(back, "/callback", "/", 1)+"?code=stolen&state="+ask.Get("state"), nil)
			return s
		}, 404},
		{"a header without end", func(t *testing.T, _ url.Values, back string) int {
			s, _ := send(t, "GET", back+"?code="+strings.Repeat("x", 64<<10), nil)
			return s
		}, 431},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFake(t)
			tokens, err := f.code(func(f *fake, ask url.Values, back string) {
				if got := c.attack(t, ask, back); got != c.status {
					t.Errorf("status %d, want %d", got, c.status)
				}
				right(f, ask, back)
			})
			if err != nil || tokens.Subject != "maria" {
				t.Errorf("the user's own sign-in: %v", err)
			}
			if len(f.forms) != 1 || f.forms[0].Get("code") != "the-code" {
				t.Errorf("redeemed %v", f.forms)
			}
		})
	}
}

// TestFatalAnswers: what bears the state but is wrong ends the sign-in with a reason.
func TestFatalAnswers(t *testing.T) {
	back := func(q url.Values) visit {
		return func(f *fake, ask url.Values, back string) {
			q.Set("state", ask.Get("state"))
			send(f.t, "GET", back+"?"+q.Encode(), nil)
		}
	}
	for _, c := range []struct {
		name string
		bend func(*fake)
		walk visit
		want string
	}{
		{"mix-up: another issuer answers", nil, back(url.Values{"code": {"the-code"}, "iss": {"https://evil.example"}}), "another provider is mixed up"},
		{"mix-up: an issuer that names itself does not", func(f *fake) { f.discovery["authorization_response_iss_parameter_supported"] = true },
			back(url.Values{"code": {"the-code"}}), "another provider is mixed up"},
		{"two codes", nil, back(url.Values{"code": {"the-code", "the-code"}}), "neither a code nor an error"},
		{"another person's code", nil, back(url.Values{"code": {"stolen"}}), "invalid_grant"},
		{"escapes in an error", nil, back(url.Values{"error": {"a\x1b]0;b\a"}, "error_description": {"c\r\nd\u202e" + strings.Repeat("x", 5000)}}), "the provider refused: a?]0;b? (c??d?x"},
		{"a token for another client", func(f *fake) { f.claims["aud"] = "other" }, right, "for another client"},
		{"a token for others, too", func(f *fake) { f.claims["aud"] = []string{"cli", "other"} }, right, "for another client"},
		{"a token that another client asked for", func(f *fake) { f.claims["azp"] = "other" }, right, "for another client"},
		{"a token of another issuer", func(f *fake) { f.claims["iss"] = "https://evil.example" }, right, "of another issuer"},
		{"a token of another sign-in", func(f *fake) { f.claims["nonce"] = "replayed" }, right, "was not made for this sign-in"},
		{"a token without a nonce", func(f *fake) { f.claims["nonce"] = "" }, right, "was not made for this sign-in"},
		{"a token that is over", func(f *fake) { f.claims["exp"] = start.Add(-2 * time.Minute).Unix() }, right, "has expired already"},
		{"a token of nobody", func(f *fake) { f.claims["sub"] = "" }, right, "names no subject"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFake(t)
			if c.bend != nil {
				c.bend(f)
			}
			_, err := f.code(c.walk)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("%v, want %q", err, c.want)
			}
			if strings.ContainsAny(err.Error(), "\x1b\a\r\n\u202e") || len(err.Error()) > 1000 {
				t.Errorf("the terminal would get %q", err)
			}
		})
	}
}

// TestSecondAnswer: a sign-in takes one answer, and none after its end.
func TestSecondAnswer(t *testing.T) {
	l, err := Listen(DefaultRedirect)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	n := 0
	answers := l.serve(func(url.Values) (string, error) { n++; return "code", nil }, "")
	first, head := send(t, "GET", l.URL+"?code=a", nil)
	second, _ := send(t, "GET", l.URL+"?code=b", nil)
	if a := <-answers; first != 200 || second != http.StatusGone || a.value != "code" || n != 1 {
		t.Errorf("%d %d %v, %d accepted", first, second, a, n)
	}
	for name, want := range map[string]string{"Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"} {
		if head.Get(name) != want {
			t.Errorf("%s is %q", name, head.Get(name))
		}
	}
	if !strings.Contains(head.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Error(head)
	}
	l.Close()
	if late, _ := send(t, "GET", l.URL+"?code=c", nil); late != 0 {
		t.Errorf("after the end: status %d", late)
	}
}

// TestTimeout: an answer that comes too late finds nobody.
func TestTimeout(t *testing.T) {
	f := newFake(t)
	over := make(chan time.Time, 1)
	var back string
	_, err := f.code(func(_ *fake, ask url.Values, to string) {
		back = to + "?code=the-code&state=" + ask.Get("state")
		over <- start
	},
		func(b *Browse) { b.Over = over })
	if !errors.Is(err, ErrTimeout) {
		t.Fatal(err)
	}
	if late, _ := send(t, "GET", back, nil); late != 0 || len(f.forms) != 0 {
		t.Errorf("status %d, %v", late, f.forms)
	}
}

// TestListenOnlyOnLoopback: no other address, and no name that could become one.
func TestListenOnlyOnLoopback(t *testing.T) {
	for _, bad := range []string{"http://0.0.0.0:8400/cb", "http://[::]:8400/cb", "http://192.0.2.1/cb", "http://host.example/cb", "http://localhost.evil.example/cb",
		"https://127.0.0.1/cb", "http://127.0.0.1", "http://127.0.0.1/", "http://u@127.0.0.1/cb", "http://127.0.0.1/cb?x=1", "http://127.0.0.1/cb#x", "http://2130706433/cb", "::", ""} {
		if l, err := Listen(bad); err == nil {
			l.Close()
			t.Errorf("%q is listened on", bad)
		}
	}
	for _, good := range []string{"http://127.0.0.1/cb", "http://localhost/cb", "http://127.0.0.2:0/cb"} {
		l, err := Listen(good)
		if err != nil {
			t.Errorf("%q: %v", good, err)
			continue
		}
		for _, s := range l.sockets {
			if ip := s.Addr().(*net.TCPAddr).IP; !ip.IsLoopback() {
				t.Errorf("%q listens on %s", good, ip)
			}
		}
		l.Close()
	}
}

// TestPaste: a pasted address is judged like the browser's own.
func TestPaste(t *testing.T) {
	f := newFake(t)
	pastes := make(chan string, 4)
	tokens, err := f.code(func(_ *fake, ask url.Values, back string) {
		pastes <- "hello"
		pastes <- back + "?code=stolen&state=guess"
		pastes <- back + "?code=the-code&state=" + ask.Get("state")
	}, func(b *Browse) {
		b.Paste = func(context.Context) (string, error) { return <-pastes, nil }
	})
	if err != nil || tokens.Subject != "maria" || len(f.forms) != 1 {
		t.Errorf("%v %v", err, f.forms)
	}
	// Who cannot paste may still use the browser.
	if _, err := f.code(right, func(b *Browse) { b.Paste = func(context.Context) (string, error) { return "", io.EOF } }); err != nil {
		t.Error(err)
	}
	n := 0
	if _, err := f.code(func(*fake, url.Values, string) {}, func(b *Browse) {
		b.Paste = func(context.Context) (string, error) { n++; return strings.Repeat("x", n*maxPaste), nil }
	}); err == nil || n != maxPastes {
		t.Errorf("%v after %d pastes", err, n)
	}
}

// TestDiscovery: a description that is not the issuer's, or leads away from TLS.
func TestDiscovery(t *testing.T) {
	for name, bend := range map[string]map[string]any{
		"of another issuer":        {"issuer": "https://evil.example"},
		"a token endpoint by http": {"token_endpoint": "http://evil.example/token"},
		"a page by javascript":     {"authorization_endpoint": "javascript:alert(1)"},
		"user info in an endpoint": {"token_endpoint": "https://a:b@evil.example/"},
		"escapes in an endpoint":   {"authorization_endpoint": "https://evil.example/\x1b[2J"},
		"no token endpoint":        {"token_endpoint": ""},
	} {
		f := newFake(t)
		f.discovery = bend
		if _, err := Discover(t.Context(), f.Client(), f.URL); err == nil || strings.ContainsAny(err.Error(), "\x1b") {
			t.Errorf("%s: %v", name, err)
		}
	}
	f := newFake(t)
	for _, issuer := range []string{"http://login.example.com", "login.example.com", "https://", "file:///etc/passwd", f.URL + "/elsewhere", f.URL + "/"} {
		if _, err := Discover(t.Context(), f.Client(), issuer); err == nil {
			t.Errorf("%q is discovered", issuer)
		}
	}
	// A code is not carried to where an endpoint redirects.
	f.discovery["token_endpoint"] = f.URL + "/redirects"
	if _, err := f.code(right); err == nil || len(f.forms) != 0 {
		t.Errorf("%v, redeemed %v", err, f.forms)
	}
}

// TestBrowserCommand: the address is one argument, https, and holds no shell's characters.
func TestBrowserCommand(t *testing.T) {
	env := func(m map[string]string) func(string) (string, bool) {
		return func(k string) (string, bool) { v, ok := m[k]; return v, ok }
	}
	screen := map[string]string{"DISPLAY": ":0"}
	for _, bad := range []string{"http://login.example.com/", "javascript:alert(1)", "file:///etc/passwd", "-url", "https://h/ -x", "https://h/\n", "https://a@h/", "https:h", ""} {
		for _, goos := range []string{"linux", "darwin", "windows"} {
			if p, args, err := browserCommand(env(screen), goos, bad); err == nil {
				t.Errorf("%s starts %s %q", goos, p, args)
			}
		}
	}
	evil := "https://login.example.com/a?x=$(id)`id`;id|id&y='\"<>^"
	for _, c := range []struct {
		goos    string
		env     map[string]string
		program string
		args    int
	}{
		{"linux", screen, "xdg-open", 1}, {"darwin", nil, "open", 1}, {"windows", nil, "rundll32", 2},
		{"linux", map[string]string{"BROWSER": "firefox --private-window:lynx"}, "firefox", 2},
		{"linux", map[string]string{"BROWSER": "sh -c %s"}, "sh", 2},
	} {
		program, args, err := browserCommand(env(c.env), c.goos, evil)
		if err != nil || program != c.program || len(args) != c.args {
			t.Errorf("%s: %s %q %v", c.goos, program, args, err)
			continue
		}
		if last := args[len(args)-1]; strings.ContainsAny(last, "$`;|'\"<>^() ") || !strings.HasPrefix(last, "https://login.example.com/") {
			t.Errorf("%s gets %q", program, last)
		}
	}
	if _, _, err := browserCommand(env(nil), "linux", "https://login.example.com/"); !errors.Is(err, errNoBrowser) {
		t.Errorf("over ssh: %v", err)
	}
	if err := OpenBrowser(env(nil), runtime.GOOS, "-x"); err == nil {
		t.Error("a flag was opened")
	}
}
