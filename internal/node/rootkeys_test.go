package node

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"sojourn/internal/federation/directory"
	"sojourn/internal/federation/samlidp"
	"sojourn/internal/iam"
	"sojourn/internal/mfa"
	"sojourn/internal/principal"
	"sojourn/internal/seal"
	"sojourn/internal/store"
)

// rotating is a data directory whose root key is changed, and a clock to turn.
type rotating struct {
	*Admin
	t   *testing.T
	now time.Time
}

func rotation(t *testing.T) *rotating {
	a, now := administered(t)
	return &rotating{a, t, now.Add(time.Minute)} // behind what the real clock has written
}

func (r *rotating) clock() time.Time { return r.now }

// pass turns the clock instead of waiting.
func (r *rotating) pass(_ context.Context, d time.Duration) error {
	r.now = r.now.Add(max(d, 0))
	return nil
}

func (r *rotating) ok(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// phases are the root keys' phases by number, "1 ending, 2 sealing".
func (r *rotating) phases() string {
	r.t.Helper()
	keys, err := r.RootKeys(r.t.Context())
	r.ok(err)
	var all []string
	for _, k := range keys {
		all = append(all, string(rune('0'+k.Generation))+" "+k.Phase)
	}
	return strings.Join(all, ", ")
}

func (r *rotating) in(phases string) {
	r.t.Helper()
	if got := r.phases(); got != phases {
		r.t.Errorf("the keys are %q, want %q", got, phases)
	}
}

// refused wants an error with a text.
func (r *rotating) refused(what string, err error, text string) {
	r.t.Helper()
	if err == nil || !strings.Contains(err.Error(), text) {
		r.t.Errorf("%s: error %v, want …%s…", what, err, text)
	}
}

// server is what a running server has of the keys.
func (r *rotating) server() *rootKeys {
	r.t.Helper()
	keys, err := seal.LoadKeyring(r.dir.rootKeys())
	r.ok(err)
	return &rootKeys{path: r.dir.rootKeys(), store: r.store, keys: keys, now: r.clock, log: slog.New(slog.DiscardHandler)}
}

// session is issued by a server now; opens tells whether another takes it.
func (r *rotating) session(s *rootKeys) seal.Issued {
	r.t.Helper()
	i, err := s.keys.Issue(principal.Session{Kind: principal.Root, Account: here, ID: here, Expires: r.now.Add(12 * time.Hour)}, r.now)
	r.ok(err)
	return i
}

func (r *rotating) opens(s *rootKeys, i seal.Issued) bool {
	_, _, err := s.keys.Open(i.AccessKeyID, i.Token, r.now)
	return err == nil
}

func (r *rotating) file() []byte {
	r.t.Helper()
	b, err := os.ReadFile(r.dir.rootKeys())
	r.ok(err)
	return b
}

func (r *rotating) put(file []byte) {
	r.t.Helper()
	r.ok(os.WriteFile(r.dir.rootKeys(), file, 0o600))
}

// The three phases, with two servers that look at different times: no session is
// refused before its key has gone.
func TestThreePhases(t *testing.T) {
	r := rotation(t)
	prompt, late := r.server(), r.server()
	r.ok(prompt.settle(t.Context()))
	r.ok(late.settle(t.Context()))
	r.in("1 sealing")
	var issued []seal.Issued
	each := func(phase string) {
		t.Helper()
		issued = append(issued, r.session(prompt), r.session(late))
		for _, i := range issued {
			if !r.opens(prompt, i) || !r.opens(late, i) {
				t.Errorf("%s: a session is refused", phase)
			}
		}
	}
	both := func(phase string) {
		t.Helper()
		r.ok(prompt.settle(t.Context()))
		each(phase + ", one server late")
		r.ok(late.settle(t.Context()))
		each(phase)
	}
	each("before")
	n, err := r.AnnounceRootKey(t.Context(), r.now)
	r.ok(err)
	if n != 2 {
		t.Errorf("generation %d is announced", n)
	}
	both("announced")
	r.in("1 sealing, 2 announced")
	_, err = r.AnnounceRootKey(t.Context(), r.now)
	r.refused("announcing another", err, "is announced already")
	_, err = r.ActivateRootKey(t.Context(), r.now.Add(announceTime-time.Second))
	r.refused("activating too soon", err, "wait 1s")
	r.now = r.now.Add(announceTime)
	_, err = r.ActivateRootKey(t.Context(), r.now)
	r.ok(err)
	both("activated")
	r.in("1 ending, 2 sealing")
	if prompt.keys.Generations()[1].Seals != true || late.keys.Generations()[1].Seals != true {
		t.Error("a server still seals with the old key")
	}
	_, err = r.RetireRootKey(t.Context(), 2, r.now)
	r.refused("retiring the key that seals", err, "seals")
	r.now = r.now.Add(retireTime - time.Second)
	_, err = r.RetireRootKey(t.Context(), 1, r.now)
	r.refused("retiring too early", err, "can be retired in 1s")
	r.now = r.now.Add(time.Second)
	resealed, err := r.RetireRootKey(t.Context(), 1, r.now)
	r.ok(err)
	if resealed != 1 {
		t.Errorf("%d secrets were sealed anew", resealed)
	}
	r.in("2 sealing")
	r.ok(prompt.settle(t.Context()))
	if plain := r.accessKey(prompt.keys); plain != "secret" {
		t.Errorf("the access key is %q", plain)
	}
	if bytesHave(r.file(), `"generation": 1`) {
		t.Error("the retired key is in the file")
	}
	text := auditText(t, r.dir)
	for _, act := range []string{"AnnounceRootKey", "ActivateRootKey", "RetireRootKey"} {
		if !strings.Contains(text, `"eventName":"`+act+`"`) {
			t.Errorf("%s is not on record", act)
		}
	}
}

func bytesHave(b []byte, s string) bool { return strings.Contains(string(b), s) }

// accessKey opens the user's key as the store has it.
func (r *rotating) accessKey(keys *seal.Keyring) string {
	r.t.Helper()
	var k store.AccessKey
	r.ok(r.store.View(r.t.Context(), func(tx store.Tx) (err error) {
		k, err = tx.AccessKey("AKIAIOSFODNN7EXAMPLE")
		return err
	}))
	plain, err := keys.OpenSecret(iam.AccessKeyLabel, k.ID, k.Secret)
	if err != nil {
		return err.Error()
	}
	return string(plain)
}

// rotate walks one whole rotation.
func (r *rotating) rotate() {
	r.t.Helper()
	_, err := r.RotateRootKey(r.t.Context(), 0, r.clock, r.pass)
	r.ok(err)
	r.now = r.now.Add(retireTime)
	_, err = r.RotateRootKey(r.t.Context(), time.Hour*1000, r.clock, r.pass)
	r.ok(err)
}

// rotate does what is due, as often as it is run.
func TestRotateDoesWhatIsDue(t *testing.T) {
	r := rotation(t)
	age := 90 * 24 * time.Hour
	step := func(phases string, began, retired int, ending bool) {
		t.Helper()
		done, err := r.RotateRootKey(t.Context(), age, r.clock, r.pass)
		r.ok(err)
		if len(done.Began) != began || len(done.Retired) != retired || (done.Ending != nil) != ending {
			t.Errorf("it did %+v", done)
		}
		r.in(phases)
	}
	step("1 sealing", 0, 0, false)
	r.now = r.now.Add(age)
	step("1 ending, 2 sealing", 1, 0, true)
	step("1 ending, 2 sealing", 0, 0, true)
	r.now = r.now.Add(retireTime)
	step("2 sealing", 0, 1, false)
	step("2 sealing", 0, 0, false)
	// One that was killed behind the announcement is carried on with.
	_, err := r.AnnounceRootKey(t.Context(), r.now)
	r.ok(err)
	step("2 ending, 3 sealing", 1, 0, true)
}

// A root key that was stolen is replaced at once: its sessions end, requests that
// are being answered are refused, access keys go on.
func TestReplaceRootKeys(t *testing.T) {
	r := rotation(t)
	s := r.server()
	r.ok(s.settle(t.Context()))
	_, err := r.AnnounceRootKey(t.Context(), r.now) // stolen with the other
	r.ok(err)
	old := r.session(s)
	open, _, err := s.keys.Open(old.AccessKeyID, old.Token, r.now)
	r.ok(err)
	caller := &principal.Caller{Session: open, AccessKeyID: old.AccessKeyID, Temporary: true}
	done, err := r.ReplaceRootKeys(t.Context(), r.clock, r.pass)
	r.ok(err)
	if !slices.Equal(done.Began, []int{3}) || !slices.Equal(done.Retired, []int{1}) || done.Resealed != 1 {
		t.Errorf("it did %+v", done)
	}
	r.in("3 sealing")
	if err := r.sessions(r.now).Still(t.Context(), caller); err == nil {
		t.Error("a request of a session of the stolen key goes on")
	}
	r.ok(s.settle(t.Context()))
	if r.opens(s, old) {
		t.Error("a session of the stolen key opens")
	}
	if plain := r.accessKey(s.keys); plain != "secret" {
		t.Errorf("the access key is %q", plain)
	}
	fresh, err := r.Credentials(t.Context(), here, time.Hour, r.now)
	r.ok(err)
	if !r.opens(s, fresh) {
		t.Error("new credentials do not open")
	}
}

// An older file brings nothing back: a server does not start with it, and one that
// runs goes on with what it has, says so, and is not ready.
func TestAttackRollbackOfTheFile(t *testing.T) {
	r := rotation(t)
	first := r.file()
	s := r.server()
	r.ok(s.settle(t.Context()))
	thief := r.server() // who has the first key goes on making sessions
	r.ok(thief.settle(t.Context()))
	_, err := r.RotateRootKey(t.Context(), 0, r.clock, r.pass)
	r.ok(err)
	both := r.file()
	r.ok(s.settle(t.Context()))
	r.now = r.now.Add(retireTime)
	_, err = r.RetireRootKey(t.Context(), 1, r.now)
	r.ok(err)
	stolen := r.session(thief)
	if !r.opens(s, stolen) {
		t.Fatal("a session of the key that is ending does not open")
	}
	r.ok(s.settle(t.Context()))
	if r.opens(s, stolen) {
		t.Fatal("a session of the retired key opens")
	}
	good := r.session(s)

	r.put(first)
	r.refused("a server with the first file", s.settle(t.Context()), "it is an older copy; put back the newest")
	if s.ready() == nil || !r.opens(s, good) || r.opens(s, stolen) || s.sealing().Generation != 2 {
		t.Errorf("ready %v, good %v, stolen %v, sealing %d", s.ready(), r.opens(s, good), r.opens(s, stolen), s.sealing().Generation)
	}
	r.refused("a start with the first file", r.server().settle(t.Context()), "older copy")
	if _, err := OpenAdmin(t.Context(), string(r.dir)); err == nil {
		t.Error("administered with the first file")
	}

	r.put(both)
	fresh := r.server()
	r.ok(fresh.settle(t.Context()))
	if r.opens(fresh, stolen) || !r.opens(fresh, good) {
		t.Error("the file of before the retirement brings the retired key back")
	}
	// A command takes it out of the file again.
	_, err = r.ResealSecrets(t.Context(), r.now)
	r.ok(err)
	if bytesHave(r.file(), `"generation": 1`) {
		t.Error("the retired key stays in the file")
	}
}

// Which key seals, the store says: a file with the old phases does not turn it back.
func TestAttackRollbackOfThePhase(t *testing.T) {
	r := rotation(t)
	_, err := r.AnnounceRootKey(t.Context(), r.now)
	r.ok(err)
	announced := r.file()
	r.now = r.now.Add(announceTime)
	_, err = r.ActivateRootKey(t.Context(), r.now)
	r.ok(err)
	r.put(announced)
	s := r.server()
	r.ok(s.settle(t.Context()))
	if n := s.sealing().Generation; n != 2 {
		t.Errorf("generation %d seals", n)
	}
}

// Another key under a number that is known is refused, whatever its phase.
func TestAttackAnotherKeyUnderTheNumber(t *testing.T) {
	r := rotation(t)
	r.ok(r.server().settle(t.Context()))
	other := filepath.Join(t.TempDir(), "root.json")
	_, err := seal.CreateKeyring(other)
	r.ok(err)
	b, err := os.ReadFile(other)
	r.ok(err)
	mine := r.file()
	r.put(b)
	r.refused("another key as generation 1", r.server().settle(t.Context()), "generation 1 is not the key that this data has known")
	r.put(mine)
	r.ok(r.server().settle(t.Context()))
}

// A number is never given twice, so nothing that was sealed under it can meet
// another key.
func TestAttackNumbersAreNotReused(t *testing.T) {
	r := rotation(t)
	n, err := r.AnnounceRootKey(t.Context(), r.now)
	r.ok(err)
	_, err = r.RetireRootKey(t.Context(), n, r.now) // taken back
	r.ok(err)
	again, err := r.AnnounceRootKey(t.Context(), r.now)
	r.ok(err)
	if n != 2 || again != 3 {
		t.Errorf("%d, and then %d", n, again)
	}
	r.ok(r.store.Update(t.Context(), func(tx store.Tx) error {
		return tx.PutRootKey(store.RootKey{Generation: 255, Retired: r.now})
	}))
	_, err = r.RetireRootKey(t.Context(), 3, r.now)
	r.ok(err)
	_, err = r.AnnounceRootKey(t.Context(), r.now)
	r.refused("the 256th", err, "all 255 generations")
}

// Others must not have access to the file, at the start and at a change.
func TestAttackWideFile(t *testing.T) {
	r := rotation(t)
	s := r.server()
	r.ok(s.settle(t.Context()))
	r.ok(os.Chmod(r.dir.rootKeys(), 0o644))
	r.refused("a change", s.settle(t.Context()), "chmod 600")
	if _, err := OpenAdmin(t.Context(), string(r.dir)); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a start: %v", err)
	}
	_, err := r.AnnounceRootKey(t.Context(), r.now)
	r.refused("announcing", err, "chmod 600")
	r.ok(os.Chmod(r.dir.rootKeys(), 0o600))
	_, err = r.AnnounceRootKey(t.Context(), r.now)
	r.ok(err)
	info, err := os.Stat(r.dir.rootKeys())
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v %v", info.Mode(), err)
	}
}

