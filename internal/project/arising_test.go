package project

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weighlock/weighlock/schema"
)

// TestHowLabelsAriseIsRefused shows what a project file must say with what
// else.
func TestHowLabelsAriseIsRefused(t *testing.T) {
	for name, tt := range map[string]struct{ task, test, want string }{
		"a propensity of no decision":     {"binary", ", label: y, propensity: p", "6:44: data.test.propensity: found no data.test.decision, expected the column of the decision whose probability it is"},
		"a value of no decision":          {"binary", ", label: y, decided: yes", "data.test.decided: found no data.test.decision, expected the column that holds this value where a row has a label"},
		"a propensity and a weight":       {"binary", ", label: y, weight: w, decision: d, propensity: p", "data.test.weight: found data.test.propensity beside it, expected one of the two"},
		"a propensity of a ranking":       {"ranking", ", label: y, group: q, decision: d, propensity: p", "data.test.propensity: found a field that task ranking does not have, expected it for binary, multiclass, multilabel and regression only"},
		"a decision of generated text":    {"generative", ", decision: d", "data.test.decision: found a field that task generative does not have"},
		"a label that matures from when":  {"binary", ", label: y, matures: 90d, labelled: 2026-06-30", "data.test.matures: found no data.test.time, expected the column of dates from which it counts"},
		"a label that matures until when": {"binary", ", label: y, time: t, matures: 90d", "data.test.matures: found no data.test.labelled, expected the day on which the labels were read"},
		"labels that take no time":        {"binary", ", label: y, time: t, labelled: 2026-06-30", "data.test.labelled: found no data.test.matures, expected how long a label can still change, such as 90d"},
		"a duration in words":             {"binary", ", label: y, time: t, matures: three months, labelled: 2026-06-30", `data.test.matures: found text "three months"`},
		"a duration of nothing":           {"binary", ", label: y, time: t, matures: 0d, labelled: 2026-06-30", `data.test.matures: found text "0d"`},
		"a day that there is not":         {"binary", ", label: y, time: t, matures: 90d, labelled: 2026-02-30", `data.test.labelled: found "2026-02-30", expected a day such as 2026-06-30, or a moment such as 2026-06-30T08:00:00Z`},
		"a month":                         {"binary", ", label: y, time: t, matures: 90d, labelled: 2026-06", `data.test.labelled: found text "2026-06"`},
	} {
		t.Run(name, func(t *testing.T) {
			dir := folder(t, map[string]string{"weighlock.yaml": of(tt.task, tt.test, good[tt.task][1], "")})
			_, err := Load(dir)
			var found schema.Errors
			if !errors.As(err, &found) || len(found) != 1 {
				t.Fatalf("got %v; want one problem", err)
			}
			if got := strings.ReplaceAll(err.Error(), filepath.Join(dir, "weighlock.yaml")+":", ""); !strings.Contains(got, tt.want) {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

// TestHowLabelsAriseInASpec: the spec says what the project file says, with the
// value of the decision written out.
func TestHowLabelsAriseInASpec(t *testing.T) {
	digest := "sha256:" + strings.Repeat("a", 64)
	for text, want := range map[string]string{
		", label: y, decision: granted, propensity: p":                                 `"decided":"1","decision":"granted","digest":"` + digest + `","file":"test.csv","id":"id","label":"y","positive":"1","propensity":"p"`,
		", label: y, decision: granted, decided: yes":                                  `"decided":"yes","decision":"granted","digest":"` + digest + `","file":"test.csv","id":"id","label":"y","positive":"1"}`,
		", label: y, time: as_of, matures: 90d, labelled: 2026-06-30":                  `"label":"y","labelled":"2026-06-30","matures":"90d","positive":"1","time":"as_of"`,
		`, label: y, time: as_of, matures: 12h, labelled: "2026-06-30T08:00:00+02:00"`: `"labelled":"2026-06-30T08:00:00+02:00","matures":"12h"`,
		`, label: y, time: as_of, matures: 999999w, labelled: "2026-06-30T08:00:00Z"`:  `"matures":"999999w"`,
	} {
		s, err := load(t, of("binary", text, good["binary"][1], "")).Spec(digest)
		if err != nil {
			t.Fatal(err)
		}
		bytes, err := s.Canonical()
		if err != nil || !strings.Contains(string(bytes), want) {
			t.Errorf("got %s, %v; want %s", bytes, err, want)
		}
		if _, err := ParseSpec(bytes); err != nil {
			t.Error(err)
		}
	}
}

func TestDurationsOfLabels(t *testing.T) {
	for text, want := range map[string]float64{"90d": 90 * 24, "6w": 6 * 7 * 24, "12h": 12, "999999w": 0, "": 0, "d": 0, "3m": 0, "-1d": 0, "1.5d": 0} {
		got, err := (&TestSet{Matures: text}).MaturesAfter()
		if got.Hours() != want || (err == nil) != (want > 0) {
			t.Errorf("%q: got %v, %v; want %v hours", text, got, err, want)
		}
	}
}
