package remotehelper

import (
	"context"
	"errors"
	"os/exec"
	"strings"

	"sojourn/internal/client/credentialhelper"
)

// httpSettings are those of git's settings for HTTP that a push needs.
type httpSettings struct {
	proxy    string
	direct   bool // an empty proxy is set, which turns off the environment's
	caFile   string
	noVerify bool
	agent    string
}

// errNative says that git's own helper must do it, for it alone knows what the settings ask for.
var errNative = errors.New("git's settings for HTTP are more than is known here")

// harmless are settings that make no difference to one request of ours.
const harmless = " postbuffer lowspeedlimit lowspeedtime version maxrequests minsessions noepsv followredirects sslbackend emptyauth proactiveauth savecookies" +
	" schannelcheckrevoke schannelusesslcainfo sslcertpasswordprotected "

// nativeVariables ask for something that only git's own helper does.
var nativeVariables = [...]string{"GIT_SSL_CERT", "GIT_SSL_KEY", "GIT_SSL_CAPATH", "GIT_SSL_VERSION", "GIT_SSL_CIPHER_LIST", "GIT_PROXY_SSL_CAINFO",
	"GIT_PROXY_SSL_CERT", "GIT_HTTP_PROXY_AUTHMETHOD", "GIT_TRACE_CURL", "GIT_CURL_VERBOSE", "ALL_PROXY", "all_proxy"}

// readHTTPSettings asks git, which alone knows where its settings are and which of them are for a URL.
func (p Process) readHTTPSettings(ctx context.Context, git, address string) (httpSettings, error) {
	for _, name := range nativeVariables {
		if p.Env.Get(name) != "" {
			return httpSettings{}, errNative
		}
	}
	text, err := p.gitConfig(ctx, git, "--get-regexp", `^(http\.|remote\..*\.proxy)`)
	if err != nil {
		return httpSettings{}, errNative
	}
	if otherHeader(text) {
		return httpSettings{}, errNative
	}
	if forURLs(text) {
		if text, err = p.gitConfig(ctx, git, "--get-urlmatch", "http", address); err != nil {
			return httpSettings{}, errNative
		}
	}
	s, err := parseHTTPSettings(text)
	if v := p.Env.Get("GIT_SSL_CAINFO"); v != "" {
		s.caFile = v
	}
	if p.Env.Get("GIT_SSL_NO_VERIFY") != "" {
		s.noVerify = true
	}
	if v := p.Env.Get("GIT_HTTP_USER_AGENT"); v != "" {
		s.agent = v
	}
	return s, err
}

// gitConfig is what "git config" prints; nothing where nothing is set.
func (p Process) gitConfig(ctx context.Context, git string, args ...string) (string, error) {
	c := exec.CommandContext(ctx, git, append([]string{"config", "--null"}, args...)...)
	c.Env = p.Environ
	out, err := c.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() == 1 {
		err = nil
	}
	return string(out), err
}

// otherHeader reports whether a header is set that is not the one of "sojourn
// setup", which makes no difference to a push. Git sends all that are for a URL, and --get-urlmatch tells one.
func otherHeader(text string) bool {
	for entry := range strings.SplitSeq(text, "\x00") {
		name, value, _ := strings.Cut(entry, "\n")
		if strings.HasSuffix(name, ".extraheader") && value != credentialhelper.Preference {
			return true
		}
	}
	return false
}

// forURLs reports whether settings of HTTP, and of nothing else, are there, some of them for single URLs.
func forURLs(text string) bool {
	found := false
	for entry := range strings.SplitSeq(strings.TrimSuffix(text, "\x00"), "\x00") {
		name, _, _ := strings.Cut(entry, "\n")
		name, ok := strings.CutPrefix(name, "http.")
		if !ok {
			return false
		}
		found = found || strings.Contains(name, ".")
	}
	return found
}

// parseHTTPSettings reads entries of NAME\nVALUE\0. One that is for a URL, or
// that is not known, is errNative.
func parseHTTPSettings(text string) (httpSettings, error) {
	var s httpSettings
	for entry := range strings.SplitSeq(text, "\x00") {
		if entry == "" {
			continue
		}
		name, value, hasValue := strings.Cut(entry, "\n")
		name, ok := strings.CutPrefix(name, "http.")
		switch {
		case !ok || strings.Contains(name, "."):
			return s, errNative
		case name == "extraheader" && value == credentialhelper.Preference:
		case name == "proxy":
			s.proxy, s.direct = value, value == ""
		case name == "sslcainfo":
			if strings.HasPrefix(value, "~") || strings.HasPrefix(value, "%(prefix)") {
				return s, errNative
			}
			s.caFile = value
		case name == "useragent":
			s.agent = value
		case name == "sslverify":
			verify, known := boolean(value, hasValue)
			if !known {
				return s, errNative
			}
			s.noVerify = !verify
		case !strings.Contains(harmless, " "+name+" "):
			return s, errNative
		}
	}
	return s, nil
}

func boolean(value string, hasValue bool) (is, known bool) {
	switch strings.ToLower(value) {
	case "true", "yes", "on", "1":
		return true, true
	case "false", "no", "off", "0":
		return false, true
	case "":
		return !hasValue, true
	}
	return false, false
}