// A command that was killed between store and file leaves a state that servers
// can live with and that the next command puts right.
func TestKilledBetweenStoreAndFile(t *testing.T) {
	r := rotation(t)
	_, err := r.AnnounceRootKey(t.Context(), r.now)
	r.ok(err)
	r.now = r.now.Add(announceTime)
	before := r.file()
	_, err = r.ActivateRootKey(t.Context(), r.now)
	r.ok(err)
	r.put(before) // killed before the file was replaced
	s := r.server()
	r.ok(s.settle(t.Context()))
	if s.sealing().Generation != 2 {
		t.Error("the server does not go by the store")
	}
	r.now = r.now.Add(retireTime)
	before = r.file()
	_, err = r.RetireRootKey(t.Context(), 1, r.now)
	r.ok(err)
	if k := r.file(); bytesHave(k, `"generation": 1`) || !bytesHave(k, `"seal"`) {
		t.Error("the file is not in step")
	}
	r.put(before) // killed before the file was replaced, again
	s = r.server()
	r.ok(s.settle(t.Context()))
	if n := len(s.keys.Generations()); n != 1 {
		t.Errorf("the server accepts %d keys", n)
	}
	_, err = r.AnnounceRootKey(t.Context(), r.now)
	r.ok(err)
	if bytesHave(r.file(), `"generation": 1`) {
		t.Error("the retired key is in the file still")
	}
	r.in("2 sealing, 3 announced")
}

