package main

import (
	"math"
	"math/rand/v2"
)

// application is one invented person's request, and what became of it.
type application struct {
	sex    string
	age    int // years, 18 to 85
	region string

	income      float64 // a year, in whole units of currency
	debtRatio   float64 // monthly instalments over monthly income, 0 to 1
	utilisation float64 // share of the credit line in use, 0 to 1
	late        int     // late payments to us within a year
	months      int     // months on book
	savings     float64 // savings, in months of income

	bureau          bool    // other lenders know this person
	bureauLate      int     // late payments to others within two years
	bureauEnquiries int     // applications to others within six months
	bureauDebt      float64 // debt to others over a year's income

	defaulted bool // within 90 days
}

// draw invents one application. Three things about this population matter to
// the story that README.md tells:
//
//   - how careful a person is with money is hidden, and shows in payments to
//     us and, more plainly, in the credit bureau's file;
//   - people under 25 rarely have such a file, whatever their habits;
//   - people under 25 default more often than their other numbers tell.
//
// Sex and region change nothing.
func draw(r *rand.Rand) application {
	var a application
	a.sex = pick(r, []string{"female", "male"}, []float64{0.5, 0.5})
	a.region = pick(r, []string{"north", "south", "east", "west"}, []float64{0.3, 0.25, 0.2, 0.25})
	band := pickIndex(r, []float64{0.11, 0.33, 0.38, 0.18})
	from, to := []int{18, 25, 40, 60}[band], []int{25, 40, 60, 86}[band]
	a.age = from + r.IntN(to-from)

	careless := r.NormFloat64()
	a.income = 34_000 * []float64{0.85, 1, 1.1, 0.95}[band] * math.Exp(0.45*r.NormFloat64())
	a.debtRatio = logistic(-0.9 + 0.8*r.NormFloat64())
	a.utilisation = logistic(-0.4 + 0.3*careless + 1.1*r.NormFloat64())
	a.late = poisson(r, math.Exp(-0.9+0.45*careless))
	a.months = int(math.Min(240, 36*r.ExpFloat64()))
	a.savings = 2.5 * r.ExpFloat64()

	a.bureau = r.Float64() < []float64{0.06, 0.94, 0.97, 0.97}[band]
	if a.bureau {
		a.bureauLate = poisson(r, math.Exp(-0.5+0.9*careless))
		a.bureauEnquiries = poisson(r, math.Exp(0.1+0.4*careless))
		a.bureauDebt = 0.6 * math.Exp(0.5*careless+0.5*r.NormFloat64())
	}

	odds := -2.6 +
		[]float64{0.5, 0, 0, 0}[band] -
		0.60*math.Log(a.income/34_000) +
		2.8*(a.debtRatio-0.31) +
		2.6*(a.utilisation-0.42) +
		0.45*float64(a.late) -
		0.006*float64(a.months-36) -
		0.10*(a.savings-2.5) +
		1.05*careless
	a.defaulted = r.Float64() < logistic(1.25*odds+0.9)
	return a
}

func logistic(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

func pick(r *rand.Rand, values []string, shares []float64) string {
	return values[pickIndex(r, shares)]
}

// pickIndex draws an index with the chances given; the last takes the rest.
func pickIndex(r *rand.Rand, shares []float64) int {
	u := r.Float64()
	for i, s := range shares {
		if u < s {
			return i
		}
		u -= s
	}
	return len(shares) - 1
}

// poisson counts events at the given mean, by multiplying uniforms (Knuth).
func poisson(r *rand.Rand, mean float64) int {
	limit, product := math.Exp(-mean), r.Float64()
	n := 0
	for product > limit {
		product *= r.Float64()
		n++
	}
	return n
}
