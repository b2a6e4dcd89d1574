package evaluate

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/project"
)

// loan is a row of a lender: what the score says, whether the loan was granted
// and with which probability, and whether it was repaid, which only a granted
// one shows.
type loan struct {
	id, region    string
	score         float64
	granted, paid bool
	propensity    float64 // of what was decided
}

// loans are n rows that were granted by chance, the more often the higher the
// lender's own score, by the function from scores to probabilities.
func loans(n int, grant func(score float64) float64) []loan {
	rng := rand.New(rand.NewPCG(7, uint64(n)))
	all := make([]loan, n)
	for i := range all {
		x := rng.Float64()
		l := loan{id: fmt.Sprintf("%05d", i), region: []string{"north", "south"}[i%2], score: math.Round(1e4*x) / 1e4, paid: rng.Float64() < 0.1+0.8*x, propensity: grant(x)}
		if l.granted = rng.Float64() < l.propensity; !l.granted {
			l.propensity = 1 - l.propensity
		}
		all[i] = l
	}
	return all
}

// files are the test set, with labels where the function says so, and the
// predictions.
func lent(all []loan, labelled func(loan) bool) (test, predictions string) {
	var t, p strings.Builder
	t.WriteString("id,region,granted,p,day,y\n")
	p.WriteString("id,p\n")
	for i, l := range all {
		y := ""
		if labelled(l) {
			y = fmt.Sprint(indicator(l.paid))
		}
		fmt.Fprintf(&t, "%s,%s,%v,%v,2026-%02d-%02d,%s\n", l.id, l.region, indicator(l.granted), l.propensity, 1+i%6, 1+i%28, y)
		fmt.Fprintf(&p, "%s,%v\n", l.id, l.score)
	}
	return t.String(), p.String()
}

func granted(l loan) bool { return l.granted }

func lenderRequest(t *testing.T, all []loan, labelled func(loan) bool, change func(*project.Spec)) Request {
	t.Helper()
	test, predictions := lent(all, labelled)
	r := request(t, test, predictions)
	r.Spec.Metrics = map[string]project.Limit{"recall": {Min: ptr(0.1)}, "selection_rate": {Min: ptr(0.1)}, "accuracy": {Min: ptr(0.1)}}
	if change != nil {
		change(r.Spec)
	}
	return r
}

func byChance(float64) float64 { return 0.5 }

func byScore(x float64) float64 { return 0.2 + 0.6*x }

// byRule grants by score alone, but for a rare exception.
func byRule(x float64) float64 {
	if x > 0.5 {
		return 0.999
	}
	return 0.001
}

func decision(s *project.Spec) { s.Test.Decision, s.Test.Decided = "granted", "1" }

func propensity(s *project.Spec) {
	decision(s)
	s.Test.Propensity = "p"
}

