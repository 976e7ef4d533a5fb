package secretscan

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// bearer are the names of what opens something for whoever has it.
var bearer = regexp.MustCompile(`(?i)^(?:secretaccesskey|(?:x-amz-security-|session|webidentity|identity|id_|access_?|refresh_?)token|samlassertion|samlresponse|assertion|tokencode|authenticationcode[12]|` +
	`(?:bind_?|old|new)?password|addprivatekey|privatekey|base32stringseed|qrcodepng|client_?secret|secret|seed|x-amz-signature)$`)

// maxBody is how much of a body is kept.
const maxBody = 16 << 20

// Handler stands before a server and learns the secrets that go in and out of
// it. The texts of its refusals are looked at.
func (s *Scanner) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.header(r)
		if strings.HasPrefix(r.URL.Path, "/v1/repos/") {
			next.ServeHTTP(w, r)
			return
		}
		in := &tee{ReadCloser: r.Body}
		if r.Body != nil && r.Body != http.NoBody {
			r.Body = in
		}
		out := &answer{ResponseWriter: w}
		defer func() {
			s.fields(r.URL.RawQuery)
			s.body(in.kept.Bytes())
			if out.status >= 400 {
				s.Keep("error text: "+r.URL.Path, out.kept.String())
			} else {
				s.body(out.kept.Bytes())
			}
		}()
		next.ServeHTTP(out, r)
	})
}

// Transport learns the secrets that go over base, in requests and answers.
func (s *Scanner) Transport(base http.RoundTripper) http.RoundTripper {
	return transport(func(r *http.Request) (*http.Response, error) {
		s.header(r)
		s.fields(r.URL.RawQuery)
		if r.GetBody != nil {
			if body, err := r.GetBody(); err == nil {
				b, _ := io.ReadAll(io.LimitReader(body, maxBody)) // what could be read is looked at
				s.body(b)
			}
		}
		answer, err := base.RoundTrip(r)
		if err != nil || strings.HasPrefix(r.URL.Path, "/v1/repos/") {
			return answer, err
		}
		b, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		answer.Body = io.NopCloser(bytes.NewReader(b))
		if answer.StatusCode >= 400 {
			s.Keep("error text: "+r.URL.Path, string(b))
		} else {
			s.body(b)
		}
		return answer, err
	})
}

type transport func(*http.Request) (*http.Response, error)

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

type tee struct {
	io.ReadCloser
	kept bytes.Buffer
}

func (t *tee) Read(p []byte) (int, error) {
	n, err := t.ReadCloser.Read(p)
	if t.kept.Len() < maxBody {
		t.kept.Write(p[:n])
	}
	return n, err
}

type answer struct {
	http.ResponseWriter
	status int
	kept   bytes.Buffer
}

func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func (a *answer) WriteHeader(status int) {
	a.status = status
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(p []byte) (int, error) {
	if a.kept.Len() < maxBody {
		a.kept.Write(p)
	}
	return a.ResponseWriter.Write(p)
}

// header learns what a request proves itself with.
func (s *Scanner) header(r *http.Request) {
	if user, password, ok := r.BasicAuth(); ok {
		if _, token, ok := strings.Cut(user, "%"); ok {
			s.Know("session token", token)
		}
		if at, signature, ok := strings.Cut(password, "Z"); ok && len(at) == len("20060102T150405") {
			password = signature // another's password of the same second begins with the same time
		}
		s.Know("Git password", password)
	}
	if _, signature, ok := strings.Cut(r.Header.Get("Authorization"), "Signature="); ok {
		s.Know("signature", signature)
	}
	s.Know("session token", r.Header.Get("X-Amz-Security-Token"))
}

func (s *Scanner) fields(query string) {
	form, _ := url.ParseQuery(query) // what can be read is looked at
	for name, values := range form {
		for _, v := range values {
			s.field(name, v)
		}
	}
}

// field learns one value by its name.
func (s *Scanner) field(name, value string) {
	if !bearer.MatchString(name) {
		return
	}
	plain, err := base64.StdEncoding.DecodeString(value)
	if err != nil || len(value) < piece {
		s.Know(name, value)
		return
	}
	if bytes.HasPrefix(bytes.TrimSpace(plain), []byte("<")) {
		s.assertion(name, plain)
		return
	}
	s.Know(name, value)
	s.Know(name, string(plain))
}

// assertion learns what makes an XML document good for whoever has it: its
// signature, or what is encrypted. The rest names who and where, which is no secret.
func (s *Scanner) assertion(name string, document []byte) {
	for _, m := range proving.FindAllSubmatch(document, -1) {
		s.Know(name, string(bytes.Join(bytes.Fields(m[1]), nil)))
	}
}

var proving = regexp.MustCompile(`(?:SignatureValue|CipherValue)[^>]*>\s*([^<]{32,})<`)

// body learns the secrets of a form, of JSON, or of XML.
func (s *Scanner) body(b []byte) {
	switch trimmed := bytes.TrimSpace(b); {
	case len(trimmed) == 0:
	case trimmed[0] == '{' || trimmed[0] == '[':
		var v any
		if json.Unmarshal(trimmed, &v) == nil {
			s.walk("", v)
		}
	case trimmed[0] == '<':
		s.elements(trimmed)
	default:
		s.fields(string(b))
	}
}

func (s *Scanner) walk(name string, v any) {
	switch v := v.(type) {
	case string:
		s.field(name, v)
	case []any:
		for _, e := range v {
			s.walk(name, e)
		}
	case map[string]any:
		for k, e := range v {
			s.walk(k, e)
		}
	}
}

func (s *Scanner) elements(b []byte) {
	d := xml.NewDecoder(bytes.NewReader(b))
	name := ""
	for {
		token, err := d.Token()
		if err != nil {
			return
		}
		switch t := token.(type) {
		case xml.StartElement:
			name = t.Name.Local
		case xml.CharData:
			s.field(name, string(bytes.TrimSpace(t)))
		}
	}
}
