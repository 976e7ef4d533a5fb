package node

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"sojourn/internal/accessanalyzer"
	"sojourn/internal/audit"
	"sojourn/internal/authn"
	"sojourn/internal/codecommit"
	"sojourn/internal/ds"
	"sojourn/internal/federation/oauth"
	"sojourn/internal/federation/oidc"
	"sojourn/internal/federation/outbound"
	"sojourn/internal/federation/samlidp"
	"sojourn/internal/gate"
	"sojourn/internal/git"
	"sojourn/internal/iam"
	"sojourn/internal/mfa"
	"sojourn/internal/objects"
	"sojourn/internal/rolesanywhere"
	"sojourn/internal/seal"
	"sojourn/internal/server"
	"sojourn/internal/server/accessanalyzerapi"
	"sojourn/internal/server/api"
	"sojourn/internal/server/aws"
	"sojourn/internal/server/codecommitapi"
	"sojourn/internal/server/dsapi"
	"sojourn/internal/server/githttp"
	"sojourn/internal/server/iamapi"
	"sojourn/internal/server/logs"
	"sojourn/internal/server/metrics"
	"sojourn/internal/server/rolesanywhereapi"
	"sojourn/internal/server/stsapi"
	"sojourn/internal/store"
	"sojourn/internal/sts"
)

// parts are the opened ports that the domain stands on.
type parts struct {
	cfg     Config
	keys    *seal.Keyring
	roots   *rootKeys
	store   store.Store
	objects objects.Store
	audit   *audit.Log
	engine  *git.Engine
	log     *slog.Logger
	now     func() time.Time

	requests func(*logs.Request)
	wrap     func(http.Handler) http.Handler
	onClose  func(func() error)

	// origins are the addresses, https://HOST[:PORT], that are this node's own.
	origins []string
	events  []metrics.Func
}

// doors builds the domain on the ports, and the doors on the domain.
func (p parts) doors(url string) (server.Options, error) {
	fetch, err := outbound.New(p.cfg.outbound())
	if err != nil {
		return server.Options{}, err
	}
	slow := p.throttle()
	people, err := directories(p.cfg, p.keys, slow, p.now)
	if err != nil {
		return server.Options{}, err
	}
	appSecret, err := p.cfg.facebookSecret()
	if err != nil {
		return server.Options{}, err
	}
	access := oauth.New(oauth.Options{Fetch: fetch, Now: p.now, AmazonApps: p.cfg.AmazonApps, FacebookApp: p.cfg.FacebookApp, FacebookSecret: appSecret})
	guard := gate.New(p.store, p.audit).Sealing(p.keys)
	who := &authn.Authenticator{Keys: p.keys, Store: p.store, Region: p.cfg.Region, Now: p.now, Throttle: slow, Issued: p.issuedCheck()}
	p.onClose(p.keepLastUses(who))
	tokens := oidc.New(oidc.Options{Fetch: fetch, Now: p.now, Store: p.store,
		Report: func(err error) { p.log.Warn("keys of identity providers are not kept", "error", err) }})
	p.onClose(tokens.Close)
	assertions := samlidp.New(samlidp.Options{Keys: p.keys, Origins: p.origins, Region: p.cfg.Region, Now: p.now})
	sessions := sts.New(sts.Options{Store: p.store, Gate: guard, Keys: p.keys, OIDC: tokens, OAuth: access, SAML: assertions, LDAP: people,
		MFA: &mfa.Verifier{Store: p.store, Keys: p.keys, Now: p.now}, Sessions: who, Throttle: slow, Now: p.now})
	anywhere := rolesanywhere.New(rolesanywhere.Options{Store: p.store, Gate: guard, Sessions: sessions, Region: p.cfg.Region, Now: p.now})
	apis, err := aws.New(aws.Options{
		Services: []*api.Service{
			stsapi.New(sessions),
			iamapi.New(iam.New(iam.Options{Store: p.store, Gate: guard, Keys: p.keys, Now: p.now})),
			codecommitapi.New(codecommit.New(codecommit.Options{Store: p.store, Gate: guard, Git: p.engine, Now: p.now, Region: p.cfg.Region,
				CloneURL: func(name string) string { return url + "/v1/repos/" + name }})),
			dsapi.New(ds.New(ds.Options{Store: p.store, Gate: guard, Keys: p.keys, Directories: people, Region: p.cfg.Region, Now: p.now})),
			accessanalyzerapi.New(accessanalyzer.New(guard)),
			rolesanywhereapi.New(anywhere),
		},
		Auth: who, Records: guard, Region: p.cfg.Region, Secure: p.cfg.PlainHTTP, Now: p.now, Log: p.log,
	})
	if err != nil {
		return server.Options{}, err
	}
	return server.Options{
		API: apis,
		Sessions: rolesanywhereapi.NewSessions(rolesanywhereapi.Options{Domain: anywhere, Records: guard, Region: p.cfg.Region, Secure: p.cfg.PlainHTTP, Now: p.now,
			Log: p.log}),
		Git: githttp.New(githttp.Options{Auth: who, Records: guard, Region: p.cfg.Region, Now: p.now, Git: git.NewService(p.engine, guard, who, p.cfg.Region), Secure: p.cfg.PlainHTTP}),
		Ready: func(ctx context.Context) error {
			return errors.Join(p.store.Ping(ctx), p.objects.Ping(ctx), p.roots.ready())
		},
		Metrics: slices.Concat(p.collectors(who), throttleMetrics(slow), auditMetrics(p.audit), gitMetrics(p.engine), p.events),
		Log:     p.log, Requests: p.requests, Now: p.now, Proxies: p.cfg.Proxies, Wrap: p.wrap,
	}, nil
}

// lastUsePause is how exact the times of last use are.
const lastUsePause = time.Minute

// keepLastUses writes last uses until the function that it returns is called.
func (p parts) keepLastUses(who *authn.Authenticator) (stop func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		who.KeepLastUses(ctx, pause, func(err error) { p.log.Warn("last uses of keys and roles are not written", "error", err) })
	}()
	return func() error {
		cancel()
		<-done
		return nil
	}
}

func pause(ctx context.Context) {
	select {
	case <-time.After(lastUsePause):
	case <-ctx.Done():
	}
}