func TestLabelsThatSayTooLittle(t *testing.T) {
	for name, tc := range map[string]struct {
		all      []loan
		labelled func(loan) bool
		change   func(*project.Spec)
		found    bool
		detail   string // of recall, after how many are missing
	}{
		"missing at random":                            {loans(400, byChance), granted, nil, false, ""},
		"only where the model itself decides positive": {loans(400, byChance), func(l loan) bool { return l.score >= 0.5 }, nil, true, "labels exist only where the model decides positive"},
		"only where the model itself decides negative": {loans(400, byChance), func(l loan) bool { return l.score < 0.5 }, nil, true, "labels exist only where the model decides negative"},
		"more often where the model decides positive": {loans(400, byScore), granted, nil, true,
			"labels are selective: 62.5 % of the rows where the model decides positive have one, and 31.8 % where the model decides negative"},
		"only below a score that is not the threshold": {loans(400, byChance), func(l loan) bool { return l.score < 0.9 && l.score > 0.1 }, nil, true, ""},
		"only where a loan was granted":                {loans(400, byChance), granted, decision, true, "labels exist only where granted=1"},
		"all labels, of those who were granted one": {onlyGranted(loans(400, byChance)), granted, decision, true,
			"labels are selective: all 197 rows of test.csv have the same granted, so those that were decided otherwise are left out"},
		"propensities that overlap too little": {loans(400, byRule), granted, propensity, true,
			"labels exist only where granted=1; weighting does not mend it: the mean weight is 0.518 instead of 1: the propensities are wrong, or the policy takes decisions that are never logged"},
		"propensities, and an outcome that is still missing": {loans(400, byChance), func(l loan) bool { return l.granted && l.id != firstGranted }, propensity, true,
			"labels exist only where granted=1; weighting does not mend it: 1 rows with granted=1 have no label"},
		"few rows with propensities": {loans(90, byChance), granted, propensity, true,
			"labels exist only where granted=1; weighting does not mend it: the effective sample size is 46 of 90 rows: at least 50 are needed"},
		"granted to all, with propensities": {onlyGranted(loans(400, byChance)), granted, propensity, true,
			"labels are selective: all 197 rows of test.csv have the same granted, so those that were decided otherwise are left out"},
	} {
		t.Run(name, func(t *testing.T) {
			got := run(t, lenderRequest(t, tc.all, tc.labelled, tc.change))
			for _, metric := range []string{"recall", "accuracy"} {
				m := find(t, got, metric)
				if m.Status != StatusNoLabels || m.Value != nil || !strings.HasSuffix(m.Detail, tc.detail) {
					t.Errorf("%s: got %s: %s; want no_labels: ... %s", metric, m.Status, m.Detail, tc.detail)
				}
			}
			if m := find(t, got, "selection_rate"); m.Status != StatusOK || m.N != len(tc.all) {
				t.Errorf("selection_rate: got %s of %d; want it of all rows", m.Status, m.N)
			}
			s := got.Evaluation.Selection
			if s == nil || s.Found != tc.found || s.Rows != len(tc.all) || !strings.HasPrefix(s.Detail, find(t, got, "recall").Detail) {
				t.Errorf("got %+v; want found %v", s, tc.found)
			}
		})
	}
}

// firstGranted is the first of 400 rows by chance that was granted a loan.
var firstGranted = func() string {
	for _, l := range loans(400, byChance) {
		if l.granted {
			return l.id
		}
	}
	return ""
}()

func onlyGranted(all []loan) (out []loan) {
	for _, l := range all {
		if l.granted {
			out = append(out, l)
		}
	}
	return out
}

