package sts

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"time"

	"sojourn/internal/arn"
	"sojourn/internal/audit"
	"sojourn/internal/awserr"
	"sojourn/internal/gate"
	"sojourn/internal/iam/identity"
	"sojourn/internal/policy"
	"sojourn/internal/principal"
	"sojourn/internal/seal"
	"sojourn/internal/store"
	"sojourn/internal/throttle"
	"sojourn/internal/wire/stswire"
)

// ask is what every way to a role is asked for.
type ask struct {
	roleARN, sessionName string
	duration             *int64
	policy               *string
	policyARNs           []stswire.PolicyDescriptorType
}

// grant is one way to a role.
type grant interface {
	// action is the permission that the role's trust policy must give.
	action() string
	// prove says who asks for a role of account. It is called once.
	prove(ctx context.Context, account string) (*proof, error)
}

// noting is a grant that has more to say to the record of a proof that failed.
type noting interface{ notes() map[string]string }

// proof is who asks and what comes with it.
type proof struct {
	// caller is whom the trust policy judges: an anonymous one when federated
	// is the ARN or the name of the provider that vouches, or service the name of
	// the service that does. audience are the keys that the trust policy itself
	// must limit, see gate.Request.
	caller    *principal.Caller
	federated string
	service   string
	audience  []string

	marks  marks
	keys   map[string][]string // condition keys that only this way has
	params map[string]string   // for the record

	// sessionName is the session's where the proof and not the request names it,
	// and longest is how long the session may last; zero: as long as was asked for.
	sessionName string
	longest     time.Duration
	// policy and policyARNs limit the session where the proof and not the request
	// brings them.
	policy     *string
	policyARNs []stswire.PolicyDescriptorType

	// shape fills in what this way adds to the session.
	shape func(*principal.Session)
	// redeem uses the proof up; nil where it may be used again. It is called once
	// nothing else can refuse, and before the credentials leave.
	redeem func(context.Context) error
}

// granted is what every way answers.
type granted struct {
	credentials *stswire.Credentials
	user        *stswire.AssumedRoleUser
	packed      *int64
	source      *string
	proof       *proof
	recorded    *audit.Issued
}

// target is the role that is asked for. A role that does not exist has no
// record and a trust policy that trusts no one.
type target struct {
	arn, account, name string
	role               store.Role
	trust              *policy.Policy
}

// assume goes through the phases, for a stranger within what its network and
// provider may fail.
func (s *Service) assume(ctx context.Context, c *principal.Caller, a ask, g grant) (*granted, error) {
	if c.Kind != principal.Anonymous {
		return s.phases(ctx, c, a, g)
	}
	ticket, err := s.throttle.Work(c.SourceIP, providerOf(g))
	if err != nil {
		return nil, err
	}
	out, err := s.phases(ctx, c, a, g)
	settle(&ticket, err)
	return out, err
}

// providerOf is the provider that a request names; "" where it names none.
func providerOf(g grant) string {
	if v, ok := g.(interface{ vouching() string }); ok {
		return v.vouching()
	}
	return ""
}

// settle tells how a sign-in went. What is the provider's fault, or ours, is
// not the caller's.
func settle(t *throttle.Ticket, err error) {
	switch e := awserr.From(err); {
	case err == nil:
		t.Succeeded()
	case e.Status >= http.StatusInternalServerError, e.Code == awserr.Throttling, e.Code == "IDPCommunicationError":
		t.Released()
	default:
		t.Failed()
	}
}

