package project

import (
	"fmt"
	"maps"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/weighlock/weighlock/internal/stats"
	"github.com/weighlock/weighlock/schema"
)

// check reports what the schema cannot: columns and metrics that do not fit
// the task, limits that judge nothing, paths that lead out of the project.
func (p *Project) check() error {
	found := p.spec().problems(p.Predictions != nil)
	if p.Predictions == nil && p.SpecPart != nil {
		found = append(found, schema.Problem{Path: "predictions", Found: "nothing", Expected: "file and column of the predictions that spec judges"})
	}
	found = append(found, p.pathProblems()...)
	if len(found) == 0 {
		return nil
	}
	p.document.Locate(found)
	slices.SortStableFunc(found, func(a, b schema.Problem) int {
		return strings.Compare(fmt.Sprintf("%s:%8d:%8d", a.File, a.Line, a.Col), fmt.Sprintf("%s:%8d:%8d", b.File, b.Line, b.Col))
	})
	return found
}

func (p *Project) pathProblems() (found schema.Errors) {
	seen := map[string]bool{}
	for i, file := range p.Files {
		at := "file"
		if len(p.Files) > 1 {
			at = fmt.Sprintf("file[%d]", i)
		}
		switch {
		case file == ".":
			found = append(found, schema.Problem{Path: at, Found: "the whole project folder", Expected: "the model's own files or folders"})
		case seen[file]:
			found = append(found, schema.Problem{Path: at, Found: "text " + strconv.Quote(file) + " a second time", Expected: "each path once"})
		}
		seen[file] = true
	}
	found = append(found, p.setProblems()...)
	found = append(found, globProblems("run.inputs", p.Run.Inputs)...)
	return append(found, globProblems("run.outputs", p.Run.Outputs)...)
}

// setProblems refuses patterns that can match nothing, and a set that a command
// would have to write: it writes one file.
func (p *Project) setProblems() (found schema.Errors) {
	check := func(at, file string) {
		if _, err := path.Match(file, ""); err != nil {
			found = append(found, schema.Problem{Path: at, Found: "text " + strconv.Quote(file), Expected: "a pattern whose brackets close"})
		}
	}
	check("data.test.file", p.Data.Test.File)
	if p.Data.Train != nil {
		check("data.train.file", p.Data.Train.File)
	}
	if s := p.Predictions; s != nil {
		check("predictions.file", s.File)
		if s.Explanations != nil {
			check("predictions.explanations.file", s.Explanations.File)
		}
		if s.Command != "" && strings.ContainsAny(s.File, "*?[") {
			found = append(found, schema.Problem{Path: "predictions.file", Found: "pattern " + strconv.Quote(s.File), Expected: "the one file that predictions.command makes"})
		}
	}
	return found
}

