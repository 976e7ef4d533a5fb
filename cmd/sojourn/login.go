package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"sojourn/internal/client/apicall"
	"sojourn/internal/client/config"
	"sojourn/internal/client/prompt"
	"sojourn/internal/client/session"
	"sojourn/internal/client/signin"
	"sojourn/internal/secret"
	"sojourn/internal/sigv4"
	"sojourn/internal/wire/stswire"
)

const loginAbout = `Signs in at an identity provider, takes a role, and writes the profile, which remembers how: later "sojourn login --profile NAME" is enough. The first time say where: --issuer (OpenID Connect), --saml-url or --directory, unless the profile has IAM Identity Center's settings (sso_session). Over ssh the address is printed, and the one that the browser ends at can be pasted. --remember keeps the provider's refresh token (0600), by which git signs in again.`

// loginFlags are the command line of "sojourn login".
type loginFlags struct {
	clientFlags
	issuer, clientID, secretFile, scopes, redirect string
	device, remember, noBrowser, replace           bool
	samlURL, samlACS, entityID, provider, response string
	directory, user, passwordFile, mfaSerial       string
	roles                                          []string
	sessionName                                    string
	duration                                       int
}

func (f *loginFlags) register(flags *flag.FlagSet) {
	flags.StringVar(&f.profile, "profile", "", "`NAME` of the profile to write")
	flags.StringVar(&f.issuer, "issuer", "", "`URL` of the OpenID Connect provider")
	flags.StringVar(&f.clientID, "client-id", "", "`ID` of this program at the provider")
	flags.StringVar(&f.secretFile, "client-secret-file", "", "`FILE` with the secret of a client that has one")
	flags.StringVar(&f.scopes, "scopes", "", "`LIST` to ask for (\""+signin.DefaultScopes+"\")")
	flags.StringVar(&f.redirect, "redirect-uri", "", "`URL` as registered ("+signin.DefaultRedirect+")")
	flags.BoolVar(&f.device, "device", false, "sign in by a code that you enter on any machine")
	flags.BoolVar(&f.remember, "remember", false, "keep the refresh token")
	flags.BoolVar(&f.noBrowser, "no-browser", false, "print the address only, and wait for a paste")
	flags.StringVar(&f.samlURL, "saml-url", "", "`URL` of the SAML provider's sign-on page")
	flags.StringVar(&f.samlACS, "saml-acs", "", "loopback `URL` that it posts to; else you paste")
	flags.StringVar(&f.entityID, "saml-entity-id", "", "`ID` it knows the service by ("+signin.DefaultEntityID+")")
	flags.StringVar(&f.response, "saml-response", "", "`FILE` with the response, - is standard input")
	flags.StringVar(&f.provider, "saml-provider-arn", "", "`ARN`, if encrypted")
	flags.StringVar(&f.directory, "directory", "", "`ARN` of the directory to give a password to")
	flags.StringVar(&f.user, "user", "", "user `NAME` in the directory")
	flags.StringVar(&f.passwordFile, "password-file", "", "`FILE` with the password, - is standard input")
	flags.StringVar(&f.mfaSerial, "mfa-serial", "", "`ARN` of the MFA device to ask a code of")
	flags.Func("role-arn", "role to take; several `ARN`s let you choose", func(v string) error {
		f.roles = append(f.roles, v)
		return nil
	})
	flags.StringVar(&f.sessionName, "role-session-name", "", "`NAME` of the session")
	flags.IntVar(&f.duration, "duration-seconds", 0, "`N` seconds of life for the session")
	flags.StringVar(&f.region, "region", "", "`REGION` to write")
	flags.StringVar(&f.endpoint, "endpoint-url", "", "`URL` of the server to write; else AWS")
	flags.StringVar(&f.caBundle, "ca-bundle", "", "PEM `FILE` of authorities to write")
	flags.BoolVar(&f.replace, "replace", false, "replace another way to get credentials")
}

func runLogin(ctx context.Context, a *app, args []string) error {
	var f loginFlags
	flags := newFlags(a, "login [FLAGS]", loginAbout,
		"sojourn login --profile CodeAccess --issuer https://login.example.com --client-id sojourn --role-arn arn:aws:iam::111111111111:role/CodeCommitAccess")
	f.register(flags)
	if err := parseFlags(flags, args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return usagef("login: unexpected argument %q", flags.Arg(0))
	}
	l, err := f.open(a)
	if err != nil {
		return err
	}
	return l.run(ctx)
}

// login is one sign-in.
type login struct {
	*app
	f       *loginFlags
	name    string          // of the profile to write
	profile *config.Profile // nil where it is new
	user    *session.Session
	files   signin.Files
	pasting *bufio.Reader
}

