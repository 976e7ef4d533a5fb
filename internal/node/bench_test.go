package node

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"sojourn/internal/audit"
	"sojourn/internal/authn"
	"sojourn/internal/federation/oidc"
	"sojourn/internal/gate"
	"sojourn/internal/mfa"
	"sojourn/internal/principal"
	"sojourn/internal/server/api"
	"sojourn/internal/server/aws"
	"sojourn/internal/server/stsapi"
	"sojourn/internal/sigv4"
	"sojourn/internal/store"
	"sojourn/internal/sts"
)

const trustHere = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + here + `"},"Action":"sts:AssumeRole"}]}`

// assumer is a user who may assume the role Reader.
func (c *cluster) assumer() sigv4.Credentials {
	root := c.root()
	c.call(root, "iam", "CreateUser", "UserName", "maria")
	c.call(root, "iam", "PutUserPolicy", "UserName", "maria", "PolicyName", "p", "PolicyDocument", document("Allow"))
	c.call(root, "iam", "CreateRole", "RoleName", "Reader", "AssumeRolePolicyDocument", trustHere)
	return credentialsIn(c.call(root, "iam", "CreateAccessKey", "UserName", "maria"))
}

// repeat is a request, signed if by is somebody, that can be sent again and again.
func repeat(h http.Handler, by *sigv4.Credentials, now time.Time, form url.Values) (send func() int) {
	body := form.Encode()
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if by != nil {
		sum := sha256.Sum256([]byte(body))
		sigv4.SignHeader(r, hex.EncodeToString(sum[:]), *by, "sts", DefaultRegion, now)
	}
	return func() int {
		again := *r
		again.Body = io.NopCloser(strings.NewReader(body))
		w := httptest.NewRecorder()
		h.ServeHTTP(w, &again)
		return w.Code
	}
}

// assumeRole is maria's request for a session of the role Reader.
func assumeRole(c *cluster) (send func() int) {
	maria := c.assumer()
	return repeat(c.nodes[0], &maria, c.now, url.Values{"Action": {"AssumeRole"}, "Version": {"2011-06-15"},
		"RoleArn": {"arn:aws:iam::" + here + ":role/Reader"}, "RoleSessionName": {"bench"}})
}

func benchmark(b *testing.B, send func() int) {
	b.ReportAllocs()
	for b.Loop() {
		if code := send(); code != http.StatusOK {
			b.Fatal(code)
		}
	}
}

// BenchmarkAssumeRole is the API from the HTTP request to the answer, the record
// of the decision among it, without the network.
func BenchmarkAssumeRole(b *testing.B) { benchmark(b, assumeRole(newCluster(b))) }

// BenchmarkAssumeRoleWithWebIdentity is the same by an ID token, whose provider's
// keys are known.
func BenchmarkAssumeRoleWithWebIdentity(b *testing.B) {
	small, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	big, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		b.Fatal(err)
	}
	for _, p := range []identityProvider{{alg: jose.RS256, key: big}, {alg: jose.ES256, key: small}} {
		b.Run(string(p.alg), func(b *testing.B) {
			p.TB = b
			c := newCluster(b)
			benchmark(b, repeat(c.trusting(p), nil, c.now, url.Values{"Action": {"AssumeRoleWithWebIdentity"}, "Version": {"2011-06-15"},
				"RoleArn": {"arn:aws:iam::" + here + ":role/Web"}, "RoleSessionName": {"bench"}, "WebIdentityToken": {p.token(c.now)}}))
		})
	}
}

const issuer = "https://login.example.com"

// identityProvider is a provider with one key, reached without a network.
type identityProvider struct {
	testing.TB
	alg jose.SignatureAlgorithm
	key crypto.Signer
}

func (p identityProvider) Get(_ context.Context, url string) ([]byte, http.Header, error) {
	doc := any(map[string]any{"issuer": issuer, "jwks_uri": issuer + "/keys", "response_types_supported": []string{"id_token"},
		"subject_types_supported": []string{"public"}, "id_token_signing_alg_values_supported": []string{string(p.alg)}})
	if url == issuer+"/keys" {
		doc = jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: p.key.Public(), KeyID: "1", Use: "sig", Algorithm: string(p.alg)}}}
	}
	text, err := json.Marshal(doc)
	return text, http.Header{}, err
}

