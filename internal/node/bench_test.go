package node

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"sojourn/internal/sigv4"
)

const trustHere = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + here + `"},"Action":"sts:AssumeRole"}]}`

// assumer is a user who may assume the role Reader.
func (c *cluster) assumer() sigv4.Credentials {
	root := c.root()
	c.call(root, "iam", "CreateUser", "UserName", "maria")
	c.call(root, "iam", "PutUserPolicy", "UserName", "maria", "PolicyName", "p", "PolicyDocument", document("Allow"))
	c.call(root, "iam", "CreateRole", "RoleName", "Reader", "AssumeRolePolicyDocument", trustHere)
	return credentialsIn(c.call(root, "iam", "CreateAccessKey", "UserName", "maria"))
}

// form is a signed request that can be sent again and again.
func (c *cluster) form(by sigv4.Credentials, service string, form url.Values) func() int {
	body := form.Encode()
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	sum := sha256.Sum256([]byte(body))
	sigv4.SignHeader(r, hex.EncodeToString(sum[:]), by, service, DefaultRegion, c.now)
	return func() int {
		again := *r
		again.Body = bodyOf(body)
		w := httptest.NewRecorder()
		c.nodes[0].ServeHTTP(w, &again)
		return w.Code
	}
}

type reader struct{ *strings.Reader }

func (reader) Close() error { return nil }

func bodyOf(s string) reader { return reader{strings.NewReader(s)} }

// BenchmarkAssumeRole is the API from the decoded HTTP request to the answer,
// the record of the decision among it, without the network.
func BenchmarkAssumeRole(b *testing.B) {
	c := newCluster(b)
	send := c.form(c.assumer(), "sts", url.Values{"Action": {"AssumeRole"}, "Version": {"2011-06-15"},
		"RoleArn": {"arn:aws:iam::" + here + ":role/Reader"}, "RoleSessionName": {"bench"}})
	b.ReportAllocs()
	for b.Loop() {
		if code := send(); code != http.StatusOK {
			b.Fatal(code)
		}
	}
}
