package policy

import (
	"errors"
	"strings"
	"testing"
)

// doc wraps statements in a document of 2012.
func doc(statements string) string {
	return `{"Version":"2012-10-17","Statement":` + statements + `}`
}

const (
	syntax    = "Syntax errors in policy."
	legacy    = "The policy failed legacy parsing"
	noRes     = "Policy statement must contain resources."
	noAct     = "Policy statement must contain actions."
	old       = "Policy document must be version 2012-10-17 or greater."
	vendor    = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
	oneColon  = "Actions/Condition can contain only one colon."
	uniqueSid = "Statement IDs (SID) in a single policy must be unique."
	alphaSid  = "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*"
	iamPath   = `IAM resource path must either be "*" or start with user/, federated-user/, role/, group/, instance-profile/, mfa/, server-certificate/, policy/, sms-mfa/, saml-provider/, oidc-provider/, report/, access-report/.`
	regexes   = "Resource vendor must be fully qualified and cannot contain regexes."
)

// with replaces or adds members of a good statement, written as JSON.
func with(members string) string {
	good := map[string]string{"Effect": `"Allow"`, "Action": `"s3:ListBucket"`, "Resource": `"arn:aws:s3:::b"`}
	for name := range good {
		if strings.Contains(members, `"`+name+`":`) || strings.Contains(members, `"Not`+name+`":`) {
			delete(good, name)
		}
	}
	for name, value := range good {
		members += `,"` + name + `":` + value
	}
	return doc("{" + strings.TrimPrefix(members, ",") + "}")
}

