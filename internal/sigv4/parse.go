package sigv4

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"sojourn/internal/awserr"
)

const (
	maxAuthorization = 16 << 10
	maxQuery         = 64 << 10
	maxSignedHeaders = 100
	maxExpires       = 7 * 24 * time.Hour
)

// Auth is what a request says of its own signature. Nothing in it is proven
// before Verify.
type Auth struct {
	AccessKeyID     string
	Date            string // of the scope, YYYYMMDD; the day of Time
	Region, Service string
	Time            time.Time
	Token           string
	SignedHeaders   []string // lower-case, ascending
	Signature       []byte
	Presigned       bool
	Expires         time.Duration // of presigned requests; zero, where they do not say, is no longer than a header's
	BodyHash        string        // X-Amz-Content-Sha256, "" when it is absent

	params []param // the query, without the signature
}

// ParseRequest reads a request's signature from its Authorization header or its
// query. Its errors are *awserr.Error in AWS's words, MissingAuthenticationToken
// when there is no signature at all. It refuses what would leave room for two
// readings: repeated X-Amz parameters, two signatures, an X-Amz header or a
// Host that is not signed.
func ParseRequest(r *http.Request) (*Auth, error) {
	_, query := target(r)
	if len(query) > maxQuery {
		return nil, incomplete("The query string is longer than %d bytes.", maxQuery)
	}
	params, err := parseQuery(query)
	if err != nil {
		return nil, err
	}
	if err := checkRepeated(r, params); err != nil {
		return nil, err
	}
	a, err := parseEither(r, params)
	if err != nil {
		return nil, err
	}
	a.BodyHash = r.Header.Get("X-Amz-Content-Sha256")
	if err := a.checkSigned(r); err != nil {
		return nil, err
	}
	return a, nil
}

func parseEither(r *http.Request, params []param) (*Auth, error) {
	presigned := slices.ContainsFunc(params, func(p param) bool {
		return p.name == "X-Amz-Algorithm" || p.name == "X-Amz-Credential" || p.name == "X-Amz-Signature"
	})
	header := r.Header.Values("Authorization")
	switch {
	case len(header) > 0 && presigned:
		return nil, mismatch("Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.")
	case len(header) > 1:
		return nil, incomplete("The request has more than one Authorization header.")
	case presigned:
		return parsePresigned(r, params)
	case len(header) == 1 && header[0] != "":
		return parseHeader(r, header[0], params)
	}
	return nil, awserr.New(awserr.MissingAuthentication, http.StatusForbidden, "Request is missing Authentication Token")
}

