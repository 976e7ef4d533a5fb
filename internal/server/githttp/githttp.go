// Package githttp is the door for Git: smart HTTP at /v1/repos/NAME
// (gitprotocol-http), versions 0, 1 and 2. It finds the repository's name and
// the caller, hands the streams to the domain, and words the failures so that
// git shows them to its user.
//
// It owns HTTP: paths, headers, compression, how long a silent client is kept.
// It does not decide who may do what, nor does it know what is in the streams.
// The dumb protocol is not served.
package githttp

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"sojourn/internal/authn"
	"sojourn/internal/awserr"
	"sojourn/internal/gate"
	"sojourn/internal/git"
	"sojourn/internal/git/gitproto"
	"sojourn/internal/principal"
	"sojourn/internal/server/event"
)

// Prefix begins the paths of repositories.
const Prefix = "/v1/repos/"

// Authenticator knows whose Git password this is.
type Authenticator interface {
	Git(ctx context.Context, user, password, host, path string, info authn.RequestInfo) (*principal.Caller, error)
}

// Repositories serve callers; each method asks the gate first.
type Repositories interface {
	// Advertise returns the answer to info/refs.
	Advertise(ctx context.Context, c *principal.Caller, name string, s gitproto.Service, version int) ([]byte, error)
	// UploadPack answers one request of a fetch. Before an error nothing has
	// been written, or what has been tells it to the client.
	UploadPack(ctx context.Context, c *principal.Caller, name string, version int, in io.Reader, out io.Writer) error
	// ReceivePack does one push.
	ReceivePack(ctx context.Context, c *principal.Caller, name string, in io.Reader, out io.Writer) error
}

// Recorder records requests whose password proves nothing; claimed is the access
// key id that one names. It returns the reason, or the fault that kept it from
// recording.
type Recorder interface {
	Unproven(ctx context.Context, c *principal.Caller, claimed string, r gate.Request, reason error) error
}

// Options are the parts behind the door.
type Options struct {
	Auth Authenticator
	// Records is nil where nothing is recorded. Region and Now are for what is.
	Records Recorder
	Region  string
	Now     func() time.Time

	Git Repositories
	// Secure counts every request as one over TLS: a proxy in front has it.
	Secure bool
	// Silence is how long a connection may stand still while bytes are
	// expected; 0 is two minutes. A slow client is served as long as something moves.
	Silence time.Duration
}

// Door serves Git.
type Door struct{ opt Options }

// New makes the door.
func New(o Options) *Door {
	if o.Silence == 0 {
		o.Silence = 2 * time.Minute
	}
	return &Door{o}
}

// ServeHTTP answers one request.
func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ev := event.From(r.Context())
	ev.Service = "git"
	w.Header().Set("X-Amzn-Requestid", ev.RequestID)
	if isLFS(r.URL.Path) {
		refuseLFS(w, r, ev)
		return
	}
	if err := d.serve(w, r, ev); err != nil {
		fail(w, r, ev, err)
	}
}

func (d *Door) serve(w http.ResponseWriter, r *http.Request, ev *event.Event) error {
	name, verb, ok := split(r.URL.EscapedPath())
	if !ok {
		return errNotFound
	}
	method, service, err := find(r, verb)
	switch {
	case err != nil:
		return err
	case r.Method != method:
		w.Header().Set("Allow", method)
		return &status{http.StatusMethodNotAllowed, "Git asks for this with " + method + "."}
	}
	c, err := d.caller(r, name, ev)
	if err != nil {
		return err
	}
	ev.Caller, ev.Resource = c.ARN(), name
	if method == http.MethodGet {
		return d.advertise(w, r, c, name, service)
	}
	return d.exchange(w, r, c, name, service)
}

// split takes a path apart: /v1/repos/NAME/VERB. A legal name needs no escapes.
func split(path string) (name, verb string, ok bool) {
	path, ok = strings.CutPrefix(path, Prefix)
	name, verb, found := strings.Cut(path, "/")
	return name, verb, ok && found && legalName(name)
}

