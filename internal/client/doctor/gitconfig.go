package doctor

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
)

// entry is one value of git's configuration.
type entry struct{ key, value string }

func (d *Doctor) readConfig(ctx context.Context) {
	out, err := d.Run(ctx, "", "git", "config", "--list", "-z")
	if err != nil {
		d.add("git config", Problem, "git cannot read its configuration: "+err.Error(), "git config --list")
		return
	}
	d.config = parseConfig(out)
}

func parseConfig(out string) (list []entry) {
	for text := range strings.SplitSeq(strings.TrimSuffix(out, "\x00"), "\x00") {
		key, value, found := strings.Cut(text, "\n")
		if !found {
			value = "true"
		}
		list = append(list, entry{key, value})
	}
	return list
}

// last is the value that counts.
func (d *Doctor) last(key string) string {
	v := ""
	for _, e := range d.config {
		if strings.EqualFold(e.key, key) {
			v = e.value
		}
	}
	return v
}

func (d *Doctor) protocol() {
	allow, all := d.last("protocol.codecommit.allow"), d.last("protocol.allow")
	switch {
	case allow == "never" || allow == "" && all == "never":
		d.add("submodules", Problem, "git refuses codecommit:// URLs altogether", "git config --global protocol.codecommit.allow always")
	case allow != "always" && !(allow == "" && all == "always"):
		d.add("submodules", Warning, "git refuses codecommit:// URLs of submodules (\"transport 'codecommit' not allowed\")", "sojourn setup")
	default:
		d.add("submodules", OK, "codecommit:// URLs are allowed in submodules", "")
	}
	for _, e := range d.config {
		if lower := strings.ToLower(e.key); strings.HasPrefix(lower, "url.") && strings.HasSuffix(lower, "insteadof") && strings.HasPrefix(e.value, "codecommit:") {
			d.add("git config", Warning, fmt.Sprintf("git writes codecommit:// URLs anew: %s = %s", e.key, e.value), "git config --global --unset "+e.key)
		}
	}
	if v := d.last("http.sslverify"); strings.EqualFold(v, "false") || v == "0" {
		d.add("git config", Problem, "http.sslVerify is off: git talks to anyone who says to be the server", "git config --global --unset http.sslVerify")
	}
}

// gitURL is the server's Git address, "" when it is not known.
func (d *Doctor) gitURL() string {
	if d.session == nil || d.session.Region() == "" {
		return ""
	}
	g, err := d.session.Endpoints().Git(d.session.Region())
	if err != nil {
		return ""
	}
	return g.Scheme + "://" + g.Host
}

// active are the credential helpers that git asks for a URL, in order: an empty value forgets those before it.
func active(config []entry, address string) (helpers []string) {
	for _, e := range config {
		pattern, ok := strings.CutPrefix(e.key, "credential.")
		if !ok {
			continue
		}
		if pattern, ok = cutFold(pattern, "helper"); !ok || pattern != "" && !matches(strings.TrimSuffix(pattern, "."), address) {
			continue
		}
		if e.value == "" {
			helpers = nil
			continue
		}
		helpers = append(helpers, e.value)
	}
	return helpers
}

func cutFold(s, suffix string) (string, bool) {
	if n := len(s) - len(suffix); n >= 0 && strings.EqualFold(s[n:], suffix) {
		return s[:n], true
	}
	return s, false
}

// matches is git's comparison of a URL with one in a key: scheme, host with "*"
// for a label, port. Paths play no part for a whole server.
func matches(pattern, address string) bool {
	p, errP := url.Parse(strings.ReplaceAll(pattern, "*", "xstarx"))
	a, errA := url.Parse(address)
	if errP != nil || errA != nil || p.Scheme != a.Scheme || port(p) != port(a) || p.Path != "" && p.Path != "/" {
		return false
	}
	want, got := strings.Split(strings.ToLower(p.Hostname()), "."), strings.Split(strings.ToLower(a.Hostname()), ".")
	return slices.EqualFunc(want, got, func(w, g string) bool { return w == g || w == "xstarx" })
}

func port(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	if u.Scheme == "http" {
		return "80"
	}
	return "443"
}

// keeper is the name of a helper that stores passwords, "" for others.
func keeper(helper string) string {
	if strings.HasPrefix(helper, "!") {
		return ""
	}
	words := strings.Fields(helper)
	if len(words) == 0 {
		return ""
	}
	name := words[0]
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	name = strings.TrimSuffix(strings.TrimPrefix(name, "git-credential-"), ".exe")
	switch name {
	case "store", "cache", "osxkeychain", "wincred", "manager", "manager-core", "libsecret", "gnome-keyring":
		return name
	}
	return ""
}

