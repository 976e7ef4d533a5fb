package authn

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sojourn/internal/awserr"
	"sojourn/internal/principal"
	"sojourn/internal/secret"
	"sojourn/internal/sigv4"
	"sojourn/internal/store"
)

// One answer for every reason why a credential is none, to the letter.
func TestOneAnswerForWhatIsUnknown(t *testing.T) {
	w := newWorld(t)
	genuine := w.session(reader)
	gone := w.session(principal.Session{Kind: principal.User, Account: account, ID: "AIDAGONE", Name: "gone", Path: "/"})
	foreign := w.session(principal.Session{Kind: principal.AssumedRole, Account: "999999999999", ID: "AROAREADER", Name: "Reader", Path: "/", SessionName: "s"})
	w.update(func(tx store.Tx) error {
		return tx.InsertAccessKey(store.AccessKey{ID: "AKIAINACTIVE", Account: account, UserID: "AIDAMARIA", Status: "Inactive", Created: w.now,
			Secret: w.Keys.SealSecret("access-key", "AKIAINACTIVE", []byte("maria's secret"))})
	})
	for name, c := range map[string]sigv4.Credentials{
		"unknown key":              {AccessKeyID: "AKIAUNKNOWN", Secret: maria.Secret},
		"the decoy":                {AccessKeyID: w.decoy.row(w.Keys).ID, Secret: maria.Secret},
		"inactive key":             {AccessKeyID: "AKIAINACTIVE", Secret: maria.Secret},
		"long-term key with token": {AccessKeyID: maria.AccessKeyID, Secret: maria.Secret, Token: genuine.Token},
		"no token":                 {AccessKeyID: genuine.AccessKeyID, Secret: genuine.Secret},
		"damaged token":            {AccessKeyID: genuine.AccessKeyID, Secret: genuine.Secret, Token: genuine.Token + "A"},
		"no token at all":          {AccessKeyID: genuine.AccessKeyID, Secret: genuine.Secret, Token: "x"},
		"deleted user":             gone,
		"role of another account":  foreign,
		"user of another account":  w.session(principal.Session{Kind: principal.User, Account: "999999999999", ID: "AIDAMARIA", Name: "maria", Path: "/"}),
	} {
		_, err := w.api(c, "sts", region, nil)
		if e := awserr.From(err); e.Code != awserr.InvalidClientTokenID || e.Message != "The security token included in the request is invalid." || e.Status != 403 {
			t.Errorf("%s: %v", name, err)
		}
		_, err = w.git(c, host, repo)
		if e := awserr.From(err); e.Code != awserr.InvalidClientTokenID || !strings.HasPrefix(e.Message, "The access key id or the session token in the Git user name is not valid here.") {
			t.Errorf("%s by git: %v", name, err)
		}
	}
}

