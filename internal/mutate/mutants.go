package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"strconv"
	"strings"
)

// mutant is one change to the source.
type mutant struct {
	id       int
	position token.Position
	function string
	old, new string // what is seen in reports
	text     string // what stands in the place of the site instead
}

// name finds a mutant again when lines have moved.
func (m *mutant) name() string {
	return fmt.Sprintf("%s %s: %s -> %s", m.position.Filename, m.function, m.old, m.new)
}

func (m *mutant) String() string {
	return fmt.Sprintf("%s:%d: %s: %s -> %s", m.position.Filename, m.position.Line, m.function, m.old, m.new)
}

// site is an expression or statement with the mutants that take its place.
type site struct {
	start, end int
	typ        string // of an expression; "" for a statement
	mutants    []*mutant
}

// finder collects the sites of one file.
type finder struct {
	pkg   *pack
	file  *ast.File
	name  string // as reports show it
	text  string
	sites []*site
	where map[ast.Node]*site
	// uncompiled counts the changes that are no Go.
	uncompiled int
}

var swaps = map[token.Token]string{
	token.LAND: "||", token.LOR: "&&", token.EQL: "!=", token.NEQ: "==",
	token.LSS: "<=", token.LEQ: "<", token.GTR: ">=", token.GEQ: ">",
	token.ADD: "-", token.SUB: "+", token.OR: "&", token.AND: "|",
}

func (f *finder) find() {
	ast.PreorderStack(f.file, nil, func(n ast.Node, stack []ast.Node) bool {
		switch n := n.(type) {
		case *ast.GenDecl:
			return n.Tok == token.VAR // constants and types stay
		case *ast.ArrayType, *ast.FuncType, *ast.StructType:
			return false
		case *ast.CompositeLit:
			f.elements(n, stack)
		case *ast.CallExpr:
			f.arguments(n, stack)
		case *ast.BinaryExpr:
			f.replace(n, n.OpPos, len(n.Op.String()), swaps[n.Op])
		case *ast.UnaryExpr:
			if n.Op == token.NOT {
				f.replace(n, n.OpPos, 1, " ")
			}
		case *ast.Ident:
			f.ident(n, stack)
		case *ast.BasicLit:
			f.literal(n, stack)
		case *ast.IfStmt:
			f.condition(n.Cond)
		case *ast.ForStmt:
			f.never(n.Cond)
		case *ast.SwitchStmt:
			f.clauses(n, stack)
		}
		if s, ok := n.(ast.Stmt); ok {
			f.drop(s, stack)
		}
		return !isConstantKey(f.pkg.info, n, stack)
	})
}

// isConstantKey is true for a key that indexes an array: it must be a constant.
func isConstantKey(info *types.Info, n ast.Node, stack []ast.Node) bool {
	if len(stack) < 2 {
		return false
	}
	kv, ok := stack[len(stack)-1].(*ast.KeyValueExpr)
	if !ok || kv.Key != n {
		return false
	}
	_, isMap := info.TypeOf(stack[len(stack)-2].(ast.Expr)).Underlying().(*types.Map)
	return !isMap
}

func (f *finder) at(p token.Pos) int { return f.pkg.fset.Position(p).Offset }

func (f *finder) source(n ast.Node) string { return f.text[f.at(n.Pos()):f.at(n.End())] }

// replace changes some bytes of an expression.
func (f *finder) replace(n ast.Expr, at token.Pos, length int, with string) {
	if with == "" {
		return
	}
	text, from := f.source(n), f.at(at)-f.at(n.Pos())
	changed := text[:from] + with + text[from+length:]
	f.expression(n, text, changed, changed)
}

func (f *finder) ident(n *ast.Ident, stack []ast.Node) {
	opposite := map[string]string{"true": "false", "false": "true"}[n.Name]
	if tv, ok := f.pkg.info.Types[n]; ok && tv.Value != nil && opposite != "" {
		f.expression(n, n.Name, opposite, opposite)
	}
	if other := map[string]string{"min": "max", "max": "min"}[n.Name]; other != "" && len(stack) > 0 {
		if call, ok := stack[len(stack)-1].(*ast.CallExpr); ok && call.Fun == n {
			changed := other + f.source(call)[3:]
			f.expression(call, f.source(call), changed, changed)
		}
	}
}

func (f *finder) literal(n *ast.BasicLit, stack []ast.Node) {
	if n.Kind != token.INT && n.Kind != token.CHAR || isConstantKey(f.pkg.info, n, stack) {
		return
	}
	text := "(" + n.Value + " + 1)"
	f.expression(n, f.context(n, stack), text, text)
}

// context is the expression around a literal, which says more than it.
func (f *finder) context(n ast.Node, stack []ast.Node) string {
	if parent, ok := stack[len(stack)-1].(ast.Expr); ok {
		return n.(*ast.BasicLit).Value + " in " + f.source(parent)
	}
	return f.source(n)
}

