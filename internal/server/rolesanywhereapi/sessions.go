package rolesanywhereapi

import (
	"context"
	"crypto"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"sojourn/internal/awserr"
	"sojourn/internal/gate"
	"sojourn/internal/principal"
	"sojourn/internal/rolesanywhere"
	"sojourn/internal/server/awsrest"
	"sojourn/internal/server/event"
	"sojourn/internal/sigv4"
	wire "sojourn/internal/wire/rolesanywherewire"
)

// maxBody is far more than the few ARNs of a request.
const maxBody = 64 << 10

// Creator is what the door calls.
type Creator interface {
	CreateSession(context.Context, *principal.Caller, rolesanywhere.Proof, *wire.CreateSessionInput) (*wire.CreateSessionOutput, error)
}

// Recorder records refusals that the domain has not recorded. It returns the
// reason, or the fault that kept it from recording.
type Recorder interface {
	Refuse(ctx context.Context, c *principal.Caller, r gate.Request, reason error) error
}

// Options are the parts behind the door.
type Options struct {
	Domain  Creator
	Records Recorder // nil where nothing is recorded
	Region  string
	// Secure counts every request as one over TLS: a proxy in front has it.
	Secure bool
	Now    func() time.Time
	Log    *slog.Logger // for panics
}

// Sessions is the door of CreateSession. The signature is read here and checked
// by the domain, which alone knows whose certificate may open what.
type Sessions struct{ opt Options }

// NewSessions makes the door.
func NewSessions(o Options) *Sessions { return &Sessions{o} }

// ServeHTTP answers one request.
func (s *Sessions) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ev := event.From(r.Context())
	ev.Service, ev.Operation = wire.Service().Name, createSession
	defer func() {
		switch p := recover(); p {
		case nil:
		case http.ErrAbortHandler:
			panic(p)
		default:
			s.opt.Log.Error("panic", "request_id", ev.RequestID, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			fail(w, ev, fmt.Errorf("panic: %v", p))
		}
	}()
	if err := s.serve(w, r, ev); err != nil {
		fail(w, ev, err)
	}
}

func fail(w http.ResponseWriter, ev *event.Event, err error) {
	e := awserr.From(err)
	ev.Error, ev.Cause = e.Code, e.Cause
	if e.Wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(e.RetryAfter()))
	}
	awsrest.Door{}.Error(w, wire.Service(), e, ev.RequestID)
}

func (s *Sessions) serve(w http.ResponseWriter, r *http.Request, ev *event.Event) error {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return awserr.New("MethodNotAllowed", http.StatusMethodNotAllowed, "Sessions are created by POST.")
	}
	recorded := false
	c := s.caller(r, ev)
	c.Recorded = &recorded
	out, err := s.create(w, r, c)
	switch {
	case err == nil:
		return awsrest.Door{}.Answer(w, wire.Service(), wire.Service().Operations[createSession], out, ev.RequestID)
	case recorded || s.opt.Records == nil || r.Header.Get("Authorization") == "": // what does not even try is nobody's: the log has a line of it
		return err
	}
	return s.opt.Records.Refuse(r.Context(), c, gate.Request{Action: wire.Service().Name + ":" + createSession}, err)
}

func (s *Sessions) create(w http.ResponseWriter, r *http.Request, c *principal.Caller) (*wire.CreateSessionOutput, error) {
	auth, err := sigv4.ParseCertificateRequest(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil || len(body) > maxBody {
		w.Header().Set("Connection", "close")
		return nil, awserr.New("RequestEntityTooLarge", http.StatusRequestEntityTooLarge, "The request body is larger than %d bytes, or could not be read to its end.", maxBody)
	}
	q, err := awsrest.Door{}.Parse(r, body)
	if err != nil {
		return nil, err
	}
	in, err := q.Decode(wire.Service().Operations[createSession])
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(body)
	proof := rolesanywhere.Proof{Auth: auth, Certificate: r.Header.Get(sigv4.CertificateHeader), Chain: r.Header.Get(sigv4.ChainHeader),
		Verify: func(key crypto.PublicKey) bool { return auth.Verify(r, hex.EncodeToString(sum[:]), key) }}
	return s.opt.Domain.CreateSession(r.Context(), c, proof, in.(*wire.CreateSessionInput))
}

// caller is nobody yet: the certificate is the proof that takes a caller's place.
func (s *Sessions) caller(r *http.Request, ev *event.Event) *principal.Caller {
	return &principal.Caller{
		Session:   principal.Session{Kind: principal.Anonymous},
		RequestID: ev.RequestID, Time: s.opt.Now(), SourceIP: ev.SourceIP,
		UserAgent: r.UserAgent(), Secure: s.opt.Secure || r.TLS != nil, Region: s.opt.Region,
	}
}
