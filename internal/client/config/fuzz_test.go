package config

import (
	"maps"
	"testing"
)

// A file that is read comes out byte for byte; an edit changes one value and leaves all others alone.
func FuzzINI(f *testing.F) {
	for _, text := range []string{
		"[default]\nregion = us-east-1\noutput = json\n\n[profile CodeAccess]\nsource_profile = default\n",
		"\ufeff[default]\r\nregion=eu-west-1\r\n# note\r\ns3 =\r\n  max_concurrent_requests = 20\r\n",
		"[a]\n  x = 1\n  y : 2\n[b]\n  [c]\n    k = v\n", "[services s]\nsts =\n\n    endpoint_url = http://h\n  # c\n    b=c\n[default]\nservices = s",
		"[a]\nk = 1\nk = 2\n[a]\nk = 3", "; only\n", "x = y", "[a]\nb", "[]\n", "[a]\nb =\n", "[a]\n\tb\n  = c\n d\n",
	} {
		f.Add(text, "profile a", "region", "", "eu-central-1")
		f.Add(text, "default", "s3", "addressing_style", "path")
		f.Add(text, "a", "k", "", "")
	}
	f.Fuzz(func(t *testing.T, text, section, key, sub, value string) {
		ini, err := ParseINI(text)
		if err != nil {
			return
		}
		if got := ini.String(); got != text {
			t.Fatalf("read %q, wrote %q", text, got)
		}
		before := values(ini)
		s := Setting{Key: key, Sub: sub, Value: value}
		if s.check() != nil || ini.Set(func(name string) bool { return name == section }, section, s) != nil {
			if ini.String() != text {
				t.Fatalf("a refused setting changed the file: %q", ini.String())
			}
			return
		}
		after, err := ParseINI(ini.String())
		if err != nil {
			t.Fatalf("%q after %+v is %q: %v", text, s, ini.String(), err)
		}
		checkSet(t, after, section, s)
		got := values(after)
		for _, m := range []map[[2]string]string{before, got} {
			delete(m, [2]string{section, s.Key})
		}
		if !maps.Equal(before, got) {
			t.Fatalf("%q after %+v is %q: other values changed from %q to %q", text, s, ini.String(), before, got)
		}
	})
}

func checkSet(t *testing.T, f *INI, section string, s Setting) {
	t.Helper()
	for _, have := range f.Sections() {
		if have.Name != section {
			continue
		}
		got, ok := have.Get(s.Key)
		if s.Sub != "" {
			got, ok = have.Nested(s.Key, s.Sub)
		}
		if !ok || got != s.Value {
			t.Fatalf("after %+v the value is %q, %v in %q", s, got, ok, f.String())
		}
		return
	}
	t.Fatalf("after %+v there is no section %q in %q", s, section, f.String())
}

func values(f *INI) map[[2]string]string {
	m := map[[2]string]string{}
	for _, s := range f.Sections() {
		for k, v := range s.values {
			m[[2]string{s.Name, k}] = v
		}
	}
	return m
}

// What quoteShell writes is one word, the same one, when it is read back.
func FuzzShellWords(f *testing.F) {
	for _, s := range []string{"", "a b", `it's`, `a\b`, `"`, "a\nb", "#x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		words, err := SplitShell("profile " + quoteShell(s))
		if err != nil || len(words) != 2 || words[1] != s {
			t.Fatalf("%q came back as %q, %v", s, words, err)
		}
		_, _ = SplitShell(s)
	})
}
