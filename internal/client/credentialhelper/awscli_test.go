package credentialhelper

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sojourn/internal/client/session"
)

// Each vector is what "aws codecommit credential-helper" (version 1.45) printed
// with its clock stopped. Ours has one line more, which says until when.
func TestAWSCLI(t *testing.T) {
	data, err := os.ReadFile("testdata/awscli.json")
	if err != nil {
		t.Fatal(err)
	}
	var all struct {
		Files   map[string]string
		Vectors []struct {
			Name, Stdin, Output string
			Args                []string
			Env                 map[string]string
		}
	}
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	if err := os.Mkdir(filepath.Join(home, ".aws"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range all.Files {
		if err := os.WriteFile(filepath.Join(home, ".aws", name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, v := range all.Vectors {
		t.Run(v.Name, func(t *testing.T) {
			o := session.Options{Now: func() time.Time { return noon }, Env: func(k string) (string, bool) {
				if k == "HOME" || k == "USERPROFILE" {
					return home, true
				}
				value, ok := v.Env[k]
				return value, ok
			}}
			h := Helper{Now: o.Now}
			for i, arg := range v.Args {
				switch arg {
				case "--profile":
					o.Profile = v.Args[i+1]
				case "--region":
					o.Region = v.Args[i+1]
				case "--ignore-host-check":
					h.AnyHost = true
				case "store", "erase":
					return // the command line's business, which does nothing
				}
			}
			if h.Session, err = session.Open(o); err != nil {
				t.Fatal(err)
			}
			var out strings.Builder
			if err := h.Get(context.Background(), strings.NewReader(v.Stdin), &out); err != nil {
				t.Fatal(err)
			}
			got, until, _ := strings.Cut(out.String(), "password_expiry_utc=")
			if got != v.Output || (until != "1795436100\n") != (got == "") {
				t.Errorf("%q until %q, want %q", got, until, v.Output)
			}
		})
	}
}

// FuzzRead: what is read is what was written, key by key.
func FuzzRead(f *testing.F) {
	f.Add("protocol=https\nhost=h\npath=p\n\n")
	f.Add("a=b=c\r\nx")
	f.Fuzz(func(t *testing.T, text string) {
		fields, err := read(strings.NewReader(text))
		for k, v := range fields {
			if err == nil && !strings.Contains(text, k+"="+v) {
				t.Errorf("%q has no %q=%q", text, k, v)
			}
		}
	})
}
