package seal

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sojourn/internal/awserr"
)

func TestCreateAndLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keyring.json")
	if _, err := LoadKeyring(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("loading what is not there: %v", err)
	}
	created, err := CreateKeyring(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	loaded, err := LoadKeyring(path)
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := loaded.OpenSecret("l", "i", created.SealSecret("l", "i", []byte("s"))); err != nil || string(plain) != "s" {
		t.Errorf("opened %q, %v", plain, err)
	}
	before, _ := os.ReadFile(path)
	if _, err := CreateKeyring(path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("creating a second: %v", err)
	}
	if after, _ := os.ReadFile(path); string(after) != string(before) {
		t.Error("the keyring was overwritten")
	}
	if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 1 {
		t.Errorf("left behind: %v", entries)
	}
	other, err := CreateKeyring(filepath.Join(t.TempDir(), "keyring.json"))
	if err != nil || *other.ring.Load().roots[1] == *created.ring.Load().roots[1] {
		t.Errorf("two keyrings share their root: %v", err)
	}
}

func TestLoadRefusesAccessByOthers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keyring.json")
	if _, err := CreateKeyring(path); err != nil {
		t.Fatal(err)
	}
	for _, mode := range []os.FileMode{0o640, 0o604, 0o610, 0o602, 0o660, 0o644} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadKeyring(path); err == nil || !strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("mode %o: error %v", mode, err)
		}
	}
	if err := os.Chmod(path, 0o400); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadKeyring(path); err != nil {
		t.Errorf("mode 0400: %v", err)
	}
	if _, err := LoadKeyring(filepath.Dir(path)); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("a directory: %v", err)
	}
}

func TestKeyringForm(t *testing.T) {
	one := `{"generation":1,"phase":"seal","root":"` + rootText(1) + `"}`
	ring := func(generations string) string { return `{"version":1,"generations":[` + generations + `]}` }
	for _, test := range []struct{ name, text, want string }{
		{"good", ring(one), ""},
		{"empty", "", "cut short"},
		{"cut", ring(one)[:40], "cut short"},
		{"no JSON", "root", "not JSON at byte"},
		{"list", "[]", "wrong type"},
		{"more behind", ring(one) + "{}", "something behind"},
		{"unknown field", `{"version":1,"generation":[]}`, `unknown field "generation"`},
		{"unknown field below", ring(`{"generation":1,"phase":"seal","root":"` + rootText(1) + `","weight":1}`), `unknown field "weight"`},
		{"other version", strings.Replace(ring(one), `"version":1`, `"version":2`, 1), "version is 2, this program knows 1"},
		{"no version", `{"generations":[` + one + `]}`, "version is 0"},
		{"no generation", ring(""), `no generation has phase "seal"`},
		{"none seals", ring(strings.Replace(one, "seal", "accept", 1)), `no generation has phase "seal"`},
		{"two seal", ring(one + "," + strings.Replace(one, `:1`, `:2`, 1)), `generation 1 has phase "seal" already`},
		{"twice", ring(one + "," + one), "is there twice"},
		{"zero", ring(strings.Replace(one, `:1`, `:0`, 1)), "must be 1 to 255"},
		{"256", ring(strings.Replace(one, `:1`, `:256`, 1)), "must be 1 to 255"},
		{"unknown phase", ring(strings.Replace(one, "seal", "retired", 1)), `phase must be "seal" or "accept"`},
		{"short root", ring(strings.Replace(one, rootText(1), "AQEB", 1)), "root must be 32 bytes in base64"},
		{"root in hex", ring(strings.Replace(one, rootText(1), strings.Repeat("01", 32), 1)), "root must be 32 bytes in base64"},
		{"root is a number", ring(strings.Replace(one, `"`+rootText(1)+`"`, "1234567", 1)), "wrong type"},
		{"since", strings.Replace(ring(one), `"version":1`, `"version":1,"sessions_since":"2026-11-23"`, 1), ""},
		{"no day", strings.Replace(ring(one), `"version":1`, `"version":1,"sessions_since":"yesterday"`, 1), "sessions_since must be a day"},
		{"huge", ring(one) + strings.Repeat(" ", maxFile), "longer than 65536 bytes"},
	} {
		_, err := parseKeyring([]byte(test.text))
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: error %v, want …%s…", test.name, err, test.want)
		}
		if err != nil && (strings.Contains(err.Error(), "AQEB") || strings.Contains(err.Error(), "0101") || strings.Contains(err.Error(), "1234567")) {
			t.Errorf("%s: the error shows a root key: %v", test.name, err)
		}
	}
}

