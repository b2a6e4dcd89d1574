package stats

import (
	"math"
	"testing"
)

// three is a small sample of three classes.
func three() Classes {
	return Classes{
		Names: []string{"a", "b", "c"}, Label: []int32{0, 1, 2, 1},
		Prob: []float64{.5, .25, .25, .25, .25, .5, 0, .5, .5, .125, .75, .125},
	}
}

// value is a metric of a sample, by its text.
func value(t *testing.T, s interface {
	Statistic(Metric) (Statistic, string, error)
}, metric string) float64 {
	t.Helper()
	m, ok := Lookup(metric)
	if !ok {
		t.Fatalf("no metric %q", metric)
	}
	f, _, err := s.Statistic(m)
	if err != nil {
		t.Fatalf("%s: %v", metric, err)
	}
	return f(nil)
}

func TestClassesByHand(t *testing.T) {
	c := three() // decided a, c, b (the lower of a tie), b
	near(t, "accuracy", value(t, c, "accuracy"), 0.5)
	near(t, "log_loss", value(t, c, "log_loss"), (math.Ln2+2*math.Ln2+math.Ln2+math.Log(4.0/3))/4)
	c.Weight = []float64{1, 0, 0, 3}
	near(t, "weighted accuracy", value(t, c, "accuracy"), 1)
	near(t, "weighted log_loss", value(t, c, "log_loss"), (math.Ln2+3*math.Log(4.0/3))/4)
	c.Decision = []int32{2, 1, 2, 1}
	near(t, "accuracy of given decisions", value(t, c, "accuracy"), 0.75)
}

func TestDrawsMultiplyWeights(t *testing.T) {
	c := three()
	c.Weight = []float64{1, 2, 1, 0.5}
	m, _ := Lookup("accuracy")
	f, _, err := c.Statistic(m)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "accuracy", f([]int32{2, 1, 0, 4}), 4.0/6)
	if got := f([]int32{0, 0, 0, 0}); !math.IsNaN(got) {
		t.Errorf("no rows drawn: got %g; want NaN", got)
	}
}
