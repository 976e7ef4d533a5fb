package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"sojourn/internal/client/apicall"
	"sojourn/internal/wire"
)

const serverFlagsHelp = "Flags of every operation: --profile NAME, --region REGION, --endpoint-url URL, --ca-bundle FILE, " +
	"--output json, --no-sign-request."

// helpLines are what a screen has room for.
const helpLines = 40

// servicePage lists a service's operations; if they are many, by their verbs,
// and the verbs with the most of them, from the longest on, by their number alone.
func servicePage(s *wire.Service, example string) page {
	p := page{synopsis: s.Name + " OPERATION [FLAGS]", about: "The operations, flags and answers of \"aws " + s.Name + "\".",
		wordsAre: "Operations", more: serverFlagsHelp, example: example}
	p.words = operationNames(s)
	if fits(&p) {
		return p
	}
	p.words = nil
	verbs := byVerb(s)
	for _, verb := range slices.Sorted(maps.Keys(verbs)) {
		p.words = append(p.words, row2{verb + "-", strings.Join(verbs[verb], " ")})
	}
	for !fits(&p) {
		longest := 0
		for i, w := range p.words {
			if len(w.text) > len(p.words[longest].text) {
				longest = i
			}
		}
		verb := strings.TrimSuffix(p.words[longest].name, "-")
		p.words[longest].text = fmt.Sprintf("%d; \"sojourn %s %s --help\" lists them", len(verbs[verb]), s.Name, verb)
	}
	return p
}

func fits(p *page) bool { return strings.Count(p.text(), "\n") <= helpLines }

// byVerb are the operations' names behind their verbs.
func byVerb(s *wire.Service) map[string][]string {
	nouns := map[string][]string{}
	for _, name := range apicall.Names(s) {
		verb, noun, _ := strings.Cut(name, "-")
		nouns[verb] = append(nouns[verb], noun)
	}
	return nouns
}

// verbPage lists the operations of one verb.
func verbPage(s *wire.Service, verb string) (page, bool) {
	p := page{synopsis: s.Name + " " + verb + "-… FLAGS", about: "The operations of \"aws " + s.Name + "\" that begin with " + verb + ".",
		wordsAre: "Operations", more: serverFlagsHelp}
	for _, noun := range byVerb(s)[verb] {
		p.words = append(p.words, row2{name: verb + "-" + noun})
	}
	if len(p.words) == 0 {
		return p, false
	}
	p.example = "sojourn " + s.Name + " " + p.words[0].name + " --help"
	return p, true
}

// operationPage shows an operation's flags, the obligatory ones first.
func operationPage(s *wire.Service, o *wire.Operation) page {
	name := apicall.Flag(o.Name)
	p := page{synopsis: s.Name + " " + name + " FLAGS", about: "Calls " + o.Name + ". [A flag in brackets] may be left out.",
		more: serverFlagsHelp + " A TEXT may be file://PATH. A structure may be JSON."}
	secret, hasPassword := passwords[o.Name]
	if hasPassword {
		o = secret.open(o)
		p.more += "\n\n" + strings.ReplaceAll(fmt.Sprintf(passwordHelp, secret.env), "\n", " ")
	}
	for line := range strings.Lines(apicall.Usage(o)) {
		p.flags = append(p.flags, row2{name: strings.TrimSpace(line)})
	}
	p.example = "sojourn " + s.Name + " " + name
	for _, m := range o.Input.Members {
		if m.Required {
			p.example += " --" + apicall.Flag(m.Name) + " " + sample(m.Name, m.Shape)
		}
	}
	return p
}

// sample is a value that a member could have.
func sample(name string, s *wire.Shape) string {
	if v, ok := samples[name]; ok {
		return v
	}
	lower := strings.ToLower(name)
	switch {
	case s.Kind == wire.Integer || s.Kind == wire.Float:
		return "100"
	case s.Kind == wire.List && s.Elem.Kind == wire.Structure, s.Kind == wire.Structure, s.Kind == wire.Map:
		return "file://" + apicall.Flag(name) + ".json"
	case strings.HasSuffix(lower, "document") || strings.HasSuffix(lower, "token") || strings.HasSuffix(lower, "assertion"):
		return "file://" + apicall.Flag(name)
	case strings.HasSuffix(lower, "arn"):
		return "arn:aws:iam::111111111111:" + strings.TrimSuffix(lower, "arn") + "/Example"
	case len(s.Enum) > 0:
		return s.Enum[0]
	}
	return "Example"
}

// samples are of the page "Connecting to AWS CodeCommit repositories with rotating credentials".
var samples = map[string]string{
	"RoleArn": "arn:aws:iam::111111111111:role/CodeCommitAccess", "RoleName": "CodeCommitAccess", "RoleSessionName": "Maria_Garcia",
	"UserName": "Maria_Garcia", "GroupName": "Developers", "repositoryName": "MyDemoRepo", "repositoryNames": "MyDemoRepo", "branchName": "main", "defaultBranchName": "main",
	"PolicyName": "CodeCommitAccess", "PolicyArn": "arn:aws:iam::111111111111:policy/CodeCommitAccess", "PrincipalArn": "arn:aws:iam::111111111111:saml-provider/Company",
	"SAMLProviderArn": "arn:aws:iam::111111111111:saml-provider/Company", "OpenIDConnectProviderArn": "arn:aws:iam::111111111111:oidc-provider/login.example.com",
	"Url": "https://login.example.com", "AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "SerialNumber": "arn:aws:iam::111111111111:mfa/Maria_Garcia",
	"AuthenticationCode1": "123456", "AuthenticationCode2": "654321", "Tags": "Key=team,Value=core", "tags": "team=core", "TagKeys": "team", "tagKeys": "team",
	"resourceArn": "arn:aws:codecommit:us-east-1:111111111111:MyDemoRepo", "commitId": "0123456789abcdef0123456789abcdef01234567", "ActionNames": "codecommit:GitPush",
}

// operationNames are what completion offers below a service.
func operationNames(s *wire.Service) []row2 {
	var rows []row2
	for _, name := range apicall.Names(s) {
		rows = append(rows, row2{name: name})
	}
	return slices.Clip(rows)
}
