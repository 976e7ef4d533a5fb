package lint

import (
	"os"
	"slices"
	"strings"
	"testing"

	"sojourn/internal/policy"
	"sojourn/internal/wire"
	"sojourn/internal/wire/codecommitwire"
	"sojourn/internal/wire/iamwire"
	"sojourn/internal/wire/stswire"
)

// doc wraps statements in a document of 2012.
func doc(statements string) string { return `{"Version":"2012-10-17","Statement":` + statements + `}` }

// push is a statement about GitPush with a condition.
func push(effect, condition string) string {
	return doc(`{"Effect":"` + effect + `","Action":"codecommit:GitPush","Resource":"*","Condition":` + condition + `}`)
}

// when is an ordinary statement of an identity policy with a condition.
func when(effect, condition string) string {
	return doc(`{"Effect":"` + effect + `","Action":"codecommit:GitPull","Resource":"*","Condition":` + condition + `}`)
}

// web is a trust policy for a web identity with a condition.
func web(provider, condition string) string {
	return doc(`{"Effect":"Allow","Principal":{"Federated":"` + provider + `"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":` + condition + `}`)
}

const (
	oidc   = "arn:aws:iam::111122223333:oidc-provider/"
	github = oidc + "token.actions.githubusercontent.com"
	claim  = "token.actions.githubusercontent.com:"
	saml   = "arn:aws:iam::111122223333:saml-provider/P"
)

// githubWith is GitHub with an audience and this condition on the subject.
func githubWith(operator, subject string) string {
	return web(github, `{"StringEquals":{"`+claim+`aud":"sts.amazonaws.com"},"`+operator+`":{"`+claim+`sub":`+subject+`}}`)
}

