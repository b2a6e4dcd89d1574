package evaluate

import (
	"context"
	"testing"
)

// BenchmarkRun evaluates 15,000 rows under a spec that asks every kind of
// question, with 2,000 draws.
func BenchmarkRun(b *testing.B) {
	r := full(b, newWorld(15_000))
	r.Spec.Draws = 2000
	for b.Loop() {
		if _, err := Run(context.Background(), r); err != nil {
			b.Fatal(err)
		}
	}
}
