package policy

import (
	"cmp"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
)

// inputSchema is the types of schema/input/v1 as JSON Schema. It is generated
// (a test keeps it equal), because making it from CUE takes longer than a gate
// may.
//
//go:embed input.schema.json
var inputSchema []byte

// forbidden are prefixes of built-ins that reach outside the input or whose
// answer may differ between two evaluations of it, beyond those that OPA
// itself marks so.
var forbidden = []string{
	"http.", "net.", "opa.", "rand.", "uuid.", "time.", "io.jwt.", "crypto.x509.", "providers.",
	"rego.", "trace", "print",
}

const onlyTime = "time.parse_rfc3339_ns"

// capabilities are OPA's, without network, clock, randomness, tracing and
// metadata at run time.
var capabilities = sync.OnceValue(func() *ast.Capabilities {
	c := ast.CapabilitiesForThisVersion()
	c.AllowNet = []string{}
	c.Builtins = slices.DeleteFunc(c.Builtins, func(b *ast.Builtin) bool {
		return b.Name != onlyTime && (b.Nondeterministic || slices.ContainsFunc(forbidden, func(p string) bool { return strings.HasPrefix(b.Name, p) }))
	})
	return c
})

func parserOptions() ast.ParserOptions {
	return ast.ParserOptions{ProcessAnnotation: true, RegoVersion: ast.RegoV1, Capabilities: capabilities()}
}

// addModules parses all Rego and reads the rules' metadata. Every file's
// problem is reported.
func (b *Bundle) addModules() error {
	var problems []error
	owner := map[string]int{}
	for i, t := range b.trees {
		for _, name := range t.names() {
			if path.Ext(name) == ".rego" {
				problems = append(problems, b.addModule(i, name, owner))
			}
		}
	}
	if err := errors.Join(problems...); err != nil {
		return err
	}
	if len(b.rules) == 0 {
		return ErrEmpty
	}
	if err := b.separate(owner); err != nil {
		return err
	}
	slices.SortFunc(b.rules, func(x, y Rule) int { return cmp.Compare(x.ID, y.ID) })
	return nil
}

func (b *Bundle) addModule(i int, name string, owner map[string]int) error {
	module, err := ast.ParseModuleWithOpts(name, string(b.trees[i][name]), parserOptions())
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if module == nil {
		return fmt.Errorf("%s: is empty", name)
	}
	if err := errors.Join(checkNegations(name, module), checkPrint(name, module)); err != nil {
		return err
	}
	owner[module.Package.Path.String()] = i
	b.modules[stored(i, name)] = module
	if strings.HasPrefix(name, "rules/") || underRules(module) {
		return b.addRule(name, module)
	}
	return nil
}

// checkPrint refuses print, which OPA's compiler would otherwise drop.
func checkPrint(file string, module *ast.Module) error {
	var err error
	ast.WalkExprs(module, func(e *ast.Expr) bool {
		if e.IsCall() && e.Operator().Equal(ast.Print.Ref()) {
			err = fmt.Errorf("%s:%d: undefined function print: a rule says what it has to say in its message", file, e.Location.Row)
		}
		return false
	})
	return err
}

// separate refuses Rego that reaches into a package of another tree, or from
// a library into a rule: what it adds there could pass what the other fails.
func (b *Bundle) separate(owner map[string]int) error {
	for i, t := range b.trees {
		for _, name := range t.names() {
			module := b.modules[stored(i, name)]
			if module == nil {
				continue
			}
			for _, r := range module.Rules {
				if into := reachesInto(r.Ref().String(), i, module, owner); into != "" {
					return fmt.Errorf("%s: %s reaches into package %s, whose rules it could change\nhint: give the package a name of its own", name, r.Ref(), strings.TrimPrefix(into, "data."))
				}
			}
		}
	}
	return nil
}

func reachesInto(ref string, i int, module *ast.Module, owner map[string]int) string {
	if strings.HasPrefix(ref, "data."+rulesPackage) && !underRules(module) {
		return "data." + rulesPackage
	}
	for pkg, j := range owner {
		if j != i && (strings.HasPrefix(ref, pkg+".") || strings.HasPrefix(ref, pkg+"[")) {
			return pkg
		}
	}
	return ""
}

func underRules(module *ast.Module) bool {
	return strings.HasPrefix(module.Package.Path.String()+".", "data."+rulesPackage+".")
}

