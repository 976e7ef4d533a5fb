package rolesanywhere_test

import (
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sojourn/internal/audit"
	"sojourn/internal/authn"
	"sojourn/internal/gate"
	"sojourn/internal/principal"
	"sojourn/internal/rolesanywhere"
	"sojourn/internal/rolesanywhere/pkitest"
	"sojourn/internal/seal"
	"sojourn/internal/server/event"
	"sojourn/internal/server/rolesanywhereapi"
	"sojourn/internal/sigv4"
	"sojourn/internal/store"
	"sojourn/internal/store/sqlite"
	"sojourn/internal/sts"
	wire "sojourn/internal/wire/rolesanywherewire"
)

const (
	here   = "111122223333"
	there  = "444455556666"
	region = "eu-central-1"
	role   = "arn:aws:iam::" + here + ":role/Builder"
)

var noon = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

// records keeps what the gate records.
type records struct {
	mu   sync.Mutex
	list []audit.Record
}

func (r *records) Record(one audit.Record) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	one.Params = maps.Clone(one.Params)
	r.list = append(r.list, one)
	return nil
}

func (r *records) last() audit.Record { return r.list[len(r.list)-1] }

// world is the service behind its door, over a real store, gate and STS, with
// one trust anchor, one profile and the role Builder.
type world struct {
	*rolesanywhere.Service
	t       *testing.T
	db      store.Store
	keys    *seal.Keyring
	log     *records
	door    http.Handler
	time    time.Time
	root    *pkitest.Pair
	anchor  string // ARN
	anchorN string // id
	profile string
	profilN string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	dir := t.TempDir()
	db, err := sqlite.Open(t.Context(), filepath.Join(dir, "metadata.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	keys, err := seal.CreateKeyring(filepath.Join(dir, "root.key"))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, db: db, keys: keys, log: &records{}, time: noon, root: root}
	now := func() time.Time { return w.time }
	guard := gate.New(db, w.log)
	sessions := sts.New(sts.Options{Store: db, Gate: guard, Keys: keys, Now: now,
		Sessions: &authn.Authenticator{Keys: keys, Store: db, Region: region, Now: now}})
	w.Service = rolesanywhere.New(rolesanywhere.Options{Store: db, Gate: guard, Sessions: sessions, Region: region, Now: now})
	w.door = rolesanywhereapi.NewSessions(rolesanywhereapi.Options{Domain: w.Service, Records: guard, Region: region, Now: now, Log: slog.New(slog.DiscardHandler)})
	w.update(func(tx store.Tx) error {
		return errors.Join(tx.InsertAccount(store.Account{ID: here}), tx.InsertAccount(store.Account{ID: there}))
	})
	w.anchorN = w.newAnchor(w.root)
	w.anchor = w.arn("trust-anchor", w.anchorN)
	w.role(trust(w.anchor))
	p := must(w.CreateProfile(t.Context(), w.admin(here), &wire.CreateProfileInput{Name: new("p"), Enabled: new(true), RoleArns: []string{role}, DurationSeconds: new(int64(7200))}))(t)
	w.profilN, w.profile = *p.Profile.ProfileId, *p.Profile.ProfileArn
	return w
}

// Authorities are made once: keys cost time.
var (
	root    = pkitest.Root(noon, "Example Root")
	sub     = root.Sub("Example Issuing")
	machine = root.Machine("build-1.example.com")
)

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func (w *world) arn(kind, id string) string {
	return "arn:aws:rolesanywhere:" + region + ":" + here + ":" + kind + "/" + id
}

func (w *world) newAnchor(p *pkitest.Pair) string {
	w.t.Helper()
	a := must(w.CreateTrustAnchor(w.t.Context(), w.admin(here), &wire.CreateTrustAnchorInput{Name: new("a"), Enabled: new(true), Source: source(p)}))(w.t)
	return *a.TrustAnchor.TrustAnchorId
}

func source(p *pkitest.Pair) *wire.Source {
	return &wire.Source{SourceType: new("CERTIFICATE_BUNDLE"), SourceData: &wire.SourceData{X509CertificateData: new(p.PEM())}}
}

func (w *world) update(f func(store.Tx) error) {
	w.t.Helper()
	if err := w.db.Update(w.t.Context(), f); err != nil {
		w.t.Fatal(err)
	}
}

// admin is the root of an account.
func (w *world) admin(account string) *principal.Caller {
	return &principal.Caller{Session: principal.Session{Kind: principal.Root, Account: account, ID: account}, Temporary: true, RequestID: "r", Time: w.time, Region: region}
}

// user is a user with one policy.
func (w *world) user(name, policy string) *principal.Caller {
	w.t.Helper()
	id := "AIDA" + strings.ToUpper(name + strings.Repeat("A", 17))[:17]
	w.update(func(tx store.Tx) error {
		return errors.Join(tx.InsertUser(store.User{Account: here, Name: name, Path: "/", ID: id}), tx.PutInlinePolicy(id, "p", policy))
	})
	return &principal.Caller{Session: principal.Session{Kind: principal.User, Account: here, ID: id, Name: name, Path: "/"}, RequestID: "r", Time: w.time, Region: region}
}

// role makes or replaces the role Builder.
func (w *world) role(trust string) {
	w.t.Helper()
	r := store.Role{Account: here, Name: "Builder", Path: "/", ID: "AROABUILDERAAAAAAAAAA", MaxSession: 2 * time.Hour, Trust: trust}
	w.update(func(tx store.Tx) error {
		if _, err := tx.Role(here, "Builder"); err == nil {
			return tx.UpdateRole(r)
		}
		return tx.InsertRole(r)
	})
}

func trust(anchor string, more ...string) string {
	condition := `"ArnEquals":{"aws:SourceArn":"` + anchor + `"}`
	for _, m := range more {
		condition += "," + m
	}
	return trustBy(condition)
}

func trustBy(condition string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"rolesanywhere.amazonaws.com"},` +
		`"Action":["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"],"Condition":{` + condition + `}}]}`
}

// call is one CreateSession on its way: what is signed, with what, and what
// happens to the request behind the signature.
type call struct {
	body   map[string]any
	query  string
	chain  []*x509.Certificate
	key    crypto.Signer
	time   time.Time
	region string
	scope  string
	before func(*http.Request) // signing
	after  func(*http.Request)
}

func (w *world) call(m *pkitest.Pair) *call {
	return &call{chain: m.Whole(), key: m.Key, time: w.time, region: region, scope: "rolesanywhere",
		body: map[string]any{"trustAnchorArn": w.anchor, "profileArn": w.profile, "roleArn": role}}
}

func (c *call) request(t *testing.T) *http.Request {
	t.Helper()
	body := must(json.Marshal(c.body))(t)
	r := httptest.NewRequest(http.MethodPost, "https://git.example/sessions"+c.query, strings.NewReader(string(body)))
	r.Header.Set("Content-Type", "application/json")
	if c.before != nil {
		c.before(r)
	}
	sum := sha256.Sum256(body)
	if err := sigv4.SignCertificate(r, hex.EncodeToString(sum[:]), c.key, c.chain, c.scope, c.region, c.time); err != nil {
		t.Fatal(err)
	}
	if c.after != nil {
		c.after(r)
	}
	return r
}

// session is a session's answer.
type session struct {
	CredentialSet []struct {
		AssumedRoleUser struct{ Arn, AssumedRoleId string }
		Credentials     struct {
			AccessKeyId, SecretAccessKey, SessionToken string
			Expiration                                 time.Time
		}
		RoleArn, SourceIdentity, InstanceProfileArn, InstanceProfileId string
	}
	SubjectArn string
	Message    string
}

func (w *world) do(c *call) (int, session) {
	w.t.Helper()
	return w.send(c.request(w.t))
}

func (w *world) send(r *http.Request) (int, session) {
	w.t.Helper()
	ev := &event.Event{RequestID: "req-1", SourceIP: netip.MustParseAddr("192.0.2.1")}
	out := httptest.NewRecorder()
	w.door.ServeHTTP(out, r.WithContext(event.With(r.Context(), ev)))
	var s session
	if err := json.Unmarshal(out.Body.Bytes(), &s); err != nil {
		w.t.Fatalf("%d %s: %v", out.Code, out.Body, err)
	}
	if out.Code == http.StatusInternalServerError {
		w.t.Errorf("a fault: %v", ev.Cause)
	}
	return out.Code, s
}

// opened is the session in the credentials.
func (w *world) opened(s session) principal.Session {
	w.t.Helper()
	c := s.CredentialSet[0].Credentials
	got, secretKey, err := w.keys.Open(c.AccessKeyId, c.SessionToken, w.time)
	if err != nil {
		w.t.Fatal(err)
	}
	if secretKey.Reveal() != c.SecretAccessKey {
		w.t.Error("the secret is not the token's")
	}
	return got
}
