package stats

import "testing"

// TestAveragesAgreeWithScikitLearn 1.2.1, on classes of four, three and two
// rows.
func TestAveragesAgreeWithScikitLearn(t *testing.T) {
	c := Classes{Names: []string{"a", "b", "c"}, Label: []int32{0, 0, 0, 0, 1, 1, 1, 2, 2}, Prob: []float64{
		.6, .3, .1, .2, .5, .3, .5, .3, .2, .4, .1, .5, .3, .6, .1, .5, .4, .1, .2, .7, .1, .1, .2, .7, .3, .4, .3,
	}}
	for metric, want := range map[string]float64{
		"precision_weighted":   0.574074074074074,
		"recall_weighted":      0.5555555555555556,
		"f1_weighted":          0.5555555555555556,
		"roc_auc_ovr_macro":    0.8531746031746031,
		"roc_auc_ovr_weighted": 0.8373015873015873,
		"roc_auc_ovo_macro":    0.8645833333333334,
		"roc_auc_ovo_weighted": 0.8553240740740742,
		"mcc":                  0.3269230769230769,
	} {
		near(t, metric, value(t, c, metric), want)
	}
	labels := Labels{Names: c.Names, Score: c.Prob, Is: make([]bool, len(c.Prob))}
	for i, y := range c.Label {
		labels.Is[3*i+int(y)] = true
	}
	for metric, want := range map[string]float64{
		"average_precision_macro": 0.7819444444444444, "average_precision_micro": 0.7552096596214243, "average_precision(b)": 0.8666666666666667,
	} {
		near(t, metric, value(t, labels, metric), want)
	}
}
