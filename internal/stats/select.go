package stats

import (
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
)

// OrderStatistics are the numbers at the given places, ascending and from 0, of
// x in order, without sorting it: one look at the numbers for every 16 of their
// bits (a radix select). NaN is passed over and has no place; a place beyond
// the last number is an error of the caller's.
func OrderStatistics(x []float64, places []int) []float64 {
	if len(x) < leastRadix {
		sorted := slices.DeleteFunc(slices.Clone(x), math.IsNaN)
		slices.Sort(sorted)
		out := make([]float64, len(places))
		for i, p := range places {
			out[i] = sorted[p] + 0
		}
		return out
	}
	if out, ok := bracketed(x, places); ok {
		return out
	}
	found := make([]prefix, len(places))
	for i, p := range places {
		found[i].left = p
	}
	for shift := 64 - digit; shift >= 0; shift -= digit {
		narrow(x, found, uint(shift))
	}
	out := make([]float64, len(places))
	for i, f := range found {
		out[i] = number(f.high)
	}
	return out
}

// bracketed finds the numbers between neighbours in a sample that surely
// enclose them, which takes one look at all numbers (Floyd and Rivest, Commun.
// ACM 18 (1975) 165–172). It is false where the sample misled.
func bracketed(x []float64, places []int) (out []float64, ok bool) {
	const size = 1 << 14
	sample := make([]float64, 0, size)
	rng := rand.New(rand.NewPCG(uint64(len(x)), 1))
	for range size {
		if v := x[rng.IntN(len(x))]; v == v {
			sample = append(sample, v)
		}
	}
	if len(sample) < size/2 || len(places) > mostBrackets {
		return nil, false
	}
	slices.Sort(sample)
	brackets := make([]bracket, len(places))
	for i, p := range places {
		at, wide := float64(p)/float64(len(x))*float64(len(sample)), 6*math.Sqrt(float64(len(sample)))/2
		brackets[i].low, brackets[i].high = math.Inf(-1), math.Inf(1)
		if k := int(at - wide); k >= 0 {
			brackets[i].low = sample[k]
		}
		if k := int(at + wide); k < len(sample) {
			brackets[i].high = sample[k]
		}
	}
	parts := make([][]bracket, runtime.GOMAXPROCS(0))
	var group sync.WaitGroup
	for h := range parts {
		parts[h] = slices.Clone(brackets)
		group.Go(func() { enclose(parts[h], x[h*len(x)/len(parts):(h+1)*len(x)/len(parts)]) })
	}
	group.Wait()
	for i, p := range places {
		var inside []float64
		for _, part := range parts {
			p -= part[i].below
			inside = append(inside, part[i].inside...)
		}
		if p < 0 || p >= len(inside) || len(inside) > len(x)/8 {
			return nil, false
		}
		slices.Sort(inside)
		out = append(out, inside[p]+0)
	}
	return out, true
}

// mostBrackets is up to how many places it pays to look by brackets.
const mostBrackets = 8

// bracket are two bounds, how many numbers lie below, and those between them.
type bracket struct {
	low, high float64
	below     int
	inside    []float64
}

func enclose(brackets []bracket, x []float64) {
	for i := range brackets {
		b := &brackets[i]
		for _, v := range x {
			if v < b.low {
				b.below++
			} else if v <= b.high { // NaN is neither
				b.inside = append(b.inside, v)
			}
		}
	}
}

// prefix are the high bits of the number at a place, and its place among all
// numbers that begin so.
type prefix struct {
	high uint64
	left int
}

// narrow finds the next digit of each, above shift.
func narrow(x []float64, found []prefix, shift uint) {
	highs := make([]uint64, 0, len(found))
	for _, f := range found {
		highs = append(highs, f.high)
	}
	slices.Sort(highs)
	highs = slices.Compact(highs)
	count := digits(x, highs, shift)
	for i := range found {
		f := &found[i]
		at, _ := slices.BinarySearch(highs, f.high)
		for b, n := range count[at] {
			if f.left < int(n) {
				f.high |= uint64(b) << shift
				break
			}
			f.left -= int(n)
		}
	}
}

// digits counts, of the numbers that begin as each of highs does, the digits
// that follow.
func digits(x []float64, highs []uint64, shift uint) [][]uint32 {
	hands := runtime.GOMAXPROCS(0)
	counts := make([][][]uint32, hands)
	var group sync.WaitGroup
	for h := range hands {
		group.Go(func() {
			count := make([][]uint32, len(highs))
			for i := range count {
				count[i] = make([]uint32, buckets)
			}
			for _, v := range x[h*len(x)/hands : (h+1)*len(x)/hands] {
				if v != v {
					continue
				}
				k := key(v)
				for i, high := range highs {
					if shift == 64-digit || k>>(shift+digit) == high>>(shift+digit) {
						count[i][k>>shift%buckets]++
					}
				}
			}
			counts[h] = count
		})
	}
	group.Wait()
	for _, more := range counts[1:] {
		for i, count := range more {
			for b, n := range count {
				counts[0][i][b] += n
			}
		}
	}
	return counts[0]
}
