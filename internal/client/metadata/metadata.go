// Package metadata fetches the credentials that a machine or a container has:
// from the endpoint that the variables AWS_CONTAINER_CREDENTIALS_… name, and
// from the instance metadata service, version 2. It keeps nothing, and asks
// nothing of version 1, which any request from the machine could read.
package metadata

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"sojourn/internal/client/cache"
	"sojourn/internal/client/config"
	"sojourn/internal/client/signedhttp"
	"sojourn/internal/secret"
	"sojourn/internal/sigv4"
)

// ErrNone says that this machine or container has no credentials to give.
var ErrNone = errors.New("this machine has no credentials to give")

// Client asks.
type Client struct {
	Env config.Env
	Now func() time.Time

	Timeout time.Duration // of one request; 0 is the service's default
	IPv6    bool          // ask the instance metadata service by IPv6
	Address string        // of the instance metadata service; "" is the usual one
}

const (
	containerHost = "http://169.254.170.2"
	instanceIPv4  = "http://169.254.169.254"
	instanceIPv6  = "http://[fd00:ec2::254]"

	containerTime = 2 * time.Second
	instanceTime  = time.Second
)

// InContainer reports whether the environment names a container's endpoint.
func (c Client) InContainer() bool {
	_, v := c.Env.First("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI")
	return v != ""
}

// Container asks the endpoint that the environment names.
func (c Client) Container(ctx context.Context) (sigv4.Credentials, time.Time, error) {
	fail := func(err error) (sigv4.Credentials, time.Time, error) {
		return sigv4.Credentials{}, time.Time{}, fmt.Errorf("the credentials of this container: %w", err)
	}
	where, err := c.containerURL()
	if err != nil {
		return fail(err)
	}
	header := http.Header{"Accept": {"application/json"}}
	token, err := c.authorization()
	if err != nil {
		return fail(err)
	}
	if !token.Empty() {
		header.Set("Authorization", token.Reveal())
	}
	status, body, err := c.http(containerTime).Exchange(ctx, http.MethodGet, where, header, nil)
	if err != nil {
		return fail(err)
	}
	cred, end, err := parse(status, body)
	if err != nil {
		return fail(err)
	}
	return cred, end, nil
}

// containerURL is the endpoint. A clear-text one must be on this machine or its
// link, or whoever sets the variable could send the token anywhere.
func (c Client) containerURL() (string, error) {
	if v := c.Env.Get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"); v != "" {
		if !strings.HasPrefix(v, "/") {
			return "", errors.New("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI must begin with a slash")
		}
		return containerHost + v, nil
	}
	v := c.Env.Get("AWS_CONTAINER_CREDENTIALS_FULL_URI")
	u, err := url.Parse(v)
	if v == "" || err != nil || u.Host == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https" {
		return "", errors.New("AWS_CONTAINER_CREDENTIALS_FULL_URI is not a URL")
	}
	if u.Scheme == "http" && !nearby(u.Hostname()) {
		return "", fmt.Errorf("AWS_CONTAINER_CREDENTIALS_FULL_URI names %s without TLS; only this machine's own addresses may be asked so", u.Hostname())
	}
	return v, nil
}

func nearby(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && (a.IsLoopback() || host == "169.254.170.2" || host == "169.254.170.23" || a == netip.MustParseAddr("fd00:ec2::23"))
}

// authorization is the token that the endpoint wants, read anew each time, for it changes.
func (c Client) authorization() (secret.String, error) {
	text := c.Env.Get("AWS_CONTAINER_AUTHORIZATION_TOKEN")
	if file := c.Env.Get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"); file != "" {
		b, err := cache.ReadFile(c.Env.Expand(file))
		if err != nil {
			return secret.String{}, fmt.Errorf("reading AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: %w", err)
		}
		text = strings.TrimSpace(string(b))
	}
	if strings.ContainsAny(text, "\r\n") {
		return secret.String{}, errors.New("the authorization token has a line break in it")
	}
	return secret.New(text), nil
}

