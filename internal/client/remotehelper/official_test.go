package remotehelper

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sojourn/internal/client/config"
)

// vector is what AWS's helper, version 1.17, does with a command line by its
// source: what it asks git's HTTPS helper for, or its text and status. The
// vectors were not recorded from that helper, but worked out from its rules, and
// passwords computed apart from this code, from the published algorithm; one,
// "the official test", is the helper's own. Files are named sets.
type vector struct {
	Name, Files         string
	Env                 map[string]string
	Argv                []string
	Now                 string
	URL, User, Password string
	Error               string
	Status              int
}

func TestOfficial(t *testing.T) {
	data, err := os.ReadFile("testdata/official.json")
	if err != nil {
		t.Fatal(err)
	}
	var all struct {
		Files   map[string]map[string]string
		Vectors []vector
	}
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	if len(all.Vectors) < 140 {
		t.Errorf("%d vectors", len(all.Vectors))
	}
	homes := map[string]string{}
	for name, files := range all.Files {
		homes[name] = t.TempDir()
		if err := os.Mkdir(filepath.Join(homes[name], ".aws"), 0o700); err != nil {
			t.Fatal(err)
		}
		for file, text := range files {
			if err := os.WriteFile(filepath.Join(homes[name], ".aws", file), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, v := range all.Vectors {
		t.Run(v.Name, func(t *testing.T) { v.run(t, homes[v.Files]) })
	}
}

func (v vector) run(t *testing.T, home string) {
	now := "2026-11-23T12:00:00Z"
	if v.Now != "" {
		now = v.Now
	}
	var stderr strings.Builder
	var url, user, password string
	status := Main(context.Background(), Process{
		Args: append([]string{"git-remote-codecommit"}, v.Argv...), Stderr: &stderr,
		Env: func(k string) (string, bool) {
			switch k {
			case "HOME", "USERPROFILE":
				return home, true
			case "AWS_EC2_METADATA_DISABLED":
				return "true", true
			}
			value, ok := v.Env[k]
			return value, ok
		},
		Now:     func() time.Time { at, _ := time.Parse(time.RFC3339, now); return at },
		Pushing: func() bool { return false },
		Find: func(config.Env) (string, []string, error) {
			return "/git-remote-http", []string{"git-remote-http"}, nil
		},
		Become: func(_ string, args, environ []string) (int, error) {
			if len(args) != 3 || args[1] != "origin" {
				t.Errorf("arguments %q", args)
			}
			url = args[len(args)-1]
			for _, e := range environ {
				if _, basic, ok := strings.Cut(e, "=Authorization: Basic "); ok {
					text, err := base64.StdEncoding.DecodeString(basic)
					if err != nil {
						t.Error(err)
					}
					i := strings.LastIndexByte(string(text), ':')
					user, password = string(text[:i]), string(text[i+1:])
				}
			}
			return 0, nil
		},
	})
	if url != v.URL || user != v.User || password != v.Password || status != v.Status {
		t.Errorf("%s as %q with %s, status %d;\nwant %s as %q with %s, status %d", url, user, password, status, v.URL, v.User, v.Password, v.Status)
	}
	if got := strings.TrimSuffix(stderr.String(), "\n"); got != v.Error {
		t.Errorf("said %s\nwant %s", got, v.Error)
	}
}
