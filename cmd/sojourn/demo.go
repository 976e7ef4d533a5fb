package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"sojourn/internal/devidp"
)

// The demonstration's two accounts: the page's own number owns the repository,
// the people are in the other.
const (
	demoOwner  = "111111111111"
	demoPeople = "222222222222"
)

func runDemo(ctx context.Context, a *app, args []string) (err error) {
	flags := newFlags(a, "demo [--keep]",
		"Walks through the page \"Connecting to AWS CodeCommit repositories with rotating credentials\" on a\n"+
			"server of its own, with the history of the Git repository that it is started in. It works in a\n"+
			"directory of its own and removes it at the end.",
		"sojourn demo --keep")
	keep := flags.Bool("keep", false, "leave the server running, and print what a shell needs to go on")
	if err := parseFlags(flags, args); err != nil {
		return err
	}
	start := time.Now()
	d, err := newDemo(ctx, a)
	if err != nil {
		return err
	}
	defer func() {
		if *keep && err == nil {
			d.printKeep()
			return
		}
		err = errors.Join(err, d.remove())
		if err == nil {
			fmt.Fprintf(a.stdout, "\nDone in %.1f s. The server is stopped and its directory removed; nothing is left behind.\n", time.Since(start).Seconds())
		}
	}()
	for _, step := range []func() error{d.serve, d.administer, d.configure, d.work, d.elsewhere, d.refusals} {
		if err := step(); err != nil {
			d.printLog()
			return fmt.Errorf("demo: %w", err)
		}
	}
	return nil
}

// demo is one walk: a directory with everything that it makes, and a shell whose home is in it.
type demo struct {
	a       *app
	dir     string // of everything
	history string // the repository whose history is pushed
	shell   *demoShell
	idp     *devidp.Provider
	server  *demoServer
}

func newDemo(ctx context.Context, a *app) (*demo, error) {
	dir, err := os.MkdirTemp("", "sojourn-demo-")
	if err != nil {
		return nil, err
	}
	d := &demo{a: a, dir: dir}
	if err := d.prepare(ctx); err != nil {
		return nil, errors.Join(err, d.remove())
	}
	return d, nil
}

func (d *demo) prepare(ctx context.Context) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	d.shell = newDemoShell(ctx, d.a, filepath.Join(d.dir, "home"), filepath.Dir(program))
	if err := d.shell.file(".gitconfig", "[user]\n\tname = Maria Garcia\n\temail = maria@example.com\n[core]\n\thooksPath = /dev/null\n"+
		"[safe]\n\tdirectory = *\n[init]\n\tdefaultBranch = main\n[advice]\n\tdetachedHead = false\n"); err != nil {
		return err
	}
	if d.history, err = d.findHistory(); err != nil {
		return err
	}
	d.idp, err = devidp.Start(filepath.Join(d.dir, "provider"), time.Now)
	return err
}

// findHistory is the repository that the demonstration is started in. Where
// there is none, or not its whole history, the files here become one commit.
func (d *demo) findHistory() (string, error) {
	top, err := d.shell.quiet(".", "git rev-parse --show-toplevel")
	if err == nil {
		shallow, err := d.shell.quiet(top, "git rev-parse --is-shallow-repository && git rev-parse --verify -q HEAD >/dev/null")
		if err == nil && shallow == "false" {
			return top, nil
		}
	}
	d.shell.say("This directory has no whole Git history; its files are pushed as one commit.")
	copied := filepath.Join(d.dir, "history")
	_, err = d.shell.quiet(".", "git init -q "+quote(copied)+" && git --git-dir="+quote(copied+"/.git")+" --work-tree=. add . && git -C "+quote(copied)+" commit -q -m 'These files'")
	return copied, err
}

