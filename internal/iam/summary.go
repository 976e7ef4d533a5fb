package iam

import (
	"context"
	"fmt"
	"maps"

	"sojourn/internal/principal"
	"sojourn/internal/store"
	"sojourn/internal/wire/iamwire"
)

// constants are the entries of the summary that no account changes. What
// cannot be made here has the quota 0 and none is present.
var constants = map[string]int64{
	iamwire.SummaryKeyTypeUsersQuota:                    usersPerAccount,
	iamwire.SummaryKeyTypeGroupsQuota:                   groupsPerAccount,
	iamwire.SummaryKeyTypeRolesQuota:                    rolesPerAccount,
	iamwire.SummaryKeyTypePoliciesQuota:                 policiesPerAccount,
	iamwire.SummaryKeyTypeInstanceProfilesQuota:         profilesPerAccount,
	iamwire.SummaryKeyTypeAccessKeysPerUserQuota:        accessKeysQuota,
	iamwire.SummaryKeyTypeGroupsPerUserQuota:            groupsPerUser,
	iamwire.SummaryKeyTypeUserPolicySizeQuota:           userInlineSize,
	iamwire.SummaryKeyTypeGroupPolicySizeQuota:          groupInlineSize,
	iamwire.SummaryKeyTypeRolePolicySizeQuota:           roleInlineSize,
	iamwire.SummaryKeyTypeAssumeRolePolicySizeQuota:     trustSize,
	iamwire.SummaryKeyTypePolicySizeQuota:               managedSize,
	iamwire.SummaryKeyTypeVersionsPerPolicyQuota:        versionsPerPolicy,
	iamwire.SummaryKeyTypePolicyVersionsInUseQuota:      policiesPerAccount * versionsPerPolicy,
	iamwire.SummaryKeyTypeAttachedPoliciesPerUserQuota:  attachedQuota,
	iamwire.SummaryKeyTypeAttachedPoliciesPerGroupQuota: attachedQuota,
	iamwire.SummaryKeyTypeAttachedPoliciesPerRoleQuota:  attachedQuota,
	iamwire.SummaryKeyTypeGlobalEndpointTokenVersion:    2, // tokens are good in every region

	iamwire.SummaryKeyTypeAccountMFAEnabled:                 0,
	iamwire.SummaryKeyTypeAccountAccessKeysPresent:          0,
	iamwire.SummaryKeyTypeAccountPasswordPresent:            0,
	iamwire.SummaryKeyTypeAccountSigningCertificatesPresent: 0,
	iamwire.SummaryKeyTypeServerCertificates:                0,
	iamwire.SummaryKeyTypeServerCertificatesQuota:           0,
	iamwire.SummaryKeyTypeSigningCertificatesPerUserQuota:   0,
}

// GetAccountSummary counts what the account holds and names its quotas.
func (s *Service) GetAccountSummary(ctx context.Context, c *principal.Caller, _ *iamwire.GetAccountSummaryInput) (*iamwire.GetAccountSummaryOutput, error) {
	out := &iamwire.GetAccountSummaryOutput{}
	err := s.read(ctx, c, ofAccount("iam:GetAccountSummary", nil), func(tx store.Tx) error {
		out.SummaryMap = maps.Clone(constants)
		return count(tx, c.Account, out.SummaryMap)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// counts are the entries of the summary that are numbers of entities.
var counts = map[string]func(tx store.Tx, account string) (int, error){
	iamwire.SummaryKeyTypeUsers: func(tx store.Tx, account string) (int, error) {
		all, err := tx.Users(account, store.Page{})
		return len(all), err
	},
	iamwire.SummaryKeyTypeGroups: func(tx store.Tx, account string) (int, error) {
		all, err := tx.Groups(account, store.Page{})
		return len(all), err
	},
	iamwire.SummaryKeyTypeRoles: func(tx store.Tx, account string) (int, error) {
		all, err := tx.Roles(account, store.Page{})
		return len(all), err
	},
	iamwire.SummaryKeyTypeInstanceProfiles: func(tx store.Tx, account string) (int, error) {
		all, err := tx.InstanceProfiles(account, store.Page{})
		return len(all), err
	},
	iamwire.SummaryKeyTypeProviders: func(tx store.Tx, account string) (int, error) {
		issuers, err := tx.OIDCProviders(account)
		if err != nil {
			return 0, err
		}
		all, err := tx.SAMLProviders(account)
		return len(issuers) + len(all), err
	},
	iamwire.SummaryKeyTypePolicies: func(tx store.Tx, account string) (int, error) {
		all, err := tx.Policies(account, store.Page{})
		return len(all), err
	},
	iamwire.SummaryKeyTypePolicyVersionsInUse: countVersions,
	iamwire.SummaryKeyTypeMFADevices: func(tx store.Tx, account string) (int, error) {
		return countDevices(tx, account, iamwire.AssignmentStatusTypeAny)
	},
	iamwire.SummaryKeyTypeMFADevicesInUse: func(tx store.Tx, account string) (int, error) {
		return countDevices(tx, account, iamwire.AssignmentStatusTypeAssigned)
	},
}

func countDevices(tx store.Tx, account, status string) (int, error) {
	all, err := tx.MFADevices(account, store.Page{})
	return len(wanted(all, status)), err
}

func count(tx store.Tx, account string, into map[string]int64) error {
	for key, of := range counts {
		n, err := of(tx, account)
		if err != nil {
			return fmt.Errorf("counting %s of account %q: %w", key, account, err)
		}
		into[key] = int64(n)
	}
	return nil
}

func countVersions(tx store.Tx, account string) (n int, err error) {
	all, err := tx.Policies(account, store.Page{})
	if err != nil {
		return 0, err
	}
	for _, p := range all {
		versions, err := tx.PolicyVersions(p.ID)
		if err != nil {
			return 0, err
		}
		n += len(versions)
	}
	return n, nil
}
