// Command release makes what is given out: for each platform an archive with
// the programs, the manual and the completions, and a bill of materials
// (CycloneDX) of what is linked into them; and one list of checksums.
//
// The same commit gives the same bytes: times are the commit's, names are
// sorted, owners are nobody, and nothing is taken from the machine.
//
//	go run ./internal/release -version v1.0 -time 1790000000 -out dist
package main

import (
	"context"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// platforms are those that are supported.
var platforms = []string{"linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64", "windows/amd64", "windows/arm64"}

var programs = []string{"sojourn", "git-remote-codecommit"}

func main() {
	var r release
	var seconds int64
	flag.StringVar(&r.version, "version", "unknown", "the `VERSION`")
	flag.Int64Var(&seconds, "time", 0, "`SECONDS` since 1970: the time of every file")
	flag.StringVar(&r.out, "out", "dist", "`DIR` to write to")
	flag.Parse()
	r.time = time.Unix(seconds, 0).UTC()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := r.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

type release struct {
	version, out string
	time         time.Time
}

func (r release) run(ctx context.Context) error {
	if strings.ContainsAny(r.version, "/\\ ") {
		return fmt.Errorf("%q cannot be part of a file's name", r.version)
	}
	work, err := os.MkdirTemp("", "release-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if err := os.RemoveAll(r.out); err != nil {
		return err
	}
	if err := os.MkdirAll(r.out, 0o755); err != nil {
		return err
	}
	common, err := r.common(ctx, work)
	if err != nil {
		return err
	}
	for _, p := range platforms {
		fmt.Println(p)
		if err := r.platform(ctx, work, p, common); err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
	}
	return checksums(r.out)
}

// build compiles the programs for a platform into dir.
func (r release) build(ctx context.Context, platform, dir string) error {
	goos, goarch, _ := strings.Cut(platform, "/")
	c := exec.CommandContext(ctx, "go", "build", "-tags", "nethttpomithttp2", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w -X sojourn/internal/version.Version="+r.version, "-o", dir+string(filepath.Separator), "./cmd/...")
	c.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+goos, "GOARCH="+goarch, "GOFLAGS=", "GOAMD64=v1", "GOARM64=v8.0")
	c.Stdout, c.Stderr = os.Stderr, os.Stderr
	return c.Run()
}

// common are the files that are the same for every platform, made by the program for this one.
func (r release) common(ctx context.Context, work string) ([]file, error) {
	host := filepath.Join(work, "host")
	if err := r.build(ctx, runtime.GOOS+"/"+runtime.GOARCH, host); err != nil {
		return nil, err
	}
	self := filepath.Join(host, "sojourn")
	var list []file
	for from, to := range map[string]string{"LICENSE": "LICENSE", "README.md": "README.md", "CHANGELOG.md": "CHANGELOG.md"} {
		data, err := os.ReadFile(from)
		if err != nil {
			return nil, err
		}
		list = append(list, file{to, data, 0o644})
	}
	for shell, to := range map[string]string{"bash": "completions/sojourn.bash", "zsh": "completions/_sojourn", "fish": "completions/sojourn.fish", "powershell": "completions/sojourn.ps1"} {
		data, err := exec.CommandContext(ctx, self, "completion", shell).Output()
		if err != nil {
			return nil, err
		}
		list = append(list, file{to, data, 0o644})
	}
	manual := filepath.Join(work, "man")
	if err := exec.CommandContext(ctx, self, "man", "--all", manual).Run(); err != nil {
		return nil, err
	}
	pages, err := os.ReadDir(manual)
	for _, p := range pages {
		data, err := os.ReadFile(filepath.Join(manual, p.Name()))
		if err != nil {
			return nil, err
		}
		list = append(list, file{"man/man1/" + p.Name(), data, 0o644})
	}
	return list, err
}

// platform makes one archive and its bill of materials.
func (r release) platform(ctx context.Context, work, platform string, common []file) error {
	goos, goarch, _ := strings.Cut(platform, "/")
	dir := filepath.Join(work, goos+"-"+goarch)
	if err := r.build(ctx, platform, dir); err != nil {
		return err
	}
	list := append([]file(nil), common...)
	var paths []string
	for _, p := range programs {
		if goos == "windows" {
			p += ".exe"
		}
		path := filepath.Join(dir, p)
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		paths = append(paths, path)
		list = append(list, file{"bin/" + p, data, 0o755})
	}
	bill, err := r.bill(platform, paths)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("sojourn_%s_%s_%s", r.version, goos, goarch)
	list = append(list, file{"sbom.cdx.json", bill, 0o644})
	if err := os.WriteFile(filepath.Join(r.out, name+".cdx.json"), bill, 0o644); err != nil {
		return err
	}
	if goos == "windows" {
		return r.write(name+".zip", func(w *os.File) error { return writeZip(w, name, r.time, list) })
	}
	return r.write(name+".tar.gz", func(w *os.File) error { return writeTar(w, name, r.time, list) })
}

func (r release) write(name string, fill func(*os.File) error) error {
	f, err := os.Create(filepath.Join(r.out, name))
	if err != nil {
		return err
	}
	if err := fill(f); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// file is one entry of an archive.
type file struct {
	name string
	data []byte
	mode fs.FileMode
}