// serve is what a platform engineer does once.
func (d *demo) serve() error {
	d.shell.title("A platform engineer starts Sojourn: one program, one directory")
	d.shell.set("DATA", filepath.Join(d.dir, "data"))
	var err error
	d.server, err = startDemoServer(d.shell, d.dir,
		"serve", "--data", filepath.Join(d.dir, "data"), "--listen", "127.0.0.1:0", "--account", demoOwner,
		"--federation-allow-cidr", "127.0.0.0/8", "--federation-allow-cidr", "::1/128", "--federation-ca", d.idp.CA)
	if err != nil {
		return err
	}
	d.shell.set("AWS_ENDPOINT_URL", d.server.url)
	d.shell.set("AWS_CA_BUNDLE", filepath.Join(d.dir, "data", "tls", "ca.pem"))
	d.shell.shown("export AWS_ENDPOINT_URL=" + d.server.url + " AWS_CA_BUNDLE=$DATA/tls/ca.pem")
	return nil
}

// administer sets two accounts up: who owns the code, and who the people are.
func (d *demo) administer() error {
	s := d.shell
	s.title("Its administrator sets up two accounts: one owns the repository, the people are in the other")
	condition := fmt.Sprintf(`"Condition": {"StringEquals": {"%[1]s:aud": "sojourn", "%[1]s:sub": "maria@example.com"}}`, d.idp.Host())
	federated := func(account string) string {
		return fmt.Sprintf(`{"Effect": "Allow", "Principal": {"Federated": "arn:aws:iam::%s:oidc-provider/%s"},
     "Action": "sts:AssumeRoleWithWebIdentity", %s}`, account, d.idp.Host(), condition)
	}
	account := `{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::` + demoPeople + `:root"}, "Action": "sts:AssumeRole"}`
	statement := func(list string) string {
		return "{\"Version\": \"2012-10-17\", \"Statement\": [\n    " + list + "]}\n"
	}
	err := errors.Join(
		s.file("trust-people.json", statement(federated(demoPeople))),
		s.file("trust-code.json", statement(account+",\n    "+federated(demoOwner))),
		s.file("code.json", statement(`{"Effect": "Allow", "Action": "codecommit:*", "Resource": "arn:aws:codecommit:us-east-1:`+demoOwner+`:MyDemoRepo"}`)),
		s.file("read.json", statement(`{"Effect": "Allow", "Action": "codecommit:GitPull", "Resource": "*"}`)),
		s.file("assume.json", statement(`{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::`+demoOwner+`:role/CodeCommit*"}`)))
	return errors.Join(err, s.all(
		`sojourn admin account create --data $DATA --id `+demoPeople+` --name people`,
		`sojourn configure set credential_process "sojourn admin credentials --data $DATA --account `+demoOwner+`" --profile owner`,
		`sojourn configure set credential_process "sojourn admin credentials --data $DATA --account `+demoPeople+`" --profile people`,
		`sojourn iam create-open-id-connect-provider --url `+d.idp.URL+` --client-id-list sojourn --profile owner`,
		`sojourn iam create-open-id-connect-provider --url `+d.idp.URL+` --client-id-list sojourn --profile people`,
		`cat trust-code.json`,
		`sojourn iam create-role --role-name CodeCommitAccess --assume-role-policy-document file://trust-code.json --profile owner >role.json`,
		`sojourn iam put-role-policy --role-name CodeCommitAccess --policy-name code --policy-document file://code.json --profile owner`,
		`sojourn iam create-role --role-name CodeCommitReader --assume-role-policy-document file://trust-code.json --profile owner >role.json`,
		`sojourn iam put-role-policy --role-name CodeCommitReader --policy-name read --policy-document file://read.json --profile owner`,
		`sojourn iam create-role --role-name Developer --assume-role-policy-document file://trust-people.json --profile people >role.json`,
		`sojourn iam put-role-policy --role-name Developer --policy-name assume --policy-document file://assume.json --profile people`,
	))
}

