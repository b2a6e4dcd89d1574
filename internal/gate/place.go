package gate

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/weighlock/weighlock/internal/evaluate"
	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/table"
	"github.com/weighlock/weighlock/internal/tree"
	"github.com/weighlock/weighlock/schema"
)

// placed says of a column that is not there which line of the project file
// names it.
func placed(p *project.Project, err error) error {
	var e *table.Error
	if !errors.As(err, &e) || e.Asked == "" {
		return err
	}
	for _, n := range namings(p) {
		if (n.file == e.File || tree.IsPattern(n.file) && tree.Matches(n.file, e.File)) && n.column == e.Asked {
			hint := ""
			if n.path == "predictions.id" && !strings.Contains(e.Problem, "hint:") {
				hint = "\nhint: predictions.id names the column of ids there; it is data.test.id unless it is given"
			}
			return fmt.Errorf("%w: %s%s: %w%s", ErrUsage, at(p, n.path), n.path, e, hint)
		}
	}
	return err
}

// naming is a place in the project file that names a column of a file.
type naming struct{ path, file, column string }

func namings(p *project.Project) []naming {
	var all []naming
	table := func(path string, t *project.Table) {
		if t != nil {
			all = append(all, naming{path + ".id", t.File, t.ID}, naming{path + ".label", t.File, t.Label}, naming{path + ".time", t.File, t.Time},
				naming{path + ".group", t.File, t.Group}, naming{path + ".unit", t.File, t.Unit}, naming{path + ".weight", t.File, t.Weight}, naming{path + ".series", t.File, t.Series},
				naming{path + ".decision", t.File, t.Decision}, naming{path + ".propensity", t.File, t.Propensity})
			for i, label := range t.Labels {
				all = append(all, naming{fmt.Sprintf("%s.labels[%d]", path, i), t.File, label})
			}
		}
	}
	table("data.test", p.Data.Test)
	table("data.train", p.Data.Train)
	if s := p.Predictions; s != nil {
		all = append(all, naming{"predictions.column", s.File, s.Column}, naming{"predictions.id", s.File, s.ID}, naming{"predictions.decision", s.File, s.Decision})
		all = append(all, scored(p, s)...)
		all = append(all, explained(s.Explanations)...)
	}
	if s := p.SpecPart; s != nil && p.Data.Test != nil {
		if s.Slices != nil {
			all = append(all, splits("spec.slices.by", p.Data.Test.File, s.Slices.By)...)
		}
		for i, e := range s.Sensitivity {
			all = append(all, naming{fmt.Sprintf("spec.sensitivity[%d].column", i), p.Data.Test.File, e.Column})
		}
		if s.Fairness != nil {
			all = append(all, splits("spec.fairness.by", p.Data.Test.File, s.Fairness.By)...)
		}
	}
	return all
}

// scored are the columns of the scores of classes and labels, and those that
// metrics name.
func scored(p *project.Project, s *project.Predictions) []naming {
	var all []naming
	for _, name := range slices.Sorted(maps.Keys(s.Columns)) {
		all = append(all, naming{schema.Join("predictions.columns", name), s.File, s.Columns[name]})
	}
	if s.Prefix != "" {
		for _, name := range slices.Concat(p.Data.Test.Labels, p.Data.Test.Classes) {
			all = append(all, naming{"predictions.prefix", s.File, s.Prefix + name})
		}
	}
	if p.SpecPart == nil {
		return all
	}
	of := func(section, metric string) {
		for _, column := range evaluate.ColumnsOf(metric) {
			all = append(all, naming{project.MetricPath(section, metric), s.File, column})
		}
		for _, column := range evaluate.PinnedColumnsOf(metric) {
			all = append(all, naming{project.MetricPath(section, metric), p.Data.Test.File, column})
		}
	}
	for _, metric := range slices.Sorted(maps.Keys(p.SpecPart.Metrics)) {
		of("spec.metrics", metric)
	}
	if p.SpecPart.Slices != nil {
		for _, metric := range slices.Sorted(maps.Keys(p.SpecPart.Slices.Limits)) {
			of("spec.slices", metric)
		}
	}
	return all
}

// explained are the columns of explanations.
func explained(e *project.Explanations) []naming {
	if e == nil {
		return nil
	}
	all := []naming{{"predictions.explanations.id", e.File, e.ID}}
	for i, column := range e.Codes {
		all = append(all, naming{fmt.Sprintf("predictions.explanations.codes[%d]", i), e.File, column})
	}
	return all
}

// splits are the columns by which rows are split.
func splits(path, file string, by []string) []naming {
	var all []naming
	for i, one := range by {
		b, _, _ := project.ParseBy(one)
		for _, cut := range slices.Concat(b.Parts, b.Within) {
			all = append(all, naming{fmt.Sprintf("%s[%d]", path, i), file, cut.Column})
		}
	}
	return all
}
