package main

import (
	"go/ast"
	"go/token"
	"strings"
)

// drop leaves out a statement that the compiler can do without.
func (f *finder) drop(n ast.Stmt, stack []ast.Node) {
	parent := stack[len(stack)-1]
	if c, ok := parent.(*ast.CommClause); ok && c.Comm == n || !isListed(parent) { // what a select waits for is no statement of its own
		return
	}
	switch s := n.(type) {
	case *ast.AssignStmt:
		if s.Tok == token.DEFINE {
			return
		}
	case *ast.ExprStmt:
		if call, ok := s.X.(*ast.CallExpr); ok && f.source(call.Fun) == "panic" {
			return
		}
	case *ast.BranchStmt:
		if s.Tok == token.FALLTHROUGH || s.Tok == token.GOTO {
			return
		}
	case *ast.IncDecStmt, *ast.DeferStmt:
	default:
		return
	}
	f.add(n, "", f.source(n), nothing, "")
}

func isListed(parent ast.Node) bool {
	switch parent.(type) {
	case *ast.BlockStmt, *ast.CaseClause, *ast.CommClause:
		return true
	}
	return false
}

// clauses leaves out each case. Without a value to switch on, a case is a
// condition that is never true; with one, the statement is written anew
// without the case.
func (f *finder) clauses(n *ast.SwitchStmt, stack []ast.Node) {
	for _, c := range n.Body.List {
		clause := c.(*ast.CaseClause)
		if n.Tag != nil && len(clause.List) > 0 && isListed(stack[len(stack)-1]) {
			f.add(n, "", "case "+f.clauseHead(clause), nothing, f.withoutClause(n, clause))
			continue
		}
		for _, cond := range clause.List {
			if n.Tag == nil {
				f.never(cond)
			}
		}
	}
}

func (f *finder) clauseHead(c *ast.CaseClause) string {
	var parts []string
	for _, e := range c.List {
		parts = append(parts, f.source(e))
	}
	return strings.Join(parts, ", ")
}

func (f *finder) withoutClause(n *ast.SwitchStmt, c *ast.CaseClause) string {
	text, from, to := f.source(n), f.at(c.Pos())-f.at(n.Pos()), f.at(c.End())-f.at(n.Pos())
	return text[:from] + text[to:]
}
