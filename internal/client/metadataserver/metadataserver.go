// Package metadataserver lends a machine's role to the programs on it, in the two ways
// that every AWS SDK knows without configuration: as EC2's instance metadata
// service (version 2), and as the credential endpoint of containers. The role's
// session comes from the machine's own identity: a web identity token or a
// certificate.
//
// Who may ask is the programs of this machine: peers with other addresses,
// forwarded requests and requests that a browser makes are refused, as is
// everything without the token of its protocol. The credentials are in memory
// only. The package does not know flags, files of configuration or signals.
package metadataserver

import (
	"context"
	"strings"
	"time"

	"sojourn/internal/sigv4"
)

// Credentials are a session of the machine's role.
type Credentials struct {
	sigv4.Credentials
	RoleARN         string
	Issued, Expires time.Time

	// ProfileARN and ProfileID are the instance profile that the role was found
	// in; "" where it was asked for by itself.
	ProfileARN, ProfileID string
}

// Identity is who the machine is. Fetch proves it and returns a new session; it
// reads the proof anew each time, for proofs are replaced while we run.
type Identity interface {
	Fetch(ctx context.Context) (Credentials, error)
}

// RoleName is the name in a role's ARN, without its path.
func RoleName(roleARN string) string { return roleARN[strings.LastIndexByte(roleARN, '/')+1:] }

// accountOf is the account in an IAM ARN.
func accountOf(name string) string {
	if part := strings.Split(name, ":"); len(part) > 4 {
		return part[4]
	}
	return ""
}
