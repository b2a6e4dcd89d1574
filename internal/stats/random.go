package stats

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
)

// Seed is the first eight bytes of the SHA-256 of text|item, so that every
// item has draws of its own and anyone can make them again.
func Seed(text, item string) uint64 {
	sum := sha256.Sum256([]byte(text + "|" + item))
	return binary.BigEndian.Uint64(sum[:8])
}

// chunk is the number of draws that share a generator.
const chunk = 50

// random is a generator with its source at hand, for loops that cannot afford
// the way through an interface.
type random struct {
	*rand.Rand
	pcg *rand.PCG
}

// generator is PCG-DXSM seeded with seed and the number of the chunk, whose
// sequence math/rand/v2 promises to keep.
func generator(seed uint64, n int) random {
	pcg := rand.NewPCG(seed, uint64(n))
	return random{rand.New(pcg), pcg}
}

// simulate fills draws numbers, each chunk by its own generator, on as many
// processors as there are. newDraw is called once per goroutine
// for its scratch space and returns the function that draws one number.
func simulate(draws int, seed uint64, newDraw func() func(random) float64) []float64 {
	out := make([]float64, draws)
	chunks := (draws + chunk - 1) / chunk
	workers := min(runtime.GOMAXPROCS(0), chunks)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			draw := newDraw()
			for c := w; c < chunks; c += workers {
				rng := generator(seed, c)
				for i := c * chunk; i < min((c+1)*chunk, draws); i++ {
					out[i] = draw(rng)
				}
			}
		})
	}
	wg.Wait()
	return out
}

// below is a uniform integer in [0, n), for n up to 2^32, by Lemire's
// multiplication without rejection: of bits it takes the lower half. The bias
// is below n/2^32, which is nothing for resampling.
func below(bits uint64, n int) int { return int((bits & math.MaxUint32) * uint64(n) >> 32) }

// binomial draws from Binomial(n, p): by inversion where n·p is small, else
// by Hörmann's rejection BTRS (J. Stat. Comput. Simul. 46 (1993) 101–110), and
// where its variance is at least normalVariance as a normal number bent by the
// first term of Cornish and Fisher's expansion (Rev. Inst. Int. Stat. 5 (1938)
// 307–320), which is off by less than one part in the variance.
func binomial(rng random, n int, p float64) int {
	switch {
	case n <= 0 || p <= 0:
		return 0
	case p >= 1:
		return n
	case p > 0.5:
		return n - binomial(rng, n, 1-p)
	case float64(n)*p < 10:
		return binomialInversion(rng, n, p)
	case float64(n)*p*(1-p) >= normalVariance:
		sigma, z := math.Sqrt(float64(n)*p*(1-p)), rng.NormFloat64()
		k := float64(n)*p + sigma*z + (1-2*p)*(z*z-1)/6
		return int(min(max(math.Round(k), 0), float64(n)))
	}
	return binomialRejection(rng, float64(n), p)
}

// normalVariance is where counts are so many that a normal number says as much.
const normalVariance = 1000

func binomialInversion(rng random, n int, p float64) int {
	// The waiting time between successes is geometric (Devroye 1986, X.4.3).
	scale := math.Log1p(-p)
	k, at := 0, 0
	for {
		step := math.Floor(math.Log(1-rng.Float64())/scale) + 1
		if step > float64(n-at) {
			return k
		}
		at += int(step)
		k++
	}
}

func binomialRejection(rng random, n, p float64) int {
	spq := math.Sqrt(n * p * (1 - p))
	b := 1.15 + 2.53*spq
	a := -0.0873 + 0.0248*b + 0.01*p
	c := n*p + 0.5
	vr := 0.92 - 4.2/b
	alpha := (2.83 + 5.1/b) * spq
	logOdds, mode, h := 0.0, 0.0, math.NaN() // which few draws need
	for {
		u, v := rng.Float64()-0.5, rng.Float64()
		us := 0.5 - math.Abs(u)
		k := math.Floor((2*a/us+b)*u + c)
		if us >= 0.07 && v <= vr {
			return int(k)
		}
		if k < 0 || k > n {
			continue
		}
		if math.IsNaN(h) {
			logOdds, mode = math.Log(p/(1-p)), math.Floor((n+1)*p)
			h = logFactorial(mode) + logFactorial(n-mode)
		}
		v = math.Log(v * alpha / (a/(us*us) + b))
		if v <= h-logFactorial(k)-logFactorial(n-k)+(k-mode)*logOdds {
			return int(k)
		}
	}
}

func logFactorial(n float64) float64 {
	l, _ := math.Lgamma(n + 1)
	return l
}

// multinomial redistributes total over cells in proportion to share, which
// need not sum to one, into out.
func multinomial(rng random, total int, share []float64, out []int) {
	var rest float64
	for _, s := range share {
		rest += s
	}
	last := len(share) - 1
	for i, s := range share[:last] {
		out[i] = 0
		if rest > 0 {
			out[i] = binomial(rng, total, s/rest)
		}
		total -= out[i]
		rest -= s
	}
	out[last] = total
}

// permutation is a seeded order of n rows.
func permutation(seed uint64, n int) []int32 {
	order := make([]int32, n)
	for i := range order {
		order[i] = int32(i)
	}
	rng := rand.New(rand.NewPCG(seed, math.MaxUint64))
	rng.Shuffle(n, func(i, j int) { order[i], order[j] = order[j], order[i] })
	return order
}

// quantile of sorted numbers at p, between the order statistics at p·(n+1).
func quantile(sorted []float64, p float64) float64 {
	h := p*float64(len(sorted)+1) - 1
	switch {
	case h <= 0:
		return sorted[0]
	case h >= float64(len(sorted)-1):
		return sorted[len(sorted)-1]
	}
	i := int(h)
	return sorted[i] + (h-float64(i))*(sorted[i+1]-sorted[i])
}

// sortedFinite drops what is not a number and sorts the rest.
func sortedFinite(x []float64) []float64 {
	x = slices.DeleteFunc(slices.Clone(x), math.IsNaN)
	slices.Sort(x)
	return x
}