func signs(helper string) bool {
	return strings.Contains(helper, "sojourn credential-helper") || strings.Contains(helper, "codecommit credential-helper") ||
		strings.Contains(helper, "sojourn' credential-helper") || strings.Contains(helper, "codecommit' credential-helper")
}

func (d *Doctor) credentialHelpers() {
	address := d.gitURL()
	if address == "" {
		d.add("git config", Skipped, "the region or endpoint must be right first", "")
		return
	}
	var ours, keepers []string
	for _, h := range active(d.config, address) {
		if signs(h) {
			ours = append(ours, h)
		} else if k := keeper(h); k != "" {
			keepers = append(keepers, k)
		}
	}
	switch {
	case len(ours) == 0:
		d.add("git config", OK, "codecommit:// URLs need no credential helper; for https:// URLs of "+address+" there is none (sojourn setup adds it)", "")
	case len(keepers) > 0:
		d.add("git config", Problem, fmt.Sprintf("git gives the password for %s to %s, too, which keeps it and answers with it after it has expired", address, strings.Join(keepers, ", ")), "sojourn setup")
	case !d.usesPath(address):
		d.add("git config", Problem, "the credential helper is not told the repository, because useHttpPath is not set for "+address, "sojourn setup")
	default:
		d.add("git config", OK, "the credential helper answers for "+address, "")
	}
}

func (d *Doctor) usesPath(address string) bool {
	v := ""
	for _, e := range d.config {
		pattern, ok := strings.CutPrefix(e.key, "credential.")
		if !ok {
			continue
		}
		if pattern, ok = cutFold(pattern, "usehttppath"); ok && (pattern == "" || matches(strings.TrimSuffix(pattern, "."), address)) {
			v = e.value
		}
	}
	return strings.EqualFold(v, "true") || v == "1" || strings.EqualFold(v, "yes") || strings.EqualFold(v, "on")
}

// storedPasswords asks the helpers that store passwords for one of this host.
func (d *Doctor) storedPasswords(ctx context.Context) {
	address := d.gitURL()
	u, err := url.Parse(address)
	if address == "" || err != nil {
		return
	}
	n, asked := len(d.list), map[string]bool{}
	for _, e := range d.config {
		helper := keeper(e.value)
		if !strings.HasPrefix(e.key, "credential.") || !strings.HasSuffix(strings.ToLower(e.key), "helper") || helper == "" || asked[e.value] {
			continue
		}
		asked[e.value] = true
		words := strings.Fields(e.value)
		args := append([]string{"credential-" + helper}, words[1:]...)
		out, err := d.Run(ctx, "protocol="+u.Scheme+"\nhost="+u.Host+"\n\n", "git", append(args, "get")...)
		if made, ok := storedPassword(out); err == nil && ok {
			d.add("stored", Problem, fmt.Sprintf("the credential helper %q keeps a password for %s that was made at %s and lived for 15 minutes; git sends it and gets 403", helper, u.Host, made),
				fmt.Sprintf(`printf 'protocol=%s\nhost=%s\n\n' | git %s erase; sojourn setup`, u.Scheme, u.Host, strings.Join(args, " ")))
		}
	}
	if len(d.list) == n {
		d.add("stored", OK, "no password for "+net.JoinHostPort(u.Hostname(), port(u))+" is stored", "")
	}
}

// storedPassword finds a signature among what a helper answers, and its time.
func storedPassword(out string) (made string, ok bool) {
	for line := range strings.Lines(out) {
		password, found := strings.CutPrefix(strings.TrimSpace(line), "password=")
		if !found || len(password) != len("20060102T150405Z")+64 || password[8] != 'T' || password[15] != 'Z' {
			continue
		}
		if strings.Trim(password[16:], "0123456789abcdef") == "" && strings.Trim(password[:8]+password[9:15], "0123456789") == "" {
			return password[:16], true
		}
	}
	return "", false
}

// gitAuthorities finds a variable that hides the server's authority from git.
func (d *Doctor) gitAuthorities() {
	address, set := d.gitURL(), d.Env.Get("GIT_SSL_CAINFO")
	if address == "" || set == "" {
		return
	}
	for _, e := range d.config {
		pattern, ok := strings.CutPrefix(e.key, "http.")
		if !ok {
			continue
		}
		if pattern, ok = cutFold(pattern, ".sslcainfo"); ok && matches(pattern, address) && e.value != set {
			d.add("git config", Warning, fmt.Sprintf("GIT_SSL_CAINFO is set, and for URLs of %s git takes it in place of %s = %s", address, e.key, e.value),
				"unset GIT_SSL_CAINFO, or add that authority to "+set)
			return
		}
	}
}
