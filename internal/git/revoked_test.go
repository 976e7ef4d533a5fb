package git_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"sojourn/internal/awserr"
	"sojourn/internal/gate"
	"sojourn/internal/git"
)

// A push whose session is revoked while its pack is on the way, or while it is
// checked, changes nothing, and git says once why.
func TestRevokedWhilePushing(t *testing.T) {
	for _, at := range []string{"after-index-pack", "after-put"} {
		t.Run(at, func(t *testing.T) {
			var s *server
			revoke, stored := false, false
			s = start(t, func(o *git.Options) {
				o.Hook = func(now string) {
					stored = stored || revoke && now == "after-put"
					if revoke && now == at {
						s.gate.end(awserr.New(awserr.ExpiredToken, 403, "The session has been revoked"))
					}
				}
			})
			w := s.work("work")
			w.git("push", "-q", "origin", "main")
			before, version := s.refs(), s.row().Version
			w.commit("two", "2\n")
			revoke = true
			out := w.fails("push", "origin", "main", "main:refs/heads/other")
			if n := strings.Count(out, "remote: The session has been revoked. Nothing was pushed; sign in for new credentials and push again"); n != 1 {
				t.Errorf("the reason is shown %d times:\n%s", n, out)
			}
			if strings.Count(out, "[remote rejected]") != 2 {
				t.Errorf("git says:\n%s", out)
			}
			s.gate.end(nil)
			if s.refs() != before || s.row().Version != version {
				t.Errorf("refs changed:\n%s", s.refs())
			}
			s.noPacksBut(1)
			if stored != (at == "after-put") {
				t.Errorf("that the pack was stored is %v", stored)
			}
		})
	}
}

// A permission that goes while a push takes long refuses it also at the last moment.
func TestPermissionGoesWhilePushing(t *testing.T) {
	var s *server
	clock := time.Now()
	s = start(t, func(o *git.Options) {
		o.Now = func() time.Time { return clock }
		o.Hook = func(now string) {
			if now == "after-put" {
				clock = clock.Add(6 * time.Second)
				s.gate.mu.Lock()
				s.gate.deny = func(gate.Request) bool { return true }
				s.gate.mu.Unlock()
			}
		}
	})
	w := s.work("work")
	out := w.fails("push", "origin", "main")
	s.gate.deny = nil
	if !strings.Contains(out, "[remote rejected]") || s.refs() != "" {
		t.Errorf("git says:\n%s", out)
	}
}

// A store that cannot tell is no answer that a session is good.
func TestPushWithoutAnAnswer(t *testing.T) {
	var s *server
	s = start(t, func(o *git.Options) {
		o.Hook = func(now string) {
			if now == "after-index-pack" {
				s.gate.end(errors.New("the store is away"))
			}
		}
	})
	w := s.work("work")
	body := commands("", zero+" "+w.git("rev-parse", "main")+" refs/heads/main") + w.pack("main")
	status, answer := s.request("git-receive-pack", io.MultiReader(strings.NewReader(body)))
	s.gate.end(nil)
	if status != 500 || strings.Contains(answer, "ok refs") || strings.Contains(answer, "away") || s.refs() != "" {
		t.Errorf("%d %q", status, answer)
	}
}
