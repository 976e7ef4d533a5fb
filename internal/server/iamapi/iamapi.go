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
	DeleteUser(context.Context, *principal.Caller, *iamwire.DeleteUserInput) (*iamwire.DeleteUserOutput, error)
	CreateAccessKey(context.Context, *principal.Caller, *iamwire.CreateAccessKeyInput) (*iamwire.CreateAccessKeyOutput, error)
	ListAccessKeys(context.Context, *principal.Caller, *iamwire.ListAccessKeysInput) (*iamwire.ListAccessKeysOutput, error)
	UpdateAccessKey(context.Context, *principal.Caller, *iamwire.UpdateAccessKeyInput) (*iamwire.UpdateAccessKeyOutput, error)
	DeleteAccessKey(context.Context, *principal.Caller, *iamwire.DeleteAccessKeyInput) (*iamwire.DeleteAccessKeyOutput, error)

	CreateGroup(context.Context, *principal.Caller, *iamwire.CreateGroupInput) (*iamwire.CreateGroupOutput, error)
	GetGroup(context.Context, *principal.Caller, *iamwire.GetGroupInput) (*iamwire.GetGroupOutput, error)
	ListGroups(context.Context, *principal.Caller, *iamwire.ListGroupsInput) (*iamwire.ListGroupsOutput, error)
	DeleteGroup(context.Context, *principal.Caller, *iamwire.DeleteGroupInput) (*iamwire.DeleteGroupOutput, error)
	AddUserToGroup(context.Context, *principal.Caller, *iamwire.AddUserToGroupInput) (*iamwire.AddUserToGroupOutput, error)
	RemoveUserFromGroup(context.Context, *principal.Caller, *iamwire.RemoveUserFromGroupInput) (*iamwire.RemoveUserFromGroupOutput, error)
	ListGroupsForUser(context.Context, *principal.Caller, *iamwire.ListGroupsForUserInput) (*iamwire.ListGroupsForUserOutput, error)

	CreateRole(context.Context, *principal.Caller, *iamwire.CreateRoleInput) (*iamwire.CreateRoleOutput, error)
	GetRole(context.Context, *principal.Caller, *iamwire.GetRoleInput) (*iamwire.GetRoleOutput, error)
	ListRoles(context.Context, *principal.Caller, *iamwire.ListRolesInput) (*iamwire.ListRolesOutput, error)
	DeleteRole(context.Context, *principal.Caller, *iamwire.DeleteRoleInput) (*iamwire.DeleteRoleOutput, error)
	UpdateAssumeRolePolicy(context.Context, *principal.Caller, *iamwire.UpdateAssumeRolePolicyInput) (*iamwire.UpdateAssumeRolePolicyOutput, error)

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

	CreateOpenIDConnectProvider(context.Context, *principal.Caller, *iamwire.CreateOpenIDConnectProviderInput) (*iamwire.CreateOpenIDConnectProviderOutput, error)
	GetOpenIDConnectProvider(context.Context, *principal.Caller, *iamwire.GetOpenIDConnectProviderInput) (*iamwire.GetOpenIDConnectProviderOutput, error)
	ListOpenIDConnectProviders(context.Context, *principal.Caller, *iamwire.ListOpenIDConnectProvidersInput) (*iamwire.ListOpenIDConnectProvidersOutput, error)
	DeleteOpenIDConnectProvider(context.Context, *principal.Caller, *iamwire.DeleteOpenIDConnectProviderInput) (*iamwire.DeleteOpenIDConnectProviderOutput, error)
	AddClientIDToOpenIDConnectProvider(context.Context, *principal.Caller, *iamwire.AddClientIDToOpenIDConnectProviderInput) (*iamwire.AddClientIDToOpenIDConnectProviderOutput, error)
	RemoveClientIDFromOpenIDConnectProvider(context.Context, *principal.Caller, *iamwire.RemoveClientIDFromOpenIDConnectProviderInput) (*iamwire.RemoveClientIDFromOpenIDConnectProviderOutput, error)

	SimulateCustomPolicy(context.Context, *principal.Caller, *iamwire.SimulateCustomPolicyInput) (*iamwire.SimulateCustomPolicyOutput, error)
	SimulatePrincipalPolicy(context.Context, *principal.Caller, *iamwire.SimulatePrincipalPolicyInput) (*iamwire.SimulatePrincipalPolicyOutput, error)
	GetContextKeysForCustomPolicy(context.Context, *principal.Caller, *iamwire.GetContextKeysForCustomPolicyInput) (*iamwire.GetContextKeysForCustomPolicyOutput, error)
	GetContextKeysForPrincipalPolicy(context.Context, *principal.Caller, *iamwire.GetContextKeysForPrincipalPolicyInput) (*iamwire.GetContextKeysForPrincipalPolicyOutput, error)
}

// New makes the service over d.
func New(d Domain) *api.Service {
	return &api.Service{
		Wire: iamwire.Service,
		Handlers: map[string]api.Handler{
			"CreateUser":      api.Handle(d.CreateUser),
			"GetUser":         api.Handle(d.GetUser),
			"ListUsers":       api.Handle(d.ListUsers),
			"DeleteUser":      api.Handle(d.DeleteUser),
			"CreateAccessKey": api.Handle(d.CreateAccessKey),
			"ListAccessKeys":  api.Handle(d.ListAccessKeys),
			"UpdateAccessKey": api.Handle(d.UpdateAccessKey),
			"DeleteAccessKey": api.Handle(d.DeleteAccessKey),

			"CreateGroup":         api.Handle(d.CreateGroup),
			"GetGroup":            api.Handle(d.GetGroup),
			"ListGroups":          api.Handle(d.ListGroups),
			"DeleteGroup":         api.Handle(d.DeleteGroup),
			"AddUserToGroup":      api.Handle(d.AddUserToGroup),
			"RemoveUserFromGroup": api.Handle(d.RemoveUserFromGroup),
			"ListGroupsForUser":   api.Handle(d.ListGroupsForUser),

			"CreateRole":             api.Handle(d.CreateRole),
			"GetRole":                api.Handle(d.GetRole),
			"ListRoles":              api.Handle(d.ListRoles),
			"DeleteRole":             api.Handle(d.DeleteRole),
			"UpdateAssumeRolePolicy": api.Handle(d.UpdateAssumeRolePolicy),

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

			"CreateOpenIDConnectProvider":             api.Handle(d.CreateOpenIDConnectProvider),
			"GetOpenIDConnectProvider":                api.Handle(d.GetOpenIDConnectProvider),
			"ListOpenIDConnectProviders":              api.Handle(d.ListOpenIDConnectProviders),
			"DeleteOpenIDConnectProvider":             api.Handle(d.DeleteOpenIDConnectProvider),
			"AddClientIDToOpenIDConnectProvider":      api.Handle(d.AddClientIDToOpenIDConnectProvider),
			"RemoveClientIDFromOpenIDConnectProvider": api.Handle(d.RemoveClientIDFromOpenIDConnectProvider),

			"SimulateCustomPolicy":             api.Handle(d.SimulateCustomPolicy),
			"SimulatePrincipalPolicy":          api.Handle(d.SimulatePrincipalPolicy),
			"GetContextKeysForCustomPolicy":    api.Handle(d.GetContextKeysForCustomPolicy),
			"GetContextKeysForPrincipalPolicy": api.Handle(d.GetContextKeysForPrincipalPolicy),
		},
	}
}