// An unknown key takes as long as a known one with a wrong secret. The bound is
// wide, for machines that do other things too; a short cut is far below it.
func TestUnknownKeyTakesTheSameTime(t *testing.T) {
	w := newWorld(t)
	w.Store = oneKey{row: store.AccessKey{ID: maria.AccessKeyID, Account: account, UserID: "AIDAMARIA", Status: "Active",
		Secret: w.Keys.SealSecret("access-key", maria.AccessKeyID, []byte("maria's secret"))}}
	session := w.session(reader)
	median := func(c sigv4.Credentials, fresh bool) time.Duration {
		password := sigv4.GitPassword(c.Secret, region, host, repo, w.now).Reveal()
		took := make([]time.Duration, 2001)
		for i := range took {
			if fresh {
				w.opened = sessions{}
			}
			start := time.Now()
			w.Git(t.Context(), sigv4.GitUser(c), password, host, repo, RequestInfo{})
			took[i] = time.Since(start)
		}
		slices.Sort(took)
		return took[len(took)/2]
	}
	wrong := secret.New("not the secret")
	for _, c := range []struct {
		name           string
		known, unknown sigv4.Credentials
		fresh          bool
	}{
		{"long-term key", sigv4.Credentials{AccessKeyID: maria.AccessKeyID, Secret: wrong}, sigv4.Credentials{AccessKeyID: "AKIAUNKNOWNUNKNOWN22", Secret: wrong}, false},
		{"long-term key, first use", sigv4.Credentials{AccessKeyID: maria.AccessKeyID, Secret: wrong}, sigv4.Credentials{AccessKeyID: "AKIAUNKNOWNUNKNOWN22", Secret: wrong}, true},
		{"session", sigv4.Credentials{AccessKeyID: session.AccessKeyID, Secret: wrong, Token: session.Token},
			sigv4.Credentials{AccessKeyID: session.AccessKeyID, Secret: wrong, Token: session.Token[:len(session.Token)-4] + "AAAA"}, true},
	} {
		var known, unknown time.Duration
		for try := range 5 { // other work on the machine may disturb one
			known, unknown = median(c.known, c.fresh), median(c.unknown, c.fresh)
			if ratio := float64(unknown) / float64(known); ratio > 0.75 && ratio < 1.33 {
				t.Logf("%s: known %v, unknown %v (try %d)", c.name, known, unknown, try+1)
				break
			}
			if try == 4 {
				t.Errorf("%s: known %v, unknown %v", c.name, known, unknown)
			}
		}
	}
}

// oneKey is a store of one access key, so that the time of a database does not hide ours.
type oneKey struct {
	store.Store
	store.Tx
	row store.AccessKey
}

func (s oneKey) View(_ context.Context, f func(store.Tx) error) error { return f(s) }

func (s oneKey) AccessKey(id string) (store.AccessKey, error) {
	if id != s.row.ID {
		return store.AccessKey{}, store.ErrNotFound
	}
	return s.row, nil
}

func (s oneKey) Version() uint64 { return 1 }

func (s oneKey) Ping(context.Context) error { return nil }

// broken is a store that cannot answer.
type broken struct {
	store.Store
	version uint64
}

var errBroken = errors.New("disk on fire")

func (*broken) View(context.Context, func(store.Tx) error) error   { return errBroken }
func (*broken) Update(context.Context, func(store.Tx) error) error { return errBroken }

func (b *broken) Version() uint64 {
	b.version++
	return b.version + 1<<32
}

// A fault of the store is not the caller's fault, and never lets anyone in; it is
// worth asking again.
func TestStoreFaults(t *testing.T) {
	w := newWorld(t)
	session := w.session(reader)
	if _, err := w.api(maria, "sts", region, nil); err != nil {
		t.Fatal(err)
	}
	w.Store = &broken{}
	for _, c := range []sigv4.Credentials{maria, session} {
		for _, ask := range []func() (*principal.Caller, error){
			func() (*principal.Caller, error) { return w.api(c, "sts", region, nil) },
			func() (*principal.Caller, error) { return w.git(c, host, repo) },
		} {
			if caller, err := ask(); caller != nil || !errors.Is(err, errBroken) || !awserr.Is(err, awserr.ServiceUnavailable) {
				t.Errorf("%s: %+v, %v", c.AccessKeyID, caller, err)
			}
		}
	}
}

// A secret that the keyring cannot open is an operator's matter, not a wrong key.
func TestSecretOfALostRoot(t *testing.T) {
	w := newWorld(t)
	w.update(func(tx store.Tx) error {
		k, err := tx.AccessKey(maria.AccessKeyID)
		k.Secret[len(k.Secret)-1] ^= 1
		return errors.Join(err, tx.UpdateAccessKey(k))
	})
	if _, err := w.api(maria, "sts", region, nil); err == nil || !awserr.Is(awserr.From(err), awserr.InternalFailure) || !strings.Contains(err.Error(), maria.AccessKeyID) {
		t.Errorf("error %v", err)
	}
}

