package apicall

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sojourn/internal/wire"
	"sojourn/internal/wire/codecommitwire"
	"sojourn/internal/wire/iamwire"
)

func TestFlagNames(t *testing.T) {
	for name, want := range map[string]string{
		"RoleName": "role-name", "OpenIDConnectProviderArn": "open-id-connect-provider-arn", "ClientIDList": "client-id-list",
		"repositoryName": "repository-name", "CreateOpenIDConnectProvider": "create-open-id-connect-provider", "Url": "url",
		"AddClientIDToOpenIDConnectProvider": "add-client-id-to-open-id-connect-provider", "kmsKeyId": "kms-key-id",
	} {
		if got := Flag(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func request(t *testing.T, s *wire.Service, name string, args ...string) (Request, error) {
	t.Helper()
	o, err := Find(s, name)
	if err != nil {
		t.Fatal(err)
	}
	in, err := ParseInput(o, args)
	if err != nil {
		return Request{}, err
	}
	return Encode(s, o, in)
}

func TestRequests(t *testing.T) {
	file := filepath.Join(t.TempDir(), "trust.json")
	if err := os.WriteFile(file, []byte(`{"a":1}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		s    *wire.Service
		line []string
		want string
	}{
		{iamwire.Service(), []string{"create-role", "--role-name", "R", "--assume-role-policy-document", "file://" + file, "--max-session-duration", "7200",
			"--tags", "Key=team,Value=core", `{"Key":"a","Value":"b"}`},
			"Action=CreateRole&AssumeRolePolicyDocument=%7B%22a%22%3A1%7D&MaxSessionDuration=7200&RoleName=R&Tags.member.1.Key=team&Tags.member.1.Value=core&Tags.member.2.Key=a&Tags.member.2.Value=b&Version=2010-05-08"},
		{iamwire.Service(), []string{"create-open-id-connect-provider", "--url=https://x", "--client-id-list", "a", "b"},
			"Action=CreateOpenIDConnectProvider&ClientIDList.member.1=a&ClientIDList.member.2=b&Url=https%3A%2F%2Fx&Version=2010-05-08"},
		{iamwire.Service(), []string{"create-policy-version", "--policy-arn", "arn:aws:iam::111122223333:policy/p", "--policy-document", "{}", "--set-as-default"},
			"Action=CreatePolicyVersion&PolicyArn=arn%3Aaws%3Aiam%3A%3A111122223333%3Apolicy%2Fp&PolicyDocument=%7B%7D&SetAsDefault=true&Version=2010-05-08"},
		{codecommitwire.Service(), []string{"create-repository", "--repository-name", "r", "--tags", "team=core,stage=prod"},
			`{"repositoryName":"r","tags":{"stage":"prod","team":"core"}}`},
		{codecommitwire.Service(), []string{"batch-get-repositories", "--repository-names", "a", "b"}, `{"repositoryNames":["a","b"]}`},
	} {
		r, err := request(t, c.s, c.line[0], c.line[1:]...)
		if err != nil || string(r.Body) != c.want {
			t.Errorf("%v: %v\n%s\nwant\n%s", c.line, err, r.Body, c.want)
		}
	}
}

func TestBadCommandLines(t *testing.T) {
	for _, c := range []struct {
		line []string
		want string
	}{
		{[]string{"create-role", "--role-name", "r"}, "--assume-role-policy-document is missing"},
		{[]string{"get-role"}, "--role-name is missing"},
		{[]string{"get-role", "r"}, `unexpected argument "r"`},
		{[]string{"get-role", "--nonsense", "r"}, "takes no flag --nonsense"},
		{[]string{"get-role", "--role-name"}, "--role-name: a value is missing"},
		{[]string{"get-role", "--role-name", "a", "--role-name", "b"}, "--role-name is given twice"},
		{[]string{"list-roles", "--max-items", "many"}, `"many" is no number`},
		{[]string{"create-user", "--user-name", "u", "--tags", "nonsense"}, `"nonsense" is not of the form NAME=VALUE`},
		{[]string{"create-user", "--user-name", "u", "--tags", "Name=x"}, `there is no member "Name"`},
		{[]string{"create-user", "--user-name", "u", "--tags", "{"}, "JSON"},
		{[]string{"create-user", "--user-name", "file:///nonexistent/x"}, "/nonexistent/x"},
	} {
		if _, err := request(t, iamwire.Service(), c.line[0], c.line[1:]...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want %s", c.line, err, c.want)
		}
	}
	if _, err := Find(iamwire.Service(), "make-coffee"); err == nil {
		t.Error("an unknown operation was found")
	}
}

func TestAnswers(t *testing.T) {
	role, _ := Find(iamwire.Service(), "get-role")
	out, err := Decode(iamwire.Service(), role, 200, []byte(`<GetRoleResponse xmlns="x"><GetRoleResult><Role><RoleName>R</RoleName><Path>/</Path>`+
		`<AssumeRolePolicyDocument>%7B%22Version%22%3A%222012-10-17%22%7D</AssumeRolePolicyDocument><MaxSessionDuration>3600</MaxSessionDuration>`+
		`<Tags><member><Key>k</Key><Value>&lt;v&gt;</Value></member></Tags></Role></GetRoleResult><ResponseMetadata><RequestId>i</RequestId></ResponseMetadata></GetRoleResponse>`))
	want := `{
    "Role": {
        "Path": "/",
        "RoleName": "R",
        "AssumeRolePolicyDocument": {
            "Version": "2012-10-17"
        },
        "MaxSessionDuration": 3600,
        "Tags": [
            {
                "Key": "k",
                "Value": "<v>"
            }
        ]
    }
}
`
	if err != nil || out != want {
		t.Errorf("%v\n%s", err, out)
	}
	_, err = Decode(iamwire.Service(), role, 404, []byte(`<ErrorResponse><Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>Gone.</Message></Error></ErrorResponse>`))
	if e, ok := errors.AsType[*Error](err); !ok || e.Error() != "An error occurred (NoSuchEntity) when calling the GetRole operation: Gone." {
		t.Error(err)
	}
	repo, _ := Find(codecommitwire.Service(), "get-repository")
	_, err = Decode(codecommitwire.Service(), repo, 400, []byte(`{"__type":"com.amazonaws#RepositoryDoesNotExistException","message":"x does not exist"}`))
	if e, ok := errors.AsType[*Error](err); !ok || e.Code != "RepositoryDoesNotExistException" {
		t.Error(err)
	}
	for _, body := range []string{"", "<html>", "<a></a><b></b>", strings.Repeat("<a>", 100) + strings.Repeat("</a>", 100)} {
		if _, err := Decode(iamwire.Service(), role, 502, []byte(body)); err == nil {
			t.Errorf("%q was understood", body)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(200, []byte(`<R><GetRoleResult><Role><RoleName>R</RoleName></Role></GetRoleResult></R>`))
	f.Add(400, []byte(`{"__type":"x","message":"m"}`))
	role, _ := Find(iamwire.Service(), "get-role")
	repo, _ := Find(codecommitwire.Service(), "get-repository")
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		for s, o := range map[*wire.Service]*wire.Operation{iamwire.Service(): role, codecommitwire.Service(): repo} {
			if out, err := Decode(s, o, status, body); err != nil && out != "" {
				t.Errorf("both an answer and an error: %q %v", out, err)
			}
		}
	})
}