// A key does not go while something at rest was sealed with it behind the last
// sealing anew, as by a server that has not taken the new one over.
func TestAttackSealedByALateServer(t *testing.T) {
	r := rotation(t)
	late := r.server()
	r.ok(late.settle(t.Context()))
	_, err := r.RotateRootKey(t.Context(), 0, r.clock, r.pass)
	r.ok(err)
	r.now = r.now.Add(retireTime)
	r.ok(r.store.Update(t.Context(), func(tx store.Tx) error {
		k, err := tx.AccessKey("AKIAIOSFODNN7EXAMPLE")
		k.Secret = late.keys.SealSecret(iam.AccessKeyLabel, k.ID, []byte("secret"))
		return errors.Join(err, tx.UpdateAccessKey(k))
	}))
	keys, err := r.RootKeys(t.Context())
	r.ok(err)
	if keys[0].AtRest != 1 || keys[1].AtRest != 0 {
		t.Errorf("sealed at rest: %d and %d", keys[0].AtRest, keys[1].AtRest)
	}
	n, err := r.RetireRootKey(t.Context(), 1, r.now) // which seals it anew
	r.ok(err)
	if n != 1 || r.accessKey(r.keys) != "secret" {
		t.Errorf("%d were sealed anew; the key is %q", n, r.accessKey(r.keys))
	}
}

