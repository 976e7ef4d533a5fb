package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"sojourn/internal/client/credentials"
	"sojourn/internal/client/remotehelper"
	"sojourn/internal/client/signin"
	"sojourn/internal/remoteurl"
)

// Servers refuse API requests five minutes off, and Git passwords fifteen.
const (
	skewWarning = time.Minute
	skewProblem = 5 * time.Minute
)

// server asks the server for anything, and compares the clocks.
func (d *Doctor) server(ctx context.Context) bool {
	api, err := d.session.Endpoints().API("sts", d.session.Region())
	if err != nil {
		d.add("server", Problem, err.Error(), "")
		return false
	}
	client, err := d.client()
	if err != nil {
		d.add("server", Problem, err.Error(), "")
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodHead, api.URL+"/", nil)
	if err != nil {
		d.add("server", Problem, err.Error(), "")
		return false
	}
	before := d.Now()
	answer, err := client.Do(r)
	after := d.Now()
	if err != nil {
		text, fix := explain(err)
		d.add("server", Problem, api.URL+": "+text, fix)
		return false
	}
	answer.Body.Close()
	d.add("server", OK, api.URL, "")
	d.clock(answer.Header.Get("Date"), before.Add(after.Sub(before)/2))
	return true
}

func (d *Doctor) clock(header string, here time.Time) {
	there, err := http.ParseTime(header)
	if err != nil {
		d.add("clock", Skipped, "the server does not tell the time", "")
		return
	}
	skew := here.Sub(there.Add(time.Second / 2)).Round(time.Second)
	way := "ahead of"
	if skew < 0 {
		way = "behind"
	}
	text := fmt.Sprintf("this machine's clock is %s %s the server's", skew.Abs(), way)
	fix := "set the clock: timedatectl set-ntp true"
	switch d.GOOS {
	case "windows":
		fix = "set the clock: w32tm /resync"
	case "darwin":
		fix = "set the clock: sudo sntp -sS time.apple.com"
	}
	switch {
	case skew.Abs() >= skewProblem:
		d.add("clock", Problem, text+"; signatures that are more than 5 minutes off are refused", fix)
	case skew.Abs() >= skewWarning:
		d.add("clock", Warning, text, fix)
	default:
		d.add("clock", OK, fmt.Sprintf("within %s of the server's", max(skew.Abs(), time.Second)), "")
	}
}

// explain says what stands between here and the server.
func explain(err error) (text, fix string) {
	if e, ok := errors.AsType[x509.CertificateInvalidError](err); ok && e.Reason == x509.Expired {
		return "its certificate is out of date, or this machine's clock is", "look at the clock; else renew the server's certificate"
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return "its certificate is for another name: " + err.Error(), "use the name that the certificate has as the endpoint"
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "its certificate is under an authority that is not known here (a server of one's own, or a proxy that looks into TLS)", "set AWS_CA_BUNDLE, or ca_bundle in the profile, to a file with that authority"
	}
	if e, ok := errors.AsType[*net.DNSError](err); ok {
		return "the name " + e.Name + " is not known", "look at the endpoint and the region for slips, and at the network"
	}
	if strings.Contains(err.Error(), "server gave HTTP response to HTTPS client") {
		return "it speaks HTTP, and the endpoint says https", "write http:// in the endpoint, or give the server a certificate"
	}
	return "it does not answer: " + err.Error(), "look at the endpoint, the network and the proxy"
}

func (d *Doctor) credentials(ctx context.Context) {
	cred, err := d.session.Credentials(ctx)
	if err != nil {
		fix := ""
		if errors.Is(err, credentials.ErrNone) {
			fix = "sojourn login --profile " + d.session.Name + ", or sojourn configure"
		}
		if _, ok := errors.AsType[*signin.EndedError](err); ok {
			fix = "sojourn login --profile " + d.session.Name
		}
		d.add("credentials", Problem, err.Error(), fix)
		return
	}
	text := cred.Method
	if !cred.Expires.IsZero() {
		text += ", until " + cred.Expires.UTC().Format(time.RFC3339)
		if !d.Now().Before(cred.Expires) {
			d.add("credentials", Problem, text+", which is over", "sign in again")
			return
		}
	}
	who, err := d.Who(ctx, d.session)
	if err != nil {
		d.add("credentials", Problem, text+": the server does not take them: "+err.Error(), "sojourn whoami --profile "+d.session.Name)
		return
	}
	d.add("credentials", OK, who+" ("+text+")", "")
	if cred.Token == "" {
		d.add("credentials", Warning, "these are long-term keys: who copies the file has them until somebody notices", "sojourn login, or a profile with role_arn")
	}
}

// repository asks for the refs of the repository, as a clone would.
func (d *Doctor) repository(ctx context.Context) {
	u, err := remoteurl.ParseRemote(d.Remote)
	if err != nil {
		return // said already
	}
	t, err := remotehelper.Open(ctx, u, d.Env, d.Now)
	if err != nil {
		d.add("repository", Problem, err.Error(), "")
		return
	}
	client, err := d.client()
	if err != nil {
		return // said already
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, t.URL+"/info/refs?service=git-upload-pack", nil)
	if err != nil {
		d.add("repository", Problem, err.Error(), "")
		return
	}
	r.SetBasicAuth(t.User, t.Password.Reveal())
	answer, err := client.Do(r)
	if err != nil {
		text, fix := explain(err)
		d.add("repository", Problem, t.URL+": "+text, fix)
		return
	}
	defer answer.Body.Close()
	said, _ := io.ReadAll(io.LimitReader(answer.Body, 500)) // for people only
	if answer.StatusCode != http.StatusOK {
		fix := "sojourn explain --action codecommit:GitPull --resource ARN tells which policy decides"
		if answer.StatusCode == http.StatusNotFound {
			fix = "sojourn codecommit list-repositories --profile " + d.session.Name + " lists those of this account and region"
		}
		d.add("repository", Problem, fmt.Sprintf("%s: status %d: %s", t.URL, answer.StatusCode, strings.TrimSpace(string(said))), fix)
		return
	}
	d.add("repository", OK, t.URL+" can be read", "")
}