func (p identityProvider) token(now time.Time) string {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: p.alg, Key: jose.JSONWebKey{Key: p.key, KeyID: "1"}}, nil)
	if err != nil {
		p.Fatal(err)
	}
	claims := fmt.Sprintf(`{"iss":%q,"sub":"alice","aud":"client","iat":%d,"exp":%d}`, issuer, now.Unix(), now.Add(time.Hour).Unix())
	signed, err := signer.Sign([]byte(claims))
	if err != nil {
		p.Fatal(err)
	}
	token, err := signed.CompactSerialize()
	if err != nil {
		p.Fatal(err)
	}
	return token
}

// trusting is STS over the cluster's store, with p as its only provider and a
// role that trusts it.
func (c *cluster) trusting(p identityProvider) http.Handler {
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::` + here + `:oidc-provider/login.example.com"},
		"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"login.example.com:aud":"client","login.example.com:sub":"alice"}}}]}`
	c.call(c.root(), "iam", "CreateRole", "RoleName", "Web", "AssumeRolePolicyDocument", trust)
	err := c.store.Update(context.Background(), func(tx store.Tx) error {
		return tx.InsertOIDCProvider(store.OIDCProvider{Account: here, URL: "login.example.com", ClientIDs: []string{"client"}, Created: c.now})
	})
	if err != nil {
		c.t.Fatal(err)
	}
	records, err := audit.Open(filepath.Join(c.t.TempDir(), "audit"))
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { records.Close() })
	now := func() time.Time { return c.now }
	guard := gate.New(c.store, records).Sealing(c.keys)
	who := &authn.Authenticator{Keys: c.keys, Store: c.store, Region: DefaultRegion, Now: now}
	apis, err := aws.New(aws.Options{Services: []*api.Service{stsapi.New(sts.New(sts.Options{Store: c.store, Gate: guard, Keys: c.keys, Sessions: who,
		OIDC: oidc.New(oidc.Options{Fetch: p, Now: now}), MFA: &mfa.Verifier{Store: c.store, Keys: c.keys, Now: now}, Now: now}))},
		Auth: who, Region: DefaultRegion, Now: now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		c.t.Fatal(err)
	}
	return apis
}

type unrecorded struct{}

func (unrecorded) Record(audit.Record) error { return nil }

// BenchmarkGitAuthentication is all that a Git request of a role's session costs
// before Git has its turn: token, signature, and a policy of 50 statements of
// which the last allows. The record is made but not written.
func BenchmarkGitAuthentication(b *testing.B) {
	c := newCluster(b)
	maria := c.assumer()
	c.call(c.root(), "iam", "PutRolePolicy", "RoleName", "Reader", "PolicyName", "p", "PolicyDocument", fiftyStatements())
	session := credentialsIn(c.call(maria, "sts", "AssumeRole", "RoleArn", "arn:aws:iam::"+here+":role/Reader", "RoleSessionName", "bench"))
	const host, path = "git.example.com", "/v1/repos/repo-49"
	user, password := sigv4.GitUser(session), sigv4.GitPassword(session.Secret, DefaultRegion, host, path, c.now).Reveal()
	who := &authn.Authenticator{Keys: c.keys, Store: c.store, Region: DefaultRegion, Now: func() time.Time { return c.now }}
	guard := gate.New(c.store, unrecorded{}).Sealing(c.keys)
	b.ReportAllocs()
	for b.Loop() {
		caller, err := who.Git(b.Context(), user, password, host, path, authn.RequestInfo{RequestID: "r", UserAgent: "git/2.53.0", Secure: true})
		if err == nil {
			err = pull(b.Context(), guard, caller, "repo-49")
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}

func pull(ctx context.Context, g *gate.Gate, c *principal.Caller, repo string) error {
	return g.Authorize(ctx, c, gate.Request{Action: "codecommit:GitPull", Resource: "arn:aws:codecommit:" + DefaultRegion + ":" + here + ":" + repo})
}

func fiftyStatements() string {
	var each []string
	for i := range 50 {
		each = append(each, fmt.Sprintf(`{"Effect":"Allow","Action":["codecommit:GitPull","codecommit:GitPush"],"Resource":"arn:aws:codecommit:*:%s:repo-%d"}`, here, i))
	}
	return `{"Version":"2012-10-17","Statement":[` + strings.Join(each, ",") + `]}`
}
