package policy

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/cuecontext"
	cueerrors "cuelang.org/go/cue/errors"
)

// Parameter is a value that rules read by name. It stands in data, never in
// a rule, so that who owns the policy can change it without changing Rego.
type Parameter struct {
	Name   string
	Value  any    // nil where the owner of the verifier file must give one
	Type   string // CUE that the value, and every override, must satisfy
	Since  string // date on which the value was decided, YYYY-MM-DD
	Reason string // why this value
}

type parameterText struct {
	Value  any    `yaml:"value"`
	Type   string `yaml:"type"`
	Since  string `yaml:"since"`
	Reason string `yaml:"reason"`
}

const parametersFile = "parameters.yaml"

func readParameters(t tree) ([]Parameter, error) {
	text, ok := t[parametersFile]
	if !ok {
		return nil, nil
	}
	var entries map[string]parameterText
	if err := strictYAML(text, &entries); err != nil {
		return nil, fmt.Errorf("%s: %w", parametersFile, err)
	}
	var out []Parameter
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		p, err := entries[name].parameter(name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", parametersFile, err)
		}
		out = append(out, p)
	}
	return out, nil
}

func (e parameterText) parameter(name string) (Parameter, error) {
	if e.Type == "" || e.Reason == "" {
		return Parameter{}, fmt.Errorf("%s needs a type and a reason", name)
	}
	if _, err := time.Parse(time.DateOnly, e.Since); err != nil {
		return Parameter{}, fmt.Errorf("%s: since is %q, not a date as in 2026-11-01", name, e.Since)
	}
	p := Parameter{Name: name, Type: e.Type, Since: e.Since, Reason: e.Reason}
	if e.Value == nil {
		return p, nil
	}
	value, err := p.check(e.Value)
	p.Value = value
	return p, err
}

// check is the value as JSON decodes it, where it satisfies the parameter's
// type.
func (p Parameter) check(value any) (any, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("parameter %s: %w", p.Name, err)
	}
	ctx := cuecontext.New()
	form := ctx.CompileString("close({value!: "+p.Type+"})", cue.Filename(p.Name))
	if err := form.Err(); err != nil {
		return nil, fmt.Errorf("parameter %s: its type %s: %w", p.Name, p.Type, err)
	}
	given := ctx.CompileBytes([]byte(`{"value":` + string(text) + `}`))
	if err := form.Unify(given).Validate(cue.Concrete(true), cue.Final()); err != nil {
		return nil, fmt.Errorf("parameter %s is %s, but must be %s: %s", p.Name, text, p.Type, cueerrors.Errors(err)[0].Error())
	}
	var out any
	err = json.Unmarshal(text, &out)
	return out, err
}

// Parameters are the values that rules will read: the policy's own, with the
// overrides in o. An override of an unknown name or of the wrong type is an
// error, and so is a value that a rule of the level needs and nobody gave.
func (b *Bundle) Parameters(o Options) (map[string]any, error) {
	out := map[string]any{}
	for name, p := range b.parameters {
		if p.Value != nil {
			out[name] = p.Value
		}
	}
	known := slices.Sorted(maps.Keys(b.parameters))
	for _, name := range slices.Sorted(maps.Keys(o.Parameters)) {
		p, ok := b.parameters[name]
		if !ok {
			return nil, fmt.Errorf("parameter %s is unknown%s\nhint: the policy's parameters are %v", name, didYouMean(name, known), known)
		}
		value, err := p.check(o.Parameters[name])
		if err != nil {
			return nil, err
		}
		out[name] = value
	}
	return out, b.given(o.Level, out)
}

// given refuses values that lack one which a rule of the level reads. An
// empty level stands for all rules.
func (b *Bundle) given(level string, values map[string]any) error {
	for _, r := range b.rules {
		if _, asked := b.levels[level].Rules[r.ID]; level != "" && !asked {
			continue
		}
		for _, name := range r.Parameters {
			if _, ok := values[name]; !ok {
				return fmt.Errorf("rule %s reads parameter %s, and nobody gave it\nhint: set parameters.%s in the verifier file", r.ID, name, name)
			}
		}
	}
	return nil
}
