package iam

import (
	"context"
	"fmt"

	"sojourn/internal/arn"
	"sojourn/internal/policy"
	"sojourn/internal/principal"
	"sojourn/internal/store"
	"sojourn/internal/wire/iamwire"
)

// SimulateCustomPolicy decides acts by policies that come as texts. It reads
// nothing that is stored: who calls and what is acted on need not exist.
func (s *Service) SimulateCustomPolicy(ctx context.Context, c *principal.Caller, in *iamwire.SimulateCustomPolicyInput) (*iamwire.SimulateCustomPolicyOutput, error) {
	sim, err := newSimulation("SimulateCustomPolicy", c.Account, (*question)(in))
	if err != nil {
		return nil, err
	}
	err = s.read(ctx, c, act{action: "iam:SimulateCustomPolicy", locate: fixed("*")}, func(store.Tx) error { return nil })
	if err != nil {
		return nil, err
	}
	p, err := sim.run(ctx)
	if err != nil {
		return nil, err
	}
	return &iamwire.SimulateCustomPolicyOutput{EvaluationResults: p.items, IsTruncated: p.truncated, Marker: p.marker}, nil
}

// SimulatePrincipalPolicy decides acts by what is attached to a user (the
// groups' policies included), a group or a role of the caller's account, with
// the policies that come as texts added to it.
func (s *Service) SimulatePrincipalPolicy(ctx context.Context, c *principal.Caller, in *iamwire.SimulatePrincipalPolicyInput) (*iamwire.SimulatePrincipalPolicyOutput, error) {
	source, err := parsePolicySource(c.Account, or(in.PolicySourceArn, ""))
	if err != nil {
		return nil, err
	}
	q := questionOf(in)
	if q.CallerArn == nil && source.kind == users {
		q.CallerArn = &source.arn
	}
	sim, err := newSimulation("SimulatePrincipalPolicy", c.Account, q)
	if err != nil {
		return nil, err
	}
	err = s.read(ctx, c, source.act("iam:SimulatePrincipalPolicy", c.Account), func(tx store.Tx) error {
		e, err := source.find(tx, c.Account)
		if err != nil {
			return err
		}
		return sim.add(tx, source.kind, e)
	})
	if err != nil {
		return nil, err
	}
	p, err := sim.run(ctx)
	if err != nil {
		return nil, err
	}
	return &iamwire.SimulatePrincipalPolicyOutput{EvaluationResults: p.items, IsTruncated: p.truncated, Marker: p.marker}, nil
}

// question is what both operations ask.
type question iamwire.SimulateCustomPolicyInput

func questionOf(in *iamwire.SimulatePrincipalPolicyInput) *question {
	return &question{
		PolicyInputList: in.PolicyInputList, PermissionsBoundaryPolicyInputList: in.PermissionsBoundaryPolicyInputList,
		ActionNames: in.ActionNames, ResourceArns: in.ResourceArns, ResourcePolicy: in.ResourcePolicy, ResourceOwner: in.ResourceOwner,
		CallerArn: in.CallerArn, ContextEntries: in.ContextEntries, ResourceHandlingOption: in.ResourceHandlingOption,
		MaxItems: in.MaxItems, Marker: in.Marker,
	}
}

// simulation is a question that has been checked and compiled.
type simulation struct {
	window    window
	set       policy.Set
	caller    policy.Caller
	context   policy.Context
	actions   []string
	resources []string
	owner     string // of resources whose ARN does not say; "" for the caller
	twoSided  bool   // the resource's side is asked too, in whichever account
}

func newSimulation(operation, account string, q *question) (*simulation, error) {
	sim := &simulation{actions: q.ActionNames, resources: q.ResourceArns, twoSided: q.ResourcePolicy != nil || q.ResourceOwner != nil}
	steps := []func() error{
		func() (err error) { sim.window, err = newWindow(operation, q.Marker, q.MaxItems); return err },
		func() error { return checkActions(q.ActionNames) },
		func() error { return checkResources(q.ResourceArns) },
		func() (err error) { sim.caller, err = simulatedCaller(account, q); return err },
		func() (err error) { sim.owner, err = resourceOwner(q.ResourceOwner); return err },
		func() (err error) { sim.context, err = simulatedContext(q.ContextEntries); return err },
		func() error { return sim.compile(q) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return nil, err
		}
	}
	if len(sim.resources) == 0 {
		sim.resources = []string{"*"}
	}
	return sim, nil
}

