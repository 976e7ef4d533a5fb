package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sojourn/internal/secret"
	"sojourn/internal/sigv4"
	"sojourn/internal/sojourntest"
)

// Every wrong thing said over the CodeCommit API has one error in the wire's
// form, and writes nothing.
func TestBadCodeCommitInput(t *testing.T) {
	s := sojourntest.Start(t)
	root := &api{t: t, s: s, cred: s.Root("")}
	root.json("CreateRepository", `{"repositoryName":"here"}`)
	name := func(n string) string { return fmt.Sprintf(`{"repositoryName":%q}`, n) }
	const invalid, absent = "InvalidRepositoryNameException", "RepositoryDoesNotExistException"
	for _, c := range []struct{ op, body, want string }{
		{"CreateRepository", name(".."), invalid},
		{"CreateRepository", name("."), invalid},
		{"CreateRepository", name(".git"), invalid},
		{"CreateRepository", name("a.git"), invalid},
		{"CreateRepository", name("a/b"), invalid},
		{"CreateRepository", name("-x"), invalid},
		{"CreateRepository", name("a b"), invalid},
		{"CreateRepository", `{"repositoryName":"a\u0000"}`, invalid},
		{"CreateRepository", name(""), invalid},
		{"CreateRepository", name(strings.Repeat("a", 101)), invalid},
		{"CreateRepository", name("here"), "RepositoryNameExistsException"},
		{"CreateRepository", `{}`, "RepositoryNameRequiredException"},
		{"CreateRepository", `{"repositoryName":"x","repositoryDescription":"` + strings.Repeat("d", 1001) + `"}`, "InvalidRepositoryDescriptionException"},
		{"CreateRepository", `{"repositoryName":5}`, "SerializationException"},
		{"CreateRepository", `{"repositoryName":"x","repositoryName":"y"}`, "SerializationException"},
		{"CreateRepository", `{"repositoryName":"x"`, "SerializationException"},
		{"CreateRepository", `[]`, "SerializationException"},
		{"GetRepository", name("absent"), absent},
		{"GetBranch", `{"repositoryName":"absent","branchName":"main"}`, absent},
		{"GetBranch", `{"repositoryName":"here","branchName":"main"}`, "BranchDoesNotExistException"},
		{"GetBranch", `{"repositoryName":"here"}`, "BranchNameRequiredException"},
		{"CreateBranch", `{"repositoryName":"here","branchName":"a..b","commitId":"` + strings.Repeat("0", 40) + `"}`, "InvalidBranchNameException"},
		{"CreateBranch", `{"repositoryName":"here","branchName":"b","commitId":"nonsense"}`, "InvalidCommitIdException"},
		{"CreateBranch", `{"repositoryName":"here","branchName":"b","commitId":"` + strings.Repeat("1", 40) + `"}`, "CommitDoesNotExistException"},
		{"UpdateDefaultBranch", `{"repositoryName":"here","defaultBranchName":"none"}`, "BranchDoesNotExistException"},
		{"ListRepositories", `{"nextToken":"nonsense"}`, "InvalidContinuationTokenException"},
		{"ListRepositories", `{"sortBy":"size"}`, "InvalidSortByException"},
		{"Nonsense", `{}`, "UnknownOperationException"},
	} {
		status, body := root.tryJSON(c.op, c.body)
		if status != http.StatusBadRequest || !strings.Contains(body, `"__type":"`+c.want+`"`) || !strings.Contains(body, `"message":"`) {
			t.Errorf("%s %.80s: %d %s, want %s", c.op, c.body, status, body, c.want)
		}
	}
	if list := root.json("ListRepositories", `{}`); strings.Count(list, "repositoryName") != 1 {
		t.Errorf("a refused request made something: %s", list)
	}
	root.json("CreateRepository", name(strings.Repeat("a", 100)))
}

