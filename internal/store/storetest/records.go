package storetest

import (
	"strings"
	"testing"
	"time"

	"sojourn/internal/store"
)

// recordTests: every field of every record comes back as it went in.
var recordTests = map[string]func(*testing.T, *database){
	"Account":       accountRecord,
	"User":          userRecord,
	"AccessKey":     accessKeyRecord,
	"Group":         groupRecord,
	"Role":          roleRecord,
	"Profile":       profileRecord,
	"Policy":        policyRecord,
	"PolicyVersion": policyVersionRecord,
	"OIDCProvider":  providerRecord,
	"IssuerKeys":    issuerKeysRecord,
	"GivenKeys":     givenKeysRecord,
	"MFADevice":     mfaDeviceRecord,
	"Repository":    repositoryRecord,
	"Push":          pushRecord,
	"Pack":          packRecord,
	"RefLog":        refLogRecord,
	"Empty":         emptyRecords,
	"Times":         times,
}

func accountRecord(t *testing.T, db *database) {
	a, b := fill[store.Account](1), fill[store.Account](2)
	db.update(t, func(tx store.Tx) {
		ok(t, tx.InsertAccount(b))
		ok(t, tx.InsertAccount(a))
		is(t, "InsertAccount", tx.InsertAccount(store.Account{ID: a.ID}), store.ErrExists)
	})
	db.view(t, func(tx store.Tx) {
		got, err := tx.Account(a.ID)
		equal(t, "Account", got, err, a)
		list, err := tx.Accounts()
		equal(t, "Accounts", list, err, []store.Account{a, b})
		_, err = tx.Account("absent")
		is(t, "Account", err, store.ErrNotFound)
	})
}

func userRecord(t *testing.T, db *database) {
	u, changed := fill[store.User](1), fill[store.User](2)
	changed.Account, changed.ID = u.Account, u.ID
	db.update(t, func(tx store.Tx) {
		ok(t, tx.InsertUser(u))
		got, err := tx.User(u.Account, u.Name)
		equal(t, "User", got, err, u)
		ok(t, tx.UpdateUser(changed))
	})
	db.view(t, func(tx store.Tx) {
		got, err := tx.UserByID(u.ID)
		equal(t, "UserByID", got, err, changed)
	})
}

func accessKeyRecord(t *testing.T, db *database) {
	k, changed := fill[store.AccessKey](1), fill[store.AccessKey](2)
	changed.ID, changed.Account, changed.UserID, changed.Created = k.ID, k.Account, k.UserID, k.Created
	db.update(t, func(tx store.Tx) {
		ok(t, tx.InsertUser(store.User{Account: account, Name: "u", ID: k.UserID}))
		ok(t, tx.InsertAccessKey(k))
		is(t, "InsertAccessKey", tx.InsertAccessKey(k), store.ErrExists)
		got, err := tx.AccessKey(k.ID)
		equal(t, "AccessKey", got, err, k)
		ok(t, tx.UpdateAccessKey(changed))
	})
	db.update(t, func(tx store.Tx) {
		list, err := tx.AccessKeys(k.UserID)
		equal(t, "AccessKeys", list, err, []store.AccessKey{changed})
		ok(t, tx.DeleteAccessKey(k.ID))
		is(t, "DeleteAccessKey", tx.DeleteAccessKey(k.ID), store.ErrNotFound)
		is(t, "UpdateAccessKey", tx.UpdateAccessKey(k), store.ErrNotFound)
		_, err = tx.AccessKey(k.ID)
		is(t, "AccessKey", err, store.ErrNotFound)
	})
}

func groupRecord(t *testing.T, db *database) {
	g, changed := fill[store.Group](1), fill[store.Group](2)
	changed.Account, changed.ID = g.Account, g.ID
	db.update(t, func(tx store.Tx) {
		ok(t, tx.InsertGroup(g))
		got, err := tx.Group(g.Account, g.Name)
		equal(t, "Group", got, err, g)
		ok(t, tx.UpdateGroup(changed))
		got, err = tx.Group(g.Account, changed.Name)
		equal(t, "Group", got, err, changed)
	})
}

func roleRecord(t *testing.T, db *database) {
	r, changed := fill[store.Role](1), fill[store.Role](2)
	changed.Account, changed.ID = r.Account, r.ID
	db.update(t, func(tx store.Tx) {
		ok(t, tx.InsertRole(r))
		got, err := tx.Role(r.Account, r.Name)
		equal(t, "Role", got, err, r)
		ok(t, tx.UpdateRole(changed))
	})
	db.view(t, func(tx store.Tx) {
		got, err := tx.RoleByID(r.ID)
		equal(t, "RoleByID", got, err, changed)
	})
}

