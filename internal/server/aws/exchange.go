package aws

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"sojourn/internal/authn"
	"sojourn/internal/awserr"
	"sojourn/internal/gate"
	"sojourn/internal/principal"
	"sojourn/internal/server/api"
	"sojourn/internal/server/awsquery"
	"sojourn/internal/server/awsrest"
	"sojourn/internal/server/event"
	"sojourn/internal/sigv4"
	"sojourn/internal/wire"
)

// maxTold is a length for which memory is set aside before a byte of it is there.
const maxTold = 16 << 10

// maxUnsigned bounds the body of a request that nobody answers for.
const maxUnsigned = 1 << 20

// exchange is one request on its way and what is known of it.
type exchange struct {
	*Router
	w    http.ResponseWriter
	r    *http.Request
	ev   *event.Event
	now  time.Time
	door api.Door

	auth    *sigv4.Auth
	authErr error // why the signature is none; auth is not to be used then
	req     api.Request
	hash    string
	svc     *api.Service
	op      *wire.Operation

	recorded bool // something of the request is on record
}

// serve goes the one way of every request. The error is for fail to write.
func (x *exchange) serve() error {
	if err := x.method(); err != nil {
		return err
	}
	for _, step := range []func() error{x.signature, x.body, x.find} {
		if err := step(); err != nil {
			return x.unproven(err)
		}
	}
	c, err := x.caller()
	if err != nil {
		return x.unproven(err)
	}
	x.ev.Caller, c.Recorded = c.ARN(), &x.recorded
	in, err := x.req.Decode(x.op)
	if err != nil {
		return x.refused(c, err)
	}
	out, err := x.svc.Call(x.r.Context(), c, x.op, in)
	if err != nil {
		return x.refused(c, err)
	}
	return x.door.Answer(x.w, x.svc.Wire, x.op, out, x.ev.RequestID)
}

func (x *exchange) method() error {
	_, rest := x.door.(awsrest.Door)
	switch x.r.Method {
	case http.MethodPost, http.MethodGet:
		return nil
	case http.MethodPut, http.MethodPatch, http.MethodDelete:
		if rest { // a path without an operation of the method is not found
			return nil
		}
	}
	x.w.Header().Set("Allow", "GET, POST")
	return awserr.New("MethodNotAllowed", http.StatusMethodNotAllowed, "The AWS APIs are served by POST and GET.")
}

// signature reads the signature and checks its time. Its failure counts only
// once it is known that the operation needs one, which a form may yet tell.
func (x *exchange) signature() error {
	x.auth, x.authErr = sigv4.ParseRequest(x.r)
	if x.authErr == nil {
		x.authErr = x.auth.CheckWindow(x.now)
	}
	if _, form := x.door.(awsquery.Door); form {
		return nil
	}
	return x.authErr
}

// body reads, hashes and parses the request's body.
func (x *exchange) body() error {
	limit := x.door.Limit()
	if x.authErr != nil {
		limit = min(limit, maxUnsigned)
	}
	body, err := x.read(limit)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	x.hash = hex.EncodeToString(sum[:])
	x.req, err = x.door.Parse(x.r, body)
	return err
}

func (x *exchange) read(limit int64) ([]byte, error) {
	if x.r.ContentLength <= limit {
		body, err := readUpTo(x.r.Body, limit, x.r.ContentLength)
		if err != nil {
			x.w.Header().Set("Connection", "close")
			return nil, awserr.New("IncompleteBody", http.StatusBadRequest, "The request body could not be read to its end.")
		}
		if int64(len(body)) <= limit {
			return body, nil
		}
	}
	x.w.Header().Set("Connection", "close") // the rest of the body is not worth reading
	return nil, awserr.New("RequestEntityTooLarge", http.StatusRequestEntityTooLarge, "The request body is larger than %d bytes.", limit)
}

// readUpTo reads a body of at most limit bytes, and one byte of a longer one. A
// small one takes no more memory than it is said to be long.
func readUpTo(r io.Reader, limit, told int64) ([]byte, error) {
	if told < 0 || told > maxTold {
		return io.ReadAll(io.LimitReader(r, limit+1))
	}
	b := bytes.NewBuffer(make([]byte, 0, told+bytes.MinRead))
	_, err := b.ReadFrom(io.LimitReader(r, limit+1))
	return b.Bytes(), err
}

