package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	random "math/rand/v2"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"sojourn/internal/arn"
	"sojourn/internal/client/metadataserver"
	"sojourn/internal/client/session"
	"sojourn/internal/client/stsclient"
	"sojourn/internal/secret"
)

// metadataFlags are the command line of "sojourn metadata".
type metadataFlags struct {
	client clientFlags

	role, sessionName, tokenFile   string
	certificate, key, intermediate string
	anchor, profile                string
	duration                       int

	listen, allow  []string
	hops           int
	v1, noIMDS     bool
	containerToken string
	instance       string
}

const defaultMetadata = "127.0.0.1:1338"

func (m *metadataFlags) register(f *flag.FlagSet) {
	f.StringVar(&m.role, "role-arn", "", "`ARN` of the role to lend; with a certificate also of an instance profile")
	f.StringVar(&m.tokenFile, "web-identity-token-file", "", "`FILE` with the machine's token, read at each renewal")
	f.StringVar(&m.certificate, "certificate", "", "PEM `FILE` of the machine's certificate, read at each renewal")
	f.StringVar(&m.key, "private-key", "", "PEM `FILE` of its key")
	f.StringVar(&m.intermediate, "intermediates", "", "PEM `FILE` of the certificates between it and the trust anchor")
	f.StringVar(&m.anchor, "trust-anchor-arn", "", "`ARN` of the trust anchor")
	f.StringVar(&m.profile, "profile-arn", "", "`ARN` of the Roles Anywhere profile")
	f.StringVar(&m.sessionName, "role-session-name", "", "`NAME` of the sessions (default the host's, or the certificate's serial number)")
	f.IntVar(&m.duration, "session-duration", 0, "`SECONDS` that a session lasts, 900 to 43200; without it the server decides")
	list := func(to *[]string) func(string) error {
		return func(v string) error { *to = append(*to, v); return nil }
	}
	f.Func("listen", "`IP:PORT` to serve, loopback or link-local; may be repeated (default "+defaultMetadata+")", list(&m.listen))
	f.Func("allow-from", "`CIDR` of containers that may ask beside this machine; may be repeated", list(&m.allow))
	f.IntVar(&m.hops, "hop-limit", 1, "`HOPS` that an answer with an IMDS token may go, 1 to 64")
	f.BoolVar(&m.v1, "imds-v1", false, "answer requests without a token too, for old programs")
	f.BoolVar(&m.noIMDS, "no-imds", false, "serve the endpoint of containers only")
	f.StringVar(&m.containerToken, "container-token-file", "", "`FILE` to write the token of the container endpoint to; turns the endpoint on")
	f.StringVar(&m.instance, "instance-id", "", "`ID` to tell those who ask for the instance's")
	f.StringVar(&m.client.region, "region", "", "the `REGION` of the server, which programs are told")
	m.client.registerEndpoint(f)
}

// runMetadata serves until it is told to stop.
func runMetadata(ctx context.Context, a *app, args []string) error {
	var m metadataFlags
	f := newFlags(a, "metadata --role-arn ARN IDENTITY [FLAGS]",
		"Lends a machine's role to the programs on it, as EC2's instance metadata service (version 2) and as\n"+
			"the credential endpoint of containers. IDENTITY is a web identity token in a file, or a certificate\n"+
			"under a trust anchor of Roles Anywhere. Programs find it by AWS_EC2_METADATA_SERVICE_ENDPOINT, or\n"+
			"with nothing set if it listens on 169.254.169.254:80 (ip addr add 169.254.169.254/32 dev lo).",
		"sojourn metadata --endpoint-url https://git.example.com:8443 --region eu-central-1 \\\n"+
			"  --role-arn arn:aws:iam::111122223333:role/Builder --web-identity-token-file /run/machine/token\n"+
			"AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:1338/ aws sts get-caller-identity")
	m.register(f)
	if err := f.Parse(args); err != nil {
		return flagError(err)
	}
	if f.NArg() > 0 {
		return usagef("metadata: unexpected argument %q", f.Arg(0))
	}
	if err := m.check(); err != nil {
		return err
	}
	return m.serve(ctx, a)
}

// check reports what is wrong with the command line, before anything is opened.
func (m *metadataFlags) check() error {
	byToken, byCertificate := m.tokenFile != "", m.certificate != "" || m.key != "" || m.anchor != "" || m.profile != "" || m.intermediate != ""
	switch {
	case m.role == "":
		return usagef("metadata: --role-arn is missing")
	case byToken == byCertificate:
		return usagef("metadata: give one identity: --web-identity-token-file, or --certificate, --private-key, --trust-anchor-arn and --profile-arn")
	case byCertificate && (m.certificate == "" || m.key == "" || m.anchor == "" || m.profile == ""):
		return usagef("metadata: a certificate needs all of --certificate, --private-key, --trust-anchor-arn and --profile-arn")
	case m.duration != 0 && (m.duration < 900 || m.duration > 43200):
		return usagef("metadata: --session-duration is 900 to 43200 seconds")
	case m.hops < 1 || m.hops > 64:
		return usagef("metadata: --hop-limit is 1 to 64")
	case m.noIMDS && (m.containerToken == "" || m.v1):
		return usagef("metadata: --no-imds needs --container-token-file, and goes without --imds-v1")
	}
	if err := m.checkRole(byToken); err != nil {
		return err
	}
	if len(m.listen) == 0 {
		m.listen = []string{defaultMetadata}
	}
	for _, address := range m.listen {
		if err := metadataserver.CheckListen(address); err != nil {
			return usagef("metadata: --listen: %v", err)
		}
	}
	return nil
}

