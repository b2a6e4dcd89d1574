package stats

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Flips counts what changes for rows when a new model takes an old one's
// place (Yan et al., Positive-Congruent Training, CVPR 2021).
type Flips struct {
	Rows     int
	Changed  int // decided otherwise
	Negative int // the old model was right, the new one is wrong
	Positive int // the old model was wrong, the new one is right
}

// CountFlips compares two models' decisions on the same rows, of any number
// of classes. Rows that both get wrong in different ways are only Changed.
func CountFlips[T comparable](truth, old, decided []T) Flips {
	f := Flips{Rows: len(truth)}
	for i, y := range truth {
		f.add(y == old[i], y == decided[i], old[i] != decided[i])
	}
	return f
}

// FlipsBy is CountFlips for each of so many groups; code is each row's group,
// and rows of a negative one belong to none.
func FlipsBy[T comparable](truth, old, decided []T, code []int32, groups int) []Flips {
	by := make([]Flips, groups)
	for i, y := range truth {
		if g := code[i]; g >= 0 {
			by[g].Rows++
			by[g].add(y == old[i], y == decided[i], old[i] != decided[i])
		}
	}
	return by
}

func (f *Flips) add(was, is, changed bool) {
	if changed {
		f.Changed++
	}
	switch {
	case was && !is:
		f.Negative++
	case is && !was:
		f.Positive++
	}
}

// NegativeRate is the negative flip rate, of all rows; its Interval is
// Wilson's, or exact where no row or every row flips.
func (f Flips) NegativeRate() Proportion { return Proportion{f.Negative, f.Rows} }

// PositiveRate is the share of rows that the new model gets right at last.
func (f Flips) PositiveRate() Proportion { return Proportion{f.Positive, f.Rows} }

// ChangedRate is the share of rows that are decided otherwise.
func (f Flips) ChangedRate() Proportion { return Proportion{f.Changed, f.Rows} }

// McNemarMidP is McNemar's two-sided mid-p-value from the rows that only one
// of two models got right: the exact one less the probability of what was seen
// (Fagerland, Lydersen and Laake, BMC Med. Res. Methodol. 13:91 (2013)). It
// errs less to the safe side than the exact one, and may err to the other.
func McNemarMidP(first, second int) float64 {
	n, k := first+second, min(first, second)
	if n == 0 || first == second {
		return 1
	}
	b := distuv.Binomial{N: float64(n), P: 0.5}
	return 2*b.CDF(float64(k)) - b.Prob(float64(k))
}

// Standing is what an interval says of a new model against an old one.
type Standing int8

// The standings. Undecided is that of any interval with an end beyond the
// margin and the other one not, and of none at all.
const (
	Undecided Standing = iota
	Inferior
	NonInferior
	Superior
)

// String is the standing in a word.
func (s Standing) String() string {
	return [...]string{"undecided", "inferior", "non_inferior", "superior"}[s]
}

// Compare judges the interval of "new is better than old by" against a margin
// of loss that is accepted (ICH E9, section 3.3.2; Piaggio et al., JAMA 308
// (2012) 2594–2604): inferior where all of it lies beyond the margin,
// non-inferior where none does, superior where besides all of it lies above 0.
// An interval that a degenerate sample leaves by no exact bound decides
// nothing. The margin must be a finite number that is not negative.
func Compare(better Interval, margin float64) (Standing, error) {
	switch {
	case !(margin >= 0) || math.IsInf(margin, 1):
		return Undecided, fmt.Errorf("the margin %g is no loss that can be accepted\nhint: give a number that is 0 or more", margin)
	case !better.decides():
		return Undecided, nil
	case better.High < -margin:
		return Inferior, nil
	case better.Low > 0:
		return Superior, nil
	case better.Low >= -margin:
		return NonInferior, nil
	}
	return Undecided, nil
}

// decides says whether the interval can be judged by, as the rules do: of
// degenerate samples only by exact bounds.
func (i Interval) decides() bool {
	exact := i.Method == "exact" || i.Method == "clopper_pearson"
	return i.Usable() && i.Low <= i.High && (!i.Degenerate || exact)
}
