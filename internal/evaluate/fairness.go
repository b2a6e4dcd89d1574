package evaluate

import (
	"fmt"

	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/stats"
)

// rates names the rates that a fairness metric compares over groups.
var rates = map[string][]string{
	"selection_rate_difference": {"selection_rate"},
	"selection_rate_ratio":      {"selection_rate"},
	"tpr_difference":            {"recall"},
	"fpr_difference":            {"fpr"},
	"ppv_difference":            {"precision"},
	"equalized_odds_difference": {"recall", "fpr"},
}

// fairness compares a rate over the groups of a column.
func (j *judge) fairness(name string, limit project.Limit, p *parts, s *sample) ItemResult {
	result := ItemResult{Kind: KindFairness, Item: fairnessItem(name, p.by), Metric: name, By: p.by}
	result.Measure = j.parity(name, &limit, p, s, &result)
	return result
}

func (j *judge) parity(name string, limit *project.Limit, p *parts, s *sample, result *ItemResult) Measure {
	compared, ok := rates[name]
	if !ok || j.spec.Predictions.Threshold == nil {
		return without(StatusError, fmt.Sprintf("%s is no fairness metric that can be computed here", name), 0, s.n())
	}
	counts, n, refusal := j.groupRates(compared, p, s, result)
	if refusal != nil {
		refusal.Threshold = j.spec.Predictions.Threshold
		return *refusal
	}
	r := j.resampling(result.Item)
	var found stats.Parity
	if name == "selection_rate_ratio" {
		found = r.LeastRatio(counts[0])
	} else {
		found = r.Worst(counts)
	}
	m := with(found.Value, found.Interval, n, s.n())
	m.Null95, m.Draws = number(found.Null95), r.Draws
	m = j.finish(m, result.Item, true)
	m.Needed = max(j.needed(m, limit, nil), neededNull(m, limit, 0.5))
	return m
}

// groupRates counts each rate in each group and writes the groups down; it
// refuses where a group is too small or has no such rows.
func (j *judge) groupRates(compared []string, p *parts, s *sample, result *ItemResult) (counts [][]stats.Proportion, n int, refusal *Measure) {
	refuse := func(status, detail string, n int) {
		if refusal == nil || refusal.Status == StatusTooFew && status == StatusUndefined {
			m := without(status, detail, n, s.n())
			refusal = &m
		}
	}
	least := j.spec.Fairness.MinRows
	for _, rate := range compared {
		var of []stats.Proportion
		for g, group := range p.groups {
			part := s.pick(s.part(p, g))
			m := j.metric(rate, part, "", nil)
			if len(compared) > 1 {
				m.note(rate)
			}
			count, _ := part.confusion(*j.spec.Predictions.Threshold).Rate(rate)
			switch {
			case count.N == 0:
				refuse(StatusUndefined, fmt.Sprintf("group %s: %s rests on no rows", group, rate), 0)
			case count.N < least:
				m = without(StatusTooFew, fmt.Sprintf("%d are asked for", least), count.N, part.n())
				m.Threshold = j.spec.Predictions.Threshold
				refuse(StatusTooFew, fmt.Sprintf("group %s has %d rows for %s, %d are asked for", group, count.N, rate, least), count.N)
			}
			result.Groups = append(result.Groups, Group{Group: group, Measure: m})
			of, n = append(of, count), n+count.N
		}
		counts = append(counts, of)
	}
	if len(p.groups) < 2 && refusal == nil {
		refuse(StatusUndefined, "there is only one group", n)
	}
	return counts, n, refusal
}
