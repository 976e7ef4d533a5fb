package wire_test

import (
	"strings"
	"testing"

	"sojourn/internal/awserr"
	"sojourn/internal/wire/codecommitwire"
	"sojourn/internal/wire/iamwire"
	"sojourn/internal/wire/stswire"
)

func TestValidationTexts(t *testing.T) {
	sts, iam := stswire.Service().Operations, iamwire.Service().Operations
	for _, tt := range []struct{ name, query, want string }{
		{"AssumeRole", "RoleArn=arn:aws:iam::111122223333:role/R&RoleSessionName=a%20b",
			`1 validation error detected: Value 'a b' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]*`},
		{"AssumeRole", "RoleArn=arn:aws:iam::111122223333:role/R&RoleSessionName=a",
			`1 validation error detected: Value 'a' at 'roleSessionName' failed to satisfy constraint: Member must have length greater than or equal to 2`},
		{"AssumeRole", "RoleArn=arn:aws:iam::111122223333:role/R&RoleSessionName=ab&DurationSeconds=43201",
			`1 validation error detected: Value '43201' at 'durationSeconds' failed to satisfy constraint: Member must have value less than or equal to 43200`},
		{"AssumeRole", "RoleArn=x",
			`2 validation errors detected: Value 'x' at 'roleArn' failed to satisfy constraint: Member must have length greater than or equal to 20; ` +
				`Value null at 'roleSessionName' failed to satisfy constraint: Member must not be null`},
		{"AssumeRole", role + "&Tags.member.1.Value=v",
			`1 validation error detected: Value null at 'tags.1.member.key' failed to satisfy constraint: Member must not be null`},
		{"AssumeRole", role + "&TransitiveTagKeys.member.1=a&TransitiveTagKeys.member.2=",
			`1 validation error detected: Value '[a, ]' at 'transitiveTagKeys' failed to satisfy constraint: Member must satisfy constraint: ` +
				`[Member must have length less than or equal to 128, Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]+]`},
		{"AssumeRoleWithWebIdentity", role + "&WebIdentityToken=abc",
			`1 validation error detected: Value at 'webIdentityToken' failed to satisfy constraint: Member must have length greater than or equal to 4`},
		{"GetRole", "",
			`1 validation error detected: Value null at 'roleName' failed to satisfy constraint: Member must not be null`},
		{"UpdateAccessKey", "AccessKeyId=AKIAAAAAAAAAAAAAAAAA&Status=On",
			`1 validation error detected: Value 'On' at 'status' failed to satisfy constraint: Member must satisfy enum value set: [Active, Inactive, Expired]`},
		{"CreateUser", "UserName=a&Path=/%C3%A9/",
			`1 validation error detected: Value '/é/' at 'path' failed to satisfy constraint: Member must satisfy regular expression pattern: (\u002F)|(\u002F[\u0021-\u007E]+\u002F)`},
		// An alternation must not end the anchoring: "/" first, anything after.
		{"CreateUser", "UserName=a&Path=/%20x",
			`1 validation error detected: Value '/ x' at 'path' failed to satisfy constraint: Member must satisfy regular expression pattern: (\u002F)|(\u002F[\u0021-\u007E]+\u002F)`},
		{"CreateUser", "UserName=a%0A",
			`1 validation error detected: Value 'a` + "\n" + `' at 'userName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]+`},
	} {
		op := sts[tt.name]
		if op == nil {
			op = iam[tt.name]
		}
		_, err := op.DecodeQuery(form(t, tt.query))
		if !awserr.Is(err, awserr.ValidationError) || awserr.From(err).Message != tt.want {
			t.Errorf("%s %s\ngot  %v\nwant %s", tt.name, tt.query, err, tt.want)
		}
	}
}

func TestLengthCountsCharacters(t *testing.T) {
	op := iamwire.Service().Operations["CreatePolicy"]
	if _, err := op.DecodeQuery(form(t, "PolicyName=p&PolicyDocument=%7B%7D&Description="+strings.Repeat("é", 1000))); err != nil {
		t.Error(err)
	}
}

func TestSensitiveValuesStayOut(t *testing.T) {
	_, err := sinkOp.DecodeQuery(form(t, "Secret=hush-hush-hush"))
	if err == nil || strings.Contains(err.Error(), "hush") || !strings.Contains(err.Error(), "Value at 'secret'") {
		t.Error(err)
	}
}

func TestErrorsAreBounded(t *testing.T) {
	q := strings.Builder{}
	for i := range 1000 {
		q.WriteString("&Inners.item." + itoa(i+1) + ".Key=" + strings.Repeat("A", 200))
	}
	_, err := sinkOp.DecodeQuery(form(t, q.String()+"&Name="+strings.Repeat("A", 1<<19)))
	if err == nil || len(err.Error()) > maxError {
		t.Errorf("the error has %d bytes", len(err.Error()))
	}
}

// CodeCommit answers a violation with an exception of its own where it has one.
func TestCodeCommitExceptions(t *testing.T) {
	const uuid = `"commitId":"0123456789012345678901234567890123456789"`
	for _, tt := range []struct{ op, body, code string }{
		{"GetRepository", `{}`, "RepositoryNameRequiredException"},
		{"GetRepository", `{"repositoryName":"a b"}`, "InvalidRepositoryNameException"},
		{"GetRepository", `{"repositoryName":""}`, "InvalidRepositoryNameException"},
		{"GetRepository", `{"repositoryName":"` + strings.Repeat("a", 101) + `"}`, "InvalidRepositoryNameException"},
		{"GetBranch", `{}`, "RepositoryNameRequiredException"},
		{"GetBranch", `{"repositoryName":"R"}`, "BranchNameRequiredException"},
		{"CreateBranch", `{"repositoryName":"R","branchName":"` + strings.Repeat("b", 257) + `",` + uuid + `}`, "InvalidBranchNameException"},
		{"CreateBranch", `{"repositoryName":"R","branchName":"b"}`, "CommitIdRequiredException"},
		{"CreateRepository", `{"repositoryName":"R","repositoryDescription":"` + strings.Repeat("d", 1001) + `"}`, "InvalidRepositoryDescriptionException"},
		{"CreateRepository", `{"repositoryName":"R","tags":{"":"v"}}`, "InvalidTagsMapException"},
		{"CreateRepository", `{"repositoryName":"R","kmsKeyId":"a b"}`, "EncryptionKeyInvalidIdException"},
		{"ListRepositories", `{"sortBy":"size"}`, "InvalidSortByException"},
		{"ListRepositories", `{"order":"up"}`, "InvalidOrderException"},
		{"BatchGetRepositories", `{}`, "RepositoryNamesRequiredException"},
		{"BatchGetRepositories", `{"repositoryNames":["a","b c"]}`, "InvalidRepositoryNameException"},
		{"UpdateRepositoryName", `{"oldName":"a"}`, "RepositoryNameRequiredException"},
		{"UpdateDefaultBranch", `{"repositoryName":"R"}`, "BranchNameRequiredException"},
	} {
		_, err := codecommitwire.Service().Operations[tt.op].DecodeJSON([]byte(tt.body))
		if !awserr.Is(err, tt.code) || awserr.From(err).Status != 400 {
			t.Errorf("%s %.80s: got %v, want %s", tt.op, tt.body, err, tt.code)
		}
	}
}
