//go:build linux

package soak

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"sojourn/internal/federation/saml/samltest"
	"sojourn/internal/pktline"
	"sojourn/internal/secret"
	"sojourn/internal/sigv4"
	"sojourn/internal/sojourntest/lightgit"
)

// lightPush moves a branch forward without git.
func (k *client) lightPush(ctx context.Context) error {
	made := 0
	if k.tip == "" {
		made = 1
	}
	if err := k.push(ctx, repoName(k.number), "refs/heads/"+k.name); err != nil {
		return err
	}
	k.w.ledger.push(made, 1-made, 0)
	return nil
}

// push pushes one commit behind the last one to a ref.
func (k *client) push(ctx context.Context, repo, ref string) error {
	id, pack := lightgit.Commit(k.tip, k.name, k.n)
	r, err := k.w.gitRequest(ctx, k.w.user, repo, "/git-receive-pack", bytes.NewReader(lightgit.PushBody(ref, k.tip, id, pack)))
	if err != nil {
		return err
	}
	body, err := answer(k.http, r)
	if err == nil && !strings.Contains(string(body), "ok "+ref) {
		err = fmt.Errorf("the push is answered %q", body)
	}
	if err == nil {
		k.tip = id
	}
	return err
}

// lists asks for refs by the old protocol and by the new one.
func (k *client) lists(ctx context.Context) error {
	repo := repoName(k.random.IntN(repositories))
	r, err := k.w.gitRequest(ctx, k.w.user, repo, "/info/refs?service=git-upload-pack", nil)
	if err == nil {
		_, err = answer(k.http, r)
	}
	if err != nil {
		return err
	}
	body := pktline.Append(nil, "command=ls-refs\n")
	body = append(body, "0001"...)
	body = append(pktline.Append(pktline.Append(body, "peel\n"), "symrefs\n"), pktline.FlushPacket...)
	if r, err = k.w.gitRequest(ctx, k.w.user, repo, "/git-upload-pack", bytes.NewReader(body)); err != nil {
		return err
	}
	r.Header.Set("Git-Protocol", "version=2")
	_, err = answer(k.http, r)
	return err
}

// assumes takes sessions, one from another, and uses each.
func (k *client) assumes(ctx context.Context) error {
	as := k.w.user
	for range 2 {
		out, err := k.w.query(ctx, k.http, as, "sts", "Action", "AssumeRole", "RoleArn", role, "RoleSessionName", k.name, "DurationSeconds", "900")
		if err != nil {
			return err
		}
		if err := k.use(ctx, credentials(out)); err != nil {
			return err
		}
		as = k.w.user
	}
	_, err := k.w.query(ctx, k.http, as, "sts", "Action", "GetSessionToken", "DurationSeconds", "900")
	return err
}

// use asks as a session who it is, and for refs.
func (k *client) use(ctx context.Context, as sigv4.Credentials) error {
	if _, err := k.w.query(ctx, k.http, as, "sts", "Action", "GetCallerIdentity"); err != nil {
		return err
	}
	r, err := k.w.gitRequest(ctx, as, repoName(k.number), "/info/refs?service=git-upload-pack", nil)
	if err == nil {
		_, err = answer(k.http, r)
	}
	return err
}

func (k *client) signsInWeb(ctx context.Context) error {
	token, err := k.w.idp.Token(k.name+"@example.com", "sojourn", time.Minute, nil)
	if err != nil {
		return err
	}
	out, err := k.w.query(ctx, k.http, sigv4.Credentials{}, "sts", "Action", "AssumeRoleWithWebIdentity", "RoleArn", role, "RoleSessionName", k.name, "WebIdentityToken", token)
	if err != nil {
		return err
	}
	return k.use(ctx, credentials(out))
}