// The root's change as an operator does it: no session is lost until the old root goes.
func TestRotation(t *testing.T) {
	gen := func(id int, phase string) string {
		return fmt.Sprintf(`{"generation":%d,"phase":%q,"root":%q}`, id, phase, rootText(byte(id)))
	}
	parse := func(since string, generations ...string) *Keyring {
		k, err := parseKeyring([]byte(`{"version":1,"sessions_since":"` + since + `","generations":[` + strings.Join(generations, ",") + `]}`))
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	before := parse("", gen(1, "seal"))
	announced := parse("", gen(1, "seal"), gen(2, "accept"))
	switched := parse("", gen(1, "accept"), gen(2, "seal"))
	retired := parse("", gen(2, "seal"))
	oldToken, newToken := issue(t, before, session()), issue(t, switched, session())
	for _, c := range []struct {
		name   string
		k      *Keyring
		issued Issued
		opens  bool
	}{
		{"announced, old", announced, oldToken, true},
		{"announced, new", announced, newToken, true},
		{"switched, old", switched, oldToken, true},
		{"switched, new", switched, newToken, true},
		{"retired, old", retired, oldToken, false},
		{"retired, new", retired, newToken, true},
		{"not announced, new", before, newToken, false},
		{"since today", parse(start.Format(time.DateOnly), gen(1, "seal")), oldToken, true},
		{"since tomorrow", parse(start.Add(24*time.Hour).Format(time.DateOnly), gen(1, "seal")), oldToken, false},
	} {
		_, _, err := c.k.Open(c.issued.AccessKeyID, c.issued.Token, start)
		if c.opens && err != nil || !c.opens && !awserr.Is(err, awserr.InvalidClientTokenID) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestKeyringPrintsNothing(t *testing.T) {
	k := testRing(t)
	issued := issue(t, k, session())
	holder := struct {
		Keys   *Keyring
		keys   *Keyring
		Issued Issued
	}{k, k, issued}
	var out strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb+verb+verb+"\n", k, issued, holder)
	}
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "k", k, "i", issued)
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "k", k, "i", issued, "h", holder)
	data, err := json.Marshal(k)
	out.Write(data)
	if err != nil {
		t.Error(err)
	}
	for _, leak := range []string{issued.Token, issued.Secret.Reveal(), "[1 1 1", "0101", "1, 0x1", "\x01\x01", "\\x01"} {
		if strings.Contains(out.String(), leak) {
			t.Errorf("printed %q:\n%s", leak, out.String())
		}
	}
}

func FuzzKeyring(f *testing.F) {
	f.Add([]byte(`{"version":1,"sessions_since":"2026-11-23","generations":[{"generation":1,"phase":"seal","root":"` + rootText(1) + `"}]}`))
	f.Add([]byte(`{"version":1,"generations":[{"generation":1,"phase":"accept","root":""}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		k, err := parseKeyring(data)
		if err != nil {
			if k != nil || len(err.Error()) > 512+len(data) {
				t.Errorf("%v, error %v", k, err)
			}
			return
		}
		if plain, err := k.OpenSecret("l", "i", k.SealSecret("l", "i", []byte("s"))); err != nil || string(plain) != "s" {
			t.Errorf("a keyring that cannot open its own: %v", err)
		}
	})
}