// TestLabelsThatSpeakForAll weights the labels by declared propensities, and
// compares with the sum over rows and with what all labels would say.
func TestLabelsThatSpeakForAll(t *testing.T) {
	all := loans(4000, byScore)
	got := run(t, lenderRequest(t, all, granted, func(s *project.Spec) {
		propensity(s)
		s.Slices = &project.Slices{By: []string{"region"}, MinRows: 100, Metrics: map[string]project.SliceLimit{"accuracy": {Min: ptr(0.1), MaxGap: ptr(0.5), MaxGapBest: ptr(0.5)}}}
		s.Fairness = &project.Fairness{By: []string{"region"}, MinRows: 100, Metrics: map[string]project.Limit{"tpr_difference": {Max: ptr(0.5)}, "selection_rate_difference": {Max: ptr(0.5)}}}
		s.Baseline = &project.Baseline{Kind: "prior", Metric: "accuracy", Gain: 0.01}
	}))
	whole := run(t, lenderRequest(t, all, func(loan) bool { return true }, nil))
	accuracy := func(keep func(loan) bool) float64 {
		var right, sum float64
		for _, l := range all {
			if l.granted && keep(l) {
				sum += 1 / l.propensity
				right += indicator((l.score >= 0.5) == l.paid) / l.propensity
			}
		}
		return right / sum
	}
	for item, keep := range map[string]func(loan) bool{
		"accuracy": func(loan) bool { return true }, "accuracy{region=north}": func(l loan) bool { return l.region == "north" },
	} {
		m := find(t, got, item)
		if m.Status != StatusOK || math.Abs(*m.Value-accuracy(keep)) > 1e-9 {
			t.Errorf("%s: got %s %v (%s); want %v", item, m.Status, m.Value, m.Detail, accuracy(keep))
			continue
		}
		if rows := map[string]int{"accuracy": 4000, "accuracy{region=north}": 2000}[item]; m.Rows != rows || m.N >= rows {
			t.Errorf("%s: got %d of %d rows; want some of %d", item, m.N, m.Rows, rows)
		}
		if m.Overlap == nil || m.Overlap.Problem != "" || m.Overlap.Effective < 100 || math.Abs(m.Overlap.MeanWeight-1) > 0.1 {
			t.Errorf("%s: got overlap %+v", item, m.Overlap)
		}
		if !strings.Contains(m.Detail, "by the rows where granted=1, weighted by 1/p: effective sample size ") {
			t.Errorf("%s: got detail %q", item, m.Detail)
		}
	}
	for _, item := range []string{"recall", "accuracy"} {
		m, truth := find(t, got, item), *find(t, whole, item).Value
		if !(*m.Low < truth && truth < *m.High) {
			t.Errorf("%s: got [%v, %v], which leaves out %v that all labels give", item, *m.Low, *m.High, truth)
		}
	}
	for item, want := range map[string]string{
		"accuracy gap{region=north}": StatusOK, "accuracy gap to best{region=south}": StatusOK, "accuracy vs prior": StatusOK,
		"tpr_difference{region}": StatusNoLabels, "selection_rate_difference{region}": StatusOK, "selection_rate": StatusOK,
	} {
		if m := find(t, got, item); m.Status != want {
			t.Errorf("%s: got %s: %s; want %s", item, m.Status, m.Detail, want)
		}
	}
	if m := find(t, got, "selection_rate"); m.N != len(all) || m.Overlap != nil {
		t.Errorf("selection_rate: got %+v; want it of all rows, unweighted", m)
	}
}

// TestChampionOnRowsThatLabelsSpeakFor compares on the weighted rows, and says
// that all were scored.
func TestChampionOnRowsThatLabelsSpeakFor(t *testing.T) {
	all := loans(1000, byScore)
	r := lenderRequest(t, all, granted, func(s *project.Spec) {
		propensity(s)
		s.Champion = &project.ChampionLimit{Channel: "production", Metric: "accuracy", Margin: 0.1}
	})
	var stored strings.Builder
	stored.WriteString("id,score\n")
	var ours, theirs, sum float64
	for _, l := range all {
		fmt.Fprintf(&stored, "%s,%v\n", pseudonym([]byte("key"), l.id), l.score*l.score)
		if l.granted {
			w := 1 / l.propensity
			sum += w
			ours += w * indicator((l.score >= 0.5) == l.paid)
			theirs += w * indicator((l.score*l.score >= 0.5) == l.paid)
		}
	}
	r.IDKey = []byte("key")
	r.Champion = &Champion{Channel: "production", Digest: artifact.Digest([]byte("champion")), Predictions: file(t, "champion.csv", stored.String())}
	got := run(t, r)
	m := find(t, got, "accuracy vs production")
	if m.Status != StatusOK || math.Abs(*m.Value-(ours-theirs)/sum) > 1e-9 || m.Overlap == nil || m.Flips != nil {
		t.Errorf("got %+v; want %v", m, (ours-theirs)/sum)
	}
	if c := got.Evaluation.Champion; c.Rows != len(all) {
		t.Errorf("got %d rows that both scored; want %d", c.Rows, len(all))
	}
}

