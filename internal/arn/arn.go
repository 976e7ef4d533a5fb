// Package arn parses and builds Amazon Resource Names
// (arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE). It checks the shape only;
// whether the resource exists is its service's business.
package arn

import (
	"fmt"
	"strings"
)

// ARN is one parsed name. Resource keeps everything after the fifth colon.
type ARN struct {
	Partition, Service, Region, Account, Resource string
}

// Parse splits s. The partition, the service and the resource may not be
// empty; an account, where there is one, is 12 digits or the literal "aws".
func Parse(s string) (ARN, error) {
	p := strings.SplitN(s, ":", 6)
	if len(p) != 6 || p[0] != "arn" {
		return ARN{}, fmt.Errorf("arn %q: want arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE", s)
	}
	a := ARN{Partition: p[1], Service: p[2], Region: p[3], Account: p[4], Resource: p[5]}
	switch {
	case a.Partition == "" || a.Service == "" || a.Resource == "":
		return ARN{}, fmt.Errorf("arn %q: partition, service and resource may not be empty", s)
	case a.Account != "" && a.Account != "aws" && !IsAccount(a.Account):
		return ARN{}, fmt.Errorf("arn %q: account %q is not 12 digits", s, a.Account)
	}
	return a, nil
}

func (a ARN) String() string {
	return "arn:" + a.Partition + ":" + a.Service + ":" + a.Region + ":" + a.Account + ":" + a.Resource
}

// IsAccount reports whether s is a 12-digit account id.
func IsAccount(s string) bool {
	if len(s) != 12 {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// Partition returns the partition of a region: aws-cn, aws-us-gov or aws.
func Partition(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}

// IAM names an IAM resource, which has no region: IAM("111122223333", "role/ci/Deploy").
func IAM(account, resource string) string { return "arn:aws:iam::" + account + ":" + resource }

// STS names an STS resource, which has no region: STS(account, "assumed-role/R/S").
func STS(account, resource string) string { return "arn:aws:sts::" + account + ":" + resource }

// Repository names a CodeCommit repository.
func Repository(region, account, name string) string {
	return "arn:" + Partition(region) + ":codecommit:" + region + ":" + account + ":" + name
}