// lacking is a good statement without one of its members.
func lacking(name string) string {
	good := stmt{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::b"}
	return written(version2012, good.without(name))
}

func TestManagedPolicyRefusals(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"no JSON", "This is not a json document", syntax},
		{"a list", `[]`, syntax},
		{"a string", `"Version"`, syntax},
		{"empty object", `{}`, syntax},
		{"trailing data", with("") + "{}", syntax},
		{"duplicate element", `{"Version":"2012-10-17","Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`, syntax},
		{"duplicate member of a statement", doc(`{"Effect":"Deny","Effect":"Allow","Action":"*","Resource":"*"}`), syntax},
		{"duplicate operator", with(`"Condition":{"Bool":{"a":"true"},"Bool":{"b":"true"}}`), syntax},
		{"duplicate key", with(`"Condition":{"Bool":{"a":"true","a":"false"}}`), syntax},
		{"invalid UTF-8", with("\"Sid\":\"\xff\""), syntax},
		{"too deep", with(`"Condition":` + strings.Repeat(`{"a":`, 20) + `1` + strings.Repeat("}", 20)), syntax},
		{"too long", with(`"Sid":"` + strings.Repeat("a", maxDocument) + `"`), syntax},

		{"no version", `{"Statement":{"Effect":"Allow","Action":"s3:ListBucket","Resource":"*"}}`, old},
		{"version 2008", `{"Version":"2008-10-17","Statement":{"Effect":"Allow","Action":"s3:ListBucket","Resource":"*"}}`, old},
		{"unknown version", `{"Version":"2013-10-17","Statement":{"Effect":"Allow","Action":"s3:ListBucket","Resource":"*"}}`, syntax},
		{"version is a number", `{"Version":2012,"Statement":{"Effect":"Allow","Action":"s3:ListBucket","Resource":"*"}}`, syntax},
		{"no statement", `{"Version":"2012-10-17"}`, syntax},
		{"no statements", doc(`[]`), syntax},
		{"statement is a string", doc(`["afd"]`), syntax},
		{"statement is null", doc(`null`), syntax},
		{"unknown element", `{"Version":"2012-10-17","Extra field":"x","Statement":{"Effect":"Allow","Action":"a:b","Resource":"*"}}`, syntax},
		{"element in lower case", `{"version":"2012-10-17","Statement":{"Effect":"Allow","Action":"a:b","Resource":"*"}}`, syntax},
		{"unknown member", with(`"Extra field":"value"`), syntax},
		{"member in lower case", with(`"condition":{}`), syntax},
		{"id is a list", `{"Version":"2012-10-17","Id":["a"],"Statement":{"Effect":"Allow","Action":"a:b","Resource":"*"}}`, syntax},
		{"id is an object", `{"Version":"2012-10-17","Id":{},"Statement":{"Effect":"Allow","Action":"a:b","Resource":"*"}}`, syntax},

		{"unknown effect", with(`"Effect":"invalid"`), syntax},
		{"no effect", lacking("Effect"), syntax},
		{"effect is a list", with(`"Effect":["Allow"]`), syntax},
		{"effect in wrong case", with(`"Effect":"denY"`), legacy},
		{"effect in wrong case, no version", `{"Statement":{"Effect":"denY","Action":"a:b","Resource":"*"}}`, old},
		{"effect in wrong case, sids not unique", doc(`[{"Sid":"a","Effect":"aLLow","Action":"a:b","Resource":"*"},{"Sid":"a","Effect":"Allow"}]`), legacy},

		{"sid is an object", with(`"Sid":{}`), syntax},
		{"sid is a list", with(`"Sid":[]`), syntax},
		{"sid with a space", with(`"Sid":"two words"`), alphaSid},
		{"sid with a letter that is not ASCII", with(`"Sid":"é"`), alphaSid},
		{"sids not unique", doc(`[{"Sid":"a","Effect":"Allow","Action":"a:b","Resource":"*"},{"Sid":"a","Effect":"Allow"}]`), uniqueSid},

		{"no action", lacking("Action"), noAct},
		{"no actions", with(`"Action":[]`), noAct},
		{"neither action nor resource", doc(`{"Effect":"Allow"}`), noAct},
		{"first statement without action", doc(`[{"Effect":"Deny"},{"Effect":"Allow","Action":"a:b","Resource":"*"}]`), noAct},
		{"action is an object", with(`"Action":{}`), syntax},
		{"action is null", with(`"Action":null`), syntax},
		{"action is a number", with(`"Action":1`), syntax},
		{"actions in lists", with(`"Action":[[]]`), syntax},
		{"action and not action", with(`"Action":"a:b","NotAction":"a:c"`), syntax},
		{"action and empty not action", with(`"Action":"a:b","NotAction":[]`), syntax},
		{"action without vendor", with(`"Action":"invalid"`), vendor},
		{"action without vendor, no resource", doc(`{"Effect":"Allow","Action":"invalid"}`), vendor},
		{"empty not action", with(`"NotAction":""`), vendor},
		{"vendor with a space", with(`"Action":"a a:ListBucket"`), "Vendor a a is not valid"},
		{"vendor with a wildcard", with(`"Action":"s*:ListBucket"`), "Vendor s* is not valid"},
		{"vendor is a wildcard", with(`"Action":"*:ListBucket"`), "Vendor * is not valid"},
		{"vendor is empty", with(`"Action":":ListBucket"`), "Vendor  is not valid"},
		{"two colons", with(`"Action":"s3:List:Bucket"`), oneColon},
		{"two colons in the second statement", doc(`[{"Effect":"Allow","Action":"s3s:x","Resource":"*"},{"Effect":"Allow","Action":"s:3s:x","Resource":"*"}]`), oneColon},
		{"no name", with(`"Action":"s3:"`), "Action s3: has no name."},
		{"second action", with(`"Action":["s3:a","bad"]`), vendor},

		{"no resource", lacking("Resource"), noRes},
		{"no resources", with(`"Resource":[]`), noRes},
		{"no not-resources", with(`"NotResource":[]`), noRes},
		{"resource is an object", with(`"Resource":{"a":"b"}`), syntax},
		{"resources with an object", with(`"Resource":["adfdf",{}]`), syntax},
		{"resource and not resource", with(`"Resource":"*","NotResource":"*"`), syntax},
		{"resource and empty not resource", with(`"Resource":"*","NotResource":[]`), syntax},
		{"resource is no ARN", with(`"Resource":"invalid resource"`), `Resource invalid resource must be in ARN format or "*".`},
		{"resource is empty", with(`"Resource":""`), `Resource  must be in ARN format or "*".`},
		{"resource in a list", with(`"Resource":["adf"]`), `Resource adf must be in ARN format or "*".`},
		{"resource before action", doc(`{"Effect":"Allow","Action":"s:3:x","Resource":"sdfsadf"}`), `Resource sdfsadf must be in ARN format or "*".`},
		{"resource does not begin with arn", with(`"Resource":"foo:aws:s3:::b"`), `Resource foo:aws:s3:::b must be in ARN format or "*".`},
		{"partition, two parts", with(`"Resource":"a:bsdfdsafsad"`), `Partition "bsdfdsafsad" is not valid for resource "arn:bsdfdsafsad:*:*:*:*".`},
		{"partition, three parts", with(`"Resource":"a:b:cadfsdf"`), `Partition "b" is not valid for resource "arn:b:cadfsdf:*:*:*".`},
		{"partition, many parts", with(`"Resource":"a:b:c:d:e:f:g:h"`), `Partition "b" is not valid for resource "arn:b:c:d:e:f:g:h".`},
		{"arn is missing", with(`"Resource":"aws:s3:::example_bucket"`), `Partition "s3" is not valid for resource "arn:s3:::example_bucket:*".`},
		{"partition, of several", with(`"Resource":["arn:error:s3:::example_bucket","arn:error:s3::example_bucket"]`), `Partition "error" is not valid for resource "arn:error:s3:::example_bucket".`},
		{"partition with a wildcard", with(`"Resource":"arn:a*:s3:::b"`), `Partition "a*" is not valid for resource "arn:a*:s3:::b".`},
		{"service is missing", with(`"Resource":"arn:aws"`), regexes},
		{"service with a wildcard", with(`"Resource":"arn:aws:code*:us-east-1:1:r"`), regexes},
		{"service is empty", with(`"Resource":"arn:aws::::example_bucket"`), legacy},
		{"service is empty, short", with(`"Resource":"arn:aws::fdsasf"`), legacy},
		{"five parts", with(`"Resource":"arn:aws:s3::example_bucket"`), legacy},
		{"five parts, no action", doc(`{"Effect":"Allow","Resource":"arn:aws:s3::example_bucket"}`), legacy},
		{"five parts, not resource", with(`"NotResource":"arn:aws:s3::example_bucket"`), legacy},
		{"three parts", with(`"Resource":"arn:aws:fdsasf"`), legacy},
		{"variable before the fifth colon", with(`"Resource":"arn:aws:codecommit:us-east-1:${aws:PrincipalAccount}:r"`), legacy},
		{"broken variable in a resource", with(`"Resource":"arn:aws:codecommit:us-east-1:111122223333:${aws:username"`), legacy},
		{"IAM path", with(`"Resource":"arn:aws:iam:::example_bucket"`), iamPath},
		{"IAM root", with(`"Resource":"arn:aws:iam::111122223333:root"`), iamPath},
		{"IAM region", with(`"Resource":"arn:aws:iam:us-east-1::example_bucket"`), "IAM resource arn:aws:iam:us-east-1::example_bucket cannot contain region information."},
		{"IAM region wildcard", with(`"Resource":"arn:aws:iam:*:*:role/x"`), "IAM resource arn:aws:iam:*:*:role/x cannot contain region information."},
		{"IAM region, short", with(`"Resource":"arn:aws:iam:us-*"`), "IAM resource arn:aws:iam:us-* cannot contain region information."},
		{"IAM region wildcard, five parts", with(`"Resource":"arn:aws:iam:*:*"`), "IAM resource arn:aws:iam:*:* cannot contain region information."},
		{"S3 region", with(`"Resource":"arn:aws:s3:us-east-1::example_bucket"`), "Resource arn:aws:s3:us-east-1::example_bucket can not contain region information."},
		{"wrong effect before region", with(`"Effect":"allow","Resource":"arn:aws:s3:us-east-1::b"`), legacy},

		{"condition is a list", with(`"Condition":[]`), syntax},
		{"condition is a string", with(`"Condition":"a"`), syntax},
		{"operator is a string", with(`"Condition":{"a":"b"}`), syntax},
		{"operator with a string", with(`"Condition":{"DateGreaterThan":"b"}`), syntax},
		{"operator with a list", with(`"Condition":{"DateGreaterThan":[]}`), syntax},
		{"value is an object", with(`"Condition":{"DateGreaterThan":{"a":{}}}`), syntax},
		{"value is null", with(`"Condition":{"StringEquals":{"a":null}}`), syntax},
		{"value in two lists", with(`"Condition":{"StringEquals":{"a":[["b"]]}}`), syntax},
		{"bad value, no action", doc(`{"Effect":"Allow","Resource":"*","Condition":{"DateGreaterThan":{"a":{}}}}`), syntax},
		{"unknown operator", with(`"Condition":{"x":{"a":"1"}}`), syntax},
		{"unknown operator, no values", with(`"Condition":{"x":{"a":[]}}`), syntax},
		{"operator in wrong case", with(`"Condition":{"stringEquals":{"a":"1"}}`), syntax},
		{"two colons in an operator", with(`"Condition":{"ForAnyValue::StringEqualsIfExists":{"a":"asf"}}`), syntax},
		{"unknown prefix", with(`"Condition":{"ForSomeValue:StringEquals":{"a":"asf"}}`), syntax},
		{"unknown suffix", with(`"Condition":{"StringEqualsIfPresent":{"a":"asf"}}`), syntax},
		{"suffix twice", with(`"Condition":{"StringEqualsIfExistsIfExists":{"a":"asf"}}`), syntax},
		{"both prefixes", with(`"Condition":{"ForAnyValue:ForAllValues:StringEquals":{"a":"asf"}}`), syntax},
		{"null if it exists", with(`"Condition":{"NullIfExists":{"a":"true"}}`), syntax},
		{"null for all values", with(`"Condition":{"ForAllValues:Null":{"a":"true"}}`), syntax},
		{"null for any value", with(`"Condition":{"ForAnyValue:Null":{"a":"true"}}`), syntax},
		{"date", with(`"Condition":{"DateGreaterThan":{"a":"sdfdsf"}}`), legacy},
		{"date, no version", `{"Statement":{"Effect":"Allow","Action":"a:b","Resource":"*","Condition":{"DateGreaterThan":{"a":"sdfdsf"}}}}`, old},
		{"date, no action", doc(`{"Effect":"Allow","Condition":{"DateGreaterThan":{"a":"sdfdsf"}}}`), legacy},
		{"date before partition", with(`"Resource":"arn:error:s3:::b","Condition":{"DateGreaterThan":{"a":"sdfdsf"}}`), legacy},
		{"second date", with(`"Condition":{"DateGreaterThan":{"a":["2026","x"]}}`), legacy},
		{"date out of range", with(`"Condition":{"DateLessThan":{"a":"9223372036854775808"}}`), legacy},
		{"date with a variable", with(`"Condition":{"DateLessThan":{"a":"${aws:CurrentTime}"}}`), legacy},
		{"number", with(`"Condition":{"NumericEquals":{"a":"ten"}}`), legacy},
		{"number with an exponent", with(`"Condition":{"NumericEquals":{"a":1e3}}`), legacy},
		{"bool", with(`"Condition":{"Bool":{"a":"yes"}}`), legacy},
		{"null", with(`"Condition":{"Null":{"a":"maybe"}}`), legacy},
		{"binary", with(`"Condition":{"BinaryEquals":{"a":"not base64"}}`), legacy},
		{"binary, trailing bits", with(`"Condition":{"BinaryEquals":{"a":"YR=="}}`), legacy},
		{"address", with(`"Condition":{"IpAddress":{"a":"10.0.0.0/33"}}`), legacy},
		{"ARN with five parts", with(`"Condition":{"ArnLike":{"a":"arn:aws:iam::role/x"}}`), legacy},
		{"ARN is a word", with(`"Condition":{"ArnNotLike":{"a":"role/x"}}`), legacy},
		{"broken variable in a condition", with(`"Condition":{"StringEquals":{"a":"${aws:username"}}`), legacy},

		{"principal", with(`"Principal":"*"`), "Policy document should not specify a principal."},
		{"not principal", with(`"NotPrincipal":{"AWS":"*"}`), "Policy document should not specify a principal."},
		{"principal is a list", with(`"Principal":["*"]`), syntax},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := ParseManaged(tt.text)
			if err == nil || p != nil || err.Error() != tt.want {
				t.Errorf("ParseManaged(%.300s) = %v, %v, want %q", tt.text, p, err, tt.want)
			}
			if _, ok := errors.AsType[*Error](err); !ok {
				t.Errorf("the error is a %T", err)
			}
		})
	}
}

