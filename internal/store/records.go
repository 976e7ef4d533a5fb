package store

import "time"

// Times in records are UTC with microsecond resolution at the most.

// Account is a tenant, named by 12 digits.
type Account struct {
	ID, Name string
	Created  time.Time
}

// Tag is a key and a value.
type Tag struct{ Key, Value string }

// User is an IAM user.
type User struct {
	Account, Name, Path, ID string
	Boundary                string // ARN of the permissions boundary, "" for none
	Created                 time.Time
	Tags                    []Tag
}

// AccessKey is a long-term key. Secret is sealed by the seal package.
type AccessKey struct {
	ID, Account, UserID string
	Secret              []byte
	Status              string // Active or Inactive
	Created             time.Time
	LastUsed            time.Time // zero for never
	LastService         string
	LastRegion          string
}

// LastUse is when, for which service and in which region something was used.
// The zero value is never.
type LastUse struct {
	At              time.Time
	Service, Region string
}

// Group is an IAM group.
type Group struct {
	Account, Name, Path, ID string
	Created                 time.Time
}

// Role is an IAM role.
type Role struct {
	Account, Name, Path, ID string
	Description             string
	Boundary                string
	MaxSession              time.Duration
	Trust                   string            // trust policy as written
	TrustIDs                map[string]string // principal ARN in it → unique id when it was written
	Created                 time.Time
	Tags                    []Tag
}

// InstanceProfile is the holder under which a machine is given a role.
type InstanceProfile struct {
	Account, Name, Path, ID string
	RoleID                  string // unique id of the role in it, "" for none
	Created                 time.Time
	Tags                    []Tag
}

// Policy is a customer managed policy; its text is in its versions.
type Policy struct {
	Account, Name, Path, ID string
	Description             string
	DefaultVersion          string // "v1"
	LastVersion             int    // number of the newest version ever made
	Created, Updated        time.Time
	Tags                    []Tag
}

// PolicyVersion is one text of a managed policy.
type PolicyVersion struct {
	PolicyID, Version, Document string
	Created                     time.Time
}

// InlinePolicy is a policy embedded in a user, group or role.
type InlinePolicy struct{ Name, Document string }

// OIDCProvider is a registered OpenID Connect issuer. URL is without "https://".
type OIDCProvider struct {
	Account, URL string
	ClientIDs    []string
	Thumbprints  []string
	Created      time.Time
	Tags         []Tag
}

// IssuerKeys is what an OpenID Connect issuer, given by its whole URL, has last
// answered when it was asked for its keys, or what an operator has given in its place.
type IssuerKeys struct {
	Issuer  string
	Keys    []byte    // a JWK set
	Fetched time.Time // or given
}

// SAMLProvider is a registered SAML 2.0 identity provider.
type SAMLProvider struct {
	Account, Name  string
	ID             string // unique; another provider of this name has another one
	Metadata       string // as it was given
	EncryptionMode string // Required, Allowed or "" for none
	PrivateKeys    []SAMLPrivateKey
	Created        time.Time
	ValidUntil     time.Time // of Metadata
	Tags           []Tag
}

// SAMLPrivateKey decrypts assertions. Sealed is the PEM text, sealed by the seal package.
type SAMLPrivateKey struct {
	ID     string
	Sealed []byte
	Added  time.Time
}

// Directory is an LDAP directory whose people may sign in. The fields from Kind
// on are settings, whose meaning is that of the package federation/directory.
type Directory struct {
	Account, Region, ID string // ID is unique in the store
	Name                string // for people
	Created, Updated    time.Time

	Kind         string
	URLs         []string // in the order in which they are tried
	Authorities  string   // PEM, "" for those of the server
	BindDN       string
	BindPassword []byte // sealed by the seal package

	BaseDN            string
	UserFilter        string
	UserNameAttribute string
	IdentityAttribute string
	ShortName         string

	GroupBaseDN  string
	GroupFilter  string
	GroupNesting string
}

// TrustAnchor is a certificate authority, or several, whose certificates open
// sessions by IAM Roles Anywhere.
type TrustAnchor struct {
	Account, Region, ID string
	Name                string
	Enabled             bool
	Certificates        string // PEM, as it was given
	Created, Updated    time.Time
	Tags                []Tag
}

// AnywhereProfile says which roles may be asked for with a certificate, and what
// limits their sessions.
type AnywhereProfile struct {
	Account, Region, ID string
	Name                string
	Enabled             bool
	CreatedBy           string
	RoleARNs            []string
	ManagedPolicyARNs   []string
	SessionPolicy       string // "" for none
	Duration            time.Duration

	RequireInstanceProperties bool
	AcceptRoleSessionName     bool

	Mappings         []AttributeMapping
	Created, Updated time.Time
	Tags             []Tag
}

