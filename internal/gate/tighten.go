package gate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
)

// tighten merges the parameters that a project asks for into the policy's and
// the verifier file's: of two values the stricter one holds, so that a project
// can add and take nothing away. What has no stricter side is refused.
func tighten(values, asked map[string]any) (map[string]any, error) {
	out := maps.Clone(values)
	for _, name := range slices.Sorted(maps.Keys(asked)) {
		merge, ok := stricter()[name]
		if !ok {
			return nil, fmt.Errorf("%w: policy.parameters.%s is nothing that a project may set\nhint: one of %v", ErrUsage, name, slices.Sorted(maps.Keys(stricter())))
		}
		v, err := merge(out[name], asked[name])
		if err != nil {
			return nil, fmt.Errorf("%w: policy.parameters.%s: %w", ErrUsage, name, err)
		}
		out[name] = v
	}
	return out, nil
}

// stricter makes, for each parameter, one value of two that holds both.
func stricter() map[string]func(is, asked any) (any, error) {
	return map[string]func(is, asked any) (any, error){
		"allowed_formats":  inBoth,
		"least":            bothLeasts,
		"min_rows":         atLeast,
		rescoreParameter:   moreRows,
		toleranceParameter: closer,
	}
}

func atLeast(is, asked any) (any, error) {
	var a, b float64
	if err := reread(is, &a); err != nil {
		return nil, err
	}
	if err := reread(asked, &b); err != nil {
		return nil, err
	}
	return math.Max(a, b), nil
}

func inBoth(is, asked any) (any, error) {
	var a, b []string
	if err := reread(is, &a); err != nil {
		return nil, err
	}
	if err := reread(asked, &b); err != nil {
		return nil, err
	}
	a = slices.DeleteFunc(a, func(s string) bool { return !slices.Contains(b, s) })
	if len(a) == 0 {
		return nil, fmt.Errorf("it leaves nothing of %v", is)
	}
	return a, nil
}

// least is what every spec must have, as the parameter holds it.
type least struct {
	Metrics  map[string]limit `json:"metrics,omitempty"`
	Slices   []string         `json:"slices,omitempty"`
	Fairness []string         `json:"fairness,omitempty"`
	MinRows  float64          `json:"min_rows,omitempty"`
}

type limit struct {
	Min *float64 `json:"min,omitempty"`
	Max *float64 `json:"max,omitempty"`
}

func bothLeasts(is, asked any) (any, error) {
	var a, b least
	if is != nil {
		if err := reread(is, &a); err != nil {
			return nil, err
		}
	}
	if err := reread(asked, &b); err != nil {
		return nil, err
	}
	if a.Metrics == nil {
		a.Metrics = map[string]limit{}
	}
	for name, l := range b.Metrics {
		own := a.Metrics[name]
		a.Metrics[name] = limit{Min: further(own.Min, l.Min, math.Max), Max: further(own.Max, l.Max, math.Min)}
	}
	a.Slices, a.Fairness = union(a.Slices, b.Slices), union(a.Fairness, b.Fairness)
	a.MinRows = math.Max(a.MinRows, b.MinRows)
	var out any
	err := reread(a, &out)
	return out, err
}

func further(a, b *float64, of func(x, y float64) float64) *float64 {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	v := of(*a, *b)
	return &v
}

func union(a, b []string) []string {
	all := append(slices.Clone(a), b...)
	slices.Sort(all)
	return slices.Compact(all)
}

// reread takes a value over as another type, by its JSON; what that type has
// no place for is refused.
func reread(from, to any) error {
	text, err := json.Marshal(from)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	return d.Decode(to)
}
