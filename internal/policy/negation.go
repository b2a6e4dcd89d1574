package policy

import (
	"errors"
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"
)

// checkNegations refuses negated calls whose arguments may be undefined.
//
// Rego evaluates such an argument before the negation, so where input.x is
// absent, not startswith(input.x, "a") is not true but undefined, and the rule
// that was to notice says nothing. Only not input.x and not input.x == y mean
// what they seem to mean; any other condition is given a name, and the name is
// negated.
func checkNegations(file string, module *ast.Module) error {
	names := map[ast.Var]bool{}
	for _, r := range module.Rules {
		names[r.Head.Name] = true
	}
	var problems []error
	ast.WalkExprs(module, func(e *ast.Expr) bool {
		if e.Negated && mayVanish(e, names) {
			problems = append(problems, fmt.Errorf("%s:%d: the negated call is silent where its argument is absent\nhint: give the condition a name of its own, and negate that", file, e.Location.Row))
		}
		return false
	})
	return errors.Join(problems...)
}

func mayVanish(e *ast.Expr, rules map[ast.Var]bool) bool {
	if !e.IsCall() {
		return hasCall(e.Terms)
	}
	equality := e.Operator().Equal(ast.Equality.Ref()) || e.Operator().Equal(ast.Equal.Ref())
	for _, o := range e.Operands() {
		if hasCall(o) || !equality && hasUndefined(o, rules) {
			return true
		}
	}
	return false
}

// hasCall says whether a function is called inside a term.
func hasCall(x any) bool {
	found := false
	ast.WalkTerms(x, func(t *ast.Term) bool {
		if _, ok := t.Value.(ast.Call); ok {
			found = true
		}
		return found
	})
	return found
}

// hasUndefined says whether a term looks something up that need not be there.
func hasUndefined(x *ast.Term, rules map[ast.Var]bool) bool {
	found := false
	ast.WalkTerms(x, func(t *ast.Term) bool {
		switch v := t.Value.(type) {
		case ast.Ref:
			found = true
		case ast.Var:
			found = found || rules[v]
		}
		return found
	})
	return found
}
