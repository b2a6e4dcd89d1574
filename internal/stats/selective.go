package stats

import (
	"cmp"
	"math"
)

// Selective says whether labels are there for some decisions or scores only,
// as when only accepted loans show whether they are repaid. What such labels
// say of the model holds for the rows that have them, and not for the rest.
type Selective struct {
	Rows, Labelled int
	// Decision parts the rows by the decision, Score at the score where rows
	// with and without label part most; nil where there was nothing to part.
	Decision, Score *Split
	// Found says that at least one of them was found to part the labels.
	Found bool
}

// Split compares the labels above a cut with those below it.
type Split struct {
	// Cut is the least score above; 0 for decisions.
	Cut float64
	// Above and Below are the labelled rows of those at or above the cut (or
	// decided positive), and of the others.
	Above, Below Proportion
	// Distance is the share of labelled rows that lie above less that of rows
	// without label, in absolute value: 1 where the cut parts them, 0 where
	// labels do not depend on it. For scores it is that of Kolmogorov and
	// Smirnov.
	Distance float64
	// P is the probability of such a distance where labels are missing
	// completely at random.
	P float64
	// Found says that P is below what a search of two allows, and the
	// distance large enough to matter.
	Found bool
	// Only says that besides labels are (nearly) absent on one side: their
	// share there is at most a twentieth of that on the other.
	Only bool
}

// Bounds of SelectiveLabels.
const (
	// SelectiveLevel is the chance of a false alarm, over both splits.
	SelectiveLevel = 0.01
	// LeastDistance is the distance from which selection matters: with many
	// rows any trace of it is significant.
	LeastDistance = 0.1
	// mostOnly is the ratio of shares up to which labels are nearly absent.
	mostOnly = 0.05
)

// SelectiveLabels looks whether labels are missing at random with respect to
// the decision (Fisher's exact test) and the score (Kolmogorov and Smirnov's,
// with Stephens' correction for small samples, J. R. Stat. Soc. B 32 (1970)
// 115–122; conservative where scores tie). decided or score may be nil. A score
// that is NaN lies below all others. Where all rows or none have a label there
// is nothing to compare.
func SelectiveLabels(labelled, decided []bool, score []float64) Selective {
	s := Selective{Rows: len(labelled)}
	for _, is := range labelled {
		if is {
			s.Labelled++
		}
	}
	if s.Labelled == 0 || s.Labelled == s.Rows {
		return s
	}
	if decided != nil {
		s.Decision = splitDecided(labelled, decided)
		s.Decision.judge()
	}
	if score != nil {
		s.Score = splitScored(labelled, score, s.Labelled)
		s.Score.judge()
	}
	s.Found = s.Decision != nil && s.Decision.Found || s.Score != nil && s.Score.Found
	return s
}

func (s *Split) judge() {
	s.Found = s.P <= SelectiveLevel/2 && s.Distance >= LeastDistance
	less, more := s.Below.Value(), s.Above.Value()
	if less > more {
		less, more = more, less
	}
	s.Only = s.Found && less <= mostOnly*more
}

func splitDecided(labelled, decided []bool) *Split {
	s := &Split{P: 1}
	for i, is := range labelled {
		s.count(is, decided[i])
	}
	s.Distance = s.distance()
	if s.Above.N > 0 && s.Below.N > 0 {
		s.P = fisher(s.Above, s.Below)
	}
	return s
}

// splitScored walks the scores from the highest down.
func splitScored(labelled []bool, score []float64, with int) *Split {
	order := ranking(score)
	best := &Split{P: 1}
	walk := &Split{}
	for at := len(order) - 1; at > 0; at-- {
		row := order[at]
		walk.count(labelled[row], true)
		if cmp.Compare(score[row], score[order[at-1]]) == 0 {
			continue
		}
		walk.Below = Proportion{with - walk.Above.X, len(order) - walk.Above.N}
		if d := walk.distance(); d > best.Distance {
			*best = Split{Cut: score[row], Above: walk.Above, Below: walk.Below, Distance: d}
		}
	}
	n, m := float64(with), float64(len(order)-with)
	best.P = kolmogorov(best.Distance, n*m/(n+m))
	return best
}

func (s *Split) count(labelled, above bool) {
	p := &s.Below
	if above {
		p = &s.Above
	}
	p.N++
	if labelled {
		p.X++
	}
}

func (s *Split) distance() float64 {
	with := Proportion{s.Above.X, s.Above.X + s.Below.X}
	without := Proportion{s.Above.N - s.Above.X, s.Above.N + s.Below.N - with.N}
	return math.Abs(with.Value() - without.Value())
}

// kolmogorov is the probability of a distance d between two samples of one
// distribution whose sizes have the harmonic number n = ab/(a+b).
func kolmogorov(d, n float64) float64 {
	x := d * (math.Sqrt(n) + 0.12 + 0.11/math.Sqrt(n))
	if x < 0.2 { // the sum is 1 to all digits, and converges slowly
		return 1
	}
	p, sign := 0.0, 2.0
	for k := 1.0; k < 100; k++ {
		term := sign * math.Exp(-2*k*k*x*x)
		p += term
		if math.Abs(term) < 1e-17 {
			break
		}
		sign = -sign
	}
	return min(max(p, 0), 1)
}

// fisher is Fisher's exact two-sided probability: that of all tables with the
// same margins that are no more probable than this one.
func fisher(a, b Proportion) float64 {
	n, successes := a.N+b.N, a.X+b.X
	log := func(x int) float64 {
		return logChoose(a.N, x) + logChoose(b.N, successes-x) - logChoose(n, successes)
	}
	seen, p := log(a.X), 0.0
	for x := max(0, successes-b.N); x <= min(a.N, successes); x++ {
		if l := log(x); l <= seen+1e-7 {
			p += math.Exp(l)
		}
	}
	return min(p, 1)
}

func logChoose(n, k int) float64 {
	return logFactorial(float64(n)) - logFactorial(float64(k)) - logFactorial(float64(n-k))
}