func TestFederatedSessions(t *testing.T) {
	w := newWorld(t)
	for _, issuer := range []string{"AIDAMARIA", account} {
		c := w.session(principal.Session{Kind: principal.Federated, Account: account, ID: issuer, Name: "maria", SessionName: "guest"})
		caller, err := w.api(c, "codecommit", region, nil)
		if err != nil || caller.ARN() != "arn:aws:sts::"+account+":federated-user/guest" {
			t.Errorf("issued by %s: %+v, %v", issuer, caller, err)
		}
	}
	c := w.session(principal.Session{Kind: principal.Federated, Account: account, ID: "AIDAMARIA", Name: "maria", SessionName: "guest"})
	w.update(func(tx store.Tx) error {
		return errors.Join(tx.DeleteAccessKey(maria.AccessKeyID), tx.DeleteUser("AIDAMARIA"))
	})
	if _, err := w.api(c, "codecommit", region, nil); !awserr.Is(err, awserr.InvalidClientTokenID) {
		t.Errorf("after its issuer was deleted: %v", err)
	}
}

// What a person reads behind "remote:" says what to do, on one line.
func TestGitMessages(t *testing.T) {
	w := newWorld(t)
	c := w.session(reader)
	p := sigv4.GitPassword(c.Secret, "us-west-2", host, repo, w.now)
	late := sigv4.GitPassword(c.Secret, region, host, repo, w.now.Add(-time.Hour))
	early := sigv4.GitPassword(c.Secret, region, host, repo, w.now.Add(time.Hour))
	for _, x := range []struct {
		name, user, password string
		after                time.Duration
		want                 string
	}{
		{"wrong region", sigv4.GitUser(c), p.Reveal(), 0, "the region " + region + ", which this server is"},
		{"old password", sigv4.GitUser(c), late.Reveal(), 0, "The Git password has expired"},
		{"password of the future", sigv4.GitUser(c), early.Reveal(), 0, "Set this machine's clock"},
		{"ended session", sigv4.GitUser(c), sigv4.GitPassword(c.Secret, region, host, repo, w.now.Add(2*time.Hour)).Reveal(), 2 * time.Hour, "The session has expired. Sign in"},
		{"a person's name and password", "maria", "hunter2", 0, "as git-remote-codecommit and the credential helper make them"},
	} {
		now := w.now
		w.now = now.Add(x.after)
		_, err := w.Git(t.Context(), x.user, x.password, host, repo, RequestInfo{})
		w.now = now
		if e := awserr.From(err); !strings.Contains(e.Message, x.want) || strings.ContainsAny(e.Message, "\r\n\x1b") || strings.Contains(e.Message, "hunter2") || len(e.Message) > 400 {
			t.Errorf("%s: %q", x.name, e.Message)
		}
	}
}

func TestManyAtOnce(t *testing.T) {
	w := newWorld(t)
	c := w.session(reader)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 20 {
				if _, err := w.git(c, host, repo); err != nil {
					t.Error(err)
				}
				if _, err := w.api(maria, "sts", region, nil); err != nil {
					t.Error(err)
				}
				w.git(sigv4.Credentials{AccessKeyID: "AKIAUNKNOWN", Secret: maria.Secret}, host, repo)
			}
		})
	}
	all.Wait()
}

func TestCredentialPrintsNoSecret(t *testing.T) {
	c := &credential{secret: "hunter2", session: principal.Session{ID: "AROA1"}}
	if out := fmt.Sprintf("%v %+v %#v %s %x %v", c, c, c, c, c, []any{c}); strings.Contains(out, "hunter2") || strings.Contains(out, "68756e") {
		t.Error(out)
	}
}

func BenchmarkAPI(b *testing.B) {
	w := newWorld(b)
	for name, c := range map[string]sigv4.Credentials{"session": w.session(reader), "access key": maria} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := w.api(c, "codecommit", region, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
