package policy

import "fmt"

// Kind is the part that a policy plays; it decides which elements it may have.
type Kind uint8

const (
	// Identity policies belong to users, groups and roles: inline or managed.
	Identity Kind = iota
	// Trust is a role's policy about who may assume it.
	Trust
	// Session policies limit one session.
	Session
	// Boundary policies limit all that a user or role may do.
	Boundary
	// Resource policies belong to a resource and say who may do what with it.
	Resource
)

// Policy is a compiled document.
type Policy struct {
	// Name is the owner's name for the policy; a Decision carries it.
	Name string

	kind       Kind
	version    string
	id         string
	statements []statement
	conditions []condition // of all statements
}

// Error says why a document is refused, in IAM's words for
// MalformedPolicyDocument.
type Error struct {
	Message string
}

func (e *Error) Error() string { return e.Message }

func refuse(format string, args ...any) *Error {
	return &Error{Message: fmt.Sprintf(format, args...)}
}

// Parse compiles a document of at most 128 KiB for the part that it is to
// play. The error is always an *Error.
func Parse(kind Kind, text string) (*Policy, error) { return parse(kind, text, false) }

// ParseManaged is Parse of an identity policy that is an object of its own:
// its Version must be 2012-10-17.
func ParseManaged(text string) (*Policy, error) { return parse(Identity, text, true) }

func parse(kind Kind, text string, managed bool) (*Policy, error) {
	root, err := parseJSON(text)
	if err != nil {
		if kind == Trust {
			return nil, refuse("This policy contains invalid Json")
		}
		return nil, errSyntax
	}
	doc, err := readDocument(root, text)
	if err != nil {
		return nil, err
	}
	if err := doc.check(kind, managed); err != nil {
		return nil, err
	}
	return doc.compile(kind), nil
}

// Context holds a request's condition keys, in lower case, with their values.
// A key without values is absent.
type Context map[string][]string

// Caller is who makes a request.
type Caller struct {
	Account      string // 12 digits
	ARN          string // the caller's own: user, session or root
	PrincipalARN string // the user or role behind a session
	ID           string // unique id of the user or role
	IssuerARN    string // the user who made a federated-user session; "" for all others

	Root      bool   // the account itself
	Anonymous bool   // unsigned: a provider's proof takes the place of a caller
	Federated string // that provider's ARN or name
	Service   string // or the service that has taken the proof: "rolesanywhere.amazonaws.com"
}

// Request is one act on one resource.
type Request struct {
	Action   string // "codecommit:GitPush"; compared without case
	Resource string // an ARN, or "*" for acts that have no resource

	// ResourceAccount owns the resource. "" stands for the account in the
	// resource's ARN or, where there is none, the caller's.
	ResourceAccount string

	Caller  Caller
	Context Context
}