// Instance asks the instance metadata service. ErrNone means that there is none or that the instance has no role.
func (c Client) Instance(ctx context.Context) (sigv4.Credentials, time.Time, error) {
	none := func(why error) (sigv4.Credentials, time.Time, error) {
		return sigv4.Credentials{}, time.Time{}, fmt.Errorf("%w: %w", ErrNone, why)
	}
	if c.Env.True("AWS_EC2_METADATA_DISABLED") {
		return none(errors.New("AWS_EC2_METADATA_DISABLED says so"))
	}
	base, err := c.instanceURL()
	if err != nil {
		return sigv4.Credentials{}, time.Time{}, err
	}
	client := c.http(instanceTime)
	status, token, err := client.Exchange(ctx, http.MethodPut, base+"/latest/api/token", http.Header{"X-Aws-Ec2-Metadata-Token-Ttl-Seconds": {"300"}}, nil)
	if err != nil || status != http.StatusOK {
		return none(orStatus(err, status))
	}
	get := func(path string) (int, []byte, error) {
		return client.Exchange(ctx, http.MethodGet, base+path, http.Header{"X-Aws-Ec2-Metadata-Token": {strings.TrimSpace(string(token))}}, nil)
	}
	const roles = "/latest/meta-data/iam/security-credentials/"
	status, name, err := get(roles)
	role, _, _ := strings.Cut(strings.TrimSpace(string(name)), "\n")
	if err != nil || status != http.StatusOK || role == "" {
		return none(orStatus(err, status))
	}
	status, body, err := get(roles + url.PathEscape(role))
	if err != nil {
		return none(err)
	}
	cred, end, err := parse(status, body)
	if err != nil {
		err = fmt.Errorf("the credentials of this machine's role %q: %w", role, err)
	}
	return cred, end, err
}

func orStatus(err error, status int) error {
	if err == nil {
		err = fmt.Errorf("the instance metadata service answered with status %d", status)
	}
	return err
}

func (c Client) instanceURL() (string, error) {
	v := c.Address
	if e := c.Env.Get("AWS_EC2_METADATA_SERVICE_ENDPOINT"); e != "" {
		v = e
	}
	if v == "" {
		if c.IPv6 || strings.EqualFold(c.Env.Get("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"), "IPv6") {
			return instanceIPv6, nil
		}
		return instanceIPv4, nil
	}
	u, err := url.Parse(v)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", errors.New("AWS_EC2_METADATA_SERVICE_ENDPOINT (ec2_metadata_service_endpoint) is not a URL; correct it")
	}
	return strings.TrimRight(v, "/"), nil
}

func (c Client) http(usual time.Duration) *signedhttp.Client {
	timeout := usual
	if c.Timeout > 0 {
		timeout = c.Timeout
	}
	if n, err := strconv.Atoi(c.Env.Get("AWS_METADATA_SERVICE_TIMEOUT")); err == nil && n > 0 {
		timeout = time.Duration(n) * time.Second
	}
	return signedhttp.NewDirect(timeout, c.Now)
}

// parse reads the form that both endpoints answer in.
func parse(status int, body []byte) (sigv4.Credentials, time.Time, error) {
	var v struct{ Code, Message, AccessKeyId, SecretAccessKey, Token, Expiration string }
	err := json.Unmarshal(body, &v)
	switch {
	case status != http.StatusOK && v.Message != "":
		return sigv4.Credentials{}, time.Time{}, fmt.Errorf("status %d: %s %s", status, v.Code, v.Message)
	case status != http.StatusOK:
		return sigv4.Credentials{}, time.Time{}, fmt.Errorf("the endpoint answered with status %d", status)
	case v.Code != "" && v.Code != "Success":
		return sigv4.Credentials{}, time.Time{}, fmt.Errorf("%s %s", v.Code, v.Message)
	case err != nil || v.AccessKeyId == "" || v.SecretAccessKey == "":
		return sigv4.Credentials{}, time.Time{}, errors.New("the endpoint's answer holds no credentials")
	}
	var end time.Time
	if v.Expiration != "" {
		if end, err = time.Parse(time.RFC3339, v.Expiration); err != nil {
			return sigv4.Credentials{}, time.Time{}, errors.New("the endpoint's answer ends at no time that can be read")
		}
	}
	return sigv4.Credentials{AccessKeyID: v.AccessKeyId, Secret: secret.New(v.SecretAccessKey), Token: v.Token}, end, nil
}
