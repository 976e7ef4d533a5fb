// Package iamapi binds the operations of IAM to the domain: one line an
// operation. It owns nothing else.
package iamapi

import (
	"context"

	"sojourn/internal/principal"
	"sojourn/internal/server/api"
	"sojourn/internal/wire/iamwire"
)

// Domain is what the operations do.
type Domain interface {
	CreateUser(context.Context, *principal.Caller, *iamwire.CreateUserInput) (*iamwire.CreateUserOutput, error)
	GetUser(context.Context, *principal.Caller, *iamwire.GetUserInput) (*iamwire.GetUserOutput, error)
	ListUsers(context.Context, *principal.Caller, *iamwire.ListUsersInput) (*iamwire.ListUsersOutput, error)
	UpdateUser(context.Context, *principal.Caller, *iamwire.UpdateUserInput) (*iamwire.UpdateUserOutput, error)
	DeleteUser(context.Context, *principal.Caller, *iamwire.DeleteUserInput) (*iamwire.DeleteUserOutput, error)
	TagUser(context.Context, *principal.Caller, *iamwire.TagUserInput) (*iamwire.TagUserOutput, error)
	UntagUser(context.Context, *principal.Caller, *iamwire.UntagUserInput) (*iamwire.UntagUserOutput, error)
	ListUserTags(context.Context, *principal.Caller, *iamwire.ListUserTagsInput) (*iamwire.ListUserTagsOutput, error)
	PutUserPermissionsBoundary(context.Context, *principal.Caller, *iamwire.PutUserPermissionsBoundaryInput) (*iamwire.PutUserPermissionsBoundaryOutput, error)
	DeleteUserPermissionsBoundary(context.Context, *principal.Caller, *iamwire.DeleteUserPermissionsBoundaryInput) (*iamwire.DeleteUserPermissionsBoundaryOutput, error)
	CreateAccessKey(context.Context, *principal.Caller, *iamwire.CreateAccessKeyInput) (*iamwire.CreateAccessKeyOutput, error)
	ListAccessKeys(context.Context, *principal.Caller, *iamwire.ListAccessKeysInput) (*iamwire.ListAccessKeysOutput, error)
	UpdateAccessKey(context.Context, *principal.Caller, *iamwire.UpdateAccessKeyInput) (*iamwire.UpdateAccessKeyOutput, error)
	DeleteAccessKey(context.Context, *principal.Caller, *iamwire.DeleteAccessKeyInput) (*iamwire.DeleteAccessKeyOutput, error)
	GetAccessKeyLastUsed(context.Context, *principal.Caller, *iamwire.GetAccessKeyLastUsedInput) (*iamwire.GetAccessKeyLastUsedOutput, error)

	CreateGroup(context.Context, *principal.Caller, *iamwire.CreateGroupInput) (*iamwire.CreateGroupOutput, error)
	GetGroup(context.Context, *principal.Caller, *iamwire.GetGroupInput) (*iamwire.GetGroupOutput, error)
	ListGroups(context.Context, *principal.Caller, *iamwire.ListGroupsInput) (*iamwire.ListGroupsOutput, error)
	UpdateGroup(context.Context, *principal.Caller, *iamwire.UpdateGroupInput) (*iamwire.UpdateGroupOutput, error)
	DeleteGroup(context.Context, *principal.Caller, *iamwire.DeleteGroupInput) (*iamwire.DeleteGroupOutput, error)
	AddUserToGroup(context.Context, *principal.Caller, *iamwire.AddUserToGroupInput) (*iamwire.AddUserToGroupOutput, error)
	RemoveUserFromGroup(context.Context, *principal.Caller, *iamwire.RemoveUserFromGroupInput) (*iamwire.RemoveUserFromGroupOutput, error)
	ListGroupsForUser(context.Context, *principal.Caller, *iamwire.ListGroupsForUserInput) (*iamwire.ListGroupsForUserOutput, error)

	CreateRole(context.Context, *principal.Caller, *iamwire.CreateRoleInput) (*iamwire.CreateRoleOutput, error)
	GetRole(context.Context, *principal.Caller, *iamwire.GetRoleInput) (*iamwire.GetRoleOutput, error)
	ListRoles(context.Context, *principal.Caller, *iamwire.ListRolesInput) (*iamwire.ListRolesOutput, error)
	UpdateRole(context.Context, *principal.Caller, *iamwire.UpdateRoleInput) (*iamwire.UpdateRoleOutput, error)
	UpdateRoleDescription(context.Context, *principal.Caller, *iamwire.UpdateRoleDescriptionInput) (*iamwire.UpdateRoleDescriptionOutput, error)
	DeleteRole(context.Context, *principal.Caller, *iamwire.DeleteRoleInput) (*iamwire.DeleteRoleOutput, error)
	UpdateAssumeRolePolicy(context.Context, *principal.Caller, *iamwire.UpdateAssumeRolePolicyInput) (*iamwire.UpdateAssumeRolePolicyOutput, error)
	TagRole(context.Context, *principal.Caller, *iamwire.TagRoleInput) (*iamwire.TagRoleOutput, error)
	UntagRole(context.Context, *principal.Caller, *iamwire.UntagRoleInput) (*iamwire.UntagRoleOutput, error)
	ListRoleTags(context.Context, *principal.Caller, *iamwire.ListRoleTagsInput) (*iamwire.ListRoleTagsOutput, error)
	PutRolePermissionsBoundary(context.Context, *principal.Caller, *iamwire.PutRolePermissionsBoundaryInput) (*iamwire.PutRolePermissionsBoundaryOutput, error)
	DeleteRolePermissionsBoundary(context.Context, *principal.Caller, *iamwire.DeleteRolePermissionsBoundaryInput) (*iamwire.DeleteRolePermissionsBoundaryOutput, error)

	PutUserPolicy(context.Context, *principal.Caller, *iamwire.PutUserPolicyInput) (*iamwire.PutUserPolicyOutput, error)
	GetUserPolicy(context.Context, *principal.Caller, *iamwire.GetUserPolicyInput) (*iamwire.GetUserPolicyOutput, error)
	ListUserPolicies(context.Context, *principal.Caller, *iamwire.ListUserPoliciesInput) (*iamwire.ListUserPoliciesOutput, error)
	DeleteUserPolicy(context.Context, *principal.Caller, *iamwire.DeleteUserPolicyInput) (*iamwire.DeleteUserPolicyOutput, error)
	PutGroupPolicy(context.Context, *principal.Caller, *iamwire.PutGroupPolicyInput) (*iamwire.PutGroupPolicyOutput, error)
	GetGroupPolicy(context.Context, *principal.Caller, *iamwire.GetGroupPolicyInput) (*iamwire.GetGroupPolicyOutput, error)
	ListGroupPolicies(context.Context, *principal.Caller, *iamwire.ListGroupPoliciesInput) (*iamwire.ListGroupPoliciesOutput, error)
	DeleteGroupPolicy(context.Context, *principal.Caller, *iamwire.DeleteGroupPolicyInput) (*iamwire.DeleteGroupPolicyOutput, error)
	PutRolePolicy(context.Context, *principal.Caller, *iamwire.PutRolePolicyInput) (*iamwire.PutRolePolicyOutput, error)
	GetRolePolicy(context.Context, *principal.Caller, *iamwire.GetRolePolicyInput) (*iamwire.GetRolePolicyOutput, error)
	ListRolePolicies(context.Context, *principal.Caller, *iamwire.ListRolePoliciesInput) (*iamwire.ListRolePoliciesOutput, error)
	DeleteRolePolicy(context.Context, *principal.Caller, *iamwire.DeleteRolePolicyInput) (*iamwire.DeleteRolePolicyOutput, error)

	CreatePolicy(context.Context, *principal.Caller, *iamwire.CreatePolicyInput) (*iamwire.CreatePolicyOutput, error)
	GetPolicy(context.Context, *principal.Caller, *iamwire.GetPolicyInput) (*iamwire.GetPolicyOutput, error)
	ListPolicies(context.Context, *principal.Caller, *iamwire.ListPoliciesInput) (*iamwire.ListPoliciesOutput, error)
	DeletePolicy(context.Context, *principal.Caller, *iamwire.DeletePolicyInput) (*iamwire.DeletePolicyOutput, error)
	CreatePolicyVersion(context.Context, *principal.Caller, *iamwire.CreatePolicyVersionInput) (*iamwire.CreatePolicyVersionOutput, error)
	GetPolicyVersion(context.Context, *principal.Caller, *iamwire.GetPolicyVersionInput) (*iamwire.GetPolicyVersionOutput, error)
	ListPolicyVersions(context.Context, *principal.Caller, *iamwire.ListPolicyVersionsInput) (*iamwire.ListPolicyVersionsOutput, error)
	DeletePolicyVersion(context.Context, *principal.Caller, *iamwire.DeletePolicyVersionInput) (*iamwire.DeletePolicyVersionOutput, error)
	SetDefaultPolicyVersion(context.Context, *principal.Caller, *iamwire.SetDefaultPolicyVersionInput) (*iamwire.SetDefaultPolicyVersionOutput, error)
	AttachUserPolicy(context.Context, *principal.Caller, *iamwire.AttachUserPolicyInput) (*iamwire.AttachUserPolicyOutput, error)
	DetachUserPolicy(context.Context, *principal.Caller, *iamwire.DetachUserPolicyInput) (*iamwire.DetachUserPolicyOutput, error)
	ListAttachedUserPolicies(context.Context, *principal.Caller, *iamwire.ListAttachedUserPoliciesInput) (*iamwire.ListAttachedUserPoliciesOutput, error)
	AttachGroupPolicy(context.Context, *principal.Caller, *iamwire.AttachGroupPolicyInput) (*iamwire.AttachGroupPolicyOutput, error)
	DetachGroupPolicy(context.Context, *principal.Caller, *iamwire.DetachGroupPolicyInput) (*iamwire.DetachGroupPolicyOutput, error)
	ListAttachedGroupPolicies(context.Context, *principal.Caller, *iamwire.ListAttachedGroupPoliciesInput) (*iamwire.ListAttachedGroupPoliciesOutput, error)
	AttachRolePolicy(context.Context, *principal.Caller, *iamwire.AttachRolePolicyInput) (*iamwire.AttachRolePolicyOutput, error)
	DetachRolePolicy(context.Context, *principal.Caller, *iamwire.DetachRolePolicyInput) (*iamwire.DetachRolePolicyOutput, error)
	ListAttachedRolePolicies(context.Context, *principal.Caller, *iamwire.ListAttachedRolePoliciesInput) (*iamwire.ListAttachedRolePoliciesOutput, error)
	ListEntitiesForPolicy(context.Context, *principal.Caller, *iamwire.ListEntitiesForPolicyInput) (*iamwire.ListEntitiesForPolicyOutput, error)
	TagPolicy(context.Context, *principal.Caller, *iamwire.TagPolicyInput) (*iamwire.TagPolicyOutput, error)
	UntagPolicy(context.Context, *principal.Caller, *iamwire.UntagPolicyInput) (*iamwire.UntagPolicyOutput, error)
	ListPolicyTags(context.Context, *principal.Caller, *iamwire.ListPolicyTagsInput) (*iamwire.ListPolicyTagsOutput, error)

	CreateOpenIDConnectProvider(context.Context, *principal.Caller, *iamwire.CreateOpenIDConnectProviderInput) (*iamwire.CreateOpenIDConnectProviderOutput, error)
	GetOpenIDConnectProvider(context.Context, *principal.Caller, *iamwire.GetOpenIDConnectProviderInput) (*iamwire.GetOpenIDConnectProviderOutput, error)
	ListOpenIDConnectProviders(context.Context, *principal.Caller, *iamwire.ListOpenIDConnectProvidersInput) (*iamwire.ListOpenIDConnectProvidersOutput, error)
	DeleteOpenIDConnectProvider(context.Context, *principal.Caller, *iamwire.DeleteOpenIDConnectProviderInput) (*iamwire.DeleteOpenIDConnectProviderOutput, error)
	AddClientIDToOpenIDConnectProvider(context.Context, *principal.Caller, *iamwire.AddClientIDToOpenIDConnectProviderInput) (*iamwire.AddClientIDToOpenIDConnectProviderOutput, error)
	RemoveClientIDFromOpenIDConnectProvider(context.Context, *principal.Caller, *iamwire.RemoveClientIDFromOpenIDConnectProviderInput) (*iamwire.RemoveClientIDFromOpenIDConnectProviderOutput, error)
	UpdateOpenIDConnectProviderThumbprint(context.Context, *principal.Caller, *iamwire.UpdateOpenIDConnectProviderThumbprintInput) (*iamwire.UpdateOpenIDConnectProviderThumbprintOutput, error)
	TagOpenIDConnectProvider(context.Context, *principal.Caller, *iamwire.TagOpenIDConnectProviderInput) (*iamwire.TagOpenIDConnectProviderOutput, error)
	UntagOpenIDConnectProvider(context.Context, *principal.Caller, *iamwire.UntagOpenIDConnectProviderInput) (*iamwire.UntagOpenIDConnectProviderOutput, error)
	ListOpenIDConnectProviderTags(context.Context, *principal.Caller, *iamwire.ListOpenIDConnectProviderTagsInput) (*iamwire.ListOpenIDConnectProviderTagsOutput, error)

	CreateSAMLProvider(context.Context, *principal.Caller, *iamwire.CreateSAMLProviderInput) (*iamwire.CreateSAMLProviderOutput, error)
	GetSAMLProvider(context.Context, *principal.Caller, *iamwire.GetSAMLProviderInput) (*iamwire.GetSAMLProviderOutput, error)
	ListSAMLProviders(context.Context, *principal.Caller, *iamwire.ListSAMLProvidersInput) (*iamwire.ListSAMLProvidersOutput, error)
	UpdateSAMLProvider(context.Context, *principal.Caller, *iamwire.UpdateSAMLProviderInput) (*iamwire.UpdateSAMLProviderOutput, error)
	DeleteSAMLProvider(context.Context, *principal.Caller, *iamwire.DeleteSAMLProviderInput) (*iamwire.DeleteSAMLProviderOutput, error)
	TagSAMLProvider(context.Context, *principal.Caller, *iamwire.TagSAMLProviderInput) (*iamwire.TagSAMLProviderOutput, error)
	UntagSAMLProvider(context.Context, *principal.Caller, *iamwire.UntagSAMLProviderInput) (*iamwire.UntagSAMLProviderOutput, error)
	ListSAMLProviderTags(context.Context, *principal.Caller, *iamwire.ListSAMLProviderTagsInput) (*iamwire.ListSAMLProviderTagsOutput, error)

	CreateInstanceProfile(context.Context, *principal.Caller, *iamwire.CreateInstanceProfileInput) (*iamwire.CreateInstanceProfileOutput, error)
	GetInstanceProfile(context.Context, *principal.Caller, *iamwire.GetInstanceProfileInput) (*iamwire.GetInstanceProfileOutput, error)
	ListInstanceProfiles(context.Context, *principal.Caller, *iamwire.ListInstanceProfilesInput) (*iamwire.ListInstanceProfilesOutput, error)
	DeleteInstanceProfile(context.Context, *principal.Caller, *iamwire.DeleteInstanceProfileInput) (*iamwire.DeleteInstanceProfileOutput, error)
	AddRoleToInstanceProfile(context.Context, *principal.Caller, *iamwire.AddRoleToInstanceProfileInput) (*iamwire.AddRoleToInstanceProfileOutput, error)
	RemoveRoleFromInstanceProfile(context.Context, *principal.Caller, *iamwire.RemoveRoleFromInstanceProfileInput) (*iamwire.RemoveRoleFromInstanceProfileOutput, error)
	ListInstanceProfilesForRole(context.Context, *principal.Caller, *iamwire.ListInstanceProfilesForRoleInput) (*iamwire.ListInstanceProfilesForRoleOutput, error)
	TagInstanceProfile(context.Context, *principal.Caller, *iamwire.TagInstanceProfileInput) (*iamwire.TagInstanceProfileOutput, error)
	UntagInstanceProfile(context.Context, *principal.Caller, *iamwire.UntagInstanceProfileInput) (*iamwire.UntagInstanceProfileOutput, error)
	ListInstanceProfileTags(context.Context, *principal.Caller, *iamwire.ListInstanceProfileTagsInput) (*iamwire.ListInstanceProfileTagsOutput, error)

	CreateAccountAlias(context.Context, *principal.Caller, *iamwire.CreateAccountAliasInput) (*iamwire.CreateAccountAliasOutput, error)
	ListAccountAliases(context.Context, *principal.Caller, *iamwire.ListAccountAliasesInput) (*iamwire.ListAccountAliasesOutput, error)
	DeleteAccountAlias(context.Context, *principal.Caller, *iamwire.DeleteAccountAliasInput) (*iamwire.DeleteAccountAliasOutput, error)
	GetAccountSummary(context.Context, *principal.Caller, *iamwire.GetAccountSummaryInput) (*iamwire.GetAccountSummaryOutput, error)
	GetAccountAuthorizationDetails(context.Context, *principal.Caller, *iamwire.GetAccountAuthorizationDetailsInput) (*iamwire.GetAccountAuthorizationDetailsOutput, error)

	SimulateCustomPolicy(context.Context, *principal.Caller, *iamwire.SimulateCustomPolicyInput) (*iamwire.SimulateCustomPolicyOutput, error)
	SimulatePrincipalPolicy(context.Context, *principal.Caller, *iamwire.SimulatePrincipalPolicyInput) (*iamwire.SimulatePrincipalPolicyOutput, error)
	GetContextKeysForCustomPolicy(context.Context, *principal.Caller, *iamwire.GetContextKeysForCustomPolicyInput) (*iamwire.GetContextKeysForCustomPolicyOutput, error)
	GetContextKeysForPrincipalPolicy(context.Context, *principal.Caller, *iamwire.GetContextKeysForPrincipalPolicyInput) (*iamwire.GetContextKeysForPrincipalPolicyOutput, error)

	CreateVirtualMFADevice(context.Context, *principal.Caller, *iamwire.CreateVirtualMFADeviceInput) (*iamwire.CreateVirtualMFADeviceOutput, error)
	EnableMFADevice(context.Context, *principal.Caller, *iamwire.EnableMFADeviceInput) (*iamwire.EnableMFADeviceOutput, error)
	ListMFADevices(context.Context, *principal.Caller, *iamwire.ListMFADevicesInput) (*iamwire.ListMFADevicesOutput, error)
	ListVirtualMFADevices(context.Context, *principal.Caller, *iamwire.ListVirtualMFADevicesInput) (*iamwire.ListVirtualMFADevicesOutput, error)
	GetMFADevice(context.Context, *principal.Caller, *iamwire.GetMFADeviceInput) (*iamwire.GetMFADeviceOutput, error)
	ResyncMFADevice(context.Context, *principal.Caller, *iamwire.ResyncMFADeviceInput) (*iamwire.ResyncMFADeviceOutput, error)
	DeactivateMFADevice(context.Context, *principal.Caller, *iamwire.DeactivateMFADeviceInput) (*iamwire.DeactivateMFADeviceOutput, error)
	DeleteVirtualMFADevice(context.Context, *principal.Caller, *iamwire.DeleteVirtualMFADeviceInput) (*iamwire.DeleteVirtualMFADeviceOutput, error)
}

