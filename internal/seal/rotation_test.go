package seal

import (
	"encoding/base64"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sojourn/internal/awserr"
)

// TestMain is the program that is killed in the middle of changes when it is told so.
func TestMain(m *testing.M) {
	if path := os.Getenv("SOJOURN_CHANGE_KEYRING"); path != "" {
		for {
			if AddGeneration(path, 2) != nil || SealWith(path, 2) != nil || SealWith(path, 1) != nil || RemoveGeneration(path, 2) != nil {
				os.Exit(1)
			}
		}
	}
	os.Exit(m.Run())
}

// A keyring is whole after kill -9 at any moment, still has the key that it had,
// and what was left beside it goes with the next change.
func TestKilledWhileChanging(t *testing.T) {
	path := filepath.Join(t.TempDir(), "root.json")
	first, err := CreateKeyring(path)
	if err != nil {
		t.Fatal(err)
	}
	sealed := first.SealSecret("l", "i", []byte("s"))
	for range 25 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "SOJOURN_CHANGE_KEYRING="+path)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10*time.Millisecond + rand.N(30*time.Millisecond)) // when it is killed is the test
		cmd.Process.Kill()
		cmd.Wait()
		if cmd.ProcessState.Exited() {
			t.Fatalf("it ended by itself: %v", cmd.ProcessState)
		}
		k, err := LoadKeyring(path)
		if err != nil {
			t.Fatal(err)
		}
		if plain, err := k.OpenSecret("l", "i", sealed); err != nil || string(plain) != "s" {
			t.Fatalf("%q %v", plain, err)
		}
		if len(k.Generations()) == 2 {
			if err := SealWith(path, 1); err != nil {
				t.Fatal(err)
			}
			if err := RemoveGeneration(path, 2); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := AddGeneration(path, 3); err != nil {
		t.Fatal(err)
	}
	if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 1 {
		t.Errorf("left behind: %v", entries)
	}
}

// A change that cannot be is refused, and the file stays as it is.
func TestChangesThatCannotBe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "root.json")
	if _, err := CreateKeyring(path); err != nil {
		t.Fatal(err)
	}
	before, _ := os.ReadFile(path)
	for _, c := range []struct {
		name string
		err  error
		want string
	}{
		{"a number that is taken", AddGeneration(path, 1), "is there twice"},
		{"the number 0", AddGeneration(path, 0), "must be 1 to 255"},
		{"the number 256", AddGeneration(path, 256), "must be 1 to 255"},
		{"an unknown one to seal", SealWith(path, 2), "there is no generation 2"},
		{"an unknown one to go", RemoveGeneration(path, 2), "there is no generation 2"},
		{"the one that seals to go", RemoveGeneration(path, 1), `no generation has phase "seal"`},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("%s: error %v, want …%s…", c.name, c.err, c.want)
		}
	}
	if after, _ := os.ReadFile(path); string(after) != string(before) {
		t.Error("the file was changed")
	}
}

// A token names the generation that sealed it. Under another's name it does not
// open, though both are accepted; nor under one that is not, or for a day to come.
func TestAttackGenerationSpoofing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "root.json")
	k, err := CreateKeyring(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := AddGeneration(path, 2); err != nil {
		t.Fatal(err)
	}
	both, err := LoadKeyring(path)
	if err != nil {
		t.Fatal(err)
	}
	k.Adopt(both)
	token := issue(t, k, session())
	respell := func(at int, add byte) string {
		raw, err := tokenEncoding.DecodeString(token.Token)
		if err != nil {
			t.Fatal(err)
		}
		raw[at] += add
		return base64.RawURLEncoding.EncodeToString(raw)
	}
	for name, spoofed := range map[string]string{
		"as the announced generation's": respell(2, 1),
		"as an unknown generation's":    respell(2, 7),
		"as generation 0's":             respell(2, 255),
		"as tomorrow's":                 respell(5, 1),
		"as of a day to come":           respell(5, 2),
		"as of a year to come":          respell(4, 2),
		"as yesterday's":                respell(5, 255),
	} {
		if _, _, err := k.Open(token.AccessKeyID, spoofed, start); !awserr.Is(err, awserr.InvalidClientTokenID) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := k.Open(token.AccessKeyID, token.Token, start); err != nil {
		t.Errorf("as it is: %v", err)
	}
}

// A session that is sealed, by who has the root, with the key of a day to come
// opens on no earlier day than the one before.
func TestAttackKeyOfADayToCome(t *testing.T) {
	k := testRing(t)
	s := session()
	later := start.Add(72 * time.Hour)
	s.Expires = later.Add(time.Hour)
	i, err := k.Issue(s, later)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := k.Open(i.AccessKeyID, i.Token, start); !awserr.Is(err, awserr.InvalidClientTokenID) {
		t.Errorf("three days early: %v", err)
	}
	if _, _, err := k.Open(i.AccessKeyID, i.Token, later.Add(-24*time.Hour)); err != nil {
		t.Errorf("a day early, as clocks may differ over midnight: %v", err)
	}
}

// What is sealed at rest is sealed anew once, and keeps what it is.
func TestReseal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "root.json")
	k, err := CreateKeyring(path)
	if err != nil {
		t.Fatal(err)
	}
	old := k.SealSecret("l", "i", []byte("s"))
	if again, changed, err := k.Reseal("l", "i", old); changed || err != nil || string(again) != string(old) {
		t.Errorf("by the same key: %v %v", changed, err)
	}
	if err := AddGeneration(path, 2); err != nil {
		t.Fatal(err)
	}
	if err := SealWith(path, 2); err != nil {
		t.Fatal(err)
	}
	next, err := LoadKeyring(path)
	if err != nil {
		t.Fatal(err)
	}
	k.Adopt(next)
	again, changed, err := k.Reseal("l", "i", old)
	if !changed || err != nil || SealedBy(old) != 1 || SealedBy(again) != 2 {
		t.Fatalf("%v %v: %d, %d", changed, err, SealedBy(old), SealedBy(again))
	}
	if plain, err := k.OpenSecret("l", "i", again); err != nil || string(plain) != "s" {
		t.Errorf("%q %v", plain, err)
	}
	for name, c := range map[string]struct{ label, id string }{"another label": {"m", "i"}, "another id": {"l", "j"}} {
		if _, _, err := k.Reseal(c.label, c.id, old); err == nil {
			t.Errorf("%s: sealed anew", name)
		}
	}
	if SealedBy([]byte("short")) != 0 {
		t.Error("what is not sealed has a generation")
	}
}
