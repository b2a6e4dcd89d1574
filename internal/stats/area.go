package stats

import (
	"math"
	"math/big"
	"math/bits"
	"sync"
)

// pairCount is what the area under the ROC curve and its variance are made of,
// in whole numbers, so that no order of rows changes a digit. A row's count is
// twice the number of rows of the other class that it is ranked right against,
// ties once.
type pairCount struct {
	positives, negatives int
	right                uint64    // the sum of either class's counts
	squares, squaresNeg  [2]uint64 // the sums of their squares, high and low half
}

// countPairs sorts the scores of each class and merges them. There must be no
// NaN among the scores.
func countPairs(positive []bool, score []float64) pairCount {
	var p pairCount
	for _, y := range positive {
		if y {
			p.positives++
		}
	}
	p.negatives = len(positive) - p.positives
	if p.positives == 0 || p.negatives == 0 {
		return p
	}
	pos, neg := make([]float64, 0, p.positives), make([]float64, 0, p.negatives)
	for i, y := range positive {
		if y {
			pos = append(pos, score[i])
		} else {
			neg = append(neg, score[i])
		}
	}
	var group sync.WaitGroup
	group.Go(func() { sortNumbers(pos) })
	group.Go(func() { sortNumbers(neg) })
	group.Wait()
	p.merge(pos, neg)
	return p
}

func (p *pairCount) merge(pos, neg []float64) {
	for i, j := 0, 0; i < len(pos) || j < len(neg); {
		// The rows of one score: positives from i to a, negatives from j to b.
		var v float64
		switch {
		case i == len(pos):
			v = neg[j]
		case j == len(neg):
			v = pos[i]
		default:
			v = min(pos[i], neg[j])
		}
		a, b := i, j
		for a < len(pos) && pos[a] == v {
			a++
		}
		for b < len(neg) && neg[b] == v {
			b++
		}
		above := uint64(2*j + (b - j))            // of each of these positives
		below := uint64(2*(len(pos)-a) + (a - i)) // of each of these negatives
		p.right += above * uint64(a-i)
		add(&p.squares, above, uint64(a-i))
		add(&p.squaresNeg, below, uint64(b-j))
		i, j = a, b
	}
}

// add adds n·c² in 128 bits.
func add(sum *[2]uint64, c, n uint64) {
	high, low := bits.Mul64(c, c)
	over, low := bits.Mul64(low, n)
	high = high*n + over
	var carry uint64
	sum[1], carry = bits.Add64(sum[1], low, 0)
	sum[0], _ = bits.Add64(sum[0], high, carry)
}

func (p pairCount) auc() float64 {
	if p.positives == 0 || p.negatives == 0 {
		return math.NaN()
	}
	return float64(p.right) / (2 * float64(p.positives) * float64(p.negatives))
}

// variance is DeLong's: that of the placements of the positives over their
// number, and that of the negatives over theirs.
func (p pairCount) variance() float64 {
	return p.part(p.squares, p.positives, p.negatives) + p.part(p.squaresNeg, p.negatives, p.positives)
}

// part is one class's share: (n·Σc² − (Σc)²) / (n·(n−1)) / (2·others)² / n; 0
// for a single row, which callers refuse.
func (p pairCount) part(squares [2]uint64, n, others int) float64 {
	if n < 2 {
		return 0
	}
	sum := new(big.Int).SetUint64(p.right)
	all := new(big.Int).Lsh(new(big.Int).SetUint64(squares[0]), 64)
	all.Add(all, new(big.Int).SetUint64(squares[1]))
	all.Mul(all, big.NewInt(int64(n))).Sub(all, sum.Mul(sum, sum))
	top, _ := new(big.Float).SetInt(all).Float64()
	rows, other := float64(n), float64(others)
	return top / (rows * (rows - 1)) / (4 * other * other) / rows
}
