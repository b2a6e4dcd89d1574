package credit

import (
	"math"
	"slices"
	"strconv"
)

// threshold is the one in weighlock.yaml.
const threshold = 0.28

func defaulted(row []string) bool { return row[len(row)-1] == "1" }

// logLoss is the mean negative log likelihood of the labels.
func logLoss(rows [][]string, p []float64) float64 {
	sum := 0.0
	for i, row := range rows {
		if defaulted(row) {
			sum -= math.Log(p[i])
		} else {
			sum -= math.Log(1 - p[i])
		}
	}
	return sum / float64(len(rows))
}

// auc counts the pairs of a defaulter and another in which the defaulter is
// scored higher, ties half, over all pairs.
func auc(rows [][]string, p []float64) float64 {
	var positive, negative []float64
	for i, row := range rows {
		if defaulted(row) {
			positive = append(positive, p[i])
		} else {
			negative = append(negative, p[i])
		}
	}
	slices.Sort(negative)
	won := 0.0
	for _, x := range positive {
		below, _ := slices.BinarySearch(negative, x)
		notAbove, _ := slices.BinarySearch(negative, math.Nextafter(x, 2))
		won += float64(below+notAbove) / 2
	}
	return won / float64(len(positive)) / float64(len(negative))
}

// recallUnder25 is the share of defaults under 25 that the threshold finds.
func recallUnder25(rows [][]string, p []float64) float64 {
	found, all := 0, 0
	for i, row := range rows {
		age, err := strconv.Atoi(row[3])
		if err != nil || age >= 25 || !defaulted(row) {
			continue
		}
		all++
		if p[i] >= threshold {
			found++
		}
	}
	return float64(found) / float64(all)
}