// AttributeMapping says which parts of a field of a certificate become session tags.
type AttributeMapping struct {
	Field      string // x509Subject, x509Issuer or x509SAN
	Specifiers []string
}

// CRL is a certificate revocation list of a trust anchor's authority.
type CRL struct {
	Account, Region, ID string
	Name                string
	Enabled             bool
	TrustAnchor         string // its id
	Data                []byte // as it was given
	Created, Updated    time.Time
	Tags                []Tag
}

// MFADevice is a virtual MFA device. Seed is sealed by the seal package. The
// device belongs to no user while UserID is "". It can be that of a user, or of
// a directory's person, see package federation/directory.
type MFADevice struct {
	Serial              string // its ARN
	Account, Name, Path string
	Seed                []byte
	UserID              string
	Created, Enabled    time.Time
	LastStep            int64     // the step (see package totp) of the last code accepted
	Drift               int64     // steps by which the device's clock is ahead
	Failures            int       // wrong codes since the last right one
	RetryAt             time.Time // no code is taken before
	Tags                []Tag
}

// Kinds of a Revocation.
const (
	RevokedRole     = "role"
	RevokedUser     = "user"
	RevokedAccount  = "account"
	RevokedProvider = "provider"
	RevokedKey      = "key"
)

// Revocation ends the sessions of a subject that were issued at or before a
// time; of a key all that it is used for.
type Revocation struct {
	ID, Kind, Account string
	Subject           string // unique id of a role or user, an account's id, a provider as sessions name it, an access key id
	Name              string // what was asked for, for people
	Before, Made      time.Time
	Until             time.Time // behind it nothing that it ends can be alive
	By, Reason        string
}

// RootKey is the life of one generation of the root key. A time that has not
// come is zero.
type RootKey struct {
	Generation     int
	Fingerprint    string // tells the key from any other and nothing else of it
	Announced      time.Time
	Sealing, Ended time.Time // since when it seals, and seals no more
	Retired        time.Time
}

// Repository is one repository's row. Each committed change of refs or packs
// raises Version; PackGen changes when packs leave the list; GCEpoch when
// objects do (a purge).
type Repository struct {
	ID, Account, Region, Name string
	Description               string
	Head                      string // full name of the default branch's ref, "" while there is none
	Version, GCEpoch, PackGen int64
	Created, Modified         time.Time
	Tags                      []Tag
}

// Ref is a ref and what it points to; Peeled is what a tag object points to in the end, or "".
type Ref struct{ Name, OID, Peeled string }

// RefChange is one line of the ref log. Old or New is "" for creation and deletion.
type RefChange struct {
	Version       int64
	Seq           int
	Ref, Old, New string
	Push          string
}

// Push is the record of a push that was committed: it makes a lost answer answerable.
type Push struct {
	ID, Repo string
	Version  int64
	Actor    string // the caller's ARN
	At       time.Time
	Result   string // JSON, per ref
}

// Pack is an immutable pack in the object store under repos/<Repo>/packs/<ID>
// with .pack and .idx; where the sizes are not 0, with .bitmap and .graph (git's
// commit-graph) too. ID is random and never used again.
type Pack struct {
	Repo, ID      string
	GitName       string // pack-<hash> as git calls it
	Size, IdxSize int64
	SHA256        string // hex, of the .pack
	IdxSHA256     string
	Objects       int64
	Kind          string // push, api, compact, base, unreachable
	AddedVersion  int64

	BitmapSize   int64
	BitmapSHA256 string
	GraphSize    int64
	GraphSHA256  string
	Added        int64 // Unix seconds; 0 where nobody asks
}

// PackLoad is what the packs of one repository come to.
type PackLoad struct {
	Repo           string
	Packs          int64
	Size, BaseSize int64 // bytes of all packs, and of those of kinds base and unreachable
	Objects        int64
	BaseAdded      int64 // of the youngest base, Unix seconds; 0 without one
}

// Event is one that is still to be delivered; Repo, Version and Seq tell it
// from all others.
type Event struct {
	Repo          string
	Version       int64
	Seq           int
	Kind, Payload string // kind says who delivers it
	At, Due       int64  // Unix seconds: when it happened, and before when it is not tried
	Tries         int
}

// Upload is an intent to add a pack: the sweeper deletes blobs only after it
// has marked their intent dead, and a commit needs its intent open.
type Upload struct {
	Repo, Pack string
	At         int64 // Unix seconds
}