// TestASliceThatLabelsDoNotSpeakFor: where nobody in the south was granted a
// loan with a probability that was declared, the south has no number.
func TestASliceThatLabelsDoNotSpeakFor(t *testing.T) {
	all := loans(2000, byChance)
	for i, l := range all {
		if l.region == "south" && i%80 != 1 {
			all[i].granted, all[i].propensity = false, 0.975
		} else if l.region == "south" {
			all[i].granted, all[i].propensity = true, 0.025
		}
	}
	got := run(t, lenderRequest(t, all, granted, func(s *project.Spec) {
		propensity(s)
		s.Slices = &project.Slices{By: []string{"region"}, MinRows: 20, Metrics: map[string]project.SliceLimit{"accuracy": {Min: ptr(0.1)}}}
	}))
	for item, want := range map[string]string{
		"accuracy{region=north}": "ok",
		"accuracy{region=south}": "no_labels: weighting does not mend it here: the effective sample size is 25 of 1000 rows: at least 50 are needed",
	} {
		m := find(t, got, item)
		if text := strings.TrimSuffix(m.Status+": "+m.Detail, ": "); text != want && (want != "ok" || m.Status != want) {
			t.Errorf("%s: got %s; want %s", item, text, want)
		}
	}
	if m := find(t, got, "accuracy{region=south}"); m.Overlap == nil || m.Overlap.Effective != 25 {
		t.Errorf("got overlap %+v; want 25 effective rows", m.Overlap)
	}
}

// TestImmatureLabels: what had not happened when the labels were read may
// happen yet, so a label of 0 says nothing.
func TestImmatureLabels(t *testing.T) {
	ripe := func(matures, read string) func(*project.Spec) {
		return func(s *project.Spec) { s.Test.Time, s.Test.Matures, s.Test.Labelled = "day", matures, read }
	}
	everyone := func(loan) bool { return true }
	for name, tc := range map[string]struct {
		change func(*project.Spec)
		want   string
	}{
		"all are old enough":               {ripe("90d", "2026-09-24"), "ok"},
		"the youngest is old by a day":     {ripe("90d", "2026-09-23"), "no_labels: 1 of 60 rows of test.csv were too young when the labels were read on 2026-09-23: a label takes 90d from day, and they are from 2026-06-26 on (line 55)"},
		"a moment":                         {ripe("12h", "2026-06-26T11:59:59Z"), "no_labels: 1 of 60 rows"},
		"weeks":                            {ripe("2w", "2026-06-01"), "no_labels: 13 of 60 rows of test.csv were too young when the labels were read on 2026-06-01: a label takes 2w from day, and they are from 2026-05-19 on (line 48)"},
		"a zone, and the moment when ripe": {ripe("12h", "2026-06-26T13:00:00+01:00"), "ok"},
	} {
		t.Run(name, func(t *testing.T) {
			all := loans(60, byChance)
			got := run(t, lenderRequest(t, all, everyone, tc.change))
			for _, metric := range []string{"recall", "accuracy"} {
				m := find(t, got, metric)
				if text := m.Status + ": " + m.Detail; !strings.HasPrefix(text, tc.want) {
					t.Errorf("%s: got %s; want %s", metric, text, tc.want)
				}
			}
			if m := find(t, got, "selection_rate"); m.Status != StatusOK {
				t.Errorf("selection_rate: got %s; want ok", m.Status)
			}
			if search := got.Evaluation.Search; tc.want != "ok" && search.Status != StatusNoLabels {
				t.Errorf("search: got %s; want no_labels", search.Status)
			}
		})
	}
}

// TestLabelsThatAreNotMatureDoNotDrift: a spec may ask how labels have changed,
// and with labels that were read too early nobody can tell.
func TestLabelsThatAreNotMatureDoNotDrift(t *testing.T) {
	all := loans(200, byChance)
	test, _ := lent(all, func(loan) bool { return true })
	for read, want := range map[string]string{"2026-12-01": StatusOK, "2026-08-01": StatusNoLabels} {
		r := lenderRequest(t, all, func(loan) bool { return true }, func(s *project.Spec) {
			s.Test.Time, s.Test.Matures, s.Test.Labelled = "day", "90d", read
			s.Train = &project.TrainSet{File: "train.csv", ID: "id", Label: "y"}
			s.Drift = &project.Drift{Method: "psi", Max: 0.2, Columns: []string{"y", "region"}}
		})
		train := file(t, "train.csv", test)
		r.Train = &train
		for _, one := range run(t, r).Drift.Results {
			if expected := map[string]string{"y": want, "region": StatusOK}[one.Item]; one.Status != expected {
				t.Errorf("labels of %s, drift of %s: got %s: %s; want %s", read, one.Item, one.Status, one.Detail, expected)
			}
		}
	}
}

