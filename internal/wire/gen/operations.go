package main

import "strings"

// service is one API and the operations of it that are generated.
type service struct {
	name       string // the model's directory and the signing name
	signing    string // the signing name where it is another
	operations []string
	// own: the whole model is ours, in models/. Without it what stands there under
	// the service's name is added to the published model.
	own bool
	// required are members that the service demands though its model does not
	// say so, as OPERATION.MEMBER.
	required []string
	// memberErrors: the service answers violations by exceptions of its own,
	// which are found among the operation's errors by the members' names.
	memberErrors bool
}

var services = []service{
	{name: "sts", operations: strings.Fields(`
		AssumeRole AssumeRoleWithSAML AssumeRoleWithWebIdentity AssumeRoleWithLDAPIdentity
		GetFederationToken GetSessionToken GetCallerIdentity GetAccessKeyInfo DecodeAuthorizationMessage
	`)},
	{name: "iam", operations: strings.Fields(`
		CreateUser GetUser ListUsers UpdateUser DeleteUser
		TagUser UntagUser ListUserTags
		CreateAccessKey ListAccessKeys UpdateAccessKey DeleteAccessKey GetAccessKeyLastUsed

		CreateGroup GetGroup ListGroups UpdateGroup DeleteGroup
		AddUserToGroup RemoveUserFromGroup ListGroupsForUser

		CreateRole GetRole ListRoles UpdateRole UpdateRoleDescription DeleteRole UpdateAssumeRolePolicy
		TagRole UntagRole ListRoleTags

		PutUserPermissionsBoundary DeleteUserPermissionsBoundary
		PutRolePermissionsBoundary DeleteRolePermissionsBoundary

		PutUserPolicy GetUserPolicy ListUserPolicies DeleteUserPolicy
		PutGroupPolicy GetGroupPolicy ListGroupPolicies DeleteGroupPolicy
		PutRolePolicy GetRolePolicy ListRolePolicies DeleteRolePolicy

		CreatePolicy GetPolicy ListPolicies DeletePolicy
		CreatePolicyVersion GetPolicyVersion ListPolicyVersions DeletePolicyVersion SetDefaultPolicyVersion
		AttachUserPolicy DetachUserPolicy ListAttachedUserPolicies
		AttachGroupPolicy DetachGroupPolicy ListAttachedGroupPolicies
		AttachRolePolicy DetachRolePolicy ListAttachedRolePolicies
		ListEntitiesForPolicy TagPolicy UntagPolicy ListPolicyTags

		CreateOpenIDConnectProvider GetOpenIDConnectProvider ListOpenIDConnectProviders DeleteOpenIDConnectProvider
		AddClientIDToOpenIDConnectProvider RemoveClientIDFromOpenIDConnectProvider
		UpdateOpenIDConnectProviderThumbprint
		TagOpenIDConnectProvider UntagOpenIDConnectProvider ListOpenIDConnectProviderTags

		CreateSAMLProvider GetSAMLProvider ListSAMLProviders UpdateSAMLProvider DeleteSAMLProvider
		TagSAMLProvider UntagSAMLProvider ListSAMLProviderTags

		CreateInstanceProfile GetInstanceProfile ListInstanceProfiles DeleteInstanceProfile
		AddRoleToInstanceProfile RemoveRoleFromInstanceProfile ListInstanceProfilesForRole
		TagInstanceProfile UntagInstanceProfile ListInstanceProfileTags

		CreateAccountAlias ListAccountAliases DeleteAccountAlias
		GetAccountSummary GetAccountAuthorizationDetails

		SimulateCustomPolicy SimulatePrincipalPolicy GetContextKeysForCustomPolicy GetContextKeysForPrincipalPolicy

		CreateVirtualMFADevice EnableMFADevice ListMFADevices ListVirtualMFADevices
		GetMFADevice ResyncMFADevice DeactivateMFADevice DeleteVirtualMFADevice
	`)},
	{name: "codecommit", operations: strings.Fields(`
		CreateRepository GetRepository ListRepositories BatchGetRepositories DeleteRepository
		UpdateRepositoryName UpdateRepositoryDescription UpdateDefaultBranch
		ListBranches GetBranch CreateBranch DeleteBranch
	`),
		required:     []string{"GetBranch.repositoryName", "GetBranch.branchName"},
		memberErrors: true},
	{name: "ds", own: true, operations: strings.Fields(`
		CreateDirectory GetDirectory ListDirectories UpdateDirectory DeleteDirectory TestDirectory
		EnableMFADevice DisableMFADevice
	`)},
	{name: "accessanalyzer", signing: "access-analyzer", operations: []string{"ValidatePolicy"}},
	{name: "rolesanywhere", operations: strings.Fields(`
		CreateTrustAnchor GetTrustAnchor ListTrustAnchors UpdateTrustAnchor DeleteTrustAnchor EnableTrustAnchor DisableTrustAnchor
		CreateProfile GetProfile ListProfiles UpdateProfile DeleteProfile EnableProfile DisableProfile
		PutAttributeMapping DeleteAttributeMapping
		ImportCrl GetCrl ListCrls UpdateCrl DeleteCrl EnableCrl DisableCrl
		TagResource UntagResource ListTagsForResource

		CreateSession
	`)},
}
