package doctor

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"sojourn/internal/client/cache"
	"sojourn/internal/client/session"
	"sojourn/internal/client/signin"
	"sojourn/internal/remoteurl"
)

// minGit reads configuration from the environment, which is how the helper hands the signature over.
var minGit = [2]int{2, 31}

// expiryGit understands password_expiry_utc.
var expiryGit = [2]int{2, 40}

func (d *Doctor) git(ctx context.Context) bool {
	out, err := d.Run(ctx, "", "git", "version")
	if err != nil {
		d.add("git", Problem, "git does not run: "+err.Error(), "install git and put it on the PATH")
		return false
	}
	text := strings.TrimSpace(out)
	v, ok := gitVersion(text)
	switch {
	case !ok:
		d.add("git", Warning, fmt.Sprintf("the version of %q is not understood", text), "")
	case less(v, minGit):
		d.add("git", Problem, text+" is older than 2.31, from which on git reads the signature out of the environment", "install a newer git")
	case less(v, expiryGit):
		d.add("git", OK, text+" (from 2.40 on git also knows when a password expires)", "")
	default:
		d.add("git", OK, text, "")
	}
	return true
}

func less(a, b [2]int) bool { return a[0] < b[0] || a[0] == b[0] && a[1] < b[1] }

// gitVersion reads "git version 2.39.5 (Apple Git-154)".
func gitVersion(text string) (v [2]int, ok bool) {
	words := strings.Fields(text)
	if len(words) < 3 {
		return v, false
	}
	parts := strings.SplitN(words[2], ".", 3)
	if len(parts) < 2 {
		return v, false
	}
	var errs [2]error
	for i := range v {
		v[i], errs[i] = strconv.Atoi(parts[i])
	}
	return v, errors.Join(errs[:]...) == nil
}

const helperName = "git-remote-codecommit"

func (d *Doctor) helper(context.Context) {
	path, err := d.LookPath(helperName)
	if err != nil {
		d.add("helper", Problem, helperName+" is in no directory of the PATH, so git says \"remote-codecommit is not a git command\"",
			"put the directory of "+helperName+" on the PATH: "+d.pathCommand())
		return
	}
	switch kind := programKind(path); kind {
	case "script":
		d.add("helper", Warning, path+" is a script, such as AWS's own helper in Python: it shows passwords in the process list and stores them",
			"put the directory of Sojourn's "+helperName+" in front on the PATH: "+d.pathCommand())
	default:
		d.add("helper", OK, path, "")
	}
	if others := d.onPath(path); len(others) > 0 {
		d.add("helper", Warning, "there are others on the PATH: "+strings.Join(others, ", ")+"; the first counts, and another program may have another PATH", "")
	}
}

func (d *Doctor) pathCommand() string {
	dir := "DIR"
	if self, err := os.Executable(); err == nil {
		if _, err := os.Stat(filepath.Join(filepath.Dir(self), helperName+d.exe())); err == nil {
			dir = filepath.Dir(self)
		}
	}
	if d.GOOS == "windows" {
		return `setx PATH "%PATH%;` + dir + `"`
	}
	return "export PATH=" + dir + ":$PATH"
}

func (d *Doctor) exe() string {
	if d.GOOS == "windows" {
		return ".exe"
	}
	return ""
}

// onPath are further helpers behind the first.
func (d *Doctor) onPath(first string) (others []string) {
	seen := map[string]bool{filepath.Clean(first): true}
	for _, dir := range filepath.SplitList(d.Env.Get("PATH")) {
		p := filepath.Join(dir, helperName+d.exe())
		info, err := os.Stat(p)
		if dir == "" || err != nil || info.IsDir() || d.GOOS != "windows" && info.Mode()&0o111 == 0 || seen[filepath.Clean(p)] {
			continue
		}
		if one, err := os.Stat(first); err == nil && os.SameFile(one, info) {
			continue
		}
		seen[filepath.Clean(p)] = true
		others = append(others, p)
	}
	return others
}

func programKind(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	var b [2]byte
	if _, err := io.ReadFull(f, b[:]); err == nil && bytes.Equal(b[:], []byte("#!")) {
		return "script"
	}
	return "program"
}

// cache finds out whether sessions can be kept.
func (d *Doctor) cache(dir string) {
	at := dir
	for _, err := os.Stat(at); errors.Is(err, fs.ErrNotExist) && filepath.Dir(at) != at; _, err = os.Stat(at) {
		at = filepath.Dir(at)
	}
	if err := writable(at); err != nil {
		d.add("files", Warning, fmt.Sprintf("no session can be kept in %s, so each command of git makes its own and may ask for an MFA code: %s: %v", dir, at, err),
			"make it a directory in which you may make files")
	}
}