// parseHeader reads "AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…".
// The header is never repeated in an error: it may be another scheme's password.
func parseHeader(r *http.Request, header string, params []param) (*Auth, error) {
	if len(header) > maxAuthorization {
		return nil, incomplete("The Authorization header is longer than %d bytes.", maxAuthorization)
	}
	fields, err := headerFields(header)
	if err != nil {
		return nil, err
	}
	var missing []string
	for i, name := range fieldNames {
		if fields[i] == "" {
			missing = append(missing, "Authorization header requires '"+name+"' parameter.")
		}
	}
	at := r.Header.Get("X-Amz-Date")
	if at == "" {
		at = r.Header.Get("Date")
	}
	if at == "" {
		missing = append(missing, "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
	}
	if missing != nil {
		return nil, incomplete("%s", strings.Join(missing, " "))
	}
	a := &Auth{Token: r.Header.Get("X-Amz-Security-Token"), params: params}
	return a.fill(fields[credentialField], at, fields[signedField], fields[signatureField])
}

// fieldNames are the fields of the Authorization header, in the order in which AWS misses them.
var fieldNames = [...]string{credentialField: "Credential", signatureField: "Signature", signedField: "SignedHeaders"}

const (
	credentialField = iota
	signatureField
	signedField
)

// headerFields splits the Authorization header; a scheme that is not ours leaves
// them empty.
func headerFields(header string) (fields [len(fieldNames)]string, err error) {
	scheme, rest, _ := strings.Cut(header, " ")
	if scheme != algorithm {
		if strings.HasPrefix(scheme, "AWS") {
			return fields, incomplete("Unsupported AWS 'algorithm': '%s' (only %s is supported).", quote(scheme), algorithm)
		}
		return fields, nil
	}
	return splitFields(algorithm, rest)
}

// splitFields reads what stands behind the scheme: the three fields, and nothing
// beside them that another reader might take for one of them. Where one is
// missing, that is for the caller to say, as AWS does.
func splitFields(algorithm, rest string) (fields [len(fieldNames)]string, err error) {
	var seen [len(fieldNames)]bool
	ours := true
	for part := range strings.SplitSeq(rest, ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		i := slices.Index(fieldNames[:], name)
		switch {
		case !ok || i >= 0 && seen[i]:
			return fields, notThree(algorithm)
		case i < 0:
			ours = false
		default:
			fields[i], seen[i] = value, true
		}
	}
	if !ours && !slices.Contains(fields[:], "") {
		return fields, notThree(algorithm)
	}
	return fields, nil
}

func notThree(algorithm string) error {
	return incomplete("The Authorization header must be '%s Credential=…, SignedHeaders=…, Signature=…', each once.", algorithm)
}

// parsePresigned reads the signature from the query.
func parsePresigned(r *http.Request, params []param) (*Auth, error) {
	got := make(map[string]string, 8)
	a := &Auth{Presigned: true, params: make([]param, 0, len(params))}
	for _, p := range params {
		if p.name != "X-Amz-Signature" {
			a.params = append(a.params, p)
		}
		got[p.name] = p.value
	}
	var missing []string
	for _, name := range [...]string{"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date"} {
		if got[name] == "" {
			missing = append(missing, "AWS query-string parameters must include '"+name+"'.")
		}
	}
	if missing != nil {
		return nil, incomplete("%s Re-examine the query-string parameters.", strings.Join(missing, " "))
	}
	if got["X-Amz-Algorithm"] != algorithm {
		return nil, incomplete("Unsupported AWS 'algorithm': '%s' (only %s is supported).", quote(got["X-Amz-Algorithm"]), algorithm)
	}
	if text, given := got["X-Amz-Expires"]; given {
		seconds, err := strconv.ParseUint(text, 10, 32)
		if err != nil || seconds < 1 || seconds > uint64(maxExpires/time.Second) {
			return nil, incomplete("X-Amz-Expires must be a number of seconds from 1 to %d.", maxExpires/time.Second)
		}
		a.Expires = time.Duration(seconds) * time.Second
	}
	a.Token = got["X-Amz-Security-Token"]
	if header := r.Header.Get("X-Amz-Security-Token"); header != "" {
		if a.Token != "" {
			return nil, incomplete("X-Amz-Security-Token is both a header and a query-string parameter.")
		}
		a.Token = header
	}
	return a.fill(got["X-Amz-Credential"], got["X-Amz-Date"], got["X-Amz-SignedHeaders"], got["X-Amz-Signature"])
}

// fill takes the four parts that both forms have.
func (a *Auth) fill(credential, at, signed, signature string) (*Auth, error) {
	if err := a.fillScope(credential, at, signed); err != nil {
		return nil, err
	}
	var ok bool
	if a.Signature, ok = parseSignature(signature); !ok {
		return nil, incomplete("The signature must be 64 lower-case hexadecimal digits.")
	}
	if !isToken(a.Token) {
		return nil, incomplete("X-Amz-Security-Token is longer than %d characters or has others than printable ASCII.", maxToken)
	}
	return a, nil
}

// fillScope takes all but the signature itself.
func (a *Auth) fillScope(credential, at, signed string) error {
	var ok bool
	if a.Time, ok = parseTime(at, a.Presigned); !ok {
		return incomplete("Date must be in ISO-8601 'basic format'. Got '%s'. See http://en.wikipedia.org/wiki/ISO_8601", quote(at))
	}
	if err := a.parseCredential(credential); err != nil {
		return err
	}
	if strings.Count(signed, ";") >= maxSignedHeaders { // before memory is spent on them
		return incomplete("More than %d headers are signed.", maxSignedHeaders)
	}
	a.SignedHeaders = strings.Split(signed, ";")
	if !isAscending(a.SignedHeaders) {
		return incomplete("SignedHeaders must be lower-case header names in ascending order, separated by ';'.")
	}
	return nil
}

// parseTime reads X-Amz-Date, or of a header also what Date may hold; botocore writes it with a numeric zone.
func parseTime(s string, presigned bool) (time.Time, bool) {
	t, ok := parseStamp(s)
	if ok || presigned {
		return t, ok
	}
	if t, err := http.ParseTime(s); err == nil {
		return t.UTC(), true
	}
	t, err := time.Parse(time.RFC1123Z, s)
	return t.UTC(), err == nil
}

func (a *Auth) parseCredential(credential string) error {
	part := strings.Split(credential, "/")
	// The region may be empty: an SDK without a region signs so, and is told of the region.
	if len(part) != 5 || !isAccessKeyID(part[0]) || part[1] == "" || part[3] == "" || strings.ContainsFunc(credential, isReserved) {
		return incomplete("Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '%s'", quote(credential))
	}
	a.AccessKeyID, a.Date, a.Region, a.Service = part[0], part[1], part[2], part[3]
	if part[4] != terminator {
		return mismatch("Credential should be scoped with a valid terminator: '%s', not '%s'.", terminator, quote(part[4]))
	}
	if day := stamp(a.Time)[:len(dateFormat)]; a.Date != day {
		return mismatch("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '%s' != '%s', from '%s'.",
			quote(a.Date), day, stamp(a.Time))
	}
	return nil
}

// checkSigned requires the signature to cover the host and every X-Amz header,
// and a hash of the body, where one is given, to be a hash.
func (a *Auth) checkSigned(r *http.Request) error {
	if !slices.Contains(a.SignedHeaders, "host") {
		return mismatch("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
	}
	for name := range r.Header {
		if isAmz(name) && !slices.Contains(a.SignedHeaders, strings.ToLower(name)) {
			return mismatch("'%s' must be a 'SignedHeader' in the AWS Authorization.", quote(name))
		}
	}
	if a.BodyHash != "" {
		if _, ok := parseSignature(a.BodyHash); !ok {
			return mismatch("X-Amz-Content-Sha256 must be the SHA-256 hash of the request's body, in lower-case hexadecimal digits.")
		}
	}
	return nil
}

// checkRepeated refuses X-Amz parameters and headers that are given twice.
func checkRepeated(r *http.Request, params []param) error {
	seen := make(map[string]bool)
	for _, p := range params {
		if !isAmz(p.name) {
			continue
		}
		name := strings.ToLower(p.name)
		if seen[name] {
			return incomplete("The query-string parameter '%s' is given more than once.", quote(p.name))
		}
		seen[name] = true
	}
	for name, values := range r.Header {
		if len(values) > 1 && isAmz(name) {
			return incomplete("The header '%s' is given more than once.", quote(name))
		}
	}
	return nil
}

// isAmz reports whether a header or parameter is one of AWS's, in any case.
func isAmz(name string) bool {
	const prefix = "x-amz-"
	return len(name) >= len(prefix) && strings.EqualFold(name[:len(prefix)], prefix)
}

// isAscending reports whether names are lower-case header names, sorted, each once.
func isAscending(names []string) bool {
	for i, name := range names {
		if !isHeaderName(name) {
			return false
		}
		if i > 0 && names[i-1] >= name {
			return false
		}
	}
	return true
}

// isHeaderName reports whether s is a token (RFC 9110, section 5.6.2) in lower case.
func isHeaderName(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c > '~' || 'A' <= c && c <= 'Z' || strings.IndexByte(`"(),/:;<=>?@[\]{}`, c) >= 0 {
			return false
		}
	}
	return s != ""
}

// isReserved reports what neither stands in a part of a credential nor divides them.
func isReserved(r rune) bool { return r > '~' || r != '/' && !isUnreserved(byte(r)) }

// quote bounds outside text for an error message and keeps it printable.
func quote(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s[:min(len(s), 128)])
	return s
}

func incomplete(format string, args ...any) *awserr.Error {
	return awserr.New(awserr.IncompleteSignature, http.StatusBadRequest, format, args...)
}

func mismatch(format string, args ...any) *awserr.Error {
	return awserr.New(awserr.SignatureDoesNotMatch, http.StatusForbidden, format, args...)
}