// cases name, for each code, documents that have the finding and others, as
// near as can be, that don't.
var cases = []struct {
	code      string
	kind      policy.Kind
	has, lack []string
}{
	{"JSON_SYNTAX_ERROR", policy.Identity, []string{"", "{", doc(`{"Effect":"Allow","Effect":"Deny","Action":"*","Resource":"*"}`), doc("[]") + "x"}, []string{"[]", doc("[]")}},
	{"INVALID_POLICY_ELEMENT", policy.Identity,
		[]string{`{"version":"2012-10-17","Statement":[]}`, doc(`{"Effect":"Deny","Action":"*","Resource":"*","condition":{}}`)},
		[]string{doc(`{"Sid":"a","Effect":"Deny","Action":"*","Resource":"*","Condition":{}}`)}},
	{"INVALID_VERSION", policy.Identity, []string{`{"Version":"2012-10-18","Statement":[]}`, `{"Version":2012,"Statement":[]}`},
		[]string{`{"Version":"2008-10-17","Statement":[]}`}},
	{"INVALID_EFFECT", policy.Identity, []string{doc(`{"Effect":"allow","Action":"*","Resource":"*"}`), doc(`{"Effect":["Allow"],"Action":"*","Resource":"*"}`)},
		[]string{doc(`{"Effect":"Allow","Action":"*","Resource":"*"}`)}},
	{"INVALID_ACTION", policy.Identity,
		[]string{doc(`{"Effect":"Deny","Action":"GitPull","Resource":"*"}`), doc(`{"Effect":"Deny","Action":["codecommit:GitPul"],"Resource":"*"}`),
			doc(`{"Effect":"Deny","Action":"iam:Fetch?*Nothing","Resource":"*"}`), doc(`{"Effect":"Deny","NotAction":"STS:assumerol","Resource":"*"}`)},
		[]string{doc(`{"Effect":"Deny","Action":["CodeCommit:gitpull","iam:*Role*","sts:TagSession","s3:NoSuch","*"],"Resource":"*"}`)}},
	{"INVALID_ACTION", policy.Trust, []string{doc(`{"Effect":"Deny","Principal":"*","Action":["sts:AssumeRole","s3:*"]}`)},
		[]string{doc(`{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole"}`)}},
	{"INVALID_GLOBAL_CONDITION_KEY", policy.Identity,
		[]string{when("Deny", `{"StringEquals":{"aws:PrincipalAcount":"111122223333"}}`), when("Deny", `{"StringEquals":{"aws:PrincipalTag":"x"}}`),
			doc(`{"Effect":"Deny","Action":"*","Resource":"arn:aws:codecommit:*:*:${aws:user}"}`)},
		[]string{when("Deny", `{"StringEquals":{"AWS:principalaccount":"111122223333","aws:PrincipalTag/a:b":"${aws:username, 'x'}${*}"}}`)}},
	{"INVALID_SERVICE_CONDITION_KEY", policy.Identity,
		[]string{when("Deny", `{"StringEquals":{"codecommit:Reference":"refs/heads/main"}}`), when("Deny", `{"StringEquals":{"sts:ExternalID2":"x"}}`)},
		[]string{when("Deny", `{"StringEquals":{"codecommit:references":"x","iam:ResourceTag/x":"y","s3:nosuch":"z"}}`)}},
	{"INVALID_PRINCIPAL_FORMAT", policy.Trust,
		[]string{doc(`{"Effect":"Deny","Principal":{"AWS":["111122223333","arn:aws:iam::111122223333:role/*"]},"Action":"sts:AssumeRole"}`),
			doc(`{"Effect":"Deny","Principal":{"aws":"*"},"Action":"sts:AssumeRole"}`), doc(`{"Effect":"Deny","Principal":["*"],"Action":"sts:AssumeRole"}`)},
		[]string{doc(`{"Effect":"Deny","Principal":{"AWS":"111122223333"},"Action":"sts:AssumeRole"}`)}},
	{"DATA_TYPE_MISMATCH", policy.Identity,
		[]string{"[]", `"x"`, doc(`["x"]`), `{"Id":1,"Statement":[]}`, when("Deny", `[]`), when("Deny", `{"Null":"x"}`), when("Deny", `{"Bool":{"a:b":null}}`), when("Deny", `{"Bool":{"a:b":["true",{}]}}`)},
		[]string{`{"Id":"1","Statement":[]}`, when("Deny", `{"Bool":{"a:b":[true,"false"]},"NumericEquals":{"a:c":1}}`)}},
	{"MISSING_STATEMENT", policy.Identity, []string{"{}", doc("[]")}, []string{doc("{}")}},
	{"MISSING_EFFECT", policy.Identity, []string{doc(`{"Action":"*","Resource":"*"}`)}, []string{doc(`{"Effect":"Deny"}`)}},
	{"MISSING_ACTION", policy.Identity, []string{doc(`{"Effect":"Deny","Resource":"*"}`), doc(`{"Effect":"Deny","Action":[],"Resource":"*"}`)},
		[]string{doc(`{"Effect":"Deny","NotAction":"a:b","Resource":"*"}`)}},
	{"MISSING_RESOURCE", policy.Identity, []string{doc(`{"Effect":"Deny","Action":"*"}`), doc(`{"Effect":"Deny","Action":"*","NotResource":[]}`)},
		[]string{doc(`{"Effect":"Deny","Action":"*","NotResource":"*"}`)}},
	{"MISSING_PRINCIPAL", policy.Trust, []string{doc(`{"Effect":"Deny","Action":"sts:AssumeRole"}`), doc(`{"Effect":"Deny","Principal":{},"Action":"sts:AssumeRole"}`)},
		[]string{doc(`{"Effect":"Deny","NotPrincipal":"*","Action":"sts:AssumeRole"}`)}},
	{"MISSING_PRINCIPAL", policy.Resource, []string{doc(`{"Effect":"Deny","Action":"*","Resource":"*"}`)}, []string{doc(`{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}`)}},
	{"UNSUPPORTED_PRINCIPAL", policy.Identity, []string{doc(`{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}`)}, []string{doc(`{"Effect":"Deny","Action":"*","Resource":"*"}`)}},
	{"UNSUPPORTED_RESOURCE", policy.Trust, []string{doc(`{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole","Resource":"*"}`)}, []string{doc(`{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole"}`)}},
	{"UNSUPPORTED_ELEMENT_COMBINATION", policy.Identity, []string{doc(`{"Effect":"Deny","Action":"*","NotAction":"a:b","Resource":"*"}`)}, []string{doc(`{"Effect":"Deny","Action":"*","Resource":"*"}`)}},
	{"UNSUPPORTED_SID", policy.Identity, []string{doc(`{"Sid":"a b","Effect":"Deny","Action":"*","Resource":"*"}`), doc(`{"Sid":1,"Effect":"Deny","Action":"*","Resource":"*"}`)},
		[]string{doc(`{"Sid":"ab1","Effect":"Deny","Action":"*","Resource":"*"}`)}},
	{"UNIQUE_SIDS_REQUIRED", policy.Identity,
		[]string{doc(`[{"Sid":"a","Effect":"Deny","Action":"a:b","Resource":"*"},{"Sid":"a","Effect":"Deny","Action":"*","Resource":"*"}]`)},
		[]string{doc(`[{"Sid":"a","Effect":"Deny","Action":"a:b","Resource":"*"},{"Sid":"A","Effect":"Deny","Action":"*","Resource":"*"}]`)}},
	{"VARIABLE_UNSUPPORTED_IN_VERSION", policy.Identity,
		[]string{`{"Statement":{"Effect":"Deny","Action":"*","Resource":"arn:aws:codecommit:*:*:${aws:username}"}}`,
			`{"Version":"2008-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringLike":{"a:b":"${aws:username}"}}}}`},
		[]string{doc(`{"Effect":"Deny","Action":"*","Resource":"arn:aws:codecommit:*:*:${aws:username}"}`)}},
	{"INVALID_RESOURCE", policy.Identity, []string{doc(`{"Effect":"Deny","Action":"*","Resource":["*","MyDemoRepo"]}`), doc(`{"Effect":"Deny","Action":"*","NotResource":{"a":"b"}}`)},
		[]string{doc(`{"Effect":"Deny","Action":"*","Resource":"arn:aws:codecommit:us-east-1:111122223333:MyDemoRepo"}`)}},
	{"INVALID_CONDITION", policy.Identity, []string{when("Deny", `{"StringEqual":{"a:b":"c"}}`), when("Deny", `{"DateLessThan":{"a:b":["2026","soon"]}}`), when("Deny", `{"NullIfExists":{"a:b":"true"}}`)},
		[]string{when("Deny", `{"ForAnyValue:StringEqualsIfExists":{"a:b":"c"},"DateLessThan":{"a:b":"2026"}}`)}},
	{"INVALID_CONDITION_KEY_FORMAT", policy.Identity, []string{when("Deny", `{"StringEquals":{"References":"x"}}`)}, []string{when("Deny", `{"StringEquals":{"codecommit:References":"x"}}`)}},

	{"ALLOW_WITH_NOT_PRINCIPAL", policy.Trust, []string{doc(`{"Effect":"Allow","NotPrincipal":{"AWS":"111122223333"},"Action":"sts:AssumeRole"}`)},
		[]string{doc(`{"Effect":"Deny","NotPrincipal":{"AWS":"111122223333"},"Action":"sts:AssumeRole"}`)}},
	{"ALLOW_EVERYTHING", policy.Identity, []string{doc(`{"Effect":"Allow","Action":["*"],"Resource":"*"}`), doc(`{"Effect":"Allow","Action":"*:*","Resource":"arn:aws:*"}`)},
		[]string{doc(`{"Effect":"Deny","Action":"*","Resource":"*"}`), doc(`{"Effect":"Allow","Action":"codecommit:*","Resource":"*"}`),
			doc(`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}`)}},
	{"ALLOW_EVERYTHING", policy.Boundary, nil, []string{doc(`{"Effect":"Allow","Action":"*","Resource":"*"}`)}},
	{"ALLOW_WITH_NOT_ACTION_ON_STAR", policy.Identity, []string{doc(`{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}`)},
		[]string{doc(`{"Effect":"Deny","NotAction":"iam:*","Resource":"*"}`), doc(`{"Effect":"Allow","NotAction":"iam:*","Resource":"arn:aws:codecommit:us-east-1:111122223333:r"}`)}},
	{"PASS_ROLE_WITH_STAR_IN_RESOURCE", policy.Identity, []string{doc(`{"Effect":"Allow","Action":["iam:GetRole","iam:passrole"],"Resource":["*"]}`)},
		[]string{doc(`{"Effect":"Allow","Action":"iam:PassRole","Resource":"arn:aws:iam::111122223333:role/x"}`), doc(`{"Effect":"Allow","Action":"iam:PassRole","Resource":"*","Condition":{"StringEquals":{"iam:PassedToService":"x"}}}`)}},
	{"PASS_ROLE_WITH_STAR_IN_ACTION_AND_RESOURCE", policy.Identity, []string{doc(`{"Effect":"Allow","Action":"iam:*","Resource":"*"}`), doc(`{"Effect":"Allow","Action":"iam:Pass*","Resource":"*"}`)},
		[]string{doc(`{"Effect":"Allow","Action":"iam:Get*","Resource":"*"}`), doc(`{"Effect":"Deny","Action":"iam:*","Resource":"*"}`)}},
	{"PASS_ROLE_WITH_NOT_RESOURCE", policy.Identity, []string{doc(`{"Effect":"Allow","Action":"iam:PassRole","NotResource":"arn:aws:iam::111122223333:role/admin"}`)},
		[]string{doc(`{"Effect":"Allow","Action":"iam:GetRole","NotResource":"arn:aws:iam::111122223333:role/admin"}`)}},
	{"FORALLVALUES_WITH_SINGLE_VALUED_KEY", policy.Identity, []string{when("Allow", `{"ForAllValues:StringEquals":{"aws:PrincipalTag/team":"x"}}`)},
		[]string{when("Deny", `{"ForAllValues:StringEquals":{"aws:PrincipalTag/team":"x"}}`), when("Allow", `{"ForAnyValue:StringEquals":{"aws:PrincipalTag/team":"x"}}`)}},
	{"ALLOW_FORALLVALUES_WITHOUT_NULL_CHECK", policy.Identity, []string{when("Allow", `{"ForAllValues:StringEquals":{"aws:TagKeys":"x"}}`), when("Allow", `{"ForAllValues:StringEquals":{"aws:TagKeys":"x"},"Null":{"aws:TagKeys":"true"}}`)},
		[]string{when("Allow", `{"ForAllValues:StringEquals":{"aws:TagKeys":"x"},"Null":{"aws:tagkeys":"false"}}`), when("Deny", `{"ForAllValues:StringEquals":{"aws:TagKeys":"x"}}`)}},
	{"MFA_ALLOW_WITH_IF_EXISTS", policy.Identity, []string{when("Allow", `{"BoolIfExists":{"aws:MultiFactorAuthPresent":"true"}}`), when("Allow", `{"NumericLessThanIfExists":{"aws:MultiFactorAuthAge":"3600"}}`)},
		[]string{when("Allow", `{"Bool":{"aws:MultiFactorAuthPresent":"true"}}`), when("Allow", `{"NumericLessThan":{"aws:MultiFactorAuthAge":"3600"}}`)}},
	{"MFA_DENY_WITHOUT_IF_EXISTS", policy.Identity, []string{when("Deny", `{"Bool":{"aws:MultiFactorAuthPresent":"false"}}`), when("Deny", `{"NumericGreaterThan":{"aws:MultiFactorAuthAge":"3600"}}`)},
		[]string{when("Deny", `{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}`), when("Deny", `{"NumericGreaterThanIfExists":{"aws:MultiFactorAuthAge":"3600"}}`)}},

	{"OIDC_TRUST_WITHOUT_SUBJECT", policy.Trust,
		[]string{web(github, `{"StringEquals":{"`+claim+`aud":"sts.amazonaws.com"}}`), web(oidc+"gitlab.com", `{"StringEquals":{"gitlab.com:aud":"https://gitlab.com"}}`),
			web("accounts.google.com", `{"StringEquals":{"accounts.google.com:aud":"x.apps.googleusercontent.com"}}`), githubWith("StringNotLike", `"repo:evil/*"`),
			web("cognito-identity.amazonaws.com", `{"StringEquals":{"cognito-identity.amazonaws.com:aud":"us-east-1:pool"}}`), web(oidc+"login.example.com", `{}`),
			web(github, `{"StringEquals":{"`+claim+`aud":"x","gitlab.com:sub":"project_path:g/p:ref_type:branch:ref:main"}}`)},
		[]string{githubWith("StringEquals", `"repo:octo/app:ref:refs/heads/main"`), githubWith("StringLike", `"repo:octo/app:*"`), githubWith("ForAnyValue:StringLike", `["repo:octo/app:*"]`),
			web(github, `{"StringEquals":{"`+claim+`aud":"x","`+claim+`repository":"octo/app"}}`),
			web("accounts.google.com", `{"StringEquals":{"accounts.google.com:aud":"x","accounts.google.com:sub":"1"}}`),
			web("cognito-identity.amazonaws.com", `{"StringEquals":{"cognito-identity.amazonaws.com:aud":"us-east-1:pool"},"ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":"authenticated"}}`),
			web(oidc+"login.example.com", `{"StringEquals":{"login.example.com:aud":"x"}}`), strings.Replace(web(github, `{}`), "Allow", "Deny", 1)}},
	{"OIDC_TRUST_WITH_BROAD_SUBJECT", policy.Trust,
		[]string{githubWith("StringLike", `"repo:*"`), githubWith("StringLike", `["repo:octo/app:*","*"]`), githubWith("StringLike", `"repo:*/app:ref:refs/heads/main"`), githubWith("StringLike", `"repo:octo*"`),
			githubWith("StringLike", `"*:ref:refs/heads/main"`), githubWith("StringLike", `"repo:?*/*:*"`), web(oidc+"gitlab.com", `{"StringLike":{"gitlab.com:sub":"project_path:*:ref:main","gitlab.com:aud":"x"}}`),
			web(oidc+"login.example.com", `{"StringLike":{"login.example.com:sub":"*","login.example.com:aud":"x"}}`)},
		[]string{githubWith("StringLike", `"repo:octo/*"`), githubWith("StringLike", `"repo:octo/app:*"`), githubWith("StringEquals", `"repo:octo/app:ref:refs/heads/main"`),
			web(github, `{"StringEquals":{"`+claim+`aud":"x","`+claim+`repository_owner":"octo"},"StringLike":{"`+claim+`sub":"repo:*:ref:refs/heads/main"}}`),
			web(oidc+"login.example.com", `{"StringLike":{"login.example.com:sub":"service:*","login.example.com:aud":"x"}}`)}},
	{"OIDC_TRUST_WITHOUT_AUDIENCE", policy.Trust,
		[]string{web(github, `{"StringEquals":{"`+claim+`sub":"repo:octo/app:ref:refs/heads/main"}}`), web("cognito-identity.amazonaws.com", `{"StringEquals":{"cognito-identity.amazonaws.com:sub":"x"}}`),
			web("www.amazon.com", `{"StringEquals":{"www.amazon.com:user_id":"x"}}`)},
		[]string{githubWith("StringEquals", `"repo:octo/app:ref:refs/heads/main"`), web("graph.facebook.com", `{"StringEquals":{"graph.facebook.com:app_id":"1"}}`),
			web("accounts.google.com", `{"StringEquals":{"accounts.google.com:oaud":"x","accounts.google.com:sub":"1"}}`)}},
	{"SAML_TRUST_WITHOUT_AUDIENCE", policy.Trust,
		[]string{doc(`{"Effect":"Allow","Principal":{"Federated":"` + saml + `"},"Action":"sts:AssumeRoleWithSAML"}`)},
		[]string{doc(`{"Effect":"Allow","Principal":{"Federated":"` + saml + `"},"Action":"sts:AssumeRoleWithSAML","Condition":{"StringEquals":{"SAML:aud":"https://signin.aws.amazon.com/saml"}}}`)}},
	{"TRUST_OF_EVERYONE", policy.Trust,
		[]string{doc(`{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}`), doc(`{"Effect":"Allow","Principal":{"AWS":["111122223333","*"]},"Action":"sts:AssumeRole"}`),
			doc(`{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Condition":{"StringNotEquals":{"aws:PrincipalAccount":"111122223333"}}}`),
			doc(`{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Condition":{"StringLike":{"aws:PrincipalAccount":"*"}}}`),
			doc(`{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Condition":{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/admin"}}}`),
			doc(`{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Condition":{"IpAddress":{"aws:SourceIp":"0.0.0.0/0"}}}`),
			doc(`{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Condition":{"StringEquals":{"aws:PrincipalTag/team":"x"}}}`)},
		[]string{doc(`{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole"}`), doc(`{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Condition":{"StringEquals":{"aws:PrincipalAccount":"111122223333"}}}`),
			doc(`{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Condition":{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/ci/*"}}}`)}},
	{"TRUST_OF_EVERYONE", policy.Resource, []string{doc(`{"Effect":"Allow","Principal":"*","Action":"codecommit:GitPull","Resource":"*"}`)},
		[]string{doc(`{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"codecommit:GitPull","Resource":"*"}`)}},

	{"MISSING_VERSION", policy.Identity, []string{`{"Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}`}, []string{doc(`{"Effect":"Deny","Action":"*","Resource":"*"}`)}},
	{"TYPE_MISMATCH", policy.Identity,
		[]string{when("Deny", `{"StringEquals":{"aws:SourceIp":"10.0.0.1"}}`), when("Deny", `{"IpAddress":{"aws:username":"10.0.0.1"}}`), when("Deny", `{"DateLessThan":{"codecommit:References":"2026"}}`),
			when("Deny", `{"NumericLessThan":{"aws:CurrentTime":"5"}}`), when("Deny", `{"StringEquals":{"aws:SecureTransport":"true"}}`), when("Deny", `{"ForAnyValue:BoolIfExists":{"aws:TagKeys":"true"}}`)},
		[]string{when("Deny", `{"NotIpAddress":{"aws:SourceIp":"10.0.0.1"},"Null":{"aws:username":"true"},"DateLessThan":{"aws:CurrentTime":"2026","aws:EpochTime":"5"},"NumericLessThan":{"aws:EpochTime":"5","aws:PrincipalTag/level":"3"},"StringLike":{"aws:PrincipalArn":"x"},"Bool":{"x:y":"true"}}`)}},
	{"WILDCARD_WITHOUT_LIKE_OPERATOR", policy.Identity, []string{when("Deny", `{"StringEquals":{"codecommit:References":"refs/heads/*"}}`), when("Deny", `{"StringNotEqualsIfExists":{"aws:username":["a","b*"]}}`)},
		[]string{when("Deny", `{"StringLike":{"codecommit:References":"refs/heads/*"},"StringEquals":{"aws:username":"a${*}"},"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/*"}}`)}},
	{"ALLOW_REFERENCES_WITHOUT_IF_EXISTS", policy.Identity,
		[]string{push("Allow", `{"StringEquals":{"codecommit:References":"refs/heads/x"}}`), push("Allow", `{"StringEqualsIfExists":{"codecommit:References":"refs/heads/x"},"Null":{"codecommit:References":"false"}}`),
			doc(`{"Effect":"Allow","Action":"codecommit:*","Resource":"*","Condition":{"StringLike":{"CodeCommit:references":"refs/heads/x*"}}}`)},
		[]string{push("Allow", `{"StringEqualsIfExists":{"codecommit:References":"refs/heads/x"}}`), push("Allow", `{"StringNotEquals":{"codecommit:References":"refs/heads/x"}}`),
			doc(`[{"Effect":"Allow","Action":"codecommit:GitPush","Resource":"*","Condition":{"StringEquals":{"codecommit:References":"refs/heads/x"}}},{"Effect":"Allow","Action":"codecommit:Git*","Resource":"*","Condition":{"Null":{"codecommit:References":"true"}}}]`),
			doc(`{"Effect":"Allow","Action":"codecommit:PutFile","Resource":"*","Condition":{"StringEquals":{"codecommit:References":"refs/heads/x"}}}`)}},
	{"DENY_REFERENCES_WITHOUT_NULL_CHECK", policy.Identity,
		[]string{push("Deny", `{"StringEqualsIfExists":{"codecommit:References":"refs/heads/main"}}`), push("Deny", `{"StringNotLike":{"codecommit:References":"refs/heads/me/*"}}`),
			doc(`{"Effect":"Deny","NotAction":"codecommit:GitPull","Resource":"*","Condition":{"StringEqualsIfExists":{"codecommit:References":"refs/heads/main"}}}`)},
		[]string{push("Deny", `{"StringEqualsIfExists":{"codecommit:References":"refs/heads/main"},"Null":{"codecommit:References":"false"}}`), push("Deny", `{"StringEquals":{"codecommit:References":"refs/heads/main"}}`),
			push("Deny", `{"StringNotLike":{"codecommit:References":"refs/heads/me/*"},"Null":{"codecommit:References":["false"]}}`),
			doc(`{"Effect":"Deny","Action":"codecommit:PutFile","Resource":"*","Condition":{"StringEqualsIfExists":{"codecommit:References":"refs/heads/main"}}}`)}},
	{"DENY_IF_EXISTS_WITHOUT_NULL_CHECK", policy.Identity, []string{when("Deny", `{"StringEqualsIfExists":{"aws:ResourceTag/stage":"prod"}}`)},
		[]string{when("Deny", `{"StringEqualsIfExists":{"aws:ResourceTag/stage":"prod"},"Null":{"aws:ResourceTag/stage":"false"}}`), when("Deny", `{"StringEquals":{"aws:ResourceTag/stage":"prod"}}`),
			when("Allow", `{"StringEqualsIfExists":{"aws:ResourceTag/stage":"prod"}}`), when("Deny", `{"BoolIfExists":{"aws:SecureTransport":"false","aws:MultiFactorAuthPresent":"false"}}`)}},
	{"DURATION_OUT_OF_RANGE", policy.Identity, []string{when("Deny", `{"NumericGreaterThan":{"sts:DurationSeconds":"60"}}`), when("Deny", `{"NumericGreaterThanIfExists":{"aws:MultiFactorAuthAge":"864000"}}`)},
		[]string{when("Deny", `{"NumericGreaterThan":{"sts:DurationSeconds":"3600","x:y":"1"},"NumericGreaterThanIfExists":{"aws:MultiFactorAuthAge":"3600"}}`)}},
	{"DUPLICATE_KEYS_WITH_DIFFERENT_CASE", policy.Identity, []string{when("Deny", `{"StringEquals":{"aws:username":"a","aws:UserName":"b"}}`)},
		[]string{when("Deny", `{"StringEquals":{"aws:username":"a"},"StringLike":{"aws:UserName":"a*"}}`)}},
	{"MULTIVALUED_KEY_WITHOUT_SET_OPERATOR", policy.Identity, []string{when("Deny", `{"StringEquals":{"aws:TagKeys":"x"}}`), when("Deny", `{"StringEquals":{"login.example.com:amr":"mfa"}}`)},
		[]string{when("Deny", `{"ForAnyValue:StringEquals":{"aws:TagKeys":"x"},"Null":{"aws:TagKeys":"false"}}`)}},
	{"PRINCIPAL_CANNOT_USE_ACTION", policy.Trust,
		[]string{doc(`{"Effect":"Allow","Principal":{"Federated":"` + saml + `"},"Action":"sts:AssumeRole"}`), doc(`{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":["sts:AssumeRoleWithWebIdentity","sts:TagSession"]}`),
			doc(`{"Effect":"Allow","Principal":{"Federated":"` + github + `"},"Action":"sts:AssumeRoleWithSAML"}`)},
		[]string{doc(`{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sts:TagSession"}`), doc(`{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}`),
			doc(`{"Effect":"Allow","Principal":{"Federated":"arn:aws:ds:us-east-1:111122223333:directory/d-1"},"Action":"sts:AssumeRoleWithLDAPIdentity"}`)}},
	{"RESOURCE_NOT_OF_ACTION", policy.Identity, []string{doc(`{"Effect":"Allow","Action":"codecommit:*","Resource":["*","arn:aws:iam::111122223333:role/x"]}`), doc(`{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"arn:aws:codecommit:us-east-1:111122223333:r"}`)},
		[]string{doc(`{"Effect":"Allow","Action":["codecommit:GitPull","sts:AssumeRole"],"Resource":["arn:aws:iam::111122223333:role/x","arn:aws:codecommit:*:*:r","arn:aws:*:*:*:x"]}`),
			doc(`{"Effect":"Allow","Action":["codecommit:*","s3:*"],"Resource":"arn:aws:s3:::b"}`)}},

	{"EMPTY_ARRAY_CONDITION", policy.Identity, []string{when("Deny", `{"StringEquals":{"aws:username":[]}}`)}, []string{when("Deny", `{"StringEquals":{"aws:username":[""]}}`)}},
	{"EMPTY_OBJECT_CONDITION", policy.Identity, []string{when("Deny", `{}`), when("Deny", `{"StringEquals":{}}`)}, []string{when("Deny", `{"StringEquals":{"aws:username":"x"}}`)}},
	{"EMPTY_SID_VALUE", policy.Identity, []string{doc(`{"Sid":"","Effect":"Deny","Action":"*","Resource":"*"}`)}, []string{doc(`{"Effect":"Deny","Action":"*","Resource":"*"}`)}},
	{"REDUNDANT_ACTION", policy.Identity, []string{doc(`{"Effect":"Deny","Action":["codecommit:Git*","codecommit:gitpull"],"Resource":"*"}`), doc(`{"Effect":"Deny","Action":["a:b","A:B"],"Resource":"*"}`)},
		[]string{doc(`{"Effect":"Deny","Action":["codecommit:Git?ull","codecommit:Get*"],"Resource":"*"}`)}},
	{"REDUNDANT_RESOURCE", policy.Identity, []string{doc(`{"Effect":"Deny","Action":"s3:*","Resource":["arn:aws:s3:::b","arn:aws:s3:::*"]}`)},
		[]string{doc(`{"Effect":"Deny","Action":"s3:*","Resource":["arn:aws:s3:::b","arn:aws:s3:::B"]}`)}},
	{"REDUNDANT_CONDITION_VALUE", policy.Identity, []string{when("Deny", `{"StringLike":{"aws:username":["a*","ab"]}}`), when("Deny", `{"StringEquals":{"aws:username":["a","a"]}}`)},
		[]string{when("Deny", `{"StringLike":{"aws:username":["a*","b"]},"StringEquals":{"aws:userid":["a","b"]}}`)}},
	{"REDUNDANT_IF_EXISTS", policy.Identity, []string{when("Deny", `{"StringNotEqualsIfExists":{"aws:username":"a"}}`)}, []string{when("Deny", `{"StringNotEquals":{"aws:username":"a"}}`)}},
	{"REDUNDANT_STATEMENT", policy.Identity, []string{doc(`[{"Sid":"a","Effect":"Deny","Action":"*","Resource":"*"},{"Resource":["*"],"Effect":"Deny","Action":"*"}]`)},
		[]string{doc(`[{"Effect":"Deny","Action":"*","Resource":"*"},{"Effect":"Deny","NotAction":"*","Resource":"*"},{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"Bool":{"a:b":"true"}}}]`)}},
	{"TRUST_OF_ACCOUNT_WITHOUT_CONDITION", policy.Trust, []string{doc(`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::888888888888:root"},"Action":"sts:AssumeRole"}`), doc(`{"Effect":"Allow","Principal":{"AWS":"888888888888"},"Action":"sts:AssumeRole"}`)},
		[]string{doc(`{"Effect":"Allow","Principal":{"AWS":"888888888888"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"x"}}}`), doc(`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::888888888888:user/x"},"Action":"sts:AssumeRole"}`)}},
	{"TRUST_OF_EVERY_USER", policy.Trust,
		[]string{web(oidc+"login.example.com", `{"StringEquals":{"login.example.com:aud":"x"}}`), doc(`{"Effect":"Allow","Principal":{"Federated":"arn:aws:ds:us-east-1:111122223333:directory/d-1"},"Action":"sts:AssumeRoleWithLDAPIdentity"}`)},
		[]string{web(oidc+"login.example.com", `{"StringEquals":{"login.example.com:aud":"x"},"ForAnyValue:StringEquals":{"login.example.com:groups":"dev"}}`), web(oidc+"login.example.com", `{"StringEquals":{"login.example.com:aud":"x","login.example.com:sub":"y"}}`),
			doc(`{"Effect":"Allow","Principal":{"Federated":"arn:aws:ds:us-east-1:111122223333:directory/d-1"},"Action":"sts:AssumeRoleWithLDAPIdentity","Condition":{"ForAnyValue:StringEquals":{"ds:groups":"dev"}}}`)}},
}

