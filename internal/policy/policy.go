// Package policy judges an input document by rules written in Rego, and
// decides what their silence means: every item that the input enumerates
// gets exactly one check from every rule that a level asks for, and whatever
// is missing, doubled, unknown or unproved is an error or undecided, never a
// pass.
//
// A bundle that could pass without judging is refused when it is loaded: no
// rules, incomplete METADATA, a misspelt input field, a built-in that reaches
// the network, the clock or randomness. Which statements count, and what the
// checks amount to, is left to internal/gate and internal/verdict.
package policy

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/weighlock/weighlock/internal/artifact"
)

// Bundle is a set of rules, levels and parameters that were found sound. It
// may be used by several goroutines at once.
type Bundle struct {
	rules      []Rule // by ID
	levels     map[string]Level
	parameters map[string]Parameter
	trees      []tree
	modules    map[string]*ast.Module // by their name in the archive
	compiler   *ast.Compiler
	digest     string

	mu       sync.Mutex
	prepared map[string]*evaluator // by the canonical JSON of the parameters
}

// Options says what to evaluate a bundle for.
type Options struct {
	Level      string         // start, release, …; one that the bundle has
	Parameters map[string]any // overrides by name, checked against the parameter's type
}

// ErrEmpty is returned for trees that hold no rule.
var ErrEmpty = errors.New("the policy holds no rule, so it could decide nothing\nhint: a rule stands in rules/<category>/<name>/<name>.rego")

// Load reads rules/**, lib/**, levels/*.yaml and parameters.yaml from each of
// the trees, the library's own first. Later trees may add rules, packages,
// levels and parameters and tighten levels; they cannot replace anything.
func Load(trees ...fs.FS) (*Bundle, error) {
	read := make([]tree, len(trees))
	for i, t := range trees {
		var err error
		if read[i], err = readTree(t); err != nil {
			return nil, err
		}
	}
	return load(read)
}

func load(trees []tree) (*Bundle, error) {
	b := &Bundle{
		trees:      trees,
		levels:     map[string]Level{},
		parameters: map[string]Parameter{},
		modules:    map[string]*ast.Module{},
		prepared:   map[string]*evaluator{},
	}
	for _, step := range []func() error{b.addModules, b.addLevels, b.addParameters, b.complete, b.compile} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	text, err := b.Archive()
	if err != nil {
		return nil, err
	}
	b.digest = artifact.Digest(text)
	return b, nil
}

func (b *Bundle) addLevels() error {
	for _, t := range b.trees {
		levels, err := readLevels(t)
		if err != nil {
			return err
		}
		for _, l := range levels {
			if was, ok := b.levels[l.Name]; ok {
				if l, err = was.tighten(l, b.byID()); err != nil {
					return err
				}
			}
			b.levels[l.Name] = l
		}
	}
	return nil
}

func (b *Bundle) addParameters() error {
	for _, t := range b.trees {
		parameters, err := readParameters(t)
		if err != nil {
			return err
		}
		for _, p := range parameters {
			if _, ok := b.parameters[p.Name]; ok {
				return fmt.Errorf("parameter %s is in two trees\nhint: override it in the verifier file instead", p.Name)
			}
			b.parameters[p.Name] = p
		}
	}
	return nil
}

// complete checks what levels, rules and parameters say about each other.
func (b *Bundle) complete() error {
	if len(b.levels) == 0 {
		return errors.New("the policy has no level\nhint: add levels/<name>.yaml")
	}
	rules := b.byID()
	for _, name := range slices.Sorted(maps.Keys(b.levels)) {
		if err := b.levels[name].checkRules(rules); err != nil {
			return err
		}
	}
	known := slices.Sorted(maps.Keys(b.parameters))
	for _, r := range b.rules {
		for _, name := range r.Parameters {
			if _, ok := b.parameters[name]; !ok {
				return fmt.Errorf("%s: METADATA: parameter %s is not in %s%s", r.File, name, parametersFile, didYouMean(name, known))
			}
		}
		if err := b.readsOnly(r); err != nil {
			return err
		}
	}
	return nil
}

func (b *Bundle) byID() map[string]Rule {
	out := map[string]Rule{}
	for _, r := range b.rules {
		out[r.ID] = r
	}
	return out
}

// Rules returns the metadata of every rule, by id.
func (b *Bundle) Rules() []Rule { return slices.Clone(b.rules) }

// Rule returns the metadata of one rule.
func (b *Bundle) Rule(id string) (Rule, bool) {
	i, ok := slices.BinarySearchFunc(b.rules, id, func(r Rule, id string) int { return cmp.Compare(r.ID, id) })
	if !ok {
		return Rule{}, false
	}
	return b.rules[i], true
}

// Levels returns the names of the levels that the bundle has, sorted.
func (b *Bundle) Levels() []string { return slices.Sorted(maps.Keys(b.levels)) }

// Level returns what a level asks for. An unknown name is an error that says
// the known ones.
func (b *Bundle) Level(name string) (Level, error) {
	l, ok := b.levels[name]
	if !ok {
		return Level{}, fmt.Errorf("level %q is unknown%s\nhint: the policy's levels are %v", name, didYouMean(name, b.Levels()), b.Levels())
	}
	return l, nil
}

// ParameterTable returns the parameters with their reasons, by name.
func (b *Bundle) ParameterTable() []Parameter {
	out := make([]Parameter, 0, len(b.parameters))
	for _, name := range slices.Sorted(maps.Keys(b.parameters)) {
		out = append(out, b.parameters[name])
	}
	return out
}

// Explanation is a rule with the levels that ask for it.
type Explanation struct {
	Rule   Rule
	Levels map[string]Asked
	Source string // the rule's Rego
}

// Explain returns all that is known about a rule. An unknown id is an error
// that names the nearest.
func (b *Bundle) Explain(id string) (Explanation, error) {
	r, ok := b.Rule(id)
	if !ok {
		ids := slices.Sorted(maps.Keys(b.byID()))
		return Explanation{}, fmt.Errorf("rule %q is unknown%s\nhint: weighlock explain lists them all", id, didYouMean(id, ids))
	}
	e := Explanation{Rule: r, Levels: map[string]Asked{}}
	for name, l := range b.levels {
		if asked, ok := l.Rules[id]; ok {
			e.Levels[name] = asked
		}
	}
	for _, t := range b.trees {
		if text, ok := t[r.File]; ok {
			e.Source = string(text)
		}
	}
	return e, nil
}
