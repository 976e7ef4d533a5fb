package metadataserver

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"net"
	"net/http"
	"net/netip"
	"runtime"
	"strconv"
	"strings"
	"time"

	"sojourn/internal/secret"
)

// The headers of IMDSv2.
const (
	tokenHeader = "X-Aws-Ec2-Metadata-Token"
	ttlHeader   = "X-Aws-Ec2-Metadata-Token-Ttl-Seconds"
	maxTTL      = 21600
)

// ContainerPath is where the endpoint of containers is.
const ContainerPath = "/credentials"

// Options are what is served.
type Options struct {
	Credentials func() (Credentials, error)
	Now         func() time.Time

	// Region is told to who asks for it; InstanceID too, where there is one.
	Region, InstanceID string
	// RoleARN is the role's where it is known before the first session.
	RoleARN string

	// NoIMDS turns the instance metadata service off, V1 lets it answer
	// without a token.
	NoIMDS, V1 bool
	// ContainerToken opens the endpoint of containers; "" turns it off.
	ContainerToken secret.String
	// HopLimit is how many hops an answer with a token may go.
	HopLimit int

	// Hosts are the names and addresses, without a port, by which we may be
	// asked. Allowed are the peers beside this machine itself.
	Hosts   []string
	Allowed []netip.Prefix
	// Local reports whether an address is this machine's own; nil asks the
	// system.
	Local func(netip.Addr) bool
}

// Handler answers both protocols.
type Handler struct {
	opt    Options
	tokens *tokens
	hop    func(net.Conn, int) error
}

// New makes a handler.
func New(o Options) *Handler {
	if o.Local == nil {
		o.Local = isLocal
	}
	return &Handler{opt: o, tokens: newTokens(), hop: setHopLimit}
}

// isLocal reports whether an address is one of this machine's. It is asked anew,
// because addresses come and go.
func isLocal(a netip.Addr) bool {
	if a.IsLoopback() {
		return true
	}
	list, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	for _, l := range list {
		if p, err := netip.ParsePrefix(l.String()); err == nil && p.Addr().Unmap() == a {
			return true
		}
	}
	return false
}

// suspect are headers that no SDK sends: they tell of a proxy that passes on a
// stranger's request, or of a browser that a page makes ask.
var suspect = [...]string{"X-Forwarded-For", "Forwarded", "X-Forwarded-Host", "X-Real-Ip", "Via", "Origin", "Referer",
	"Sec-Fetch-Site", "Sec-Fetch-Mode", "Sec-Fetch-Dest", "Cookie"}

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if status := h.refuses(r); status != 0 {
		w.Header().Set("Connection", "close")
		plain(w, status, http.StatusText(status))
		return
	}
	if r.URL.Path == ContainerPath && h.opt.ContainerToken.Reveal() != "" {
		h.container(w, r)
		return
	}
	if h.opt.NoIMDS {
		plain(w, http.StatusNotFound, "Not Found")
		return
	}
	h.imds(w, r)
}

// refuses is the status for a request that cannot be one of a program here.
func (h *Handler) refuses(r *http.Request) int {
	if !h.peer(r.RemoteAddr) {
		return http.StatusForbidden
	}
	for _, name := range suspect {
		if len(r.Header.Values(name)) > 0 {
			return http.StatusForbidden
		}
	}
	switch {
	case !strings.HasPrefix(r.RequestURI, "/"): // the form for proxies
		return http.StatusBadRequest
	case r.ContentLength != 0: // nothing here takes a body
		return http.StatusBadRequest
	case !h.named(r.Host):
		return http.StatusForbidden
	}
	return 0
}

// Admits reports whether a connection may be one of a program here.
func (h *Handler) Admits(remote net.Addr) bool { return h.peer(remote.String()) }

