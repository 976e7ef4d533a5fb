package idp

import (
	"crypto/tls"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// callback is where providers send browsers back to; nothing listens there.
const callback = "https://client.example.com/callback"

// browser is a person at a browser: keeps cookies, follows redirects, fills in
// forms by the names of their fields.
type browser struct {
	t      *testing.T
	client *http.Client
	knows  map[string]string
}

func newBrowser(t *testing.T, f *front, knows map[string]string) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: f.roots}}
	t.Cleanup(transport.CloseIdleConnections)
	return &browser{t: t, knows: knows, client: &http.Client{Jar: jar, Transport: transport, Timeout: 30 * time.Second,
		CheckRedirect: func(r *http.Request, _ []*http.Request) error {
			if strings.HasPrefix(r.URL.String(), callback) {
				return http.ErrUseLastResponse
			}
			return nil
		}}}
}

// signIn starts at address and fills in forms until the provider sends the
// browser back with the value called name: in a redirect or in a form.
func (b *browser) signIn(address, name string) string {
	b.t.Helper()
	resp, err := b.client.Get(address)
	for range 6 {
		if err != nil {
			b.t.Fatal(err)
		}
		page := b.body(resp)
		if back, err := resp.Location(); err == nil {
			if v := back.Query().Get(name); v != "" {
				return v
			}
			b.t.Fatalf("the provider sent the browser back with %q", back.RawQuery)
		}
		f := parseForm(page)
		if f == nil || resp.StatusCode != http.StatusOK {
			b.t.Fatalf("%s %s: %s", resp.Status, resp.Request.URL, page)
		}
		if v := f.values.Get(name); v != "" {
			return v
		}
		resp, err = b.submit(resp.Request.URL, f)
	}
	b.t.Fatalf("six forms did not lead back to the client; the last was of %s", resp.Request.URL)
	return ""
}

func (b *browser) submit(base *url.URL, f *form) (*http.Response, error) {
	for name, v := range b.knows {
		if f.values.Has(name) {
			f.values.Set(name, v)
		}
	}
	action, err := base.Parse(f.action)
	if err != nil {
		return nil, err
	}
	return b.client.PostForm(action.String(), f.values)
}

// get returns the body of a page.
func (b *browser) get(address string) string {
	b.t.Helper()
	resp, err := b.client.Get(address)
	if err != nil {
		b.t.Fatal(err)
	}
	body := b.body(resp)
	if resp.StatusCode != http.StatusOK {
		b.t.Fatalf("%s %s: %s", resp.Status, address, body)
	}
	return body
}

func (b *browser) body(resp *http.Response) string {
	b.t.Helper()
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		b.t.Fatal(err)
	}
	return string(body)
}

// form is a page's first form that is posted.
type form struct {
	action string
	values url.Values
}

var (
	formTag   = regexp.MustCompile(`(?is)<form([^>]*)>(.*?)</form>`)
	inputTag  = regexp.MustCompile(`(?is)<input([^>]*)>`)
	attribute = regexp.MustCompile(`(?is)([a-z-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')`)
)

func parseForm(page string) *form {
	for _, m := range formTag.FindAllStringSubmatch(page, -1) {
		tag := attributes(m[1])
		if !strings.EqualFold(tag["method"], "post") {
			continue
		}
		f := &form{action: tag["action"], values: url.Values{}}
		for _, in := range inputTag.FindAllStringSubmatch(m[2], -1) {
			if a := attributes(in[1]); a["name"] != "" {
				f.values.Set(a["name"], a["value"])
			}
		}
		return f
	}
	return nil
}

func attributes(tag string) map[string]string {
	out := make(map[string]string)
	for _, m := range attribute.FindAllStringSubmatch(tag, -1) {
		out[strings.ToLower(m[1])] = html.UnescapeString(m[2] + m[3])
	}
	return out
}