// condition negates the condition of an if and makes it never true.
func (f *finder) condition(n ast.Expr) {
	f.never(n)
	if b, ok := n.(*ast.BinaryExpr); ok && (b.Op == token.EQL || b.Op == token.NEQ) {
		return // the swap is the negation
	}
	if u, ok := n.(*ast.UnaryExpr); ok && u.Op == token.NOT {
		return
	}
	text := "!(" + f.source(n) + ")"
	f.expression(n, f.source(n), text, text)
}

func (f *finder) never(n ast.Expr) {
	if n != nil {
		f.expression(n, f.source(n), "false", "false")
	}
}

// elements leaves out each element of a literal of a slice or map, and each
// named field of a struct.
func (f *finder) elements(n *ast.CompositeLit, stack []ast.Node) {
	if n.Type == nil || len(n.Elts) == 0 {
		return
	}
	if _, isArray := f.pkg.info.TypeOf(n).Underlying().(*types.Array); isArray {
		return
	}
	var whole ast.Expr = n
	if u, ok := stack[len(stack)-1].(*ast.UnaryExpr); ok && u.Op == token.AND {
		whole = u
	}
	_, isStruct := f.pkg.info.TypeOf(n).Underlying().(*types.Struct)
	for _, e := range n.Elts {
		if _, named := e.(*ast.KeyValueExpr); named || !isStruct {
			f.expression(whole, f.source(e), nothing, f.without(whole, e))
		}
	}
}

// arguments leaves out each of several arguments that a parameter collects.
func (f *finder) arguments(n *ast.CallExpr, stack []ast.Node) {
	if _, ok := stack[len(stack)-1].(*ast.ExprStmt); ok || n.Ellipsis.IsValid() {
		return
	}
	sig, ok := f.pkg.info.TypeOf(n.Fun).(*types.Signature)
	if !ok || !sig.Variadic() || len(n.Args)-sig.Params().Len() < 1 {
		return
	}
	for _, a := range n.Args[sig.Params().Len()-1:] {
		f.expression(n, f.source(a), nothing, f.without(n, a))
	}
}

// without is the source of n without one of its list's elements and the comma after it.
func (f *finder) without(n, element ast.Node) string {
	text, from, to := f.source(n), f.at(element.Pos())-f.at(n.Pos()), f.at(element.End())-f.at(n.Pos())
	after := text[to:]
	if trimmed := strings.TrimLeft(after, " \t\n"); strings.HasPrefix(trimmed, ",") {
		return text[:from] + trimmed[1:]
	}
	return strings.TrimRight(text[:from], " \t\n,") + after
}

// nothing is shown for what is left out.
const nothing = "(nothing)"

// expression adds a mutant in the place of n, if it is one that compiles.
func (f *finder) expression(n ast.Expr, old, shown, text string) {
	typ, ok := f.typeOf(n)
	if !ok || !f.compiles(n, typ, text) {
		f.uncompiled++
		return
	}
	f.add(n, typ, old, shown, text)
}

func (f *finder) typeOf(n ast.Expr) (string, bool) {
	t := f.pkg.info.TypeOf(n)
	if t == nil {
		return "", false
	}
	if b, ok := t.(*types.Basic); ok && b.Info()&types.IsUntyped != 0 {
		if b.Kind() != types.UntypedBool {
			return "", false // an operand of a constant expression
		}
		t = types.Default(t)
	}
	if tuple, ok := t.(*types.Tuple); ok && tuple != nil {
		return "", false
	}
	known := true
	s := types.TypeString(t, func(p *types.Package) string {
		if p == f.pkg.types {
			return ""
		}
		known = known && f.imports(p.Path())
		return p.Name()
	})
	return s, known && s != "()" && s != "untyped nil"
}

func (f *finder) imports(path string) bool {
	for _, i := range f.file.Imports {
		if i.Name == nil && i.Path.Value == strconv.Quote(path) {
			return true
		}
	}
	return false
}

func (f *finder) compiles(n ast.Expr, typ, text string) bool {
	expr, err := parser.ParseExprFrom(f.pkg.fset, "", "("+typ+")("+text+")", 0)
	if err != nil {
		return false
	}
	return types.CheckExpr(f.pkg.fset, f.pkg.types, n.Pos(), expr, nil) == nil
}

func (f *finder) add(n ast.Node, typ, old, changed, text string) {
	s := f.where[n]
	if s == nil {
		s = &site{start: f.at(n.Pos()), end: f.at(n.End()), typ: typ}
		f.where[n] = s
		f.sites = append(f.sites, s)
	}
	p := f.pkg.fset.Position(n.Pos())
	p.Filename = f.name
	s.mutants = append(s.mutants, &mutant{position: p, function: f.functionAt(n.Pos()), old: squeeze(old), new: squeeze(changed), text: text})
}

// functionAt names the function around a place.
func (f *finder) functionAt(p token.Pos) string {
	for _, d := range f.file.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Pos() <= p && p < fn.End() {
			return fn.Name.Name
		}
	}
	return "init"
}

// squeeze makes code one line of bearable length.
func squeeze(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > 90 {
		s = string(r[:87]) + "..."
	}
	return s
}