// open reads what there is of the profile.
func (f *loginFlags) open(a *app) (*login, error) {
	env := config.Env(a.env())
	name := f.profile
	if name == "" {
		name, _ = env.Selected()
	}
	if name == "" {
		name = config.Default
	}
	cfg, err := config.Load(env)
	if err != nil {
		return nil, err
	}
	l := &login{app: a, f: f, name: name, files: signin.Files{Env: env}}
	l.profile, _ = cfg.Profile(name)
	if key := signin.Rival(l.profile); key != "" && !f.replace && !f.inCenter(l.profile) {
		return nil, fmt.Errorf("profile %q gets its credentials by %s already; choose another --profile, or give --replace", name, key)
	}
	// The profile may be new; its settings are then those of the environment.
	options := session.Options{Env: func(key string) (string, bool) {
		if l.profile == nil && (key == "AWS_PROFILE" || key == "AWS_DEFAULT_PROFILE") {
			return "", false
		}
		return env(key)
	}, Now: time.Now, Region: f.region, Endpoint: f.endpoint, CABundle: f.caBundle}
	if l.profile != nil {
		options.Profile = name
	}
	l.user, err = session.Open(options)
	return l, err
}

// setting is a flag's value, or the profile's.
func (l *login) setting(flag, key string) string {
	if flag != "" {
		return flag
	}
	return l.profile.Value(key)
}

func (l *login) run(ctx context.Context) error {
	given := 0
	for _, v := range []string{l.f.issuer, l.f.samlURL + l.f.response, l.f.directory} {
		if v != "" {
			given++
		}
	}
	method := l.profile.Value(signin.KeyMethod)
	switch {
	case l.f.inCenter(l.profile):
		return l.center(ctx)
	case given > 1:
		return usagef("login: --issuer, --saml-url and --directory are three ways to sign in; give one")
	case l.f.issuer != "":
		method = signin.MethodOIDC
	case l.f.samlURL+l.f.response != "":
		method = signin.MethodSAML
	case l.f.directory != "":
		method = signin.MethodDirectory
	}
	switch method {
	case signin.MethodOIDC:
		return l.oidc(ctx)
	case signin.MethodSAML:
		return l.saml(ctx)
	case signin.MethodDirectory:
		return l.ldap(ctx)
	case "":
		return usagef("login: profile %q does not say where to sign in; give --issuer URL, --saml-url URL or --directory ARN", plain(l.name))
	}
	return fmt.Errorf("profile %q has %s = %s; want oidc, saml or directory", l.name, signin.KeyMethod, plain(method))
}

func (l *login) oidc(ctx context.Context) error {
	issuer := l.setting(l.f.issuer, signin.KeyIssuer)
	secretFile := l.setting(l.f.secretFile, signin.KeySecretFile)
	if l.f.secretFile != "" {
		var err error
		if secretFile, err = filepath.Abs(secretFile); err != nil {
			return err
		}
	}
	set := settingsOf(signin.KeyIssuer, issuer, signin.KeyClientID, l.setting(l.f.clientID, signin.KeyClientID),
		signin.KeySecretFile, secretFile, signin.KeyScopes, l.setting(l.f.scopes, signin.KeyScopes), signin.KeyRedirectURI, l.setting(l.f.redirect, signin.KeyRedirectURI))
	client, err := clientOf(l.files.Env, set)
	if err != nil {
		return err
	}
	if client.ID == "" {
		return usagef("login: --client-id is missing: what the provider calls this program")
	}
	client.Keep, client.Now, client.Wait = l.f.remember, time.Now, wait
	device := l.f.device || l.f.redirect == "" && !l.f.noBrowser && l.profile.Value(signin.KeyFlow) == signin.FlowDevice
	if device {
		set = append(set, config.Setting{Key: signin.KeyFlow, Value: signin.FlowDevice})
	}
	candidates := l.candidates()
	if len(candidates) == 0 {
		return usagef("login: --role-arn is missing: an ID token does not say which roles there are")
	}
	h, err := l.http()
	if err != nil {
		return err
	}
	provider, err := signin.Discover(ctx, h, issuer)
	if err != nil {
		return err
	}
	var tokens signin.Tokens
	if device {
		tokens, err = provider.Device(ctx, &client, l.tell)
	} else {
		redirect := l.setting(l.f.redirect, signin.KeyRedirectURI)
		if redirect == "" {
			redirect = signin.DefaultRedirect
		}
		tokens, err = provider.Code(ctx, &client, l.browse(true), redirect)
	}
	if err != nil {
		return err
	}
	if l.f.remember && tokens.Refresh.Empty() {
		fmt.Fprintln(l.stderr, "sojourn: the provider gave no refresh token, so nothing is remembered; allow the client offline_access")
	}
	role, err := l.choose(ctx, candidates)
	if err != nil {
		return err
	}
	name := l.sessionName(tokens.Name)
	s, err := l.assume(ctx, "AssumeRoleWithWebIdentity", apicall.Input{"RoleArn": role, "RoleSessionName": name, "WebIdentityToken": tokens.ID.Reveal()})
	if err != nil {
		return err
	}
	set = append(set, settingsOf("role_arn", role, "role_session_name", name)...)
	if err := l.files.SaveOIDC(ctx, l.name, tokens, append(set, l.beside()...)); err != nil {
		return err
	}
	return l.done(s, tokens.Expires)
}

