// Package store is the port to the metadata store: accounts, IAM, and of each
// repository the refs and the list of packs. Drivers (sqlite, later postgres)
// hold no rule; the rules are in the domain, inside one transaction.
//
// Every driver runs the suite in storetest.
package store

import (
	"context"
	"errors"
	"time"
)

// VersionAge bounds how long Version may not know of what another process did.
const VersionAge = time.Second

// ErrNotFound is returned, perhaps wrapped, where one row was asked for and is not there.
var ErrNotFound = errors.New("not found")

// ErrExists is returned, perhaps wrapped, by an Insert whose key is taken.
var ErrExists = errors.New("already exists")

// ErrDisk says that the store cannot write, because its disk is full or
// read-only, and that nothing of the transaction was committed. It is Unavailable:
// when somebody has made room, it will do.
var ErrDisk error = disk{}

type disk struct{ unavailable }

func (disk) Error() string { return "the store cannot write to its disk" }

// Advice is what a caller is told.
func (disk) Advice() string {
	return "The server cannot write to its disk, which is full or read-only; nothing was changed. Tell its administrator, and try again later."
}

// ErrUnavailable is wrapped in the error of a View, an Update or a Ping that the
// database could not be reached for, or not in time. Later it may be.
var ErrUnavailable error = unavailable{}

type unavailable struct{}

func (unavailable) Error() string { return "the metadata store cannot be reached" }

// Unavailable tells who knows no store that the fault is not of this program.
func (unavailable) Unavailable() bool { return true }

// Store runs transactions. It is safe for concurrent use.
type Store interface {
	// View runs f on one consistent snapshot, which holds every Update that had
	// returned when View was called. f must not write; if it does, that fails.
	View(ctx context.Context, f func(Tx) error) error

	// Update runs f in a serializable transaction and commits it durably when
	// f returns nil; when Update returns nil the change survives a power loss.
	// An error of f rolls everything back and is returned as it is.
	// f may be run more than once and so may have no effect but through its Tx.
	// It may not call Update, which would wait for itself, and its Tx is of no
	// use after it.
	//
	// Updates that run at the same time may be committed together; that one of
	// them fails, panics or is cancelled is no matter to the others. When ctx
	// ends before f has returned, nothing is changed.
	Update(ctx context.Context, f func(Tx) error) error

	// Version is a number that grows with each change: when an Update of this
	// Store returns it has grown, and within VersionAge of one of another
	// process. As long as it is the same, a View sees what it saw before.
	// It may grow without a change, and does so while the store cannot tell.
	Version() uint64

	// Now is Version at this moment, for every process: as long as it is the same,
	// nobody has committed anything. It is false where only a View could tell.
	Now() (version uint64, exact bool)

	// Ping says whether the store can serve now.
	Ping(ctx context.Context) error

	Close() error
}

// Glance is View for an f that needs one statement at most, mostly. It may run f
// once more, which so may have no effect but its result.
func Glance(ctx context.Context, s Store, f func(Tx) error) error {
	if g, ok := s.(Glancer); ok {
		return g.Glance(ctx, f)
	}
	return s.View(ctx, f)
}

// Glancer is a Store to which a transaction costs more than a statement does.
type Glancer interface {
	// Glance is what the function says: without a transaction as long as f needs none.
	Glance(ctx context.Context, f func(Tx) error) error
}

// Tx is everything a transaction can do, by owner. Domain packages should ask
// for the smallest part that they use.
//
// Unless a method says otherwise, to read, change or delete one row that is
// not there is ErrNotFound, and to insert one whose key is taken is ErrExists.
// These are answers: the transaction can go on behind them. Any other error
// ends it, and it will not be committed even when f returns nil. Methods that
// take or give several rows take and give none without an error.
//
// Records come back as they went in, except that times are UTC and cut to the
// microsecond, and that empty lists and maps are nil. An Update method finds its
// row by ID (a provider by account and URL or name) and never changes its account,
// region, owner or, of an access key, creation.
type Tx interface {
	AccountTx
	UserTx
	GroupTx
	RoleTx
	ProfileTx
	PolicyTx
	ProviderTx
	IssuerKeysTx
	SAMLTx
	DirectoryTx
	AnywhereTx
	MFATx
	RevocationTx
	RootKeyTx
	RepositoryTx
	RefTx
	PackTx
	MaintenanceTx
	EventTx
}

