package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sojourn/internal/federation/saml/samltest"
	"sojourn/internal/sojourntest"
	"sojourn/internal/sojourntest/faultproxy"
)

// What one node has taken all nodes give, with the token that another has issued.
func TestNodesShareAll(t *testing.T) {
	t.Parallel()
	forms(t, 2, func(t *testing.T, nodes []*sojourntest.Server) {
		_, dev := ana(t, nodes[0])
		var users []*sojourntest.Shell
		for _, n := range nodes {
			users = append(users, shell(n).As(dev.cred))
		}
		work := commit(t, users[0], "work")
		work.Run("git", "push", "-q", demo, "main")
		for i := range 6 { // the nodes take turns: each sees at once what the other took
			sh := users[i%2]
			dir := fmt.Sprint("clone", i)
			sh.Run("git", "clone", "-q", demo, dir)
			clone := sh.In(dir)
			write(t, clone, fmt.Sprint("file", i), fmt.Sprint(i))
			clone.Run("git", "add", ".")
			clone.Run("git", "commit", "-q", "-m", fmt.Sprint("commit ", i))
			clone.Run("git", "push", "-q", demo, "main")
			tip := clone.Run("git", "rev-parse", "main")
			if seen := users[(i+1)%2].Run("git", "ls-remote", demo, "refs/heads/main"); !strings.HasPrefix(seen, strings.TrimSpace(tip)) {
				t.Fatalf("after push %d the other node has %s, not %s", i, seen, tip)
			}
			clone.Run("git", "fsck", "--full", "--strict")
		}
		if n := strings.TrimSpace(users[1].In("clone5").Run("git", "rev-list", "--count", "main")); n != "7" {
			t.Errorf("%s commits at the end", n)
		}
		// Two nodes at once, on one branch: one push is taken, the other told.
		users[0].Run("git", "clone", "-q", demo, "left")
		users[1].Run("git", "clone", "-q", demo, "right")
		var wg sync.WaitGroup
		refused := make([]bool, 2)
		for i, dir := range []string{"left", "right"} {
			clone := users[i].In(dir)
			clone.Run("git", "commit", "-q", "--allow-empty", "-m", dir)
			wg.Go(func() {
				_, _, err := clone.Try("git", "push", "-q", demo, "main")
				refused[i] = err != nil
			})
		}
		wg.Wait()
		if refused[0] == refused[1] {
			t.Errorf("of two pushes from one state refused were: %v", refused)
		}
	})
}

// within is how soon all nodes know what one was told.
const within = 5 * time.Second

// A role that is changed, and a session that is revoked, on one node.
func TestNodesRefuseWhatOneRevoked(t *testing.T) {
	t.Parallel()
	forms(t, 4, func(t *testing.T, nodes []*sojourntest.Server) {
		admin, dev := ana(t, nodes[0])
		lists := func(s *sojourntest.Server) bool {
			status, _ := dev.on(s).tryJSON("ListRepositories", "{}")
			return status == http.StatusOK
		}
		soon := func(what string, done func() bool) {
			t.Helper()
			for end := time.Now().Add(within); !done(); time.Sleep(20 * time.Millisecond) {
				if time.Now().After(end) {
					t.Fatalf("%s: not within %s", what, within)
				}
			}
		}
		for _, s := range nodes { // so that each has read it before
			soon("to begin with", func() bool { return lists(s) })
		}
		admin.query("iam", "Action", "DeleteRolePolicy", "RoleName", "CodeCommitAccess", "PolicyName", "inline")
		for _, s := range nodes {
			soon("the policy is gone", func() bool { return !lists(s) })
		}
		admin.on(nodes[1]).query("iam", "Action", "PutRolePolicy", "RoleName", "CodeCommitAccess", "PolicyName", "inline", "PolicyDocument", allow("codecommit:*"))
		for _, s := range nodes {
			soon("the policy is back", func() bool { return lists(s) })
		}
		admin.on(nodes[1]).query("iam", "Action", "DeleteRolePolicy", "RoleName", "CodeCommitAccess", "PolicyName", "inline")
		admin.on(nodes[1]).query("iam", "Action", "DeleteRole", "RoleName", "CodeCommitAccess")
		for _, s := range nodes {
			soon("the role is gone", func() bool {
				status, out := dev.on(s).tryJSON("ListRepositories", "{}")
				return status == http.StatusBadRequest && strings.Contains(out, "Exception")
			})
		}
	})
}