func TestBadQueryInput(t *testing.T) {
	s := sojourntest.Start(t)
	root := &api{t: t, s: s, cred: s.Root("")}
	role := []string{"Action", "CreateRole", "RoleName", "r", "AssumeRolePolicyDocument"}
	with := func(base []string, more ...string) []string { return append(append([]string{}, base...), more...) }
	assume := []string{"Action", "AssumeRole", "RoleSessionName", "maria", "RoleArn"}
	for _, c := range []struct {
		service string
		params  []string
		want    string
	}{
		{"iam", with(role, `{`), "400 MalformedPolicyDocument"},
		{"iam", with(role, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"*"},"Mystery":1}]}`), "400 MalformedPolicyDocument"},
		{"iam", with(role, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"arn:aws:iam::111122223333:user/nobody"}}]}`), "400 MalformedPolicyDocument"},
		{"iam", with(role, trustAccount("111122223333"), "RoleName", "a b"), "400 ValidationError"},
		{"iam", with(role, trustAccount("111122223333"), "RoleName", strings.Repeat("r", 65)), "400 ValidationError"},
		{"iam", []string{"Action", "CreateRole", "RoleName", "r"}, "400 ValidationError"},
		{"iam", []string{"Action", "GetRole", "RoleName", "absent"}, "404 NoSuchEntity"},
		{"iam", []string{"Action", "Nonsense"}, "400 InvalidAction"},
		{"iam", []string{"Nothing", ""}, "400 MissingAction"},
		{"sts", with(assume, "nonsense"), "400 ValidationError"},
		{"sts", with(assume, "arn:aws:iam::111122223333:user/maria"), "400 ValidationError"},
		{"sts", with(assume, "arn:aws:iam::1111:role/r"), "400 ValidationError"},
		{"sts", with(assume, "arn:aws:iam::111122223333:role/absent"), "403 AccessDenied"},
		{"sts", with(assume, "arn:aws:iam::111122223333:role/absent", "DurationSeconds", "899"), "400 ValidationError"},
		{"sts", []string{"Action", "AssumeRoleWithWebIdentity", "RoleArn", "arn:aws:iam::111122223333:role/r", "RoleSessionName", "ss", "WebIdentityToken", "not.a.token"}, "400 InvalidIdentityToken"},
	} {
		_, err := root.tryQuery(c.service, c.params...)
		if err == nil || !strings.HasPrefix(err.Error(), c.want+": ") || strings.HasSuffix(err.Error(), ": ") {
			t.Errorf("%s %v: %v, want %s", c.service, c.params, err, c.want)
		}
	}
	if list := root.query("iam", "Action", "ListRoles"); list["RoleName"] != "" {
		t.Errorf("a refused request made %v", list)
	}
}

// Wrong credentials, clocks and signatures, in both protocols.
func TestBadSignatures(t *testing.T) {
	s := sojourntest.Start(t)
	good := s.Root("")
	wrongSecret, wrongToken, unknown := good, good, good
	wrongSecret.Secret = secret.New(strings.Repeat("x", 40))
	wrongToken.Token = good.Token[:len(good.Token)-4] + "AAAA"
	unknown.AccessKeyID, unknown.Token = "AKIAIOSFODNN7EXAMPLE", ""
	for _, c := range []struct {
		name        string
		cred        sigv4.Credentials
		query, json string
	}{
		{"wrong secret", wrongSecret, "403 SignatureDoesNotMatch", "InvalidSignatureException"},
		{"wrong token", wrongToken, "403 InvalidClientTokenId", "UnrecognizedClientException"},
		{"unknown key", unknown, "403 InvalidClientTokenId", "UnrecognizedClientException"},
		{"no signature", sigv4.Credentials{}, "403 MissingAuthenticationToken", "MissingAuthenticationTokenException"},
	} {
		a := &api{t: t, s: s, cred: c.cred}
		if _, err := a.tryQuery("sts", "Action", "GetCallerIdentity"); err == nil || !strings.HasPrefix(err.Error(), c.query+": ") {
			t.Errorf("%s: %v, want %s", c.name, err, c.query)
		}
		if status, body := a.tryJSON("ListRepositories", `{}`); status != 400 || !strings.Contains(body, c.json) {
			t.Errorf("%s: %d %s, want %s", c.name, status, body, c.json)
		}
	}
	t.Run("expired", func(t *testing.T) {
		a := &api{t: t, s: s, cred: good}
		s.Turn(13 * time.Hour)
		defer s.Turn(-13 * time.Hour)
		if _, err := a.tryQuery("sts", "Action", "GetCallerIdentity"); err == nil || !strings.HasPrefix(err.Error(), "403 ExpiredToken: ") {
			t.Error(err)
		}
	})
	t.Run("wrong clock", func(t *testing.T) {
		for _, wrong := range []time.Duration{-6 * time.Minute, 6 * time.Minute} {
			r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/", strings.NewReader("Action=GetCallerIdentity&Version=2011-06-15"))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			sigv4.SignHeader(r, "5f5b0b", good, "sts", "us-east-1", s.Now().Add(wrong))
			if status, body := (&api{t: t, s: s}).do(r); status != 403 || !strings.Contains(string(body), "<Code>SignatureDoesNotMatch</Code>") ||
				!(strings.Contains(string(body), "Signature expired") || strings.Contains(string(body), "Signature not yet current")) {
				t.Errorf("%v: %d %s", wrong, status, body)
			}
		}
	})
}

