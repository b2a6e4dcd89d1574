package project

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/weighlock/weighlock/schema"
)

// check reports what the schema cannot: metrics that do not fit the task,
// limits that judge nothing, paths that lead out of the project.
func (p *Project) check() error {
	found := p.spec().problems()
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

// evaluated adds, to what is wrong with a project file, which of the tasks that
// it may name can be evaluated.
func evaluated(err error) error {
	var found schema.Errors
	if errors.As(err, &found) {
		for i := range found {
			if found[i].Path == "task" && found[i].Hint == "" {
				found[i].Hint = "this version evaluates binary and regression; the other tasks are names for later ones"
			}
		}
	}
	return err
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
	found = append(found, globProblems("run.inputs", p.Run.Inputs)...)
	return append(found, globProblems("run.outputs", p.Run.Outputs)...)
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
// in the project file.
func (s *Spec) problems() schema.Errors {
	c := &specCheck{spec: s, known: Metrics(s.Task)}
	for _, name := range slices.Sorted(maps.Keys(s.Metrics)) {
		at := "spec.metrics." + name
		if m, ok := c.metric(at, name, c.known); ok {
			l := s.Metrics[name]
			c.limit(at, m, l.Min, l.Max, nil)
		}
	}
	if b := s.Baseline; b != nil {
		c.metric("spec.baseline.metric", b.Metric, c.known)
		if b.Kind != baselineKind(s.Task) {
			c.add("spec.baseline.kind", strconv.Quote(b.Kind), baselineKind(s.Task)+", for task "+s.Task)
		}
	}
	if l := s.Champion; l != nil {
		if m, ok := c.metric("spec.champion.metric", l.Metric, c.known); ok && (l.Margin >= m.High-m.Low || l.Margin > most) {
			c.unmissable("spec.champion.margin", m.Name)
		}
	}
	c.slices()
	c.fairness()
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

type specCheck struct {
	spec  *Spec
	known []Metric
	found schema.Errors
}

func (c *specCheck) add(path, found, expected string) {
	c.found = append(c.found, schema.Problem{Path: path, Found: found, Expected: expected})
}

// metric refuses one that does not fit the task, or that lacks its threshold.
func (c *specCheck) metric(path, name string, known []Metric) (Metric, bool) {
	m, ok := lookup(known, name)
	if !ok {
		p := schema.Problem{Path: path, Found: "metric " + name, Expected: "no metric yet, for task " + c.spec.Task, Nearest: schema.Nearest(name, names(known))}
		switch {
		case len(known) > 0:
			p.Expected = "one for task " + c.spec.Task + ": " + strings.Join(names(known), ", ")
		case len(c.known) == 0:
			p.Hint = "tasks binary and regression have metrics"
			if c.spec.Task == "multiclass" || c.spec.Task == "multilabel" {
				p.Hint += "; judge each class against the rest, with a label that is 1 for it and 0 for every other, as task binary"
			}
		}
		c.found = append(c.found, p)
		return m, false
	}
	if m.Thresholded && c.spec.Predictions.Threshold == nil {
		c.found = append(c.found, schema.Problem{
			Path: path, Found: "no predictions.threshold", Expected: "the score from which " + name + " counts a row as positive",
			Hint: "add threshold to predictions, such as 0.5",
		})
	}
	return m, true
}

// limit refuses one that judges nothing, or that no value can meet.
func (c *specCheck) limit(path string, m Metric, low, high, gap *float64) {
	if low == nil && high == nil && gap == nil {
		c.add(path, "no limit", "min or max")
	}
	if low != nil && high != nil && *low > *high {
		c.add(path, fmt.Sprintf("min %v above max %v", *low, *high), "min to be at most max")
	}
	if at, ok := m.missable(low, high, gap); !ok {
		c.unmissable(path+at, m.Name)
	}
	c.end(path+".min", m, low)
	c.end(path+".max", m, high)
}

// missable says whether there is a value that misses at least one of the
// bounds; where there is none, it names the first of them.
func (m Metric) missable(low, high, gap *float64) (first string, ok bool) {
	for _, b := range []struct {
		name   string
		bound  *float64
		always bool // no value misses it
	}{
		{".min", low, low != nil && *low == m.Low},
		{".max", high, high != nil && *high == m.High},
		{".max_gap", gap, gap != nil && *gap >= m.High-m.Low},
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
	c.by("spec.slices", s.By)
	if len(s.Metrics) == 0 {
		c.add("spec.slices", "no limit", "at least one metric with min, max or max_gap")
	}
	for _, name := range slices.Sorted(maps.Keys(s.Metrics)) {
		at := "spec.slices." + name
		if m, ok := c.metric(at, name, c.known); ok {
			l := s.Metrics[name]
			c.limit(at, m, l.Min, l.Max, l.MaxGap)
		}
	}
}

func (c *specCheck) fairness() {
	f := c.spec.Fairness
	if f == nil {
		return
	}
	c.by("spec.fairness", f.By)
	if len(f.Metrics) == 0 {
		c.add("spec.fairness", "no limit", "at least one of "+strings.Join(names(fairness), ", "))
	}
	for _, name := range slices.Sorted(maps.Keys(f.Metrics)) {
		at := "spec.fairness." + name
		if m, ok := c.metric(at, name, FairnessMetrics(c.spec.Task)); ok {
			l := f.Metrics[name]
			c.limit(at, m, l.Min, l.Max, nil)
		}
	}
}

// by refuses columns named twice, and bin edges that do not ascend.
func (c *specCheck) by(path string, columns []string) {
	seen := map[string]bool{}
	for i, text := range columns {
		at := fmt.Sprintf("%s.by[%d]", path, i)
		column, edges, binned := strings.Cut(text, ":")
		if seen[column] {
			c.add(at, "column "+column+" a second time", "each column once")
		}
		seen[column] = true
		if binned && !ascending(strings.Split(edges, ",")) {
			c.add(at, "bin edges "+edges, "numbers that ascend")
		}
	}
}

func ascending(edges []string) bool {
	last := math.Inf(-1)
	for _, e := range edges {
		f, err := strconv.ParseFloat(e, 64)
		if err != nil || math.IsInf(f, 0) || !(f > last) {
			return false
		}
		last = f
	}
	return true
}