func TestManagedPolicyAccepts(t *testing.T) {
	for _, text := range []string{
		with(""),
		doc(`[{"Effect":"Allow","Action":["s3:ListBucket"],"Resource":["arn:aws:s3:::b","*"]}]`),
		`{"Id":"any text, ünïcode too","Statement":{"Effect":"Allow","Action":"*","Resource":"*"},"Version":"2012-10-17"}`,
		with(`"Action":"iam: asdf safdsf af "`),
		with(`"Action":["*:*","aaaaaadsfdsafsadfsadfaaaaa:ListBucket","s3-s:x","s3.s:x","IAM:Get?ser*"]`),
		with(`"NotAction":"s3:x","NotResource":"*"`),
		with(`"Sid":""`),
		with(`"Sid":"AZaz09"`),
		doc(`[{"Sid":"","Effect":"Deny","Action":"a:b","Resource":"*"},{"Sid":"","Effect":"Deny","Action":"a:b","Resource":"*"}]`),
		with(`"Resource":"arn:aws:iam:::user/example_bucket"`),
		with(`"Resource":"arn:aws:iam::*:*"`),
		with(`"Resource":"arn:aws:iam::*:user/${aws:username}"`),
		with(`"Resource":["arn:aws:codecommit:*","arn:aws:iam::*","arn:aws:iam:*","arn:aws:s3:*","arn:aws:*","arn:*:codecommit:*:*:*"]`),
		with(`"Resource":["arn:aws:*:*:*:x","arn:aws-cn:codecommit:cn-north-1:111122223333:r","arn:aws:invalid-service:::b:c:d"]`),
		with(`"Resource":"arn:aws:s3:::b/${aws:userid, 'nobody'}/*"`),
		with(`"Condition":{}`),
		with(`"Condition":{"DateGreaterThan":{},"a":{},"y":{}}`),
		with(`"Condition":{"DateGreaterThan":{"a":[]}}`),
		with(`"Condition":{"ForAllValues:StringEquals":{"aws:TagKeys":"Department"},"ForAnyValue:StringEqualsIfExists":{"a":"asf"}}`),
		with(`"Condition":{"DateLessThanEquals":{"a":"2016-12-13t2:00:00.593194+23"},"DateLessThan":{"a":"-292275054"}}`),
		with(`"Condition":{"StringEquals":{"token.example.com:8443/realms/x:aud":["a",1,true]},"NumericLessThan":{"a":1.5},"Bool":{"b":false},"ArnLike":{"c":"*"}}`),
		" \n\t" + with("") + "\r\n",
	} {
		if _, err := ParseManaged(text); err != nil {
			t.Errorf("ParseManaged(%s): %v", text, err)
		}
	}
}

