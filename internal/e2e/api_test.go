package e2e

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"

	"sojourn/internal/node"
	"sojourn/internal/secret"
	"sojourn/internal/sigv4"
	"sojourn/internal/sojourntest"
)

// client trusts the server's own authority. The scan for secrets learns what it sends.
func (a *api) client() *http.Client {
	return &http.Client{Transport: sojourntest.Transport(a.transport())}
}

func (a *api) transport() *http.Transport {
	if strings.HasPrefix(a.s.URL, "http://") {
		return &http.Transport{DisableKeepAlives: true}
	}
	pem, err := os.ReadFile(a.s.CA())
	if err != nil {
		a.t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	return &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, DisableKeepAlives: true}
}

// send signs and sends a request and returns its status and body.
func (a *api) send(service, contentType, target string, body []byte) (int, []byte) {
	a.t.Helper()
	r, err := http.NewRequestWithContext(a.t.Context(), http.MethodPost, a.s.URL+"/", bytes.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	r.Header.Set("Content-Type", contentType)
	if target != "" {
		r.Header.Set("X-Amz-Target", target)
	}
	if a.cred.AccessKeyID != "" {
		sum := sha256.Sum256(body)
		sigv4.SignHeader(r, hex.EncodeToString(sum[:]), a.cred, service, node.DefaultRegion, a.s.Now())
	}
	return a.do(r)
}

func (a *api) do(r *http.Request) (int, []byte) {
	a.t.Helper()
	answer, err := a.client().Do(r)
	if err != nil {
		a.t.Fatal(err)
	}
	defer answer.Body.Close()
	out, err := io.ReadAll(answer.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	return answer.StatusCode, out
}

// tryQuery calls an operation of a query service. The answer's leaves are
// returned by their element's name.
func (a *api) tryQuery(service string, params ...string) (map[string]string, error) {
	a.t.Helper()
	form := url.Values{"Version": {map[string]string{"iam": "2010-05-08", "sts": "2011-06-15"}[service]}}
	for i := 0; i+1 < len(params); i += 2 {
		form.Set(params[i], params[i+1])
	}
	status, body := a.send(service, "application/x-www-form-urlencoded", "", []byte(form.Encode()))
	out, err := leaves(body)
	if err != nil {
		return nil, fmt.Errorf("%d %s: %w", status, body, err)
	}
	if status != http.StatusOK {
		return out, fmt.Errorf("%d %s: %s", status, out["Code"], out["Message"])
	}
	return out, nil
}

func leaves(body []byte) (map[string]string, error) {
	out := map[string]string{}
	var name string
	d := xml.NewDecoder(bytes.NewReader(body))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		switch t := token.(type) {
		case xml.StartElement:
			name = t.Name.Local
		case xml.CharData:
			if text := strings.TrimSpace(string(t)); text != "" {
				out[name] += text
			}
		}
	}
}

// tryJSON calls a CodeCommit operation.
func (a *api) tryJSON(operation, body string) (int, string) {
	a.t.Helper()
	status, out := a.send("codecommit", "application/x-amz-json-1.1", "CodeCommit_20150413."+operation, []byte(body))
	return status, string(out)
}

func (a *api) json(operation, body string) string {
	a.t.Helper()
	status, out := a.tryJSON(operation, body)
	if status != http.StatusOK {
		a.t.Fatalf("%s %s: %d %s", operation, body, status, out)
	}
	return out
}

// credentials are those in an answer of STS or CreateAccessKey.
func credentials(answer map[string]string) sigv4.Credentials {
	return sigv4.Credentials{AccessKeyID: answer["AccessKeyId"], Secret: secret.New(answer["SecretAccessKey"]), Token: answer["SessionToken"]}
}
