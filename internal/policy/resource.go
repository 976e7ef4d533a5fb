package policy

import (
	"slices"
	"strings"
)

// compileResource checks and compiles one value of Resource or NotResource:
// "*", an ARN, or the beginning of one that ends in "*". errLegacy comes back
// as itself; other errors are reported after all legacy ones.
func compileResource(s string, variables bool) (resource, *Error) {
	if s == "*" {
		return resource{template{fixed: newPattern(everything)}, s}, nil
	}
	parts := strings.SplitN(s, ":", 6)
	if err := checkResource(s, parts); err != nil {
		return resource{}, err
	}
	// A variable may stand after the fifth colon only; before it, it would be
	// text that no ARN has.
	head := s
	if len(parts) == 6 {
		head = strings.TrimSuffix(s, parts[5])
	}
	if variables && strings.Contains(head, "${") {
		return resource{}, errLegacy
	}
	t, err := syntaxOf{wildcards: true, variables: variables}.compile(s)
	if err != nil {
		return resource{}, errLegacy
	}
	return resource{t, s}, nil
}

func checkResource(s string, parts []string) *Error {
	switch {
	case len(parts) == 1:
		return refuse(`Resource %s must be in ARN format or "*".`, s)
	case parts[1] != "*" && !isPartition(parts[1]):
		return badPartition(parts)
	case parts[0] != "arn":
		return refuse(`Resource %s must be in ARN format or "*".`, s)
	case len(parts) == 2 || parts[2] != "*" && strings.ContainsAny(parts[2], "*?"):
		return refuse("Resource vendor must be fully qualified and cannot contain regexes.")
	case parts[2] == "" || len(parts) < 6 && !strings.HasSuffix(s, "*"):
		return errLegacy
	}
	return checkRegion(s, parts)
}

// badPartition shows the ARN as IAM has read it, with what is missing filled in.
func badPartition(parts []string) *Error {
	partition, rest := parts[1], parts[2:]
	filled := append(slices.Clone(rest), "*", "*", "*", "*")[:max(4, len(rest))]
	return refuse(`Partition "%s" is not valid for resource "arn:%s:%s".`, partition, partition, strings.Join(filled, ":"))
}

var iamPaths = []string{
	"user/", "federated-user/", "role/", "group/", "instance-profile/", "mfa/", "server-certificate/",
	"policy/", "sms-mfa/", "saml-provider/", "oidc-provider/", "report/", "access-report/",
}

// checkRegion holds what IAM knows of the ARNs of services without regions.
func checkRegion(s string, parts []string) *Error {
	open := len(parts) < 6 // the last part's "*" stands for the rest
	hasRegion := len(parts) > 3 && parts[3] != "" && !(open && len(parts) == 4 && parts[3] == "*")
	switch {
	case parts[2] == "iam" && hasRegion:
		return refuse("IAM resource %s cannot contain region information.", s)
	case parts[2] == "s3" && hasRegion:
		return refuse("Resource %s can not contain region information.", s)
	case parts[2] == "iam" && !open && parts[5] != "*" && !slices.ContainsFunc(iamPaths, func(p string) bool { return strings.HasPrefix(parts[5], p) }):
		return refuse(`IAM resource path must either be "*" or start with %s.`, strings.Join(iamPaths, ", "))
	}
	return nil
}
