package gate

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTighten(t *testing.T) {
	values := map[string]any{
		"min_rows":          30.0,
		"allowed_formats":   []any{"json", "onnx"},
		"rescore":           map[string]any{"rows": 100.0},
		"rescore_tolerance": map[string]any{"absolute": 0.0, "relative": 1e-6, "share": 0.01},
		"least":             map[string]any{"metrics": map[string]any{"recall": map[string]any{"min": 0.5}}, "slices": []any{"sex"}},
	}
	for name, test := range map[string]struct {
		asked map[string]any
		want  any
		of    string
	}{
		"more rows":            {map[string]any{"min_rows": 100}, 100.0, "min_rows"},
		"fewer rows":           {map[string]any{"min_rows": 1}, 30.0, "min_rows"},
		"fewer formats":        {map[string]any{"allowed_formats": []any{"json", "pickle"}}, []string{"json"}, "allowed_formats"},
		"more to rescore":      {map[string]any{"rescore": map[string]any{"rows": 200}}, map[string]any{"rows": 200.0}, "rescore"},
		"all to rescore":       {map[string]any{"rescore": map[string]any{"rows": "all"}}, map[string]any{"rows": "all"}, "rescore"},
		"less to rescore":      {map[string]any{"rescore": map[string]any{"rows": 1}}, map[string]any{"rows": 100.0}, "rescore"},
		"none to rescore":      {map[string]any{"rescore": map[string]any{}}, map[string]any{"rows": 100.0}, "rescore"},
		"closer scores":        {map[string]any{"rescore_tolerance": map[string]any{"relative": 1e-9}}, map[string]any{"absolute": 0.0, "relative": 1e-9, "share": 0.01}, "rescore_tolerance"},
		"looser scores":        {map[string]any{"rescore_tolerance": map[string]any{"absolute": 1, "relative": 1, "share": 0.5}}, map[string]any{"absolute": 0.0, "relative": 1e-6, "share": 0.01}, "rescore_tolerance"},
		"a higher floor":       {map[string]any{"least": map[string]any{"metrics": map[string]any{"recall": map[string]any{"min": 0.7}}}}, map[string]any{"metrics": map[string]any{"recall": map[string]any{"min": 0.7}}, "slices": []any{"sex"}}, "least"},
		"a lower floor":        {map[string]any{"least": map[string]any{"metrics": map[string]any{"recall": map[string]any{"min": 0.1}}}}, map[string]any{"metrics": map[string]any{"recall": map[string]any{"min": 0.5}}, "slices": []any{"sex"}}, "least"},
		"a ceiling and slices": {map[string]any{"least": map[string]any{"metrics": map[string]any{"log_loss": map[string]any{"max": 0.4}}, "slices": []any{"age"}}}, map[string]any{"metrics": map[string]any{"recall": map[string]any{"min": 0.5}, "log_loss": map[string]any{"max": 0.4}}, "slices": []any{"age", "sex"}}, "least"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := tighten(values, test.asked)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got[test.of]); diff != "" {
				t.Errorf("%s (-want +got):\n%s", test.of, diff)
			}
		})
	}
	for name, test := range map[string]struct {
		asked map[string]any
		want  string
	}{
		"unknown name":      {map[string]any{"alow": 1}, "policy.parameters.alow is nothing that a project may set"},
		"no format is left": {map[string]any{"allowed_formats": []any{"pickle"}}, "leaves nothing"},
		"wrong type":        {map[string]any{"min_rows": "many"}, "policy.parameters.min_rows"},
		"no number of rows": {map[string]any{"rescore": map[string]any{"rows": "most"}}, `"most" is neither a number of rows nor all`},
		"part of no share":  {map[string]any{"rescore_tolerance": map[string]any{"rows": 1}}, `unknown field "rows"`},
		"unknown key":       {map[string]any{"least": map[string]any{"metric": 1}}, `unknown field "metric"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := tighten(values, test.asked)
			if !errors.Is(err, ErrUsage) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v; want a usage error with %q", err, test.want)
			}
		})
	}
}
