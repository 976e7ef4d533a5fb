// Command startup measures what a user waits for on each fetch and push before
// git itself begins: from the start of git-remote-codecommit to the start of
// git's HTTPS helper, here a stub that ends at once. Programs run in turn, so
// that a slow moment of the machine meets all of them; medians are printed,
// with ratios of each pair's times. A second table compares
// "git ls-remote" of a codecommit:// URL with the same over plain https.
//
// Usage: startup [-n RUNS] BIN, the directory of the built binaries.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

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
	b := &bench{dir: dir, bin: bin}
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

// program is one line of the table.
type program struct {
	name  string
	args  []string
	stdin string
	wall  []time.Duration
	cpu   []time.Duration
	env   []string
}

func (b *bench) measure(n int) error {
	git, err := exec.LookPath("git")
	if err != nil {
		return err
	}
	helper := filepath.Join(b.bin, "git-remote-codecommit")
	request := "protocol=https\nhost=git-codecommit.us-east-1.amazonaws.com\npath=v1/repos/repo\n\n"
	programs := []*program{
		{name: "git --version", args: []string{git, "--version"}},
		{name: "git-remote-codecommit, static keys", args: []string{helper, "origin", "codecommit://default@repo"}},
		{name: "git-remote-codecommit, cached session", args: []string{helper, "origin", "codecommit://R@repo"}},
		{name: "git-remote-codecommit credential-helper", args: []string{helper, "credential-helper", "--profile", "R", "get"}, stdin: request},
		{name: "sojourn credential-helper, cached session", args: []string{filepath.Join(b.bin, "sojourn"), "credential-helper", "--profile", "R", "get"}, stdin: request},
	}
	for _, peer := range []*program{
		{name: "aws codecommit credential-helper", args: []string{"aws", "codecommit", "credential-helper", "get"}, stdin: request},
		{name: "python3 -c 'import botocore.session'", args: []string{"python3", "-c", "import botocore.session"}},
		{name: "official git-remote-codecommit", args: []string{os.Getenv("OFFICIAL_GRC"), "origin", "codecommit://default@repo"}},
	} {
		path, err := exec.LookPath(peer.args[0])
		if err != nil {
			fmt.Printf("%s: not on this machine\n", peer.name)
			continue
		}
		peer.args[0] = path
		if err := b.once(peer, false); err != nil {
			fmt.Printf("%s does not run on this machine\n", peer.name)
			continue
		}
		programs = append(programs, peer)
	}
	if err := b.turns(programs, n); err != nil {
		return err
	}
	table(programs, programs[2])
	if info, err := os.Stat(helper); err == nil {
		fmt.Printf("size of git-remote-codecommit: %.2f MB\n\n", float64(info.Size())/1e6)
	}
	return b.remote(git, n)
}

// remote compares ls-remote with and without the helper, with git's own HTTPS helper.
func (b *bench) remote(git string, n int) error {
	env := []string{"PATH=" + b.bin + ":" + os.Getenv("PATH"), "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0"}
	for _, v := range b.env {
		if !strings.HasPrefix(v, "PATH=") {
			env = append(env, v)
		}
	}
	c := exec.Command(filepath.Join(b.bin, "sojourn"), "sign-url", "codecommit://R@repo")
	c.Dir, c.Env = b.dir, env
	out, err := c.Output()
	if err != nil {
		return fmt.Errorf("signing a URL: %w", err)
	}
	ca := "GIT_SSL_CAINFO=" + filepath.Join(b.dir, "data", "tls", "ca.pem")
	programs := []*program{
		{name: "git ls-remote https://USER:PASSWORD@…", args: []string{git, "ls-remote", strings.TrimSpace(string(out))}, env: append(slices.Clip(env), ca)},
		{name: "git ls-remote codecommit://R@repo", args: []string{git, "ls-remote", "codecommit://R@repo"}, env: env},
	}
	if err := b.turns(programs, n); err != nil {
		return err
	}
	table(programs, programs[0])
	return nil
}

// turns runs the programs in turn; the first two rounds warm the caches.
func (b *bench) turns(programs []*program, n int) error {
	for i := range n + 2 {
		for _, p := range programs {
			if err := b.once(p, i >= 2); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *bench) once(p *program, count bool) error {
	c := exec.Command(p.args[0], p.args[1:]...)
	c.Dir, c.Env, c.Stdin = b.dir, b.env, strings.NewReader(p.stdin)
	if p.env != nil {
		c.Env = p.env
	}
	start := time.Now()
	out, err := c.CombinedOutput()
	wall := time.Since(start)
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", p.name, err, out)
	}
	if count {
		p.wall = append(p.wall, wall)
		p.cpu = append(p.cpu, c.ProcessState.UserTime()+c.ProcessState.SystemTime())
	}
	return nil
}

func table(programs []*program, base *program) {
	fmt.Printf("%-44s %10s %10s %8s\n", "", "wall ms", "cpu ms", "ratio")
	for _, p := range programs {
		ratios := make([]float64, len(p.wall))
		for i := range p.wall {
			ratios[i] = float64(p.wall[i]) / float64(base.wall[i])
		}
		fmt.Printf("%-44s %10.2f %10.2f %8.2f\n", p.name, ms(median(p.wall)), ms(median(p.cpu)), median(ratios))
	}
	fmt.Printf("medians of %d runs, in turn; ratio: to %s\n", len(base.wall), base.name)
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func median[T float64 | time.Duration](values []T) T {
	s := slices.Sorted(slices.Values(values))
	return s[len(s)/2]
}