func (s *Service) phases(ctx context.Context, c *principal.Caller, a ask, g grant) (*granted, error) {
	t, err := parseRoleARN(a.roleARN)
	if err != nil {
		return nil, s.gate.Refuse(ctx, c, gate.Request{Action: g.action(), Params: map[string]string{"roleArn": a.roleARN}}, err)
	}
	p, err := g.prove(ctx, t.account)
	if err != nil {
		r := request(g, t)
		if n, ok := g.(noting); ok {
			r.Params = n.notes()
		}
		return nil, s.gate.Refuse(ctx, c, r, err)
	}
	if p.sessionName != "" {
		a.sessionName = p.sessionName
	}
	if p.policy != nil || p.policyARNs != nil {
		a.policy, a.policyARNs = p.policy, p.policyARNs
	}
	if err := s.load(ctx, t); err != nil {
		return nil, err
	}
	var out *granted
	err = s.authorize(ctx, g.action(), t, a, p, func(ctx context.Context) (_ *audit.Issued, err error) {
		if out, err = s.give(ctx, t, a, p); err != nil {
			return nil, err
		}
		return out.recorded, nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// give makes the credentials, once the gate has let the act through and before
// that is on record.
func (s *Service) give(ctx context.Context, t *target, a ask, p *proof) (*granted, error) {
	length, err := lifetime(a.duration, t.role.MaxSession, p.caller.Kind == principal.AssumedRole)
	if err != nil {
		return nil, err
	}
	if p.longest > 0 {
		length = min(length, p.longest)
	}
	limits, err := s.sessionPolicies(ctx, t.account, a.policy, a.policyARNs)
	if err != nil {
		return nil, err
	}
	out, err := s.issue(ctx, t, a, p, limits, length)
	if err != nil || p.redeem == nil {
		return out, err
	}
	return out, p.redeem(ctx)
}

func request(g grant, t *target) gate.Request {
	return gate.Request{Action: g.action(), Resource: t.arn, ResourceAccount: t.account}
}

// parseRoleARN reads arn:aws:iam::ACCOUNT:role/PATH/NAME; the path keeps both slashes.
func parseRoleARN(s string) (*target, error) {
	account, resource, _ := strings.Cut(strings.TrimPrefix(s, "arn:aws:iam::"), ":")
	whole, ok := strings.CutPrefix(resource, "role/")
	slash := strings.LastIndexByte(whole, '/') + 1
	path, name := whole[:slash], whole[slash:]
	ok = ok && strings.HasPrefix(s, "arn:aws:iam::") && arn.IsAccount(account) && len(path) != 1 && only(path, isPath) && len(name) <= 64 && name != "" && only(name, isName)
	if !ok {
		return nil, awserr.Validation("%s is invalid", s)
	}
	return &target{arn: s, account: account, name: name, trust: nobody()}, nil
}

func only(s string, allowed func(byte) bool) bool {
	for i := range len(s) {
		if !allowed(s[i]) {
			return false
		}
	}
	return true
}

func isPath(c byte) bool { return c > ' ' && c <= '~' }

func isName(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("_+=,.@-", c) >= 0
}

// roleName is how a role is asked for, and trusting what is there under it: a
// role and its trust policy, or no policy where there is no role.
type roleName struct{ account, name string }

// Own returns it without the rest of the request.
func (r roleName) Own() roleName { return roleName{strings.Clone(r.account), strings.Clone(r.name)} }

type trusting struct {
	role  store.Role
	trust *policy.Policy
}

// load finds the role. The name alone would be found without regard to case and
// path, so the whole ARN must be the role's own.
func (s *Service) load(ctx context.Context, t *target) error {
	found, err := s.trusts.Read(ctx, s.store, roleName{t.account, t.name}, func(tx store.Tx) (trusting, error) {
		return loadTrust(tx, t.account, t.name)
	})
	if err != nil {
		return awserr.Internal(fmt.Errorf("loading role %q: %w", t.arn, err))
	}
	if found.trust != nil && identity.RoleARN(found.role) == t.arn {
		t.role, t.trust = found.role, found.trust
	}
	return nil
}

func loadTrust(tx store.Tx, account, name string) (t trusting, err error) {
	r, err := tx.Role(account, name)
	if errors.Is(err, store.ErrNotFound) {
		return t, nil
	}
	if err != nil {
		return t, err
	}
	trust, err := policy.Parse(policy.Trust, r.Trust)
	if err != nil {
		return t, fmt.Errorf("its trust policy: %w", err)
	}
	trust.BindPrincipals(r.TrustIDs)
	trust.Name = "trust policy"
	return trusting{r, trust}, nil
}

// authorize asks the gate for the action itself and for what the session is
// marked with. The identity's policies and the trust policy must allow each.
func (s *Service) authorize(ctx context.Context, action string, t *target, a ask, p *proof, issue issuing) error {
	r := gate.Request{
		Action: action, Resource: t.arn, ResourceAccount: t.account, ResourceTags: t.role.Tags,
		Context: contextOf(t, a, p), Trust: t.trust, Federated: p.federated, Service: p.service, Audience: p.audience, Params: params(a, p),
	}
	return s.authorizeMarked(ctx, p.caller, r, p.marks, issue)
}

// issuing makes credentials and says of them what may be recorded.
type issuing = func(context.Context) (*audit.Issued, error)

// authorizeMarked asks for the act, and once that is allowed for each thing that
// the session is marked with; then it issues. The act's record comes last and
// tells how all of it went.
func (s *Service) authorizeMarked(ctx context.Context, c *principal.Caller, r gate.Request, m marks, issue issuing) error {
	var actions []string
	if len(m.tags) > 0 {
		actions = append(actions, "sts:TagSession")
	}
	if m.source != "" {
		actions = append(actions, "sts:SetSourceIdentity")
	}
	r.Issue = issue
	if len(actions) > 0 {
		r.Issue = s.marking(c, r, actions, issue)
	}
	return s.gate.Authorize(ctx, c, r)
}

// marking issues once the marks are allowed too.
func (s *Service) marking(c *principal.Caller, also gate.Request, actions []string, issue issuing) issuing {
	also.Audience = nil // the act itself answers for it
	also.Issue = nil
	return func(ctx context.Context) (*audit.Issued, error) {
		for _, also.Action = range actions {
			if err := s.gate.Authorize(ctx, c, also); err != nil {
				return nil, err
			}
		}
		return issue(ctx)
	}
}

func contextOf(t *target, a ask, p *proof) map[string][]string {
	keys := map[string][]string{"sts:rolesessionname": {a.sessionName}}
	maps.Copy(keys, p.keys)
	p.marks.context(keys)
	for _, tag := range t.role.Tags {
		keys["iam:resourcetag/"+strings.ToLower(tag.Key)] = []string{tag.Value}
	}
	return keys
}

func params(a ask, p *proof) map[string]string {
	m := map[string]string{"roleArn": a.roleARN, "roleSessionName": a.sessionName}
	duration(m, a.duration)
	if p.marks.source != "" {
		m["sourceIdentity"] = p.marks.source
	}
	maps.Copy(m, p.params)
	return m
}

// defaultSession is a session's length when none is asked for, and the longest
// that a session may get by another role's session.
const defaultSession = time.Hour

// lifetime settles how long the session lasts. The bounds of the parameter
// itself, 15 minutes to 12 hours, are the model's.
func lifetime(asked *int64, longest time.Duration, chained bool) (time.Duration, error) {
	if asked == nil {
		return defaultSession, nil
	}
	d := time.Duration(*asked) * time.Second
	switch {
	case chained && d > defaultSession:
		return 0, awserr.Validation("The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining")
	case d > max(longest, defaultSession):
		return 0, awserr.Validation("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	}
	return d, nil
}

// issue makes the session and its credentials.
func (s *Service) issue(ctx context.Context, t *target, a ask, p *proof, l limits, length time.Duration) (*granted, error) {
	session := principal.Session{
		Kind: principal.AssumedRole, Account: t.role.Account, ID: t.role.ID, Name: t.role.Name, Path: t.role.Path,
		SessionName: a.sessionName, SessionPolicy: l.inline, PolicyARNs: l.managed,
		Tags: p.marks.tags, TransitiveTag: p.marks.transitive, SourceIdent: p.marks.source,
		Chained: p.caller.Kind == principal.AssumedRole,
	}
	if p.shape != nil {
		p.shape(&session)
	}
	issued, err := s.credentials(ctx, p.caller, session, length)
	if err != nil {
		return nil, err
	}
	out := &granted{credentials: credentialsOut(issued), proof: p, recorded: recorded(&session, issued)}
	out.user = &stswire.AssumedRoleUser{AssumedRoleId: &out.recorded.UserID, Arn: &out.recorded.ARN}
	if l.given || len(session.Tags) > 0 {
		out.packed = new(int64(issued.PackedPercent))
	}
	if session.SourceIdent != "" {
		out.source = new(session.SourceIdent)
	}
	return out, nil
}

// recorded is what may be recorded of credentials: neither secret nor token.
func recorded(s *principal.Session, i seal.Issued) *audit.Issued {
	return &audit.Issued{AccessKeyID: i.AccessKeyID, Expires: i.Expires, UserID: s.UserID(), ARN: s.ARN(), Packed: i.PackedPercent}
}

// credentials issues a session for c that begins now, or just behind what has
// been revoked a moment ago; it ends no later for that, but lasts a second at least.
func (s *Service) credentials(ctx context.Context, c *principal.Caller, session principal.Session, length time.Duration) (seal.Issued, error) {
	session.Expires = s.now().UTC().Truncate(time.Second).Add(length)
	begin, err := s.sessions.Begin(ctx, c, &session)
	if err != nil {
		return seal.Issued{}, err
	}
	if !session.Expires.After(begin) {
		session.Expires = begin.Add(time.Second)
	}
	return s.keys.Issue(session, begin)
}

func credentialsOut(i seal.Issued) *stswire.Credentials {
	return &stswire.Credentials{
		AccessKeyId: new(i.AccessKeyID), SecretAccessKey: new(i.Secret.Reveal()),
		SessionToken: new(i.Token), Expiration: new(i.Expires),
	}
}
