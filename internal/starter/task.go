package starter

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/weighlock/weighlock/internal/table"
)

// pickTask tells a binary model from a regression, by label and score.
func (s *surveyed) pickTask(g *Guess) error {
	label, score, err := s.pair(g)
	if err != nil {
		return err
	}
	if g.Task = (Choice{Value: s.options.Task, Said: true}); g.Task.Value == "" {
		if g.Task, err = s.task(label, score); err != nil {
			return err
		}
	}
	if g.Task.Value == "binary" {
		return s.binary(label, score)
	}
	return s.regression(label, score)
}

func (s *surveyed) pair(g *Guess) (label, score *column, err error) {
	if label, err = s.find(g.Label.Value); err != nil {
		return nil, nil, err
	}
	score, err = s.find(g.Score.Value)
	return label, score, err
}

func (s *surveyed) task(label, score *column) (Choice, error) {
	switch {
	case label.distinct <= 2:
		return Choice{Value: "binary", Why: fmt.Sprintf("%s has the two values %s", say(label.Name), values(label))}, nil
	case label.Kind != table.Number, s.options.Positive != "" && label.coded(), label.coded() && score.unit:
		return Choice{}, s.classes(label, score)
	case label.whole && score.whole && label.distinct <= 20:
		return Choice{}, fmt.Errorf("%s: %s and %s hold whole numbers only, %d of them: numbers, or classes?"+
			"\nhint: say --task regression if they are numbers, such as counts; if they stand for classes, %s",
			s.options.Predictions, say(label.Name), say(score.Name), label.distinct, byHand("multiclass", label.Name))
	case score.unit && !label.unit:
		return Choice{}, fmt.Errorf("%s: %s has %d values, and %s lies between 0 and 1: is it the right pair?"+
			"\nhint: say --label COLUMN and --score COLUMN, or --task regression if it is", s.options.Predictions, say(label.Name), label.distinct, say(score.Name))
	}
	return Choice{Value: "regression", Why: fmt.Sprintf("%s holds numbers, %d different ones", say(label.Name), label.distinct)}, nil
}

// classes refuses a label of more than two classes, and says how they can be
// judged.
func (s *surveyed) classes(label, score *column) error {
	class := label.few[len(label.few)-1]
	for _, v := range label.few {
		if stem := strings.Join(words(v), "_"); v == s.options.Positive || s.options.Positive == "" && stem == score.stem() {
			class = v
		}
	}
	return fmt.Errorf("%s: column %s has %d classes, such as %s, and only models of two are guessed from a table\nhint: %s",
		s.options.Predictions, say(label.Name), label.distinct, say(class), byHand("multiclass", label.Name))
}

func (s *surveyed) binary(label, score *column) error {
	if label.distinct == 1 {
		return fmt.Errorf("%s: column %s has one class only, %s in all %d rows: nothing can be told apart"+
			"\nhint: hand in rows of both classes, or say which column is the label with --label COLUMN",
			s.options.Predictions, say(label.Name), values(label), s.table.Rows)
	}
	if label.distinct > 2 {
		return s.classes(label, score)
	}
	for i, x := range score.Numbers {
		if x < 0 || x > 1 {
			return s.table.At(i, score.Name, fmt.Sprintf("%g is no probability"+
				"\nhint: a binary model is judged on probabilities: %s", x, probability(score.Numbers)))
		}
	}
	return nil
}

// probability is how numbers that are none may become probabilities.
func probability(scores []float64) string {
	if slices.Min(scores) >= 0 && slices.Max(scores) <= 100 {
		return "divide percentages by 100; odds or votes need another way"
	}
	return "raw scores of a logistic model become them with 1/(1+exp(-score)); others need a calibrated model"
}

