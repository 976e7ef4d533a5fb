package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"sojourn/internal/node"
	"sojourn/internal/secret"
	"sojourn/internal/sigv4"
)

// startSojourn runs BIN/sojourn serve with its defaults, but for the flags, on
// a new data directory below dir. The caller is a role's session whose policy
// has 50 statements.
func startSojourn(name, bin, dir string, flags ...string) (*peer, error) {
	data := filepath.Join(dir, "data")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	c := exec.Command(filepath.Join(bin, "sojourn"), append([]string{"serve", "--data", data, "--listen", "127.0.0.1:0"}, flags...)...)
	c.Stderr = log
	again := exec.Command(c.Path, append([]string{"serve", "--data", data + "-idle", "--listen", "127.0.0.1:0"}, flags...)...)
	p := &peer{name: name, again: func() (*peer, error) {
		idle := &peer{name: name + "-idle"}
		c := *again
		return idle, idle.listening(&c)
	}, path: ourPath}
	if err := p.listening(c); err != nil {
		return p, err
	}
	shell := &shell{dir: dir, env: []string{"HOME=" + dir, "PATH=" + bin + ":" + os.Getenv("PATH"), "AWS_ENDPOINT_URL=" + p.url.String()}}
	if p.url.Scheme == "https" {
		ca := filepath.Join(data, "tls", "ca.pem")
		pem, err := os.ReadFile(ca)
		if err != nil {
			return p, err
		}
		p.tls = &tls.Config{RootCAs: x509.NewCertPool()}
		p.tls.RootCAs.AppendCertsFromPEM(pem)
		shell.env = append(shell.env, "AWS_CA_BUNDLE="+ca)
	}
	session, err := shell.session()
	if err != nil {
		return p, err
	}
	p.password = func(repository string) string {
		c := sigv4.Credentials{AccessKeyID: session.Credentials.AccessKeyId, Token: session.Credentials.SessionToken}
		return sigv4.GitUser(c) + ":" + sigv4.GitPassword(secret.New(session.Credentials.SecretAccessKey), node.DefaultRegion,
			p.url.Host, p.path(repository), time.Now()).Reveal()
	}
	return p, nil
}

// ourRepositories are all but the maintained form, which is no other than the
// pushed one.
var ourRepositories = []string{few, many, big, mid, target, fresh}

func ourPath(repository string) string {
	if repository == kept {
		repository = big
	}
	return "/v1/repos/" + repository
}

// shell is where an administrator and a user type.
type shell struct {
	dir string
	env []string
}

func (s *shell) run(script string) ([]byte, error) {
	sh := exec.Command("sh", "-ec", script)
	sh.Dir, sh.Env = s.dir, s.env
	var said strings.Builder
	sh.Stderr = &said
	out, err := sh.Output()
	if err != nil {
		return nil, fmt.Errorf("preparing: %w\n%s", err, said.String())
	}
	return out, nil
}

type session struct {
	Credentials struct{ AccessKeyId, SecretAccessKey, SessionToken string }
}

// session makes the repositories, a user and a role, and assumes the role.
func (s *shell) session() (out session, err error) {
	if err := os.WriteFile(filepath.Join(s.dir, "policy.json"), policy(50), 0o600); err != nil {
		return out, err
	}
	script := `
sojourn configure set region us-east-1
sojourn configure set credential_process "sojourn admin credentials --data $HOME/data" --profile admin
trust='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + node.DefaultAccount + `:root"},"Action":"sts:AssumeRole"}]}'
sojourn iam create-role --role-name R --assume-role-policy-document "$trust" --max-session-duration 43200 --profile admin >&2
sojourn iam put-role-policy --role-name R --policy-name p --policy-document "$(cat policy.json)" --profile admin >&2
sojourn iam create-user --user-name u --profile admin >&2
sojourn iam put-user-policy --user-name u --policy-name p --policy-document '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}]}' --profile admin >&2
sojourn iam create-access-key --user-name u --profile admin >key
value() { sed -n 's/.*"'$1'": "\(.*\)".*/\1/p' key; }
value AccessKeyId | sojourn configure set aws_access_key_id
value SecretAccessKey | sojourn configure set aws_secret_access_key
`
	for _, name := range ourRepositories {
		script += "sojourn codecommit create-repository --repository-name " + name + " --profile admin >&2\n"
	}
	script += "sojourn sts assume-role --role-arn arn:aws:iam::" + node.DefaultAccount + ":role/R --role-session-name bench --duration-seconds 43200\n"
	text, err := s.run(script)
	if err != nil {
		return out, err
	}
	return out, json.Unmarshal(text, &out)
}

// policy permits pulls and pushes in the last of its statements.
func policy(statements int) []byte {
	type statement struct {
		Effect   string
		Action   []string
		Resource string
	}
	var p struct {
		Version   string
		Statement []statement
	}
	p.Version = "2012-10-17"
	for i := range statements - 1 {
		p.Statement = append(p.Statement, statement{"Allow", []string{"codecommit:GitPull", "codecommit:GitPush"}, fmt.Sprintf("arn:aws:codecommit:us-east-1:*:team-%d-*", i)})
	}
	p.Statement = append(p.Statement, statement{"Allow", []string{"codecommit:*"}, "*"})
	b, _ := json.Marshal(p)
	return b
}