// Two commands at once: the second is told so.
func TestAttackTwoCommandsAtOnce(t *testing.T) {
	r := rotation(t)
	err := r.changingKeys(t.Context(), func([]RootKey) error {
		_, err := r.AnnounceRootKey(t.Context(), r.now)
		return err
	})
	r.refused("announcing beside another command", err, "another command is changing them")
	r.in("1 sealing")
}

// Where the newest file is lost, the operator goes on with an older one knowingly.
func TestRestore(t *testing.T) {
	r := rotation(t)
	first := r.file()
	r.rotate()
	r.put(first)
	kept, err := RestoreRootKeys(t.Context(), Place{Data: string(r.dir)}, r.now)
	r.ok(err)
	if !slices.Equal(kept, []int{1}) {
		t.Errorf("kept %v", kept)
	}
	r.in("1 sealing")
	s := r.server()
	r.ok(s.settle(t.Context()))
	if r.accessKey(s.keys) == "secret" {
		t.Error("a secret of the lost key opens")
	}
	n, err := r.AnnounceRootKey(t.Context(), r.now)
	if err != nil || n != 3 {
		t.Errorf("generation %d is announced: %v", n, err)
	}
}

// Every kind of secret at rest is sealed anew: one that is sealed somewhere and
// not in sealedKinds would be lost with its root key.
func TestEveryKindIsSealedAnew(t *testing.T) {
	labels := map[string]string{"AccessKeyLabel": iam.AccessKeyLabel, "accessKeyLabel": iam.AccessKeyLabel,
		"mfa.SeedLabel": mfa.SeedLabel, "KeyLabel": samlidp.KeyLabel, "directory.PasswordLabel": directory.PasswordLabel}
	call := regexp.MustCompile(`\.SealSecret\(([^,]*),`)
	found := 0
	err := filepath.WalkDir("..", func(path string, e os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range call.FindAllSubmatch(text, -1) {
			found++
			if label, known := labels[string(m[1])]; !known || sealedKinds[label] == nil {
				t.Errorf("%s seals %s, which no rotation seals anew", path, m[1])
			}
		}
		return err
	})
	if err != nil || found < 4 {
		t.Errorf("%d calls, %v", found, err)
	}
}

