// Package evaluate turns pinned files into numbers: it joins predictions to
// the labels of the pinned test set, and answers every question that the spec
// asks (metrics, slices, gaps, fairness, baseline, champion, drift) with one
// measure, its interval and its n. Labels come from the test set only; what a
// predictions file says about them is not read.
//
// It refuses files that cannot be evaluated as a whole (duplicate ids, scores
// that are not numbers, nothing that matches) and says where. A question that
// has no answer on good files gets a measure whose status says why, never a
// number. The formulas are internal/stats's, the judging is left to the rules.
package evaluate
