package identity

import (
	"embed"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"sojourn/internal/arn"
	"sojourn/internal/store"
)

// PolicyByARN returns the default version of a managed policy: one of an
// account of this server or one that AWS provides. ErrNotFound when there is
// none, or when the path in the ARN is not the policy's.
func PolicyByARN(tx store.Tx, name string) (NamedPolicy, error) {
	if m, ok := ManagedByARN(name); ok {
		return m.named(), nil
	}
	p, err := CustomerPolicy(tx, name)
	if err != nil {
		return NamedPolicy{}, err
	}
	v, err := tx.PolicyVersion(p.ID, p.DefaultVersion)
	if err != nil {
		return NamedPolicy{}, fmt.Errorf("default version of policy %q: %w", name, err)
	}
	return NamedPolicy{Name: p.Name, Text: v.Document, ARN: name}, nil
}

// CustomerPolicy returns the record of a customer managed policy by its ARN.
func CustomerPolicy(tx store.Tx, name string) (store.Policy, error) {
	a, err := arn.Parse(name)
	resource, ok := strings.CutPrefix(a.Resource, "policy/")
	if err != nil || !ok {
		return store.Policy{}, fmt.Errorf("policy %q: %w", name, store.ErrNotFound)
	}
	p, err := tx.Policy(a.Account, path.Base(resource))
	if err == nil && PolicyARN(p) != name { // another service, path or case
		err = store.ErrNotFound
	}
	if err != nil {
		return store.Policy{}, fmt.Errorf("policy %q: %w", name, err)
	}
	return p, nil
}

// UserARN names a user, with its path.
func UserARN(u store.User) string { return arn.IAM(u.Account, "user"+u.Path+u.Name) }

// GroupARN names a group, with its path.
func GroupARN(g store.Group) string { return arn.IAM(g.Account, "group"+g.Path+g.Name) }

// RoleARN names a role, with its path.
func RoleARN(r store.Role) string { return arn.IAM(r.Account, "role"+r.Path+r.Name) }

// InstanceProfileARN names an instance profile, with its path.
func InstanceProfileARN(p store.InstanceProfile) string {
	return arn.IAM(p.Account, "instance-profile"+p.Path+p.Name)
}

// PolicyARN names a customer managed policy, with its path.
func PolicyARN(p store.Policy) string { return arn.IAM(p.Account, "policy"+p.Path+p.Name) }

// Managed is a managed policy that AWS provides: the same in each account, and read-only.
type Managed struct {
	Name, ID, Path, Description string
	Version                     string // the only version, which is the default
	Document                    string
	Created                     time.Time
}

// ARN is in the account "aws".
func (m Managed) ARN() string { return arn.IAM("aws", "policy"+m.Path+m.Name) }

func (m Managed) named() NamedPolicy {
	return NamedPolicy{Name: m.Name, Text: m.Document, ARN: m.ARN()}
}

//go:embed managed/*.json
var documents embed.FS

// builtin is in order of the names. The ids are those that AWS gives these policies.
var builtin = sync.OnceValue(func() []Managed {
	return complete([]Managed{
		{Name: "AdministratorAccess", ID: "ANPAIWMBCKSKIEE64ZLYK",
			Description: "All actions on all resources."},
		{Name: "AWSCodeCommitFullAccess", ID: "ANPAI4VCZ3XPIZLQ5NZV2",
			Description: "All of CodeCommit, and one's own Git credentials."},
		{Name: "AWSCodeCommitPowerUser", ID: "ANPAI4UIINUVGB5SEC57G",
			Description: "CodeCommit without deleting repositories, and one's own Git credentials."},
		{Name: "AWSCodeCommitReadOnly", ID: "ANPAJACNSXR7Z2VLJW3D6",
			Description: "Reading and pulling from CodeCommit."},
		{Name: "IAMFullAccess", ID: "ANPAI7XKCFMBPM3QQRRVQ",
			Description: "All of IAM."},
	})
})

// introduced is the date that the built-in policies bear; it is no clock of this server.
var introduced = time.Date(2015, time.July, 9, 17, 0, 0, 0, time.UTC)

func complete(policies []Managed) []Managed {
	for i := range policies {
		m := &policies[i]
		text, err := documents.ReadFile("managed/" + m.Name + ".json")
		if err != nil {
			panic(err) // the file is compiled in or the build is broken
		}
		m.Path, m.Version, m.Created = "/", "v1", introduced
		m.Document = strings.TrimSpace(string(text))
	}
	return policies
}

// ManagedPolicies lists the policies that AWS provides, by name.
func ManagedPolicies() []Managed { return slices.Clone(builtin()) }

// ManagedByARN finds one of them.
func ManagedByARN(name string) (Managed, bool) {
	i := slices.IndexFunc(builtin(), func(m Managed) bool { return m.ARN() == name })
	if i < 0 {
		return Managed{}, false
	}
	return builtin()[i], true
}

func administrator() Managed { return builtin()[0] }