func codes(findings []Finding) (out []string) {
	for _, f := range findings {
		out = append(out, f.Code)
	}
	return out
}

func TestFindings(t *testing.T) {
	for _, tt := range cases {
		for _, text := range tt.has {
			if got := codes(Check(tt.kind, text)); !slices.Contains(got, tt.code) {
				t.Errorf("%s is not found in %s\n\tonly %v", tt.code, text, got)
			}
		}
		for _, text := range tt.lack {
			if got := codes(Check(tt.kind, text)); slices.Contains(got, tt.code) {
				t.Errorf("%s is found in %s", tt.code, text)
			}
		}
	}
}

// Every code has a case, and a section on the page that explains them.
func TestEveryCodeIsTestedAndExplained(t *testing.T) {
	page, err := os.ReadFile("../../../docs/operations/policy-findings.md")
	if err != nil {
		t.Fatal(err)
	}
	tested := map[string]bool{"MALFORMED_POLICY": true} // the last resort; nothing known has it
	for _, tt := range cases {
		tested[tt.code] = tested[tt.code] || len(tt.has) > 0
	}
	for code, typ := range Codes {
		if !tested[code] {
			t.Errorf("no policy of the tests has %s", code)
		}
		if !strings.Contains(string(page), "\n### "+code+"\n") {
			t.Errorf("%s (%s) is not explained", code, typ)
		}
	}
}

