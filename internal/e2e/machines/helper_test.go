package machines

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sojourn/internal/rolesanywhere/pkitest"
	"sojourn/internal/sojourntest"
)

// signingHelper is AWS's own program, which "make parts" builds.
func signingHelper(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs("../../../.build/bin/rolesanywhere-credential-helper")
	if err == nil {
		_, err = os.Stat(path)
	}
	if err != nil {
		t.Fatalf("AWS's signing helper is not there (make parts builds it): %v", err)
	}
	return path
}

// AWS's own signing helper gets credentials, with RSA and ECDSA keys, directly
// under the anchor and below another authority, and they are the role's.
func testSigningHelper(t *testing.T, w *world) {
	helper := signingHelper(t)
	sub := w.root.Sub("Example Issuing")
	for name, m := range map[string]*pkitest.Pair{
		"ECDSA":                    w.root.Machine("build-1"),
		"RSA":                      w.root.MachineWith(pkitest.RSA(2048), "build-2"),
		"ECDSA, issuing authority": sub.Machine("build-3"),
	} {
		t.Run(name, func(t *testing.T) {
			sh := w.Shell(bin).Set("AWS_ENDPOINT_URL", "")
			args := []string{"credential-process", "--endpoint", w.URL, "--region", "us-east-1",
				"--certificate", sh.Write("machine.pem", m.PEM()), "--private-key", sh.Write("machine.key", m.KeyPEM()),
				"--trust-anchor-arn", w.anchor, "--profile-arn", w.profile, "--role-arn", w.role, "--session-duration", "900"}
			if len(m.Chain) > 0 {
				args = append(args, "--intermediates", sh.Write("chain.pem", pkitest.Bundle(m.Chain...)))
			}
			sh.Set("SSL_CERT_FILE", w.CA())
			out := sh.Run(helper, args...)
			var got struct{ AccessKeyId, SecretAccessKey, SessionToken, Expiration string }
			if err := json.Unmarshal([]byte(out), &got); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			who := w.Shell(bin).Set("AWS_ACCESS_KEY_ID", got.AccessKeyId).Set("AWS_SECRET_ACCESS_KEY", got.SecretAccessKey).
				Set("AWS_SESSION_TOKEN", got.SessionToken).Set("AWS_DEFAULT_REGION", "us-east-1").Run("aws", "sts", "get-caller-identity", "--query", "Arn", "--output", "text")
			if want := "arn:aws:sts::" + sojourntest.Account + ":assumed-role/Builder/"; !strings.HasPrefix(who, want) {
				t.Errorf("the caller is %s, want %s…", who, want)
			}
		})
	}
}
