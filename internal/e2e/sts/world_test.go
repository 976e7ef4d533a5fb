package sts

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base32"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awssts "github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/aws/smithy-go"

	"sojourn/internal/client/apicall"
	"sojourn/internal/client/signedhttp"
	"sojourn/internal/devidp"
	"sojourn/internal/node"
	"sojourn/internal/secret"
	"sojourn/internal/sigv4"
	"sojourn/internal/sojourntest"
	"sojourn/internal/totp"
	"sojourn/internal/wire"
	"sojourn/internal/wire/iamwire"
)

const (
	account = sojourntest.Account
	other   = "444455556666"
	region  = node.DefaultRegion
	serial  = "arn:aws:iam::" + account + ":mfa/phone"
)

// world is a server with an account of users and roles, and another account.
type world struct {
	*sojourntest.Server
	t    testing.TB
	seed []byte // of maria's MFA device
	http *http.Client

	mariaKey           aws.Credentials
	root, maria, guest *awssts.Client // the account's root; a user who may all of STS; a user who may nothing
	session            *awssts.Client // of the role Long
	own                *awssts.Client // maria's by GetSessionToken
	federated          *awssts.Client // by GetFederationToken
}

func newWorld(t testing.TB, options ...sojourntest.Option) *world {
	t.Helper()
	w := &world{t: t, Server: sojourntest.Start(t, options...)}
	w.http = w.trusting(w.CA())
	w.CreateAccount(other)
	root := w.Root(account)
	w.root = w.client(static(root.AccessKeyID, root.Secret.Reveal(), root.Token))
	w.roles()
	w.mariaKey = w.user("maria", allow("sts:*"))
	w.maria = w.client(w.mariaKey)
	w.guest = w.client(w.user("guest", `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"sts:GetCallerIdentity","Resource":"*"}]}`))
	w.sessions()
	return w
}

func (w *world) roles() {
	w.role("Long", trust(account, ""), "--max-session-duration", "43200", "--path", "/service-role/", "--tags", "Key=team,Value=core")
	w.role("Short", trust(account, ""))
	w.role("Untrusting", trust(other, ""))
	w.role("External", trust(account, `{"StringEquals":{"sts:ExternalId":"Unique:1/2"}}`))
	w.role("Proven", trust(account, `{"Bool":{"aws:MultiFactorAuthPresent":"true"}}`))
}

func (w *world) sessions() {
	w.session = w.client(w.assume(w.maria, awssts.AssumeRoleInput{RoleArn: roleARN("service-role/Long")}))
	got, err := w.maria.GetSessionToken(w.t.Context(), nil)
	if err != nil {
		w.t.Fatal(err)
	}
	w.own = w.client(from(got.Credentials))
	fed, err := w.maria.GetFederationToken(w.t.Context(), &awssts.GetFederationTokenInput{Name: new("visitor"), Policy: new(allow("*"))})
	if err != nil {
		w.t.Fatal(err)
	}
	w.federated = w.client(from(fed.Credentials))
}

// iam is the operator: sojourn's own command line, as root.
func (w *world) iam(args ...string) string {
	w.t.Helper()
	root := w.Root(account)
	out, err := w.command(iamwire.Service(), static(root.AccessKeyID, root.Secret.Reveal(), root.Token), args...)
	if err != nil {
		w.t.Fatal(args[0], err)
	}
	return out
}

// command is sojourn's own command line with somebody's credentials. A refusal is an *apicall.Error.
func (w *world) command(s *wire.Service, c aws.Credentials, args ...string) (string, error) {
	w.t.Helper()
	client, err := signedhttp.New(w.CA(), w.Now)
	if err != nil {
		w.t.Fatal(err)
	}
	op, err := apicall.Find(s, args[0])
	if err != nil {
		w.t.Fatal(err)
	}
	in, err := apicall.ParseInput(op, args[1:])
	if err != nil {
		w.t.Fatal(err)
	}
	signer := sigv4.Credentials{AccessKeyID: c.AccessKeyID, Secret: secret.New(c.SecretAccessKey), Token: c.SessionToken}
	return apicall.Call(s, op, in, func(r apicall.Request) (int, []byte, error) {
		return client.Post(w.t.Context(), signedhttp.Request{URL: w.URL, ContentType: r.ContentType, Target: r.Target, Body: r.Body,
			Service: s.Name, Region: region, Credentials: &signer})
	})
}

// role makes a role that may do everything.
func (w *world) role(name, trust string, more ...string) {
	w.t.Helper()
	w.iam(append([]string{"create-role", "--role-name", name, "--assume-role-policy-document", trust}, more...)...)
	w.iam("put-role-policy", "--role-name", name, "--policy-name", "inline", "--policy-document", allow("*"))
}

// user makes a user in a path, with one inline policy and an access key.
func (w *world) user(name, policy string) aws.Credentials {
	w.t.Helper()
	w.iam("create-user", "--user-name", name, "--path", "/team/")
	w.iam("put-user-policy", "--user-name", name, "--policy-name", "inline", "--policy-document", policy)
	var key struct {
		AccessKey struct{ AccessKeyId, SecretAccessKey string }
	}
	if err := json.Unmarshal([]byte(w.iam("create-access-key", "--user-name", name)), &key); err != nil {
		w.t.Fatal(err)
	}
	return static(key.AccessKey.AccessKeyId, key.AccessKey.SecretAccessKey, "")
}

