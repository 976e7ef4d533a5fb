package sts

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"sojourn/internal/arn"
	"sojourn/internal/awserr"
	"sojourn/internal/federation/directory"
	"sojourn/internal/principal"
	"sojourn/internal/secret"
	"sojourn/internal/store"
	"sojourn/internal/wire/stswire"
)

// PasswordVerifier signs people in at directories.
type PasswordVerifier interface {
	SignIn(ctx context.Context, d store.Directory, name string, password secret.String, from netip.Addr) (*directory.Person, error)
}

// AssumeRoleWithLDAPIdentity gives somebody who knows a name and a password of a
// directory a session of a role that trusts the directory. AWS has no such
// operation. The request needs no signature; one that is there changes nothing.
func (s *Service) AssumeRoleWithLDAPIdentity(ctx context.Context, c *principal.Caller, in *stswire.AssumeRoleWithLDAPIdentityInput) (*stswire.AssumeRoleWithLDAPIdentityOutput, error) {
	a := ask{roleARN: value(in.RoleArn), duration: in.DurationSeconds, policy: in.Policy, policyARNs: in.PolicyArns}
	w := &password{service: s, caller: anonymous(c), in: in}
	g, err := s.assume(ctx, w.caller, a, w)
	if err != nil {
		return nil, err
	}
	return &stswire.AssumeRoleWithLDAPIdentityOutput{
		Credentials: g.credentials, AssumedRoleUser: g.user, PackedPolicySize: g.packed,
		Provider: new(g.proof.federated), Subject: new(w.who.DN), SubjectId: new(w.who.ID),
	}, nil
}

// password is the way by a name and a password of a directory.
type password struct {
	service *Service
	caller  *principal.Caller
	in      *stswire.AssumeRoleWithLDAPIdentityInput
	who     *directory.Person
	reason  string // why the directory let nobody in
}

func (g *password) action() string { return "sts:AssumeRoleWithLDAPIdentity" }

// prove has the directory that the request names, which must be of the role's
// own account, check the password, and then the code of the person's MFA device.
func (g *password) prove(ctx context.Context, account string) (*proof, error) {
	d, err := g.directory(ctx, account)
	if err != nil {
		return nil, err
	}
	who, err := g.service.people.SignIn(ctx, d, value(g.in.UserName), secret.New(value(g.in.Password)), g.caller.SourceIP)
	if err != nil {
		if r, ok := errors.AsType[*directory.Refusal](err); ok {
			g.reason = r.Reason
		}
		return nil, err
	}
	g.who = who
	if !sessionName(who.UserName) {
		return nil, rejectedClaim("The user's name in the directory cannot be a session's, which has 2 to 64 letters, digits and _+=,.@-")
	}
	at, err := g.service.deviceOf(ctx, who.Key(), g.in.SerialNumber, g.in.TokenCode)
	if err != nil {
		return nil, err
	}
	keys := map[string][]string{"ds:username": {who.UserName}, "ds:dn": {who.DN}, "ds:groups": who.Groups}
	g.mfa(keys, at)
	return &proof{
		caller: g.caller, federated: directory.ARN(d), keys: keys, sessionName: who.UserName, shape: g.shape,
		params: map[string]string{"directoryArn": directory.ARN(d), "subject": who.DN, "subjectId": who.ID, "mfa": strconv.FormatBool(!at.IsZero())},
	}, nil
}

// mfa tells the trust policy whether this very request brings a device's code.
// The session does not carry it on, as those of AssumeRole do not.
func (g *password) mfa(keys map[string][]string, at time.Time) {
	keys["aws:multifactorauthpresent"] = []string{strconv.FormatBool(!at.IsZero())}
	if !at.IsZero() {
		keys["aws:multifactorauthage"] = []string{"0"}
	}
}

// notes are for the record of a refusal.
func (g *password) notes() map[string]string {
	m := map[string]string{"directoryArn": value(g.in.DirectoryArn)}
	if g.reason != "" {
		m["directoryReason"] = g.reason
	}
	if g.who != nil {
		m["subject"], m["subjectId"] = g.who.DN, g.who.ID
	}
	return m
}

// sessionName reports whether a name can be a session's, as the model has it.
func sessionName(s string) bool { return len(s) >= 2 && len(s) <= 64 && only(s, isName) }

// directory finds the directory that the request names.
func (g *password) directory(ctx context.Context, account string) (d store.Directory, err error) {
	named, err := arn.Parse(value(g.in.DirectoryArn))
	id, ok := strings.CutPrefix(named.Resource, "directory/")
	if err != nil || !ok || named.Service != "ds" {
		return d, awserr.Validation("%s is invalid", value(g.in.DirectoryArn))
	}
	err = g.service.store.View(ctx, func(tx store.Tx) (err error) {
		d, err = tx.Directory(account, id)
		return err
	})
	if errors.Is(err, store.ErrNotFound) || err == nil && directory.ARN(d) != value(g.in.DirectoryArn) {
		return d, noProvider()
	}
	if err != nil {
		return d, awserr.Internal(fmt.Errorf("loading directory %q: %w", id, err))
	}
	return d, nil
}

// shape adds the keys that later requests keep. Groups stay with the trust
// policy: they can be more than a token holds.
func (g *password) shape(s *principal.Session) {
	s.Provider = value(g.in.DirectoryArn)
	s.Claims = map[string][]string{"ds:username": {g.who.UserName}, "ds:dn": {g.who.DN}}
}
