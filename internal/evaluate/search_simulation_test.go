package evaluate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/weighlock/weighlock/internal/project"
)

// planted is a kind of data in which a fault can be planted: line writes row i
// of the test set, without id and slices, and of the predictions.
type planted struct {
	task, test, predictions string // and the columns of both
	loss                    string
	rows                    int
	metric                  string
	set                     func(*project.Spec)
	line                    func(s *plantedRow) (test, said string)
}

// plantedRow is what line may know: unit is the row's unit of some rows each,
// which lies in one region, own the unit's own deviation.
type plantedRow struct {
	*rand.Rand
	i, unit int
	own     float64
	faulty  bool
	lasting [8]float64 // what is left in each series of earlier errors
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

func (s *plantedRow) happens(p float64) int {
	if s.Float64() < p {
		return 1
	}
	return 0
}

// score is a probability, and an outcome that follows it but where the row is
// faulty, by so much more as deviation says.
func (s *plantedRow) score(deviation float64) (p float64, y int) {
	x := 1.5 * s.NormFloat64()
	p = sigmoid(x)
	if s.faulty {
		return p, s.happens(0.5)
	}
	return p, s.happens(sigmoid(x + deviation))
}

func (s *plantedRow) binary(deviation float64) (test, said string) {
	p, y := s.score(deviation)
	return fmt.Sprintf("%d,%.3f", y, math.Exp(s.NormFloat64()/2)), fmt.Sprintf("%.5f", p)
}

func (s *plantedRow) classes() (y string, p [3]float64) {
	sum := 0.0
	for k := range p {
		p[k] = math.Exp(1.5 * s.NormFloat64())
		sum += p[k]
	}
	for k := range p {
		p[k] /= sum
	}
	u := s.Float64()
	k := 0
	for ; k < 2 && u > p[k]; k++ {
		u -= p[k]
	}
	if s.faulty {
		k = s.IntN(3)
	}
	return string("abc"[k]), p
}

var plantedKinds = map[string]planted{
	"binary":   {task: "binary", test: "y,w", predictions: "p", loss: "squared_error", rows: 2000, metric: "accuracy", line: func(s *plantedRow) (string, string) { return s.binary(0) }},
	"weighted": {task: "binary", test: "y,w", predictions: "p", loss: "squared_error", rows: 2400, metric: "accuracy", set: func(s *project.Spec) { s.Test.Weight = "w" }, line: func(s *plantedRow) (string, string) { return s.binary(0) }},
	"units":    {task: "binary", test: "y,w", predictions: "p", loss: "squared_error", rows: 3000, metric: "accuracy", set: func(s *project.Spec) { s.Test.Unit = "unit" }, line: func(s *plantedRow) (string, string) { return s.binary(s.own) }},
	"multiclass": {task: "multiclass", test: "y", predictions: "p_a,p_b,p_c", loss: "log_loss", rows: 2000, metric: "accuracy", line: func(s *plantedRow) (string, string) {
		y, p := s.classes()
		return y, fmt.Sprintf("%.6f,%.6f,%.6f", p[0], p[1], 1-p[0]-p[1])
	}},
	"multiclass, decisions alone": {task: "multiclass", test: "y", predictions: "said", loss: "zero_one", rows: 2000, metric: "accuracy",
		set: func(s *project.Spec) {
			s.Predictions.Prefix, s.Predictions.Decision, s.Test.Classes = "", "said", []string{"a", "b", "c"}
		},
		line: func(s *plantedRow) (string, string) {
			y, p := s.classes()
			best := 0
			for k := range p {
				if p[k] > p[best] {
					best = k
				}
			}
			return y, string("abc"[best])
		}},
	"multilabel": {task: "multilabel", test: "a,b", predictions: "p_a,p_b", loss: "hamming_loss", rows: 2000, metric: "hamming_loss", line: func(s *plantedRow) (string, string) {
		p, y := s.score(0)
		q, z := s.score(0)
		return fmt.Sprintf("%d,%d", y, z), fmt.Sprintf("%.5f,%.5f", p, q)
	}},
	"regression": {task: "regression", test: "y", predictions: "p", loss: "absolute_error", rows: 2000, metric: "mae", line: func(s *plantedRow) (string, string) {
		p, noise := 10*s.NormFloat64(), s.NormFloat64()
		if s.faulty {
			noise *= 2
		}
		return fmt.Sprintf("%.4f", p+noise), fmt.Sprintf("%.4f", p)
	}},
	"forecasting": {task: "forecasting", test: "y,t,s", predictions: "p", loss: "absolute_scaled_error", rows: 4000, metric: "mae", set: func(s *project.Spec) { s.Test.Series = "s" }, line: func(s *plantedRow) (string, string) {
		series := s.i % 8
		large := math.Pow(10, float64(series)/4)
		s.lasting[series] = 0.5*s.lasting[series] + s.NormFloat64()
		level, noise := 3*math.Sin(float64(s.i/8)/5)+s.NormFloat64(), 0.3*s.lasting[series]
		if s.faulty {
			noise *= 2.5
		}
		return fmt.Sprintf("%.4f,%d,s%d", large*(level+noise), s.i/8, series), fmt.Sprintf("%.4f", large*level)
	}},
	"ranking": {task: "ranking", test: "y", predictions: "p", loss: "ndcg_shortfall", rows: 6000, metric: "mrr", set: func(s *project.Spec) { s.Test.Group = "unit" }, line: func(s *plantedRow) (string, string) {
		relevance := s.happens(0.3)
		p := s.NormFloat64() + 1.5*float64(relevance)
		if s.faulty {
			p = s.NormFloat64()
		}
		return fmt.Sprint(relevance), fmt.Sprintf("%.4f", p)
	}},
	"a judged column": {task: "generative", test: "note", predictions: "judge", loss: "column(judge)", rows: 1500, metric: "mean(judge)", line: func(s *plantedRow) (string, string) {
		v := 0.7 + 0.1*s.NormFloat64()
		if s.faulty {
			v -= 0.05
		}
		return "n", fmt.Sprintf("%.4f", v)
	}},
}

// TestPlantedFaultOfEachKind plants a fault in one of four regions, in data of
// each task, with weights and with units, and searches clean data too. A clean
// set has nothing worse; where rows belong to units, chance in units is no
// fault. STATS_REPLICATIONS asks for 100 seeds instead of a few.
func TestPlantedFaultOfEachKind(t *testing.T) {
	seeds := 6
	if os.Getenv("STATS_REPLICATIONS") != "" {
		seeds = 100
	}
	for name, kind := range plantedKinds {
		found, flagged := 0, 0
		for seed := range seeds {
			for _, fault := range []bool{true, false} {
				s := search(t, kind, uint64(1000+seed), fault)
				if s.Status != StatusOK || s.Loss != kind.loss || s.Tried < 19 || !s.Complete {
					t.Fatalf("%s: got %+v; want a search by %s", name, s, kind.loss)
				}
				switch {
				case len(s.Found) == 0:
				case !fault:
					flagged++
				case s.Found[0].By == "region" && s.Found[0].Group == "west":
					found++
				}
			}
		}
		t.Logf("%s: found in %d of %d seeds, something flagged in %d of %d clean sets", name, found, seeds, flagged, seeds)
		if found*100 < 95*seeds {
			t.Errorf("%s: found in %d of %d seeds; want 95 %%", name, found, seeds)
		}
		if allowed := max(1, seeds*5/100); flagged > allowed {
			t.Errorf("%s: flagged in %d of %d seeds; want at most %d", name, flagged, seeds, allowed)
		}
	}
}

// search is what is found in data of a kind.
func search(t *testing.T, kind planted, seed uint64, fault bool) *Search {
	t.Helper()
	var test, said strings.Builder
	fmt.Fprintf(&test, "id,region,device,tier,unit,%s\n", kind.test)
	fmt.Fprintf(&said, "id,%s\n", kind.predictions)
	s := &plantedRow{Rand: rand.New(rand.NewPCG(seed, uint64(len(kind.loss)))), unit: -1}
	region, device, left := "", "", 0
	for s.i = range kind.rows {
		if left == 0 {
			s.unit, s.own, left = s.unit+1, s.NormFloat64(), 4+s.IntN(5)
			region, device = []string{"north", "south", "west", "east"}[s.IntN(4)], []string{"phone", "desk", "kiosk"}[s.IntN(3)]
		}
		left--
		s.faulty = fault && region == "west"
		a, b := kind.line(s)
		fmt.Fprintf(&test, "r%d,%s,%s,%d,u%d,%s\n", s.i, region, device, s.IntN(5), s.unit, a)
		fmt.Fprintf(&said, "r%d,%s\n", s.i, b)
	}
	r := taskRequest(t, kind.task, test.String(), said.String(), kind.metric)
	r.Spec.Draws = 50
	if kind.set != nil {
		kind.set(r.Spec)
	}
	return run(t, r).Evaluation.Search
}

// TestWhatCannotBeSearched: where rows cannot be told apart by how bad they
// are, the search says so.
func TestWhatCannotBeSearched(t *testing.T) {
	for name, c := range map[string]struct {
		request Request
		want    string
	}{
		"labels that nothing decides": {
			asked(taskRequest(t, "multilabel", rowsOf("a,b", 2, "0,1", "1,0"), rowsOf("p_a,p_b", 2, ".1,.7", ".2,.3")), func(s *project.Spec) { s.Predictions.Threshold = nil }),
			"there is no threshold to decide labels by",
		},
		"queries without a relevant row": {
			taskRequest(t, "ranking", rowsOf("q,y", 20, "q1,0", "q2,0"), rowsOf("p", 20, "1", "2")),
			"no query has a relevant row",
		},
		"a column without a bad side": {
			asked(taskRequest(t, "generative", rowsOf("g", 2, "a", "b"), rowsOf("judge", 2, "1", "2")), func(s *project.Spec) {
				s.Metrics["quantile(judge,0.5)"] = project.Limit{Min: ptr(1)}
				s.Metrics["mean(judge)"] = project.Limit{Min: ptr(0), Max: ptr(3)}
			}),
			"no limit says which values of a column are bad, as that of a mean(column) or a rate(column) would",
		},
	} {
		s := run(t, c.request).Evaluation.Search
		if s.Status != StatusUndefined || s.Detail != c.want || len(s.Found) > 0 {
			t.Errorf("%s: got %+v; want undefined: %s", name, s, c.want)
		}
	}
}

func asked(r Request, change func(*project.Spec)) Request {
	change(r.Spec)
	return r
}