func profileRecord(t *testing.T, db *database) {
	p, changed := fill[store.InstanceProfile](1), fill[store.InstanceProfile](2)
	changed.Account, changed.ID = p.Account, p.ID
	db.update(t, func(tx store.Tx) {
		ok(t, tx.InsertRole(store.Role{Account: account, Name: "one", ID: p.RoleID}))
		ok(t, tx.InsertRole(store.Role{Account: account, Name: "two", ID: changed.RoleID}))
		ok(t, tx.InsertInstanceProfile(p))
		got, err := tx.InstanceProfile(p.Account, p.Name)
		equal(t, "InstanceProfile", got, err, p)
		ok(t, tx.UpdateInstanceProfile(changed))
		got, err = tx.InstanceProfile(p.Account, changed.Name)
		equal(t, "InstanceProfile", got, err, changed)
	})
}

func policyRecord(t *testing.T, db *database) {
	p, changed := fill[store.Policy](1), fill[store.Policy](2)
	changed.Account, changed.ID = p.Account, p.ID
	db.update(t, func(tx store.Tx) {
		ok(t, tx.InsertPolicy(p))
		got, err := tx.Policy(p.Account, p.Name)
		equal(t, "Policy", got, err, p)
		ok(t, tx.UpdatePolicy(changed))
		got, err = tx.Policy(p.Account, changed.Name)
		equal(t, "Policy", got, err, changed)
	})
}

func policyVersionRecord(t *testing.T, db *database) {
	v, changed := fill[store.PolicyVersion](1), fill[store.PolicyVersion](2)
	changed.PolicyID, changed.Version = v.PolicyID, v.Version
	db.update(t, func(tx store.Tx) {
		ok(t, tx.InsertPolicy(store.Policy{ID: v.PolicyID, Account: account, Name: "p"}))
		ok(t, tx.PutPolicyVersion(v))
		got, err := tx.PolicyVersion(v.PolicyID, v.Version)
		equal(t, "PolicyVersion", got, err, v)
		ok(t, tx.PutPolicyVersion(changed))
		got, err = tx.PolicyVersion(v.PolicyID, v.Version)
		equal(t, "PolicyVersion", got, err, changed)
	})
}

func mfaDeviceRecord(t *testing.T, db *database) {
	d, changed := fill[store.MFADevice](1), fill[store.MFADevice](2)
	changed.Serial, changed.Account, changed.Name, changed.Path = d.Serial, d.Account, d.Name, d.Path
	another := store.MFADevice{Serial: "B", Account: d.Account, Name: "zz", Path: "/"}
	db.update(t, func(tx store.Tx) {
		ok(t, tx.InsertMFADevice(d))
		is(t, "the serial number", tx.InsertMFADevice(store.MFADevice{Serial: d.Serial, Account: other, Name: "x"}), store.ErrExists)
		is(t, "the name in other case", tx.InsertMFADevice(store.MFADevice{Serial: "C", Account: d.Account, Name: strings.ToUpper(d.Name)}), store.ErrExists)
		got, err := tx.MFADevice(d.Serial)
		equal(t, "MFADevice", got, err, d)
		ok(t, tx.InsertMFADevice(another))
		ok(t, tx.UpdateMFADevice(changed))
		is(t, "UpdateMFADevice", tx.UpdateMFADevice(store.MFADevice{Serial: "C"}), store.ErrNotFound)
	})
	db.update(t, func(tx store.Tx) {
		list, err := tx.MFADevices(d.Account, store.Page{})
		equal(t, "MFADevices", list, err, []store.MFADevice{changed, another})
		list, err = tx.MFADevices(d.Account, store.Page{After: d.Name, Limit: 1})
		equal(t, "MFADevices", list, err, []store.MFADevice{another})
		list, err = tx.MFADevicesOf(changed.UserID)
		equal(t, "MFADevicesOf", list, err, []store.MFADevice{changed})
		ok(t, tx.DeleteMFADevice(d.Serial))
		is(t, "DeleteMFADevice", tx.DeleteMFADevice(d.Serial), store.ErrNotFound)
		_, err = tx.MFADevice(d.Serial)
		is(t, "MFADevice", err, store.ErrNotFound)
	})
}

