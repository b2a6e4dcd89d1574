package stats

import (
	"math"
	"testing"
)

// twoPass sums with what rounding takes from each sum kept apart.
func twoPass(x []float64) Moments {
	sum := func(of func(v float64) float64) float64 {
		var s, c float64
		for _, v := range x {
			y := of(v)
			t := s + y
			if math.Abs(s) >= math.Abs(y) {
				c += (s - t) + y
			} else {
				c += (y - t) + s
			}
			s = t
		}
		return s + c
	}
	mean := sum(func(v float64) float64 { return v }) / float64(len(x))
	return Moments{
		N: len(x), Mean: mean,
		M2: sum(func(v float64) float64 { return square(v - mean) }),
		M3: sum(func(v float64) float64 { return square(v-mean) * (v - mean) }),
	}
}

// skewedSamples are numbers of many kinds, one of them far from zero.
func skewedSamples(n int) map[string][]float64 {
	rng := generator(71, n)
	out := map[string][]float64{}
	for _, kind := range []struct {
		name string
		draw func() float64
	}{
		{"uniform", rng.Float64},
		{"exponential", rng.ExpFloat64},
		{"lognormal", func() float64 { return math.Exp(1.5 * rng.NormFloat64()) }},
		{"far from zero", func() float64 { return 1e3 + rng.ExpFloat64() }},
		{"tiny", func() float64 { return 1e-30 * rng.ExpFloat64() }},
		{"rare", func() float64 { return math.Floor(rng.Float64() * 1.05) }},
	} {
		x := make([]float64, n)
		for i := range x {
			x[i] = kind.draw()
		}
		out[kind.name] = x
	}
	return out
}

// TestMomentsAreThoseOfTwoPasses, however the numbers are cut and ordered.
func TestMomentsAreThoseOfTwoPasses(t *testing.T) {
	for _, n := range []int{1, 2, 7, 1000, 30_000} {
		for name, x := range skewedSamples(n) {
			want := twoPass(x)
			var one, batches, back Moments
			for _, v := range x {
				one.Add(v)
			}
			rng := generator(5, n)
			for left := x; len(left) > 0; {
				k := 1 + rng.IntN(len(left))
				batches, left = batches.Merge(MomentsOf(left[:k])), left[k:]
			}
			for i := range x {
				back.Add(x[len(x)-1-i])
			}
			for way, got := range map[string]Moments{"added": one, "of a batch": MomentsOf(x), "merged": batches, "added from the end": back} {
				if !sameMoments(got, want) {
					t.Errorf("%d %s numbers, %s: got %+v; want %+v", n, name, way, got, want)
				}
			}
		}
	}
	if got := MomentsOf(nil).Merge(Moments{}); got != (Moments{}) {
		t.Errorf("of nothing: got %+v; want zeros", got)
	}
}

// sameMoments allows 1e-9 of what each is a sum of. Cubes may cancel, so that
// they are held against the sum of their sizes at least.
func sameMoments(a, b Moments) bool {
	near := func(x, y, scale float64) bool { return math.Abs(x-y) <= 1e-9*max(math.Abs(y), scale) }
	return a.N == b.N && near(a.Mean, b.Mean, 0) && near(a.M2, b.M2, 1e-20*square(b.Mean)) &&
		near(a.M3, b.M3, b.M2*math.Sqrt(b.M2/float64(b.N))+1e-20*square(b.Mean)*math.Abs(b.Mean))
}

// abcnon is Efron and Tibshirani's ABC for any function of the rows' weights,
// by differences (An Introduction to the Bootstrap, 1993, section 22.6), with
// ends that are quadratic in the step.
func abcnon(n int, t func(p []float64) float64, confidence float64) (low, high float64) {
	const step = 1e-3
	size := float64(n)
	at := func(move func(i int) float64) float64 {
		p := make([]float64, n)
		for i := range p {
			p[i] = 1/size + move(i)
		}
		return t(p)
	}
	centre := at(func(int) float64 { return 0 })
	first := make([]float64, n)
	var s2, s3, bias float64
	for k := range first {
		ep := 0.1 / size // a tenth of what the row counts
		toward := func(ep float64) float64 {
			return at(func(i int) float64 {
				if i == k {
					return ep - ep/size
				}
				return -ep / size
			})
		}
		up, down := toward(ep), toward(-ep)
		first[k] = (up - down) / (2 * ep)
		bias += (up - 2*centre + down) / (ep * ep)
		s2, s3 = s2+square(first[k]), s3+first[k]*square(first[k])
	}
	sigma := math.Sqrt(s2) / size
	a := s3 / (6 * math.Pow(s2, 1.5))
	bias /= 2 * size * size
	along := func(l float64) float64 {
		return at(func(i int) float64 { return l * first[i] / (size * size * sigma) })
	}
	cq := (along(step) - 2*centre + along(-step)) / (2 * sigma * step * step)
	z0 := normalQuantile(2 * normalCDF(a) * normalCDF(cq-bias/sigma))
	end := func(zz float64) float64 {
		w := z0 + zz
		l := w / square(1-a*w)
		return centre + sigma*(l+cq*l*l)
	}
	return end(-z(confidence)), end(z(confidence))
}

