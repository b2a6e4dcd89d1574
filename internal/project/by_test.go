package project

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseBy(t *testing.T) {
	for text, want := range map[string]By{
		"region":       {Parts: []Cut{{Text: "region", Column: "region"}}},
		"age:25":       {Parts: []Cut{{Text: "age:25", Column: "age", Edges: []float64{25}}}},
		"age:10":       {Parts: []Cut{{Text: "age:10", Column: "age", Edges: []float64{10}}}},
		"age:-1.5,40":  {Parts: []Cut{{Text: "age:-1.5,40", Column: "age", Edges: []float64{-1.5, 40}}}},
		"age:q10":      {Parts: []Cut{{Text: "age:q10", Column: "age", Quantiles: 10}}},
		"as_of:month":  {Parts: []Cut{{Text: "as_of:month", Column: "as_of", Period: "month"}}},
		"the region":   {Parts: []Cut{{Text: "the region", Column: "the region"}}},
		"sex*age:25":   {Parts: []Cut{{Text: "sex", Column: "sex"}, {Text: "age:25", Column: "age", Edges: []float64{25}}}},
		"sex|age:q4*r": {Parts: []Cut{{Text: "sex", Column: "sex"}}, Within: []Cut{{Text: "age:q4", Column: "age", Quantiles: 4}, {Text: "r", Column: "r"}}},
	} {
		want.Text = text
		got, found, expected := ParseBy(text)
		if found != "" || expected != "" {
			t.Errorf("%s: found %s, expected %s; want it read", text, found, expected)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
}

func TestParseByRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"age:2,1":     "bin edges 2,1, expected numbers that ascend",
		"age:month,1": "bin edges month,1, expected numbers that ascend",
		"age:":        "bin edges , expected numbers that ascend",
		"age:q1":      "bins q1, expected q2 to q100, for so many bins of equal count",
		"age:q101":    "bins q101, expected q2 to q100, for so many bins of equal count",
		"a*":          `text "a*", expected columns with * between them, and at most one | before the strata`,
		"|a":          `text "", expected columns with * between them, and at most one | before the strata`,
		"a|b|c":       `text "b|c", expected columns with * between them, and at most one | before the strata`,
		":25":         `text ":25", expected columns with * between them, and at most one | before the strata`,
		"a*a:25":      "column a twice in a*a:25, expected each column once",
		"a|a:25":      "column a twice in a|a:25, expected each column once",
	} {
		_, found, expected := ParseBy(text)
		if got := found + ", expected " + expected; got != want {
			t.Errorf("%s: got %s; want %s", text, got, want)
		}
	}
}

func TestColumnsOfAnEntry(t *testing.T) {
	for text, want := range map[string]string{
		"region": "region", "age:25,40": "age", "region*age:q4": "region*age", "sex*region|income:q4*as_of:year": "sex*region|income*as_of",
	} {
		if by, _, _ := ParseBy(text); by.Columns() != want {
			t.Errorf("%s: got %s; want %s", text, by.Columns(), want)
		}
	}
}

func TestExpandCrossesEveryColumn(t *testing.T) {
	for _, c := range []struct {
		name  string
		by    string
		order int
		want  string
	}{
		{"none is asked for", "a b", 1, "a b"},
		{"not said", "a b", 0, "a b"},
		{"pairs", "a b:1 c", 2, "a b:1 c a*b:1 a*c b:1*c"},
		{"pairs and triples", "a b c", 3, "a b c a*b a*c b*c a*b*c"},
		{"more than there are", "a b", 4, "a b a*b"},
		{"one that is named the other way round", "a b b*a c", 2, "a b b*a c a*c b*c"},
		{"one that is cut otherwise", "a b:1 a*b:q4", 2, "a b:1 a*b:q4"},
		{"one that cannot be read", "a b:2,1 c", 2, "a b:2,1 c a*c"},
	} {
		if got := strings.Join(expand(strings.Fields(c.by), c.order), " "); got != c.want {
			t.Errorf("%s: got %s; want %s", c.name, got, c.want)
		}
	}
}

