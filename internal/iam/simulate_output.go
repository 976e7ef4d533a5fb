package iam

import (
	"sojourn/internal/policy"
	"sojourn/internal/wire/iamwire"
)

// sourceNames are the kinds of policies as answers call them.
var sourceNames = map[policy.Kind]string{
	policy.Identity: "IAM Policy",
	policy.Boundary: "Permissions Boundary Policy",
	policy.Resource: "Resource Policy",
}

// verdict is the decision about one act on one resource.
type verdict struct {
	policy.Explanation
	resource     string
	bounded      bool
	crossAccount bool
}

func (v *verdict) decision() policy.Answer {
	switch {
	case v.Allowed:
		return policy.Allowed
	case v.Explicit:
		return policy.ExplicitDeny
	}
	return policy.ImplicitDeny
}

// evaluationResult is the answer about one act. It speaks for all resources by
// the most restrictive decision, the first of them. Which statements decided is
// said where there is one resource; which keys were missing is said here for
// "*" and else by resource.
func evaluationResult(action string, all []verdict) iamwire.EvaluationResult {
	worst := &all[0]
	for i := range all {
		if severity(&all[i]) > severity(worst) {
			worst = &all[i]
		}
	}
	out := iamwire.EvaluationResult{
		EvalActionName: &action, EvalResourceName: &worst.resource, EvalDecision: new(worst.decision().String()),
		MatchedStatements: []iamwire.Statement{}, MissingContextValues: []string{},
		PermissionsBoundaryDecisionDetail: worst.boundaryDetail(), EvalDecisionDetails: worst.details(),
	}
	if len(all) > 1 {
		out.EvalResourceName = new("*")
	} else if worst.decision() != policy.ImplicitDeny {
		out.MatchedStatements = worst.statements()
	}
	if len(all) == 1 && worst.resource == "*" {
		out.MissingContextValues = worst.missing()
		return out
	}
	if out.EvalDecisionDetails == nil {
		out.EvalDecisionDetails = map[string]string{}
	}
	for i := range all {
		out.ResourceSpecificResults = append(out.ResourceSpecificResults, all[i].resourceResult())
	}
	return out
}

func severity(v *verdict) int {
	return map[policy.Answer]int{policy.Allowed: 0, policy.ImplicitDeny: 1, policy.ExplicitDeny: 2}[v.decision()]
}

func (v *verdict) resourceResult() iamwire.ResourceSpecificResult {
	return iamwire.ResourceSpecificResult{
		EvalResourceName: &v.resource, EvalResourceDecision: new(v.decision().String()),
		MatchedStatements: v.statements(), MissingContextValues: v.missing(),
		EvalDecisionDetails: v.details(), PermissionsBoundaryDecisionDetail: v.boundaryDetail(),
	}
}

// statements are those that decided: the Denies where there is one, else the
// Allows of the caller's and the resource's policies. A boundary allows nothing.
func (v *verdict) statements() []iamwire.Statement {
	out := []iamwire.Statement{}
	for _, m := range v.Matched {
		if m.Deny != v.Explicit || m.Kind == policy.Boundary && !m.Deny {
			continue
		}
		out = append(out, iamwire.Statement{
			SourcePolicyId: &m.Policy.Name, SourcePolicyType: new(sourceNames[m.Kind]),
			StartPosition: positionOut(m.Start), EndPosition: positionOut(m.End),
		})
	}
	return out
}

func positionOut(p policy.Position) *iamwire.Position {
	return &iamwire.Position{Line: new(int64(p.Line)), Column: new(int64(p.Column))}
}

func (v *verdict) missing() []string { return append([]string{}, v.Missing...) }

func (v *verdict) boundaryDetail() *iamwire.PermissionsBoundaryDecisionDetail {
	if !v.bounded {
		return nil
	}
	return &iamwire.PermissionsBoundaryDecisionDetail{AllowedByPermissionsBoundary: new(v.Boundary == policy.Allowed)}
}

// details say how each kind of policy decided. Only a simulation over two
// accounts has them.
func (v *verdict) details() map[string]string {
	if !v.crossAccount {
		return nil
	}
	out := map[string]string{
		sourceNames[policy.Identity]: v.Identity.String(),
		sourceNames[policy.Resource]: v.Resource.String(),
	}
	if v.bounded {
		out[sourceNames[policy.Boundary]] = v.Boundary.String()
	}
	return out
}
