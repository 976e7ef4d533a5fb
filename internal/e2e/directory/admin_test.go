package directory

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"sojourn/internal/federation/directory/directorytest"
)

// TestAdministration goes through a directory's life on the command line.
func TestAdministration(t *testing.T) {
	t.Parallel()
	w := newWorld(t, openLDAP, "OpenLDAP")
	local := func(args ...string) string {
		return w.Shell(bin).Run("sojourn", append([]string{"admin", "directory", args[0], "--data", w.Data,
			"--federation-allow-cidr", "127.0.0.0/8", "--federation-ca", w.dir.CA}, args[1:]...)...)
	}
	for what, want := range map[string]string{local("list"): w.id, local("get", "--directory-id", w.id): "entryUUID"} {
		if !strings.Contains(what, want) {
			t.Errorf("%s lacks %s", what, want)
		}
	}
	for _, out := range []string{local("test", "--directory-id", w.id, "--user-name", "Alice"),
		w.admin.Run("sojourn", "ds", "test-directory", "--directory-id", w.id, "--user-name", "Alice")} {
		for _, want := range []string{`"Ok": true`, `"uid=alice,ou=people,dc=example,dc=org"`, `"cn=staff,ou=groups,dc=example,dc=org"`, `"may sign in"`} {
			if !strings.Contains(out, want) {
				t.Errorf("%s lacks %s", out, want)
			}
		}
	}
	w.Shell(bin).Set("SOJOURN_BIND_PASSWORD", "another").Run("sojourn", "admin", "directory", "update", "--data", w.Data, "--directory-id", w.id, "--bind-dn", w.dir.BindDN)
	if out := local("test", "--directory-id", w.id); strings.Contains(out, `"Ok": true`) || !strings.Contains(out, "Invalid Credentials") {
		t.Errorf("with a wrong bind password: %s", out)
	}
	w.role(`{"StringEquals":{"ds:username":"alice"}}`)
	w.refuse("(IDPCommunicationError)", "alice", directorytest.Password)
	local("delete", "--directory-id", w.id)
	w.refuse("(InvalidIdentityToken)", "alice", directorytest.Password)
}

// A password is taken from where no one else sees it, and from nowhere else.
func TestWhereAPasswordComesFrom(t *testing.T) {
	t.Parallel()
	w := newWorld(t, openLDAP, "OpenLDAP")
	w.role(`{"StringEquals":{"ds:username":"alice"}}`)
	sh, args := w.command("alice", "")
	sh.Run("sojourn", append(args, "--password-file", sh.Write("password", directorytest.Password+"\n"))...)
	piped := sh.Command("sojourn", append(args, "--password-file", "-")...)
	piped.Stdin = strings.NewReader(directorytest.Password)
	if out, err := piped.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	askpass := sh.Write("askpass", "#!/bin/sh\nprintf '%s\\n' '"+directorytest.Password+"'\n")
	if err := chmod(askpass); err != nil {
		t.Fatal(err)
	}
	sh.Set("GIT_ASKPASS", askpass).Run("sojourn", args...)
	sh.Set("GIT_ASKPASS", "")
	if out := sh.Fail("sojourn", append(args, "--password", "typed by mistake")...); !strings.Contains(out, "no flag takes a password") || strings.Contains(out, "by mistake") {
		t.Errorf("by a flag: %s", out)
	}
	if out := sh.Fail("sojourn", args...); !strings.Contains(out, "--password-file") {
		t.Errorf("from nowhere: %s", out)
	}
	form := url.Values{"Action": {"AssumeRoleWithLDAPIdentity"}, "Version": {"2011-06-15"}, "RoleArn": {roleARN}, "DirectoryArn": {w.arn}, "UserName": {"alice"}, "Password": {directorytest.Password}}
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		req, err := http.NewRequestWithContext(t.Context(), method, w.URL+"/?"+form.Encode(), nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := w.client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusBadRequest {
			t.Errorf("%s with the password in the URL: %s", method, resp.Status)
		}
	}
	if strings.Contains(w.Logs.String(), directorytest.Password) || strings.Contains(w.audited(), directorytest.Password) {
		t.Error("the password is in the log or in the record")
	}
}