func (h *Handler) peer(remote string) bool {
	ap, err := netip.ParseAddrPort(remote)
	if err != nil {
		return false
	}
	a := ap.Addr().Unmap().WithZone("")
	if h.opt.Local(a) {
		return true
	}
	for _, p := range h.opt.Allowed {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// named refuses other names that lead here: a page of a foreign name that was
// made to resolve to this address is no different from one of ours to a browser.
func (h *Handler) named(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	for _, name := range h.opt.Hosts {
		if strings.EqualFold(host, name) {
			return true
		}
	}
	return false
}

const apiToken = "/latest/api/token"

func (h *Handler) imds(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == apiToken {
		h.token(w, r)
		return
	}
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", http.MethodGet)
		plain(w, http.StatusMethodNotAllowed, "Method Not Allowed")
		return
	}
	given := r.Header.Values(tokenHeader)
	if !(len(given) == 1 && h.tokens.good(given[0], h.opt.Now()) || len(given) == 0 && h.opt.V1) {
		plain(w, http.StatusUnauthorized, "Unauthorized")
		return
	}
	h.document(w, r.URL.Path)
}

// token gives a token for as long as the request says.
func (h *Handler) token(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPut {
		w.Header().Set("Allow", http.MethodPut)
		plain(w, http.StatusMethodNotAllowed, "Method Not Allowed")
		return
	}
	given := r.Header.Values(ttlHeader)
	if len(given) != 1 {
		plain(w, http.StatusBadRequest, "Bad Request")
		return
	}
	ttl, err := strconv.ParseUint(given[0], 10, 16)
	if err != nil || ttl < 1 || ttl > maxTTL {
		plain(w, http.StatusBadRequest, "Bad Request")
		return
	}
	// Before the answer is written, so that no packet of it goes further.
	if c, ok := r.Context().Value(connKey{}).(net.Conn); ok {
		if err := h.hop(c, h.opt.HopLimit); err != nil {
			plain(w, http.StatusInternalServerError, "Internal Server Error")
			return
		}
	}
	w.Header().Set(ttlHeader, strconv.FormatUint(ttl, 10))
	plain(w, http.StatusOK, h.tokens.issue(h.opt.Now().Add(time.Duration(ttl)*time.Second)))
}

// connKey is where a request's context has its connection.
type connKey struct{}

const (
	metaData = "/latest/meta-data"
	roles    = metaData + "/iam/security-credentials/"
)

// document answers a path of the tree. All paths are compared whole: there are
// no files behind them.
func (h *Handler) document(w http.ResponseWriter, path string) {
	if name, ok := strings.CutPrefix(path, roles); ok && name != "" {
		h.role(w, name)
		return
	}
	switch strings.TrimSuffix(path, "/") {
	case "/latest":
		plain(w, http.StatusOK, "dynamic\nmeta-data")
	case metaData:
		plain(w, http.StatusOK, h.known("iam/", "placement/"))
	case metaData + "/iam":
		plain(w, http.StatusOK, "info\nsecurity-credentials/")
	case metaData + "/iam/info":
		h.info(w)
	case strings.TrimSuffix(roles, "/"):
		h.list(w)
	case metaData + "/placement":
		plain(w, http.StatusOK, "availability-zone\nregion")
	case metaData + "/placement/region":
		plain(w, http.StatusOK, h.opt.Region)
	case metaData + "/placement/availability-zone":
		plain(w, http.StatusOK, h.zone())
	case "/latest/dynamic":
		plain(w, http.StatusOK, "instance-identity/")
	case "/latest/dynamic/instance-identity":
		plain(w, http.StatusOK, "document")
	case "/latest/dynamic/instance-identity/document":
		h.identity(w)
	case metaData + "/instance-id":
		if h.opt.InstanceID != "" {
			plain(w, http.StatusOK, h.opt.InstanceID)
			return
		}
		fallthrough
	default:
		plain(w, http.StatusNotFound, "Not Found")
	}
}

func (h *Handler) known(names ...string) string {
	if h.opt.InstanceID != "" {
		names = []string{names[0], "instance-id", names[1]}
	}
	return strings.Join(names, "\n")
}

// zone is a region's first zone: older SDKs take the region from it by leaving
// out the last letter.
func (h *Handler) zone() string { return h.opt.Region + "a" }

// roleARN is the role of the credentials, or the one that they will be of.
func (h *Handler) roleARN() string {
	if c, err := h.opt.Credentials(); err == nil {
		return c.RoleARN
	}
	return h.opt.RoleARN
}

func (h *Handler) list(w http.ResponseWriter) {
	if name := RoleName(h.roleARN()); name != "" {
		plain(w, http.StatusOK, name)
		return
	}
	unavailable(w)
}

// answer is what SDKs read the credentials from.
type answer struct {
	Code, LastUpdated, Type            string
	AccessKeyID                        string `json:"AccessKeyId"`
	SecretAccessKey, Token, Expiration string
	AccountID                          string `json:"AccountId"`
}

func (h *Handler) role(w http.ResponseWriter, name string) {
	if name != RoleName(h.roleARN()) {
		plain(w, http.StatusNotFound, "Not Found")
		return
	}
	c, err := h.opt.Credentials()
	if err != nil {
		unavailable(w)
		return
	}
	document(w, answer{Code: "Success", LastUpdated: stamp(c.Issued), Type: "AWS-HMAC", AccessKeyID: c.AccessKeyID,
		SecretAccessKey: c.Secret.Reveal(), Token: c.Token, Expiration: stamp(c.Expires), AccountID: accountOf(c.RoleARN)})
}

// info tells the instance profile, where the role came in one.
func (h *Handler) info(w http.ResponseWriter) {
	c, err := h.opt.Credentials()
	switch {
	case err != nil:
		unavailable(w)
	case c.ProfileARN == "":
		plain(w, http.StatusNotFound, "Not Found")
	default:
		document(w, struct{ Code, LastUpdated, InstanceProfileArn, InstanceProfileId string }{"Success", stamp(c.Issued), c.ProfileARN, c.ProfileID})
	}
}

// identity is the part of EC2's document that is known here.
func (h *Handler) identity(w http.ResponseWriter) {
	document(w, struct {
		AccountID    string `json:"accountId"`
		Architecture string `json:"architecture"`
		Zone         string `json:"availabilityZone"`
		InstanceID   string `json:"instanceId,omitempty"`
		Region       string `json:"region"`
		Version      string `json:"version"`
	}{accountOf(h.roleARN()), architecture(), h.zone(), h.opt.InstanceID, h.opt.Region, "2017-09-30"})
}

func architecture() string {
	if runtime.GOARCH == "amd64" {
		return "x86_64"
	}
	return runtime.GOARCH
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// container answers as the endpoint of containers, in its own form of errors.
func (h *Handler) container(w http.ResponseWriter, r *http.Request) {
	refuse := func(status int, code, message string) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		json.NewEncoder(w).Encode(map[string]string{"code": code, "message": message})
	}
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", http.MethodGet)
		refuse(http.StatusMethodNotAllowed, "MethodNotAllowed", "Credentials are read by GET.")
		return
	}
	if given := r.Header.Values("Authorization"); len(given) != 1 || !same(given[0], h.opt.ContainerToken) {
		refuse(http.StatusUnauthorized, "Unauthorized", "The request has no token in its Authorization header, or a wrong one.")
		return
	}
	c, err := h.opt.Credentials()
	if err != nil {
		w.Header().Set("Retry-After", "1")
		refuse(http.StatusServiceUnavailable, "ServiceUnavailable", "There are no credentials now; see the log of sojourn metadata.")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(struct {
		AccessKeyID     string `json:"AccessKeyId"`
		SecretAccessKey string
		Token           string
		Expiration      string
		RoleArn         string
		AccountID       string `json:"AccountId"`
	}{c.AccessKeyID, c.Secret.Reveal(), c.Token, stamp(c.Expires), c.RoleARN, accountOf(c.RoleARN)})
}

// same compares in a time that tells neither what is right nor how long it is.
func same(given string, want secret.String) bool {
	a, b := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(want.Reveal()))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

func unavailable(w http.ResponseWriter) {
	w.Header().Set("Retry-After", "1")
	plain(w, http.StatusServiceUnavailable, "Service Unavailable")
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	w.Write([]byte(text))
}

func document(w http.ResponseWriter, v any) {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil { // of plain strings: cannot be
		plain(w, http.StatusInternalServerError, "Internal Server Error")
		return
	}
	plain(w, http.StatusOK, string(b))
}
