package project

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestExplanationsOfASpec: the spec has every default, and not the file, which
// is the evaluation's, as that of the predictions is.
func TestExplanationsOfASpec(t *testing.T) {
	half, one := 0.5, 1.0
	for name, c := range map[string]struct {
		data, explanations string
		file               string
		want               Explanations
	}{
		"as little as there may be": {
			"file: test.csv, label: y", "file: ./r.csv, codes: [r], catalogue: [a, \"07\"]", "r.csv",
			Explanations{Codes: []string{"r"}, Catalogue: []string{"a", "07"}, For: "all", Min: &one},
		},
		"the predictions' own ids": {
			"file: test.csv, id: k, label: y", "file: r.csv, importances: {prefix: s_}, for: positive, min: 0.5", "r.csv",
			Explanations{ID: "key", Importances: &Importances{Prefix: "s_"}, For: "positive", Min: &half},
		},
		"ids of their own": {
			"file: test.csv, id: k, label: y", "file: r.csv, id: account, importances: {prefix: s_}", "r.csv",
			Explanations{ID: "account", Importances: &Importances{Prefix: "s_"}, For: "all", Min: &one},
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := load(t, "name: m\ntask: binary\nfile: model.onnx\ndata: {test: {"+c.data+"}}\npredictions: {file: p.csv, column: p, id: key, threshold: 0.5, explanations: {"+c.explanations+"}}\n")
			if got := p.Predictions.Explanations.File; got != c.file {
				t.Errorf("got file %s; want %s", got, c.file)
			}
			s, err := p.Spec("sha256:" + pin)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&c.want, s.Predictions.Explanations); diff != "" {
				t.Errorf("explanations (-want +got):\n%s", diff)
			}
		})
	}
}
