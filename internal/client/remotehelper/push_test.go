package remotehelper

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

func TestPushing(t *testing.T) {
	helper := []string{"/usr/lib/git-core/git", "remote-codecommit", "origin", "codecommit://r"}
	for _, c := range []struct {
		parents [][]string
		want    bool
	}{
		{[][]string{helper, {"git", "push"}}, true},
		{[][]string{helper, {"/usr/bin/git", "-c", "push=x", "-C", "dir", "--git-dir", "x", "--no-pager", "push", "-q"}}, true},
		{[][]string{helper, {"/usr/lib/git-core/git-push", "origin"}}, true},
		{[][]string{{`C:\Program Files\Git\git.EXE`, "push"}}, false}, // on this system that is no directory
		{[][]string{{"Git.exe", "push"}}, true},
		{[][]string{helper, {"git", "fetch", "origin", "push"}}, false},
		{[][]string{helper, {"git", "-c", "push", "fetch"}}, false},
		{[][]string{helper, {"git", "clone", "--push"}}, false},
		{[][]string{helper, {"git", "p"}}, false},
		{[][]string{helper, {"sh", "-c", "git push"}, {"git", "push"}}, false},
		{[][]string{helper, helper, helper}, false},
		{[][]string{helper, {"git"}}, false},
		{[][]string{helper, {}}, false},
		{nil, false},
	} {
		if got := pushing(func() [][]string { return c.parents }); got != c.want {
			t.Errorf("%q: %v", c.parents, got)
		}
	}
	if Pushing() {
		t.Error("a test pushes")
	}
}

