package policy

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/weighlock/weighlock/internal/verdict"
)

func TestSurv(t *testing.T) {
	b := library(t)
	var paths [][]any
	var walk func(v any, at []any)
	walk = func(v any, at []any) {
		if len(at) > 0 {
			paths = append(paths, slices.Clone(at))
		}
		switch v := v.(type) {
		case map[string]any:
			for _, k := range slices.Sorted(maps.Keys(v)) {
				walk(v[k], append(at, k))
			}
		case []any:
			for i := range v {
				walk(v[i], append(at, i))
			}
		}
	}
	walk(decoded(t, fullInput(t)), nil)
	fmt.Println(len(paths))
	surv := map[string]int{}
	for _, p := range paths {
		doc := decoded(t, fullInput(t))
		remove(doc, p)
		text, _ := json.Marshal(doc)
		checks, err := b.Evaluate(t.Context(), text, Options{Level: "release"})
		if err != nil {
			continue
		}
		if verdict.Decide(checks) == verdict.Allow {
			var s []string
			for _, x := range p {
				if i, ok := x.(int); ok { _ = i; s = append(s, "*") } else { s = append(s, x.(string)) }
			}
			surv[strings.Join(s, ".")]++
		}
	}
	for _, k := range slices.Sorted(maps.Keys(surv)) {
		fmt.Println(k, surv[k])
	}
}

func remove(doc any, p []any) any {
	switch v := doc.(type) {
	case map[string]any:
		if len(p) == 1 {
			delete(v, p[0].(string))
		} else {
			v[p[0].(string)] = remove(v[p[0].(string)], p[1:])
		}
		return v
	case []any:
		i := p[0].(int)
		if len(p) == 1 {
			return slices.Delete(v, i, i+1)
		}
		v[i] = remove(v[i], p[1:])
		return v
	}
	return doc
}
