package remotehelper

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"sojourn/internal/client/credentialhelper"
)

// refused answers git when the server asks for a password although one was
// sent. Without it git would ask the user, or a credential store, for a
// password that does not exist. The answer is a name that no server takes, so
// that git gives up in its own words; it is not sent, because the header with
// the signature goes before it.
const refused = `!f() { cat >/dev/null; test "$1" = get || return 0; echo username=none; echo password=none; %s` +
	`echo "git-remote-codecommit: %s" >&2; }; f`

const (
	refusedKeys = "the server takes no such credentials (401): see that the profile is meant for this server, " +
		"that its session has not expired, and that this machine's clock is right"
	refusedSession = "the server takes the session that was kept here no more (401), and it is forgotten: run the command again, with a new one; " +
		"if that is refused as well, see that the profile is meant for this server, and that this machine's clock is right"
)

// forgetting is what of it forgets the session that was kept: the next command signs in anew.
const forgetting = `printf 'username=%s\n\n' | %s credential-helper erase; `

// refusedHelper is the answer for a target.
func refusedHelper(t *Target) string {
	self, err := os.Executable()
	if t.Drop == nil || err != nil {
		return fmt.Sprintf(refused, "", refusedKeys)
	}
	self = "'" + strings.ReplaceAll(filepath.ToSlash(self), "'", `'\''`) + "'"
	return fmt.Sprintf(refused, fmt.Sprintf(forgetting, t.keyID, self), refusedSession)
}

// environ is the environment for git's HTTPS helper: what is there, and git's
// own variables for configuration behind those that are there.
func environ(have []string, t *Target) []string {
	basic := base64.StdEncoding.EncodeToString([]byte(t.User + ":" + t.Password.Reveal()))
	settings := [][2]string{
		{"http." + t.URL + ".extraHeader", "Authorization: Basic " + basic},
		{"http." + t.URL + ".followRedirects", "false"}, // a signature is for one server
		{"http." + t.URL + ".proactiveAuth", "none"},
		// For this server alone: a proxy's password is still asked for and kept.
		{"credential." + t.origin + ".helper", ""},
		{"credential." + t.origin + ".helper", refusedHelper(t)},
	}
	if t.Drop != nil && t.own {
		settings = append(settings, [2]string{"http." + t.URL + ".extraHeader", credentialhelper.Preference})
	}
	set := configuration(get(have, "GIT_CONFIG_COUNT"), settings)
	if t.CABundle != "" { // over GIT_SSL_CAINFO, which is for all of git's servers, not for this one
		set = append(set, "GIT_SSL_CAINFO="+t.CABundle)
	}
	// Git's trace2 would show the settings that this variable, or else the
	// user's configuration, asks for: it gets one that tells nothing.
	set = append(set, "GIT_TRACE2_CONFIG_PARAMS=protocol.version")
	return replace(have, set)
}

// configuration spells settings as git's variables, the first with number count.
func configuration(count string, settings [][2]string) []string {
	n, _ := strconv.Atoi(count) // git has refused anything else before it started us
	var env []string
	for _, s := range settings {
		i := strconv.Itoa(n)
		env = append(env, "GIT_CONFIG_KEY_"+i+"="+s[0], "GIT_CONFIG_VALUE_"+i+"="+s[1])
		n++
	}
	return append(env, "GIT_CONFIG_COUNT="+strconv.Itoa(n))
}

func get(env []string, name string) string {
	for _, v := range env {
		if value, ok := strings.CutPrefix(v, name+"="); ok {
			return value
		}
	}
	return ""
}

// replace is env with set in place of what it has under the same names: of two, the first would count.
func replace(env, set []string) []string {
	names := make(map[string]bool, len(set))
	for _, v := range set {
		name, _, _ := strings.Cut(v, "=")
		names[name] = true
	}
	out := make([]string, 0, len(env)+len(set))
	for _, v := range env {
		if name, _, _ := strings.Cut(v, "="); !names[name] {
			out = append(out, v)
		}
	}
	return append(out, set...)
}
