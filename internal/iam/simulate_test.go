package iam

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"sojourn/internal/gate"
	"sojourn/internal/wire/iamwire"
)

const (
	mateo = "arn:aws:iam::111122223333:user/mateo"
	arnav = "arn:aws:iam::444455556666:user/arnav"
)

// said is a policy of one statement.
func said(effect, action, resource, more string) string {
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":%q,"Action":%q,"Resource":%q%s}]}`, effect, action, resource, more)
}

func from(who string) string { return fmt.Sprintf(`,"Principal":{"AWS":%q}`, who) }

// shown writes what matters of an answer in one line a resource:
// action on resource: decision [statements] missing keys, boundary, details.
func shown(results []iamwire.EvaluationResult) string {
	var lines []string
	line := func(action, resource, decision string, matched []iamwire.Statement, missing []string, b *iamwire.PermissionsBoundaryDecisionDetail, d map[string]string) {
		text := fmt.Sprintf("%s on %s: %s", action, resource, decision)
		for _, m := range matched {
			text += fmt.Sprintf(" [%s, %s]", *m.SourcePolicyId, *m.SourcePolicyType)
		}
		for _, k := range missing {
			text += " missing " + k
		}
		if b != nil {
			text += fmt.Sprintf(" boundary %t", *b.AllowedByPermissionsBoundary)
		}
		if len(d) > 0 {
			j, _ := json.Marshal(d)
			text += " " + string(j)
		}
		lines = append(lines, text)
	}
	for _, r := range results {
		line(*r.EvalActionName, *r.EvalResourceName, *r.EvalDecision, r.MatchedStatements, r.MissingContextValues, r.PermissionsBoundaryDecisionDetail, r.EvalDecisionDetails)
		for _, s := range r.ResourceSpecificResults {
			line(" ", *s.EvalResourceName, *s.EvalResourceDecision, s.MatchedStatements, s.MissingContextValues, s.PermissionsBoundaryDecisionDetail, s.EvalDecisionDetails)
		}
	}
	return strings.Join(lines, "\n")
}