func TestHTTPSettings(t *testing.T) {
	for text, want := range map[string]string{
		"": "{    false}",
		"http.proxy\nhttp://p:3128\x00http.sslcainfo\n/ca\x00http.sslverify\nfalse\x00http.useragent\nme\x00http.postbuffer\n1\x00": "{http://p:3128 /ca true me}",
		"http.sslverify\x00":                                "{  false }",
		"http.sslverify\nOff\x00":                           "{  true }",
		"http.sslverify\nmaybe\x00":                         errNative.Error(),
		"http.sslcert\n/c\x00":                              errNative.Error(),
		"http.extraheader\nX: y\x00":                        errNative.Error(),
		"http.extraheader\nPrefer: refused-session=401\x00": "{  false }",
		"http.https://host/.proxy\nhttp://p\x00":            errNative.Error(),
		"remote.origin.proxy\nhttp://p\x00":                 errNative.Error(),
		"http.unheardof\n1\x00":                             errNative.Error(),
		"http.sslcainfo\n~/ca\x00":                          errNative.Error(),
	} {
		s, err := parseHTTPSettings(text)
		got := fmt.Sprintf("{%s %s %v %s}", s.proxy, s.caFile, s.noVerify, s.agent)
		if err != nil {
			got = err.Error()
		}
		if text == "" {
			want = "{  false }"
		}
		if got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

// Of several settings of a proxy the last counts, as with git; an empty one turns the environment's off.
func TestProxySettings(t *testing.T) {
	for settings, want := range map[string]string{
		"":                                 "the environment's",
		"[http]\n\tproxy = http://git:1\n": "http://git:1",
		"[http]\n\tproxy =\n":              "<nil>",
		"[http]\n\tproxy = http://git:1\n\tproxy =\n": "<nil>",
		"[http]\n\tproxy =\n\tproxy = http://git:1\n": "http://git:1",
		"[http]\n\tproxy = http://all:1\n[http \"https://git.example\"]\n\tproxy = http://git:1\n[http \"https://other.example\"]\n\tproxy = http://other:1\n": "http://git:1",
	} {
		file := filepath.Join(t.TempDir(), "config")
		if err := os.WriteFile(file, []byte(settings), 0o600); err != nil {
			t.Fatal(err)
		}
		p := Process{Env: os.LookupEnv, Environ: append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+file), Now: time.Now}
		c, err := (&pusher{p: p, target: &Target{URL: "https://git.example/v1/repos/r"}}).connect(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got, find := "<nil>", c.http.Transport.(*http.Transport).Proxy
		if find != nil && reflect.ValueOf(find).Pointer() == reflect.ValueOf(http.ProxyFromEnvironment).Pointer() {
			got = "the environment's"
		} else if find != nil {
			u, err := find(httptest.NewRequest(http.MethodGet, "https://git.example/", nil))
			if err != nil {
				t.Fatal(err)
			}
			got = fmt.Sprint(u)
		}
		if got != want {
			t.Errorf("%q: %s, want %s", settings, got, want)
		}
	}
}

func pkt(lines ...string) string {
	var b strings.Builder
	for _, l := range lines {
		if l == "" {
			b.WriteString("0000")
		} else {
			fmt.Fprintf(&b, "%04x%s", len(l)+4, l)
		}
	}
	return b.String()
}

const (
	zeros = "0000000000000000000000000000000000000000"
	ones  = "1111111111111111111111111111111111111111"
)

func TestPushRequest(t *testing.T) {
	create, remove := zeros+" "+ones+" refs/heads/a", ones+" "+zeros+" refs/heads/b"
	for name, c := range map[string]struct {
		request, behind string // what follows belongs to nobody
		empty           bool
	}{
		"a pack":                      {pkt(create+"\x00 report-status", "") + "PACK....", "", false},
		"deletions":                   {pkt(remove+"\x00 report-status", remove, ""), "later", false},
		"a deletion and more":         {pkt(remove+"\x00 report-status", create, "") + "PACK", "", false},
		"options":                     {pkt(create+"\x00 push-options", "", "ci.skip", "") + "PACK", "", false},
		"options without a pack":      {pkt(remove+"\x00 report-status push-options agent=x", "", "o", ""), "later", false},
		"a capability like push-opt…": {pkt(remove+"\x00 push-optionsx", ""), "later", false},
		"shallow":                     {pkt("shallow "+ones, create+"\x00 report-status", "") + "PACK", "", false},
		"a certificate":               {pkt("push-cert\x00 push-options", "certificate version 0.1\n", "\n", create+"\n", "push-cert-end\n", "", "o", "") + "PACK", "", false},
		"SHA-256":                     {pkt(zeros+strings.Repeat("0", 24)+" "+ones+strings.Repeat("1", 24)+" r\x00 object-format=sha256", "") + "PACK", "", false},
		"a SHA-256 deletion":          {pkt(ones+strings.Repeat("1", 24)+" "+zeros+strings.Repeat("0", 24)+" r\x00 object-format=sha256", ""), "later", false},
		"nothing":                     {"", "", true},
		"no command":                  {pkt(""), "later", true},
	} {
		r := newPushRequest(iotest.OneByteReader(strings.NewReader(c.request + c.behind)))
		got, err := io.ReadAll(r)
		if err != nil || string(got) != c.request || r.empty != c.empty {
			t.Errorf("%s: %q, %v, empty %v; want %q", name, got, err, r.empty, c.request)
		}
	}
	for _, bad := range []string{"00", "zzzz", "0001", "0003", "fff1" + strings.Repeat("x", 65600), "0010short", pkt("a")} {
		if got, err := io.ReadAll(newPushRequest(strings.NewReader(bad))); err == nil {
			t.Errorf("%.20q: %q", bad, got)
		}
	}
}

// What is passed on is what came in, up to where it ends, in pieces of any size.
func FuzzPushRequest(f *testing.F) {
	f.Add([]byte(pkt(zeros+" "+ones+" r\x00 push-options", "", "o", "")+"PACK"), 3)
	f.Add([]byte(pkt(ones+" "+zeros+" r\x00x", "")), 1)
	f.Fuzz(func(t *testing.T, data []byte, size int) {
		var got bytes.Buffer
		_, err := io.CopyBuffer(&got, struct{ io.Reader }{newPushRequest(bytes.NewReader(data))}, make([]byte, 1+max(size, 0)%100))
		if !bytes.HasPrefix(data, got.Bytes()) {
			t.Errorf("%q became %q", data, got.Bytes())
		}
		again, err2 := io.ReadAll(newPushRequest(iotest.HalfReader(bytes.NewReader(data))))
		if !bytes.Equal(again, got.Bytes()) || (err == nil) != (err2 == nil) {
			t.Errorf("%q: %q, %v and %q, %v", data, got.Bytes(), err, again, err2)
		}
	})
}

func FuzzHTTPSettings(f *testing.F) {
	f.Add("http.proxy\nhttp://p\x00http.https://x.proxy\x00")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := parseHTTPSettings(text)
		if err == nil && strings.ContainsRune(s.proxy+s.caFile+s.agent, 0) {
			t.Errorf("%q: %+v", text, s)
		}
	})
}
