package policy

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// world makes policies and requests of a small world, so that they meet often.
type world struct{ *rand.Rand }

func pick[T any](w world, list ...T) T { return list[w.IntN(len(list))] }

func (w world) some(list ...string) (out []string) {
	for len(out) == 0 || w.IntN(3) == 0 {
		out = append(out, pick(w, list...))
	}
	return out
}

var (
	worldActions   = []string{"*", "codecommit:*", "codecommit:Git*", pull, "CodeCommit:GitPush", "codecommit:?it*", "iam:GetUser", "iam:*"}
	worldResources = []string{"*", repo, repo + "*", "arn:aws:codecommit:*", "arn:aws:codecommit:*:*:${aws:username}*", "arn:aws:codecommit:us-east-2:111122223333:${k:a, 'My'}*", "arn:aws:iam::111122223333:user/*"}
	worldOperators = []string{"StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIgnoreCase", "ArnLike", "ArnNotEquals", "NumericLessThan", "NumericNotEquals",
		"DateGreaterThan", "Bool", "IpAddress", "NotIpAddress", "BinaryEquals", "Null"}
	worldKeys   = []string{"k:a", "K:A", "k:b", "aws:username", "aws:PrincipalArn"}
	worldValues = map[string][]string{
		"Str": {"a", "b", "My*", "${aws:username}", "${k:b, 'a'}", "1", "true"}, "Arn": {"arn:aws:iam::*:user/*", "*", dev.PrincipalARN}, "Num": {"1", "2.5"}, "Dat": {"2026", "1"},
		"Boo": {"true", "false"}, "IpA": {"10.0.0.0/8", "::1"}, "Not": {"10.0.0.0/8"}, "Bin": {"YQ=="}, "Nul": {"true", "false"},
	}
	worldFacts   = []string{"a", "b", "1", "true", "2026-01-01", "10.1.1.1", "::1", "MyDemoRepo", "M*", dev.PrincipalARN}
	worldNames   = []string{here, there, maria.ARN, dev.PrincipalARN, dev.ARN, fed.ARN, stranger.ARN, "*", stranger.ID}
	worldCallers = []Caller{maria, dev, fed, root, stranger, strangerRole, strangerRoot, nobody, github}
)

func (w world) statement(kind Kind, effect string) stmt {
	s := stmt{"Effect": effect, pick(w, "Action", "Action", "Action", "NotAction"): w.some(worldActions...)}
	if kind == Trust {
		s = stmt{"Effect": effect, "Action": w.some("sts:AssumeRole", "sts:*", "sts:Assume*", "sts:TagSession")}
	} else {
		s[pick(w, "Resource", "Resource", "NotResource")] = w.some(worldResources...)
	}
	if kind == Trust || kind == Resource {
		s[pick(w, "Principal", "Principal", "Principal", "NotPrincipal")] = map[string]any{"AWS": w.some(worldNames...)}
	}
	for range w.IntN(3) {
		s = w.condition(s)
	}
	return s
}

func (w world) condition(s stmt) stmt {
	name := pick(w, worldOperators...)
	values := worldValues[name[:3]]
	if name != "Null" {
		name = pick(w, "", "", "ForAllValues:", "ForAnyValue:") + name + pick(w, "", "", "IfExists")
	}
	var list []any
	for _, v := range w.some(values...) {
		list = append(list, v)
	}
	return s.when(name, pick(w, worldKeys...), list...)
}

func (w world) statements(kind Kind) (out []stmt) {
	for range 1 + w.IntN(3) {
		out = append(out, w.statement(kind, pick(w, "Allow", "Allow", "Deny")))
	}
	return out
}

func (w world) version() string { return pick(w, version2012, version2012, version2008) }

// draft is a Set under construction: its policies as statements.
type draft struct {
	version                   string
	identity, session         [][]stmt
	boundary, trust, resource []stmt
	federated                 bool
}

func (w world) draft() (d draft) {
	d.version = w.version()
	for range w.IntN(3) {
		d.identity = append(d.identity, w.statements(Identity))
	}
	if w.IntN(3) == 0 {
		d.session = append(d.session, w.statements(Session))
	}
	if w.IntN(3) == 0 {
		d.boundary = w.statements(Boundary)
	}
	switch w.IntN(3) {
	case 0:
		d.trust = w.statements(Trust)
	case 1:
		d.resource = w.statements(Resource)
	}
	d.federated = w.IntN(8) == 0
	return d
}

func (d *draft) set(t *testing.T) Set {
	t.Helper()
	one := func(kind Kind, list []stmt) *Policy {
		if list == nil {
			return nil
		}
		return mustParse(t, kind, d.version, list...)
	}
	s := Set{Boundary: one(Boundary, d.boundary), Trust: one(Trust, d.trust), Resource: one(Resource, d.resource), HasSession: d.session != nil, FederatedUser: d.federated}
	for _, p := range d.identity {
		s.Identity = append(s.Identity, one(Identity, p))
	}
	for _, p := range d.session {
		s.Session = append(s.Session, one(Session, p))
	}
	return s
}

