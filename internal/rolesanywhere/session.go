package rolesanywhere

import (
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"sojourn/internal/arn"
	"sojourn/internal/awserr"
	"sojourn/internal/iam/identity"
	"sojourn/internal/principal"
	"sojourn/internal/sigv4"
	"sojourn/internal/store"
	"sojourn/internal/sts"
	wire "sojourn/internal/wire/rolesanywherewire"
)

// Proof is what a request brings beside its input.
type Proof struct {
	Auth               *sigv4.CertificateAuth
	Certificate, Chain string // as the headers have them
	// Verify reports whether the request was signed with the private half of a key.
	Verify func(key crypto.PublicKey) bool
}

// trusted is a trust anchor ready to vouch.
type trusted struct {
	store.TrustAnchor
	roots *x509.CertPool
	lists []*revocations
	// orphan is the name of an enabled list that none of the anchor's certificates
	// has signed, since they were replaced; "" for none.
	orphan string
}

// refused is the answer to whom a certificate does not open a session.
func refused(format string, args ...any) error {
	return awserr.Denied("%s", fmt.Sprintf(format, args...))
}

// CreateSession gives the holder of a certificate's key a session of a role. The
// role may be asked for by the ARN of an instance profile that holds it.
func (s *Service) CreateSession(ctx context.Context, c *principal.Caller, p Proof, in *wire.CreateSessionInput) (*wire.CreateSessionOutput, error) {
	r := &request{service: s, proof: p, in: in, params: map[string]string{
		"profileArn": value(in.ProfileArn), "trustAnchorArn": value(in.TrustAnchorArn), "serialNumber": p.Auth.Serial}}
	role, err := r.role(ctx)
	if err != nil {
		return nil, err
	}
	got, err := s.sessions.AssumeRoleWithCertificate(ctx, c, sts.Certificate{RoleARN: role, Duration: in.DurationSeconds, Params: r.params, Prove: r.prove})
	if err != nil {
		return nil, err
	}
	one := wire.CredentialResponse{
		AssumedRoleUser: &wire.AssumedRoleUser{Arn: got.User.Arn, AssumedRoleId: got.User.AssumedRoleId},
		Credentials: &wire.SessionCredentials{AccessKeyId: got.Credentials.AccessKeyId, SecretAccessKey: got.Credentials.SecretAccessKey,
			SessionToken: got.Credentials.SessionToken, Expiration: got.Credentials.Expiration},
		PackedPolicySize: got.Packed, RoleArn: new(role), SourceIdentity: got.Source,
	}
	if r.held.ID != "" {
		one.InstanceProfileArn, one.InstanceProfileId = new(identity.InstanceProfileARN(r.held)), new(r.held.ID)
	}
	return &wire.CreateSessionOutput{CredentialSet: []wire.CredentialResponse{one}, SubjectArn: new(r.subject())}, nil
}

// request is one CreateSession on its way.
type request struct {
	service *Service
	proof   Proof
	in      *wire.CreateSessionInput
	params  map[string]string // for the record

	held  store.InstanceProfile // that was asked for in the role's place
	empty bool                  // it is not there or holds no role
	want  string                // ARN of the role
	leaf  *x509.Certificate
}

// role is the ARN of the role that is asked for. An instance profile is looked
// into here; that there is no role in it is said once the caller is known.
func (r *request) role(ctx context.Context) (string, error) {
	r.want = value(r.in.RoleArn)
	account, resource, _ := strings.Cut(strings.TrimPrefix(r.want, "arn:aws:iam::"), ":")
	whole, ok := strings.CutPrefix(resource, "instance-profile/")
	if !ok || !arn.IsAccount(account) {
		return r.want, nil
	}
	name := whole[strings.LastIndexByte(whole, '/')+1:]
	r.params["instanceProfileArn"] = r.want
	err := r.service.store.View(ctx, func(tx store.Tx) error {
		p, err := tx.InstanceProfile(account, name)
		if err != nil || p.RoleID == "" || identity.InstanceProfileARN(p) != r.want {
			r.empty = true
			return notFoundAside(err)
		}
		role, err := tx.RoleByID(p.RoleID)
		if err == nil && role.Account != account {
			r.empty = true
			return nil
		}
		r.held, r.want = p, identity.RoleARN(role)
		return err
	})
	if err != nil {
		return "", awserr.Internal(fmt.Errorf("instance profile %q: %w", name, err))
	}
	if r.empty {
		r.want = arn.IAM(account, "role/"+whole) // never loaded: prove refuses
	}
	return r.want, nil
}

