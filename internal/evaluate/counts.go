package evaluate

import (
	"slices"
	"sync"

	"github.com/weighlock/weighlock/internal/stats"
)

// counts are what one pass over the rows tells of a binary sample, and what
// one ordering of them does, once it is asked for.
type counts struct {
	stats.Tally
	ranks func() stats.RankTally
	// half are intervals of metrics of calibration at half the error, by name,
	// as gaps need them.
	half map[string]stats.Interval
}

// wholeOfBins is the interval of a metric on all rows that a gap is held
// against, drawn once for all slices.
func (j *judge) wholeOfBins(info stats.Metric, all *counts) stats.Interval {
	i, known := all.half[info.Name]
	if !known {
		i = j.wholeOf(info).HalfReliability(info, all.Bins)
		all.half[info.Name] = i
	}
	return i
}

// wholeOf draws what is one for all slices.
func (j *judge) wholeOf(info stats.Metric) stats.Resampling { return j.resampling(info.Name + " gap") }

// moments are those of the losses whose mean a metric is.
func (s *sample) moments(info stats.Metric) (of stats.Moments, ok bool) {
	if s.counts == nil {
		return of, false
	}
	switch info.Base {
	case "log_loss":
		of = s.counts.LogLoss
	case "brier":
		of = s.counts.Brier
	}
	return of, of.N == s.n()
}

// counted goes over the rows of a binary sample that all count once and stand
// alone, once for all slices: the whole sample's counts, and those of each
// slice's groups. There are none for other samples.
func (w *work) counted() (all *counts, slices [][]*counts) {
	if w.Spec.Task != "binary" || !w.all.plain() || w.truth.silent() {
		return nil, make([][]*counts, len(w.slices))
	}
	by := make([]stats.Partition, len(w.slices))
	for k, p := range w.slices {
		by[k] = stats.Partition{Groups: len(p.groups), Of: ofRows(p.code, w.all.rows)}
	}
	whole, groups := stats.Tallies(w.all.positive, w.all.score, w.all.threshold, w.likely(), by)
	ranks := sync.OnceValues(func() (stats.RankTally, [][]stats.RankTally) {
		return stats.RankTallies(w.all.positive, w.all.score, by)
	})
	all = &counts{Tally: whole, ranks: func() stats.RankTally { all, _ := ranks(); return all }, half: map[string]stats.Interval{}}
	for k := range w.slices {
		var own []*counts
		for g := range groups[k] {
			own = append(own, &counts{Tally: groups[k][g], ranks: func() stats.RankTally { _, of := ranks(); return of[k][g] }})
		}
		slices = append(slices, own)
	}
	return all, slices
}

// likely says whether the scores were made sure to be probabilities, because a
// metric needs them to be.
func (w *work) likely() bool {
	return slices.ContainsFunc(metricNames(w.Spec), func(name string) bool {
		m, ok := stats.Lookup(name)
		return ok && m.Probability
	})
}

// count keeps what was counted.
func (w *work) count(all *counts, slices [][]*counts) {
	w.all.counts = all
	for k, p := range w.slices {
		p.counts = slices[k]
	}
}

// slice is the sample of a group's rows. Where they are counted, the rows are
// put together only when something needs them.
func (w *work) slice(p *parts, group int) *sample {
	whole := func() *sample { return w.all.pick(w.at(p, group)) }
	if p.counts == nil {
		return whole()
	}
	return &sample{task: w.all.task, threshold: w.all.threshold, counts: p.counts[group], later: sync.OnceValue(whole)}
}
