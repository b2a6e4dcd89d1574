package cli

import (
	"bytes"
	"testing"

	"github.com/weighlock/weighlock/internal/evaluate"
)

// TestSearchedIsTold: what was found stands in columns, and what keeps a search
// from finding anything is said.
func TestSearchedIsTold(t *testing.T) {
	found := []evaluate.FoundSlice{
		{By: "region*device", Group: "north*phone", Rows: 114, Loss: 0.4779, Rest: 0.13512, Effect: 2.41, P: 1e-38, Adjusted: 2.9e-36},
		{By: "age:q4", Group: "[-inf,25)\x1b[31m", Rows: 1200, Loss: 0.25, Rest: 0.2, Effect: 0.21, P: 1e-5, Adjusted: 0.0123},
	}
	for name, c := range map[string]struct {
		search *evaluate.Search
		want   string
	}{
		"an evaluation of before there was a search": {nil, ""},
		"two were found": {
			&evaluate.Search{Status: "ok", Loss: "squared_error", Tried: 23, Complete: true, Found: found}, `
Slices that nobody declared, worse than the rest beyond chance over all 23 of them
  region*device=north*phone  squared error 0.4779, else 0.1351  effect 2.4   n=114   p=2.9e-36 corrected
  age:q4=[-inf,25)·[31m      squared error 0.25, else 0.2       effect 0.21  n=1200  p=0.012 corrected
`},
		"none was found": {
			&evaluate.Search{Status: "ok", Tried: 23, Complete: true},
			"\nSlices that nobody declared: none stands out as worse, of 23 that were looked at\n",
		},
		"it was cut short": {
			&evaluate.Search{Status: "ok", Tried: 10000},
			"\nSlices that nobody declared: none stands out as worse, of 10000 that were looked at; the search was cut short\n",
		},
		"there is none": {
			&evaluate.Search{Status: "ok", Complete: true},
			"\nSlices that nobody declared: there was none to look at, since no column of the test set has groups of enough rows\n",
		},
		"it could not be": {
			&evaluate.Search{Status: "no_labels", Detail: "3 rows have no label"},
			"\nSlices that nobody declared were not searched: 3 rows have no label\n",
		},
	} {
		var out bytes.Buffer
		a := &app{env: Env{Out: &out}}
		if err := a.searched(c.search); err != nil || out.String() != c.want {
			t.Errorf("%s: got %q, %v; want %q", name, out.String(), err, c.want)
		}
	}
}
