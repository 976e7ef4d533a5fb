package seal

import (
	"bytes"
	"crypto/rand"
	"path/filepath"
	"strings"
	"testing"
)

func messageRing(t testing.TB) *Keyring {
	t.Helper()
	k, err := CreateKeyring(filepath.Join(t.TempDir(), "root.json"))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestMessages(t *testing.T) {
	k := messageRing(t)
	for _, text := range []string{"x", `{"allowed":false}`, strings.Repeat("long ", 1000)} {
		sealed := k.SealMessage("111122223333", []byte(text))
		got, err := k.OpenMessage("111122223333", sealed)
		if err != nil || string(got) != text {
			t.Errorf("%.20q: got %.20q, %v", text, got, err)
		}
		if strings.Contains(sealed, "allowed") || len(sealed) > maxMessage || sealed == k.SealMessage("111122223333", []byte(text)) {
			t.Errorf("sealed as %q", sealed)
		}
	}
	noise := make([]byte, maxMessage)
	rand.Read(noise)
	if sealed := k.SealMessage("111122223333", noise); sealed != "" {
		t.Errorf("a long text is sealed in %d characters", len(sealed))
	}
}

// A message opens as it was made, here, for its own account, and never as
// another kind of sealed thing.
func TestForgedMessages(t *testing.T) {
	k := messageRing(t)
	sealed := k.SealMessage("111122223333", []byte("text of a message"))
	if _, err := k.OpenMessage("444455556666", sealed); err == nil {
		t.Error("another account opens it")
	}
	if _, err := messageRing(t).OpenMessage("111122223333", sealed); err == nil {
		t.Error("another installation opens it")
	}
	raw, err := tokenEncoding.DecodeString(sealed)
	if err != nil {
		t.Fatal(err)
	}
	for i := range raw {
		forged := bytes.Clone(raw)
		forged[i] ^= 1
		if _, err := k.OpenMessage("111122223333", tokenEncoding.EncodeToString(forged)); err == nil {
			t.Errorf("it opens with byte %d changed", i)
		}
	}
	for _, text := range []string{"", "A", sealed[:len(sealed)-1], sealed + "A", sealed + "\n", "!" + sealed[1:], sealed[:40], strings.Repeat("A", maxMessage+1),
		tokenEncoding.EncodeToString(k.SealSecret("authorization-message", "111122223333", []byte("text")))} {
		if _, err := k.OpenMessage("111122223333", text); err == nil {
			t.Errorf("%.60q opens", text)
		}
	}
}

func FuzzOpenMessage(f *testing.F) {
	k := messageRing(f)
	f.Add(k.SealMessage("111122223333", []byte("text")))
	f.Add("AQAB")
	f.Fuzz(func(t *testing.T, text string) {
		if plain, err := k.OpenMessage("111122223333", text); err == nil && string(plain) != "text" {
			t.Errorf("%q opens as %q", text, plain)
		}
	})
}