func (k *client) signsInSAML(ctx context.Context) error {
	id, to := fmt.Sprintf("%s-%d", k.name, k.n), k.w.url+"/saml"
	f := samltest.Fields{Now: time.Now(), ResponseID: "_r" + id, AssertionID: "_a" + id, Subject: k.name + "@example.com", Recipient: to, Audience: to,
		Attributes: []samltest.Attribute{{Name: samltest.Role, Values: []string{role + "," + samlProvider}}, {Name: samltest.RoleSessionName, Values: []string{k.name}}}}
	assertion := samltest.Encode(k.w.saml.Sign(samltest.Standalone(k.w.saml.Response(f)), samltest.Signing{Target: f.AssertionID}))
	ask := []string{"Action", "AssumeRoleWithSAML", "RoleArn", role, "PrincipalArn", samlProvider, "SAMLAssertion", assertion}
	out, err := k.w.query(ctx, k.http, sigv4.Credentials{}, "sts", ask...)
	if err != nil {
		return err
	}
	if _, err := k.w.query(ctx, k.http, sigv4.Credentials{}, "sts", ask...); !isRefused(err) {
		return fmt.Errorf("an assertion is taken twice: %w", err)
	}
	return k.use(ctx, credentials(out))
}

// repositories asks about all of them, and now and then makes one, works in it
// and deletes it.
func (k *client) repositories(ctx context.Context) error {
	if k.n%5 != 0 {
		err := k.w.json(ctx, k.http, k.w.user, "ListBranches", `{"repositoryName":"`+repoName(k.n)+`"}`)
		if err == nil {
			err = k.w.json(ctx, k.http, k.w.user, "BatchGetRepositories", `{"repositoryNames":["`+repoName(k.n)+`","nobody"]}`)
		}
		return err
	}
	repo := fmt.Sprintf("%s-%d", k.name, k.n)
	k.tip = ""
	call := func(operation, more string) error {
		return k.w.json(ctx, k.http, k.w.user, operation, `{"repositoryName":"`+repo+`"`+more+`}`)
	}
	for _, step := range []func() error{
		func() error { return call("CreateRepository", `,"repositoryDescription":"passing"`) },
		func() error { return k.push(ctx, repo, "refs/heads/main") },
		func() error { return call("CreateBranch", `,"branchName":"side","commitId":"`+k.tip+`"`) },
		func() error { return call("GetBranch", `,"branchName":"side"`) },
		func() error { return call("ListBranches", "") },
		func() error { return call("UpdateRepositoryDescription", `,"repositoryDescription":"changed"`) },
		func() error { return call("DeleteBranch", `,"branchName":"side"`) },
		func() error { return call("GetRepository", "") },
		func() error { return k.w.json(ctx, k.http, k.w.user, "ListRepositories", "{}") },
		func() error { return call("DeleteRepository", "") },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	k.w.ledger.passing(3)
	return nil
}

// users makes a user, who asks who they are, and deletes them.
func (k *client) users(ctx context.Context) error {
	name := fmt.Sprintf("%s-%d", k.name, k.n)
	var key map[string]string
	iam := func(action string, more ...string) func() error {
		return func() error {
			out, err := k.w.query(ctx, k.http, k.w.root, "iam", append([]string{"Action", action, "UserName", name}, more...)...)
			if action == "CreateAccessKey" {
				key = out
			}
			return err
		}
	}
	for _, step := range []func() error{
		iam("CreateUser"), iam("PutUserPolicy", "PolicyName", "inline", "PolicyDocument", allow("codecommit:*")), iam("CreateAccessKey"),
		func() error { return k.use(ctx, credentials(key)) },
		iam("GetUser"), iam("ListUserPolicies"), iam("DeleteUserPolicy", "PolicyName", "inline"),
		func() error { return iam("DeleteAccessKey", "AccessKeyId", key["AccessKeyId"])() },
		iam("DeleteUser"),
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// cloneBody asks for a commit and all that is behind it, by the old protocol.
func cloneBody(oid string) []byte {
	b := pktline.Append(nil, "want "+oid+" side-band-64k ofs-delta\n")
	return append(append(b, pktline.FlushPacket...), pktline.Append(nil, "done\n")...)
}

// big is a repository whose clone does not fit into buffers.
const big = "repository-0"

// leaves goes in the middle of something.
func (k *client) leaves(ctx context.Context) error {
	switch k.n % 4 {
	case 0: // a clone
		r, err := k.w.gitRequest(ctx, k.w.user, big, "/git-upload-pack", bytes.NewReader(cloneBody(k.w.bigTip)))
		if err != nil {
			return err
		}
		a, err := k.http.Do(r)
		if err != nil {
			return err
		}
		_, err = io.CopyN(io.Discard, a.Body, 2000)
		a.Body.Close() // breaks the connection off
		return err
	case 1: // a push, behind half of its pack
		id, pack := lightgit.Commit("", k.name, k.n)
		body := lightgit.PushBody("refs/heads/never", "", id, pack)
		left, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
		defer cancel()
		r, err := k.w.gitRequest(left, k.w.user, big, "/git-receive-pack", io.MultiReader(bytes.NewReader(body[:len(body)-30]), silent{left}))
		if err != nil {
			return err
		}
		if _, err := answer(k.http, r); err == nil {
			return errors.New("half a push is taken")
		}
		return nil
	case 2: // a request's head
		conn, err := tls.Dial("tcp", k.w.host(), &tls.Config{InsecureSkipVerify: true}) // who leaves does not mind
		if err != nil {
			return err
		}
		defer conn.Close()
		_, err = io.WriteString(conn, "POST /v1/repos/"+big+"/git-upload-pack HTTP/1.1\r\nHost: ")
		return err
	default: // TLS
		conn, err := net.Dial("tcp", k.w.host())
		if err != nil {
			return err
		}
		defer conn.Close()
		_, err = conn.Write([]byte{22, 3, 1})
		return err
	}
}

// silent says nothing until its context ends.
type silent struct{ ctx context.Context }

func (s silent) Read([]byte) (int, error) {
	<-s.ctx.Done()
	return 0, s.ctx.Err()
}

// readsSlowly takes a clone in small bites at first.
func (k *client) readsSlowly(ctx context.Context) error {
	r, err := k.w.gitRequest(ctx, k.w.user, big, "/git-upload-pack", bytes.NewReader(cloneBody(k.w.bigTip)))
	if err != nil {
		return err
	}
	a, err := k.http.Do(r)
	if err != nil {
		return err
	}
	defer a.Body.Close()
	for range 20 {
		if _, err := io.CopyN(io.Discard, a.Body, 1000); err != nil {
			return err
		}
		time.Sleep(*flagPause / 10)
	}
	_, err = io.Copy(io.Discard, a.Body)
	return err
}

// isWrong comes with wrong passwords, signatures and tokens.
func (k *client) isWrong(ctx context.Context) (err error) {
	wrong := k.w.user
	wrong.Secret = secret.New("0123456789012345678901234567890123456789")
	switch k.n % 4 {
	case 0:
		var r *http.Request
		if r, err = k.w.gitRequest(ctx, wrong, big, "/info/refs?service=git-upload-pack", nil); err == nil {
			_, err = answer(k.http, r)
		}
	case 1:
		_, err = k.w.query(ctx, k.http, wrong, "sts", "Action", "GetCallerIdentity")
	case 2:
		wrong.AccessKeyID = fmt.Sprintf("ASIA%016d", 2000+k.n)
		wrong.Token = "c29qb3Vybg"
		_, err = k.w.query(ctx, k.http, wrong, "sts", "Action", "GetCallerIdentity")
	default:
		_, err = k.w.query(ctx, k.http, sigv4.Credentials{}, "sts", "Action", "AssumeRoleWithWebIdentity", "RoleArn", role, "RoleSessionName", k.name,
			"WebIdentityToken", "eyJhbGciOiJub25lIn0.eyJpc3MiOiJ4In0.")
	}
	if isRefused(err) {
		return nil
	}
	return fmt.Errorf("who is wrong is not refused: %w", err)
}

// asksLFS is told that there is none.
func (k *client) asksLFS(ctx context.Context) error {
	r, err := k.w.gitRequest(ctx, k.w.user, big, "/info/lfs/objects/batch", strings.NewReader(`{"operation":"download","objects":[]}`))
	if err == nil {
		r.Header.Set("Content-Type", "application/vnd.git-lfs+json")
		_, err = answer(k.http, r)
	}
	if isRefused(err) {
		return nil
	}
	return fmt.Errorf("LFS is answered: %w", err)
}

// isRefused reports whether an answer has a status below 500 that refuses, or
// says that the server does not do this at all.
func isRefused(err error) bool {
	r, ok := errors.AsType[*refused](err)
	return ok && (r.status < 500 || r.status == http.StatusNotImplemented)
}
