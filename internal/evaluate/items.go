package evaluate

import (
	"fmt"
	"maps"
	"slices"

	"github.com/weighlock/weighlock/internal/project"
)

// Item is one thing that must be judged: #Item of schema/input/v1.
type Item struct {
	ID     string         `json:"id"`
	Metric string         `json:"metric,omitempty"`
	By     string         `json:"by,omitempty"`
	Group  string         `json:"group,omitempty"`
	Rows   *int           `json:"rows,omitempty"`
	Limit  *project.Limit `json:"limit,omitempty"`
	Path   string         `json:"path,omitempty"`
}

// Enumeration is what must be judged, by the rule that judges it.
type Enumeration struct {
	Metrics, Baseline, Champion   []Item // from the spec alone
	Explanations                  []Item // from the spec alone
	Sensitivity                   []Item // from the spec alone, too
	Sets, Slices, Fairness, Drift []Item // from spec and pinned data
}

// Items enumerates what the spec and the pinned data ask for, whatever was
// evaluated; without a datacheck only what the spec alone asks for. Lists that
// ask for nothing are empty, not nil.
func Items(spec *project.Spec, d *Datacheck) Enumeration {
	items := Enumeration{
		Metrics: []Item{}, Baseline: []Item{}, Champion: []Item{}, Explanations: []Item{},
		Sets: []Item{}, Slices: []Item{}, Fairness: []Item{}, Drift: []Item{},
	}
	for _, name := range slices.Sorted(maps.Keys(spec.Metrics)) {
		limit := spec.Metrics[name]
		items.Metrics = append(items.Metrics, Item{ID: name, Metric: name, Limit: &limit, Path: project.MetricPath("spec.metrics", name)})
	}
	if b := spec.Baseline; b != nil {
		gain := b.Gain
		items.Baseline = append(items.Baseline, Item{ID: baselineItem(b), Metric: b.Metric, Limit: &project.Limit{Min: &gain}, Path: "spec.baseline"})
	}
	if c := spec.Champion; c != nil {
		items.Champion = append(items.Champion, Item{ID: championItem(c), Metric: c.Metric, Limit: notWorse(c), Path: "spec.champion"})
		if c.NegativeFlips != nil {
			items.Champion = append(items.Champion, Item{ID: flipsItem(c), Metric: NegativeFlipRate, Limit: c.NegativeFlips, Path: "spec.champion.negative_flips"})
		}
	}
	if e := spec.Predictions.Explanations; e != nil {
		items.Explanations = append(items.Explanations, Item{
			ID: explanationsItem(e), Metric: ExplanationCoverage, Limit: &project.Limit{Min: e.Min}, Path: "predictions.explanations",
		})
	}
	for i, e := range spec.Sensitivity {
		items.Sensitivity = append(items.Sensitivity, sensitivityItems(fmt.Sprintf("spec.sensitivity[%d]", i), e)...)
	}
	if d != nil {
		items.fromData(spec, d)
	}
	return items
}

func (items *Enumeration) fromData(spec *project.Spec, d *Datacheck) {
	if t := d.Sets.Test; t != nil {
		rows := t.Rows
		items.Sets = append(items.Sets, Item{ID: "test", Rows: &rows, Path: "data.test"})
	}
	if t := d.Sets.Train; t != nil {
		rows := t.Rows
		items.Sets = append(items.Sets, Item{ID: "train", Rows: &rows, Path: "data.train"})
	}
	if s := spec.Slices; s != nil {
		for _, part := range d.Slices {
			for _, name := range slices.Sorted(maps.Keys(s.Metrics)) {
				items.Slices = append(items.Slices, sliceItems(name, s.Metrics[name], part)...)
			}
		}
	}
	if f := spec.Fairness; f != nil {
		for _, by := range f.By {
			rows := 0
			for _, part := range d.Groups {
				if part.By == by {
					rows += part.Rows
				}
			}
			for _, name := range slices.Sorted(maps.Keys(f.Metrics)) {
				limit := f.Metrics[name]
				items.Fairness = append(items.Fairness, Item{ID: fairnessItem(name, by), Metric: name, By: by, Rows: &rows, Limit: &limit, Path: "spec.fairness." + name})
			}
		}
	}
	if spec.Drift != nil {
		for _, column := range d.Columns {
			limit := spec.Drift.Max
			items.Drift = append(items.Drift, Item{ID: column, Metric: spec.Drift.Method, Limit: &project.Limit{Max: &limit}, Path: "spec.drift"})
		}
	}
}

func sliceItems(metric string, limit project.SliceLimit, part Part) (items []Item) {
	rows := part.Rows
	item := Item{Metric: metric, By: part.By, Group: part.Group, Rows: &rows, Path: project.MetricPath("spec.slices", metric)}
	if limit.Min != nil || limit.Max != nil {
		item.ID, item.Limit = sliceItem(metric, part.By, part.Group), &project.Limit{Min: limit.Min, Max: limit.Max}
		items = append(items, item)
	}
	if limit.MaxGap != nil {
		item.ID, item.Limit = gapItem(metric, part.By, part.Group), &project.Limit{Max: limit.MaxGap}
		items = append(items, item)
	}
	if limit.MaxGapBest != nil {
		item.ID, item.Limit = bestItem(metric, part.By, part.Group), &project.Limit{Max: limit.MaxGapBest}
		items = append(items, item)
	}
	return items
}

func baselineItem(b *project.Baseline) string { return b.Metric + " vs " + b.Kind }

func championItem(c *project.ChampionLimit) string { return c.Metric + " vs " + c.Channel }

func flipsItem(c *project.ChampionLimit) string { return NegativeFlipRate + " vs " + c.Channel }

func explanationsItem(e *project.Explanations) string { return "explanations for " + e.For }

// Measures of a sensitivity, as their limits are called in the spec.
const (
	sensitivityFlips   = "flips"
	sensitivityShift   = "shift"
	sensitivityAgainst = "against"
)

func sensitivityItems(at string, e project.Sensitivity) (items []Item) {
	add := func(metric string, limit *project.Limit) {
		if limit != nil {
			items = append(items, Item{ID: sensitivityItem(metric, e), Metric: metric, Limit: limit, Path: at + "." + metric})
		}
	}
	add(sensitivityFlips, e.Flips)
	add(sensitivityShift, e.Shift)
	add(sensitivityAgainst, e.Against)
	return items
}

func sensitivityItem(metric string, e project.Sensitivity) string {
	if metric == sensitivityAgainst {
		return fmt.Sprintf("%s %s{%s %s}", metric, e.Direction, e.Column, e.Change)
	}
	return fmt.Sprintf("%s{%s %s}", metric, e.Column, e.Change)
}

// notWorse is the least improvement that is not a loss beyond the margin.
func notWorse(c *project.ChampionLimit) *project.Limit {
	least := 0 - c.Margin
	return &project.Limit{Min: &least}
}