// configure is the page's step 3: the company's token, the default profile, and
// a named profile for each role.
func (d *demo) configure() error {
	s := d.shell
	token, err := d.idp.Token("maria@example.com", "sojourn", 12*time.Hour, nil)
	if err != nil {
		return err
	}
	if err := s.file("my-credentials/my-token-file", token); err != nil {
		return err
	}
	s.title("Maria has her company's token in ~/my-credentials/my-token-file, and configures profiles as the page says")
	return s.all(
		`sojourn configure set region us-east-1`,
		`sojourn configure set role_arn arn:aws:iam::`+demoPeople+`:role/Developer`,
		`sojourn configure set web_identity_token_file '~/my-credentials/my-token-file'`,
		`sojourn configure set role_session_name maria`,
		`sojourn configure set role_arn arn:aws:iam::`+demoOwner+`:role/CodeCommitAccess --profile CodeAccess`,
		`sojourn configure set source_profile default --profile CodeAccess`,
		`sojourn configure set role_session_name "Maria Garcia" --profile CodeAccess`,
		`sojourn configure set role_arn arn:aws:iam::`+demoOwner+`:role/CodeCommitAccess --profile CodeCommitWebIdentity`,
		`sojourn configure set web_identity_token_file '~/my-credentials/my-token-file' --profile CodeCommitWebIdentity`,
		`sojourn configure set role_session_name maria --profile CodeCommitWebIdentity`,
		`sojourn configure set role_arn arn:aws:iam::`+demoOwner+`:role/CodeCommitReader --profile CodeReader`,
		`sojourn configure set source_profile default --profile CodeReader`,
		`sojourn configure set role_session_name maria --profile CodeReader`,
		`sojourn sts get-caller-identity`,
		`sojourn sts get-caller-identity --profile CodeAccess`,
	)
}

// work is the page's step 4, with the real history of this repository.
func (d *demo) work() error {
	s := d.shell
	s.title("The history of this very repository becomes MyDemoRepo, through an assumed role in the other account")
	if err := s.all(`sojourn codecommit create-repository --repository-name MyDemoRepo --profile CodeAccess`); err != nil {
		return err
	}
	s.set("HISTORY", d.history)
	if err := s.all(
		`git -C $HISTORY push codecommit://CodeAccess@MyDemoRepo HEAD:refs/heads/main`,
		`git clone codecommit://CodeAccess@MyDemoRepo`,
	); err != nil {
		return err
	}
	return d.compare("MyDemoRepo")
}

// compare shows that a clone is what was pushed, object for object.
func (d *demo) compare(clone string) error {
	const list = "git rev-list --objects HEAD | sort"
	pushed, err := d.shell.quiet(d.history, list)
	if err != nil {
		return err
	}
	cloned, err := d.shell.quiet(filepath.Join(d.shell.home, clone), "git fsck --full >/dev/null && "+list)
	if err != nil {
		return err
	}
	if pushed != cloned {
		return errors.New("the clone differs from what was pushed")
	}
	d.shell.say("The clone is what was pushed, object for object: %d objects.", lines(cloned))
	return nil
}

// elsewhere uses the page's other way, and pulls there what was pushed here.
func (d *demo) elsewhere() error {
	s := d.shell
	s.title("On another machine, by web identity; one commit is pushed here and pulled there")
	return s.all(
		`git clone -q codecommit://CodeCommitWebIdentity@MyDemoRepo elsewhere`,
		`cd MyDemoRepo && echo "Signed in as Maria" >MARIA && git add MARIA && git commit -m "Say who was here" && git push`,
		`git -C elsewhere pull`,
		`cat elsewhere/MARIA`,
	)
}

// refusals shows what a user sees when a policy or the clock says no.
func (d *demo) refusals() error {
	s := d.shell
	s.title("A session that may only pull is refused a push, and an expired session is refused")
	if err := errors.Join(
		s.all(`git ls-remote codecommit://CodeReader@MyDemoRepo`),
		s.refused(`git -C MyDemoRepo push codecommit://CodeReader@MyDemoRepo main:topic`, "is not authorized to perform: codecommit:GitPush"),
	); err != nil {
		return err
	}
	s.say("The profile Expired holds a session of one second.")
	if _, err := s.quiet(s.home, `sojourn admin credentials --data $DATA --account `+demoOwner+` --duration 1s >expired.json
		value() { sed -n 's/.*"'$1'": "\(.*\)".*/\1/p' expired.json; }
		printf '[Expired]\naws_access_key_id = %s\naws_secret_access_key = %s\naws_session_token = %s\n' \
			"$(value AccessKeyId)" "$(value SecretAccessKey)" "$(value SessionToken)" >>.aws/credentials
		chmod 600 .aws/credentials; rm expired.json; sleep 2`); err != nil {
		return err
	}
	return s.refused(`git ls-remote codecommit://Expired@MyDemoRepo`, "expired")
}