func notFoundAside(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// prove goes from what anybody can send to what only the machine can, and from
// there to what its account has registered.
func (r *request) prove(ctx context.Context, account string) (*sts.Machine, error) {
	m, err := r.check(ctx, account)
	if err != nil {
		r.params["errorMessage"] = awserr.From(err).Message
	}
	return m, err
}

func (r *request) check(ctx context.Context, account string) (*sts.Machine, error) {
	s, now := r.service, r.service.clock()
	if err := r.signature(now); err != nil {
		return nil, err
	}
	chain, err := parseChain(r.proof.Chain)
	if err != nil {
		return nil, refused("The header %s cannot be read: %s.", sigv4.ChainHeader, err)
	}
	anchor, err := s.trustedBy(ctx, account, value(r.in.TrustAnchorArn))
	if err != nil {
		return nil, err
	}
	if err := anchor.verify(r.leaf, chain, now); err != nil {
		return nil, refused("Untrusted certificate: %s.", err)
	}
	p, err := s.profileFor(ctx, account, value(r.in.ProfileArn))
	if err != nil {
		return nil, err
	}
	if err := r.offered(p); err != nil {
		return nil, err
	}
	return r.machine(p)
}

// signature checks that the request was signed now, here, and with the key of the
// certificate that it brings.
func (r *request) signature(now time.Time) (err error) {
	a := r.proof.Auth
	if err := a.CheckWindow(now); err != nil {
		return err
	}
	if a.Service != "rolesanywhere" || a.Region != r.service.region {
		return awserr.New(awserr.SignatureDoesNotMatch, 403, "Credential should be scoped to the service rolesanywhere and the region %s.", r.service.region)
	}
	if r.leaf, err = parseHeader(r.proof.Certificate); err != nil {
		return refused("The header %s cannot be read: %s.", sigv4.CertificateHeader, err)
	}
	if r.leaf.SerialNumber.String() != a.Serial {
		return refused("The serial number of the credential is not that of the certificate.")
	}
	if err := strong(r.leaf); err != nil { // before its key is put to work
		return refused("Untrusted certificate: the certificate %s.", err)
	}
	if !r.proof.Verify(r.leaf.PublicKey) {
		return awserr.New(awserr.SignatureDoesNotMatch, 403, "The request's signature is not made with the key of the certificate, or not over this request.")
	}
	return nil
}

// trustedBy finds a trust anchor of the account that is enabled. One that is not
// there and one that is not enabled are refused alike.
func (s *Service) trustedBy(ctx context.Context, account, name string) (*trusted, error) {
	on, ok := s.parseRef(name, anchorKind)
	if !ok || on.account != account {
		return nil, refused("There is no such trust anchor in the role's account and this region.")
	}
	t, err := s.anchors.Read(ctx, s.store, on, func(tx store.Tx) (*trusted, error) { return loadTrusted(tx, on) })
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, refused("There is no such trust anchor in the role's account and this region.")
	case err != nil:
		return nil, awserr.Internal(fmt.Errorf("loading trust anchor %q: %w", on.id, err))
	case !t.Enabled:
		return nil, refused("There is no such trust anchor in the role's account and this region.")
	}
	return t, nil
}

func loadTrusted(tx store.Tx, on ref) (*trusted, error) {
	a, err := tx.TrustAnchor(on.account, on.region, on.id)
	if err != nil {
		return nil, err
	}
	certs, err := parseBundle(a.Certificates)
	if err != nil {
		return nil, err
	}
	t := &trusted{TrustAnchor: a, roots: pool(certs...)}
	lists, err := tx.CRLsOf(on.account, on.region, on.id)
	if err != nil {
		return nil, err
	}
	for _, l := range lists {
		if !l.Enabled {
			continue
		}
		r, err := parseList(l.Data)
		if err != nil {
			return nil, err
		}
		r.name = l.Name
		if !r.signedByOneOf(certs) {
			t.orphan = l.Name
		}
		t.lists = append(t.lists, r)
	}
	return t, nil
}

// profileFor finds a profile of the account that is enabled.
func (s *Service) profileFor(ctx context.Context, account, name string) (*store.AnywhereProfile, error) {
	none := refused("There is no such profile in the role's account and this region.")
	on, ok := s.parseRef(name, profileKind)
	if !ok || on.account != account {
		return nil, none
	}
	p, err := s.profiles.Read(ctx, s.store, on, func(tx store.Tx) (*store.AnywhereProfile, error) {
		p, err := tx.AnywhereProfile(on.account, on.region, on.id)
		return &p, err
	})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, none
	case err != nil:
		return nil, awserr.Internal(fmt.Errorf("loading profile %q: %w", on.id, err))
	case !p.Enabled:
		return nil, none
	}
	return p, nil
}

// offered checks that the profile offers what is asked for.
func (r *request) offered(p *store.AnywhereProfile) error {
	switch {
	case r.empty:
		return refused("The instance profile holds no role, or is not there.")
	case !slices.Contains(p.RoleARNs, r.want):
		return refused("The profile does not offer the role %s.", r.want)
	case r.in.RoleSessionName != nil && !p.AcceptRoleSessionName:
		return refused("The profile does not accept a roleSessionName.")
	case p.RequireInstanceProperties && len(r.in.InstanceProperties) == 0:
		return refused("The profile requires instanceProperties.")
	}
	return nil
}

// machine is what the certificate and the profile make of the session.
func (r *request) machine(p *store.AnywhereProfile) (*sts.Machine, error) {
	tags, err := certificateTags(r.leaf, p.Mappings)
	if err != nil {
		return nil, refused("Unable to assume role for %s. %s", r.want, err)
	}
	name := r.leaf.Subject.CommonName
	if name != "" && !sts.IsSourceIdentity(name) {
		return nil, refused("The subject's common name is not one that can be a source identity: it has 2 to 64 letters, digits or _ + = , . @ -")
	}
	m := &sts.Machine{Anchor: value(r.in.TrustAnchorArn), Tags: tags, SourceIdentity: name, SessionName: serialName(r.leaf), Longest: p.Duration, PolicyARNs: p.ManagedPolicyARNs}
	if p.AcceptRoleSessionName && r.in.RoleSessionName != nil {
		m.SessionName = *r.in.RoleSessionName
	}
	if p.SessionPolicy != "" {
		m.Policy = &p.SessionPolicy
	}
	return m, nil
}

// subject is the ARN of the certificate's subject. AWS keeps subjects as a record
// of their own; here the ARN only tells one from another.
func (r *request) subject() string {
	account, _ := arn.Parse(r.want)
	sum := sha256.Sum256(append([]byte(account.Account+"\x00"+r.service.region+"\x00"), r.leaf.RawSubject...))
	return ref{account.Account, r.service.region, "subject", uuid([16]byte(sum[:16]), 8)}.arn()
}
