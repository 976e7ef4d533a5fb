// Command startup measures what a user waits for on each fetch and push before
// git itself begins: from the start of git-remote-codecommit to the start of
// git's HTTPS helper, here a stub that ends at once; the credential helpers; and
// "git ls-remote" of a codecommit:// URL beside the same over plain https. All
// run in turn in one run, so that a slow moment of the machine meets them all;
// medians are printed, and medians of the ratios of each round.
//
// Usage: startup [-n RUNS] BIN, the directory of the built binaries.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"sojourn/internal/node"
)

func main() {
	n := flag.Int("n", 41, "runs of each program")
	flag.Parse()
	if flag.NArg() != 1 {
		log.Fatal("usage: startup [-n RUNS] BIN")
	}
	if err := run(flag.Arg(0), *n); err != nil {
		log.Fatal(err)
	}
}

func run(bin string, n int) error {
	dir, err := os.MkdirTemp("", "sojourn-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	bin, err = filepath.Abs(bin)
	if err != nil {
		return err
	}
	b := &bench{dir: dir, bin: filepath.Join(dir, "bin")}
	if err := b.install(bin); err != nil {
		return err
	}
	stop, err := b.prepare()
	if err != nil {
		return err
	}
	defer stop()
	return b.measure(n)
}

// bench is a user with a role session in the cache, and a git whose HTTPS
// helper ends at once.
type bench struct {
	dir, bin string
	env      []string
}

// install puts the programs and those that we are measured against and with
// where they are started, as "make install" does. What a linker has written a
// page at a time the kernel also maps a page at a time: until the machine starts
// anew such a program takes an eighth longer than any copy of it.
func (b *bench) install(built string) error {
	linked := filepath.Join(b.dir, "linked")
	for _, dir := range []string{linked, b.bin} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			return err
		}
	}
	c := exec.Command(cmp.Or(os.Getenv("GO"), "go"), "build", "-trimpath", "-ldflags", "-s -w", "-o", linked,
		"sojourn/internal/bench/startup/empty", "sojourn/internal/bench/startup/floor", "sojourn/internal/bench/startup/peak")
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("building: %w\n%s", err, out)
	}
	if out, err := exec.Command("install", "-m", "755", filepath.Join(linked, "empty"), filepath.Join(linked, "floor"), filepath.Join(linked, "peak"),
		filepath.Join(built, "sojourn"), filepath.Join(built, "git-remote-codecommit"), b.bin).CombinedOutput(); err != nil {
		return fmt.Errorf("installing: %w\n%s", err, out)
	}
	return nil
}

func (b *bench) prepare() (stop func(), err error) {
	s, err := node.Start(context.Background(), node.Config{Data: filepath.Join(b.dir, "data"), Listen: "127.0.0.1:0",
		Region: node.DefaultRegion, Account: node.DefaultAccount, LogFormat: "text"}, node.Options{Logs: io.Discard})
	if err != nil {
		return nil, err
	}
	stop = func() { s.Stop() }
	stub := filepath.Join(b.dir, "stub")
	if err := os.Mkdir(stub, 0o700); err != nil {
		return stop, err
	}
	quiet, err := exec.LookPath("true")
	if err != nil {
		return stop, err
	}
	if err := os.Symlink(quiet, filepath.Join(stub, "git-remote-http")); err != nil {
		return stop, err
	}
	b.env = []string{"HOME=" + b.dir, "PATH=" + strings.Join([]string{stub, b.bin, os.Getenv("PATH")}, ":"),
		"AWS_ENDPOINT_URL=" + s.URL(), "AWS_CA_BUNDLE=" + filepath.Join(b.dir, "data", "tls", "ca.pem")}
	return stop, b.setUp()
}

// setUp makes a user, a role and profiles, and fills the session cache.
func (b *bench) setUp() error {
	script := `set -e
mkdir -p .aws
sojourn configure set region us-east-1
sojourn configure set credential_process "sojourn admin credentials --data $HOME/data" --profile admin
trust='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + node.DefaultAccount + `:root"},"Action":"sts:AssumeRole"}]}'
may='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["sts:AssumeRole","codecommit:*"],"Resource":"*"}]}'
sojourn iam create-role --role-name R --assume-role-policy-document "$trust" --profile admin
sojourn iam put-role-policy --role-name R --policy-name p --policy-document "$may" --profile admin
sojourn iam create-user --user-name u --profile admin
sojourn iam put-user-policy --user-name u --policy-name p --policy-document "$may" --profile admin
sojourn iam create-access-key --user-name u --profile admin >key
value() { sed -n 's/.*"'$1'": "\(.*\)".*/\1/p' key; }
value AccessKeyId | sojourn configure set aws_access_key_id
value SecretAccessKey | sojourn configure set aws_secret_access_key
sojourn configure set role_arn arn:aws:iam::` + node.DefaultAccount + `:role/R --profile R
sojourn configure set source_profile default --profile R
git-remote-codecommit origin codecommit://R@repo </dev/null
sojourn codecommit create-repository --repository-name repo --profile admin
`
	c := exec.Command("sh", "-c", script)
	c.Dir, c.Env = b.dir, b.env
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("preparing: %w\n%s", err, out)
	}
	return nil
}