func (w world) request() *Request {
	r := &Request{Action: pick(w, pull, "codecommit:GitPush", "iam:GetUser", assume), Caller: pick(w, worldCallers...), Context: Context{}}
	r.Resource = pick(w, repo, repo+"2", "*", "arn:aws:iam::111122223333:user/eng/Maria", "arn:aws:s3:::b", roleARN)
	r.ResourceAccount = pick(w, "", "", here, there)
	for _, k := range []string{"k:a", "k:b", "aws:username", "aws:principalarn"} {
		if w.IntN(3) > 0 {
			r.Context[k] = w.some(worldFacts...)
		}
	}
	return r
}

// each runs check on many sets and requests; its seed is fixed, so that it
// fails the same way again.
func each(t *testing.T, check func(w world, d draft, r *Request)) {
	t.Helper()
	for seed := range uint64(400) {
		w := world{rand.New(rand.NewPCG(seed, 1))}
		d := w.draft()
		for range 8 {
			check(w, d, w.request())
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func TestPropertyWorldIsFair(t *testing.T) {
	seen := map[string]int{}
	each(t, func(_ world, d draft, r *Request) { seen[answer(Decide(d.set(t), r))]++ })
	for _, kind := range []string{"identity", "trust", "session", "boundary", "resource"} {
		if seen["no "+kind] < 5 || seen["deny by "+kind] < 5 {
			t.Errorf("%s: %v", kind, seen)
		}
	}
	if seen["allow"] < 100 {
		t.Errorf("%v", seen)
	}
}

func TestPropertyADenyNeverAllows(t *testing.T) {
	each(t, func(w world, d draft, r *Request) {
		before := Decide(d.set(t), r)
		wider := d
		switch w.IntN(4) {
		case 0:
			wider.identity = append(slices.Clone(d.identity), []stmt{w.statement(Identity, "Deny")})
		case 1:
			wider.boundary = append(slices.Clone(d.boundary), w.statement(Boundary, "Deny"))
		case 2:
			wider.trust = append(slices.Clone(d.trust), w.statement(Trust, "Deny"))
		case 3:
			wider.resource = append(slices.Clone(d.resource), w.statement(Resource, "Deny"))
		}
		if after := Decide(wider.set(t), r); after.Allowed && !before.Allowed {
			t.Errorf("%+v\nwith a Deny more %+v\nallows %+v", d, wider, r)
		}
	})
}

func TestPropertyALimitNeverWidens(t *testing.T) {
	each(t, func(w world, d draft, r *Request) {
		d.boundary, d.session = nil, nil
		before := Decide(d.set(t), r)
		limited := d
		if limited.boundary = w.statements(Boundary); w.IntN(2) == 0 {
			limited.boundary, limited.session = nil, [][]stmt{w.statements(Session)}
		}
		if after := Decide(limited.set(t), r); after.Allowed && !before.Allowed && !d.federated {
			t.Errorf("%+v\nlimited to %+v\nallows %+v", d, limited, r)
		}
	})
}

func TestPropertyOrderNeverMatters(t *testing.T) {
	each(t, func(w world, d draft, r *Request) {
		before := Decide(d.set(t), r)
		mixed := d
		shuffle := func(list []stmt) []stmt {
			list = slices.Clone(list)
			w.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
			return list
		}
		mixed.boundary, mixed.trust, mixed.resource = shuffle(d.boundary), shuffle(d.trust), shuffle(d.resource)
		mixed.identity = nil
		for _, i := range w.Perm(len(d.identity)) {
			mixed.identity = append(mixed.identity, shuffle(d.identity[i]))
		}
		after := Decide(mixed.set(t), r)
		if before.Allowed != after.Allowed || before.Explicit != after.Explicit || before.By != after.By {
			t.Errorf("%+v\n%+v\nbut in the order %+v\n%+v\nfor %+v", d, before, mixed, after, r)
		}
	})
}

func TestPropertyExplainAgrees(t *testing.T) {
	each(t, func(_ world, d draft, r *Request) {
		s := d.set(t)
		x, want := Explain(s, r), Decide(s, r)
		if x.Decision != want {
			t.Errorf("Explain says %+v, Decide %+v of %+v for %+v", x.Decision, want, d, r)
		}
		denied := slices.ContainsFunc(x.Matched, func(m Match) bool { return m.Deny })
		if denied != want.Explicit {
			t.Errorf("a Deny matches: %t, but the answer is %+v", denied, want)
		}
		decided := slices.ContainsFunc(x.Matched, func(m Match) bool { return m.Statement == want.Statement && m.Kind == want.By && m.Sid == want.Sid })
		if want.Statement >= 0 && !decided {
			t.Errorf("the statement of %+v is not among %+v", want, x.Matched)
		}
	})
}

func TestPropertyPrintedPoliciesAreTheSame(t *testing.T) {
	for seed := range uint64(500) {
		w := world{rand.New(rand.NewPCG(seed, 2))}
		kind := pick(w, Identity, Trust, Session, Boundary, Resource)
		sameAgain(t, mustParse(t, kind, w.version(), w.statements(kind)...))
		if t.Failed() {
			t.Fatal(fmt.Sprint("seed ", seed))
		}
	}
}
