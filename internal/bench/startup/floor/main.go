// Command floor is the least that a helper in Go can do for a profile with keys:
// read two files, sign, and become git's HTTPS helper. It knows one form of URL,
// checks nothing and could not make a session; it is what the benchmark of the
// client measures the helper by.
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

func main() {
	set := settings("config", "credentials")
	now, region := time.Now().UTC().Format("20060102T150405"), set["region"]
	host := "git-codecommit." + region + ".amazonaws.com"
	canonical := sha256.Sum256([]byte("GIT\n/v1/repos/repo\n\nhost:" + host + "\n\nhost\n"))
	key := []byte("AWS4" + set["aws_secret_access_key"])
	for _, part := range []string{now[:8], region, "codecommit", "aws4_request"} {
		key = mac(key, part)
	}
	toSign := "AWS4-HMAC-SHA256\n" + now + "\n" + now[:8] + "/" + region + "/codecommit/aws4_request\n" + hex.EncodeToString(canonical[:])
	user := set["aws_access_key_id"] + ":" + now + "Z" + hex.EncodeToString(mac(key, toSign))
	env := append(os.Environ(), "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=http.extraHeader",
		"GIT_CONFIG_VALUE_0=Authorization: Basic "+base64.StdEncoding.EncodeToString([]byte(user)))
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		program := filepath.Join(dir, "git-remote-http")
		if _, err := os.Stat(program); err == nil {
			panic(syscall.Exec(program, []string{"git-remote-http", os.Args[1], "https://" + host + "/v1/repos/repo"}, env))
		}
	}
	panic("no git-remote-http")
}

func settings(files ...string) map[string]string {
	set := map[string]string{}
	for _, f := range files {
		text, err := os.ReadFile(filepath.Join(os.Getenv("HOME"), ".aws", f))
		if err != nil {
			panic(err)
		}
		for line := range strings.SplitSeq(string(text), "\n") {
			name, value, _ := strings.Cut(line, "=")
			set[strings.TrimSpace(name)] = strings.TrimSpace(value)
		}
	}
	return set
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}