func TestOtherKindsMayBeOfAnyVersion(t *testing.T) {
	for _, kind := range []Kind{Identity, Session, Boundary} {
		for _, version := range []string{"", version2008, version2012} {
			if _, err := Parse(kind, written(version, allow("a:b").on("*"))); err != nil {
				t.Errorf("Parse(%d) of version %q: %v", kind, version, err)
			}
		}
	}
	if _, err := Parse(Resource+1, with("")); err == nil {
		t.Error("there is a kind of policy that nobody evaluates")
	}
}

// An operator that does not exist is stored when it has no keys, as on AWS;
// its statement must not allow for that.
func TestUnknownOperatorNeverAllows(t *testing.T) {
	p, err := Parse(Identity, with(`"Resource":"*","Condition":{"StringEqual":{}}`))
	if err != nil {
		t.Fatal(err)
	}
	if ask(p, "s3:ListBucket", "*", nil) {
		t.Error("a statement with an unknown operator allows")
	}
	p, err = Parse(Identity, doc(`[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"a:b","Resource":"*","Condition":{"StringEqual":{}}}]`))
	if err != nil {
		t.Fatal(err)
	}
	if ask(p, "a:b", "*", nil) || !ask(p, "a:c", "*", nil) {
		t.Error("a Deny with an unknown operator does not deny")
	}
}