func (s *surveyed) regression(label, score *column) error {
	probabilities := where(s.columns, func(c *column) bool { return c.strength() >= 3 && c.unit && !c.whole })
	if label.coded() && score.unit && len(probabilities) >= label.distinct {
		return s.classes(label, score)
	}
	if label.Kind != table.Number {
		return fmt.Errorf("%s: column %s holds %s, and a regression is judged on numbers\nhint: say which column is the label with --label COLUMN",
			s.options.Predictions, say(label.Name), label.Kind)
	}
	if !label.finite {
		return fmt.Errorf("%s: column %s holds an infinite label", s.options.Predictions, say(label.Name))
	}
	if label.distinct == 1 {
		return fmt.Errorf("%s: column %s is %s in all %d rows: there is nothing to explain\nhint: say which column is the label with --label COLUMN",
			s.options.Predictions, say(label.Name), values(label), s.table.Rows)
	}
	return nil
}

// opposites are pairs of label values of which the first is the positive one.
var opposites = [][2]string{
	{"1", "0"}, {"1", "-1"}, {"true", "false"}, {"t", "f"}, {"yes", "no"}, {"y", "n"}, {"positive", "negative"}, {"pos", "neg"},
}

// pickPositive chooses the label's value that the score is the probability of.
func (s *surveyed) pickPositive(g *Guess) error {
	if g.Task.Value != "binary" {
		if s.options.Positive != "" {
			return fmt.Errorf("--positive %s: a regression has no positive class", shell(s.options.Positive))
		}
		return nil
	}
	label, score, err := s.pair(g)
	if err != nil {
		return err
	}
	if said := s.options.Positive; said != "" {
		if !slices.Contains(label.few, said) {
			return fmt.Errorf("%s: --positive %s: column %s holds %s", s.options.Predictions, shell(said), say(label.Name), values(label))
		}
		g.Positive = Choice{Value: said, Said: true}
		return nil
	}
	for _, v := range label.few {
		if stem := score.stem(); stem != "" && strings.Join(words(v), "_") == stem {
			g.Positive = Choice{Value: v, Why: fmt.Sprintf("%s is named after it", say(score.Name))}
			return nil
		}
	}
	for _, pair := range opposites {
		for i, v := range label.few {
			if strings.EqualFold(v, pair[0]) && strings.EqualFold(label.few[1-i], pair[1]) {
				g.Positive = Choice{Value: v, Why: fmt.Sprintf("of %s, it is the one that is usually meant", values(label))}
				return nil
			}
		}
	}
	return fmt.Errorf("%s: which value of %s is %s the probability of: %s?\nhint: say which: %s",
		s.options.Predictions, say(label.Name), say(score.Name), values(label), either("--positive", slices.Sorted(slices.Values(label.few))))
}

// values lists the values of a column that has few, as they are written in YAML.
func values(c *column) string {
	var out []string
	for _, v := range slices.Sorted(slices.Values(c.few)) {
		out = append(out, say(v))
	}
	return strings.Join(out, " and ")
}

// warn tells of scores that can be judged, and are probably not what was meant.
func (s *surveyed) warn(g *Guess) {
	label, score, err := s.pair(g)
	if err != nil {
		return
	}
	if g.Task.Value != "binary" {
		if label.coded() {
			g.Warnings = append(g.Warnings, fmt.Sprintf("%s holds %d whole numbers only: if they stand for classes, a regression on them means nothing", say(label.Name), label.distinct))
		}
		return
	}
	if score.whole {
		g.Warnings = append(g.Warnings, fmt.Sprintf("%s holds decisions, 0 and 1, where probabilities would tell more", say(score.Name)))
	}
	var sum, n [2]float64
	for i, x := range score.Numbers {
		class := 0
		if label.String(i) == g.Positive.Value {
			class = 1
		}
		sum[class] += x
		n[class]++
	}
	if sum[1]/n[1] < sum[0]/n[0] && !math.IsNaN(sum[1]/n[1]) {
		g.Warnings = append(g.Warnings, fmt.Sprintf("on average %s is lower where %s is %s: if it is the probability of the other value, change positive",
			say(score.Name), say(label.Name), say(g.Positive.Value)))
	}
}
