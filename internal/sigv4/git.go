package sigv4

import (
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"strings"
	"time"

	"sojourn/internal/awserr"
	"sojourn/internal/secret"
)

const (
	gitService      = "codecommit"
	gitStampSize    = len(TimeFormat) - 1 // no Z in what is signed, but one in the password
	gitPasswordSize = len(TimeFormat) + 2*len(Key{})

	maxAccessKeyID = 128
	maxToken       = 16 << 10
)

// GitPassword signs a Git URL: YYYYMMDDTHHMMSSZ and 64 hex digits. host (with
// its port, if the URL has one) and path are signed as they are.
func GitPassword(secretKey secret.String, region, host, path string, t time.Time) secret.String {
	key := DeriveKey(secretKey.Reveal(), t.UTC().Format(dateFormat), region, gitService)
	sum := gitSignature(key, region, host, path, t)
	return secret.New(stamp(t) + hex.EncodeToString(sum[:]))
}

// GitUser is the user name that goes with a Git password, not escaped for a URL.
func GitUser(c Credentials) string {
	if c.Token == "" {
		return c.AccessKeyID
	}
	return c.AccessKeyID + "%" + c.Token
}

// GitCredential is a Git user name and password, taken apart.
type GitCredential struct {
	AccessKeyID, Token string
	Time               time.Time
	Signature          []byte
}

// ParseGit reads a Git user name and password. Its errors say what is wrong
// with their form and never repeat them.
func ParseGit(user, password string) (*GitCredential, error) {
	id, token, _ := strings.Cut(user, "%")
	if !isAccessKeyID(id) || !isToken(token) {
		return nil, badGit("The Git user name must be an access key id, followed by % and the session token if there is one.")
	}
	if len(password) != gitPasswordSize {
		return nil, badGit("The Git password must be a Signature Version 4 signature, as git-remote-codecommit and " +
			"the credential helper make them: YYYYMMDDTHHMMSSZ and 64 hexadecimal digits.")
	}
	t, ok := parseStamp(password[:len(TimeFormat)])
	sum, isHex := parseSignature(password[len(TimeFormat):])
	if !ok || !isHex {
		return nil, badGit("The Git password must begin with its time in UTC as YYYYMMDDTHHMMSSZ and go on with 64 lower-case hexadecimal digits.")
	}
	return &GitCredential{AccessKeyID: id, Token: token, Time: t, Signature: sum}, nil
}

// Verify reports whether the password signs exactly this host and path. key
// must be derived for the date of g.Time.
func (g *GitCredential) Verify(key Key, region, host, path string) bool {
	sum := gitSignature(key, region, host, path, g.Time)
	return subtle.ConstantTimeCompare(sum[:], g.Signature) == 1
}

// gitSignature signs the pseudo-request. Its line for the body's hash is empty.
func gitSignature(key Key, region, host, path string, t time.Time) Key {
	var buf [256]byte
	b := append(buf[:0], "GIT\n"...)
	b = append(b, path...)
	b = append(b, "\n\nhost:"...)
	b = append(b, host...)
	b = append(b, "\n\nhost\n"...)
	return key.signature(t, gitStampSize, region, gitService, b)
}

// GitHosts lists what clients may have signed as host for a request that came
// with this Host header: git-remote-codecommit signs the host of its URL
// verbatim, with the port even where HTTP leaves out the default one; the AWS
// credential helper signs what stands before the first colon, which of an
// IPv6 address is "[".
func GitHosts(host string) []string {
	hosts := make([]string, 0, 6)
	add := func(h string) {
		for _, have := range hosts {
			if have == h {
				return
			}
		}
		hosts = append(hosts, h)
	}
	for _, h := range [...]string{host, strings.ToLower(host)} {
		add(h)
		before, _, hasColon := strings.Cut(h, ":")
		add(before)
		if end := strings.IndexByte(h, ']'); end > 0 {
			add(h[:end+1])
			hasColon = len(h) > end+1
		}
		if !hasColon {
			add(h + ":443")
		}
	}
	return hosts
}

// GitPaths lists what clients may have signed as path: the AWS credential
// helper puts another slash in front when git gives it one.
func GitPaths(path string) []string {
	path = strings.TrimLeft(path, "/")
	return []string{"/" + path, "//" + path}
}

func badGit(text string) *awserr.Error {
	return awserr.New(awserr.IncompleteSignature, http.StatusBadRequest, "%s", text)
}

// isAccessKeyID checks the characters that access key ids are made of.
func isAccessKeyID(s string) bool {
	if s == "" || len(s) > maxAccessKeyID {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !isUnreserved(c) || c == '-' || c == '.' || c == '~' {
			return false
		}
	}
	return true
}

// isToken allows printable ASCII: AWS's tokens are base64, ours base64url.
func isToken(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return len(s) <= maxToken
}

// parseSignature reads 64 lower-case hex digits.
func parseSignature(s string) ([]byte, bool) {
	b, err := hex.DecodeString(s)
	return b, err == nil && len(b) == len(Key{}) && strings.ToLower(s) == s
}