// New makes the service over d.
func New(d Domain) *api.Service {
	return &api.Service{
		Wire: iamwire.Service(),
		Handlers: map[string]api.Handler{
			"CreateUser":                    api.Handle(d.CreateUser),
			"GetUser":                       api.Handle(d.GetUser),
			"ListUsers":                     api.Handle(d.ListUsers),
			"UpdateUser":                    api.Handle(d.UpdateUser),
			"DeleteUser":                    api.Handle(d.DeleteUser),
			"TagUser":                       api.Handle(d.TagUser),
			"UntagUser":                     api.Handle(d.UntagUser),
			"ListUserTags":                  api.Handle(d.ListUserTags),
			"PutUserPermissionsBoundary":    api.Handle(d.PutUserPermissionsBoundary),
			"DeleteUserPermissionsBoundary": api.Handle(d.DeleteUserPermissionsBoundary),
			"CreateAccessKey":               api.Handle(d.CreateAccessKey),
			"ListAccessKeys":                api.Handle(d.ListAccessKeys),
			"UpdateAccessKey":               api.Handle(d.UpdateAccessKey),
			"DeleteAccessKey":               api.Handle(d.DeleteAccessKey),
			"GetAccessKeyLastUsed":          api.Handle(d.GetAccessKeyLastUsed),

			"CreateGroup":         api.Handle(d.CreateGroup),
			"GetGroup":            api.Handle(d.GetGroup),
			"ListGroups":          api.Handle(d.ListGroups),
			"UpdateGroup":         api.Handle(d.UpdateGroup),
			"DeleteGroup":         api.Handle(d.DeleteGroup),
			"AddUserToGroup":      api.Handle(d.AddUserToGroup),
			"RemoveUserFromGroup": api.Handle(d.RemoveUserFromGroup),
			"ListGroupsForUser":   api.Handle(d.ListGroupsForUser),

			"CreateRole":                    api.Handle(d.CreateRole),
			"GetRole":                       api.Handle(d.GetRole),
			"ListRoles":                     api.Handle(d.ListRoles),
			"UpdateRole":                    api.Handle(d.UpdateRole),
			"UpdateRoleDescription":         api.Handle(d.UpdateRoleDescription),
			"DeleteRole":                    api.Handle(d.DeleteRole),
			"UpdateAssumeRolePolicy":        api.Handle(d.UpdateAssumeRolePolicy),
			"TagRole":                       api.Handle(d.TagRole),
			"UntagRole":                     api.Handle(d.UntagRole),
			"ListRoleTags":                  api.Handle(d.ListRoleTags),
			"PutRolePermissionsBoundary":    api.Handle(d.PutRolePermissionsBoundary),
			"DeleteRolePermissionsBoundary": api.Handle(d.DeleteRolePermissionsBoundary),

			"PutUserPolicy":     api.Handle(d.PutUserPolicy),
			"GetUserPolicy":     api.Handle(d.GetUserPolicy),
			"ListUserPolicies":  api.Handle(d.ListUserPolicies),
			"DeleteUserPolicy":  api.Handle(d.DeleteUserPolicy),
			"PutGroupPolicy":    api.Handle(d.PutGroupPolicy),
			"GetGroupPolicy":    api.Handle(d.GetGroupPolicy),
			"ListGroupPolicies": api.Handle(d.ListGroupPolicies),
			"DeleteGroupPolicy": api.Handle(d.DeleteGroupPolicy),
			"PutRolePolicy":     api.Handle(d.PutRolePolicy),
			"GetRolePolicy":     api.Handle(d.GetRolePolicy),
			"ListRolePolicies":  api.Handle(d.ListRolePolicies),
			"DeleteRolePolicy":  api.Handle(d.DeleteRolePolicy),

			"CreatePolicy":              api.Handle(d.CreatePolicy),
			"GetPolicy":                 api.Handle(d.GetPolicy),
			"ListPolicies":              api.Handle(d.ListPolicies),
			"DeletePolicy":              api.Handle(d.DeletePolicy),
			"CreatePolicyVersion":       api.Handle(d.CreatePolicyVersion),
			"GetPolicyVersion":          api.Handle(d.GetPolicyVersion),
			"ListPolicyVersions":        api.Handle(d.ListPolicyVersions),
			"DeletePolicyVersion":       api.Handle(d.DeletePolicyVersion),
			"SetDefaultPolicyVersion":   api.Handle(d.SetDefaultPolicyVersion),
			"AttachUserPolicy":          api.Handle(d.AttachUserPolicy),
			"DetachUserPolicy":          api.Handle(d.DetachUserPolicy),
			"ListAttachedUserPolicies":  api.Handle(d.ListAttachedUserPolicies),
			"AttachGroupPolicy":         api.Handle(d.AttachGroupPolicy),
			"DetachGroupPolicy":         api.Handle(d.DetachGroupPolicy),
			"ListAttachedGroupPolicies": api.Handle(d.ListAttachedGroupPolicies),
			"AttachRolePolicy":          api.Handle(d.AttachRolePolicy),
			"DetachRolePolicy":          api.Handle(d.DetachRolePolicy),
			"ListAttachedRolePolicies":  api.Handle(d.ListAttachedRolePolicies),
			"ListEntitiesForPolicy":     api.Handle(d.ListEntitiesForPolicy),
			"TagPolicy":                 api.Handle(d.TagPolicy),
			"UntagPolicy":               api.Handle(d.UntagPolicy),
			"ListPolicyTags":            api.Handle(d.ListPolicyTags),

			"CreateOpenIDConnectProvider":             api.Handle(d.CreateOpenIDConnectProvider),
			"GetOpenIDConnectProvider":                api.Handle(d.GetOpenIDConnectProvider),
			"ListOpenIDConnectProviders":              api.Handle(d.ListOpenIDConnectProviders),
			"DeleteOpenIDConnectProvider":             api.Handle(d.DeleteOpenIDConnectProvider),
			"AddClientIDToOpenIDConnectProvider":      api.Handle(d.AddClientIDToOpenIDConnectProvider),
			"RemoveClientIDFromOpenIDConnectProvider": api.Handle(d.RemoveClientIDFromOpenIDConnectProvider),
			"UpdateOpenIDConnectProviderThumbprint":   api.Handle(d.UpdateOpenIDConnectProviderThumbprint),
			"TagOpenIDConnectProvider":                api.Handle(d.TagOpenIDConnectProvider),
			"UntagOpenIDConnectProvider":              api.Handle(d.UntagOpenIDConnectProvider),
			"ListOpenIDConnectProviderTags":           api.Handle(d.ListOpenIDConnectProviderTags),

			"CreateSAMLProvider":   api.Handle(d.CreateSAMLProvider),
			"GetSAMLProvider":      api.Handle(d.GetSAMLProvider),
			"ListSAMLProviders":    api.Handle(d.ListSAMLProviders),
			"UpdateSAMLProvider":   api.Handle(d.UpdateSAMLProvider),
			"DeleteSAMLProvider":   api.Handle(d.DeleteSAMLProvider),
			"TagSAMLProvider":      api.Handle(d.TagSAMLProvider),
			"UntagSAMLProvider":    api.Handle(d.UntagSAMLProvider),
			"ListSAMLProviderTags": api.Handle(d.ListSAMLProviderTags),

			"CreateInstanceProfile":         api.Handle(d.CreateInstanceProfile),
			"GetInstanceProfile":            api.Handle(d.GetInstanceProfile),
			"ListInstanceProfiles":          api.Handle(d.ListInstanceProfiles),
			"DeleteInstanceProfile":         api.Handle(d.DeleteInstanceProfile),
			"AddRoleToInstanceProfile":      api.Handle(d.AddRoleToInstanceProfile),
			"RemoveRoleFromInstanceProfile": api.Handle(d.RemoveRoleFromInstanceProfile),
			"ListInstanceProfilesForRole":   api.Handle(d.ListInstanceProfilesForRole),
			"TagInstanceProfile":            api.Handle(d.TagInstanceProfile),
			"UntagInstanceProfile":          api.Handle(d.UntagInstanceProfile),
			"ListInstanceProfileTags":       api.Handle(d.ListInstanceProfileTags),

			"CreateAccountAlias":             api.Handle(d.CreateAccountAlias),
			"ListAccountAliases":             api.Handle(d.ListAccountAliases),
			"DeleteAccountAlias":             api.Handle(d.DeleteAccountAlias),
			"GetAccountSummary":              api.Handle(d.GetAccountSummary),
			"GetAccountAuthorizationDetails": api.Handle(d.GetAccountAuthorizationDetails),

			"SimulateCustomPolicy":             api.Handle(d.SimulateCustomPolicy),
			"SimulatePrincipalPolicy":          api.Handle(d.SimulatePrincipalPolicy),
			"GetContextKeysForCustomPolicy":    api.Handle(d.GetContextKeysForCustomPolicy),
			"GetContextKeysForPrincipalPolicy": api.Handle(d.GetContextKeysForPrincipalPolicy),

			"CreateVirtualMFADevice": api.Handle(d.CreateVirtualMFADevice),
			"EnableMFADevice":        api.Handle(d.EnableMFADevice),
			"ListMFADevices":         api.Handle(d.ListMFADevices),
			"ListVirtualMFADevices":  api.Handle(d.ListVirtualMFADevices),
			"GetMFADevice":           api.Handle(d.GetMFADevice),
			"ResyncMFADevice":        api.Handle(d.ResyncMFADevice),
			"DeactivateMFADevice":    api.Handle(d.DeactivateMFADevice),
			"DeleteVirtualMFADevice": api.Handle(d.DeleteVirtualMFADevice),
		},
	}
}
