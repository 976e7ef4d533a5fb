package seal

import (
	"bytes"
	"crypto/sha3"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"testing"

	"sojourn/internal/arn"
)

// testRing is a keyring of fixed root keys: generation 2 seals, 1 still opens.
func testRing(t testing.TB) *Keyring {
	t.Helper()
	k, err := parseKeyring([]byte(`{"version":1,"generations":[` +
		`{"generation":1,"phase":"accept","root":"` + rootText(1) + `"},` +
		`{"generation":2,"phase":"seal","root":"` + rootText(2) + `"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func rootText(b byte) string { return base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{b}, 32)) }

// The two vectors of the specification: CMAC's subkey with and without the carry.
func TestXAESVectors(t *testing.T) {
	for _, v := range []struct {
		key          byte
		ad, expected string
	}{
		{1, "", "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271"},
		{3, "c2sp.org/XAES-256-GCM", "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d"},
	} {
		x := newXAES(bytes.Repeat([]byte{v.key}, 32))
		nonce := []byte("ABCDEFGHIJKLMNOPQRSTUVWX")
		box := x.seal(nil, nonce, []byte("XAES-256-GCM"), []byte(v.ad))
		if hex.EncodeToString(box) != v.expected {
			t.Errorf("key %d: %x, want %s", v.key, box, v.expected)
		}
		if plain, err := x.open(nil, nonce, box, []byte(v.ad)); err != nil || string(plain) != "XAES-256-GCM" {
			t.Errorf("key %d: opened %q, %v", v.key, plain, err)
		}
	}
}

// The specification's accumulated test of 10,000 random messages.
func TestXAESAccumulated(t *testing.T) {
	source, sum := sha3.NewSHAKE128(), sha3.NewSHAKE128()
	next := func(n int) []byte {
		b := make([]byte, n)
		source.Read(b)
		return b
	}
	for range 10_000 {
		key, nonce := next(32), next(24)
		plain := next(int(next(1)[0]))
		ad := next(int(next(1)[0]))
		sum.Write(newXAES(key).seal(nil, nonce, plain, ad))
	}
	got := make([]byte, 32)
	sum.Read(got)
	if hex.EncodeToString(got) != "e6b9edf2df6cec60c8cbd864e2211b597fb69a529160cd040d56c0c210081939" {
		t.Errorf("sum %x", got)
	}
}

func TestSecretAtRest(t *testing.T) {
	k := testRing(t)
	sealed := k.SealSecret("access-key", "AKIA1", []byte("wJalr"))
	if plain, err := k.OpenSecret("access-key", "AKIA1", sealed); err != nil || string(plain) != "wJalr" {
		t.Fatalf("opened %q, %v", plain, err)
	}
	if bytes.Equal(sealed, k.SealSecret("access-key", "AKIA1", []byte("wJalr"))) {
		t.Error("the same secret is sealed the same way twice")
	}
	for _, wrong := range [][2]string{{"access-key", "AKIA2"}, {"mfa-device", "AKIA1"}, {"access-keyA", "KIA1"}, {"", "access-keyAKIA1"}} {
		if _, err := k.OpenSecret(wrong[0], wrong[1], sealed); err == nil {
			t.Errorf("opened as %q", wrong)
		}
	}
	for i := range sealed {
		for bit := range 8 {
			changed := bytes.Clone(sealed)
			changed[i] ^= 1 << bit
			if _, err := k.OpenSecret("access-key", "AKIA1", changed); err == nil {
				t.Errorf("opened with bit %d of byte %d changed", bit, i)
			}
		}
		if _, err := k.OpenSecret("access-key", "AKIA1", sealed[:i]); err == nil {
			t.Errorf("opened the first %d bytes", i)
		}
	}
	if _, err := k.OpenSecret("access-key", "AKIA1", nil); err == nil || !strings.Contains(err.Error(), `opening the sealed access-key of "AKIA1"`) {
		t.Errorf("error %v", err)
	}
}

// A secret sealed before the root changed opens as long as its root is there.
func TestSecretAtRestAcrossGenerations(t *testing.T) {
	old, err := parseKeyring([]byte(`{"version":1,"generations":[{"generation":1,"phase":"seal","root":"` + rootText(1) + `"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	sealed := old.SealSecret("access-key", "AKIA1", []byte("s"))
	if plain, err := testRing(t).OpenSecret("access-key", "AKIA1", sealed); err != nil || string(plain) != "s" {
		t.Errorf("opened %q, %v", plain, err)
	}
	if _, err := old.OpenSecret("access-key", "AKIA1", testRing(t).SealSecret("access-key", "AKIA1", []byte("s"))); err == nil ||
		!strings.Contains(err.Error(), "no root key of generation 2") {
		t.Errorf("error %v", err)
	}
}

func TestAccessKeyID(t *testing.T) {
	for _, account := range []string{"000000000000", "000000000001", "111122223333", "999999999999"} {
		seen := map[string]bool{}
		for range 100 {
			id := NewAccessKeyID("AKIA", account)
			if got, ok := AccountOf(id); !ok || got != account || len(id) != 20 || !strings.HasPrefix(id, "AKIA") || seen[id] {
				t.Fatalf("%s: account %s, %v", id, got, ok)
			}
			seen[id] = true
		}
	}
	// An access key id of AWS and its account, from a published description of the layout.
	if got, ok := AccountOf("ASIAQNZGKIQY56JQ7WML"); !ok || got != "029608264753" {
		t.Errorf("account %s, %v", got, ok)
	}
	for _, id := range []string{"", "ASIA", "AKIAIOSFODNN7EXAMPLE", "ASIAQNZGKIQY56JQ7WM", "ASIAQNZGKIQY56JQ7WML2", "ASIAQNZGKIQY56JQ7WM0", "ASIAqnzgkiqy56jq7wml", "ASIA7777777777777777", "ASIA777777777777777\n"} {
		if got, ok := AccountOf(id); ok {
			t.Errorf("%q has account %s", id, got)
		}
	}
}

// Nothing random reaches into the account, and all of the random bits vary.
func TestAccessKeyIDBits(t *testing.T) {
	var and, or uint64 = 1<<64 - 1, 0
	var and2, or2 byte = 255, 0
	for range 1000 {
		b, err := base32Decode(NewAccessKeyID("ASIA", "000000000000")[4:])
		if err != nil {
			t.Fatal(err)
		}
		n := binary.BigEndian.Uint64(b)
		and, or = and&n, or|n
		and2, or2 = and2&b[9], or2|b[9]
	}
	if and != 1<<63 || or != 1<<63|(1<<23-1) || and2 != 0 || or2 != 255 {
		t.Errorf("always set %x %x, ever set %x %x", and, and2, or, or2)
	}
}

func TestNewID(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		id := NewID("AROA")
		if len(id) != 21 || !strings.HasPrefix(id, "AROA") || strings.Trim(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != "" || seen[id] {
			t.Fatalf("id %q", id)
		}
		seen[id] = true
	}
}

func FuzzAccountOf(f *testing.F) {
	f.Add("ASIAQNZGKIQY56JQ7WML")
	f.Add("AKIAIOSFODNN7EXAMPLE")
	f.Fuzz(func(t *testing.T, id string) {
		if account, ok := AccountOf(id); ok && (!arn.IsAccount(account) || len(id) != 20 || strings.ContainsAny(id[4:], "\r\n")) {
			t.Errorf("%q has account %q", id, account)
		}
	})
}