// compile takes the policies that come as texts.
func (sim *simulation) compile(q *question) (err error) {
	if len(q.PermissionsBoundaryPolicyInputList) > 1 {
		return iamwire.NewInvalidInput("The list of Permissions Boundary policies cannot exceed 1 items.")
	}
	for i, text := range q.PermissionsBoundaryPolicyInputList {
		if sim.set.Boundary, err = inputPolicy(policy.Boundary, fmt.Sprintf("PermissionsBoundaryPolicyInputList.%d", i+1), text); err != nil {
			return err
		}
	}
	for i, text := range q.PolicyInputList {
		p, err := inputPolicy(policy.Identity, fmt.Sprintf("PolicyInputList.%d", i+1), text)
		if err != nil {
			return err
		}
		sim.set.Identity = append(sim.set.Identity, p)
	}
	if q.ResourcePolicy != nil {
		sim.set.Resource, err = inputPolicy(policy.Resource, "ResourcePolicy", *q.ResourcePolicy)
	}
	return err
}

func inputPolicy(kind policy.Kind, name, text string) (*policy.Policy, error) {
	p, err := policy.Parse(kind, text)
	if err != nil {
		return nil, iamwire.NewInvalidInput("Invalid Input %s: %s", name, err)
	}
	p.Name = name
	return p, nil
}

// maxWork bounds what one answer may say and the time it takes: resources,
// times the statements and keys of all policies, times acts. A page may hold
// less than MaxItems for it, as the API says.
const maxWork = 100_000

// work is what deciding one act takes.
func (sim *simulation) work() int {
	n := 1
	for _, p := range append(sim.set.Identity[:len(sim.set.Identity):len(sim.set.Identity)], sim.set.Boundary, sim.set.Resource) {
		if p != nil {
			n += p.Statements() + len(p.ContextKeys())
		}
	}
	return n * len(sim.resources)
}

// run decides the acts of one page.
func (sim *simulation) run(ctx context.Context) (paged[iamwire.EvaluationResult], error) {
	work := sim.work()
	if work > maxWork {
		return paged[iamwire.EvaluationResult]{}, iamwire.NewInvalidInput("There are too many ResourceArns for policies of this size. Simulate fewer at a time.")
	}
	sim.window.limit = max(1, min(sim.window.limit, maxWork/work))
	numbers := make([]int, len(sim.actions))
	for i := range numbers {
		numbers[i] = i
	}
	page := slice(sim.window, numbers, func(i int) string { return fmt.Sprintf("%08d", i) })
	out := paged[iamwire.EvaluationResult]{make([]iamwire.EvaluationResult, 0, len(page.items)), page.truncated, page.marker}
	for _, i := range page.items {
		result, err := sim.evaluate(ctx, sim.actions[i])
		if err != nil {
			return out, err
		}
		out.items = append(out.items, result)
	}
	return out, nil
}

func (sim *simulation) evaluate(ctx context.Context, action string) (iamwire.EvaluationResult, error) {
	verdicts := make([]verdict, 0, len(sim.resources))
	for _, resource := range sim.resources {
		if err := ctx.Err(); err != nil {
			return iamwire.EvaluationResult{}, fmt.Errorf("simulating %s: %w", action, err)
		}
		verdicts = append(verdicts, sim.decide(action, resource))
	}
	return evaluationResult(action, verdicts), nil
}

func (sim *simulation) decide(action, resource string) verdict {
	r := policy.Request{Action: action, Resource: resource, ResourceAccount: sim.ownerOf(resource), Caller: sim.caller, Context: sim.context}
	return verdict{
		Explanation: policy.Explain(sim.set, &r), resource: resource,
		bounded: sim.set.Boundary != nil, crossAccount: r.ResourceAccount != sim.caller.Account,
	}
}

// ownerOf is the account of a resource. Where nothing is said about the
// resource's side, the caller's side alone is asked, as if both were one.
func (sim *simulation) ownerOf(resource string) string {
	if !sim.twoSided {
		return sim.caller.Account
	}
	if a, err := arn.Parse(resource); err == nil && arn.IsAccount(a.Account) {
		return a.Account
	}
	if sim.owner != "" {
		return sim.owner
	}
	return sim.caller.Account
}