func globProblems(key string, globs []string) (found schema.Errors) {
	for i, glob := range globs {
		expected := ""
		if strings.HasPrefix(glob, "/") || strings.Contains(glob, `\`) || slices.Contains(strings.Split(glob, "/"), "..") {
			expected = "a relative path or glob inside the project, with forward slashes"
		} else if _, err := path.Match(glob, ""); err != nil {
			expected = "a glob whose brackets close"
		}
		if expected != "" {
			found = append(found, schema.Problem{Path: fmt.Sprintf("%s[%d]", key, i), Found: "text " + strconv.Quote(glob), Expected: expected})
		}
	}
	return found
}

// problems reports what is wrong with a spec beyond its schema, by the path
// in the project file. scored says that there are predictions to look at.
func (s *Spec) problems(scored bool) schema.Errors {
	c := &specCheck{spec: s}
	c.data()
	if scored {
		c.predictions()
	}
	for _, name := range slices.Sorted(maps.Keys(s.Metrics)) {
		at := MetricPath("spec.metrics", name)
		if m, ok := c.metric(at, name); ok {
			l := s.Metrics[name]
			c.limit(at, m, l.Min, l.Max, nil, nil)
		}
	}
	c.baseline()
	if l := s.Champion; l != nil {
		if m, ok := c.metric("spec.champion.metric", l.Metric); ok && (l.Margin >= m.High-m.Low || l.Margin > most) {
			c.unmissable("spec.champion.margin", m.Name)
		}
		c.flips(l)
	}
	c.slices()
	c.fairness()
	if scored {
		c.sensitivity()
	}
	if s.Drift != nil && s.Train == nil {
		c.add("spec.drift", "no data.train", "training data to compare with")
	}
	if s.Drift != nil && s.Drift.Max > most {
		c.unmissable("spec.drift.max", "a distance")
	}
	if s.NearDuplicates.Max >= 1 {
		c.unmissable("data.near_duplicates.max", "a share of rows")
	}
	return c.found
}

// MetricPath is where a metric's limit stands in the project file, below a
// section such as spec.metrics.
func MetricPath(section, metric string) string { return schema.Join(section, metric) }

type specCheck struct {
	spec  *Spec
	found schema.Errors
}

func (c *specCheck) add(path, found, expected string) {
	c.found = append(c.found, schema.Problem{Path: path, Found: found, Expected: expected})
}

// metric refuses one that does not fit the task, or that lacks what it needs:
// a threshold, scores, or a class that there is.
func (c *specCheck) metric(path, name string) (Metric, bool) {
	m, parsed, expected := findMetric(c.spec.Task, name)
	if expected != "" {
		c.found = append(c.found, schema.Problem{
			Path: path, Found: "metric " + name, Expected: expected, Nearest: schema.Nearest(name, names(Metrics(c.spec.Task))),
		})
		return m, false
	}
	if m.Thresholded && c.spec.Predictions.Threshold == nil {
		c.found = append(c.found, schema.Problem{
			Path: path, Found: "no predictions.threshold", Expected: "the score from which " + name + " counts a row as positive",
			Hint: "add threshold to predictions, such as 0.5",
		})
	}
	c.needsScores(path, parsed)
	c.needsClass(path, parsed)
	return m, true
}

// needsScores refuses a metric of scores where there are decisions only.
func (c *specCheck) needsScores(path string, m stats.Metric) {
	p := c.spec.Predictions
	if c.spec.Task != "multiclass" || p.Decision == "" || len(p.Columns) > 0 || p.Prefix != "" || OfColumn(m) {
		return
	}
	if m.Kind != stats.Rate && m.Kind != stats.Decision {
		c.found = append(c.found, schema.Problem{
			Path: path, Found: "no predictions.columns and no predictions.prefix", Expected: "the scores of each class, which " + m.Name + " is about",
			Hint: "name the columns of the scores, or judge the decisions by accuracy, f1_macro or recall(class)",
		})
	}
}

// needsClass refuses a metric of one class or label that the spec does not
// name, where it names them.
func (c *specCheck) needsClass(path string, m stats.Metric) {
	known := c.spec.Named()
	if len(known) == 0 || !OfClass(m) || slices.Contains(known, m.Args[0]) {
		return
	}
	c.found = append(c.found, schema.Problem{
		Path: path, Found: strconv.Quote(m.Args[0]), Expected: "one of " + strings.Join(known, ", "), Nearest: schema.Nearest(m.Args[0], known),
	})
}

// OfClass says whether a metric is about one class or label, its argument.
func OfClass(m stats.Metric) bool {
	switch m.Base {
	case "precision", "recall", "f1", "specificity", "roc_auc", "average_precision":
		return len(m.Args) == 1
	}
	return false
}

// Named lists the classes or labels that the spec itself names, in order; none
// where they are those of the data.
func (s *Spec) Named() []string {
	switch {
	case s.Task == "multilabel":
		return s.Test.Labels
	case len(s.Test.Classes) > 0:
		return s.Test.Classes
	case s.Task == "multiclass":
		return slices.Sorted(maps.Keys(s.Predictions.Columns))
	}
	return nil
}

// baseline refuses a kind that the task, or the data that is named, does not
// allow.
func (c *specCheck) baseline() {
	b := c.spec.Baseline
	if b == nil {
		return
	}
	c.metric("spec.baseline.metric", b.Metric)
	kinds := baselineKinds(c.spec.Task)
	if !slices.Contains(kinds, b.Kind) {
		c.add("spec.baseline.kind", strconv.Quote(b.Kind), strings.Join(kinds, ", ")+", for task "+c.spec.Task)
		return
	}
	switch {
	case b.Kind == "last_value" && c.spec.Test.Time == "":
		c.add("spec.baseline.kind", "no data.test.time", "the column by which rows follow each other, which last_value needs")
	case b.Kind == "linear" && (c.spec.Train == nil || c.spec.Train.Label == ""):
		c.add("spec.baseline.kind", "no data.train.label", "training data with its labels, which linear is fitted to")
	case b.Kind == "previous" && c.spec.Champion == nil:
		c.add("spec.baseline.kind", "no spec.champion", "the channel whose champion is the previous model")
	}
}

// flips refuses a limit on decisions that turn wrong where there are none.
func (c *specCheck) flips(l *ChampionLimit) {
	const at = "spec.champion.negative_flips"
	task := c.spec.Task
	switch {
	case l.NegativeFlips == nil:
	case !slices.Contains([]string{"binary", "multiclass", "multilabel"}, task):
		c.add(at, "task "+task, "a task with decisions: binary, multiclass or multilabel")
	case task != "multiclass" && c.spec.Predictions.Threshold == nil:
		c.add(at, "no predictions.threshold", "the score from which a row is decided positive")
	}
}

// limit refuses one that judges nothing, or that no value can meet.
func (c *specCheck) limit(path string, m Metric, low, high, gap, best *float64) {
	if low == nil && high == nil && gap == nil && best == nil {
		c.add(path, "no limit", "min or max")
	}
	if low != nil && high != nil && *low > *high {
		c.add(path, fmt.Sprintf("min %v above max %v", *low, *high), "min to be at most max")
	}
	if at, ok := m.missable(low, high, gap, best); !ok {
		c.unmissable(path+at, m.Name)
	}
	c.end(path+".min", m, low)
	c.end(path+".max", m, high)
}

// missable says whether there is a value that misses at least one of the
// bounds; where there is none, it names the first of them.
func (m Metric) missable(low, high, gap, best *float64) (first string, ok bool) {
	for _, b := range []struct {
		name   string
		bound  *float64
		always bool // no value misses it
	}{
		{".min", low, low != nil && *low == m.Low},
		{".max", high, high != nil && *high == m.High},
		{".max_gap", gap, gap != nil && *gap >= m.High-m.Low},
		{".max_gap_best", best, best != nil && *best >= m.High-m.Low},
	} {
		switch {
		case b.bound == nil:
		case !b.always:
			return "", true
		case first == "":
			first = b.name
		}
	}
	return first, first == ""
}

func (c *specCheck) unmissable(path, what string) {
	c.found = append(c.found, schema.Problem{
		Path: path, Found: "a limit that every model meets", Expected: "one that " + what + " can miss",
		Hint: "a limit at the very end of what is possible judges nothing",
	})
}

// most is the magnitude from which a limit is no number that anybody measures.
const most = 1e30

func (c *specCheck) end(path string, m Metric, end *float64) {
	switch {
	case end == nil:
	case *end < m.Low || *end > m.High:
		c.add(path, fmt.Sprintf("number %v", *end), "a value that "+m.Name+" can take, "+m.span())
	case math.Abs(*end) > most:
		c.unmissable(path, m.Name)
	}
}

func (m Metric) span() string {
	switch {
	case math.IsInf(m.High, 1):
		return fmt.Sprintf("%v or more", m.Low)
	case math.IsInf(m.Low, -1):
		return fmt.Sprintf("%v or less", m.High)
	}
	return fmt.Sprintf("%v to %v", m.Low, m.High)
}

func (c *specCheck) slices() {
	s := c.spec.Slices
	if s == nil {
		return
	}
	c.by("spec.slices", s.By, false)
	c.order(s)
	if len(s.Metrics) == 0 {
		c.add("spec.slices", "no limit", "at least one metric with min, max or max_gap")
	}
	for _, name := range slices.Sorted(maps.Keys(s.Metrics)) {
		at := MetricPath("spec.slices", name)
		if m, ok := c.metric(at, name); ok {
			l := s.Metrics[name]
			if info, _ := stats.Lookup(name); l.MaxGapBest != nil && info.Better == stats.Neither {
				c.add(at+".max_gap_best", "metric "+name, "one of which some values are better than others")
				continue
			}
			c.limit(at, m, l.Min, l.Max, l.MaxGap, l.MaxGapBest)
		}
	}
}

func (c *specCheck) fairness() {
	f := c.spec.Fairness
	if f == nil {
		return
	}
	c.by("spec.fairness", f.By, true)
	c.references(f)
	if len(f.Metrics) == 0 {
		c.add("spec.fairness", "no limit", "at least one of "+strings.Join(names(fairness), ", "))
	}
	known := FairnessMetrics(c.spec.Task)
	for _, name := range slices.Sorted(maps.Keys(f.Metrics)) {
		at := "spec.fairness." + name
		m, ok := lookup(known, name)
		switch {
		case !ok && len(known) == 0:
			c.add(at, "metric "+name, "no metric of fairness, for task "+c.spec.Task)
			continue
		case !ok:
			c.add(at, "metric "+name, "one of "+strings.Join(names(known), ", "))
			continue
		case m.Thresholded && c.spec.Predictions.Threshold == nil:
			c.found = append(c.found, schema.Problem{
				Path: at, Found: "no predictions.threshold", Expected: "the score from which " + name + " counts a row as positive",
				Hint: "add threshold to predictions, such as 0.5",
			})
		}
		l := f.Metrics[name]
		c.limit(at, m, l.Min, l.Max, nil, nil)
	}
	if c.spec.Test.Weight != "" {
		c.add("spec.fairness", "data.test.weight", "no weights: fairness compares counts of rows")
	}
	if c.spec.Test.Unit != "" {
		c.add("spec.fairness", "data.test.unit", "no units: fairness takes each row for one of its own")
	}
}

// by refuses entries that cannot be read, columns named twice, and strata
// where there is nothing to compare within them.
func (c *specCheck) by(path string, entries []string, strata bool) {
	seen := map[string]bool{}
	for i, text := range entries {
		at := fmt.Sprintf("%s.by[%d]", path, i)
		b, found, expected := ParseBy(text)
		switch {
		case found != "":
			c.add(at, found, expected)
			continue
		case b.Within != nil && !strata:
			c.add(at, "strata "+text, "columns with * between them; only fairness compares within strata")
		case seen[b.same()]:
			c.add(at, "column "+b.Columns()+" a second time", "each column once")
		}
		seen[b.same()] = true
	}
}

// order refuses one that asks for more columns than there are, and a spec
// whose list lacks a crossing.
func (c *specCheck) order(s *Slices) {
	if s.Order < 2 || len(c.found) > 0 {
		return
	}
	single := 0
	for _, text := range s.By {
		if b, _, _ := ParseBy(text); len(b.Parts) == 1 {
			single++
		}
	}
	if single < s.Order {
		c.add("spec.slices.order", fmt.Sprintf("order %d over %d of the columns in by", s.Order, single), "at least as many columns as are crossed")
	}
	if whole := expand(s.By, s.Order); len(whole) > len(s.By) {
		c.add("spec.slices.by", "no "+whole[len(s.By)], fmt.Sprintf("every crossing of %d columns, for order %d", s.Order, s.Order))
	}
}

// references refuses a reference for groups that are not compared.
func (c *specCheck) references(f *Fairness) {
	for _, by := range slices.Sorted(maps.Keys(f.Reference)) {
		if !slices.Contains(f.By, by) {
			p := schema.Problem{Path: "spec.fairness.reference", Found: "a reference for " + by, Expected: "one for an entry of by: " + strings.Join(f.By, ", "), Nearest: schema.Nearest(by, f.By)}
			c.found = append(c.found, p)
		}
	}
}
