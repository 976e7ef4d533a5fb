package clienttest

import (
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
)

// RemoteHTTP stands in for git-remote-http: it prints its arguments, the
// configuration that it got in the environment, with the password in clear, and
// GIT_SSL_CAINFO. It is a program's main function.
func RemoteHTTP() {
	fmt.Println("args:", strings.Join(os.Args[1:], " "))
	n, _ := strconv.Atoi(os.Getenv("GIT_CONFIG_COUNT"))
	for i := range n {
		key, value := os.Getenv(fmt.Sprintf("GIT_CONFIG_KEY_%d", i)), os.Getenv(fmt.Sprintf("GIT_CONFIG_VALUE_%d", i))
		if basic, ok := strings.CutPrefix(value, "Authorization: Basic "); ok {
			b, err := base64.StdEncoding.DecodeString(basic)
			if err != nil {
				b = []byte(err.Error())
			}
			value = "Authorization: Basic <" + string(b) + ">"
		}
		if strings.HasPrefix(value, "!") {
			value = "(a program)"
		}
		fmt.Printf("%s=%s\n", key, value)
	}
	for _, name := range []string{"GIT_SSL_CAINFO", "GIT_DIR"} {
		if v, ok := os.LookupEnv(name); ok {
			fmt.Printf("%s=%s\n", name, v)
		}
	}
	if status, err := strconv.Atoi(os.Getenv("STUB_STATUS")); err == nil {
		os.Exit(status)
	}
}

// WriteCA writes the certificate of a TLS server as a bundle to trust.
func WriteCA(path string, s *httptest.Server) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600)
}

// Env turns a list of NAME=VALUE into a look-up.
func Env(environ []string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		i := slices.IndexFunc(environ, func(v string) bool { return strings.HasPrefix(v, name+"=") })
		if i < 0 {
			return "", false
		}
		return environ[i][len(name)+1:], true
	}
}