func TestArisingRefuses(t *testing.T) {
	test := func(rows string) string { return "id,granted,p,day,y\n" + rows }
	for name, tc := range map[string]struct {
		rows   string
		change func(*project.Spec)
		want   string
	}{
		"a label of a loan that nobody granted": {"a,1,.5,2026-01-01,1\nb,0,.5,2026-01-01,0\n", decision,
			"test.csv: line 3, column y: a label, though granted is 0, and only granted=1 shows one\nhint: leave the label empty where nobody saw what came of it"},
		"no decision":           {"a,1,.5,2026-01-01,1\nb,,.5,2026-01-01,\n", decision, "test.csv: line 3, column granted: a row without a decision"},
		"no propensity":         {"a,1,.5,2026-01-01,1\nb,0,,2026-01-01,\n", propensity, "test.csv: line 3, column p: a row without a propensity"},
		"a propensity of 0":     {"a,1,.5,2026-01-01,1\nb,0,0,2026-01-01,\n", propensity, "test.csv: line 3, column p: 0 is no propensity"},
		"a propensity above 1":  {"a,1,1.5,2026-01-01,1\nb,0,.5,2026-01-01,\n", propensity, "test.csv: line 2, column p: 1.5 is no propensity"},
		"a propensity of NaN":   {"a,1,NaN,2026-01-01,1\nb,0,.5,2026-01-01,\n", propensity, "test.csv: line 2, column p: NaN is no propensity"},
		"a propensity in words": {"a,1,often,2026-01-01,1\nb,0,.5,2026-01-01,\n", propensity, "test.csv: line 2, column p: \"often\" is not a number"},
		"no date": {"a,1,.5,2026-01-01,1\nb,0,.5,,\n", func(s *project.Spec) { s.Test.Time, s.Test.Matures, s.Test.Labelled = "day", "90d", "2026-09-01" },
			"test.csv: line 3, column day: a row without a date, and data.test.matures counts from it"},
		"a date in words": {"a,1,.5,2026-01-01,1\nb,0,.5,soon,\n", func(s *project.Spec) { s.Test.Time, s.Test.Matures, s.Test.Labelled = "day", "90d", "2026-09-01" },
			`test.csv: line 3, column day: "soon" is no date, and data.test.matures counts from it`},
		"a number for a date": {"a,1,.5,2026-01-01,1\nb,0,.5,2026-01-01,\n", func(s *project.Spec) { s.Test.Time, s.Test.Matures, s.Test.Labelled = "p", "90d", "2026-09-01" },
			"test.csv: column p: the column holds values of kind number, not dates, and data.test.matures counts from it"},
		"a column that is not there": {"a,1,.5,2026-01-01,1\n", func(s *project.Spec) { s.Test.Decision = "allowed" }, `no column "allowed"`},
		"a time that nobody can tell": {"a,1,.5,2026-01-01,1\n", func(s *project.Spec) { s.Test.Time, s.Test.Matures, s.Test.Labelled = "day", "999999w", "2026-09-01" },
			`"999999w" is no number of weeks, days or hours`},
		"a day that there is not": {"a,1,.5,2026-01-01,1\n", func(s *project.Spec) { s.Test.Time, s.Test.Matures, s.Test.Labelled = "day", "9w", "2026-02-30" },
			`parsing time "2026-02-30"`},
	} {
		t.Run(name, func(t *testing.T) {
			r := request(t, test(tc.rows), "id,p\na,.5\nb,.4\n")
			tc.change(r.Spec)
			_, err := Run(context.Background(), r)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v; want %s", err, tc.want)
			}
		})
	}
}