func providerRecord(t *testing.T, db *database) {
	p, changed := fill[store.OIDCProvider](1), fill[store.OIDCProvider](2)
	changed.Account, changed.URL = p.Account, p.URL
	before := store.OIDCProvider{Account: p.Account, URL: "A"}
	db.update(t, func(tx store.Tx) {
		ok(t, tx.InsertOIDCProvider(p))
		is(t, "InsertOIDCProvider", tx.InsertOIDCProvider(p), store.ErrExists)
		got, err := tx.OIDCProvider(p.Account, p.URL)
		equal(t, "OIDCProvider", got, err, p)
		ok(t, tx.UpdateOIDCProvider(changed))
		ok(t, tx.InsertOIDCProvider(before))
		ok(t, tx.InsertOIDCProvider(store.OIDCProvider{Account: other, URL: p.URL}))
		is(t, "UpdateOIDCProvider", tx.UpdateOIDCProvider(store.OIDCProvider{Account: other, URL: "A"}), store.ErrNotFound)
	})
	db.update(t, func(tx store.Tx) {
		list, err := tx.OIDCProviders(p.Account)
		equal(t, "OIDCProviders", list, err, []store.OIDCProvider{before, changed})
		ok(t, tx.DeleteOIDCProvider(p.Account, p.URL))
		is(t, "DeleteOIDCProvider", tx.DeleteOIDCProvider(p.Account, p.URL), store.ErrNotFound)
		_, err = tx.OIDCProvider(p.Account, p.URL)
		is(t, "OIDCProvider", err, store.ErrNotFound)
		_, err = tx.OIDCProvider(other, p.URL)
		ok(t, err)
	})
}

func issuerKeysRecord(t *testing.T, db *database) {
	k := fill[store.IssuerKeys](1)
	changed, another := k, store.IssuerKeys{Issuer: "another", Keys: []byte("{}"), Fetched: epoch}
	changed.Keys, changed.Fetched = []byte("later"), k.Fetched.Add(time.Second)
	db.update(t, func(tx store.Tx) {
		_, err := tx.IssuerKeys(k.Issuer)
		is(t, "IssuerKeys", err, store.ErrNotFound)
		ok(t, tx.PutIssuerKeys(k))
		got, err := tx.IssuerKeys(k.Issuer)
		equal(t, "IssuerKeys", got, err, k)
		ok(t, tx.PutIssuerKeys(changed))
		ok(t, tx.PutIssuerKeys(another))
	})
	db.update(t, func(tx store.Tx) {
		ok(t, tx.PutIssuerKeys(k)) // is the earlier one
		got, err := tx.IssuerKeys(k.Issuer)
		equal(t, "IssuerKeys", got, err, changed)
		ok(t, tx.DropIssuerKeys(changed.Fetched))
		got, err = tx.IssuerKeys(k.Issuer)
		equal(t, "IssuerKeys", got, err, changed)
		_, err = tx.IssuerKeys(another.Issuer)
		is(t, "IssuerKeys", err, store.ErrNotFound)
	})
}

func givenKeysRecord(t *testing.T, db *database) {
	k, changed := fill[store.IssuerKeys](2), fill[store.IssuerKeys](1) // the clock was set back in between
	changed.Issuer = k.Issuer
	db.update(t, func(tx store.Tx) {
		ok(t, tx.GiveIssuerKeys(k))
		got, err := tx.GivenIssuerKeys(k.Issuer)
		equal(t, "GivenIssuerKeys", got, err, k)
		ok(t, tx.GiveIssuerKeys(changed))
		_, err = tx.IssuerKeys(k.Issuer)
		is(t, "IssuerKeys", err, store.ErrNotFound)
		ok(t, tx.DropIssuerKeys(k.Fetched.Add(time.Hour)))
	})
	db.update(t, func(tx store.Tx) {
		got, err := tx.GivenIssuerKeys(k.Issuer)
		equal(t, "GivenIssuerKeys", got, err, changed)
		ok(t, tx.RemoveGivenIssuerKeys(k.Issuer))
		is(t, "RemoveGivenIssuerKeys", tx.RemoveGivenIssuerKeys(k.Issuer), store.ErrNotFound)
		_, err = tx.GivenIssuerKeys(k.Issuer)
		is(t, "GivenIssuerKeys", err, store.ErrNotFound)
	})
}