// find picks the service, by the signature's scope or else by an operation that
// needs no signature, and the operation in it.
func (x *exchange) find() error {
	var svc *api.Service
	if x.authErr == nil {
		if svc = x.services[x.auth.Service]; svc == nil {
			return awserr.New(awserr.SignatureDoesNotMatch, http.StatusForbidden, "Credential should be scoped to correct service.")
		}
	} else if svc = x.unsigned(x.req.Action()); svc == nil {
		return x.authErr
	}
	x.svc, x.ev.Service = svc, svc.Wire.Name
	op, err := x.req.Operation(svc.Wire)
	if err != nil {
		return err
	}
	x.op, x.ev.Operation = op, op.Name
	if svc.BodyOnly[op.Name] && (x.r.Method != http.MethodPost || x.r.URL.RawQuery != "") {
		return awserr.New("InvalidParameterValue", http.StatusBadRequest, "The parameters of %s belong into the body of a POST, where no log shows them.", op.Name)
	}
	return nil
}

// caller is who makes the call: nobody where the operation needs no signature.
func (x *exchange) caller() (*principal.Caller, error) {
	info := authn.RequestInfo{RequestID: x.ev.RequestID, SourceIP: x.ev.SourceIP,
		UserAgent: x.r.UserAgent(), Secure: x.opt.Secure || x.r.TLS != nil}
	if !x.svc.Unsigned[x.op.Name] {
		return x.opt.Auth.API(x.r.Context(), x.r, x.auth, x.hash, info)
	}
	return x.nobody(), nil
}

// nobody is the caller of a request that nobody has signed.
func (x *exchange) nobody() *principal.Caller {
	return &principal.Caller{
		Session:   principal.Session{Kind: principal.Anonymous},
		RequestID: x.ev.RequestID, Time: x.now, SourceIP: x.ev.SourceIP,
		UserAgent: x.r.UserAgent(), Secure: x.opt.Secure || x.r.TLS != nil, Region: x.opt.Region,
	}
}

// unproven records that a request is refused for what its signature is. What
// does not even try to be a call is nobody's: the log has a line of it.
func (x *exchange) unproven(reason error) error {
	h := x.r.Header.Get("Authorization")
	if x.opt.Records == nil || h == "" && x.auth == nil && (x.req == nil || x.req.Action() == "") {
		return reason
	}
	claimed := ""
	if x.auth != nil {
		claimed = x.auth.AccessKeyID
	}
	return x.opt.Records.Unproven(x.r.Context(), x.nobody(), claimed, gate.Request{Action: x.action()}, reason)
}

// refused records that a call is refused, where no operation has done so.
func (x *exchange) refused(c *principal.Caller, reason error) error {
	if x.opt.Records == nil || x.recorded {
		return reason
	}
	return x.opt.Records.Refuse(x.r.Context(), c, gate.Request{Action: x.action(), ResourceAccount: c.Account}, reason)
}

// action is what the request asks for, in names of ours.
func (x *exchange) action() string {
	service, operation := x.ev.Service, x.ev.Operation
	if service == "" && x.auth != nil && x.services[x.auth.Service] != nil {
		service = x.auth.Service
	}
	return cmp.Or(service, "signin") + ":" + cmp.Or(operation, "Unknown")
}

// encodedHeader carries a refusal's encoded authorization message. AWS's
// services write it into the error's text, which tools compare.
const encodedHeader = "X-Sojourn-Authorization-Message"

// fail writes an error. One that is not in AWS's terms goes out without its text.
func (x *exchange) fail(err error) {
	e := awserr.From(err)
	x.ev.Error, x.ev.Cause = e.Code, e.Cause
	var s *wire.Service
	if x.svc != nil {
		s = x.svc.Wire
	}
	if e.Encoded != "" {
		x.w.Header().Set(encodedHeader, e.Encoded)
	}
	if e.Wait > 0 {
		x.w.Header().Set("Retry-After", strconv.Itoa(e.RetryAfter()))
	}
	x.door.Error(x.w, s, e, x.ev.RequestID)
}

// recover answers a panic in the client's protocol. Nothing has gone out: an
// answer is written in one piece, after all that can fail.
func (x *exchange) recover() {
	p := recover()
	switch p {
	case nil:
		return
	case http.ErrAbortHandler:
		panic(p)
	}
	x.opt.Log.Error("panic", "request_id", x.ev.RequestID, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
	x.fail(fmt.Errorf("panic: %v", p))
}