// device gives maria an MFA device.
func (w *world) device() {
	w.t.Helper()
	var made struct {
		VirtualMFADevice struct{ Base32StringSeed []byte }
	}
	if err := json.Unmarshal([]byte(w.iam("create-virtual-mfa-device", "--virtual-mfa-device-name", "phone")), &made); err != nil {
		w.t.Fatal(err)
	}
	var err error
	if w.seed, err = base32.StdEncoding.DecodeString(string(made.VirtualMFADevice.Base32StringSeed)); err != nil {
		w.t.Fatal(err)
	}
	first, second := w.code(), w.code()
	w.iam("enable-mfa-device", "--user-name", "maria", "--serial-number", serial, "--authentication-code1", first, "--authentication-code2", second)
}

// code waits for the device's next code.
func (w *world) code() string {
	w.Turn(totp.Period)
	return totp.Code(w.seed, totp.Step(w.Now()))
}

// trusting is an HTTP client that trusts one authority.
func (w *world) trusting(ca string) *http.Client {
	w.t.Helper()
	pem, err := os.ReadFile(ca)
	if err != nil {
		w.t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
	w.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// client is the SDK's, with the server's clock.
func (w *world) client(c aws.Credentials, options ...func(*awssts.Options)) *awssts.Client {
	var provider aws.CredentialsProvider = credentials.NewStaticCredentialsProvider(c.AccessKeyID, c.SecretAccessKey, c.SessionToken)
	if c.AccessKeyID == "" {
		provider = aws.AnonymousCredentials{}
	}
	return awssts.New(awssts.Options{
		Region: region, BaseEndpoint: new(w.URL), HTTPClient: w.http, Credentials: provider,
		HTTPSignerV4: clock{w.Now, v4.NewSigner()}, Retryer: aws.NopRetryer{}, DisableClockSkewCorrection: true,
	}, options...)
}

// clock signs as the SDK does, at the time that now tells.
type clock struct {
	now    func() time.Time
	signer *v4.Signer
}

func (c clock) SignHTTP(ctx context.Context, cred aws.Credentials, r *http.Request, hash, service, region string, _ time.Time, options ...func(*v4.SignerOptions)) error {
	return c.signer.SignHTTP(ctx, cred, r, hash, service, region, c.now(), options...)
}

// assume is a role's session; the call must succeed.
func (w *world) assume(by *awssts.Client, in awssts.AssumeRoleInput) aws.Credentials {
	w.t.Helper()
	if in.RoleSessionName == nil {
		in.RoleSessionName = new("s1")
	}
	out, err := by.AssumeRole(w.t.Context(), &in)
	if err != nil {
		w.t.Fatal(err)
	}
	return from(out.Credentials)
}

func static(id, secret, token string) aws.Credentials {
	return aws.Credentials{AccessKeyID: id, SecretAccessKey: secret, SessionToken: token}
}

func from(c *types.Credentials) aws.Credentials {
	return static(*c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken)
}

func roleARN(name string) *string { return new("arn:aws:iam::" + account + ":role/" + name) }

// trust is a trust policy for an account's principals, under a condition.
func trust(account, condition string) string {
	if condition != "" {
		condition = `,"Condition":` + condition
	}
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + account +
		`"},"Action":["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"]` + condition + `}]}`
}

func allow(actions ...string) string {
	b, _ := json.Marshal(actions) // strings always encode
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":` + string(b) + `,"Resource":"*"}]}`
}

// refusal is an error as a client sees it; the zero value is none.
type refusal struct {
	status     int
	code, text string
}

func denied(text string) refusal     { return refusal{403, "AccessDenied", text} }
func invalid(text string) refusal    { return refusal{400, "ValidationError", text} }
func parameter(text string) refusal  { return refusal{400, "InvalidParameterValue", text} }
func constraint(text string) refusal { return invalid("1 validation error detected: Value " + text) }

var unsignedCall = refusal{403, "MissingAuthenticationToken", "Request is missing Authentication Token"}

// notAllowed is the one text of every reason why a caller does not get a role.
func notAllowed(caller, action, role string) refusal {
	return denied("User: " + caller + " is not authorized to perform: " + action + " on resource: " + role)
}

func refusalOf(t testing.TB, err error) (r refusal) {
	t.Helper()
	if err == nil {
		return r
	}
	api, ok := errors.AsType[smithy.APIError](err)
	answer, answered := errors.AsType[*awshttp.ResponseError](err)
	if !ok || !answered {
		t.Fatalf("not an answer of the server: %v", err)
	}
	if answer.ServiceRequestID() == "" {
		t.Error("the refusal has no request id")
	}
	return refusal{answer.HTTPStatusCode(), api.ErrorCode(), api.ErrorMessage()}
}

// row is one rule: a call and what becomes of it.
type row struct {
	name string
	call func() error
	want refusal
}

func check(t *testing.T, rows []row) {
	t.Helper()
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			if got := refusalOf(t, r.call()); got != r.want {
				t.Errorf("answer %+v\n  want %+v", got, r.want)
			}
		})
	}
}

// lasts checks the life of credentials.
func (w *world) lasts(c *types.Credentials, want time.Duration) {
	w.t.Helper()
	if got := c.Expiration.Sub(w.Now()); got > want || got < want-time.Minute {
		w.t.Errorf("the session lasts %s, want %s", got, want)
	}
}

// provider runs an OpenID Connect provider that the account knows.
func provider(t *testing.T) (*devidp.Provider, *world) {
	t.Helper()
	var w *world
	p, err := devidp.Start(t.TempDir(), func() time.Time {
		if w == nil {
			return time.Now()
		}
		return w.Now()
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	w = newWorld(t, sojourntest.AllowLoopback(p.CA))
	w.iam("create-open-id-connect-provider", "--url", p.URL, "--client-id-list", "sojourn")
	return p, w
}

// many joins n texts.
func many(n int, text string) string { return strings.Repeat(text, n) }

// shown is a value as errors show it: its beginning.
func shown(s string) string {
	if len(s) > 1024 {
		return s[:1024] + "..."
	}
	return s
}