func repositoryRecord(t *testing.T, db *database) {
	r, changed := fill[store.Repository](1), fill[store.Repository](2)
	changed.ID, changed.Account, changed.Region = r.ID, r.Account, r.Region
	db.update(t, func(tx store.Tx) {
		ok(t, tx.InsertRepository(r))
		got, err := tx.Repository(r.Account, r.Region, r.Name)
		equal(t, "Repository", got, err, r)
		got, err = tx.LockRepository(r.ID)
		equal(t, "LockRepository", got, err, r)
		ok(t, tx.UpdateRepository(changed))
	})
	db.view(t, func(tx store.Tx) {
		got, err := tx.RepositoryByID(r.ID)
		equal(t, "RepositoryByID", got, err, changed)
	})
}

func pushRecord(t *testing.T, db *database) {
	p := fill[store.Push](1)
	db.update(t, func(tx store.Tx) {
		ok(t, tx.InsertPush(p))
		is(t, "InsertPush", tx.InsertPush(store.Push{ID: p.ID}), store.ErrExists)
	})
	db.view(t, func(tx store.Tx) {
		got, err := tx.Push(p.ID)
		equal(t, "Push", got, err, p)
		_, err = tx.Push("absent")
		is(t, "Push", err, store.ErrNotFound)
	})
}

func packRecord(t *testing.T, db *database) {
	p := fill[store.Pack](1)
	db.update(t, func(tx store.Tx) {
		ok(t, tx.InsertRepository(repository(p.Repo, "demo")))
		ok(t, tx.InsertPack(p))
		is(t, "InsertPack", tx.InsertPack(p), store.ErrExists)
		list, err := tx.Packs(p.Repo)
		equal(t, "Packs", list, err, []store.Pack{p})
	})
}

func refLogRecord(t *testing.T, db *database) {
	c := fill[store.RefChange](1)
	db.update(t, func(tx store.Tx) {
		ok(t, tx.InsertRepository(repository("r-1", "demo")))
		ok(t, tx.AppendRefLog("r-1", []store.RefChange{c}))
		list, err := tx.RefLogSince("r-1", 0)
		equal(t, "RefLogSince", list, err, []store.RefChange{c})
	})
}

// Zero values, empty lists and maps come back as zero values and nil.
func emptyRecords(t *testing.T, db *database) {
	user := store.User{ID: "AIDA", Tags: []store.Tag{}}
	role := store.Role{ID: "AROA", Tags: []store.Tag{}, TrustIDs: map[string]string{}}
	provider := store.OIDCProvider{URL: "u", ClientIDs: []string{}, Thumbprints: []string{}, Tags: []store.Tag{}}
	db.update(t, func(tx store.Tx) {
		ok(t, tx.InsertUser(user))
		ok(t, tx.InsertRole(role))
		ok(t, tx.InsertOIDCProvider(provider))
		ok(t, tx.InsertRepository(store.Repository{ID: "r"}))
		ok(t, tx.InsertAccessKey(store.AccessKey{ID: "AKIA", UserID: "AIDA", Secret: []byte{1}}))
	})
	db.view(t, func(tx store.Tx) {
		u, err := tx.UserByID("AIDA")
		equal(t, "UserByID", u, err, store.User{ID: "AIDA"})
		r, err := tx.RoleByID("AROA")
		equal(t, "RoleByID", r, err, store.Role{ID: "AROA"})
		p, err := tx.OIDCProvider("", "u")
		equal(t, "OIDCProvider", p, err, store.OIDCProvider{URL: "u"})
		repo, err := tx.RepositoryByID("r")
		equal(t, "RepositoryByID", repo, err, store.Repository{ID: "r"})
		k, err := tx.AccessKey("AKIA")
		equal(t, "AccessKey", k, err, store.AccessKey{ID: "AKIA", UserID: "AIDA", Secret: []byte{1}})
	})
}

// Times come back in UTC and cut to the microsecond.
func times(t *testing.T, db *database) {
	zone := time.FixedZone("", 3600)
	for id, test := range map[string]struct{ in, out time.Time }{
		"zone":   {epoch.In(zone), epoch},
		"nanos":  {epoch.Add(999), epoch},
		"before": {time.Date(1901, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(1901, 1, 1, 0, 0, 0, 0, time.UTC)},
		"late":   {time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)},
		"never":  {time.Time{}, time.Time{}},
	} {
		db.update(t, func(tx store.Tx) {
			ok(t, tx.InsertAccount(store.Account{ID: id, Created: test.in}))
			a, err := tx.Account(id)
			equal(t, "created "+id, a.Created, err, test.out)
		})
	}
}