// Page asks for a part of a list ordered by its key (names compare by their
// lower-case form for IAM, byte by byte for repositories and refs).
type Page struct {
	Prefix string // only entries whose path (IAM) or name (others) begins so
	After  string // only entries behind this key; "" from the start
	Limit  int    // at most so many; 0 for all
}

// AccountTx owns the accounts and their aliases. An account has one alias at
// most, and an alias is of one account of the whole store.
type AccountTx interface {
	InsertAccount(Account) error // ErrExists
	Account(id string) (Account, error)
	Accounts() ([]Account, error) // by id

	InsertAccountAlias(account, alias string) error // ErrExists also when the account has one; it must exist
	AccountAlias(account string) (string, error)
	DeleteAccountAlias(account string) error
}

// UserTx owns users and their access keys. Names are unique in an account
// without regard to case; they are kept as given.
type UserTx interface {
	InsertUser(User) error // ErrExists
	User(account, name string) (User, error)
	UserByID(id string) (User, error)
	Users(account string, p Page) ([]User, error)
	UpdateUser(User) error           // by ID; ErrNotFound, ErrExists on a name taken
	DeleteUser(id string) error      // ErrNotFound
	InsertAccessKey(AccessKey) error // its user must exist
	AccessKey(id string) (AccessKey, error)
	AccessKeys(userID string) ([]AccessKey, error) // by creation
	UpdateAccessKey(AccessKey) error
	DeleteAccessKey(id string) error
	// TouchAccessKey writes a use that is later than the one which is written.
	// One that is not, or of a key that is not there, changes nothing.
	TouchAccessKey(id string, u LastUse) error
}

// GroupTx owns groups and who is in them.
type GroupTx interface {
	InsertGroup(Group) error
	Group(account, name string) (Group, error)
	Groups(account string, p Page) ([]Group, error)
	UpdateGroup(Group) error
	DeleteGroup(id string) error
	AddMember(groupID, userID string) error    // idempotent; both must exist
	RemoveMember(groupID, userID string) error // ErrNotFound
	GroupsOf(userID string) ([]Group, error)   // by name
	Members(groupID string) ([]User, error)    // by name
}

// RoleTx owns roles.
type RoleTx interface {
	InsertRole(Role) error
	Role(account, name string) (Role, error)
	RoleByID(id string) (Role, error)
	Roles(account string, p Page) ([]Role, error)
	UpdateRole(Role) error
	DeleteRole(id string) error // and its last use
	// TouchRole is to a role what TouchAccessKey is to a key.
	TouchRole(id string, u LastUse) error
	RoleLastUse(id string) (LastUse, error) // the zero value for never, also of a role that is not there
}

// ProfileTx owns instance profiles. One can hold a role, which must exist and
// cannot be deleted as long as it is in one.
type ProfileTx interface {
	InsertInstanceProfile(InstanceProfile) error
	InstanceProfile(account, name string) (InstanceProfile, error)
	InstanceProfiles(account string, p Page) ([]InstanceProfile, error)
	InstanceProfilesOf(roleID string) ([]InstanceProfile, error) // by name
	UpdateInstanceProfile(InstanceProfile) error
	DeleteInstanceProfile(id string) error
}

// PolicyTx owns managed policies, inline policies and attachments. An owner is
// the unique id of a user, group or role.
type PolicyTx interface {
	InsertPolicy(Policy) error
	Policy(account, name string) (Policy, error)
	Policies(account string, p Page) ([]Policy, error)
	UpdatePolicy(Policy) error
	DeletePolicy(id string) error         // and its versions
	PutPolicyVersion(PolicyVersion) error // replaces; its policy must exist
	PolicyVersion(policyID, version string) (PolicyVersion, error)
	PolicyVersions(policyID string) ([]PolicyVersion, error) // by creation
	DeletePolicyVersion(policyID, version string) error

	PutInlinePolicy(owner, name, document string) error // replaces
	InlinePolicy(owner, name string) (string, error)
	InlinePolicies(owner string) ([]InlinePolicy, error) // by name, byte by byte
	DeleteInlinePolicy(owner, name string) error

	Attach(owner, policyARN string) error                   // idempotent
	Detach(owner, policyARN string) error                   // ErrNotFound
	Attachments(owner string) ([]string, error)             // by ARN
	AttachedTo(account, policyARN string) ([]string, error) // owners of that account
}