func TestTrustPolicyRefusals(t *testing.T) {
	const sts = "AssumeRole policy may only specify STS AssumeRole actions."
	good := allow("sts:AssumeRole").from(anyone)
	invalid := func(kind, value string) string {
		if kind == "Federated" {
			return "Federated principals must be valid domain names or SAML metadata ARNs"
		}
		kind = strings.ToUpper(kind)
		return `Invalid principal in policy: "` + kind + `":"` + value + `"`
	}
	for _, tt := range []struct{ name, text, want string }{
		{"no JSON", "{", "This policy contains invalid Json"},
		{"trailing data", written(version2012, good) + "x", "This policy contains invalid Json"},
		{"unknown element", `{"Statement":[],"x":1}`, syntax},
		{"resource", written(version2012, good.on("*")), "Has prohibited field Resource."},
		{"not resource", written(version2012, good.off("*")), "Has prohibited field NotResource."},
		{"bad resource", written(version2012, good.on("x")), "Has prohibited field Resource."},
		{"no principal", written(version2012, good.without("Principal")), "Missing required field Principal"},
		{"empty principal", written(version2012, good.from(map[string]any{})), "Missing required field Principal"},
		{"both principals", written(version2012, good.with("NotPrincipal", anyone)), syntax},
		{"principal is a word", written(version2012, good.from("arn:aws:iam::111122223333:root")), syntax},
		{"principal is a list", written(version2012, good.from([]string{"*"})), syntax},
		{"principal of an unknown kind", written(version2012, good.from(map[string]any{"Aws": "*"})), syntax},
		{"principal is a number", written(version2012, good.from(map[string]any{"AWS": 111122223333})), syntax},
		{"no names", written(version2012, good.from(map[string]any{"AWS": []string{}})), `Invalid principal in policy: com.amazon.balsa.error.InvalidPolicyException: The passed in policy has a statement with no principals!`},
		{"action of another service", written(version2012, good.with("Action", "s3:ListBucket")), sts},
		{"every action", written(version2012, good.with("Action", "*")), sts},
		{"second action", written(version2012, good.with("Action", []string{"sts:AssumeRole", "iam:PassRole"})), sts},
		{"action of STS that assumes nothing", written(version2012, good.with("Action", "sts:GetCallerIdentity")), sts},
		{"wildcard that fits nothing", written(version2012, good.with("Action", "sts:Get*")), sts},
		{"no action", written(version2012, good.without("Action")), noAct},
		{"bad action", written(version2012, good.with("Action", "AssumeRole")), vendor},
		{"effect", written(version2012, good.with("Effect", "allow")), legacy},
		{"condition", written(version2012, good.when("Bool", "a", "x")), legacy},
		{"sids", written(version2012, good.sid("a"), good.sid("a")), uniqueSid},

		{"name with a wildcard", written(version2012, good.aws("arn:aws:iam::111122223333:role/*")), invalid("AWS", "arn:aws:iam::111122223333:role/*")},
		{"name with a variable", written(version2012, good.aws("arn:aws:iam::111122223333:user/${aws:username}")), invalid("AWS", "arn:aws:iam::111122223333:user/${aws:username}")},
		{"account with a wildcard", written(version2012, good.aws("arn:aws:iam::*:root")), invalid("AWS", "arn:aws:iam::*:root")},
		{"short account", written(version2012, good.aws("11112222333")), invalid("AWS", "11112222333")},
		{"group", written(version2012, good.aws("arn:aws:iam::111122223333:group/g")), invalid("AWS", "arn:aws:iam::111122223333:group/g")},
		{"user without name", written(version2012, good.aws("arn:aws:iam::111122223333:user/")), invalid("AWS", "arn:aws:iam::111122223333:user/")},
		{"role without name", written(version2012, good.aws("arn:aws:iam::111122223333:role")), invalid("AWS", "arn:aws:iam::111122223333:role")},
		{"user with a region", written(version2012, good.aws("arn:aws:iam:us-east-1:111122223333:user/u")), invalid("AWS", "arn:aws:iam:us-east-1:111122223333:user/u")},
		{"user of STS", written(version2012, good.aws("arn:aws:sts::111122223333:user/u")), invalid("AWS", "arn:aws:sts::111122223333:user/u")},
		{"session of a role, no session name", written(version2012, good.aws("arn:aws:sts::111122223333:assumed-role/R")), invalid("AWS", "arn:aws:sts::111122223333:assumed-role/R")},
		{"session of a role with a path", written(version2012, good.aws("arn:aws:sts::111122223333:assumed-role/p/R/S")), invalid("AWS", "arn:aws:sts::111122223333:assumed-role/p/R/S")},
		{"federated user with a path", written(version2012, good.aws("arn:aws:sts::111122223333:federated-user/a/b")), invalid("AWS", "arn:aws:sts::111122223333:federated-user/a/b")},
		{"unknown partition", written(version2012, good.aws("arn:amazon:iam::111122223333:root")), invalid("AWS", "arn:amazon:iam::111122223333:root")},
		{"unique id of a group", written(version2012, good.aws("AGPAMARIAAAAAAAAAAAAA")), invalid("AWS", "AGPAMARIAAAAAAAAAAAAA")},
		{"short unique id", written(version2012, good.aws("AIDAMARIA")), invalid("AWS", "AIDAMARIA")},
		{"empty", written(version2012, good.aws("")), invalid("AWS", "")},
		{"second name", written(version2012, good.aws(here, "x")), invalid("AWS", "x")},
		{"every provider", written(version2012, good.from(map[string]any{"Federated": "*"})), invalid("Federated", "*")},
		{"provider by URL", written(version2012, good.from(map[string]any{"Federated": "https://login.example.com"})), invalid("Federated", "https://login.example.com")},
		{"provider is a role", written(version2012, good.from(map[string]any{"Federated": roleARN})), invalid("Federated", roleARN)},
		{"provider without name", written(version2012, good.from(map[string]any{"Federated": "arn:aws:iam::111122223333:saml-provider/"})), invalid("Federated", "arn:aws:iam::111122223333:saml-provider/")},
		{"provider of a strange partition", written(version2012, good.from(map[string]any{"Federated": "arn:amazon:iam::111122223333:saml-provider/P"})), invalid("Federated", "arn:amazon:iam::111122223333:saml-provider/P")},
		{"provider of no account", written(version2012, good.from(map[string]any{"Federated": "arn:aws:iam::aws:saml-provider/P"})), invalid("Federated", "arn:aws:iam::aws:saml-provider/P")},
		{"provider with a wildcard", written(version2012, good.from(map[string]any{"Federated": "arn:aws:iam::111122223333:saml-provider/*"})), invalid("Federated", "arn:aws:iam::111122223333:saml-provider/*")},
		{"provider in a region", written(version2012, good.from(map[string]any{"Federated": "arn:aws:iam:us-east-1:111122223333:saml-provider/P"})), invalid("Federated", "arn:aws:iam:us-east-1:111122223333:saml-provider/P")},
		{"directory without region", written(version2012, good.from(map[string]any{"Federated": "arn:aws:ds::111122223333:directory/d-1"})), invalid("Federated", "arn:aws:ds::111122223333:directory/d-1")},
		{"not a directory", written(version2012, good.from(map[string]any{"Federated": "arn:aws:ds:us-east-1:111122223333:trust/d-1"})), invalid("Federated", "arn:aws:ds:us-east-1:111122223333:trust/d-1")},
		{"provider of another service", written(version2012, good.from(map[string]any{"Federated": "arn:aws:sso::111122223333:saml-provider/P"})), invalid("Federated", "arn:aws:sso::111122223333:saml-provider/P")},
		{"service of another domain", written(version2012, good.from(map[string]any{"Service": "ec2.example.com"})), invalid("Service", "ec2.example.com")},
		{"service with a wildcard", written(version2012, good.from(map[string]any{"Service": "*.amazonaws.com"})), invalid("Service", "*.amazonaws.com")},
		{"every service", written(version2012, good.from(map[string]any{"Service": "*"})), invalid("Service", "*")},
		{"canonical user", written(version2012, good.from(map[string]any{"CanonicalUser": "abc"})), invalid("CanonicalUser", "abc")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if p, err := Parse(Trust, tt.text); err == nil || err.Error() != tt.want {
				t.Errorf("Parse(Trust, %s) = %v, %v, want %q", tt.text, p, err, tt.want)
			}
		})
	}
}

