package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var at = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

// TestSameBytes: the order in which files come, and when, changes no archive.
func TestSameBytes(t *testing.T) {
	a := []file{{"b/x", []byte("x"), 0o755}, {"a", []byte("a"), 0o644}}
	b := []file{a[1], a[0]}
	for name, write := range map[string]func(io.Writer, string, time.Time, []file) error{"tar": writeTar, "zip": writeZip} {
		var one, two bytes.Buffer
		if write(&one, "d", at, a) != nil || write(&two, "d", at.In(time.FixedZone("x", 3600)), b) != nil || !bytes.Equal(one.Bytes(), two.Bytes()) {
			t.Errorf("%s: two runs differ", name)
		}
		if one.Len() == 0 {
			t.Errorf("%s is empty", name)
		}
		if name == "tar" {
			z, err := gzip.NewReader(&one)
			if err != nil {
				t.Fatal(err)
			}
			h, err := tar.NewReader(z).Next()
			if err != nil || h.Name != "d/a" || h.Mode != 0o644 || !h.ModTime.Equal(at) || h.Uid != 0 || h.Uname != "" {
				t.Errorf("%+v %v", h, err)
			}
			continue
		}
		z, err := zip.NewReader(bytes.NewReader(one.Bytes()), int64(one.Len()))
		if err != nil || z.File[1].Name != "d/b/x" || z.File[1].Mode() != 0o755 {
			t.Errorf("%+v %v", z, err)
		}
	}
}

// TestBill: of a real program, this one.
func TestBill(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	r := release{version: "v1", time: at}
	one, err := r.bill("linux/amd64", []string{self})
	two, err2 := r.bill("linux/amd64", []string{self})
	if err != nil || err2 != nil || !bytes.Equal(one, two) {
		t.Fatal(err, err2)
	}
	var b bom
	if err := json.Unmarshal(one, &b); err != nil || b.Format != "CycloneDX" || len(b.Components) == 0 || b.Components[0].Name != "std" || !strings.HasPrefix(b.SerialNumber, "urn:uuid:") {
		t.Errorf("%v %s", err, one)
	}
	if strings.Contains(string(one), filepath.Dir(self)) {
		t.Error("the bill tells a path of this machine")
	}
}

func TestChecksums(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a"), []byte("abc"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := checksums(dir); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(dir, "SHA256SUMS"))
	if want := "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  a\n"; string(got) != want || err != nil {
		t.Errorf("%q %v", got, err)
	}
}
