package stats

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// leastUnits is the effective number of units from which the cluster
// bootstrap gives an interval: in simulations it keeps its level to one
// percent from here on.
const leastUnits = 15

// Poisson is the interval of a statistic over n rows where, in each draw,
// every row counts as often as a Poisson variate of mean one of its own says
// (Hanley and MacGibbon, Comput. Methods Programs Biomed. 83 (2006) 57–62).
// The draws have no common total, so rows can be drawn one by one as they
// come. The ends are BCa's.
func (r Resampling) Poisson(n int, build Build) (value float64, i Interval) {
	return r.reweigh("poisson_bootstrap", singly(n), build, poisson)
}

// Clustered is the interval of a statistic over rows that come in units, such
// as several rows of one customer: whole units are drawn with replacement
// (Davison and Hinkley 1997, section 3.8). unit is each row's unit, by any
// code. The ends are BCa's, at a level that allows for the units' number as
// Student's t does (Hesterberg, The American Statistician 69 (2015) 371–386).
// Units of unequal size count for fewer (Carter, Schnepel and Steigerwald, Rev.
// Econ. Stat. 99 (2017) 698–709); fewer than fifteen give no interval.
func (r Resampling) Clustered(unit []int32, build Build) (value float64, i Interval) {
	u := group(unit)
	k := u.effective()
	if !(k >= leastUnits) {
		return build(nil)(nil), noInterval("cluster_bootstrap", fmt.Sprintf("%d units, which tell as much as %.4g of equal size, are too few: at least %d are needed", len(u.rows), k, leastUnits))
	}
	return r.widened(k).reweigh("cluster_bootstrap", u, build, withReplacement)
}

// Paired is first minus second on the same rows in every draw, for BCa,
// Poisson and Clustered.
func Paired(first, second Build) Build {
	return func(rows []int32) Statistic {
		f, g := first(rows), second(rows)
		return func(w []int32) float64 { return f(w) - g(w) }
	}
}

// widened raises the level so that the normal quantile becomes Student's for
// k units, times √(k/(k−1)), since the bootstrap's variance divides by k.
func (r Resampling) widened(k float64) Resampling {
	r.Confidence = 2*normalCDF(unitQuantile(k, r.Confidence)) - 1
	return r
}

func unitQuantile(k, confidence float64) float64 {
	return math.Sqrt(k/(k-1)) * distuv.StudentsT{Sigma: 1, Nu: k - 1}.Quantile((1+confidence)/2)
}

// units are the rows of each unit. Rows that are units of their own have nil.
type units struct {
	rows  [][]int32
	total int
}

func group(unit []int32) units {
	place := map[int32]int{}
	u := units{total: len(unit)}
	for row, code := range unit {
		at, known := place[code]
		if !known {
			at = len(u.rows)
			place[code] = at
			u.rows = append(u.rows, nil)
		}
		u.rows[at] = append(u.rows[at], int32(row))
	}
	return u
}

// effective is Kish's number of equally large units.
func (u units) effective() float64 {
	size := make([]float64, len(u.rows))
	for k, rows := range u.rows {
		size[k] = float64(len(rows))
	}
	return Kish(size)
}

func singly(n int) units {
	all := make([]int32, n)
	u := units{rows: make([][]int32, n), total: n}
	for row := range all {
		all[row] = int32(row)
		u.rows[row] = all[row : row+1]
	}
	return u
}

// reweigh draws how often each unit counts.
func (r Resampling) reweigh(method string, u units, build Build, draw func(random, []int32)) (float64, Interval) {
	s := build(nil)
	value := s(nil)
	if math.IsNaN(value) {
		return value, noInterval(method, "undefined on the sample itself")
	}
	centre, scale, detail := value, 1.0, ""
	if u.total > maxRows {
		all := len(u.rows)
		var kept []int32
		u, kept = r.some(u)
		s = build(kept)
		centre, scale = s(nil), math.Sqrt(float64(len(u.rows))/float64(all))
		detail = fmt.Sprintf("each draw resamples %d of %d units, scaled by the root of their ratio", len(u.rows), all)
	}
	draws := simulate(r.Draws, r.Seed, func() func(random) float64 {
		w, times := make([]int32, u.total), make([]int32, len(u.rows))
		return func(rng random) float64 {
			draw(rng, times)
			u.spread(times, w)
			return s(w)
		}
	})
	i := bcaInterval(r, centre, draws, func() float64 { return u.acceleration(r.Seed, s) })
	i.Method = method
	if i.Usable() {
		i.Low, i.High = value+(i.Low-centre)*scale, value+(i.High-centre)*scale
	}
	if i.Detail == "" {
		i.Detail = detail
	}
	return value, i
}

func (u units) spread(times, w []int32) {
	for k, rows := range u.rows {
		for _, row := range rows {
			w[row] = times[k]
		}
	}
}

// some is a seeded part of the units with at most maxRows rows, numbered
// anew, and the rows that are kept. One unit is always kept.
func (r Resampling) some(u units) (part units, kept []int32) {
	for _, k := range permutation(r.Seed, len(u.rows)) {
		if rows := u.rows[k]; len(kept) == 0 || len(kept)+len(rows) <= maxRows {
			var anew []int32
			for range rows {
				anew = append(anew, int32(part.total))
				part.total++
			}
			part.rows = append(part.rows, anew)
			kept = append(kept, rows...)
		}
	}
	return part, kept
}

// acceleration is Efron's a by the jackknife over groups of units.
func (u units) acceleration(seed uint64, s Statistic) float64 {
	perm := permutation(seed^1, len(u.rows))
	groups := min(len(u.rows), jackknifeGroups)
	left := make([]float64, groups)
	w, times := make([]int32, u.total), make([]int32, len(u.rows))
	for g := range left {
		for k := range times {
			times[k] = 1
		}
		for _, k := range perm[g*len(perm)/groups : (g+1)*len(perm)/groups] {
			times[k] = 0
		}
		u.spread(times, w)
		left[g] = s(w)
	}
	return accelerate(influence(left))
}

func withReplacement(rng random, times []int32) {
	clear(times)
	for k := 0; k < len(times); k += 2 { // two units from one number
		bits := rng.pcg.Uint64()
		times[below(bits, len(times))]++
		if k+1 < len(times) {
			times[below(bits>>32, len(times))]++
		}
	}
}

// poissonSteps are the 2^32-fold probabilities of at most 0, 1, 2, … of a
// Poisson variate of mean one; beyond the last it is their number.
var poissonSteps = func() (steps []uint64) {
	term, sum := math.Exp(-1), 0.0
	for k := 1; k < 13; k++ {
		sum += term
		steps = append(steps, uint64(sum*(1<<32)))
		term /= float64(k)
	}
	return steps
}()

func poisson(rng random, times []int32) {
	for k := 0; k < len(times); k += 2 {
		bits := rng.pcg.Uint64()
		times[k] = poissonOf(bits & math.MaxUint32)
		if k+1 < len(times) {
			times[k+1] = poissonOf(bits >> 32)
		}
	}
}

func poissonOf(bits uint64) int32 {
	k := slices.IndexFunc(poissonSteps, func(step uint64) bool { return bits < step })
	if k < 0 {
		return int32(len(poissonSteps))
	}
	return int32(k)
}