func TestSpecWritesCrossingsOut(t *testing.T) {
	p := load(t, minimal+scored+"spec:\n  slices: {by: [region, \"age:25\", sex], order: 2, recall: {max_gap_best: 0.2}}\n  fairness: {by: [sex, \"sex|region\"], reference: {sex: majority}, tpr_ratio: {min: 0.8}}\n")
	s := p.spec()
	best, ratio := 0.2, 0.8
	want := &Slices{
		By: []string{"region", "age:25", "sex", "region*age:25", "region*sex", "age:25*sex"}, Order: 2,
		MinRows: 100, TooSmall: "undecided", Metrics: map[string]SliceLimit{"recall": {MaxGapBest: &best}},
	}
	if diff := cmp.Diff(want, s.Slices); diff != "" {
		t.Errorf("slices (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(&Fairness{By: []string{"sex", "sex|region"}, Reference: map[string]string{"sex": "majority"}, MinRows: 100, Metrics: map[string]Limit{"tpr_ratio": {Min: &ratio}}}, s.Fairness); diff != "" {
		t.Errorf("fairness (-want +got):\n%s", diff)
	}
	one := load(t, minimal+scored+"spec: {slices: {by: [a, b], order: 1, recall: {min: 0.2}}}\n").spec()
	none := load(t, minimal+scored+"spec: {slices: {by: [a, b], recall: {min: 0.2}}}\n").spec()
	first, err := one.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	second, err := none.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	if string(first) != string(second) {
		t.Errorf("order 1 and none differ:\n%s\n%s", first, second)
	}
}

func TestSpecThatLacksACrossingIsRefused(t *testing.T) {
	s := load(t, minimal+scored+"spec: {slices: {by: [a, b, c], order: 2, recall: {min: 0.2}}}\n").spec()
	s.Test.Digest = "sha256:" + strings.Repeat("0", 64)
	whole, err := s.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ParseSpec(whole); err != nil {
		t.Errorf("whole: %v", err)
	}
	_, err = ParseSpec([]byte(strings.Replace(string(whole), `,"a*c"`, "", 1)))
	if err == nil || !strings.Contains(err.Error(), "spec.slices.by: found no a*c, expected every crossing of 2 columns, for order 2") {
		t.Errorf("got %v; want the crossing that is missing", err)
	}
}

const scored = "predictions: {file: p.csv, column: p, threshold: 0.5}\n"

func TestRefusesBy(t *testing.T) {
	for name, tt := range map[string]struct{ spec, want string }{
		"strata in slices":               {`slices: {by: ["a|b"], recall: {min: 0.1}}`, "spec.slices.by[0]: found strata a|b, expected columns with * between them; only fairness compares within strata"},
		"a crossing a second time":       {`slices: {by: ["a*b", "b*a:1"], recall: {min: 0.1}}`, "spec.slices.by[1]: found column b*a a second time, expected each column once"},
		"a crossing of nothing":          {`slices: {by: ["a*"], recall: {min: 0.1}}`, `found text "a*", expected columns with * between them`},
		"one bin":                        {`slices: {by: ["a:q1"], recall: {min: 0.1}}`, "found bins q1, expected q2 to q100"},
		"order beyond the columns":       {`slices: {by: [a, b], order: 3, recall: {min: 0.1}}`, "spec.slices.order: found order 3 over 2 of the columns in by, expected at least as many columns as are crossed"},
		"order of one column":            {`slices: {by: [a], order: 2, recall: {min: 0.1}}`, "spec.slices.order: found order 2 over 1 of the columns in by"},
		"best of what is no better":      {`slices: {by: [a], selection_rate: {max_gap_best: 0.1}}`, "spec.slices.selection_rate.max_gap_best: found metric selection_rate, expected one of which some values are better than others"},
		"gap to best that every one has": {`slices: {by: [a], recall: {max_gap_best: 1}}`, "spec.slices.recall.max_gap_best: found a limit that every model meets"},
		"reference for another column":   {`fairness: {by: [sex], reference: {sax: m}, tpr_ratio: {min: 0.8}}`, "spec.fairness.reference: found a reference for sax, expected one for an entry of by: sex"},
		"ratio that every model meets":   {`fairness: {by: [sex], fpr_ratio: {min: 0}}`, "spec.fairness.fpr_ratio.min: found a limit that every model meets"},
		"calibration as a ratio":         {`fairness: {by: [sex], calibration_ratio: {min: 0.8}}`, "found an unknown field"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Load(folder(t, map[string]string{"weighlock.yaml": minimal + scored + "spec: {" + tt.spec + "}\n"}))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v; want %s", err, tt.want)
			}
		})
	}
	without := strings.Replace(scored, ", threshold: 0.5", "", 1)
	load(t, minimal+without+"spec: {fairness: {by: [sex], calibration_difference: {max: 0.1}}}\n")
}