// environment finds variables that fight each other.
func (d *Doctor) environment() {
	n := len(d.list)
	if d.Env.Home() == "" {
		d.add("environment", Warning, "no home directory is known: ~/.aws is not read, and no session is kept", "set HOME")
	}
	a, b := d.Env.Get("AWS_DEFAULT_PROFILE"), d.Env.Get("AWS_PROFILE")
	if a != "" && b != "" && a != b {
		d.add("environment", Warning, fmt.Sprintf("AWS_DEFAULT_PROFILE (%s) and AWS_PROFILE (%s) name different profiles; the first counts here, the second in AWS CLI version 2", a, b), "unset one of them")
	}
	if a, b := d.Env.Get("AWS_DEFAULT_REGION"), d.Env.Get("AWS_REGION"); a != "" && b != "" && a != b {
		d.add("environment", Warning, fmt.Sprintf("AWS_DEFAULT_REGION (%s) and AWS_REGION (%s) name different regions; the first counts here, the second in other tools", a, b), "unset one of them")
	}
	if d.Env.Get("AWS_ACCESS_KEY_ID") != "" && (b != "" || a != "") && d.Options.Profile == "" {
		d.add("environment", Warning, "AWS_ACCESS_KEY_ID is set and counts before the profile that the environment names", "unset AWS_ACCESS_KEY_ID, or name the profile in the URL: codecommit://PROFILE@REPOSITORY")
	}
	if name, v := d.Env.First("HTTPS_PROXY", "https_proxy"); v != "" {
		d.add("environment", OK, name+" is set: requests go through a proxy", "")
	}
	if d.Env.Get("GIT_SSL_NO_VERIFY") != "" {
		d.add("environment", Problem, "GIT_SSL_NO_VERIFY is set: git talks to anyone who says to be the server", "unset GIT_SSL_NO_VERIFY, and name the authority with AWS_CA_BUNDLE")
	}
	if len(d.list) == n {
		d.add("environment", OK, "no variables that contradict each other", "")
	}
}

func (d *Doctor) profile() {
	o := d.Options
	if d.Remote != "" {
		u, err := remoteurl.ParseRemote(d.Remote)
		if err != nil {
			d.add("url", Problem, err.Error(), "")
			return
		}
		o.Profile, o.Named = u.Profile, u.HasProfile
		if u.Scheme != remoteurl.Scheme {
			o.Region = u.Scheme
		}
		d.Options = o
	}
	s, err := session.Open(o)
	if err != nil {
		fix := "sojourn configure list-profiles"
		if _, ok := errors.AsType[*session.ProfileError](err); !ok {
			fix = "" // the file cannot be read, and the text says where
		}
		d.add("profile", Problem, err.Error(), fix)
		return
	}
	d.session = s
	d.add("profile", OK, s.Name, "")
	if s.Region() == "" {
		d.add("region", Problem, "no region is set", "sojourn configure set region REGION --profile "+s.Name)
	} else {
		d.add("region", OK, s.Region(), "")
	}
	d.authorities()
}

// authorities looks at the bundle that the settings name.
func (d *Doctor) authorities() {
	path := d.session.CABundle()
	if path == "" {
		return
	}
	text, err := os.ReadFile(path)
	if err != nil {
		d.add("authorities", Problem, "AWS_CA_BUNDLE or ca_bundle names a file that cannot be read: "+err.Error(), "name the right file")
		return
	}
	valid, over := 0, ""
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		c, err := x509.ParseCertificate(block.Bytes)
		switch {
		case err != nil:
		case d.Now().After(c.NotAfter):
			over = c.Subject.String()
		default:
			valid++
		}
	}
	switch {
	case valid == 0 && over != "":
		d.add("authorities", Problem, "the certificate of "+over+" in "+path+" has expired", "get the server's present authority")
	case valid == 0:
		d.add("authorities", Problem, path+" holds no certificate in PEM form", "name a file of PEM certificates")
	default:
		d.add("authorities", OK, fmt.Sprintf("%s (%d)", path, valid), "")
	}
}

// files finds secrets that others could read.
func (d *Doctor) files() {
	if d.GOOS == "windows" || d.session == nil {
		return
	}
	n := len(d.list)
	home := d.Env.Home()
	look := map[string]fs.FileMode{d.session.Config.CredentialsFile: 0o077, d.session.Config.ConfigFile: 0o022}
	if home != "" {
		look[string(cache.Under(home))] = 0o077
		look[filepath.Join(home, ".git-credentials")] = 0o077
		look[filepath.Join(home, ".aws", "sojourn", "login")] = 0o077
	}
	for _, name := range d.session.Config.Names() {
		p, _ := d.session.Config.Profile(name)
		for _, key := range []string{"web_identity_token_file", signin.KeySecretFile} {
			if v := p.Value(key); v != "" {
				look[d.Env.Expand(v)] = 0o077
			}
		}
	}
	for path, forbidden := range look {
		info, err := os.Stat(path)
		if err != nil || path == "" {
			continue
		}
		if bad := info.Mode().Perm() & forbidden; bad != 0 {
			what, mode := "read", "600"
			if bad&0o022 != 0 {
				what = "change"
			}
			if info.IsDir() {
				mode = "700"
			} else if forbidden == 0o022 {
				mode = "go-w"
			}
			d.add("files", Problem, fmt.Sprintf("others can %s %s (mode %04o)", what, path, info.Mode().Perm()), "chmod "+mode+" "+path)
		}
	}
	if home != "" {
		d.cache(string(cache.Under(home)))
	}
	if len(d.list) == n {
		d.add("files", OK, "no private file that other users can read", "")
	}
}
