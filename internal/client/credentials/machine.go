package credentials

import (
	"context"
	"errors"
	"fmt"

	"sojourn/internal/client/metadata"
)

// machine is what the container, or the machine itself, has to give. It is
// asked each time: it is near, and it keeps what it gives.
type machine struct {
	chain   *Chain
	profile string // that names it as a role's source, "" at the end of the chain
	method  string
}

func (m *machine) identity() (string, error) { return m.method, nil }

func (m *machine) fetch(ctx context.Context) (Snapshot, error) {
	if m.chain.Machine == nil {
		return Snapshot{}, ErrNone
	}
	ask := m.chain.Machine.Instance
	if m.method == "container-role" {
		ask = m.chain.Machine.Container
	}
	cred, end, err := ask(ctx)
	switch {
	case err == nil && !end.IsZero() && !m.chain.Now().Before(end):
		err = fmt.Errorf("the credentials that this machine gave expired at %s; see that its clock is right", end)
	case m.profile == "" && errors.Is(err, metadata.ErrNone):
		err = ErrNone
	case m.profile != "" && err != nil:
		err = fmt.Errorf("profile %q takes its source credentials from the machine: %w", m.profile, err)
	}
	return Snapshot{Credentials: cred, Expires: end, Method: m.method}, err
}
