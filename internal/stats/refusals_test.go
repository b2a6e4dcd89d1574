package stats

import (
	"math"
	"testing"
)

func TestSamplesAreRefused(t *testing.T) {
	half := 0.5
	binary := Binary{Positive: bools(1, 0), Score: []float64{.5, .25}, Threshold: &half, Columns: map[string][]float64{"x": {1, 2}, "short": {1}, "gap": {1, math.NaN()}}}
	with := func(change func(*Binary)) Binary {
		b := binary
		change(&b)
		return b
	}
	classes := func(change func(*Classes)) Classes {
		c := three()
		change(&c)
		return c
	}
	labels := func(change func(*Labels)) Labels {
		b := Labels{Names: []string{"a", "b"}, Is: bools(1, 0, 0, 1), Score: []float64{1, 0, 0, 1}}
		change(&b)
		return b
	}
	numbers := func(change func(*Numbers)) Numbers {
		b := Numbers{Label: []float64{1, 2}, Predicted: []float64{1, 3}, Columns: map[string][]float64{"lo": {0, 4}, "hi": {3, 3}}}
		change(&b)
		return b
	}
	queries := func(change func(*Queries)) Queries {
		q := Queries{Query: []int32{7, 7}, Relevance: []float64{1, 0}, Score: []float64{2, 1}}
		change(&q)
		return q
	}
	for _, c := range []struct {
		name, metric string
		s            rowSample
		want         string
	}{
		{"fewer scores than rows", "roc_auc", with(func(b *Binary) { b.Score = b.Score[:1] }), "1 scores for a sample of 2\nhint: give one for each"},
		{"a score that is no number", "roc_auc", with(func(b *Binary) { b.Score = []float64{1, math.NaN()} }), "the score of row 1 is NaN, which is not finite\nhint: give every row a number"},
		{"an infinite score", "roc_auc", with(func(b *Binary) { b.Score = []float64{math.Inf(-1), 1} }), "the score of row 0 is -Inf, which is not finite\nhint: give every row a number"},
		{"a score above 1 as a probability", "mce", with(func(b *Binary) { b.Score = []float64{1, 1.5} }), "row 1 has score 1.5, which is not a probability, and mce needs one\nhint: write probabilities between 0 and 1"},
		{"a decision without a threshold", "f_beta(2)", with(func(b *Binary) { b.Threshold = nil }), "f_beta(2) needs a threshold\nhint: name the operating threshold in predictions.threshold"},
		{"more weights than rows", "roc_auc", with(func(b *Binary) { b.Weight = []float64{1, 2, 3} }), "3 weights for a sample of 2\nhint: give one for each"},
		{"a negative weight", "roc_auc", with(func(b *Binary) { b.Weight = []float64{1, -2} }), "the weight of row 1 is -2\nhint: weights are finite and not negative"},
		{"a weight that is no number", "roc_auc", with(func(b *Binary) { b.Weight = []float64{math.NaN(), 1} }), "the weight of row 0 is NaN\nhint: weights are finite and not negative"},
		{"an infinite weight", "roc_auc", with(func(b *Binary) { b.Weight = []float64{math.Inf(1), 1} }), "the weight of row 0 is +Inf\nhint: weights are finite and not negative"},
		{"a metric of another task", "recall_macro", binary, `metric "recall_macro" is not one of task binary; they are ` + namesOf(TaskBinary)},
		{"a column that is not there", "mean(y)", binary, "no column \"y\" among the numbers: gap, short, x\nhint: name a column of numbers"},
		{"no columns at all", "mean(y)", with(func(b *Binary) { b.Columns = nil }), "no column \"y\" among the numbers: there is none\nhint: name a column of numbers"},
		{"a column that is too short", "mean(short)", binary, "1 values of short for a sample of 2\nhint: give one for each"},
		{"a column with a gap", "quantile(gap,0.5)", binary, "the gap of row 1 is NaN, which is not finite\nhint: give every row a number"},
		{"a rate of numbers", "rate(x)", binary, "row 1 has x 2, and a rate is of values 0 and 1\nhint: take mean(x)"},

		{"one class", "accuracy", classes(func(c *Classes) { c.Names = c.Names[:1] }), "a multiclass sample of 1 classes\nhint: name two classes or more"},
		{"neither scores nor decisions", "accuracy", classes(func(c *Classes) { c.Prob = nil }), "a multiclass sample with neither scores nor decisions\nhint: give the score of each class, or the decided class"},
		{"scores of too few classes", "accuracy", classes(func(c *Classes) { c.Prob = c.Prob[:4] }), "4 scores for a sample of 12\nhint: give one for each"},
		{"a class's score that is no number", "accuracy", classes(func(c *Classes) { c.Prob[5] = math.NaN() }), "the score of row 1 is NaN, which is not finite\nhint: give every row a number"},
		{"fewer decisions than rows", "accuracy", classes(func(c *Classes) { c.Decision = []int32{1} }), "1 decisions for a sample of 4\nhint: give one for each"},
		{"a label without a name", "accuracy", classes(func(c *Classes) { c.Label[2] = 3 }), "row 2 has class 3 of 3\nhint: classes are numbered from 0 in the order of their names"},
		{"a decision without a name", "accuracy", classes(func(c *Classes) { c.Decision = []int32{0, -1, 0, 0} }), "row 1 has class -1 of 3\nhint: classes are numbered from 0 in the order of their names"},
		{"probabilities of decisions", "log_loss", classes(func(c *Classes) { c.Prob, c.Decision = nil, []int32{0, 0, 0, 0} }), "log_loss needs the scores of the classes, and only decisions are known\nhint: give a score for each class"},
		{"top k of decisions", "top_k_accuracy(2)", classes(func(c *Classes) { c.Prob, c.Decision = nil, []int32{0, 0, 0, 0} }), "top_k_accuracy(2) needs the scores of the classes, and only decisions are known\nhint: give a score for each class"},
		{"ranks of decisions", "roc_auc_ovr_macro", classes(func(c *Classes) { c.Prob, c.Decision = nil, []int32{0, 0, 0, 0} }), "roc_auc_ovr_macro needs the scores of the classes, and only decisions are known\nhint: give a score for each class"},
		{"logits as probabilities", "brier", classes(func(c *Classes) { c.Prob[3] = -2 }), "row 1 has score -2, which is not a probability, and brier needs one\nhint: write probabilities between 0 and 1"},
		{"probabilities that do not sum to one", "ece", classes(func(c *Classes) { c.Prob[9] = 0.25 }), "the probabilities of row 3 sum to 1.125, and ece needs 1\nhint: write the probabilities of all classes"},
		{"a class that nobody named", "recall(d)", three(), `no class "d"; they are a, b, c`},
		{"the curve of a class that nobody named", "roc_auc(d)", three(), `no class "d"; they are a, b, c`},
		{"a metric of labels", "jaccard", three(), `metric "jaccard" is not one of task multiclass; they are ` + namesOf(TaskMulticlass)},
		{"weights of the wrong length", "accuracy", classes(func(c *Classes) { c.Weight = []float64{1} }), "1 weights for a sample of 4\nhint: give one for each"},

		{"no labels", "jaccard", labels(func(b *Labels) { b.Names = nil }), "a multilabel sample without labels\nhint: name one label or more"},
		{"a row with a label too few", "jaccard", labels(func(b *Labels) { b.Is = b.Is[:3] }), "3 labels for a sample of 2\nhint: give one for each"},
		{"a label without a score", "jaccard", labels(func(b *Labels) { b.Score = b.Score[:3] }), "3 scores for a sample of 4\nhint: give one for each"},
		{"a threshold too few", "jaccard", labels(func(b *Labels) { b.Thresholds = []float64{1} }), "1 thresholds for a sample of 2\nhint: give one for each"},
		{"a label's score that is no number", "jaccard", labels(func(b *Labels) { b.Score[2] = math.Inf(1) }), "the score of row 1 is +Inf, which is not finite\nhint: give every row a number"},
		{"a label that nobody named", "f1(c)", labels(func(*Labels) {}), `no label "c"; they are a, b`},
		{"a metric of classes", "mcc", labels(func(*Labels) {}), `metric "mcc" is not one of task multilabel; they are ` + namesOf(TaskMultilabel)},
		{"weights of labels", "jaccard", labels(func(b *Labels) { b.Weight = []float64{1} }), "1 weights for a sample of 2\nhint: give one for each"},

		{"fewer predictions than labels", "mae", numbers(func(b *Numbers) { b.Predicted = b.Predicted[:1] }), "1 predictions for a sample of 2\nhint: give one for each"},
		{"a label that is no number", "mae", numbers(func(b *Numbers) { b.Label[0] = math.NaN() }), "the label of row 0 is NaN, which is not finite\nhint: give every row a number"},
		{"an infinite prediction", "mae", numbers(func(b *Numbers) { b.Predicted[1] = math.Inf(1) }), "the prediction of row 1 is +Inf, which is not finite\nhint: give every row a number"},
		{"an interval that ends before it begins", "interval_width(lo,hi)", numbers(func(*Numbers) {}), "row 1 has an interval from 4 to 3\nhint: name the column of lower ends first"},
		{"an interval without its upper end", "interval_coverage(lo,top)", numbers(func(*Numbers) {}), "no column \"top\" among the numbers: hi, lo\nhint: name a column of numbers"},
		{"an interval without its lower end", "interval_coverage(low,hi)", numbers(func(*Numbers) {}), "no column \"low\" among the numbers: hi, lo\nhint: name a column of numbers"},
		{"no season", "mase", numbers(func(*Numbers) {}), "mase needs the season's length, and it is 0\nhint: write it in rows; 1 is no season"},
		{"a scale too few", "mase", numbers(func(b *Numbers) { b.Scale = []float64{1} }), "1 scales for a sample of 2\nhint: give one for each"},
		{"weights of numbers", "mae", numbers(func(b *Numbers) { b.Weight = []float64{1} }), "1 weights for a sample of 2\nhint: give one for each"},
		{"a metric of decisions", "recall", numbers(func(*Numbers) {}), `metric "recall" is not one of task regression; they are ` + namesOf(TaskRegression)},

		{"fewer relevances than rows", "mrr", queries(func(q *Queries) { q.Relevance = q.Relevance[:1] }), "1 relevances for a sample of 2\nhint: give one for each"},
		{"more scores than rows", "mrr", queries(func(q *Queries) { q.Score = []float64{1, 2, 3} }), "3 scores for a sample of 2\nhint: give one for each"},
		{"a relevance that is no number", "mrr", queries(func(q *Queries) { q.Relevance[0] = math.NaN() }), "the relevance of row 0 is NaN, which is not finite\nhint: give every row a number"},
		{"a negative relevance", "mrr", queries(func(q *Queries) { q.Relevance[1] = -1 }), "row 1 has relevance -1\nhint: 0 is not relevant, and more is more relevant"},
		{"weights that differ within a query", "mrr", queries(func(q *Queries) { q.Weight = []float64{1, 2} }), "the rows of query 7 have different weights\nhint: a weight is a query's, the same on all of its rows"},
		{"weights of queries", "mrr", queries(func(q *Queries) { q.Weight = []float64{1} }), "1 weights for a sample of 2\nhint: give one for each"},
		{"a ranking metric of no ranking", "roc_auc", queries(func(*Queries) {}), `metric "roc_auc" is not one of task ranking; they are ` + namesOf(TaskRanking)},
		{"a column of a ranking that is not there", "mean(x)", queries(func(*Queries) {}), "no column \"x\" among the numbers: there is none\nhint: name a column of numbers"},
	} {
		m, ok := Lookup(c.metric)
		if !ok {
			t.Fatalf("%s: no metric %q", c.name, c.metric)
		}
		if f, note, err := c.s.Statistic(m); f != nil || note != "" || err == nil || err.Error() != c.want {
			t.Errorf("%s: got %v; want %s", c.name, err, c.want)
		}
	}
}

func TestConfusionOfABadSampleIsRefused(t *testing.T) {
	c := three()
	c.Weight = []float64{1, 1, 1, -1}
	if cells, err := c.Confusion(); cells != nil || err == nil || err.Error() != "the weight of row 3 is -1\nhint: weights are finite and not negative" {
		t.Errorf("got %v, %v", cells, err)
	}
	c.Names = nil
	if cells, err := c.Confusion(); cells != nil || err == nil || err.Error() != "a multiclass sample of 0 classes\nhint: name two classes or more" {
		t.Errorf("got %v, %v", cells, err)
	}
}

func TestNumericOfAColumnIsRefused(t *testing.T) {
	s, err := Numeric("quantile(x,0.5)", []float64{1}, []float64{2})
	if want := "no column \"x\" among the numbers: there is none\nhint: name a column of numbers"; s != nil || err == nil || err.Error() != want {
		t.Errorf("got %v; want %s", err, want)
	}
}
