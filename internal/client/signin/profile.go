package signin

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"sojourn/internal/client/cache"
	"sojourn/internal/client/config"
	"sojourn/internal/secret"
	"sojourn/internal/sigv4"
)

// Session is what STS gave for a proof.
type Session struct {
	sigv4.Credentials
	Expires time.Time
	Role    string // the ARN of the assumed role's session
}

// Files are where sign-ins are kept, beside the AWS configuration.
type Files struct {
	Env config.Env
}

// settings are all that a login writes into a profile, and a logout removes.
var settings = []string{KeyMethod, KeyIssuer, KeyClientID, KeySecretFile, KeyScopes, KeyRedirectURI, KeyFlow,
	KeySAMLURL, KeySAMLACS, KeySAMLEntityID, KeySAMLProvider, KeyDirectory, KeyUser, KeyMFASerial, KeyRole, KeyDuration, KeyExpiration, KeyWrote,
	"web_identity_token_file", "role_arn", "role_session_name", "aws_access_key_id", "aws_secret_access_key", "aws_session_token"}

// proofs are what of it opens anything: a logout removes these, and leaves how to sign in again.
var proofs = []string{KeyExpiration, "aws_access_key_id", "aws_secret_access_key", "aws_session_token"}

// Beside are settings of the AWS CLI that a login writes when its command line has them.
var Beside = []string{"region", "endpoint_url", "ca_bundle"}

// rivals are settings by which a profile gets its credentials in another way.
var rivals = []string{"credential_process", "source_profile", "credential_source", "sso_session", "sso_start_url", "login_session",
	"role_arn", "web_identity_token_file", "aws_access_key_id"}

// Rival is a setting of the profile that a login would have to replace; "" is
// none. A profile that a login wrote has none.
func Rival(p *config.Profile) string {
	if p.Value(KeyMethod) != "" {
		return ""
	}
	for _, key := range rivals {
		if p.Value(key) != "" {
			return key
		}
	}
	return ""
}

// dir holds the tokens. Only its owner may enter.
func (f Files) dir() (string, error) {
	home := f.Env.Home()
	if home == "" {
		return "", errors.New("no home directory is known; set HOME")
	}
	return filepath.Join(home, ".aws", "sojourn", "login"), nil
}

// TokenFile is where a profile's ID token is kept.
func (f Files) TokenFile(profile string) (string, error) { return f.path(profile, ".token") }

func (f Files) path(profile, suffix string) (string, error) {
	dir, err := f.dir()
	sum := sha256.Sum256([]byte(profile)) // a name is no file name
	return filepath.Join(dir, hex.EncodeToString(sum[:12])+suffix), err
}

// lock keeps two logins from writing at once.
func (f Files) lock(ctx context.Context) (unlock func()) {
	return cache.Under(f.Env.Home()).Lock(ctx, "configuration")
}

// SaveOIDC writes the token and the profile. what are the settings beside those of the token.
func (f Files) SaveOIDC(ctx context.Context, profile string, t Tokens, what []config.Setting) error {
	defer f.lock(ctx)()
	token, err := f.TokenFile(profile)
	if err != nil {
		return err
	}
	if err := f.saveTokens(profile, t); err != nil {
		return err
	}
	return f.apply(profile, append(what, config.Setting{Key: KeyMethod, Value: MethodOIDC}, config.Setting{Key: "web_identity_token_file", Value: token}))
}

// saveTokens writes the ID token, which any AWS tool can read, and the refresh
// token if there is one; a former one goes.
func (f Files) saveTokens(profile string, t Tokens) error {
	token, err := f.TokenFile(profile)
	if err != nil {
		return err
	}
	if err := write(token, []byte(t.ID.Reveal())); err != nil {
		return err
	}
	refresh, err := f.path(profile, ".refresh")
	if err != nil {
		return err
	}
	if t.Refresh.Empty() {
		return remove(refresh)
	}
	text, err := json.Marshal(map[string]string{"refreshToken": t.Refresh.Reveal()})
	if err != nil {
		return err
	}
	return write(refresh, text)
}

func (f Files) loadRefresh(profile string) (secret.String, error) {
	path, err := f.path(profile, ".refresh")
	if err != nil {
		return secret.String{}, err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return secret.String{}, err
	}
	var kept struct {
		RefreshToken string `json:"refreshToken"`
	}
	if err := json.Unmarshal(text, &kept); err != nil {
		return secret.String{}, fmt.Errorf("%s is damaged: %w", path, err)
	}
	return secret.New(kept.RefreshToken), nil
}

// SaveSession writes a session's keys, for the ways to sign in whose proof is good once.
func (f Files) SaveSession(ctx context.Context, profile string, s Session, what []config.Setting) error {
	defer f.lock(ctx)()
	return f.apply(profile, append(what,
		config.Setting{Key: "aws_access_key_id", Value: s.AccessKeyID}, config.Setting{Key: "aws_secret_access_key", Value: s.Secret.Reveal()},
		config.Setting{Key: "aws_session_token", Value: s.Token}, config.Setting{Key: KeyExpiration, Value: s.Expires.UTC().Format(time.RFC3339)}))
}

func (f Files) apply(profile string, set []config.Setting) error {
	cfg, err := config.Load(f.Env)
	if err != nil {
		return err
	}
	return cfg.Apply(profile, set, append(slices.Clone(settings), rivals...))
}

// Forget removes the tokens and keys of a profile, and with all what a login
// wrote to sign in again, too.
func (f Files) Forget(ctx context.Context, profile string, all bool) error {
	defer f.lock(ctx)()
	cfg, err := config.Load(f.Env)
	if err != nil {
		return err
	}
	gone := proofs
	if all {
		gone = slices.Clone(settings)
		p, _ := cfg.Profile(profile)
		for key := range strings.FieldsSeq(p.Value(KeyWrote)) {
			if slices.Contains(Beside, key) {
				gone = append(gone, key)
			}
		}
	}
	for _, suffix := range []string{".token", ".refresh"} {
		path, err := f.path(profile, suffix)
		if err != nil {
			return err
		}
		if err := remove(path); err != nil {
			return err
		}
	}
	return cfg.Apply(profile, nil, gone)
}

func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing a token: %w", err)
	}
	return nil
}

// write replaces a file that only its owner may read. A link in its place is
// replaced, not followed.
func write(path string, data []byte) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making the directory of tokens: %w", err)
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return fmt.Errorf("closing the directory of tokens to others: %w", err)
	}
	tmp, err := os.CreateTemp(dir, ".new-*") // mode 0600
	if err != nil {
		return fmt.Errorf("writing a token: %w", err)
	}
	_, err = tmp.Write(data)
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		os.Remove(tmp.Name())
		return fmt.Errorf("writing a token: %w", err)
	}
	return nil
}
