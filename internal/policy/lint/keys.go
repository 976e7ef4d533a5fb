package lint

import (
	"maps"
	"slices"
	"strings"
	"sync"
)

// keyType is what the values of a condition key are.
type keyType uint8

const (
	unknownKey keyType = iota
	textKey
	tagKey // a text that may be compared as a number, a date, …
	arnKey
	boolKey
	dateKey
	numberKey
	epochKey // a date that is a number
	ipKey
	manyTexts // several values
)

// families are the operators that can compare a key, by the beginning of their
// names. Whatever is not listed compares with anything.
var families = map[keyType][]string{
	textKey:   {"String", "Binary"},
	arnKey:    {"Arn", "String"},
	boolKey:   {"Bool"},
	dateKey:   {"Date"},
	numberKey: {"Numeric"},
	epochKey:  {"Date", "Numeric"},
	ipKey:     {"IpAddress", "NotIpAddress"},
	manyTexts: {"String", "Arn"},
}

// knownKeys are AWS's global keys and those of the services here, with their
// types. One that ends in "/" stands for all that begin so.
var knownKeys = sync.OnceValue(func() map[string]knownKey {
	return readKeys(map[keyType]string{
		textKey: `
		aws:CalledViaFirst aws:CalledViaLast aws:FederatedProvider aws:PrincipalAccount aws:PrincipalOrgID
		aws:PrincipalServiceName aws:PrincipalType aws:referer aws:RequestedRegion
		aws:ResourceAccount aws:ResourceOrgID aws:SourceAccount aws:SourceIdentity aws:SourceOrgID
		aws:SourceVpc aws:SourceVpce aws:UserAgent aws:userid aws:username aws:Ec2InstanceSourceVpc aws:VpceAccount aws:VpceOrgID

		sts:AWSServiceName sts:ExternalId sts:RoleSessionName sts:SourceIdentity sts:SigningAlgorithm

		iam:AWSServiceName iam:DelegationRequestOwner iam:FIDO-FIPS-140-2-certification iam:FIDO-FIPS-140-3-certification
		iam:FIDO-certification iam:NotificationChannel iam:OrganizationsPolicyId iam:PassedToService iam:RegisterSecurityKey
		iam:ServiceSpecificCredentialServiceName

		codecommit:References

		saml:aud saml:cn saml:commonName saml:doc saml:givenName saml:iss saml:mail saml:name saml:namequalifier
		saml:organizationStatus saml:primaryGroupSID saml:sub saml:sub_type saml:surname saml:uid saml:x500UniqueIdentifier
		saml:eduPersonPrincipalName saml:eduPersonTargetedID saml:eduPersonPrimaryAffiliation saml:eduPersonPrimaryOrgUnitDN

		ds:username ds:dn
	`,
		tagKey: `aws:PrincipalTag/ aws:RequestTag/ aws:ResourceTag/ iam:ResourceTag/ sts:RequestContext/`,
		arnKey: `
		aws:ChatbotSourceArn aws:PrincipalArn aws:SignInSessionArn aws:SourceArn aws:SourceInstanceARN aws:SourceVpcArn
		iam:AssociatedResourceArn iam:PermissionsBoundary iam:PolicyARN iam:TemplateArn sts:TaskPolicyArn
	`,
		boolKey: `
		aws:AssumedRoot aws:IsMcpServiceAction aws:MultiFactorAuthPresent aws:PrincipalIsAWSService aws:SecureTransport aws:ViaAWSMCPService
		aws:ViaAWSService
	`,
		dateKey:   `aws:CurrentTime aws:TokenIssueTime`,
		epochKey:  `aws:EpochTime`,
		numberKey: `aws:MultiFactorAuthAge iam:DelegationDuration iam:ServiceSpecificCredentialAgeDays sts:DurationSeconds`,
		ipKey:     `aws:SourceIp aws:VpcSourceIp aws:Ec2InstanceSourcePrivateIPv4`,
		manyTexts: `
		aws:CalledVia aws:CalledViaAWSMCP aws:PrincipalOrgPaths aws:PrincipalServiceNamesList aws:ResourceOrgPaths aws:SourceOrgPaths
		aws:TagKeys aws:VpceOrgPaths sts:IdentityTokenAudience sts:RequestContextProviders sts:TransitiveTagKeys ds:groups
		saml:eduOrgHomePageURI saml:eduOrgIdentityAuthNPolicyURI saml:eduOrgLegalName saml:eduOrgSuperiorURI saml:eduOrgWhitePagesURI
		saml:eduPersonAffiliation saml:eduPersonAssurance saml:eduPersonEntitlement saml:eduPersonNickname saml:eduPersonOrgDN
		saml:eduPersonOrgUnitDN saml:eduPersonScopedAffiliation
	`,
	})
})

type knownKey struct {
	name string // as AWS spells it
	typ  keyType
}

// readKeys indexes the lists by the keys in lower case.
func readKeys(lists map[keyType]string) map[string]knownKey {
	out := map[string]knownKey{}
	for typ, list := range lists {
		for name := range strings.FieldsSeq(list) {
			out[strings.ToLower(name)] = knownKey{name, typ}
		}
	}
	return out
}

// typeOf returns the type of a key in lower case. A prefix is its service's
// name; unknown reports a key that its service does not have.
func typeOf(key string) (typ keyType, unknown bool) {
	if k, ok := knownKeys()[key]; ok && !strings.HasSuffix(key, "/") {
		return k.typ, false
	}
	if family, tag, found := strings.Cut(key, "/"); found && tag != "" {
		if k, ok := knownKeys()[family+"/"]; ok {
			return k.typ, false
		}
	}
	switch prefix, _, _ := strings.Cut(key, ":"); prefix {
	case "aws", "sts", "iam", "codecommit":
		return unknownKey, true
	}
	if strings.HasSuffix(key, ":amr") {
		return manyTexts, false
	}
	return unknownKey, false
}

// keyNames are the names of all keys, to find the nearest of them.
func keyNames() (names []string) {
	for _, key := range slices.Sorted(maps.Keys(knownKeys())) {
		names = append(names, knownKeys()[key].name)
	}
	return names
}