// addRule takes a module as a rule: rules/<category>/<name>/<name>.rego.
func (b *Bundle) addRule(name string, module *ast.Module) error {
	parts := strings.Split(name, "/")
	if len(parts) != 4 || parts[0] != "rules" || parts[3] != parts[2]+".rego" {
		return fmt.Errorf("%s: a rule stands in rules/<category>/<name>/<name>.rego, and nothing else stands under rules", name)
	}
	if !yieldsChecks(module) {
		return fmt.Errorf("%s: the package yields no checks\nhint: write checks contains check if { … }", name)
	}
	r, err := readRule(name, module)
	if err != nil {
		return err
	}
	for _, other := range b.rules {
		if other.ID == r.ID {
			return fmt.Errorf("%s: rule %s is already in %s\nhint: give this one an id and a folder of its own", name, r.ID, other.File)
		}
	}
	b.rules = append(b.rules, r)
	return nil
}

func yieldsChecks(module *ast.Module) bool {
	some := false
	for _, r := range module.Rules {
		if r.Head.Name.String() != "checks" && (len(r.Head.Reference) == 0 || r.Head.Reference[0].Value.String() != "checks") {
			continue
		}
		if r.Head.RuleKind() != ast.MultiValue {
			return false
		}
		some = true
	}
	return some
}

// readsOnly refuses a rule that reads a parameter which its METADATA does not
// list, for then nobody would notice that it was not given.
func (b *Bundle) readsOnly(r Rule) error {
	for name, module := range b.modules {
		if strings.TrimPrefix(module.Package.Path.String(), "data.") != r.Package {
			continue
		}
		var err error
		ast.WalkRefs(module, func(ref ast.Ref) bool {
			if e := readsParameter(ref, r); e != nil && err == nil {
				err = fmt.Errorf("%s: %w", name[strings.IndexByte(name, '/')+1:], e)
			}
			return false
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func readsParameter(ref ast.Ref, r Rule) error {
	if len(ref) < 2 || !ref[0].Equal(ast.DefaultRootDocument) || !ref[1].Equal(ast.StringTerm("parameters")) {
		return nil
	}
	if len(ref) > 2 {
		if name, ok := ref[2].Value.(ast.String); ok && slices.Contains(r.Parameters, string(name)) {
			return nil
		}
	}
	return fmt.Errorf("reads %s, which METADATA custom.parameters does not list\nhint: add the parameter there", ref)
}

// compile type-checks all modules against the input schema.
func (b *Bundle) compile() error {
	var schema any
	if err := json.Unmarshal(inputSchema, &schema); err != nil {
		return fmt.Errorf("input schema: %w", err)
	}
	for i := range b.rules {
		if err := b.rules[i].checkPaths(schema); err != nil {
			return err
		}
	}
	set := ast.NewSchemaSet()
	set.Put(ast.SchemaRootRef, schema)
	c := ast.NewCompiler().WithCapabilities(capabilities()).WithSchemas(set).WithStrict(true)
	c.Compile(maps.Clone(b.modules))
	if c.Failed() {
		return fmt.Errorf("policy: %w", c.Errors)
	}
	b.compiler = c
	return nil
}

// checkPaths refuses METADATA that names an input path which the schema does
// not have, and finds out where the grade of the rule's evidence stands.
func (r *Rule) checkPaths(schema any) error {
	paths := append([]string{r.Items}, r.Evidence...)
	if strings.HasPrefix(r.Declared, "input.") {
		paths = append(paths, r.Declared)
	}
	for _, p := range paths {
		if _, err := under(schema, p); err != nil {
			return fmt.Errorf("%s: METADATA: %w", r.File, err)
		}
	}
	for _, p := range r.Evidence {
		if g := gradePath(schema, p); g != "" {
			r.graded = append(r.graded, graded{p, g})
		}
	}
	return nil
}

// under is the schema of an input path; nil inside an object that is open.
func under(schema any, path string) (map[string]any, error) {
	at := "input"
	for _, s := range segments(path) {
		node, _ := schema.(map[string]any)
		properties, ok := node["properties"].(map[string]any)
		if !ok && node["type"] == "object" {
			return nil, nil
		}
		if schema, ok = properties[s]; !ok {
			return nil, fmt.Errorf("%s: %s has no field %s%s", path, at, s, didYouMean(s, slices.Sorted(maps.Keys(properties))))
		}
		at += "." + s
	}
	node, _ := schema.(map[string]any)
	return node, nil
}

// gradePath is the input path of the grade that the schema asks of the
// statement at a path, or of the nearest one around it; empty where nothing
// there is graded.
func gradePath(schema any, path string) string {
	for ; strings.Contains(path, "."); path = path[:strings.LastIndexByte(path, '.')] {
		for _, g := range []string{path + ".grade", path + ".document.grade"} {
			if node, err := under(schema, g); err == nil && node != nil {
				return g
			}
		}
	}
	return ""
}