func TestTrustPolicyAccepts(t *testing.T) {
	for _, s := range []stmt{
		allow("sts:AssumeRole").from("*"),
		allow("sts:AssumeRole").from(anyone),
		allow("STS:assumerole").aws(here, "arn:aws:iam::888888888888:root", "*"),
		allow("sts:*").aws("arn:aws:iam::111122223333:user/a/b/c"),
		allow("sts:AssumeRole*", "sts:TagSession", "sts:SetSourceIdentity", "sts:SetContext").aws(session1, "arn:aws:sts::111122223333:federated-user/Bob"),
		allow("sts:AssumeRoleWithLDAPIdentity").from(map[string]any{"Federated": "arn:aws:ds:us-east-1:111122223333:directory/d-1234567890"}),
		allow("sts:AssumeRoleWithSAML").from(map[string]any{"Federated": "arn:aws:iam::111122223333:saml-provider/ADFS"}),
		allow("sts:AssumeRoleWithWebIdentity").from(map[string]any{"Federated": []string{"accounts.google.com", "graph.facebook.com", "www.amazon.com", "cognito-identity.amazonaws.com"}}),
		allow("sts:AssumeRoleWithWebIdentity").from(map[string]any{"Federated": github.Federated}),
		allow("sts:AssumeRole").from(map[string]any{"Service": []string{"ec2.amazonaws.com", "ec2.amazonaws.com.cn"}, "AWS": here, "CanonicalUser": strings.Repeat("0a", 32)}),
		allow("sts:AssumeRole").aws(maria.ID, dev.ID),
		deny("sts:AssumeRole").notAWS(here),
		deny().except("sts:TagSession").from("*"),
	} {
		for _, version := range []string{"", version2008, version2012} {
			if _, err := Parse(Trust, written(version, s)); err != nil {
				t.Errorf("Parse(Trust, %s): %v", written(version, s), err)
			}
		}
	}
}