func TestSimulateCustomPolicy(t *testing.T) {
	const test, production = "arn:aws:s3:::production/Test", "arn:aws:s3:::production/*"
	iam := []string{said("Allow", "iam:*", "*", "")}
	all := []string{said("Allow", "*", "*", "")}
	dated := []string{`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"dynamodb:*","Resource":"*","Condition":{"DateGreaterThan":{"aws:CurrentTime":"2018-08-16T12:00:00Z"}}}}`}
	on := func(s string) *iamwire.ContextEntry {
		return &iamwire.ContextEntry{ContextKeyName: new("AWS:currenttime"), ContextKeyType: new("date"), ContextKeyValues: []string{s}}
	}
	for _, tt := range []struct {
		name string
		in   iamwire.SimulateCustomPolicyInput
		want string
	}{
		{"allowed", iamwire.SimulateCustomPolicyInput{PolicyInputList: iam, ActionNames: []string{"iam:GetUser"}},
			"iam:GetUser on *: allowed [PolicyInputList.1, IAM Policy]"},
		{"every act by itself", iamwire.SimulateCustomPolicyInput{PolicyInputList: iam, ActionNames: []string{"iam:GetUser", "s3:GetObject"}, ResourceArns: []string{"*"}},
			"iam:GetUser on *: allowed [PolicyInputList.1, IAM Policy]\ns3:GetObject on *: implicitDeny"},
		{"the Deny alone is named", iamwire.SimulateCustomPolicyInput{PolicyInputList: []string{all[0], said("Deny", "s3:*", "*", "")}, ActionNames: []string{"s3:GetObject"}},
			"s3:GetObject on *: explicitDeny [PolicyInputList.2, IAM Policy]"},
		{"a date that is late enough", iamwire.SimulateCustomPolicyInput{PolicyInputList: dated, ActionNames: []string{"dynamodb:CreateBackup"}, ContextEntries: []iamwire.ContextEntry{*on("2019-04-25T11:00:00Z")}},
			"dynamodb:CreateBackup on *: allowed [PolicyInputList.1, IAM Policy]"},
		{"a date that is too early", iamwire.SimulateCustomPolicyInput{PolicyInputList: dated, ActionNames: []string{"dynamodb:CreateBackup"}, ContextEntries: []iamwire.ContextEntry{*on("2014-04-25T11:00:00Z")}},
			"dynamodb:CreateBackup on *: implicitDeny"},
		{"no date", iamwire.SimulateCustomPolicyInput{PolicyInputList: dated, ActionNames: []string{"dynamodb:CreateBackup"}},
			"dynamodb:CreateBackup on *: implicitDeny missing aws:CurrentTime"},
		{"a key missing for one resource", iamwire.SimulateCustomPolicyInput{PolicyInputList: dated, ActionNames: []string{"dynamodb:CreateBackup"}, ResourceArns: []string{"arn:aws:dynamodb:us-east-1:1:table/T"}},
			"dynamodb:CreateBackup on arn:aws:dynamodb:us-east-1:1:table/T: implicitDeny\n  on arn:aws:dynamodb:us-east-1:1:table/T: implicitDeny missing aws:CurrentTime"},
		{"boundary is silent", iamwire.SimulateCustomPolicyInput{PolicyInputList: all, PermissionsBoundaryPolicyInputList: iam, ActionNames: []string{"s3:GetObject", "iam:GetUser"}},
			"s3:GetObject on *: implicitDeny boundary false\niam:GetUser on *: allowed [PolicyInputList.1, IAM Policy] boundary true"},
		{"boundary denies", iamwire.SimulateCustomPolicyInput{PolicyInputList: all, PermissionsBoundaryPolicyInputList: []string{said("Deny", "s3:*", "*", "")}, ActionNames: []string{"s3:GetObject"}},
			"s3:GetObject on *: explicitDeny [PermissionsBoundaryPolicyInputList.1, Permissions Boundary Policy] boundary false"},
		{"several resources", iamwire.SimulateCustomPolicyInput{PolicyInputList: []string{said("Allow", "s3:*", "arn:aws:s3:::a", "")}, ActionNames: []string{"s3:ListBucket"}, ResourceArns: []string{"arn:aws:s3:::a", "arn:aws:s3:::b"}},
			"s3:ListBucket on *: implicitDeny\n  on arn:aws:s3:::a: allowed [PolicyInputList.1, IAM Policy]\n  on arn:aws:s3:::b: implicitDeny"},
		{"an account's number in a resource is nobody's side", iamwire.SimulateCustomPolicyInput{PolicyInputList: all, ActionNames: []string{"codecommit:GitPull"}, ResourceArns: []string{"arn:aws:codecommit:us-east-1:999999999999:R"}},
			"codecommit:GitPull on arn:aws:codecommit:us-east-1:999999999999:R: allowed [PolicyInputList.1, IAM Policy]\n  on arn:aws:codecommit:us-east-1:999999999999:R: allowed [PolicyInputList.1, IAM Policy]"},

		// The resource's own policy, in the account of the caller.
		{"the user named, whatever the boundary", iamwire.SimulateCustomPolicyInput{PolicyInputList: iam, PermissionsBoundaryPolicyInputList: iam, ActionNames: []string{"s3:PutObject"}, ResourceArns: []string{test},
			CallerArn: new(mateo), ResourceOwner: arnOf("root"), ResourcePolicy: new(said("Allow", "s3:Put*", production, from(mateo)))},
			"s3:PutObject on " + test + ": allowed [ResourcePolicy, Resource Policy] boundary false\n" +
				"  on " + test + ": allowed [ResourcePolicy, Resource Policy] boundary false"},
		{"another user named", iamwire.SimulateCustomPolicyInput{PolicyInputList: iam, ActionNames: []string{"s3:PutObject"}, ResourceArns: []string{test},
			CallerArn: new(mateo), ResourcePolicy: new(said("Allow", "s3:Put*", production, from(mateo+"2")))},
			"s3:PutObject on " + test + ": implicitDeny\n  on " + test + ": implicitDeny"},
		{"the account named, own policy silent", iamwire.SimulateCustomPolicyInput{PolicyInputList: iam, ActionNames: []string{"s3:PutObject"}, ResourceArns: []string{test},
			CallerArn: new(mateo), ResourcePolicy: new(said("Allow", "s3:Put*", production, from(here)))},
			"s3:PutObject on " + test + ": implicitDeny\n  on " + test + ": implicitDeny [ResourcePolicy, Resource Policy]"},
		{"the resource denies", iamwire.SimulateCustomPolicyInput{PolicyInputList: all, ActionNames: []string{"s3:PutObject"}, ResourceArns: []string{test},
			CallerArn: new(mateo), ResourcePolicy: new(said("Deny", "s3:Put*", production, from("*")))},
			"s3:PutObject on " + test + ": explicitDeny [ResourcePolicy, Resource Policy]\n  on " + test + ": explicitDeny [ResourcePolicy, Resource Policy]"},

		// And in another account: both sides must allow.
		{"own policy and boundary silent", iamwire.SimulateCustomPolicyInput{PolicyInputList: iam, PermissionsBoundaryPolicyInputList: iam, ActionNames: []string{"s3:PutObject"}, ResourceArns: []string{test},
			CallerArn: new(arnav), ResourceOwner: arnOf("root"), ResourcePolicy: new(said("Allow", "s3:Put*", production, from(arnav)))},
			`s3:PutObject on ` + test + `: implicitDeny boundary false {"IAM Policy":"implicitDeny","Permissions Boundary Policy":"implicitDeny","Resource Policy":"allowed"}` + "\n" +
				`  on ` + test + `: implicitDeny [ResourcePolicy, Resource Policy] boundary false {"IAM Policy":"implicitDeny","Permissions Boundary Policy":"implicitDeny","Resource Policy":"allowed"}`},
		{"both sides allow", iamwire.SimulateCustomPolicyInput{PolicyInputList: all, ActionNames: []string{"s3:PutObject"}, ResourceArns: []string{test},
			CallerArn: new(arnav), ResourceOwner: arnOf("root"), ResourcePolicy: new(said("Allow", "s3:Put*", production, from(there)))},
			`s3:PutObject on ` + test + `: allowed [PolicyInputList.1, IAM Policy] [ResourcePolicy, Resource Policy] {"IAM Policy":"allowed","Resource Policy":"allowed"}` + "\n" +
				`  on ` + test + `: allowed [PolicyInputList.1, IAM Policy] [ResourcePolicy, Resource Policy] {"IAM Policy":"allowed","Resource Policy":"allowed"}`},
		{"the resource says nothing", iamwire.SimulateCustomPolicyInput{PolicyInputList: all, ActionNames: []string{"codecommit:GitPull"}, ResourceArns: []string{"arn:aws:codecommit:us-east-1:111122223333:R"},
			CallerArn: new(arnav), ResourceOwner: arnOf("root")},
			`codecommit:GitPull on arn:aws:codecommit:us-east-1:111122223333:R: implicitDeny {"IAM Policy":"allowed","Resource Policy":"implicitDeny"}` + "\n" +
				`  on arn:aws:codecommit:us-east-1:111122223333:R: implicitDeny [PolicyInputList.1, IAM Policy] {"IAM Policy":"allowed","Resource Policy":"implicitDeny"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			out, err := w.SimulateCustomPolicy(w.ctx, w.root, &tt.in)
			w.ok(err)
			if got := shown(out.EvaluationResults); got != tt.want {
				t.Errorf("\n got %s\nwant %s", got, tt.want)
			}
			if r := out.EvaluationResults[0]; r.MatchedStatements == nil || r.MissingContextValues == nil || (r.ResourceSpecificResults != nil) != (r.EvalDecisionDetails != nil) {
				t.Errorf("%+v", r)
			}
		})
	}
}

// The places are those of IAM's own example.
func TestMatchedStatementsHaveTheirPlaces(t *testing.T) {
	w := newWorld(t)
	text := "{\n  \"Version\":\"2012-10-17\",\n  \"Statement\":{\n    \"Effect\":\"Allow\",\n    \"Action\":\"s3:PutObject\",\n    \"Resource\":\"arn:aws:s3:::my-test-bucket\"\n  }\n}"
	out, err := w.SimulateCustomPolicy(w.ctx, w.root, &iamwire.SimulateCustomPolicyInput{PolicyInputList: []string{text}, ActionNames: []string{"s3:PutObject"}, ResourceArns: []string{"arn:aws:s3:::my-test-bucket"}})
	w.ok(err)
	place := func(line, column int64) *iamwire.Position { return &iamwire.Position{Line: &line, Column: &column} }
	want := []iamwire.Statement{{SourcePolicyId: new("PolicyInputList.1"), SourcePolicyType: new("IAM Policy"), StartPosition: place(3, 16), EndPosition: place(7, 4)}}
	r := out.EvaluationResults[0]
	if !reflect.DeepEqual(r.MatchedStatements, want) || !reflect.DeepEqual(r.ResourceSpecificResults[0].MatchedStatements, want) {
		t.Errorf("%+v", r)
	}
}

func TestContextEntriesHaveTheirTypes(t *testing.T) {
	w := newWorld(t)
	for _, tt := range []struct {
		operator, value, kind string
		values                []string
		want                  string
	}{
		{"StringEquals", "a", "string", []string{"a"}, "allowed"},
		{"StringEquals", "a", "", []string{"a"}, "allowed"},
		{"StringEquals", "a", "stringList", []string{"a"}, "allowed"},
		{"StringEquals", "a", "stringList", []string{"a", "b"}, "implicitDeny"},
		{"ForAnyValue:StringEquals", "a", "stringList", []string{"b", "a"}, "allowed"},
		{"Null", "true", "stringList", nil, "allowed"},
		{"NumericLessThan", "5", "numeric", []string{"4.5"}, "allowed"},
		{"ForAllValues:NumericLessThan", "5", "numericList", []string{"4", "3"}, "allowed"},
		{"Bool", "true", "boolean", []string{"TRUE"}, "allowed"},
		{"ForAllValues:Bool", "true", "booleanList", []string{"true", "false"}, "implicitDeny"},
		{"IpAddress", "10.0.0.0/8", "ip", []string{"10.1.2.3"}, "allowed"},
		{"ForAnyValue:IpAddress", "2001:db8::/32", "ipList", []string{"10.1.2.3", "2001:db8::1"}, "allowed"},
		{"DateLessThan", "2026-01-01", "date", []string{"1"}, "allowed"},
		{"ForAnyValue:DateLessThan", "2026-01-01", "dateList", []string{"2025"}, "allowed"},
		{"BinaryEquals", "/w==", "binary", []string{"/w=="}, "allowed"},
		{"ForAnyValue:BinaryEquals", "/w==", "binaryList", []string{"AA==", "/w=="}, "allowed"},

		{"StringEquals", "a", "string", []string{"a", "b"}, "InvalidInput 400: Context key k:name of type string must have one value."},
		{"StringEquals", "a", "string", nil, "InvalidInput 400: Context key k:name of type string must have one value."},
		{"NumericEquals", "5", "numeric", []string{"five"}, "InvalidInput 400: Context key k:name has a value that is not of type numeric."},
		{"NumericEquals", "5", "numericList", []string{"5", ""}, "InvalidInput 400: Context key k:name has a value that is not of type numeric."},
		{"Bool", "true", "boolean", []string{"yes"}, "InvalidInput 400: Context key k:name has a value that is not of type boolean."},
		{"IpAddress", "10.0.0.0/8", "ip", []string{"10.1.2"}, "InvalidInput 400: Context key k:name has a value that is not of type ip."},
		{"DateEquals", "2026", "date", []string{"today"}, "InvalidInput 400: Context key k:name has a value that is not of type date."},
		{"BinaryEquals", "/w==", "binary", []string{"!"}, "InvalidInput 400: Context key k:name has a value that is not of type binary."},
	} {
		e := iamwire.ContextEntry{ContextKeyName: new("k:name"), ContextKeyType: optional(tt.kind), ContextKeyValues: tt.values}
		out, err := w.SimulateCustomPolicy(w.ctx, w.root, &iamwire.SimulateCustomPolicyInput{
			PolicyInputList: []string{said("Allow", "a:b", "*", fmt.Sprintf(`,"Condition":{%q:{"K:Name":%q}}`, tt.operator, tt.value))}, ActionNames: []string{"a:b"}, ContextEntries: []iamwire.ContextEntry{e}})
		got := spell(err)
		if err == nil {
			got = *out.EvaluationResults[0].EvalDecision
		}
		if got != tt.want {
			t.Errorf("%s %q of type %q: %s, want %s", tt.operator, tt.values, tt.kind, got, tt.want)
		}
	}
}

func TestSimulationsRefuse(t *testing.T) {
	all := []string{said("Allow", "*", "*", "")}
	get := []string{"s3:GetObject"}
	own := new(said("Allow", "*", "*", from("*")))
	entry := iamwire.ContextEntry{ContextKeyName: new("a:b"), ContextKeyValues: []string{"x"}}
	const invalidCaller = "InvalidInput 400: Invalid caller - Caller must be an IAM user in this context."
	for _, tt := range []struct {
		name string
		in   iamwire.SimulateCustomPolicyInput
		want string
	}{
		{"a wildcard act", iamwire.SimulateCustomPolicyInput{PolicyInputList: all, ActionNames: []string{"s3:Get*"}}, "InvalidInput 400: Invalid Action: s3:Get* is not the name of an operation with its service, such as iam:CreateUser."},
		{"an act without service", iamwire.SimulateCustomPolicyInput{PolicyInputList: all, ActionNames: []string{"GetObject"}}, "InvalidInput 400: Invalid Action: GetObject is not the name of an operation with its service, such as iam:CreateUser."},
		{"two colons", iamwire.SimulateCustomPolicyInput{PolicyInputList: all, ActionNames: []string{"s3:Get:Object"}}, "InvalidInput 400: Invalid Action: s3:Get:Object is not the name of an operation with its service, such as iam:CreateUser."},
		{"not an ARN", iamwire.SimulateCustomPolicyInput{PolicyInputList: all, ActionNames: get, ResourceArns: []string{"*", "14a050d4"}}, "InvalidInput 400: ResourceNames are not in a valid ARN format: 14a050d4."},
		{"a short ARN", iamwire.SimulateCustomPolicyInput{PolicyInputList: all, ActionNames: get, ResourceArns: []string{"arn:aws:s3"}}, "InvalidInput 400: ResourceNames are not in a valid ARN format: arn:aws:s3."},
		{"a resource policy for nobody", iamwire.SimulateCustomPolicyInput{PolicyInputList: all, ActionNames: get, ResourcePolicy: own}, invalidCaller},
		{"root calls", iamwire.SimulateCustomPolicyInput{PolicyInputList: all, ActionNames: get, CallerArn: arnOf("root")}, invalidCaller},
		{"a role calls", iamwire.SimulateCustomPolicyInput{PolicyInputList: all, ActionNames: get, CallerArn: arnOf("role/R")}, invalidCaller},
		{"a session calls", iamwire.SimulateCustomPolicyInput{PolicyInputList: all, ActionNames: get, CallerArn: new("arn:aws:sts::111122223333:assumed-role/R/s")}, invalidCaller},
		{"no ARN calls", iamwire.SimulateCustomPolicyInput{PolicyInputList: all, ActionNames: get, CallerArn: new("mateo")}, invalidCaller},
		{"a user without a name calls", iamwire.SimulateCustomPolicyInput{PolicyInputList: all, ActionNames: get, CallerArn: arnOf("user/")}, invalidCaller},
		{"an owner by number", iamwire.SimulateCustomPolicyInput{PolicyInputList: all, ActionNames: get, ResourceOwner: new(here)}, "InvalidInput 400: '111122223333' is not a valid as a Resource Owner."},
		{"an owner who is a user", iamwire.SimulateCustomPolicyInput{PolicyInputList: all, ActionNames: get, ResourceOwner: new(mateo)}, "InvalidInput 400: '" + mateo + "' is not a valid as a Resource Owner."},
		{"two boundaries", iamwire.SimulateCustomPolicyInput{PolicyInputList: all, PermissionsBoundaryPolicyInputList: []string{all[0], all[0]}, ActionNames: get}, "InvalidInput 400: The list of Permissions Boundary policies cannot exceed 1 items."},
		{"a bad policy", iamwire.SimulateCustomPolicyInput{PolicyInputList: []string{all[0], "{}"}, ActionNames: get}, "InvalidInput 400: Invalid Input PolicyInputList.2: Syntax errors in policy."},
		{"a resource's policy among the caller's", iamwire.SimulateCustomPolicyInput{PolicyInputList: []string{*own}, ActionNames: get}, "InvalidInput 400: Invalid Input PolicyInputList.1: Policy document should not specify a principal."},
		{"a bad boundary", iamwire.SimulateCustomPolicyInput{PolicyInputList: all, PermissionsBoundaryPolicyInputList: []string{"x"}, ActionNames: get}, "InvalidInput 400: Invalid Input PermissionsBoundaryPolicyInputList.1: Syntax errors in policy."},
		{"a caller's policy for the resource's", iamwire.SimulateCustomPolicyInput{PolicyInputList: all, ActionNames: get, CallerArn: new(mateo), ResourcePolicy: &all[0]}, "InvalidInput 400: Invalid Input ResourcePolicy: Missing required field Principal"},
		{"a key twice", iamwire.SimulateCustomPolicyInput{PolicyInputList: all, ActionNames: get, ContextEntries: []iamwire.ContextEntry{entry, {ContextKeyName: new("A:B"), ContextKeyValues: []string{"y"}}}}, `InvalidInput 400: Invalid context key: "A:B" is empty or given twice.`},
		{"a key without a name", iamwire.SimulateCustomPolicyInput{PolicyInputList: all, ActionNames: get, ContextEntries: []iamwire.ContextEntry{{}}}, `InvalidInput 400: Invalid context key: "" is empty or given twice.`},
		{"a marker of another list", iamwire.SimulateCustomPolicyInput{PolicyInputList: all, ActionNames: get, Marker: new(makeMarker("ListUsers", "a"))}, "ValidationError 400: Invalid Marker."},
	} {
		w := newWorld(t)
		_, err := w.SimulateCustomPolicy(w.ctx, w.root, &tt.in)
		if got := spell(err); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

func TestSimulationsComeInPages(t *testing.T) {
	w := newWorld(t)
	in := &iamwire.SimulateCustomPolicyInput{PolicyInputList: []string{said("Allow", "a:*", "*", "")}, MaxItems: new(int64(2))}
	for i := range 5 {
		in.ActionNames = append(in.ActionNames, fmt.Sprint("a:b", i))
	}
	var got []string
	for pages := 1; ; pages++ {
		out, err := w.SimulateCustomPolicy(w.ctx, w.root, in)
		w.ok(err)
		for _, r := range out.EvaluationResults {
			got = append(got, *r.EvalActionName)
		}
		if in.Marker = out.Marker; !*out.IsTruncated {
			if pages != 3 || in.Marker != nil {
				t.Errorf("%d pages, marker %v", pages, in.Marker)
			}
			break
		}
	}
	if !slices.Equal(got, in.ActionNames) {
		t.Errorf("%q", got)
	}
}

// One answer is bounded, whatever it is asked.
func TestSimulationsAreBounded(t *testing.T) {
	w := newWorld(t)
	in := &iamwire.SimulateCustomPolicyInput{PolicyInputList: []string{said("Allow", "a:*", "*", `,"Condition":{"Null":{"a:b":"true"}}`)}, ActionNames: slices.Repeat([]string{"a:b"}, 10)}
	for i := range maxWork / 3 / 3 { // a statement, a key, and one
		in.ResourceArns = append(in.ResourceArns, fmt.Sprint("arn:aws:s3:::b", i))
	}
	out, err := w.SimulateCustomPolicy(w.ctx, w.root, in)
	w.ok(err)
	if len(out.EvaluationResults) != 3 || !*out.IsTruncated || out.Marker == nil {
		t.Errorf("%d results, truncated %t", len(out.EvaluationResults), *out.IsTruncated)
	}
	in.PolicyInputList = append(in.PolicyInputList, in.PolicyInputList[0], in.PolicyInputList[0], in.PolicyInputList[0], in.PolicyInputList[0])
	_, err = w.SimulateCustomPolicy(w.ctx, w.root, in)
	fails(t, err, "InvalidInput 400: There are too many ResourceArns for policies of this size. Simulate fewer at a time.")
}

// principals are a user in a group, with a boundary, and a role.
func principals(t *testing.T) *world {
	w := newWorld(t)
	w.user("mateo")
	w.group("devs")
	w.role("Deploy", trust)
	shared := w.policy("Shared")
	_, err := w.AddUserToGroup(w.ctx, w.root, &iamwire.AddUserToGroupInput{UserName: new("mateo"), GroupName: new("devs")})
	w.ok(err)
	_, err = w.PutUserPolicy(w.ctx, w.root, &iamwire.PutUserPolicyInput{UserName: new("mateo"), PolicyName: new("own"), PolicyDocument: new(said("Allow", "s3:Get*", "arn:aws:s3:::${aws:username}/*", ""))})
	w.ok(err)
	_, err = w.PutGroupPolicy(w.ctx, w.root, &iamwire.PutGroupPolicyInput{GroupName: new("devs"), PolicyName: new("own"), PolicyDocument: new(said("Allow", "s3:Put*", "*", `,"Condition":{"Bool":{"aws:SecureTransport":"true"}}`))})
	w.ok(err)
	_, err = w.PutRolePolicy(w.ctx, w.root, &iamwire.PutRolePolicyInput{RoleName: new("Deploy"), PolicyName: new("own"), PolicyDocument: new(said("Allow", "s3:Delete*", "*", ""))})
	w.ok(err)
	for _, name := range []*string{arnOf("policy/Shared"), new("arn:aws:iam::aws:policy/AWSCodeCommitReadOnly")} {
		_, err = w.AttachGroupPolicy(w.ctx, w.root, &iamwire.AttachGroupPolicyInput{GroupName: new("devs"), PolicyArn: name})
		w.ok(err)
	}
	_, err = w.AttachUserPolicy(w.ctx, w.root, &iamwire.AttachUserPolicyInput{UserName: new("mateo"), PolicyArn: &shared})
	w.ok(err)
	return w
}

func TestSimulatePrincipalPolicy(t *testing.T) {
	w := principals(t)
	secure := []iamwire.ContextEntry{{ContextKeyName: new("aws:SecureTransport"), ContextKeyType: new("boolean"), ContextKeyValues: []string{"true"}}}
	for _, tt := range []struct {
		name string
		in   iamwire.SimulatePrincipalPolicyInput
		want string
	}{
		{"a user's own, a key missing", iamwire.SimulatePrincipalPolicyInput{PolicySourceArn: new(mateo), ActionNames: []string{"s3:GetObject"}}, "s3:GetObject on *: implicitDeny missing aws:username"},
		{"a group's", iamwire.SimulatePrincipalPolicyInput{PolicySourceArn: new(mateo), ActionNames: []string{"s3:PutObject"}, ContextEntries: secure}, "s3:PutObject on *: allowed [group_devs_own, IAM Policy]"},
		{"a managed one, reached twice", iamwire.SimulatePrincipalPolicyInput{PolicySourceArn: new(mateo), ActionNames: []string{"codecommit:GitPull"}, PolicyInputList: []string{said("Deny", "iam:*", "*", "")}},
			"codecommit:GitPull on *: allowed [Shared, IAM Policy] [AWSCodeCommitReadOnly, IAM Policy]"},
		{"a text denies", iamwire.SimulatePrincipalPolicyInput{PolicySourceArn: new(mateo), ActionNames: []string{"codecommit:GitPull"}, PolicyInputList: []string{said("Deny", "codecommit:*", "*", "")}},
			"codecommit:GitPull on *: explicitDeny [PolicyInputList.1, IAM Policy]"},
		{"a text allows", iamwire.SimulatePrincipalPolicyInput{PolicySourceArn: new(mateo), ActionNames: []string{"iam:GetUser"}, PolicyInputList: []string{said("Allow", "iam:*", "*", "")}},
			"iam:GetUser on *: allowed [PolicyInputList.1, IAM Policy]"},
		{"a boundary as text", iamwire.SimulatePrincipalPolicyInput{PolicySourceArn: new(mateo), ActionNames: []string{"codecommit:GitPull"}, PermissionsBoundaryPolicyInputList: []string{said("Allow", "iam:*", "*", "")}},
			"codecommit:GitPull on *: implicitDeny boundary false"},
		{"a group", iamwire.SimulatePrincipalPolicyInput{PolicySourceArn: arnOf("group/devs"), ActionNames: []string{"s3:PutObject"}, ContextEntries: secure}, "s3:PutObject on *: allowed [group_devs_own, IAM Policy]"},
		{"a role", iamwire.SimulatePrincipalPolicyInput{PolicySourceArn: arnOf("role/Deploy"), ActionNames: []string{"s3:DeleteObject"}}, "s3:DeleteObject on *: allowed [role_Deploy_own, IAM Policy]"},
		{"the source is the caller", iamwire.SimulatePrincipalPolicyInput{PolicySourceArn: new(mateo), ActionNames: []string{"sqs:SendMessage"}, ResourcePolicy: new(said("Allow", "sqs:*", "*", from(mateo)))},
			"sqs:SendMessage on *: allowed [ResourcePolicy, Resource Policy]"},
		{"as if another had the source's policies", iamwire.SimulatePrincipalPolicyInput{PolicySourceArn: new(mateo), CallerArn: arnOf("user/bob"), ActionNames: []string{"sqs:SendMessage"}, ResourcePolicy: new(said("Allow", "sqs:*", "*", from(mateo)))},
			"sqs:SendMessage on *: implicitDeny"},
		{"a role's policies with a resource's", iamwire.SimulatePrincipalPolicyInput{PolicySourceArn: arnOf("role/Deploy"), CallerArn: new(mateo), ActionNames: []string{"sqs:SendMessage"}, ResourcePolicy: new(said("Allow", "sqs:*", "*", from(mateo)))},
			"sqs:SendMessage on *: allowed [ResourcePolicy, Resource Policy]"},
	} {
		out, err := w.SimulatePrincipalPolicy(w.ctx, w.root, &tt.in)
		w.ok(err)
		if got := shown(out.EvaluationResults); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

func TestSimulatePrincipalPolicyWithItsBoundary(t *testing.T) {
	w := newWorld(t)
	edge := w.policy("Edge")
	_, err := w.CreateUser(w.ctx, w.root, &iamwire.CreateUserInput{UserName: new("kim"), Path: new("/eng/"), PermissionsBoundary: &edge})
	w.ok(err)
	all := []string{said("Allow", "*", "*", "")}
	acts := []string{"codecommit:GitPull", "codecommit:GitPush"}
	out, err := w.SimulatePrincipalPolicy(w.ctx, w.root, &iamwire.SimulatePrincipalPolicyInput{PolicySourceArn: arnOf("user/eng/kim"), ActionNames: acts, PolicyInputList: all})
	w.ok(err)
	want := "codecommit:GitPull on *: allowed [PolicyInputList.1, IAM Policy] boundary true\ncodecommit:GitPush on *: implicitDeny boundary false"
	if got := shown(out.EvaluationResults); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	_, err = w.SimulatePrincipalPolicy(w.ctx, w.root, &iamwire.SimulatePrincipalPolicyInput{PolicySourceArn: arnOf("user/kim"), ActionNames: acts})
	fails(t, err, "NoSuchEntity 404: The user with name kim cannot be found.")
}

func TestPolicySources(t *testing.T) {
	w := newWorld(t)
	for name, want := range map[string]string{
		"arn:aws:iam::111122223333:role/Gone":               "NoSuchEntity 404: The role with name Gone cannot be found.",
		"arn:aws:iam::111122223333:user/a/b/Gone":           "NoSuchEntity 404: The user with name Gone cannot be found.",
		"arn:aws:iam::111122223333:root":                    "InvalidInput 400: Invalid Entity Arn: arn:aws:iam::111122223333:root does not clearly define entity type and name.",
		"arn:aws:sts::111122223333:assumed-role/u/botocore": "InvalidInput 400: Invalid Entity Arn: arn:aws:sts::111122223333:assumed-role/u/botocore does not clearly define entity type and name.",
		"arn:aws:iam::111122223333:user/":                   "InvalidInput 400: Invalid Entity Arn: arn:aws:iam::111122223333:user/ does not clearly define entity type and name.",
		"arn:aws:iam:us-east-1:111122223333:user/mateo":     "InvalidInput 400: Invalid Entity Arn: arn:aws:iam:us-east-1:111122223333:user/mateo does not clearly define entity type and name.",
		"an entity that is not named by ARN":                "InvalidInput 400: Invalid Entity Arn: an entity that is not named by ARN does not clearly define entity type and name.",
		arnav:                                               "InvalidInput 400: Invalid Policy Source Arn: caller's account 111122223333 does not have access to policies in account 444455556666",
	} {
		_, err := w.SimulatePrincipalPolicy(w.ctx, w.root, &iamwire.SimulatePrincipalPolicyInput{PolicySourceArn: &name, ActionNames: []string{"a:b"}})
		fails(t, err, want)
		_, err = w.GetContextKeysForPrincipalPolicy(w.ctx, w.root, &iamwire.GetContextKeysForPrincipalPolicyInput{PolicySourceArn: &name})
		fails(t, err, want)
	}
}

func TestGetContextKeys(t *testing.T) {
	w := principals(t)
	texts := []string{said("Allow", "a:b", "arn:aws:s3:::${aws:PrincipalTag/Team, 'x'}", `,"Condition":{"StringLike":{"AWS:userid":"${aws:FederatedProvider}*"}}`), said("Allow", "a:b", "*", from("*")+`,"Condition":{"Null":{"aws:UserId":"true"}}`)}
	custom, err := w.GetContextKeysForCustomPolicy(w.ctx, w.root, &iamwire.GetContextKeysForCustomPolicyInput{PolicyInputList: texts})
	w.ok(err)
	if want := []string{"aws:PrincipalTag/Team", "AWS:userid", "aws:FederatedProvider"}; !slices.Equal(custom.ContextKeyNames, want) {
		t.Errorf("%q, want %q", custom.ContextKeyNames, want)
	}
	own, err := w.GetContextKeysForPrincipalPolicy(w.ctx, w.root, &iamwire.GetContextKeysForPrincipalPolicyInput{PolicySourceArn: new(mateo), PolicyInputList: texts[1:]})
	w.ok(err)
	if want := []string{"aws:username", "aws:SecureTransport", "aws:UserId"}; !slices.Equal(own.ContextKeyNames, want) {
		t.Errorf("%q, want %q", own.ContextKeyNames, want)
	}
	none, err := w.GetContextKeysForPrincipalPolicy(w.ctx, w.root, &iamwire.GetContextKeysForPrincipalPolicyInput{PolicySourceArn: arnOf("role/Deploy")})
	w.ok(err)
	if !reflect.DeepEqual(none.ContextKeyNames, []string{}) {
		t.Errorf("%q, want none", none.ContextKeyNames)
	}
	_, err = w.GetContextKeysForCustomPolicy(w.ctx, w.root, &iamwire.GetContextKeysForCustomPolicyInput{PolicyInputList: []string{"{"}})
	fails(t, err, "InvalidInput 400: Invalid Input policy: Syntax errors in policy.")
}

func TestWhoMaySimulate(t *testing.T) {
	w := principals(t)
	all, acts := []string{said("Allow", "*", "*", "")}, []string{"a:b"}
	calls := map[string]func() error{
		"iam:SimulateCustomPolicy *": func() error {
			_, err := w.SimulateCustomPolicy(w.ctx, w.root, &iamwire.SimulateCustomPolicyInput{PolicyInputList: all, ActionNames: acts})
			return err
		},
		"iam:GetContextKeysForCustomPolicy *": func() error {
			_, err := w.GetContextKeysForCustomPolicy(w.ctx, w.root, &iamwire.GetContextKeysForCustomPolicyInput{PolicyInputList: all})
			return err
		},
		"iam:SimulatePrincipalPolicy " + mateo: func() error {
			_, err := w.SimulatePrincipalPolicy(w.ctx, w.root, &iamwire.SimulatePrincipalPolicyInput{PolicySourceArn: new(mateo), ActionNames: acts})
			return err
		},
		"iam:GetContextKeysForPrincipalPolicy arn:aws:iam::111122223333:role/Deploy": func() error {
			_, err := w.GetContextKeysForPrincipalPolicy(w.ctx, w.root, &iamwire.GetContextKeysForPrincipalPolicyInput{PolicySourceArn: arnOf("role/Deploy")})
			return err
		},
	}
	for what, call := range calls {
		w.gate.asked, w.gate.refuse = nil, nil
		w.ok(call())
		if len(w.gate.asked) != 1 || w.gate.asked[0].Action+" "+w.gate.asked[0].Resource != what {
			t.Errorf("%s: asked for %+v", what, w.gate.asked)
		}
		w.gate.refuse = func(gate.Request) bool { return true }
		if err := call(); !strings.HasPrefix(spell(err), "AccessDenied 403") {
			t.Errorf("%s: %v", what, err)
		}
	}
}