// What IAM refuses has an error, wherever it is; what IAM takes has none of its grammar's.
func TestErrorsAreThoseOfTheGrammar(t *testing.T) {
	for _, tt := range cases {
		for _, text := range slices.Concat(tt.has, tt.lack) {
			_, err := policy.Parse(tt.kind, text)
			wrong := slices.ContainsFunc(Check(tt.kind, text), func(f Finding) bool { return f.Type == Error })
			if err != nil && !wrong {
				t.Errorf("IAM refuses %s: %v", text, err)
			}
		}
	}
}

func TestFindingsHavePlaces(t *testing.T) {
	const text = "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [{\n    \"Effect\": \"Deny\", \"Action\": [\"é:x\", \"codecommit:GitPul\"], \"Resource\": \"*\",\n    \"Condition\": {\"Bool\": {\"aws:MultiFactorAuthPresnt\": \"true\"}}\n  }]\n}"
	got := Check(policy.Identity, text)
	want := []struct {
		code, words string
		start       Position
		path        []Step
	}{
		{"INVALID_ACTION", `"é:x"`, Position{4, 33, 80}, []Step{{Name: "Statement"}, {IsIndex: true}, {Name: "Action"}, {IsIndex: true}}},
		{"INVALID_ACTION", `"codecommit:GitPul"`, Position{4, 40, 87}, []Step{{Name: "Statement"}, {IsIndex: true}, {Name: "Action"}, {IsIndex: true, Index: 1}}},
		{"INVALID_GLOBAL_CONDITION_KEY", `"aws:MultiFactorAuthPresnt"`, Position{5, 27, 153},
			[]Step{{Name: "Statement"}, {IsIndex: true}, {Name: "Condition"}, {Name: "Bool"}, {Name: "aws:MultiFactorAuthPresnt", IsKey: true}}},
	}
	if len(got) != len(want) {
		t.Fatalf("got %+v", got)
	}
	for i, w := range want {
		g := got[i]
		words := string([]rune(text)[g.Start.Offset:g.End.Offset])
		if g.Code != w.code || words != w.words || g.Start != w.start || g.End.Line != g.Start.Line || !slices.Equal(g.Path, w.path) {
			t.Errorf("got %q %+v, want %+v", words, g, w)
		}
	}
	if m := got[1].Message; !strings.HasSuffix(m, "Did you mean codecommit:GitPull?") {
		t.Errorf("no help: %s", m)
	}
	if m := got[2].Message; !strings.HasSuffix(m, "Did you mean aws:MultiFactorAuthPresent?") {
		t.Errorf("no help: %s", m)
	}
}