// ProviderTx owns OpenID Connect providers.
type ProviderTx interface {
	InsertOIDCProvider(OIDCProvider) error
	OIDCProvider(account, url string) (OIDCProvider, error)
	OIDCProviders(account string) ([]OIDCProvider, error)
	UpdateOIDCProvider(OIDCProvider) error
	DeleteOIDCProvider(account, url string) error
}

// IssuerKeysTx owns the last good key set of each OpenID Connect issuer. It is
// of no account, since an issuer's keys are the same for all, and says nothing
// about who has registered the issuer.
type IssuerKeysTx interface {
	// PutIssuerKeys replaces a set that was fetched before k; a later one stays.
	PutIssuerKeys(k IssuerKeys) error
	IssuerKeys(issuer string) (IssuerKeys, error)
	DropIssuerKeys(before time.Time) error // sets that were fetched before it

	// The set that an operator has given for an issuer is another one.
	GiveIssuerKeys(k IssuerKeys) error // replaces
	GivenIssuerKeys(issuer string) (IssuerKeys, error)
	RemoveGivenIssuerKeys(issuer string) error
}

// SAMLTx owns SAML providers and the assertions that were used. Names are unique
// in an account without regard to case, but a provider is found only by its name
// as it was given.
type SAMLTx interface {
	InsertSAMLProvider(SAMLProvider) error
	SAMLProvider(account, name string) (SAMLProvider, error)
	SAMLProviders(account string) ([]SAMLProvider, error) // by name, without regard to case
	UpdateSAMLProvider(SAMLProvider) error
	DeleteSAMLProvider(account, name string) error

	// UseAssertion notes that an assertion was used; ErrExists when it was
	// already. It is remembered until ForgetAssertions is called with a later time.
	UseAssertion(assertion string, expires time.Time) error
	ForgetAssertions(before time.Time) error
}

// DirectoryTx owns LDAP directories. Names are unique in an account without
// regard to case.
type DirectoryTx interface {
	InsertDirectory(Directory) error
	Directory(account, id string) (Directory, error)
	Directories(account string) ([]Directory, error) // by name, without regard to case
	UpdateDirectory(Directory) error                 // ErrExists on a name taken; its region and creation stay
	DeleteDirectory(account, id string) error
}

// AnywhereTx owns what IAM Roles Anywhere trusts: trust anchors, profiles and
// certificate revocation lists. They are of an account and a region, are found
// by their ids and listed by them, byte by byte; names need not be unique.
type AnywhereTx interface {
	InsertTrustAnchor(TrustAnchor) error
	TrustAnchor(account, region, id string) (TrustAnchor, error)
	TrustAnchors(account, region string, p Page) ([]TrustAnchor, error)
	UpdateTrustAnchor(TrustAnchor) error
	DeleteTrustAnchor(account, region, id string) error // and its revocation lists

	InsertAnywhereProfile(AnywhereProfile) error
	AnywhereProfile(account, region, id string) (AnywhereProfile, error)
	AnywhereProfiles(account, region string, p Page) ([]AnywhereProfile, error)
	UpdateAnywhereProfile(AnywhereProfile) error
	DeleteAnywhereProfile(account, region, id string) error

	InsertCRL(CRL) error // its trust anchor must exist
	CRL(account, region, id string) (CRL, error)
	CRLs(account, region string, p Page) ([]CRL, error)
	CRLsOf(account, region, trustAnchor string) ([]CRL, error)
	UpdateCRL(CRL) error // its trust anchor stays
	DeleteCRL(account, region, id string) error
}

// MFATx owns virtual MFA devices. Names are unique in an account without regard to case.
type MFATx interface {
	InsertMFADevice(MFADevice) error
	MFADevice(serial string) (MFADevice, error)
	MFADevices(account string, p Page) ([]MFADevice, error)
	MFADevicesOf(userID string) ([]MFADevice, error) // by serial
	UpdateMFADevice(MFADevice) error                 // by serial; its name and path stay
	DeleteMFADevice(serial string) error
}

// RevocationTx owns what ends sessions before their time. Several may be about
// one subject; each stands by itself.
type RevocationTx interface {
	InsertRevocation(Revocation) error
	Revocations() ([]Revocation, error) // of all accounts, by Made and ID
	DeleteRevocation(id string) error
	DropRevocations(before time.Time) error // those whose Until is before it
}

// RootKeyTx owns what is known of the root keys, of which the store never has one.
type RootKeyTx interface {
	PutRootKey(RootKey) error     // replaces
	RootKeys() ([]RootKey, error) // by generation
	DeleteRootKey(generation int) error
}