// A code and an assertion, offered to four nodes at the same moment, several times.
func TestNodesAcceptAProofOnce(t *testing.T) {
	t.Parallel()
	forms(t, 4, func(t *testing.T, nodes []*sojourntest.Server) {
		g := newGuardedOn(t, nodes[0])
		once := func(what string, offer func(s *sojourntest.Server) error) {
			t.Helper()
			var wg sync.WaitGroup
			errs := make([]error, len(nodes))
			for i, s := range nodes {
				wg.Go(func() { errs[i] = offer(s) })
			}
			wg.Wait()
			accepted := len(slices.DeleteFunc(slices.Clone(errs), func(err error) bool { return err != nil }))
			if accepted != 1 {
				t.Fatalf("%s was accepted %d times: %v", what, accepted, errs)
			}
		}
		for range 3 {
			code := g.maria.next()
			once("a code", func(s *sojourntest.Server) error {
				_, err := g.maria.on(s).tryQuery("sts", "Action", "GetSessionToken", "SerialNumber", g.maria.serial, "TokenCode", code)
				return err
			})
		}
		idp := samltest.New("https://idp.example.com/saml", nodes[0].Now())
		g.query("iam", "Action", "CreateSAMLProvider", "Name", "Example", "SAMLMetadataDocument", idp.Metadata())
		const recipient = "https://signin.aws.amazon.com/saml"
		g.role("CodeCommitAccess", trustSAML(recipient), allow("codecommit:*"))
		for i := range 3 {
			response := samltest.Encode(samlResponse(nodes[0], idp, fmt.Sprint(i), recipient))
			once("an assertion", func(s *sojourntest.Server) error {
				_, err := (&api{t: t, s: s}).tryQuery("sts", "Action", "AssumeRoleWithSAML", "RoleArn", samlRole, "PrincipalArn", samlProvider, "SAMLAssertion", response)
				return err
			})
		}
	})
}

// A node whose stores are out of reach says so, and is well again by itself; the
// other node goes on meanwhile.
func TestNodeIsCutOff(t *testing.T) {
	t.Parallel()
	nodes, ways := grown(t, 2)
	_, dev := ana(t, nodes[0])
	users := []*sojourntest.Shell{shell(nodes[0]).As(dev.cred), shell(nodes[1]).As(dev.cred)}
	work := commit(t, users[0], "work")
	work.Run("git", "push", "-q", demo, "main")
	users[1].Run("git", "ls-remote", demo)

	ready := func(s *sojourntest.Server) int {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/readyz", nil)
		if err != nil {
			t.Fatal(err)
		}
		status, _ := dev.on(s).do(r)
		return status
	}
	cut := map[string]func(*faultproxy.Proxy){
		"cut":    (*faultproxy.Proxy).Cut,
		"silent": (*faultproxy.Proxy).Silence,
	}
	for what, fault := range cut {
		ways[1].each(fault)
		if status := ready(nodes[1]); status != http.StatusServiceUnavailable {
			t.Errorf("%s: readyz %d", what, status)
		}
		if status, out := dev.on(nodes[1]).tryJSON("ListRepositories", "{}"); status != http.StatusServiceUnavailable {
			t.Errorf("%s: an operation is answered %d %s", what, status, out)
		}
		if out := users[1].Fail("git", "ls-remote", demo); !strings.Contains(out, "503") && !strings.Contains(out, "cannot reach its data") {
			t.Errorf("%s: git says\n%s", what, out)
		}
		users[0].Run("git", "ls-remote", demo)
		ways[1].each((*faultproxy.Proxy).Cut) // what was silenced never comes back by itself
		ways[1].each((*faultproxy.Proxy).Mend)
		for end := time.Now().Add(30 * time.Second); ready(nodes[1]) != http.StatusOK; time.Sleep(50 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%s: the node is not ready again", what)
			}
		}
		users[1].Run("git", "ls-remote", demo)
	}
}

// A push whose COMMIT arrives and whose answer does not is found by its id: the
// user is told that it was taken, and it was taken once.
func TestPushWhoseCommitIsUnanswered(t *testing.T) {
	t.Parallel()
	nodes, ways := grown(t, 2)
	_, dev := ana(t, nodes[0])
	user, other := shell(nodes[0]).As(dev.cred), shell(nodes[1]).As(dev.cred)
	work := commit(t, user, "work")
	work.Run("git", "push", "-q", demo, "main")
	for i := range 3 {
		work.Run("git", "commit", "-q", "--allow-empty", "-m", fmt.Sprint("unanswered ", i))
		before := ways[0].postgres.Lost()
		ways[0].postgres.LoseAnswer("COMMIT", 1) // the first is of the upload's intent
		work.Run("git", "push", "-q", demo, "main")
		if ways[0].postgres.Lost() == before {
			t.Fatal("no answer was lost")
		}
		tip := strings.TrimSpace(work.Run("git", "rev-parse", "main"))
		if seen := other.Run("git", "ls-remote", demo, "refs/heads/main"); !strings.HasPrefix(seen, tip) {
			t.Errorf("the other node has %s, not %s", seen, tip)
		}
	}
	other.Run("git", "clone", "-q", demo, "clone")
	same(t, work, other.In("clone"), "main")
}

// A pack that arrives damaged or in pieces is no clone's.
func TestPackBreaksOff(t *testing.T) {
	t.Parallel()
	nodes, ways := grown(t, 2)
	_, dev := ana(t, nodes[0])
	user, other := shell(nodes[0]).As(dev.cred), shell(nodes[1]).As(dev.cred)
	work := commit(t, user, "work")
	write(t, work, "random", randomText(1<<20))
	work.Run("git", "add", ".")
	work.Run("git", "commit", "-q", "-m", "large")
	work.Run("git", "push", "-q", demo, "main")
	before := ways[1].s3.Lost()
	ways[1].s3.BreakOff(200_000)
	other.Run("git", "clone", "-q", demo, "clone")
	if ways[1].s3.Lost() == before {
		t.Error("nothing was broken off")
	}
	same(t, work, other.In("clone"), "main")
}