// The policies that AWS and its CodeCommit guide give are as they should be;
// what is said of two of them is what they are for.
func TestPoliciesOfAWSHaveNoFalseFindings(t *testing.T) {
	want := map[string][]string{
		"AdministratorAccess": {"ALLOW_EVERYTHING"},
		"IAMFullAccess":       {"PASS_ROLE_WITH_STAR_IN_ACTION_AND_RESOURCE"},
	}
	const dir = "../../iam/identity/managed/"
	files, err := os.ReadDir(dir)
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	for _, f := range files {
		text, err := os.ReadFile(dir + f.Name())
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(f.Name(), ".json")
		if got := Check(policy.Identity, string(text)); !slices.Equal(codes(got), want[name]) {
			t.Errorf("%s: %+v", name, got)
		}
	}
	for _, tt := range []struct {
		kind policy.Kind
		text string
	}{
		{policy.Identity, doc(`[{"Effect":"Deny","Action":["codecommit:GitPush","codecommit:DeleteBranch","codecommit:PutFile","codecommit:MergeBranchesByFastForward","codecommit:MergeBranchesBySquash","codecommit:MergeBranchesByThreeWay","codecommit:MergePullRequestByFastForward","codecommit:MergePullRequestBySquash","codecommit:MergePullRequestByThreeWay"],"Resource":"arn:aws:codecommit:us-east-2:111111111111:MyDemoRepo","Condition":{"StringEqualsIfExists":{"codecommit:References":["refs/heads/main","refs/heads/prod"]},"Null":{"codecommit:References":"false"}}}]`)},
		{policy.Identity, doc(`[{"Effect":"Allow","Action":["codecommit:BatchGet*","codecommit:Create*","codecommit:DeleteBranch","codecommit:Get*","codecommit:List*","codecommit:Describe*","codecommit:Put*","codecommit:Post*","codecommit:Merge*","codecommit:Test*","codecommit:Update*","codecommit:GitPull","codecommit:GitPush"],"Resource":["arn:aws:codecommit:us-east-2:111122223333:MySharedDemoRepo"]},{"Effect":"Allow","Action":"codecommit:ListRepositories","Resource":"*"}]`)},
		{policy.Identity, doc(`{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"arn:aws:iam::111122223333:role/MyCrossAccountRepositoryContributorRole"}`)},
		{policy.Trust, doc(`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::888888888888:root"},"Action":"sts:AssumeRole"}`)},
	} {
		for _, f := range Check(tt.kind, tt.text) {
			if f.Code != "TRUST_OF_ACCOUNT_WITHOUT_CONDITION" {
				t.Errorf("%s: %+v", tt.text, f)
			}
		}
	}
}