func (l *login) saml(ctx context.Context) error {
	address, acs := l.setting(l.f.samlURL, signin.KeySAMLURL), l.setting(l.f.samlACS, signin.KeySAMLACS)
	entity := l.setting(l.f.entityID, signin.KeySAMLEntityID)
	set := settingsOf(signin.KeyMethod, signin.MethodSAML, signin.KeySAMLURL, address, signin.KeySAMLACS, acs, signin.KeySAMLEntityID, entity)
	if entity == "" {
		entity = signin.DefaultEntityID
	}
	var response signin.Response
	var err error
	if acs != "" && l.f.response == "" {
		response, err = signin.SAML{URL: address, ACS: acs, EntityID: entity, Now: time.Now}.SignIn(ctx, l.browse(false))
	} else {
		response, err = l.pastedResponse(address)
	}
	if err != nil {
		return err
	}
	role, err := l.samlRole(ctx, response)
	if err != nil {
		return err
	}
	s, err := l.assume(ctx, "AssumeRoleWithSAML", apicall.Input{"RoleArn": role.ARN, "PrincipalArn": role.Provider, "SAMLAssertion": response.Text.Reveal()})
	if err != nil {
		return err
	}
	set = append(set, settingsOf(signin.KeyRole, role.ARN, signin.KeySAMLProvider, role.Provider)...)
	if err := l.files.SaveSession(ctx, l.name, s, append(set, l.beside()...)); err != nil {
		return err
	}
	return l.done(s, s.Expires)
}

// samlRole is a pair out of the response, or, of an encrypted one, what the flags or the profile say.
func (l *login) samlRole(ctx context.Context, r signin.Response) (signin.Role, error) {
	wanted := l.candidates()
	if len(r.Roles) == 0 {
		provider := l.setting(l.f.provider, signin.KeySAMLProvider)
		if provider == "" || len(wanted) == 0 {
			return signin.Role{}, errors.New("the response does not show its roles (it is encrypted, or has none); give --role-arn and --saml-provider-arn")
		}
		role, err := l.choose(ctx, wanted)
		return signin.Role{ARN: role, Provider: provider}, err
	}
	var names []string
	for _, role := range r.Roles {
		if (len(l.f.roles) == 0 || slices.Contains(l.f.roles, role.ARN)) && (l.f.provider == "" || l.f.provider == role.Provider) {
			names = append(names, role.ARN)
		}
	}
	if len(names) == 0 {
		var all []string
		for _, role := range r.Roles {
			all = append(all, role.ARN)
		}
		return signin.Role{}, fmt.Errorf("the provider does not offer that role; it offers %s", strings.Join(all, ", "))
	}
	name, err := l.choose(ctx, names)
	i := slices.IndexFunc(r.Roles, func(role signin.Role) bool {
		return role.ARN == name && (l.f.provider == "" || l.f.provider == role.Provider)
	})
	if err != nil || i < 0 {
		return signin.Role{}, err
	}
	return r.Roles[i], nil
}

// candidates are the roles that the flags name, or else the profile.
func (l *login) candidates() []string {
	if len(l.f.roles) > 0 {
		return l.f.roles
	}
	for _, key := range []string{"role_arn", signin.KeyRole} {
		if v := l.profile.Value(key); v != "" {
			return []string{v}
		}
	}
	return nil
}