// legalName is CodeCommit's grammar of repository names, less what would be
// special in a path; nothing here becomes one.
func legalName(s string) bool {
	if s == "" || len(s) > 100 || s == "." || s == ".." || strings.HasSuffix(s, ".git") {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '.' || c == '_' || c == '-') {
			return false
		}
	}
	return true
}

// find tells which service a verb is of, and its method.
func find(r *http.Request, verb string) (method string, s gitproto.Service, err error) {
	switch s = gitproto.Service(verb); verb {
	case "git-upload-pack", "git-receive-pack":
		if got := r.Header.Get("Content-Type"); r.Method == http.MethodPost && got != "application/x-"+verb+"-request" {
			return "", "", &status{http.StatusUnsupportedMediaType, "The content type must be application/x-" + verb + "-request."}
		}
		return http.MethodPost, s, nil
	case "info/refs":
		s = gitproto.Service(r.URL.Query().Get("service"))
		if s != gitproto.UploadPack && s != gitproto.ReceivePack {
			return "", "", &status{http.StatusForbidden, "Only Git's smart protocol is served; a newer git speaks it."}
		}
		return http.MethodGet, s, nil
	}
	return "", "", errNotFound
}

// caller is who signed the request's password. The operation is noted first,
// so that a refusal's event tells what was refused.
func (d *Door) caller(r *http.Request, name string, ev *event.Event) (*principal.Caller, error) {
	ev.Operation = "GitPull"
	if strings.HasSuffix(r.URL.Path, "/"+string(gitproto.ReceivePack)) || r.URL.Query().Get("service") == string(gitproto.ReceivePack) {
		ev.Operation = "GitPush"
	}
	user, password, ok := r.BasicAuth()
	if !ok || user == "" && password == "" {
		return nil, errAnonymous
	}
	info := authn.RequestInfo{RequestID: ev.RequestID, SourceIP: ev.SourceIP, UserAgent: r.UserAgent(), Secure: d.opt.Secure || r.TLS != nil}
	c, err := d.opt.Auth.Git(r.Context(), user, password, r.Host, Prefix+name, info)
	if err != nil && d.opt.Records != nil {
		claimed, _, _ := strings.Cut(user, "%")
		nobody := &principal.Caller{Time: d.opt.Now(), RequestID: info.RequestID, SourceIP: info.SourceIP, UserAgent: info.UserAgent, Secure: info.Secure, Region: d.opt.Region}
		return nil, d.opt.Records.Unproven(r.Context(), nobody, claimed,
			gate.Request{Action: "codecommit:" + ev.Operation, Params: map[string]string{"repositoryName": name}}, err)
	}
	return c, err
}

func (d *Door) advertise(w http.ResponseWriter, r *http.Request, c *principal.Caller, name string, s gitproto.Service) error {
	body, err := d.opt.Git.Advertise(r.Context(), c, name, s, version(r))
	if err != nil {
		return err
	}
	uncached(w, "application/x-"+string(s)+"-advertisement")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	d.touchWrite(w)
	_, err = w.Write(body)
	return gone(err)
}

// exchange streams both ways: a push may be answered while it is read.
func (d *Door) exchange(w http.ResponseWriter, r *http.Request, c *principal.Caller, name string, s gitproto.Service) error {
	http.NewResponseController(w).EnableFullDuplex() // what cannot is HTTP/2, which always does
	in, err := d.body(w, r, s)
	if err != nil {
		return err
	}
	out := &answer{d: d, w: w, contentType: "application/x-" + string(s) + "-result"}
	if s == gitproto.ReceivePack {
		err = d.opt.Git.ReceivePack(r.Context(), c, name, in, out)
	} else {
		err = d.opt.Git.UploadPack(r.Context(), c, name, version(r), in, out)
	}
	if err == nil {
		out.begin()     // an answer may be empty
		d.touchWrite(w) // its end is written after this
		return nil
	}
	if out.begun {
		event.From(r.Context()).Cause = err // the stream tells the client, or breaks off
		return errBroken
	}
	return err
}