func TestEveryOperationIsAKnownAction(t *testing.T) {
	for _, s := range []*wire.Service{stswire.Service(), iamwire.Service(), codecommitwire.Service()} {
		for name := range s.Operations {
			if !slices.Contains(knownActions()[s.Name], name) {
				t.Errorf("%s:%s is not known", s.Name, name)
			}
		}
	}
}

func TestFindingsAreBounded(t *testing.T) {
	many := doc(`{"Effect":"Deny","Action":["` + strings.Repeat(`iam:GetUserr","`, 3000) + `iam:*"],"Resource":"*"}`)
	if n := len(Check(policy.Identity, many)); n != maxFindings {
		t.Errorf("%d findings", n)
	}
}

func TestGuess(t *testing.T) {
	for text, want := range map[string]policy.Kind{
		"{": policy.Identity,
		doc(`{"Effect":"Deny","Action":"*","Resource":"*"}`):                       policy.Identity,
		doc(`{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole"}`):         policy.Trust,
		doc(`{"Effect":"Deny","NotPrincipal":"*","Action":"*","NotResource":"*"}`): policy.Resource,
		doc(`[{"Effect":"Deny","Action":"*"},{"Effect":"Deny","Principal":"*"}]`):  policy.Trust,
	} {
		if got := Guess(text); got != want {
			t.Errorf("Guess(%s) = %d, want %d", text, got, want)
		}
	}
}
