package directory

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sojourn/internal/federation/directory/directorytest"
)

// TestOpenLDAP signs in at slapd.
func TestOpenLDAP(t *testing.T) {
	t.Parallel()
	w := newWorld(t, openLDAP, "OpenLDAP")
	w.role(`{"ForAnyValue:StringEquals":{"ds:groups":"cn=staff,ou=groups,dc=example,dc=org"}}`)
	s := w.assume("alice", directorytest.Password)
	if s.AssumedRoleUser.Arn != "arn:aws:sts::111122223333:assumed-role/CodeCommitAccess/alice" || s.Provider != w.arn ||
		s.Subject != "uid=alice,ou=people,dc=example,dc=org" || s.SubjectId != "00000000-0000-4000-8000-000000000001" {
		t.Errorf("the session is %+v", s)
	}
	w.cloneAndPush(s)
	w.signsIn()
	for _, spelling := range []string{"ALICE", " alice", "alice  "} {
		if again := w.assume(spelling, directorytest.Password); again.SubjectId != s.SubjectId || again.AssumedRoleUser != s.AssumedRoleUser {
			t.Errorf("%q is %+v", spelling, again)
		}
	}
	w.refuse("AccessDenied", "dave", directorytest.Password) // in no group that is trusted
	w.refused(map[string][2]string{
		"a wrong password":   {"alice", "wrong"},
		"nobody":             {"mallory", directorytest.Password},
		"locked":             {"bob", directorytest.Password},
		"must change":        {"carol", directorytest.Password},
		"an expired one":     {"erin", directorytest.Password},
		"one with grace":     {"grace", directorytest.Password},
		"an expired account": {"frank", directorytest.Password},
		"two of this name":   {"twin", directorytest.Password},
		"two names":          {"heidi", directorytest.Password},
	}, map[string]string{
		"a wrong password": "the password is wrong", "nobody": "there is no such user", "locked": "the account is locked",
		"must change": "the password must be changed", "an expired one": "the password has expired", "one with grace": "the password has expired",
		"an expired account": "the account has expired", "two of this name": "the name means more than one entry",
		"two names": "the entry has 2 values of uid, not one",
	})
}

// TestActiveDirectory signs in at Samba.
func TestActiveDirectory(t *testing.T) {
	t.Parallel()
	w := newWorld(t, activeDirectory, "ActiveDirectory", "--short-name", directorytest.Short)
	w.role(`{"ForAnyValue:StringEquals":{"ds:groups":"cn=company,cn=users,dc=ad,dc=example,dc=org"}}`)
	s := w.assume("alice", directorytest.Password)
	if s.AssumedRoleUser.Arn != "arn:aws:sts::111122223333:assumed-role/CodeCommitAccess/alice" || s.Provider != w.arn ||
		s.Subject != "cn=alice,cn=users,dc=ad,dc=example,dc=org" || len(s.SubjectId) != 36 {
		t.Errorf("the session is %+v", s)
	}
	w.cloneAndPush(s)
	for _, spelling := range []string{"ALICE", "alice@ad.example.org", `ADEX\alice`} {
		if again := w.assume(spelling, directorytest.Password); again.SubjectId != s.SubjectId || again.AssumedRoleUser != s.AssumedRoleUser {
			t.Errorf("%q is %+v", spelling, again)
		}
	}
	w.refuse("AccessDenied", "dave", directorytest.Password)
	w.refused(map[string][2]string{
		"a wrong password":   {"alice", "wrong"},
		"nobody":             {"mallory", directorytest.Password},
		"disabled":           {"bob", directorytest.Password},
		"must change":        {"carol", directorytest.Password},
		"an expired one":     {"erin", directorytest.Password},
		"an expired account": {"frank", directorytest.Password},
	}, map[string]string{
		"a wrong password": "the password is wrong", "nobody": "there is no such user", "disabled": "the account is disabled",
		"must change": "the password must be changed", "an expired one": "the password has expired", "an expired account": "the account has expired",
	})
	for range 4 { // the domain locks an account behind three
		w.refuse(letsNobodyIn, "lou", "wrong")
	}
	w.refuse(letsNobodyIn, "lou", directorytest.Password)
	if got := w.reason(); got != "the account is locked" {
		t.Errorf("a locked account is recorded as %q", got)
	}
}

// refused tries names and passwords that must be told apart in the record alone.
func (w *world) refused(tries map[string][2]string, reasons map[string]string) {
	w.t.Helper()
	for what, try := range tries {
		w.refuse(letsNobodyIn, try[0], try[1])
		if got := w.reason(); got != reasons[what] {
			w.t.Errorf("%s is recorded as %q, want %q", what, got, reasons[what])
		}
	}
}

// reason is why the last sign-in was refused, as the record has it.
func (w *world) reason() string {
	w.t.Helper()
	text := w.audited()
	if strings.Contains(text, directorytest.Password) || strings.Contains(text, directorytest.ServicePassword) {
		w.t.Error("the record holds a password")
	}
	all := directoryReason.FindAllStringSubmatch(text, -1)
	if len(all) == 0 {
		return ""
	}
	return all[len(all)-1][1]
}

var directoryReason = regexp.MustCompile(`"directoryReason":"([^"]*)"`)

// audited is all that is recorded.
func (w *world) audited() string {
	w.t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(filepath.Join(w.Data, "audit"), func(path string, f fs.DirEntry, err error) error {
		if err != nil || f.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		all.Write(b)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return all.String()
}
