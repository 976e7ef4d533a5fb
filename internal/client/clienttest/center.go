package clienttest

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
)

// Center is a stand-in of IAM Identity Center: registration, the two ways to
// sign in, sign-out. It takes only what belongs together.
type Center struct {
	*httptest.Server
	Answer     func(url.Values) // changes what the browser brings back
	Polls      []string         // errors to answer the next requests for a token with
	SignedOut  string           // the token that was
	Registered map[string]any   // of the last registration

	challenge, redirect string
}

// StartURL is what it is for.
const StartURL = "https://x.awsapps.com/start"

// NewCenter starts one over TLS; it is the caller's to close.
func NewCenter() *Center {
	s := &Center{}
	s.Server = httptest.NewTLSServer(s)
	return s
}

func (s *Center) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	text, _ := io.ReadAll(r.Body)
	var in map[string]any
	_ = json.Unmarshal(text, &in)
	client := in["clientId"] == "cid" && in["clientSecret"] == "csec"
	bearer := r.Header.Get("x-amz-sso_bearer_token") == "the-access"
	q := r.URL.Query()
	switch {
	case r.URL.Path == "/client/register" && in["clientType"] == "public":
		s.Registered = in
		io.WriteString(w, `{"clientId":"cid","clientSecret":"csec","clientSecretExpiresAt":1803124800}`)
	case r.URL.Path == "/authorize" && q.Get("client_id") == "cid" && q.Get("scopes") == "sso:account:access" && q.Get("code_challenge_method") == "S256":
		s.challenge, s.redirect = q.Get("code_challenge"), q.Get("redirect_uri")
		back := url.Values{"code": {"the-code"}, "state": {q.Get("state")}}
		if s.Answer != nil {
			s.Answer(back)
		}
		http.Redirect(w, r, s.redirect+"?"+back.Encode(), http.StatusFound)
	case r.URL.Path == "/device_authorization" && client && in["startUrl"] == StartURL:
		io.WriteString(w, `{"deviceCode":"dev","userCode":"ABCD-EFGH","verificationUri":"https://device.example/","verificationUriComplete":"https://device.example/?user_code=ABCD-EFGH","expiresIn":600,"interval":1}`)
	case r.URL.Path == "/token" && client && s.grants(in):
		if len(s.Polls) > 0 {
			w.WriteHeader(http.StatusBadRequest)
			json.NewEncoder(w).Encode(map[string]string{"error": s.Polls[0]})
			s.Polls = s.Polls[1:]
			return
		}
		io.WriteString(w, `{"accessToken":"the-access","refreshToken":"the-refresh","expiresIn":28800,"tokenType":"Bearer"}`)
	case r.URL.Path == "/assignment/accounts" && bearer && q.Get("next_token") == "":
		io.WriteString(w, `{"accountList":[],"nextToken":"more"}`)
	case r.URL.Path == "/assignment/accounts" && bearer:
		io.WriteString(w, `{"accountList":[{"accountId":"111122223333","accountName":"Payments"}]}`)
	case r.URL.Path == "/assignment/roles" && bearer && q.Get("account_id") == "111122223333":
		io.WriteString(w, `{"roleList":[{"roleName":"CodeAccess","accountId":"111122223333"}]}`)
	case r.URL.Path == "/federation/credentials" && bearer && q.Get("role_name") == "CodeAccess":
		io.WriteString(w, `{"roleCredentials":{"accessKeyId":"ASIASSO","secretAccessKey":"secret","sessionToken":"token","expiration":4102444800000}}`)
	case r.URL.Path == "/logout":
		s.SignedOut = r.Header.Get("x-amz-sso_bearer_token")
	default:
		w.WriteHeader(http.StatusBadRequest)
		io.WriteString(w, `{"error":"invalid_request"}`)
	}
}

func (s *Center) grants(in map[string]any) bool {
	if in["grantType"] == "urn:ietf:params:oauth:grant-type:device_code" {
		return in["deviceCode"] == "dev"
	}
	verifier, _ := in["codeVerifier"].(string)
	sum := sha256.Sum256([]byte(verifier))
	return in["grantType"] == "authorization_code" && in["code"] == "the-code" && in["redirectUri"] == s.redirect && base64.RawURLEncoding.EncodeToString(sum[:]) == s.challenge
}
