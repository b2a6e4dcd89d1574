package project

// Defaults that the spec writes out.
const (
	DefaultLevel          = "start"
	DefaultMode           = "enforce"
	DefaultJudge          = "bound"
	DefaultConfidence     = 0.95
	DefaultDraws          = 2000
	DefaultMinRows        = 100
	DefaultTooSmall       = "undecided"
	DefaultNearDuplicates = 0.01
	DefaultMethod         = "psi"
	DefaultPositive       = "1"
	DefaultDecided        = "1"
	DefaultSeason         = 1
)

// SlicesPart is spec.slices as it was written: limits stand beside the other
// fields.
type SlicesPart struct {
	By       []string
	Order    int
	MinRows  int
	TooSmall string
	Limits   map[string]SliceLimit
}

// FairnessPart is spec.fairness as it was written.
type FairnessPart struct {
	By        []string
	Reference map[string]string
	MinRows   int
	Limits    map[string]Limit
}

// spec writes out the defaults; the test set's digest is left to the caller.
func (p *Project) spec() *Spec {
	s := &Spec{
		Schema: SpecSchema, Name: p.Name, Task: p.Task, Level: p.Level,
		Judge: DefaultJudge, Confidence: DefaultConfidence, Draws: DefaultDraws,
		Test:           p.Data.Test.testSet(p.Task),
		Base:           p.Base,
		NearDuplicates: NearDuplicates{p.Data.NearDuplicates},
		Metrics:        map[string]Limit{},
	}
	if t := p.Data.Train; t != nil {
		s.Train = &TrainSet{File: t.File, ID: t.ID, Time: t.Time, Label: t.Label}
	}
	if r := p.Predictions; r != nil {
		s.Predictions = SpecPredictions{
			Column: r.Column, ID: r.ID, Threshold: r.Threshold, Columns: r.Columns, Prefix: r.Prefix, Decision: r.Decision,
			Explanations: r.Explanations.spec(),
		}
	}
	if p.SpecPart != nil {
		p.SpecPart.fill(s)
	}
	return s
}

// testSet writes out the season of a forecast, which is one step unless given.
func (t *Table) testSet(task string) TestSet {
	season := t.Season
	if task == "forecasting" {
		season = orInt(season, DefaultSeason)
	}
	return TestSet{
		File: t.File, ID: t.ID, Time: t.Time, Label: t.Label, Positive: t.Positive, Labels: t.Labels, Classes: t.Classes,
		Group: t.Group, Unit: t.Unit, Weight: t.Weight, Series: t.Series, Season: season,
		Decision: t.Decision, Decided: t.Decided, Propensity: t.Propensity, Matures: t.Matures, Labelled: t.Labelled,
	}
}

func (part *SpecPart) fill(s *Spec) {
	if part.Judge != "" {
		s.Judge = part.Judge
	}
	if part.Confidence != nil {
		s.Confidence = *part.Confidence
	}
	if part.Draws != nil {
		s.Draws = *part.Draws
	}
	if part.Metrics != nil {
		s.Metrics = part.Metrics
	}
	if b := part.Baseline; b != nil {
		filled := *b
		if filled.Kind == "" {
			filled.Kind = baselineKind(s.Task)
		}
		s.Baseline = &filled
	}
	s.Champion = part.Champion
	if p := part.Slices; p != nil {
		s.Slices = &Slices{By: expand(p.By, p.Order), Order: crossed(p.Order), MinRows: orInt(p.MinRows, DefaultMinRows), TooSmall: or(p.TooSmall, DefaultTooSmall), Metrics: p.Limits}
	}
	if p := part.Fairness; p != nil {
		s.Fairness = &Fairness{By: p.By, Reference: p.Reference, MinRows: orInt(p.MinRows, DefaultMinRows), Metrics: p.Limits}
	}
	if d := part.Drift; d != nil {
		filled := *d
		filled.Method = or(filled.Method, DefaultMethod)
		s.Drift = &filled
	}
	s.Sensitivity = part.Sensitivity
}

// crossed is the order that a spec says; 1, which is no crossing, is not said.
func crossed(order int) int {
	if order == 1 {
		return 0
	}
	return order
}

// baselineKind is what knows nothing but the labels: their share for classes,
// their mean for numbers.
func baselineKind(task string) string {
	if task == "regression" || task == "forecasting" {
		return "constant"
	}
	return "prior"
}

// baselineKinds are those that fit a task.
func baselineKinds(task string) []string {
	switch task {
	case "regression", "forecasting":
		return []string{"constant", "prior", "last_value", "linear", "previous"}
	case "generative":
		return []string{"previous"}
	}
	return []string{"prior", "constant", "previous"}
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func orInt(n, otherwise int) int {
	if n == 0 {
		return otherwise
	}
	return n
}