func weightedSum(x []float64) func(p []float64) float64 {
	return func(p []float64) float64 {
		var sum, n float64
		for i, k := range p {
			sum, n = sum+k*x[i], n+k
		}
		return sum / n
	}
}

func TestIntervalOfMomentsIsABC(t *testing.T) {
	for name, x := range skewedSamples(400) {
		for _, confidence := range []float64{0.8, 0.95, 0.99} {
			i := MomentsOf(x).Interval(confidence)
			far := math.Floor(mean(x)) // costs the differences their digits
			low, high := abcnon(len(x), weightedSum(each(x, x, func(v, _ float64) float64 { return v - far })), confidence)
			low, high = low+far, high+far
			if width := high - low; i.Method != "abc" || !(math.Abs(i.Low-low) < 1e-6*width && math.Abs(i.High-high) < 1e-6*width) {
				t.Errorf("%s at %g: got %+v; want [%v, %v]", name, confidence, i, low, high)
			}
		}
	}
}

// TestIntervalOfMomentsIsThatOfManyDraws: what it stands in for.
func TestIntervalOfMomentsIsThatOfManyDraws(t *testing.T) {
	for name, x := range skewedSamples(3000) {
		i := MomentsOf(x).Interval(0.9)
		_, want := Resampling{Draws: 4000, Seed: 3, Confidence: 0.9}.BCa(len(x), always(Mean(stretched(x, 1/mean(x)))))
		want = want.Scale(mean(x))
		if width := want.High - want.Low; math.Abs(i.Low-want.Low) > 0.06*width || math.Abs(i.High-want.High) > 0.06*width {
			t.Errorf("%s: got %+v; want about %+v", name, i, want)
		}
	}
}

func stretched(x []float64, by float64) []float64 {
	return each(x, x, func(v, _ float64) float64 { return v * by })
}

func TestMomentsWithoutAnInterval(t *testing.T) {
	rare := make([]float64, 30_000)
	rare[7], rare[70] = 1, 1
	for _, c := range []struct {
		name string
		m    Moments
		want string
	}{
		{"no number", Moments{}, "the moments are not finite numbers"},
		{"one number", MomentsOf([]float64{3}), "the rows do not vary"},
		{"equal numbers", MomentsOf([]float64{.1, .1, .1}).Merge(MomentsOf([]float64{.1, .1})), "the rows do not vary"},
		{"infinite", MomentsOf([]float64{1, math.Inf(1)}), "the moments are not finite numbers"},
		{"beyond the range of numbers", MomentsOf([]float64{1e200, 2e200, 5e200}), "the moments are not finite numbers"},
		{"two rows outweigh the others", MomentsOf(rare), "few rows outweigh all others: the mean rests on as much as 2"},
	} {
		got := c.m.Interval(0.95)
		if got.Usable() || !got.Degenerate || got.Method != "abc" || got.Detail != c.want {
			t.Errorf("%s: got %+v; want none, for %s", c.name, got, c.want)
		}
	}
	rare[700] = 1
	if got := MomentsOf(rare).Interval(0.95); !got.Usable() || got.Low <= 0 {
		t.Errorf("three rows of 1: got %+v; want ends above 0", got)
	}
}

func TestMomentsOfOtherUnits(t *testing.T) {
	for name, x := range skewedSamples(500) {
		m := MomentsOf(x)
		for _, by := range []float64{-3, 1e-9, 4096} {
			if got, want := m.Scale(by), MomentsOf(stretched(x, by)); !sameMoments(got, want) {
				t.Errorf("%s times %g: got %+v; want %+v", name, by, got, want)
			}
		}
	}
}