// All kinds in the store, with several of each, open behind a rotation.
func TestSecretsSurviveARotation(t *testing.T) {
	r := rotation(t)
	p := store.SAMLProvider{Account: there, Name: "Adfs", ID: "saml-2", Created: r.now}
	for _, id := range []string{"k1", "k2"} {
		p.PrivateKeys = append(p.PrivateKeys, store.SAMLPrivateKey{ID: id, Added: r.now,
			Sealed: r.keys.SealSecret(samlidp.KeyLabel, samlidp.SealedFor(p, id), []byte("pem "+id))})
	}
	serial := "arn:aws:iam::" + there + ":mfa/phone"
	r.ok(r.store.Update(t.Context(), func(tx store.Tx) error {
		return errors.Join(tx.InsertDirectory(store.Directory{Account: there, Region: "us-east-1", ID: "d-3", Name: "People", Created: r.now, Updated: r.now,
			BindPassword: r.keys.SealSecret(directory.PasswordLabel, "d-3", []byte("bind"))}),
			tx.InsertDirectory(store.Directory{Account: there, Region: "us-east-1", ID: "d-4", Name: "Open", Created: r.now, Updated: r.now}),
			tx.InsertSAMLProvider(p), tx.InsertMFADevice(store.MFADevice{Serial: serial, Account: there, Name: "phone", Path: "/", Created: r.now,
				LastStep: 7, Seed: r.keys.SealSecret(mfa.SeedLabel, serial, []byte("seed"))}))
	}))
	r.rotate()
	r.in("2 sealing")
	r.ok(r.store.View(t.Context(), func(tx store.Tx) error {
		q, err := tx.SAMLProvider(there, "Adfs")
		r.ok(err)
		for _, k := range q.PrivateKeys {
			plain, err := r.keys.OpenSecret(samlidp.KeyLabel, samlidp.SealedFor(q, k.ID), k.Sealed)
			if err != nil || string(plain) != "pem "+k.ID {
				t.Errorf("a SAML key is %q: %v", plain, err)
			}
		}
		people, err := tx.Directory(there, "d-3")
		r.ok(err)
		bind, err := r.keys.OpenSecret(directory.PasswordLabel, "d-3", people.BindPassword)
		if err != nil || string(bind) != "bind" {
			t.Errorf("the bind password is %q: %v", bind, err)
		}
		d, err := tx.MFADevice(serial)
		r.ok(err)
		seed, err := r.keys.OpenSecret(mfa.SeedLabel, serial, d.Seed)
		if err != nil || string(seed) != "seed" || d.LastStep != 7 {
			t.Errorf("the seed is %q: %v", seed, err)
		}
		return nil
	}))
	if plain := r.accessKey(r.keys); plain != "secret" {
		t.Errorf("the access key is %q", plain)
	}
}
