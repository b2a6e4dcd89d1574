package project

import (
	"maps"
	"slices"

	"github.com/weighlock/weighlock/internal/stats"
)

// Outcomes are the columns of the test set that say what came of a row: its
// labels, and the rewards that metrics of policies name. No scorer sees them.
func (s *Spec) Outcomes() []string {
	all := slices.Clone(s.Test.Labels)
	if s.Test.Label != "" {
		all = []string{s.Test.Label}
	}
	names := slices.Collect(maps.Keys(s.Metrics))
	if s.Slices != nil {
		names = slices.AppendSeq(names, maps.Keys(s.Slices.Metrics))
	}
	if s.Baseline != nil {
		names = append(names, s.Baseline.Metric)
	}
	if s.Champion != nil {
		names = append(names, s.Champion.Metric)
	}
	slices.Sort(names)
	for _, name := range names {
		if m, ok := stats.Lookup(name); ok && m.Kind == stats.Policy && !slices.Contains(all, m.Args[0]) {
			all = append(all, m.Args[0])
		}
	}
	return all
}

// Outcomes are those of the project's spec.
func (p *Project) Outcomes() []string { return p.spec().Outcomes() }