// Too much of anything is refused, and the server goes on.
func TestTooLarge(t *testing.T) {
	s := sojourntest.Start(t)
	root := &api{t: t, s: s, cred: s.Root("")}
	if status, _ := root.send("iam", "application/x-www-form-urlencoded", "", bytes.Repeat([]byte("a"), 2<<20)); status != http.StatusRequestEntityTooLarge {
		t.Errorf("a body of 2 MiB: status %d", status)
	}
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/", nil)
	r.Header.Set("Authorization", strings.Repeat("a", 100<<10))
	if status, _ := root.do(r); status != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("a header of 100 KiB: status %d", status)
	}
	root.query("sts", "Action", "GetCallerIdentity")
}

// What a user of git sees when something is wrong: one line with the cause.
func TestBadGitInput(t *testing.T) {
	s := sojourntest.Start(t)
	sh := page(t, s)
	sh.Write(".aws/config", readHome(t, sh, ".aws/config")+`
[profile norole]
source_profile = default
role_arn = arn:aws:iam::111122223333:role/absent
[profile badarn]
source_profile = default
role_arn = nonsense
[profile nokey]
region = us-east-1
[profile elsewhere]
source_profile = default
region = eu-west-1
role_arn = arn:aws:iam::111122223333:role/CodeCommitAccess
`)
	for _, c := range []struct{ url, want string }{
		{"codecommit://CodeAccess@absent", "repository 'https://" + s.Host() + "/v1/repos/absent/' not found"},
		{"codecommit://nobody@MyDemoRepo", "The following profile was not found: nobody."},
		{"codecommit://norole@MyDemoRepo", "not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::111122223333:role/absent"},
		{"codecommit://badarn@MyDemoRepo", "nonsense"},
		{"codecommit://nokey@MyDemoRepo", "nokey"},
		{"codecommit://elsewhere@MyDemoRepo", "us-east-1"},
		{"codecommit::nonsense://MyDemoRepo", "is malformed"},
		{"codecommit://", "is malformed"},
	} {
		out := sh.Fail("git", "clone", c.url, "never")
		if !strings.Contains(out, c.want) || strings.Contains(out, "goroutine") || strings.Count(out, "\n") > 5 {
			t.Errorf("%s: want %q in\n%s", c.url, c.want, out)
		}
		if _, err := os.Stat(filepath.Join(sh.Dir, "never")); err == nil {
			t.Errorf("%s: something was written", c.url)
		}
	}
}

// Paths that are no repository's never reach one.
func TestBadGitPaths(t *testing.T) {
	s := sojourntest.Start(t)
	a := &api{t: t, s: s}
	for _, path := range []string{"/v1/repos/..", "/v1/repos/../../etc", "/v1/repos/%2e%2e/info/refs?service=git-upload-pack", "/v1/repos/a/b/info/refs?service=git-upload-pack",
		"/v1/repos//info/refs?service=git-upload-pack", "/v1/repos/.git/info/refs?service=git-upload-pack", "/v1/repos/x/objects/info/packs", "/v1/repos/x/HEAD",
		"/v1/repos/" + strings.Repeat("a", 101) + "/info/refs?service=git-upload-pack", "/v1/repos/x/info/refs", "/v1/repos/x/info/refs?service=git-evil"} {
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL, nil)
		r.URL.Opaque = "//" + s.Host() + path
		if status, body := a.do(r); status < 400 || status >= 500 {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	// What the engine makes for a repository is in views, gens and incoming.
	if entries, _ := filepath.Glob(filepath.Join(s.Data, "cache", "*[sg]", "[0-9]*")); len(entries) != 0 {
		t.Errorf("something was written: %v", entries)
	}
}

func readHome(t *testing.T, sh *sojourntest.Shell, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(sh.Home, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
