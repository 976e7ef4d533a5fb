package authn

import (
	"container/list"
	"crypto/sha256"
	"sync"
)

// maxSessions is how many are kept: about 4 MiB.
const maxSessions = 4096

// sessions keeps what has been opened, the least recently used go first: a
// session by its token, a long-term key by its sealed secret. What is found
// here has been opened for this access key id: the key is a hash of both. The
// zero value is ready.
type sessions struct {
	mu    sync.Mutex
	order list.List // of entry, the last used in front
	byKey map[[sha256.Size]byte]*list.Element
}

type entry struct {
	key  [sha256.Size]byte
	cred *credential
}

func sessionKey(id, token string) [sha256.Size]byte {
	var buf [1024]byte
	b := append(buf[:0], id...)
	b = append(b, '|') // an access key id has none
	return sha256.Sum256(append(b, token...))
}

func (s *sessions) get(id, token string) *credential {
	key := sessionKey(id, token)
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.byKey[key]
	if e == nil {
		return nil
	}
	s.order.MoveToFront(e)
	return e.Value.(entry).cred
}

// drop forgets a session that has ended, and with it the keys.
func (s *sessions) drop(id, token string) {
	key := sessionKey(id, token)
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.byKey[key]; e != nil {
		s.order.Remove(e)
		delete(s.byKey, key)
	}
}

func (s *sessions) put(id, token string, c *credential) {
	key := sessionKey(id, token)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byKey == nil {
		s.byKey = make(map[[sha256.Size]byte]*list.Element)
	}
	if s.byKey[key] != nil {
		return // another request opened it meanwhile
	}
	s.byKey[key] = s.order.PushFront(entry{key, c})
	if s.order.Len() > maxSessions {
		last := s.order.Remove(s.order.Back()).(entry)
		delete(s.byKey, last.key)
	}
}