// version is the newest version of Git's protocol that the client asks for and
// we speak (gitprotocol-v2, "Git-Protocol").
func version(r *http.Request) int {
	v := 0
	for part := range strings.SplitSeq(r.Header.Get("Git-Protocol"), ":") {
		switch part {
		case "version=1":
			v = max(v, 1)
		case "version=2":
			v = 2
		}
	}
	return v
}

func uncached(w http.ResponseWriter, contentType string) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Cache-Control", "no-cache, max-age=0, must-revalidate")
	h.Set("X-Content-Type-Options", "nosniff")
}

// status is a failure that HTTP alone explains.
type status struct {
	code int
	text string
}

func (s *status) Error() string { return s.text }

var (
	errNotFound  = &status{http.StatusNotFound, "There is no such repository."}
	errAnonymous = &status{http.StatusUnauthorized, "Sign in with temporary credentials: clone codecommit://PROFILE@REPOSITORY with " +
		"git-remote-codecommit, or set up the credential helper."}
	errBroken = errors.New("the answer had begun")
)

// refusedSession is what our helper prefers (RFC 7240): on 401 git asks a
// credential helper, which then forgets a session that is no more; 403 git tells nobody.
const refusedSession = "refused-session=401"

func endedSession(code string) bool {
	return code == awserr.ExpiredToken || code == awserr.InvalidClientTokenID
}

// lingering is how long a connection is kept for what a client still sends when
// it has been refused.
const lingering = 2 * time.Second

// fail answers with one line of plain text, which git shows after "remote:".
func fail(w http.ResponseWriter, r *http.Request, ev *event.Event, err error) {
	code, text := explain(err)
	if code == 0 {
		if ev.Cause == nil {
			ev.Cause = err
		}
		ev.Error = "Aborted"
		panic(http.ErrAbortHandler) // the client sees that the answer is not whole
	}
	var e *awserr.Error
	if errors.As(err, &e) {
		ev.Error, ev.Cause = e.Code, e.Cause
	} else {
		ev.Error = http.StatusText(code)
	}
	if code >= 500 && ev.Cause == nil {
		ev.Cause = err
	}
	if code == http.StatusForbidden && e != nil && endedSession(e.Code) && r.Header.Get("Prefer") == refusedSession {
		code = http.StatusUnauthorized
	}
	if code == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="Sojourn", charset="UTF-8"`)
	}
	if e != nil && e.Wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(e.RetryAfter()))
	}
	if r.Body != http.NoBody {
		w.Header().Set("Connection", "close") // the rest of the body is not worth reading
		// net/http reads a little of it all the same, also from who sends nothing.
		http.NewResponseController(w).SetReadDeadline(time.Now().Add(lingering))
	}
	uncached(w, "text/plain; charset=utf-8")
	w.WriteHeader(code)
	io.WriteString(w, line(text, code, ev.RequestID)+"\n")
}

// line ends a failure's text with the request's id, under which an administrator
// finds the decision. Who has not signed in has caused none.
func line(text string, code int, requestID string) string {
	if code == http.StatusUnauthorized || requestID == "" {
		return text
	}
	return strings.TrimSuffix(text, ".") + " (request " + requestID + ")."
}

// explain gives a failure's status and text; 0 where the answer has begun.
func explain(err error) (code int, text string) {
	if s, ok := errors.AsType[*status](err); ok {
		return s.code, s.text
	}
	if p, ok := errors.AsType[*gitproto.Error](err); ok {
		return http.StatusBadRequest, p.Text
	}
	switch e := awserr.From(err); {
	case errors.Is(err, errBroken):
		return 0, ""
	case errors.Is(err, git.ErrNoRepository):
		return errNotFound.code, errNotFound.text
	case e.Code == awserr.Throttling:
		return http.StatusTooManyRequests, e.Message
	case e.Status == http.StatusBadRequest: // a malformed password
		return http.StatusForbidden, e.Message
	case e.Code == awserr.AccessDenied:
		return e.Status, strings.TrimSuffix(e.Message, ".") + ". Ask an administrator of the account to allow it."
	default:
		return e.Status, e.Message
	}
}

// gone is a client that went away: nobody is left to be told.
func gone(err error) error {
	if err == nil {
		return nil
	}
	return errors.Join(errBroken, err)
}