func (m *metadataFlags) checkRole(byToken bool) error {
	a, err := arn.Parse(m.role)
	role, held := strings.HasPrefix(a.Resource, "role/"), strings.HasPrefix(a.Resource, "instance-profile/")
	switch {
	case err != nil || a.Service != "iam" || !role && !held:
		return usagef("metadata: --role-arn: %q is not the ARN of a role", m.role)
	case held && byToken:
		return usagef("metadata: --role-arn: an instance profile can be asked for with a certificate only")
	}
	return nil
}

func (m *metadataFlags) serve(ctx context.Context, a *app) error {
	noCore()
	log := slog.New(slog.NewTextHandler(a.stderr, nil))
	id, region, err := m.identity(a)
	if err != nil {
		return err
	}
	o := metadataserver.Options{Now: time.Now, Region: region, InstanceID: m.instance, NoIMDS: m.noIMDS, V1: m.v1, HopLimit: m.hops}
	if !strings.Contains(m.role, ":instance-profile/") {
		o.RoleARN = m.role
	}
	if o.Allowed, err = m.allowed(); err != nil {
		return err
	}
	if m.containerToken != "" {
		if o.ContainerToken, err = writeToken(m.containerToken); err != nil {
			return err
		}
		defer os.Remove(m.containerToken)
	}
	listeners, err := m.open(&o)
	if err != nil {
		return err
	}
	keeper := &metadataserver.Keeper{Identity: id, Now: time.Now, Wait: pause, Jitter: random.Float64, Log: log}
	o.Credentials = keeper.Current
	keeper.First(ctx) // it has logged what went wrong; the keeper tries on
	ctx, stop := context.WithCancel(ctx)
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		keeper.Run(ctx)
	}()
	for _, l := range listeners {
		fmt.Fprintf(a.stdout, "listening on http://%s\n", l.Addr())
	}
	h := metadataserver.New(o)
	err = metadataserver.Serve(ctx, h, h.Admits, log, listeners...)
	stop()
	<-kept
	return err
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// identity is who the machine is, and the region that it works in.
func (m *metadataFlags) identity(a *app) (metadataserver.Identity, string, error) {
	s, err := m.client.session(a)
	if err != nil {
		return nil, "", err
	}
	h, err := s.HTTP()
	if err != nil {
		return nil, "", err
	}
	if m.tokenFile != "" {
		api, err := s.Endpoints().API("sts", s.Region())
		return &metadataserver.WebIdentity{STS: &stsclient.Client{HTTP: h, API: api}, TokenFile: m.tokenFile, RoleARN: m.role,
			SessionName: m.session(), Duration: m.duration}, api.Region, err
	}
	region := anchorRegion(s, m.anchor)
	api, err := s.Endpoints().API("rolesanywhere", region)
	return &metadataserver.Certificate{HTTP: h.HTTP, URL: api.URL, Region: api.Region, Now: time.Now,
		CertificateFile: m.certificate, KeyFile: m.key, IntermediatesFile: m.intermediate, TrustAnchorARN: m.anchor, ProfileARN: m.profile,
		RoleARN: m.role, SessionName: m.sessionName, Duration: m.duration}, api.Region, err
}

// anchorRegion is the region of the settings, or else the trust anchor's.
func anchorRegion(s *session.Session, anchor string) string {
	if region := s.Region(); region != "" {
		return region
	}
	a, _ := arn.Parse(anchor) // the server says what is wrong with it
	return a.Region
}

// session is the name of the sessions by a token: the host's, as far as it can be one.
func (m *metadataFlags) session() string {
	if m.sessionName != "" {
		return m.sessionName
	}
	name, _ := os.Hostname()
	name = strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("_=,.@-", r) {
			return r
		}
		return -1
	}, name)
	if len(name) < 2 {
		name = "machine"
	}
	return name[:min(len(name), 64)]
}

func (m *metadataFlags) allowed() (list []netip.Prefix, err error) {
	for _, text := range m.allow {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, usagef("metadata: --allow-from: %q is no address range such as 172.17.0.0/16", text)
		}
		list = append(list, p.Masked())
	}
	return list, nil
}

// wellKnown are the addresses at which SDKs look by themselves. Requests for them
// come here where the system hands them on.
var wellKnown = []string{"169.254.169.254", "fd00:ec2::254", "169.254.170.2", "169.254.170.23", "fd00:ec2::23"}

// open listens, and notes the names by which it may be asked.
func (m *metadataFlags) open(o *metadataserver.Options) (list []net.Listener, err error) {
	o.Hosts = append([]string{"localhost"}, wellKnown...)
	for _, address := range m.listen {
		l, err := net.Listen("tcp", address)
		if err != nil {
			for _, other := range list {
				err = errors.Join(err, other.Close())
			}
			return nil, fmt.Errorf("listening on %s: %w%s", address, err, advice(address))
		}
		host, _, _ := net.SplitHostPort(address)
		o.Hosts, list = append(o.Hosts, host), append(list, l)
	}
	return list, nil
}

// advice is what to do about an address that cannot be had.
func advice(address string) string {
	host, _, _ := net.SplitHostPort(address)
	if ip, err := netip.ParseAddr(host); err == nil && ip.IsLinkLocalUnicast() && ip.Is4() {
		return "; add the address first, as root: ip addr add " + host + "/32 dev lo"
	}
	return ""
}

// writeToken makes a token and puts it where only this user can read it.
func writeToken(path string) (secret.String, error) {
	var b [32]byte
	rand.Read(b[:]) // never fails
	token := base64.RawURLEncoding.EncodeToString(b[:])
	f, err := os.CreateTemp(filepath.Dir(path), ".token-*") // mode 0600
	if err != nil {
		return secret.String{}, fmt.Errorf("writing the container token: %w", err)
	}
	_, err = f.WriteString(token)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
		return secret.String{}, fmt.Errorf("writing the container token: %w", err)
	}
	return secret.New(token), nil
}