// choose asks the user for one of several roles.
func (l *login) choose(ctx context.Context, roles []string) (string, error) {
	if len(roles) == 1 {
		return roles[0], nil
	}
	fmt.Fprintln(l.stderr, "You may take one of these roles:")
	for i, r := range roles {
		fmt.Fprintf(l.stderr, "  %2d  %s\n", i+1, plain(r))
	}
	for range 3 {
		text, err := prompt.Prompter{Env: l.files.Env}.Ask(ctx, "Number of the role: ")
		if err != nil {
			return "", fmt.Errorf("choosing a role: %w; name one with --role-arn", err)
		}
		if n, err := strconv.Atoi(text); err == nil && n >= 1 && n <= len(roles) {
			return roles[n-1], nil
		}
	}
	return "", errors.New("no role was chosen; name one with --role-arn")
}

func (l *login) sessionName(who string) string {
	if l.f.sessionName != "" {
		return l.f.sessionName
	}
	return signin.SessionName(who)
}

// beside are settings of the AWS CLI that the command line has.
func (l *login) beside() []config.Setting {
	var set []config.Setting
	wrote := strings.Fields(l.profile.Value(signin.KeyWrote))
	for i, v := range []string{l.f.region, l.f.endpoint, l.f.caBundle} {
		key := signin.Beside[i]
		if v == "" {
			continue
		}
		if key == "ca_bundle" {
			if abs, err := filepath.Abs(v); err == nil {
				v = abs
			}
		}
		if l.profile.Value(key) == "" {
			wrote = append(wrote, key)
		}
		set = append(set, config.Setting{Key: key, Value: v})
	}
	if len(wrote) > 0 {
		set = append(set, config.Setting{Key: signin.KeyWrote, Value: strings.Join(wrote, " ")})
	}
	if l.f.duration > 0 {
		set = append(set, config.Setting{Key: signin.KeyDuration, Value: strconv.Itoa(l.f.duration)})
	}
	return set
}

// assume trades a proof for a session.
func (l *login) assume(ctx context.Context, operation string, in apicall.Input) (signin.Session, error) {
	seconds := strconv.Itoa(l.f.duration)
	if l.f.duration == 0 {
		seconds = l.profile.Value(signin.KeyDuration)
	}
	if _, err := strconv.ParseUint(seconds, 10, 31); err == nil {
		in["DurationSeconds"] = json.Number(seconds)
	}
	c := l.f.clientFlags
	c.noSign = true
	out, err := c.ask(ctx, l.user, stswire.Service(), stswire.Service().Operations[operation], in)
	if err != nil {
		return signin.Session{}, l.refused(err)
	}
	var answer struct {
		Credentials struct {
			AccessKeyId, SecretAccessKey, SessionToken string
			Expiration                                 time.Time
		}
		AssumedRoleUser struct{ Arn string }
	}
	if err := json.Unmarshal([]byte(out), &answer); err != nil || answer.Credentials.AccessKeyId == "" {
		return signin.Session{}, errors.New("the server's answer is not understood; check the endpoint")
	}
	got := answer.Credentials
	return signin.Session{Role: answer.AssumedRoleUser.Arn, Expires: got.Expiration,
		Credentials: sigv4.Credentials{AccessKeyID: got.AccessKeyId, Secret: secret.New(got.SecretAccessKey), Token: got.SessionToken}}, nil
}

// done tells what there is now.
func (l *login) done(s signin.Session, until time.Time) error {
	_, err := fmt.Fprintf(l.stdout, "Signed in as %s until %s. Profile %q is written.\nNow, for example: git clone codecommit://%s@REPOSITORY\n",
		plain(s.Role), until.Local().Format("2 January 15:04 MST"), plain(l.name), l.name)
	return err
}

func (l *login) tell(text string) { fmt.Fprintln(l.stderr, text) }

func (l *login) http() (*http.Client, error) {
	c, err := l.user.HTTP()
	if err != nil {
		return nil, err
	}
	return c.HTTP, nil
}

// browse is the user's browser and terminal.
func (l *login) browse(paste bool) signin.Browse {
	b := signin.Browse{Tell: l.tell, Over: time.After(signin.Timeout)}
	if !l.f.noBrowser {
		b.Open = func(address string) error { return signin.OpenBrowser(l.files.Env, runtime.GOOS, address) }
	}
	if paste && (l.f.noBrowser || isTerminal(l.stdin)) {
		b.Paste = l.pasteLine
	}
	return b
}

// settingsOf pairs keys with values; empty ones are left out.
func settingsOf(pairs ...string) []config.Setting {
	var set []config.Setting
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			set = append(set, config.Setting{Key: pairs[i], Value: pairs[i+1]})
		}
	}
	return set
}

func clientOf(env config.Env, set []config.Setting) (signin.Client, error) {
	values := map[string]string{}
	for _, s := range set {
		values[s.Key] = s.Value
	}
	return signin.ClientFrom(env, func(key string) string { return values[key] })
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