// RepositoryTx owns the repositories' own rows.
type RepositoryTx interface {
	InsertRepository(Repository) error // ErrExists on (account, region, name)
	Repository(account, region, name string) (Repository, error)
	RepositoryByID(id string) (Repository, error)
	// LockRepository is RepositoryByID; until the transaction ends no other may lock the same one.
	LockRepository(id string) (Repository, error)
	Repositories(account, region string, p Page) ([]Repository, error)
	CountRepositories(account, region string) (int, error)
	UpdateRepository(Repository) error
	// DeleteRepository removes the row, its refs and its log, and moves its packs
	// to the trash. Pushes and upload intents stay.
	DeleteRepository(id string, now int64) error
}

// RefTx owns refs and the log of their changes. HEAD is Repository.Head.
type RefTx interface {
	Refs(repo string, p Page) ([]Ref, error)
	RefsNamed(repo string, names []string) (map[string]Ref, error) // absent ones are left out
	PutRefs(repo string, refs []Ref) error                         // insert or replace; names differ
	DeleteRefs(repo string, names []string) error                  // absent ones are no error
	// ConflictingRefs returns refs that cannot exist beside name: a prefix
	// directory of it ("refs/heads/a" beside "refs/heads/a/b") or below it.
	ConflictingRefs(repo, name string) ([]string, error)
	// AppendRefLog adds lines; ErrExists when one of them is there, and then the
	// transaction must be given up.
	AppendRefLog(repo string, changes []RefChange) error
	RefLogSince(repo string, version int64) ([]RefChange, error) // of later versions, by version and sequence
	InsertPush(Push) error                                       // ErrExists
	Push(id string) (Push, error)
}

// PackTx owns the list of packs, the upload intents and the trash.
type PackTx interface {
	Packs(repo string) ([]Pack, error) // in order of adding
	InsertPack(Pack) error
	// DeletePacks moves packs to the trash; ErrNotFound when one of them is not
	// in the list, and then the transaction must be given up.
	DeletePacks(repo string, ids []string, now int64) error

	// AccountBytes is what the blobs of the packs of all of an account's
	// repositories come to.
	AccountBytes(account string) (int64, error)

	OpenUpload(Upload) error
	// ConsumeUpload deletes an open intent; ErrNotFound when it is dead or gone.
	ConsumeUpload(repo, pack string) error
	// KillUploads marks intents older than before as dead and returns all dead ones.
	KillUploads(before int64) ([]Upload, error)
	DeleteUpload(repo, pack string) error // open or dead; idempotent
	// Trash lists blobs put in the trash before a time, the oldest first, limit
	// as in Page; EmptyTrash forgets one and is idempotent.
	Trash(before int64, limit int) ([]Upload, error)
	EmptyTrash(repo, pack string) error
}

// MaintenanceTx owns what the upkeep of repositories needs to know.
type MaintenanceTx interface {
	// TakeLease gives owner a lease, or prolongs its own, until a time; ErrExists
	// when another's has not ended at now. Times are Unix seconds. A lease spares
	// work; nothing may depend on its being held.
	TakeLease(name, owner string, now, until int64) error
	Lease(name string) (owner string, until int64, err error)
	DropLease(name, owner string) error // idempotent; another's stays

	// PackLoads tells of each repository that has packs, by id.
	PackLoads() ([]PackLoad, error)
	// AllRepositories lists those of all accounts by id, behind after; limit as in Page.
	AllRepositories(after string, limit int) ([]Repository, error)
	// Uploads lists intents, open and dead, of one repository.
	Uploads(repo string) ([]Upload, error)
	// Trashed lists one repository's packs in the trash.
	Trashed(repo string) ([]Upload, error)
	// StoreCounts counts intents and packs in the trash, of all repositories.
	StoreCounts() (uploads, trash int64, err error)
}

// EventTx owns the events that are still to be delivered.
type EventTx interface {
	AppendEvents(events []Event) error // ErrExists when one is there, and then the transaction must be given up
	// DueEvents lists events of a kind: repositories as their oldest event is old,
	// the events of each in order. One that is not due at now holds back all of its repository.
	DueEvents(kind string, now int64, limit int) ([]Event, error)
	// DelayEvent notes that a delivery failed, and when to try again.
	DelayEvent(repo string, version int64, seq int, due int64, tries int) error
	DeleteEvent(repo string, version int64, seq int) error // idempotent
	CountEvents(kind string) (n, oldest int64, err error)  // oldest is the least At, 0 for none
}
